"""From the searches to the ledger, the recommended combination and its setting."""

from collections.abc import Sequence

from canting.config.params import Params
from canting.config.tune import Setting, Tune
from canting.evaluation.tuning import ledger, tables
from canting.evaluation.tuning.choice import Recommendation, choose, nothing_found
from canting.evaluation.tuning.writing import Found
from canting.models.tune import study
from canting.models.tune.records import best_of
from canting.models.tune.task import SearchOutcome, SearchTask, changes


def summarize(params: Params, outcomes: Sequence[SearchOutcome]) -> Found:
    """Return all tables; raise `CantingError` where no combination has a score."""
    keys, metric = list(params.tune.space.axes()), params.select_best.column
    confidence, alpha = params.evaluate.confidence, params.select_best.alpha
    trials, folds = tables.trials(outcomes, keys), tables.folds(outcomes, keys)
    if folds[metric].isna().all():
        raise nothing_found()
    ranked = ledger.ledger(trials, folds, metric, confidence)
    if ranked[metric].isna().all():
        raise nothing_found()
    costs = tables.costs(outcomes, metric)
    return Found(
        trials,
        folds,
        tables.curves(outcomes),
        costs,
        ledger.with_costs(ranked, costs, tables.train_costs(outcomes), metric),
        ledger.comparison(folds, ranked, metric, confidence=confidence, alpha=alpha),
    )


def conclude(
    found: Found, searches: Sequence[SearchTask], metric: str
) -> tuple[Recommendation, Setting]:
    """Return the recommended combination, and the setting that it finds on all rows."""
    choice = choose(found.comparison, found.ledger, metric)
    names = choice.method, choice.optimizer
    task = next(one for one in searches if (one.method, one.optimizer) == names)
    (outcome,) = study.run([study.on_all(task)])
    best = best_of(outcome.trials, metric)
    if best is None:
        raise nothing_found()
    return choice, _setting(task.tune, choice.optimizer, outcome.trials[best].setting)


def _setting(tune: Tune, optimizer: str, found: Setting) -> Setting:
    return {"optimizer": optimizer, "epochs": tune.epochs, **changes(found)}
