"""Assemble the report from a run and its provenance."""

from pathlib import Path

from canting.core import files
from canting.documents import render
from canting.documents.content import Document, Mono
from canting.documents.provenance import Provenance
from canting.documents.report import (
    choice,
    corruptions,
    costs,
    data,
    elsewhere,
    exports,
    grid,
    limits,
    reproduce,
    results,
    review,
    scenarios,
    statistics,
    tuning,
)
from canting.documents.report.findings import findings
from canting.documents.run import Run


def assemble(run: Run, origin: Provenance) -> Document:
    """Return the content of the report, in the order a reader wants it."""
    parts = (
        data.pictures_section,
        data.validation_section,
        data.folds_section,
        grid.section,
        results.section,
        review.section,
        statistics.section,
        statistics.calibration_section,
        costs.section,
        choice.section,
    )
    return Document(
        run.params.report.title,
        (f"{origin.made:%d %B %Y} · revision ", Mono((origin.revision or "not known")[:12])),
        findings(run),
        (
            *(part(run) for part in parts),
            *elsewhere.sections(run),
            corruptions.section(run),
            *exports.sections(run),
            *tuning.sections(run),
            reproduce.section(run, origin),
            limits.section(run),
            limits.references(),
        ),
    )


FIGURES = "figures"


def write(report: Document, run: Run, path: Path) -> None:
    """Write the page, the Markdown with its figures, and the table of scenarios with costs."""
    table = scenarios.everything(run, "Scenarios with scores and costs; the chosen one in bold.")
    with files.replacing(path) as folder:
        (folder / FIGURES).mkdir(parents=True)
        for figure in report.figures():
            (folder / FIGURES / figure.name).write_bytes(figure.content)
        files.write_text(folder / "index.html", render.html(report))
        files.write_text(folder / "report.md", render.markdown(report, FIGURES))
        scenarios.full(run).to_csv(folder / "scenarios.csv", index=False)
        files.write_text(folder / "scenarios.md", render.markdown_table(table))
