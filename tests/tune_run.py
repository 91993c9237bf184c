"""Made outcomes of searches, for the ledger, the plots and the report."""

from itertools import product
from pathlib import Path

import numpy as np

from canting.config.catalog import METHODS
from canting.config.metrics import averaged
from canting.config.params import Params
from canting.core import files
from canting.evaluation.tuning.choice import choose
from canting.evaluation.tuning.findings import summarize
from canting.evaluation.tuning.writing import (
    Found,
    draw_measured,
    draw_results,
    write_found,
    write_measured,
    write_results,
)
from canting.models.tune.records import Trial, TunedSetting, best_of
from canting.models.tune.task import SearchOutcome

NINE = ["sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamax", "nadam", "adamw", "lion"]
FOUR = [name for name in METHODS if name != "none"]


def outcomes(params: Params, trials: int = 12) -> list[SearchOutcome]:
    """Make searches whose optimizers differ a little and whose rates decide."""
    generator = np.random.default_rng(3)
    tune = params.tune
    return [
        _outcome(params, method, optimizer, repeat, fold, trials, generator)
        for optimizer, method, repeat, fold in product(
            tune.optimizers, tune.methods, range(tune.seeds), range(tune.outer_folds)
        )
    ]


def _outcome(
    params: Params,
    method: str,
    optimizer: str,
    repeat: int,
    fold: int,
    trials: int,
    generator: np.random.Generator,
) -> SearchOutcome:
    found = []
    worse = 0.01 * params.tune.optimizers.index(optimizer)
    for _ in range(trials):
        rate = float(f"{10 ** generator.uniform(-3, 0):.4g}")
        setting = {
            "learning_rate": rate,
            "batch_size": int(generator.choice([16, 32])),
            "dropout": float(f"{generator.uniform(0, 0.5):.4g}"),
        }
        good = 0.96 - worse - 0.04 * abs(np.log10(rate) + 1) + generator.normal(0, 0.01)
        pruned = method == "hyperband" and good < 0.92
        seconds = float(generator.uniform(0.3, 0.6)) * (0.3 if pruned else 1)
        state, epochs = ("pruned", 1) if pruned else ("complete", params.tune.epochs)
        if rate > 0.9:
            state, epochs, good = "failed", 1, float("nan")
        found.append(Trial(setting, [(epochs, float(good))], state, seconds, 0.9 * seconds))
    best = best_of(found, params.select_best.column)
    lost = optimizer == "lion" and method == "grid"
    tuned = None if best is None or lost else _tuned(params, best, found[best].score, generator)
    return SearchOutcome(method, optimizer, repeat, fold, found, tuned)


def _tuned(params: Params, best: int, score: float, generator: np.random.Generator) -> TunedSetting:
    epochs = np.arange(1, params.tune.epochs + 1)
    noise = generator.normal(0, 0.01)
    scores = dict.fromkeys(averaged(), score - 0.02 + noise) | {"loss": 0.3 - noise}
    curves = {
        "loss": (0.9 / epochs).tolist(),
        "accuracy": (1 - 0.5 / epochs).tolist(),
        "val_loss": (1 / epochs + 0.1 + noise).tolist(),
        "val_accuracy": (score - 0.4 / epochs + noise).tolist(),
    }
    return TunedSetting(best, scores, curves, 0.7, 0.6)


def write(params: Params, folder: Path, trials: int = 12) -> Found:
    """Write what the stage would, below `build/` and `results/`."""
    found, metric = summarize(params, outcomes(params, trials)), params.select_best.column
    choice = choose(found.comparison, found.ledger, metric)
    setting = {"optimizer": choice.optimizer, "epochs": 8, "learning_rate": 0.0123,
               "batch_size": 16, "dropout": 0.25}  # fmt: skip
    with (
        files.replacing(folder / "results" / "tune") as results,
        files.replacing(folder / "build" / "tune") as chosen,
        files.replacing(folder / "build" / "costs" / "tune") as measured,
    ):
        for made in (results, chosen, measured):
            made.mkdir()
        write_results(found, metric, results)
        draw_results(found, params.tune, metric, results / "plots")
        write_found(found, choice, setting, chosen)
        write_measured(found, choice, measured)
        draw_measured(found, metric, measured)
    return found
