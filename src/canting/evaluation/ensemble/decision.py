"""Whether an ensemble takes the place of the scenario that the rule chose."""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from canting.config.params import Params
from canting.config.records import EnsembleRecord
from canting.config.scenario import AND, Scenario
from canting.evaluation.ensemble.averaging import of_winner
from canting.evaluation.ensemble.record import evaluated, record, with_tables
from canting.evaluation.ensemble.search import search
from canting.evaluation.evaluate.tables import first_draw
from canting.evaluation.select_best.card import Measured
from canting.evaluation.select_best.rule import Choice, Cost


class Decided(NamedTuple):
    """Choice and tables of what is shipped, and what is written down of the ensemble, if sought."""

    choice: Choice
    measured: Measured
    told: EnsembleRecord | None


def decide(
    choice: Choice,
    measured: Measured,
    predictions: pd.DataFrame,
    scenarios: Mapping[str, Scenario],
    costs: Mapping[str, Cost],
    params: Params,
) -> Decided:
    """Take an ensemble where it is allowed and distinguishably better than the best scenario.

    `predictions` are those out of fold, of all `scenarios` by their names. Of several draws of the
    folds, the first decides on members; an ensemble is scored on all, as a scenario is.
    """
    settings = params.select_best
    if settings.ensemble == 1:
        return Decided(choice, measured, None)
    found = search(first_draw(predictions), costs, settings, params.evaluate.confidence)
    members = [scenarios[name] for name in found.members]
    blocks = params.preprocess.blocks
    told = record(found, members, costs, measured.ranking, settings.column, blocks)
    if not found.taken:
        return Decided(choice, measured, told)
    winner = choice._replace(winner=AND.join(found.members), reason=told["reason"])
    ours = of_winner(predictions, winner.winner)
    tables = evaluated(ours, members, measured, params.evaluate)
    return Decided(winner, tables.measured, with_tables(told, tables))
