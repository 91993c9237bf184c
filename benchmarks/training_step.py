"""Processor time of a training step of a classifier: canting, Keras's `fit`, and plain NumPy.

Run from the repository's root: `python -m benchmarks.training_step [--features 1280]`. All sides
train the same epochs of 2,016 rows in batches of 32 to six classes, on one thread, in turns; the
ratios hold also where the machine is shared. NumPy does what Adam and dropout need, and no more.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from canting.config.params import load
from canting.config.scenario import Scenario
from canting.core import files, runtime

ROWS, BATCH, CLASSES, EPOCHS, ROUNDS = 2016, 32, 6, 10, 5
PARAMS = load(Path("params.yaml"))


def main() -> None:
    """Print milliseconds of a step of each side, without dropout and with it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--features", type=int, default=1280, help="of each picture (1280)")
    features = parser.parse_args().features
    runtime.prepare(threads=1)
    runtime.import_keras()
    with TemporaryDirectory() as name, runtime.one_thread_a_task():
        for dropout in (0.0, 0.2):
            for optimizer in ("adam", "nadam"):
                _compare(_scenario(optimizer, dropout), features, Path(name))


def _compare(scenario: Scenario, features: int, folder: Path) -> None:
    """Time the sides in turns."""
    data = _data(folder / str(features), features)
    sides: dict[str, Callable[[], object]] = {
        "numpy": partial(_numpy, data, scenario.dropout),
        "canting": partial(_canting, scenario, data),
        "Keras's fit": _keras(scenario, data),
    }
    for side in sides.values():
        side()
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, side in sides.items():
            start = time.process_time()
            side()
            times[name].append((time.process_time() - start) / (EPOCHS * ROWS / BATCH))
    steps = {name: statistics.median(seconds) for name, seconds in times.items()}
    told = ", ".join(
        f"{name} {1e3 * step:.2f} ms ({step / steps['numpy']:.1f} times)"
        for name, step in steps.items()
    )
    print(f"{scenario.optimizer}, dropout {scenario.dropout:g}: {told}")


def _canting(scenario: Scenario, data: Any) -> None:
    """Train as the train stage does, without looking at test rows."""
    from canting.models.train import fit

    fit.fit(scenario, data, np.arange(ROWS), np.arange(0), seed=1, settings=PARAMS.train)


def _keras(scenario: Scenario, data: Any) -> Callable[[], object]:
    import keras

    model = keras.Sequential(
        [
            keras.Input(data.store.shape),
            keras.layers.Dropout(scenario.dropout),
            keras.layers.Dense(CLASSES),
        ]
    )
    model.compile(
        scenario.optimizer,
        keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    x, y = np.array(data.store.view(0)), np.eye(CLASSES, dtype=np.float32)[data.targets]
    return partial(model.fit, x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0)


def _numpy(data: Any, dropout: float) -> None:
    """Train a linear classifier by Adam."""
    features, targets = np.asarray(data.store.view(0)), np.eye(CLASSES, dtype=np.float32)
    generator = np.random.default_rng(0)
    weights = [np.zeros((features.shape[1], CLASSES), np.float32), np.zeros(CLASSES, np.float32)]
    first = [np.zeros_like(one) for one in weights]
    second = [np.zeros_like(one) for one in weights]
    step = 0
    for _ in range(EPOCHS):
        order = generator.permutation(ROWS)
        for start in range(0, ROWS, BATCH):
            rows, step = order[start : start + BATCH], step + 1
            x = _dropped(features[rows], dropout, generator)
            logits = x @ weights[0] + weights[1]
            powers = np.exp(logits - logits.max(axis=1, keepdims=True))
            gradient = powers / powers.sum(axis=1, keepdims=True) - targets[data.targets[rows]]
            gradient /= BATCH
            rate = np.float32(1e-3 * (1 - 0.999**step) ** 0.5 / (1 - 0.9**step))
            for number, slope in enumerate((x.T @ gradient, gradient.sum(axis=0))):
                first[number] += np.float32(0.1) * (slope - first[number])
                second[number] += np.float32(0.001) * (slope * slope - second[number])
                moved = rate * first[number] / (np.sqrt(second[number]) + np.float32(1e-7))
                weights[number] -= moved


def _dropped(x: Any, dropout: float, generator: np.random.Generator) -> Any:
    if not dropout:
        return x
    kept = generator.random(x.shape, np.float32) >= dropout
    return np.where(kept, x * np.float32(1 / (1 - dropout)), np.float32(0))


def _scenario(optimizer: str, dropout: float) -> Scenario:
    values = PARAMS.scenarios()[0]
    changes = {"optimizer": optimizer, "dropout": dropout, "batch_size": BATCH, "epochs": EPOCHS}
    return values.model_copy(update={**changes, "fine_tune_from": None})


def _data(folder: Path, features: int) -> Any:
    from canting.models.features import store
    from canting.models.train.batches import Data

    if not folder.exists():
        folder.mkdir()
        for number in range(2):
            drawn = np.random.default_rng(number).random((ROWS, features), np.float32)
            np.save(store.view_path(folder, number), drawn)
        files.write_json(folder / "key.json", "drawn")
    targets = np.random.default_rng(2).integers(0, CLASSES, ROWS)
    return Data(store.Store(folder), targets, np.arange(ROWS), (224, 224), CLASSES)


if __name__ == "__main__":
    main()
