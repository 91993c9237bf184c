"""The same small study as a stock Keras loop and by canting, one after the other.

One backbone, two optimizers, five folds, ten epochs, augmentation, on the pictures in `data/`, with
the folds of the last `make repro`. Each side is a process of its own, so that imports and
conversions count. Run from the repository's root: `python benchmarks/stock_keras.py`.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from canting.config.params import Params, load
from canting.config.scenario import Scenario
from canting.core import runtime
from canting.data import manifest
from canting.evaluation.statistics.inference import p_value
from canting.models.train.fold import read_table

BACKBONE, OPTIMIZERS, EPOCHS = "efficientnet_lite0", ("adam", "nadam"), 10


def main() -> None:
    """Run one side where it is named, else both, and compare them."""
    if len(sys.argv) == 2:
        runtime.prepare()
        print(json.dumps(SIDES[sys.argv[1]](_params())))
        return
    scores, seconds = {}, {}
    for side in SIDES:
        start = time.perf_counter()
        command = [sys.executable, __file__, side]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        seconds[side] = time.perf_counter() - start
        scores[side] = json.loads(told.splitlines()[-1])
        print(f"{side:8} {seconds[side]:7.1f} s")
    print(f"canting is {seconds['stock'] / seconds['canting']:.1f} times quicker")
    for optimizer in OPTIMIZERS:
        pair = [np.asarray(scores[side][optimizer]) for side in SIDES]
        chance = p_value(pair[0] - pair[1])
        means = " and ".join(f"{one.mean():.4f} ± {one.std(ddof=1):.4f}" for one in pair)
        print(f"{optimizer:6} accuracy over the folds {means}, p = {chance:.2f}")


def network(scenario: Scenario, params: Params, classes: int) -> Any:
    """Return a frozen backbone behind online augmentation, as Keras's guides build it."""
    import keras
    from keras import layers

    from canting.models.backbones.cut import split

    settings = params.features
    trunk = split(scenario.backbone, None, params.image_size).trunk
    assert trunk is not None
    inputs = keras.Input((*params.image_size, 3))
    x: Any = layers.RandomFlip("horizontal_and_vertical")(inputs)
    x = layers.RandomRotation(settings.rotation / 360, fill_mode="reflect")(x)
    x = layers.RandomShear(settings.shear, fill_mode="reflect")(x)
    x = layers.RandomZoom(settings.zoom, settings.zoom, fill_mode="reflect")(x)
    x = layers.RandomTranslation(settings.shift, settings.shift, fill_mode="reflect")(x)
    x = layers.Dropout(scenario.dropout)(trunk(x, training=False))
    model = keras.Model(inputs, layers.Dense(classes)(x))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.get(scenario.optimizer)
    optimizer.learning_rate = scenario.learning_rate
    model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=False)
    return model


def stock(params: Params) -> dict[str, list[float]]:
    """Train by `model.fit` on the pictures themselves."""
    import keras

    pictures, targets, folds = _data()

    def fold_accuracy(scenario: Scenario, fold: int) -> float:
        keras.utils.set_random_seed(fold)
        model = network(scenario, params, int(targets.max()) + 1)
        train, test = folds != fold, folds == fold
        held = (pictures[test], targets[test])
        history = model.fit(
            pictures[train],
            targets[train],
            scenario.batch_size,
            scenario.epochs,
            validation_data=held,
            verbose=0,
        ).history
        return float(history["val_accuracy"][-1])

    return {
        scenario.optimizer: [fold_accuracy(scenario, fold) for fold in range(params.folds)]
        for scenario in params.scenarios()
    }


def canting(params: Params) -> dict[str, list[float]]:
    """Run the features and the grid with nothing kept from before."""
    from canting.evaluation.evaluate import tables
    from canting.models.features import compute
    from canting.models.train.grid import train

    table = read_table(Path("build/folds.csv"))
    digests = manifest.read(Path("build/manifest.parquet"))["sha256"].tolist()
    array = np.load("build/pictures.npy", mmap_mode="r")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compute.compute(
            BACKBONE,
            None,
            compute.Pictures(array, digests),
            params.features,
            params.seed,
            cache=folder,
            target=folder / "features" / BACKBONE,
        )
        told = train(params, table, folder / "features", folder)
    folds = tables.fold_scores(tables.predicted(told.predictions))
    names = {scenario.name: scenario.optimizer for scenario in params.scenarios()}
    parts = folds.groupby(folds["scenario"].map(names))["accuracy"]
    return {str(name): part.tolist() for name, part in parts}


def _params() -> Params:
    params = load(Path("params.yaml"))
    features = params.features.model_copy(update={"views": EPOCHS})
    changes = {"optimizer": OPTIMIZERS, "epochs": (EPOCHS,), "features": features}
    return params.model_copy(update={**changes, "backbone": (BACKBONE,)})


def _data() -> tuple[Any, Any, Any]:
    table = read_table(Path("build/folds.csv"))
    targets = pd.Categorical(table["label"]).codes.astype(np.int64)
    pictures = np.load("build/pictures.npy").astype(np.float32)
    return pictures, targets, table["fold"].to_numpy()


SIDES = {"stock": stock, "canting": canting}


if __name__ == "__main__":
    main()
