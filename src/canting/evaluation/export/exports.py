"""Compare, choose and write the exports of a winner."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from canting.bundle.classifier import Classifier
from canting.config.exports import EXPORT_FORMATS, FLOAT32, PREFERRED, ExportedRecord
from canting.config.params import Params
from canting.config.records import CardRecord
from canting.config.scenario import members_of
from canting.core import files
from canting.core.errors import CantingError
from canting.core.frames import Row
from canting.data import manifest
from canting.data.manifest import HELD_OUT
from canting.evaluation.abstention.fit import Known, without
from canting.evaluation.ensemble import refit as ensemble
from canting.evaluation.export import answers, compare
from canting.evaluation.export.answers import FoldModel
from canting.evaluation.export.convert import ExportSource, write
from canting.evaluation.select_best import refit
from canting.evaluation.select_best.doubt import of_all_folds
from canting.models.features.compute import Pictures
from canting.models.train import grid
from canting.models.train.fold import FoldTask, read_table

MODEL = "model.tflite"
"""Of a bundle."""


@dataclass(frozen=True)
class Winner:
    """The winner's members, a task each for the training on all pictures, and its bundle's card."""

    tasks: Sequence[FoldTask]
    pictures: Pictures
    bundle: Path
    card: CardRecord

    @classmethod
    def of_run(cls, params: Params, build: Path, results: Path, cache: Path) -> "Winner":
        """Return the winner of the run whose stages wrote these folders."""
        name = files.read_json(results / "select_best" / "selection.json")["winner"]
        table = read_table(build / "folds.csv")
        on_all = grid.tasks_on_all(params, table, build / "features", cache)
        tasks = [on_all[member] for member in members_of(name)]
        digests = manifest.read(build / "manifest.parquet")["sha256"].tolist()
        pictures = Pictures(np.load(build / "pictures.npy", mmap_mode="r"), digests)
        bundle = build / "selected"
        return cls(tasks, pictures, bundle, files.read_json(bundle / "card.json"))

    @property
    def params(self) -> Params:
        """The parameters of the run."""
        return self.tasks[0].params

    @cached_property
    def parts(self) -> ensemble.ScaledParts:
        """The features of the members that are shipped, and what they are divided by."""
        return ensemble.scaled(self.tasks, [refit.refit(task) for task in self.tasks])

    def model(self, fold: int) -> FoldModel:
        """Return the model of a fold; that of `HELD_OUT` is the one that is shipped."""
        tasks = [task._replace(fold=fold) for task in self.tasks]
        count = self.params.export.calibration
        return FoldModel(tasks, self.parts.scales, self.pictures, count)

    def source(self) -> ExportSource:
        """Return what exports of the shipped model are made from."""
        return self.model(HELD_OUT).converted((self.bundle / MODEL).read_bytes())


def compared(winner: Winner, names: Sequence[str]) -> pd.DataFrame:
    """Return a row a format, float32 first, from what they answer out of fold."""
    params, folds = winner.params, winner.tasks[0].table
    grid.complete([one for task in winner.tasks for one in of_all_folds(task)])
    said = answers.of_folds(map(winner.model, range(params.folds)), names)
    labels, served = winner.card["labels"], _served(winner)
    found = {one: compare.predictions(one, told, folds, labels) for one, told in said.items()}
    bins = params.evaluate.calibration_bins
    return compare.table(said, found, served, params.select_best, bins)


def _served(winner: Winner) -> compare.Served:
    temperature, abstention = winner.card["temperature"], winner.card["abstention"]
    if abstention is None:
        return compare.Served(temperature, None, [])
    table, seed = winner.tasks[0].table, winner.params.seed
    known = Known(manifest.codes(table), manifest.tested_folds(table))
    each = enumerate(ensemble.side_by_side(winner.tasks, winner.parts))
    found = [without(fold, features, known, seed) for fold, features in each]
    return compare.Served(temperature, abstention, found)


def write_all(winner: Winner, table: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Write the exports that have no fault below a folder; return the table with their `bytes`."""
    source, sizes = winner.source(), [size(winner.bundle / MODEL)]
    for name, fault in zip(table["format"][1:], table["fault"][1:], strict=True):
        with tempfile.TemporaryDirectory(dir=folder) as aside:
            made = Path(aside) / EXPORT_FORMATS[name].file
            write(name, source, made)
            sizes.append(size(made))
            if not fault:
                made.replace(folder / made.name)
    return table.assign(bytes=sizes)


def write_bundle(winner: Winner, row: Row, folder: Path, path: Path) -> None:
    """Write a bundle like the winner's with the export of a row of the table, below a folder.

    Its card says so, with the figures of that format. Raises `BundleError` where it cannot be
    loaded.
    """
    name = str(row["format"])
    with files.replacing(path) as bundle:
        shutil.copytree(winner.bundle, bundle, copy_function=shutil.copyfile)
        if name != FLOAT32:
            shutil.copyfile(folder / EXPORT_FORMATS[name].file, bundle / MODEL)
            told = {key: row[key] for key in ExportedRecord.__annotations__}
            digest = files.sha256(bundle / MODEL)
            card = {**winner.card, "exported": told, "model_sha256": digest}
            files.write_json(bundle / "card.json", card)
        Classifier.load(bundle)


def write_one(winner: Winner, name: str, path: Path) -> pd.DataFrame:
    """Write the winner in one format; return the table of it and float32.

    Raises `CantingError` with the reason, and writes nothing, where it is worse than float32.
    """
    table = compared(winner, [name])
    fault = table["fault"].iloc[-1]
    if fault:
        raise CantingError(
            f"`--format`: expected one that answers as float32 does. Received: {name}, but "
            f"{fault}. Nothing was written; take another format."
        )
    write(name, winner.source(), path)
    return table.assign(bytes=[size(winner.bundle / MODEL), size(path)][-len(table) :])


def chosen(table: pd.DataFrame, choose: str) -> str:
    """Return the format of the bundle: float32, or the smallest of those that are as good."""
    if choose != PREFERRED:
        return FLOAT32
    able = [EXPORT_FORMATS[name].served for name in table["format"]]
    good = table[np.asarray(able) & (table["fault"] == "")]
    return str(good.sort_values("bytes", kind="stable")["format"].iloc[0])


def size(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    parts = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return sum(one.stat().st_size for one in parts)
