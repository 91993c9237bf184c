"""What a grid of scenarios costs by canting, measured, and by a stock Keras loop, extrapolated.

One backbone with the optimizers, dropouts, folds, epochs and views of `studies/garbage.yaml`: nine
scenarios × five folds × ten epochs. Run from the repository's root:

    python -m benchmarks.study_cost FOLDER [--backbone efficientnet_lite0] [--steps 20]

`FOLDER` holds one folder a class; near-duplicates are not looked for. canting's features and
training run whole, with nothing kept from before. The stock loop has the frozen backbone in the
graph and augments online; a number of its steps and of its validation batches are timed after a
warm-up and multiplied. That favours the stock loop: reading its pictures and tracing all but the
first of its networks are taken to cost nothing, and it may use oneDNN and all threads.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.stock_keras import network
from canting.config.catalog import BACKBONES
from canting.config.params import Params
from canting.core import files, runtime
from canting.data.preprocess import folds
from canting.data.preprocess.decode import decode_all
from canting.models.train.fold import read_table
from canting.runs.study.changes import check, read
from canting.runs.study.yaml_text import merged

STUDY, WARM_UP = Path("studies/garbage.yaml"), 3


def main() -> None:
    """Run one side where it is named, else both, and compare them."""
    arguments = _arguments()
    params = _params(arguments.backbone)
    if arguments.side:
        SIDES[arguments.side](params, arguments.folder, arguments.steps)
        return
    with tempfile.TemporaryDirectory() as name:
        table = _prepare(params, arguments.folder, Path(name))
        told, seconds = {}, {}
        for side in SIDES:
            start = time.perf_counter()
            told[side] = _run(side, Path(name), arguments)
            seconds[side] = time.perf_counter() - start
    print(f"{arguments.backbone}: {len(table)} pictures, {len(params.scenarios())} scenarios")
    _report(params, table, told, seconds)


def canting(params: Params, folder: Path, _: int) -> None:
    """Run the features and the grid, and print the seconds of each."""
    runtime.prepare()
    from canting.models.features import compute
    from canting.models.train.grid import train

    table = read_table(folder / "folds.csv")
    pictures = compute.Pictures(
        np.load(folder / "pictures.npy", mmap_mode="r"), files.read_json(folder / "digests.json")
    )
    (trunk,) = params.trunks()
    start, cache = time.perf_counter(), folder / "cache"
    target = cache / "out" / trunk[0]
    made = compute.compute(
        *trunk, pictures, params.features, params.seed, cache=cache, target=target
    )
    middle = time.perf_counter()
    tables = train(params, table, target.parent, cache)
    end = time.perf_counter()
    fits = float(tables.costs["seconds"].sum())
    seconds = {"features": middle - start, "training": end - middle, "in fits, all cores": fits}
    print(json.dumps({**seconds, "views": made.views}))


def stock(params: Params, folder: Path, steps: int) -> None:
    """Time some steps and some validation batches of one fold, and print seconds of one each."""
    os.environ.update({"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"})
    import keras

    class Clock(keras.callbacks.Callback):  # type: ignore[misc]
        """Notes when a batch ends."""

        ends: list[float]

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
            """Note a training step."""
            self.ends.append(time.perf_counter())

        on_predict_batch_end = on_train_batch_end

    table = read_table(folder / "folds.csv")
    scenario, targets = params.scenarios()[0], pd.Categorical(table["label"]).codes.astype(np.int64)
    count = (WARM_UP + steps) * scenario.batch_size
    rows = np.sort(np.random.default_rng(0).integers(0, len(table), count))
    pictures = np.load(folder / "pictures.npy", mmap_mode="r")[rows].astype(np.float32)
    model = network(scenario, params, int(targets.max()) + 1)
    training, validation = Clock(), Clock()
    training.ends, validation.ends = [], []
    model.fit(pictures, targets[rows], scenario.batch_size, callbacks=[training], verbose=0)
    model.predict(pictures, scenario.batch_size, callbacks=[validation], verbose=0)
    step, batch = (float(np.diff(one.ends[WARM_UP - 1 :]).mean()) for one in (training, validation))
    print(json.dumps({"step": step, "validation batch": batch}))


def _report(
    params: Params, table: pd.DataFrame, told: dict[str, Any], seconds: dict[str, float]
) -> None:
    ours, theirs = told["canting"], told["stock"]
    rest = seconds["canting"] - ours["features"] - ours["training"]
    print(f"canting  {seconds['canting']:9.1f} s, measured:")
    print(
        f"         {ours['features']:9.1f} s conversion and {ours['views']} views of each picture"
    )
    print(
        f"         {ours['training']:9.1f} s training ({ours['in fits, all cores']:.1f} s in fits)"
    )
    print(f"         {rest:9.1f} s start and imports")
    held = [int((table["fold"] == fold).sum()) for fold in range(params.folds)]
    epochs = sum(scenario.epochs for scenario in params.scenarios())
    batch_size = params.scenarios()[0].batch_size
    steps = epochs * sum(len(table) - one for one in held) / batch_size
    batches = epochs * sum(held) / batch_size
    total = steps * theirs["step"] + batches * theirs["validation batch"]
    print(f"stock    {total:9.1f} s, extrapolated:")
    print(f"         {steps:9.1f} steps of {1000 * theirs['step']:.0f} ms")
    print(
        f"         {batches:9.1f} validation batches of {1000 * theirs['validation batch']:.0f} ms"
    )
    print(f"canting is {total / seconds['canting']:.1f} times quicker")


def _prepare(params: Params, source: Path, folder: Path) -> pd.DataFrame:
    paths = sorted(
        path.relative_to(source)
        for path in source.glob("*/*")
        if path.suffix.lower() in {".jpg", ".jpeg", ".png"}
    )
    labels, groups = [path.parts[0] for path in paths], np.arange(len(paths))
    drawn = folds.draw(labels, groups, params.folds, 0.0, params.seed)
    table = pd.DataFrame({"path": map(str, paths), "label": labels, "group": groups, "fold": drawn})
    table.to_csv(folder / "folds.csv", index=False)
    files.write_json(folder / "digests.json", [files.sha256(source / path) for path in paths])
    decode_all(source, table["path"].tolist(), params.image_size, folder / "pictures.npy")
    return table


def _run(side: str, folder: Path, arguments: argparse.Namespace) -> Any:
    options = ["--backbone", arguments.backbone, "--steps", str(arguments.steps), "--side", side]
    command = [sys.executable, "-m", "benchmarks.study_cost", str(folder), *options]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(told.splitlines()[-1])


def _params(backbone: str) -> Params:
    changes = {**read(STUDY), "backbone": backbone}
    return check(merged(Path("params.yaml").read_text(encoding="utf-8"), changes), STUDY)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="pictures, one folder a class")
    frozen = [name for name, row in BACKBONES.items() if row.weights != "none"]
    parser.add_argument("--backbone", default="efficientnet_lite0", choices=frozen)
    parser.add_argument("--steps", type=int, default=20, help="stock steps that are timed (20)")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    return parser.parse_args()


SIDES = {"canting": canting, "stock": stock}


if __name__ == "__main__":
    main()
