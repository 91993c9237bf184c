"""Compute cost: time and energy that went into a model."""

import math
from typing import NamedTuple

from canting.config.stage import SPENT
from canting.core import files
from canting.documents.content import Link, Section, Strong, Table, say
from canting.documents.numbers import listed, seconds
from canting.documents.provenance import Provenance
from canting.documents.report.tuning import tuned
from canting.documents.run import Run

MAKING = (
    "fetch",
    "validate",
    "preprocess",
    "other",
    "features",
    "train",
    "elsewhere",
    "tune",
    "evaluate",
    "select_best",
    "corruptions",
)
"""The stages that a model comes from."""

WATTS = 12.0
"""Of one busy core: the value for any processor of L. Lannelongue, J. Grealey, M. Inouye, "Green
Algorithms: Quantifying the Carbon Footprint of Computation", Advanced Science 2021, 2100707, in
their table `data/latest/TDP_cpu.csv`."""


class ComputeCost(NamedTuple):
    """What a stage took, in seconds: its last run by clock and processor, and what counts.

    Views, trainings and trials that an earlier run or another machine made are counted with the
    seconds that they took then. NaN: not measured.
    """

    stage: str
    seconds: float
    cpu_seconds: float
    counted: float


def compute_cost(run: Run) -> list[ComputeCost]:
    """Return what each stage took."""
    kept = _kept(run)
    return [_of(run, stage, kept.get(stage, 0.0)) for stage in MAKING]


def counted_costs(parts: list[ComputeCost]) -> float:
    """Return the seconds of one core that all stages took, as far as they were measured."""
    return sum(part.counted for part in parts if not math.isnan(part.counted))


def watt_hours(seconds: float) -> float:
    """Return an estimate of the energy of a busy core, in watt-hours."""
    return seconds * WATTS / 3600


def _of(run: Run, stage: str, kept: float) -> ComputeCost:
    path = run.build / SPENT / f"{stage}.json"
    if not path.is_file():
        return ComputeCost(stage, math.nan, math.nan, kept or math.nan)
    note = files.read_json(path)
    return ComputeCost(stage, note["seconds"], note["cpu_seconds"], max(note["cpu_seconds"], kept))


def _kept(run: Run) -> dict[str, float]:
    """Return seconds of a core of all that is kept, whichever run or machine made it."""
    found = tuned(run)
    columns = ["search_cpu_seconds", "train_seconds"]
    return {
        "features": sum(float(one.get("seconds", 0.0)) for one in run.feature_costs.values()),
        "train": float(run.train_costs["cpu_seconds"].sum()),
        "tune": 0.0 if found is None else float(found.ledger[columns].sum().sum()),
    }


def section(run: Run, origin: Provenance) -> Section:
    """Return what each stage took, and an estimate of the energy."""
    parts = compute_cost(run)
    counted = counted_costs(parts)
    return Section(
        "Time and energy",
        (
            say(
                "Processor time of all that made the model, scenarios that lost and searches "
                "included: ",
                Strong(seconds(counted)),
                f" of one core. At {WATTS:g} watts a busy core (",
                Link("Green Algorithms", "https://doi.org/10.1002/advs.202100707"),
                ", any processor) that is about ",
                Strong(_energy(watt_hours(counted))),
                ": an estimate of the processor alone, without memory, cooling and the "
                "pretraining on ImageNet.",
            ),
            _table(parts),
            say(
                f"Measured on: {origin.machine}.{_missing(parts)} A graphics processor, where one "
                "is used, is not counted."
            ),
        ),
    )


def _missing(parts: list[ComputeCost]) -> str:
    stages = [part.stage for part in parts if math.isnan(part.counted)]
    return f" Not measured on it, and not counted: {listed(stages)}." if stages else ""


def _energy(watt_hours: float) -> str:
    return f"{watt_hours:.1f} Wh" if watt_hours < 1000 else f"{watt_hours / 1000:.2f} kWh"


def _table(parts: list[ComputeCost]) -> Table:
    rows = tuple(
        (part.stage, *map(seconds, (part.seconds, part.cpu_seconds, part.counted)))
        for part in parts
    )
    caption = (
        "Time of each stage: its last run here, by the clock and on all cores, and the time that "
        "is counted. Cached views, trainings and trials of earlier runs or other machines count "
        "with the time that they took then."
    )
    return Table(caption, ("stage", "last run", "processor", "counted"), rows)
