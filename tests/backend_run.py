"""A small study on the Keras backend of the environment: features, folds, search, refit, bundle.

usage: python -m tests.backend_run FOLDER; beside it, `cache` holds the features that all share.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from canting.bundle.engine import Engine
from canting.config.params import Params, load
from canting.config.scenario import Scenario
from canting.core import files, runtime
from canting.data.manifest import HELD_OUT
from canting.models.features import compute
from canting.models.train import fold
from canting.models.train.fold import FoldTask
from canting.models.tune import search
from tests import tune_data
from tests.conftest import ROOT

SIZE, CLASSES, PICTURES = (64, 64), 3, 48
BACKBONES = ("efficientnet_lite0", "small_cnn")


def pictures(count: int = PICTURES, square: int = 8) -> compute.Pictures:
    """Return coarse pictures: of rows, of columns, of squares of so many pixels a side."""
    coarse = np.random.default_rng(7).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    coarse[::CLASSES] = coarse[::CLASSES, :, :1]
    coarse[1::CLASSES] = coarse[1::CLASSES, :1]
    array = coarse.repeat(square, axis=1).repeat(square, axis=2)
    return compute.Pictures(array, [files.digest(number) for number in range(count)])


def table(count: int = PICTURES, folds: int = 2) -> pd.DataFrame:
    numbers = np.arange(count)
    labels = np.asarray(["a", "b", "c"])[numbers % CLASSES]
    columns = {"label": labels, "fold": numbers // CLASSES % folds, "group": numbers}
    return pd.DataFrame({"path": [f"{number}.jpg" for number in numbers], **columns})


def params() -> Params:
    base = load(ROOT / "params.yaml")
    features = base.features.model_copy(update={"views": 1})
    return base.model_copy(update={"image_size": SIZE, "folds": 2, "features": features})


def scenario(backbone: str) -> Scenario:
    return Scenario(
        backbone=backbone,
        fine_tune_from=None,
        optimizer="adam",
        dropout=0.0,
        learning_rate=3e-3,
        batch_size=16,
        epochs=20,
    )


def tasks(backbone: str, folder: Path) -> list[FoldTask]:
    """Return a task for each fold, and the one of all pictures; features are made if need be."""
    cache, target, asked = folder.parent / "cache", folder / backbone, params()
    given = backbone, None, pictures(), asked.features, 1
    compute.compute(*given, cache=cache, target=target)
    return [
        FoldTask(scenario(backbone), number, asked, table(), target, folder / "cache")
        for number in (0, 1, HELD_OUT)
    ]


def main(folder: Path) -> None:
    runtime.prepare()
    runtime.import_keras()
    from canting.evaluation.select_best import bundle, refit
    from canting.models.export import export

    found = {}
    for backbone in BACKBONES:
        *folds, whole = tasks(backbone, folder)
        logits = np.zeros((PICTURES, CLASSES), np.float32)
        for task in folds:
            outcome = fold.train(task)
            assert not outcome.failure
            logits[outcome.rows] = outcome.logits
        final = refit.refit(whole)
        path = folder / f"{backbone}.tflite"
        export(final.model, path)
        bundle.check(final.model, Engine(path), list(pictures().array))
        found[backbone] = logits
    np.savez(folder / "logits.npz", allow_pickle=False, **found)
    features = tune_data.write_features(folder / "features")
    trials = search.run(tune_data.tasks(folder / "tune", features)[0]).trials
    files.write_json(folder / "scores.json", [trial.score for trial in trials])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
