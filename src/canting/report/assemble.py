"""The report as a whole, from a run and where it comes from."""

from canting.report.content import Mono, Report
from canting.report.findings import findings
from canting.report.provenance import Provenance
from canting.report.run import Run
from canting.report.sections import (
    calibration,
    choice,
    costs,
    data,
    folds,
    grid,
    limits,
    reproduce,
    results,
    shift,
    statistics,
    tuning,
    validation,
)


def assemble(run: Run, origin: Provenance) -> Report:
    """Return the content of the report, in the order a reader wants it."""
    parts = (data, validation, folds, grid, results, statistics, calibration, costs, choice, shift)
    return Report(
        run.params.report.title,
        (f"{origin.made:%d %B %Y} · revision ", Mono((origin.revision or "not known")[:12])),
        findings(run),
        (
            *(part.section(run) for part in parts),
            *tuning.sections(run),
            reproduce.section(run, origin),
            limits.section(run),
            limits.references(),
        ),
    )
