"""What the model of every fold answers to pictures of other collections."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.bundle.logits import LOGIT
from canting.config.columns import FOLD, LABEL, PATH, SCENARIO
from canting.config.params import Params
from canting.config.sections import Features
from canting.config.tables import COLLECTION
from canting.core import files
from canting.core.cache import read_whole
from canting.core.keys import code_key
from canting.core.progress import bar
from canting.models.features.compute import Pictures, compute
from canting.models.features.drawn import opened
from canting.models.features.store import slug
from canting.models.train import fold, grid
from canting.models.train.fold import FoldTask
from canting.models.train.outcome import FoldOutcome

KNOWN = [PATH, LABEL, COLLECTION, "group"]
"""What stays of a picture beside scenario, fold and logits."""

Logits = npt.NDArray[np.float32]
"""`(n, classes)`."""


def answered(tasks: Sequence[FoldTask], asked: pd.DataFrame, below: Path) -> pd.DataFrame:
    """Return a row for each task and picture with its logits; of scenarios that failed, none.

    `asked` has a row a picture, in the order of the features in `below`, one folder a trunk. What
    was not trained or is not kept is trained; what was answered is kept, task by task.
    """
    grid.complete(tasks)
    tails: Tails = {}
    outcomes = [grid.loaded(task) for task in tasks]
    failed = {task.scenario.name for task, one in zip(tasks, outcomes, strict=True) if one.failure}
    rows = []
    with bar("other", len(tasks), "model") as shown:
        for task, outcome in zip(tasks, outcomes, strict=True):
            if task.scenario.name not in failed:
                rows.append(_rows(task, asked, _kept(task, outcome, below, tails)))
            shown.update()
    return pd.concat(rows, ignore_index=True)


def place(cache: Path, trained: Path, features: str) -> Path:
    """Return where answers are kept, by the outcome of a training and the key of the features."""
    return cache / "other" / f"{files.digest(trained.name, features, code_key(answered))}.npy"


def views(settings: Features) -> Features:
    """Return what is taken from a trunk: pictures as they are, and the flips of a test."""
    return settings.model_copy(update={"views": 0})


def features(params: Params, pictures: Pictures, below: Path, cache: Path) -> None:
    """Write what each trunk answers to pictures to `below`, one folder a trunk."""
    settings = views(params.features)
    for backbone, cut in params.trunks():
        compute(
            *(backbone, cut, pictures, settings, params.seed),
            cache=cache,
            target=below / slug(backbone, cut),
            device=params.compute.chosen(),
        )


Tails = dict[tuple[str, str | None], Any]
"""A built tail by its trunk: what else a scenario has decides on training alone."""


def _kept(task: FoldTask, outcome: FoldOutcome, below: Path, tails: Tails) -> Logits:
    store = opened(below / slug(*task.scenario.trunk))
    kept = place(task.cache, fold.path(task), store.key)
    found = read_whole(kept, _load)
    if found is None:
        from canting.models.train import prediction

        tail = tails.get(task.scenario.trunk) or fold.rebuilt(task, outcome.weights)
        tails[task.scenario.trunk] = tail
        tail.set_weights(outcome.weights)
        found = prediction.predict(tail, store, np.arange(len(store.view(0))))
        with files.replacing(kept) as aside, aside.open("wb") as file:
            np.save(file, found)
    return found


def _load(path: Path) -> Logits:
    found: Logits = np.load(path)
    return found


def _rows(task: FoldTask, asked: pd.DataFrame, logits: Logits) -> pd.DataFrame:
    known = asked[KNOWN].reset_index(drop=True)
    known[SCENARIO], known[FOLD] = task.scenario.name, task.fold
    return known.join(pd.DataFrame(logits, columns=[LOGIT + label for label in task.classes]))
