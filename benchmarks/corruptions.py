"""Accuracy on changed pictures, with the plain and with the strong augmentation, both in one run.

Both sides share folds, near-duplicate groups, network and training of `studies/robust.yaml`; plain
are the augmentation keys of `params.yaml`, strong are those of the study. Run from the
repository's root:

    python -m benchmarks.corruptions FOLDER [--other FOLDER] [--backbone NAME] [--pictures 100]

`FOLDER` holds one folder a class, `--other` the same classes of another collection, which a model
trained on all of `FOLDER` is then asked about. On two cores with EfficientNet-Lite0, 1,000 pictures
take about eight minutes: 69 views of each, 92 changes of 100 of a class.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from canting.config.catalog import BACKBONES
from canting.config.params import Params, load
from canting.core import files, runtime
from canting.core.errors import CantingError
from canting.data import near_duplicates
from canting.data.preprocess import folds
from canting.data.preprocess.decode import decode_all
from canting.evaluation.corruptions import tables
from canting.evaluation.corruptions.measure import UNCHANGED
from canting.models.features import compute
from canting.models.features.compute import Pictures
from canting.models.features.store import slug
from canting.models.train.fold import FoldTask
from canting.runs.study.changes import check, read
from canting.runs.study.yaml_text import merged

PARAMS, STUDY = Path("params.yaml"), Path("studies/robust.yaml")
ENDINGS = {".jpg", ".jpeg", ".png"}


class Collection(NamedTuple):
    """Decoded pictures with the paths of their files and their labels."""

    pictures: Pictures
    paths: list[str]
    labels: list[str]


def main() -> None:
    """Measure both sides and print them beside each other."""
    arguments = _arguments()
    runtime.prepare(threads=2)
    runtime.import_keras()
    with tempfile.TemporaryDirectory() as name:
        strong = _strong(arguments.backbone, arguments.pictures)
        sides = {"plain": _plain(strong), "strong": strong}
        ours = _collection(arguments.folder, strong, Path(name) / "ours.npy")
        table = _table(arguments.folder, ours, strong)
        tasks = {
            side: list(_tasks(params, ours, table, Path(name) / side))
            for side, params in sides.items()
        }
        _report({side: _shifted(each, ours) for side, each in tasks.items()})
        if arguments.other:
            other = _collection(arguments.other, strong, Path(name) / "other.npy")
            _report_other({side: _elsewhere(each[0], other) for side, each in tasks.items()})


def _strong(backbone: str, pictures: int) -> Params:
    changes = {**read(STUDY), "backbone": backbone, "corruptions.pictures": pictures}
    return check(merged(PARAMS.read_text(encoding="utf-8"), changes), STUDY)


def _plain(strong: Params) -> Params:
    """Return the same parameters with the augmentation of `params.yaml`."""
    same = strong.features.model_dump(include={"views", "test_views"})
    features = load(PARAMS).features.model_copy(update=same)
    return strong.model_copy(update={"features": features})


def _collection(folder: Path, params: Params, target: Path) -> Collection:
    paths = [path for path in sorted(folder.glob("*/*")) if path.suffix.lower() in ENDINGS]
    names = [str(path.relative_to(folder)) for path in paths]
    decode_all(folder, names, params.image_size, target)
    pictures = Pictures(np.load(target, mmap_mode="r"), [files.sha256(path) for path in paths])
    return Collection(pictures, names, [path.parent.name for path in paths])


def _table(folder: Path, ours: Collection, params: Params) -> pd.DataFrame:
    """Draw folds that do not part near-duplicates."""
    groups = near_duplicates.group(folder, ours.paths)
    drawn = folds.draw(ours.labels, groups, params.folds, 0.0, params.seed)
    return pd.DataFrame({"path": ours.paths, "label": ours.labels, "group": groups, "fold": drawn})


def _tasks(
    params: Params, ours: Collection, table: pd.DataFrame, folder: Path
) -> Iterator[FoldTask]:
    """Make the features of one side; both sides share a cache."""
    (scenario,) = params.scenarios()
    target, cache = folder / slug(*scenario.trunk), folder.parent / "cache"
    settings, seed = params.features, params.seed
    compute.compute(*scenario.trunk, ours.pictures, settings, seed, cache=cache, target=target)
    for number in range(params.folds):
        yield FoldTask(scenario, number, params, table, target, cache)


def _shifted(tasks: list[FoldTask], ours: Collection) -> pd.DataFrame:
    from canting.evaluation.corruptions.measure import measure

    return tables.accuracies(measure(tasks, ours.pictures), tasks[0].params.evaluate.confidence)


def _elsewhere(task: FoldTask, other: Collection) -> "pd.Series[float]":
    """Return the accuracy of each class of another collection, trained on all of ours."""
    from canting.evaluation.select_best.refit import refit

    strange = sorted(set(other.labels) - set(task.classes))
    if strange:
        raise CantingError(
            f"`--other`: expected folders among {', '.join(task.classes)}. "
            f"Received: {', '.join(strange)}. Rename or remove them."
        )
    model, array = refit(task._replace(fold=-1)).model, other.pictures.array
    batches = (array[at : at + 32].astype(np.float32) for at in range(0, len(array), 32))
    logits = np.concatenate([np.asarray(model.predict_on_batch(x)["logits"]) for x in batches])
    right = np.asarray(task.classes)[logits.argmax(axis=1)] == np.asarray(other.labels)
    accuracies: pd.Series[float] = pd.Series(right).groupby(np.asarray(other.labels)).mean()
    return accuracies


def _report(found: dict[str, pd.DataFrame]) -> None:
    keys = ["kind", "level", "label"]
    both = pd.DataFrame({side: table.set_index(keys)["accuracy"] for side, table in found.items()})
    _print("Out-of-fold accuracy, all classes", pd.DataFrame(both.xs(tables.EVERY, level="label")))
    changed = both.drop(index=UNCHANGED.kind, level="kind")
    by_kind = changed.groupby(["kind", "label"], sort=False).mean()
    means = by_kind.groupby("label", sort=False).mean()
    _print("Mean over the kinds of change", means.rename(index={tables.EVERY: "all classes"}))


def _report_other(found: dict[str, "pd.Series[float]"]) -> None:
    table = pd.DataFrame(found)
    table.loc["mean of the classes"] = table.mean()
    _print("Another collection", table)


def _print(title: str, table: pd.DataFrame) -> None:
    shown = table.assign(difference=table["strong"] - table["plain"])
    print(f"\n{title}\n{shown.to_string(float_format='{:.4f}'.format)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="pictures, one folder a class")
    parser.add_argument("--other", type=Path, help="the same classes of another collection")
    frozen = [name for name, row in BACKBONES.items() if row.weights != "none"]
    parser.add_argument("--backbone", default="efficientnet_lite0", choices=frozen)
    parser.add_argument("--pictures", type=int, default=100, help="changed of each class (100)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
