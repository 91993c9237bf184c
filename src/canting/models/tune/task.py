"""Settings: from tuned values to scenario and training parameters."""

from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.config.columns import FOLD, LABEL
from canting.config.metrics import COLLECTIONS
from canting.config.params import Params
from canting.config.scenario import Scenario
from canting.config.sections import Train
from canting.config.tune import Setting, Tune
from canting.core import runtime
from canting.core.errors import CantingError
from canting.data import manifest
from canting.data.preprocess import folds
from canting.data.preprocess.folds import TooFewGroupsError
from canting.models.features import store
from canting.models.tune.records import Trial, TunedSetting


def base(params: Params, optimizer: str) -> Scenario:
    """Return the scenario that a search starts from: the first value of each key."""
    first = params.scenarios()[0]
    return first.model_copy(update={"optimizer": optimizer, "epochs": params.tune.epochs})


def plain(settings: Train) -> Train:
    """Return settings of `train` as trials use them: every trial trains for the same epochs.

    Neither stops a trial early, nor are its weights averaged.
    """
    return settings.model_copy(update={"early_stopping": None, "weight_average": None})


def apply(setting: Setting, scenario: Scenario, settings: Train) -> tuple[Scenario, Train]:
    """Return scenario and settings with the values of a setting."""
    ours = {key: value for key, value in setting.items() if key in Scenario.model_fields}
    others = {key: value for key, value in setting.items() if key not in ours}
    return scenario.model_copy(update=ours), settings.model_copy(update=others)


def changes(setting: Setting) -> dict[str, object]:
    """Return a setting by the keys of `params.yaml`."""
    return {
        key if key in Scenario.model_fields else f"train.{key}": value
        for key, value in setting.items()
    }


class SearchTask(NamedTuple):
    """What one search needs, small enough to send to a worker.

    `folds` is the outer fold of each row; `fold` the one that scores what is found, or none: then
    all rows are searched on.
    """

    method: str
    optimizer: str
    repeat: int
    fold: int | None
    params: Params
    table: pd.DataFrame
    folds: npt.NDArray[np.int64]
    features: Path
    cache: Path

    @property
    def tune(self) -> Tune:
        """The section `tune`."""
        return self.params.tune

    @property
    def metric(self) -> str:
        """The metric whose inner mean a search makes as good as it can."""
        return self.params.select_best.column

    @property
    def scenario(self) -> Scenario:
        """What every setting starts from."""
        return base(self.params, self.optimizer)

    @property
    def seed(self) -> int:
        """A seed that methods and optimizers share, so that they have the same random draws."""
        return seed_of(self.params, self.repeat, 0 if self.fold is None else 1 + self.fold)

    @property
    def classes(self) -> list[str]:
        """Labels in the order of the logits."""
        return manifest.classes(self.table)

    @property
    def inside(self) -> npt.NDArray[np.int64]:
        """The rows that the search may see."""
        seen = self.folds >= 0
        return np.flatnonzero(seen if self.fold is None else seen & (self.folds != self.fold))

    @property
    def collections(self) -> list[int] | None:
        """The number of each row's collection, where each is left out; otherwise none."""
        apart = self.params.preprocess.split == "collections"
        return self.table[FOLD].tolist() if apart else None

    @property
    def stores(self) -> dict[str | None, Path]:
        """The folders of features, by the layer that the tail starts at."""
        cuts = self.tune.space.fine_tune_from or (self.scenario.fine_tune_from,)
        backbone = self.scenario.backbone
        return {cut: self.features / store.slug(backbone, cut) for cut in cuts}


class SearchOutcome(NamedTuple):
    """What a search found; without `tuned` where all trials failed or no fold is left to score."""

    method: str
    optimizer: str
    repeat: int
    fold: int | None
    trials: list[Trial]
    tuned: TunedSetting | None


def seed_of(params: Params, *numbers: int) -> int:
    """Return a seed for a part of the study."""
    return runtime.derived_seed(params.seed, *numbers)


def inner_folds(task: SearchTask) -> npt.NDArray[np.int64]:
    """Return the inner fold of each row inside; no group is in two of them."""
    return drawn(task.params, task.table.iloc[task.inside], "inner_folds", task.seed)


def drawn(
    params: Params, table: pd.DataFrame, key: Literal["outer_folds", "inner_folds"], seed: int
) -> npt.NDArray[np.int64]:
    """Return the fold of each row: near-duplicates are in one, and so is a whole collection.

    Collections where `preprocess.split` leaves them out, which the folds of the table tell apart,
    and where there are as many as folds are asked for; where the metric asks for collections, fewer
    raise a `CantingError`.
    """
    count: int = getattr(params.tune, key)
    groups = table["group"]
    if params.preprocess.split == "collections":
        found = table[FOLD].nunique()
        if found >= count:
            groups = table[FOLD]
        elif params.select_best.metric in COLLECTIONS:
            raise CantingError(
                f"`tune.{key}`: expected as many collections to draw {count} folds from, as "
                f"`select_best.metric` is {params.select_best.metric}. Received: {found}. Bring "
                "more "
                "collections, take fewer folds, or set `tune.method: none`."
            )
    try:
        return folds.draw(table[LABEL].tolist(), groups.to_numpy(np.int64), count, 0.0, seed)
    except TooFewGroupsError as error:
        raise CantingError(str(error).replace("`folds", f"`tune.{key}")) from None
