"""Views of pictures through a trunk, kept view by view."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from canting.core import arrays, files, parallel
from canting.core.params import Features
from canting.core.source import code_digest
from canting.features import store, trunk
from canting.features.augment import view
from canting.features.kept import Kept

CHUNK = 32
"""Pictures a task: small enough to balance the cores, large enough to hide the overhead."""


@dataclass(frozen=True)
class Pictures:
    """Decoded pictures, `(n, height, width, 3) uint8`, and the SHA-256 of each one's file."""

    array: npt.NDArray[np.uint8]
    digests: Sequence[str]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.array.shape[1], self.array.shape[2]


class Task(NamedTuple):
    """One view of some rows."""

    view: int
    rows: range


class Cost(NamedTuple):
    """What the features of one trunk took.

    `seconds` on all cores for all `views`, each when it was made, the conversion of the trunk with
    the first; `computed_views` of them in this run.
    """

    seconds: float
    computed_views: int
    views: int


def compute(
    backbone: str,
    fine_tune_from: str | None,
    pictures: Pictures,
    settings: Features,
    seed: int,
    *,
    cache: Path,
    target: Path,
) -> Cost:
    """Write the features of one trunk to `target`; views that `cache` holds are not made again."""
    name = store.slug(backbone, fine_tune_from)
    made_from = (
        trunk.key(backbone, fine_tune_from, pictures.size),
        files.digest(list(pictures.digests)),
        code_digest("features", "pictures", "preprocess/decode"),
    )
    numbers = [*range(settings.views + 1), *range(-1, -settings.test_views, -1)]
    keys = [_key(made_from, number, settings, seed) for number in numbers]
    places = [Kept(cache / "features" / f"{key}.npy") for key in keys]
    kept = dict(zip(numbers, places, strict=True))
    missing = [n for n, one in kept.items() if not one.is_whole(len(pictures.array))]
    if missing:
        start = time.perf_counter()
        answer = trunk.load(backbone, fine_tune_from, pictures.size, cache)
        draw = partial(_answers, pictures, answer, settings, seed)
        _fill(draw, pictures, missing, kept, name, start)
    _collect(kept, files.digest(keys), target)
    return Cost(round(sum(one.seconds() for one in places), 3), len(missing), len(kept))


def _key(made_from: tuple[str, ...], number: int, settings: Features, seed: int) -> str:
    if number == 0:
        return files.digest(made_from)
    if number < 0:
        return files.digest(made_from, number)
    drawn_by = settings.model_dump(exclude={"views", "test_views"})
    return files.digest(made_from, number, drawn_by, seed)


def _answers(
    pictures: Pictures, answer: trunk.Answer, settings: Features, seed: int, task: Task
) -> npt.NDArray[Any]:
    views = (
        view(pictures.array[row], task.view, pictures.digests[row], settings, seed)
        for row in task.rows
    )
    return np.stack([answer(picture) for picture in views])


def _fill(
    draw: Any,
    pictures: Pictures,
    missing: list[int],
    kept: dict[int, Kept],
    name: str,
    start: float,
) -> None:
    tasks = list(_tasks(missing, len(pictures.array)))
    chunks = parallel.run(draw, tasks, label=f"features {name}", total=len(tasks))
    with ExitStack() as closing:
        array: npt.NDArray[Any] | None = None
        for task, chunk in zip(tasks, chunks, strict=True):
            place = kept[task.view]
            if array is None:
                shape = (len(pictures.array), *chunk.shape[1:])
                array = closing.enter_context(arrays.writing(place.array, shape, chunk.dtype))
            array[task.rows.start : task.rows.stop] = chunk
            if task.rows.stop == len(array):
                closing.pop_all().close()
                array, end = None, time.perf_counter()
                place.finish(end - start)
                start = end


def _tasks(missing: list[int], count: int) -> Iterator[Task]:
    for number in missing:
        for start in range(0, count, CHUNK):
            yield Task(number, range(start, min(start + CHUNK, count)))


def _collect(kept: dict[int, Kept], key: str, target: Path) -> None:
    with files.replacing(target) as aside:
        aside.mkdir()
        for number, one in kept.items():
            one.link(store.view_path(aside, number))
        files.write_json(aside / "key.json", key)
