"""Every format's answers to all out-of-fold pictures, each kept under all that decides on it."""

import tempfile
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt

from canting.config.columns import FOLD
from canting.config.exports import EXPORT_FORMATS, FLOAT32
from canting.core import files, parallel
from canting.core.cache import read_whole
from canting.core.keys import code_key
from canting.data.manifest import HELD_OUT
from canting.evaluation.ensemble.graph import joined
from canting.evaluation.export.convert import ExportSource, write
from canting.evaluation.export.run import runner
from canting.evaluation.select_best import refit
from canting.imaging.pictures import Pixels
from canting.models.export import export
from canting.models.features.compute import Pictures
from canting.models.train import fold, grid
from canting.models.train.fold import FoldTask


class ExportedAnswers(NamedTuple):
    """What the model of a fold answers in one format to the pictures it was trained without.

    `rows` `(n,)` of the table of folds, `logits` `(n, classes)`, `pooled` `(n, channels)`.
    """

    rows: npt.NDArray[np.int64]
    logits: npt.NDArray[np.float32]
    pooled: npt.NDArray[np.float32]


class FoldModel:
    """The winner's model of one fold, its members' `tasks` joined by `scales`.

    Of the fold `HELD_OUT`, it is the one that is shipped. It is built when a format asks for it.
    """

    def __init__(
        self,
        tasks: Sequence[FoldTask],
        scales: Sequence[float],
        pictures: Pictures,
        calibration: int,
    ) -> None:
        """Take the number of pictures, of the training part, that calibrate integers."""
        self._tasks, self._scales = tasks, scales
        self._pictures, self._calibration = pictures, calibration

    def answers(self, name: str) -> ExportedAnswers:
        """Return the answers in a format, which are kept."""
        path = self._path(name)
        found = read_whole(path, _read)
        return self._answered(name, path) if found is None else found

    @cached_property
    def source(self) -> ExportSource:
        """What exports of it are made from."""
        with tempfile.TemporaryDirectory() as folder:
            export(self._model, Path(folder) / "model.tflite")
            return self.converted((Path(folder) / "model.tflite").read_bytes())

    def converted(self, content: bytes) -> ExportSource:
        """Return what exports of it are made from, given its LiteRT file."""
        return ExportSource(content, lambda: self._model, self._calibrating)

    @cached_property
    def _model(self) -> keras.Model:
        tails = [fold.rebuilt(task, grid.loaded(task).weights) for task in self._tasks]
        models = [refit.whole(task, tail) for task, tail in zip(self._tasks, tails, strict=True)]
        return joined(models, self._scales)

    def _path(self, name: str) -> Path:
        trained = [fold.path(task).stem for task in self._tasks]
        said = self._calibration if not EXPORT_FORMATS[name].exact else 0
        made_from = files.digest(name, trained, [*self._scales], said, code_key(FoldModel))
        return self._tasks[0].cache / "export" / f"{trained[0]}-{made_from[:16]}.npz"

    def _calibrating(self) -> list[Pixels]:
        """Return pictures of the training part: those with the smallest digests."""
        folds, digests = self._tasks[0].table[FOLD].to_numpy(), self._pictures.digests
        train = np.flatnonzero((folds != HELD_OUT) & (folds != self._tasks[0].fold))
        chosen = sorted(train.tolist(), key=lambda row: digests[row])[: self._calibration]
        return [self._pictures.array[row] for row in sorted(chosen)]

    def _answered(self, name: str, path: Path) -> ExportedAnswers:
        rows = grid.loaded(self._tasks[0]).rows
        label = f"export {name}, fold {self._tasks[0].fold + 1}"
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / EXPORT_FORMATS[name].file
            write(name, self.source, file)
            answer = runner(name, file)
            asked = (self._pictures.array[row] for row in rows)
            said = list(parallel.run(_without_map(answer), asked, label=label, total=len(rows)))
        found = ExportedAnswers(rows, *map(np.stack, zip(*said, strict=True)))
        with files.replacing(path) as aside, aside.open("wb") as written:
            np.savez(written, **found._asdict())
        return found


def _without_map(answer: Any) -> Any:
    def both(picture: Pixels) -> tuple[Any, Any]:
        said = answer(picture)
        return said["logits"], said["pooled"]

    return both


def _read(path: Path) -> ExportedAnswers:
    with path.open("rb") as file, np.load(file) as content:
        return ExportedAnswers(*(content[name] for name in ExportedAnswers._fields))


def of_folds(models: Iterable[FoldModel], names: Sequence[str]) -> dict[str, list[ExportedAnswers]]:
    """Return each format's answers, a fold each, float32 first; models come one at a time."""
    every = list(dict.fromkeys([FLOAT32, *names]))
    found: dict[str, list[ExportedAnswers]] = {name: [] for name in every}
    for model in models:
        for name in every:
            found[name].append(model.answers(name))
    return found
