"""What is written down of an ensemble: what it adds, its scores, and what it costs."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from canting.config.columns import SCENARIO
from canting.config.metrics import label, sign
from canting.config.records import CardRecord, EnsembleRecord, MemberRecord
from canting.config.scenario import AND, Scenario
from canting.config.sections import Evaluate
from canting.config.tables import SIZES
from canting.core.digits import reproducible
from canting.core.frames import records, row_of
from canting.evaluation.ensemble.search import Searched
from canting.evaluation.evaluate import tables
from canting.evaluation.evaluate.calibration import calibrations
from canting.evaluation.select_best.card import Measured
from canting.evaluation.select_best.rule import Cost
from canting.evaluation.statistics.factors import FACTORS, level
from canting.models import scores
from canting.models.features.store import slug


class Evaluated(NamedTuple):
    """Tables of an ensemble: those of the evaluate stage, a row for it, its folds, its counts."""

    measured: Measured
    folds: pd.DataFrame
    confusion: scores.Counts


def evaluated(
    predictions: pd.DataFrame, members: Sequence[Scenario], measured: Measured, settings: Evaluate
) -> Evaluated:
    """Score the out-of-fold predictions of an ensemble as the evaluate stage does a scenario's."""
    name, folds = str(predictions[SCENARIO].iloc[0]), tables.fold_scores(predictions)
    first = tables.first_draw(predictions)
    alone = [row_of(measured.ranking, member.name) for member in members]
    ranking = {
        SCENARIO: name,
        **{key: _joined([getattr(member, key) for member in members]) for key in FACTORS},
        **tables.pooled_scores(predictions),
        **tables.over_folds(folds, settings.confidence),
        "epochs_to_best": sum(float(row["epochs_to_best"]) for row in alone) / len(alone),
        **sizes(members, measured.ranking),
    }
    found = (
        pd.DataFrame([ranking]),
        calibrations(first, settings.calibration_bins),
        tables.class_scores(first, pd.Series([name])),
    )
    counts = tables.confusion(first)
    return Evaluated(Measured(*map(reproducible, found)), reproducible(folds), counts)


def _joined(values: Sequence[Any]) -> Any:
    """Return what all members share, else the different values in words."""
    different = list(dict.fromkeys(map(level, values)))
    return (values[0] or "") if len(different) == 1 else AND.join(different)


def sizes(members: Sequence[Scenario], ranking: pd.DataFrame) -> dict[str, int]:
    """Return sums over the networks, by the columns of their costs."""
    rows = [row_of(ranking, one.name) for one in networks(members)]
    return {key: sum(int(row[key]) for row in rows) for key in SIZES}


def networks(members: Sequence[Scenario]) -> list[Scenario]:
    """Return the members without those whose untrained network another one has as well.

    One that is trained from a layer on is there for each member, though they share what is before.
    """
    return list({one.name if one.has_tail else one.backbone: one for one in members}.values())


def record(
    searched: Searched,
    members: Sequence[Scenario],
    costs: Mapping[str, Cost],
    ranking: pd.DataFrame,
    metric: str,
    blocks: str = "folds",
) -> EnsembleRecord:
    """Return what averaging adds, whether it was taken, and why; `blocks` is what a fold is."""
    trunks = {one.trunk: costs[one.name][0] - costs[one.name][1] for one in members}
    trained = sum(costs[one.name][1] for one in members)
    all_of_them, alone = (sizes(part, ranking) for part in (members, members[:1]))
    counted = networks(members)
    most = "" if len({one.backbone for one in counted}) == len(counted) else "at most "
    times = f"{most}{all_of_them['multiply_adds'] / alone['multiply_adds']:.1f} times"
    return {
        "members": list(searched.members),
        "taken": searched.taken,
        "reason": reason(searched, len(costs), metric, times, blocks),
        "mean": float(searched.ensemble.mean()),
        "single_mean": float(searched.single.mean()),
        "difference": searched.interval.mean,
        "low": searched.interval.low,
        "high": searched.interval.high,
        "p_value": searched.p_value,
        "members_by_fold": [list(names) for names in searched.by_fold],
        "parameters": sum(trunks.values()) + trained,
        "trained_parameters": trained,
        "multiply_adds": all_of_them["multiply_adds"],
        "model_bytes": all_of_them["model_bytes"],
        "trunks": [slug(*one.trunk) for one in counted],
    }


def with_tables(record: EnsembleRecord, found: Evaluated) -> EnsembleRecord:
    """Add the tables of an ensemble that was taken."""
    ranking, calibration, classes = found.measured
    counts: list[list[int]] = found.confusion.tolist()
    return {
        **record,
        "scores": records(ranking)[0],
        "calibration": records(calibration)[0],
        "classes": records(classes),
        "folds": records(found.folds),
        "confusion": counts,
    }


def reason(
    searched: Searched, scenarios: int, metric: str, times: str, blocks: str = "folds"
) -> str:
    """Return in words whether an ensemble was taken, and why.

    `times` says how many times the multiply-adds of the best scenario it takes.
    """
    single, *others = searched.members
    if not others:
        words = f"no other scenario, averaged with {single}, has a better {label(metric)}"
        return f"No ensemble: {words if scenarios > 1 else 'there is one scenario'}."
    ends, means = searched.interval, (searched.ensemble.mean(), searched.single.mean())
    told = (
        f"{AND.join(searched.members)}, averaged, has {label(metric)} {means[0]:.4f}, the best "
        f"scenario alone {means[1]:.4f}: {ends.mean:+.4f} [{ends.low:+.4f}, {ends.high:+.4f}], "
        f"p = {searched.p_value:.4f}, each {blocks[:-1]} scored with what was chosen on the "
        "others. "
        f"It takes {times} the multiply-adds."
    )
    if searched.taken:
        return f"{told} The difference is distinguishable: the ensemble was taken."
    if sign(metric) * ends.mean > 0:
        return f"No ensemble: {told} The difference is not distinguishable."
    return f"No ensemble: {told} It is no better."


def card_of(card: CardRecord, members: Sequence[MemberRecord]) -> CardRecord:
    """Return the card with the members of an ensemble; that of one network as it is."""
    if not members:
        return card
    backbones = dict.fromkeys(str(one["scenario"]["backbone"]) for one in members)
    return {**card, "scenario": {"backbone": AND.join(backbones)}, "members": list(members)}
