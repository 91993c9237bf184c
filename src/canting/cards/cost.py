"""Time and energy, as the model card tells them."""

import math

from canting.cards import spent
from canting.report.content import Link, Section, Strong, Table, say
from canting.report.provenance import Provenance
from canting.report.run import Run
from canting.report.words import listed, seconds


def section(run: Run, origin: Provenance) -> Section:
    """Return what each stage took, and an estimate of the energy."""
    parts = spent.spent(run)
    counted = spent.counted(parts)
    return Section(
        "Time and energy",
        (
            say(
                "Processor time of all that made the model, scenarios that lost and searches "
                "included: ",
                Strong(seconds(counted)),
                f" of one core. At {spent.WATTS:g} watts a busy core (",
                Link("Green Algorithms", "https://doi.org/10.1002/advs.202100707"),
                ", any processor) that is about ",
                Strong(_energy(spent.watt_hours(counted))),
                ": an estimate of the processor alone, without memory, cooling and the training "
                "of the first weights on ImageNet.",
            ),
            _table(parts),
            say(
                f"Measured on: {origin.machine}.{_missing(parts)} A graphics processor, where one "
                "is used, is not counted."
            ),
        ),
    )


def _missing(parts: list[spent.Spent]) -> str:
    stages = [part.stage for part in parts if math.isnan(part.counted)]
    return f" Not measured on it, and not counted: {listed(stages)}." if stages else ""


def _energy(watt_hours: float) -> str:
    return f"{watt_hours:.1f} Wh" if watt_hours < 1000 else f"{watt_hours / 1000:.2f} kWh"


def _table(parts: list[spent.Spent]) -> Table:
    rows = tuple(
        (part.stage, *map(seconds, (part.seconds, part.cpu_seconds, part.counted)))
        for part in parts
    )
    caption = (
        "Time of each stage: its last run here, by the clock and on all cores, and what is "
        "counted. Views, trainings and trials that were kept from earlier runs count with what "
        "they took then."
    )
    return Table(caption, ("stage", "last run", "processor", "counted"), rows)
