"""Features, trainings and a search of a small study, on a cluster or here.

usage: python -m tests.ray_run FOLDER [ADDRESS] [STORAGE]; what is kept lies below FOLDER/cache.
"""

import os
import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple

from canting.config.params import Params
from canting.core import files, parallel, runtime
from canting.core.cluster.portable import Need
from canting.core.errors import ending
from canting.models.backbones.weight_files import identity
from canting.models.features import compute
from canting.models.train import grid
from canting.models.tune import study
from tests import tune_data
from tests.backend_run import pictures, table

SIZE, PICTURES, FOLDS = (96, 96), 240, 4
SEARCH = {**tune_data.SMALL, "tune__method": ["random"], "tune__budget": 2, "tune__epochs": 2}


def params(folder: Path, address: str | None, storage: str | None) -> Params:
    base = tune_data.params(folder / "params", **SEARCH)
    features = base.features.model_copy(update={"views": 3})
    engine = "ray" if address else "local"
    compute_ = base.compute.model_copy(
        update={"engine": engine, "address": address, "storage": storage}
    )
    changes = {"image_size": SIZE, "folds": FOLDS, "features": features, "compute": compute_}
    return base.model_copy(update={**changes, "optimizer": ("adam", "sgd"), "epochs": (15,)})


class Failing(NamedTuple):
    """A task that fails wherever it is done."""

    cache: Path

    def needs(self) -> list[Need]:
        return []

    def makes(self) -> list[str]:
        return []

    def moved(self) -> "Failing":
        return self


def fail(task: Failing) -> None:
    with (task.cache / "tries").open("a") as file:
        file.write("tried ")
    raise ValueError("no such luck")


def main(folder: Path, address: str | None, storage: str | None) -> None:
    """Write the tables to `folder/tables`."""
    runtime.prepare()
    asked, cache = params(folder, address, storage), folder / "cache"
    (backbone, cut), drawn = asked.trunks()[0], pictures(PICTURES, SIZE[0] // 8)
    target = folder / "features" / backbone
    with parallel.on(asked.compute.cluster(), asked.compute.kept()):
        if "FAILS" in os.environ:
            list(parallel.silent(fail, [Failing(folder.absolute())]))
        if network := os.environ.get("WEIGHTS"):
            alike = [partial(identity, network)]
            list(parallel.silent(fail, [Failing(folder.absolute())], alike=alike))
        made = compute.compute(
            backbone, cut, drawn, asked.features, asked.seed, cache=cache, target=target
        )
        tables = grid.train(asked, table(PICTURES, FOLDS), folder / "features", cache)
        found = study.run(study.tasks(asked, table(PICTURES, FOLDS), folder / "features", cache))
    out = folder / "tables"
    out.mkdir(exist_ok=True)
    tables.predictions.to_csv(out / "predictions.csv", index=False)
    tables.curves.to_csv(out / "curves.csv", index=False)
    trials = [[[trial.setting, trial.rungs] for trial in one.trials] for one in found]
    files.write_json(out / "trials.json", trials)
    for path in sorted((folder / "features").rglob("*.npy")):
        files.write_text(out / f"{path.stem}.sha256", files.sha256(path))
    print(made.computed_views, len(tables.costs), len(found))


if __name__ == "__main__":
    folder, address, storage = (*sys.argv[1:], "", "")[:3]
    with ending("ray_run"):
        main(Path(folder), address or None, storage or None)
