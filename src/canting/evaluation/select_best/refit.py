"""The winner, trained on all folds, and its score on the hold-out."""

from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.bundle.logits import LOGIT
from canting.config.columns import LABEL, PATH
from canting.config.records import Scores
from canting.core import parallel
from canting.core.errors import CantingError
from canting.evaluation.evaluate import tables
from canting.evaluation.select_best.compose import compose
from canting.models import scores
from canting.models.augmentation import views_of_test
from canting.models.train import fold, grid
from canting.models.train.outcome import FoldOutcome


class Refit(NamedTuple):
    """The whole model, its trained tail, and the scores on the hold-out, if there is one."""

    model: keras.Model
    tail: keras.Model
    hold_out: Scores | None


def refit(task: fold.FoldTask) -> Refit:
    """Train a scenario on every picture but the held-out ones, as on a fold; or take what is kept.

    The hold-out is scored once, here, after the choice; the model never trains on it, so that the
    score is that of the model which is shipped. Raises `CantingError` where the training diverges.
    """
    outcome = fold.load(task)
    if outcome is None:
        with fold.progress("train on all", [task]):
            outcome = _trained(task)
    if outcome.failure:
        raise CantingError(
            f"`{task.scenario.name}`, trained on all pictures: expected finite scores, as on the "
            f"folds. Received: {outcome.failure}. Lower `learning_rate`."
        )
    hold_out = score(task, outcome.logits, outcome.rows) if len(outcome.rows) else None
    trained = fold.rebuilt(task, outcome.weights)
    return Refit(whole(task, trained), trained, hold_out)


def whole(task: fold.FoldTask, trained: keras.Model) -> keras.Model:
    """Return the model from a picture to the three outputs that ends with a task's trained tail."""
    params = task.params
    seen, levels = views_of_test(params.features), params.features.levels
    return compose(task.scenario, params.image_size, trained, seen, levels)


def _trained(task: fold.FoldTask) -> FoldOutcome:
    """Train where the folds were trained: in a process on a GPU, or in this one."""
    gpus = task.params.compute.chosen().gpus[:1]
    if not gpus:
        return fold.train(task)
    list(parallel.silent(fold.run, [task], gpus=gpus))
    return grid.loaded(task)


def classifier(refit: Refit) -> dict[str, npt.NDArray[np.float32]]:
    """Return `kernel` `(channels, classes)` and `bias` `(classes,)` of the last layer."""
    kernel, bias = refit.tail.get_layer("logits").get_weights()
    return {"kernel": np.asarray(kernel), "bias": np.asarray(bias)}


def score(task: fold.FoldTask, logits: Any, rows: Any) -> Scores:
    """Return the scores of logits, `(n, classes)`, on rows of the table of folds, `(n,)`."""
    columns = {LOGIT + name: logits[:, place] for place, name in enumerate(task.classes)}
    held = task.table.iloc[rows][[PATH, LABEL]].reset_index(drop=True)
    predictions = tables.predicted(pd.concat([held, pd.DataFrame(columns)], axis=1))
    return {"pictures": len(held), **scores.values(scores.answers_of(predictions))}
