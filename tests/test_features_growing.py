"""Views that grow part by part: seconds of all parts, one copy on the disk, kills at any time."""

import errno
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from canting.core import files, parallel
from canting.core.cluster.storage import Storage
from canting.core.errors import CantingError
from canting.models.features import compute, inference
from canting.models.features.compute import Cost, Pictures
from canting.models.features.growing import GrowingView
from canting.models.features.inference import ViewsPart
from tests.conftest import ROOT
from tests.test_features import MOVING, SIZE

COUNT, FIRST = 40, 32
"""Pictures, which are two parts, and the first row of the second."""


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    array = np.random.default_rng(5).integers(0, 255, (COUNT, *SIZE, 3), dtype=np.uint8)
    return Pictures(array, [files.digest(number) for number in range(COUNT)])


def made(pictures: Pictures, cache: Path, storage: Path | None = None, views: int = 1) -> Cost:
    settings = MOVING.model_copy(update={"views": views})
    with parallel.on(None, Storage(str(storage)) if storage else None):
        return compute.compute(
            *("efficientnet_lite0", None, pictures, settings, 1),
            cache=cache,
            target=cache.with_name(f"{cache.name} made"),
        )


@pytest.fixture(scope="module")
def whole(pictures: Pictures, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache with two whole views."""
    cache = tmp_path_factory.mktemp("whole") / "cache"
    made(pictures, cache)
    return cache


@pytest.fixture
def fresh(whole: Path, tmp_path: Path) -> Path:
    """Return a cache with nothing but the trunk."""
    shutil.copytree(whole / "trunks", tmp_path / "cache" / "trunks")
    return tmp_path / "cache"


def views(cache: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (cache / "features").glob("*.npy")}


def seconds(cache: Path) -> list[float]:
    return [files.read_json(path) for path in sorted((cache / "features").glob("*.json"))]


def left(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / "parts").glob("*"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Return the rows that pictures are made of."""
    rows, genuine = set[int](), compute.ViewMaker.make

    def make(self: compute.ViewMaker, number: int, row: int) -> np.ndarray:
        rows.add(row)
        return genuine(self, number, row)

    monkeypatch.setattr(compute.ViewMaker, "make", make)
    return rows


def half(pictures: Pictures, cache: Path) -> None:
    """Make the first part; the next one fails when that is in both views."""
    genuine = GrowingView.add

    def add(self: GrowingView, rows: range, *given: object) -> None:
        if rows.start:
            raise ZeroDivisionError
        genuine(self, rows, *given)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(GrowingView, "add", add)
        made(pictures, cache)
    for path in (cache / "parts").glob("*.npz"):
        path.unlink()


def test_seconds_are_those_of_all_parts_whichever_run_made_them(
    pictures: Pictures, whole: Path, fresh: Path, asked: set[int]
) -> None:
    """Those of the first run are replaced by known ones, so that the sum can be told by hand."""
    half(pictures, fresh)
    noted = sorted((fresh / "parts").glob("*.jsonl"))
    assert len(noted) == 2
    for path in noted:
        (line,) = [json.loads(line) for line in path.read_text().splitlines()]
        assert 0 < line["seconds"] < 60
        path.write_text(json.dumps({**line, "seconds": 1000.0}) + "\n")
    asked.clear()
    cost = made(pictures, fresh)
    assert asked == set(range(FIRST, COUNT))
    assert all(1000 < one < 1060 for one in seconds(fresh))
    assert cost.seconds == pytest.approx(sum(seconds(fresh)), abs=2e-3)
    assert views(fresh) == views(whole)
    assert left(fresh) == []


def test_what_a_storage_holds_brings_its_seconds(
    pictures: Pictures, whole: Path, fresh: Path, asked: set[int]
) -> None:
    storage = fresh.with_name("storage")
    shutil.copytree(whole / "features", storage / "features")
    for number, path in enumerate(sorted(storage.rglob("*.json"))):
        files.write_json(path, 500.0 + number)
    assert made(pictures, fresh, storage) == Cost(1001.0, 0, 2)
    assert not asked
    more = made(pictures, fresh, storage, views=2)
    assert (more.computed_views, more.views) == (1, 3)
    assert 1001 < more.seconds < 1061
    assert {name: content for name, content in views(fresh).items() if name in views(whole)} == (
        views(whole)
    )


@pytest.mark.parametrize("kind", ["npy", "json"])
def test_half_a_view_in_a_storage_is_none(
    kind: str, pictures: Pictures, whole: Path, fresh: Path
) -> None:
    storage = fresh.with_name("storage")
    shutil.copytree(whole / "features", storage / "features")
    next(storage.rglob(f"*.{kind}")).unlink()
    assert made(pictures, fresh, storage).computed_views == 1
    assert views(fresh) == views(whole)


def test_a_damaged_view_of_a_storage_is_dropped_there_and_made_again(
    pictures: Pictures, whole: Path, fresh: Path
) -> None:
    storage = fresh.with_name("storage")
    shutil.copytree(whole / "features", storage / "features")
    broken = next(storage.rglob("*.npy"))
    broken.write_bytes(broken.read_bytes()[:300])
    with pytest.warns(UserWarning, match="is damaged and is made again"):
        assert made(pictures, fresh, storage).computed_views == 1
    assert views(fresh) == views(whole)
    assert not broken.exists()
    assert not broken.with_suffix(".json").exists()


def torn(lines: Path) -> None:
    lines.write_text(lines.read_text()[:-9])


def unended(lines: Path) -> None:
    lines.write_text(lines.read_text()[:-1])


def blank(lines: Path) -> None:
    array = np.load(lines.with_suffix(".npy"), mmap_mode="r+")
    array[FIRST - 1] = 0


def cut(lines: Path) -> None:
    array = lines.with_suffix(".npy")
    array.write_bytes(array.read_bytes()[:-1])


def other(lines: Path) -> None:
    np.save(lines.with_suffix(".npy"), np.zeros((COUNT - 1, 3), np.float32))


def gone(lines: Path) -> None:
    lines.with_suffix(".npy").unlink()


def unnoted(lines: Path) -> None:
    lines.unlink()


@pytest.mark.parametrize("damage", [torn, unended, blank, cut, other, gone, unnoted])
@pytest.mark.filterwarnings("ignore:.*is damaged and is made again")
def test_what_is_not_wholly_written_counts_as_never_written(
    damage: Callable[[Path], None],
    pictures: Pictures,
    whole: Path,
    fresh: Path,
    asked: set[int],
) -> None:
    """Twice: what the next run writes after it is whole, too."""
    half(pictures, fresh)
    damage(next((fresh / "parts").glob("*.jsonl")))
    half(pictures, fresh)
    asked.clear()
    made(pictures, fresh)
    assert asked == set(range(FIRST, COUNT))
    assert views(fresh) == views(whole)
    assert left(fresh) == []


def test_at_most_a_part_is_on_the_disk_twice(
    pictures: Pictures, fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The array that grows becomes the view, and a part goes before the next one is put into it."""
    grown, genuine = set[int](), GrowingView.add

    def add(self: GrowingView, rows: range, *given: object) -> None:
        earlier = [f"-{start:09d}.npz" for start in range(0, rows.start, FIRST)]
        assert not [name for name in left(fresh) if name.endswith(tuple(earlier))]
        genuine(self, rows, *given)  # type: ignore[arg-type]
        grown.add(self.array.stat().st_ino)

    monkeypatch.setattr(GrowingView, "add", add)
    made(pictures, fresh)
    assert grown == {path.stat().st_ino for path in (fresh / "features").glob("*.npy")}
    assert len(grown) == 2


def test_a_full_disk_is_no_damaged_part(
    pictures: Pictures, fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space"):
        made(pictures, fresh)
    assert not (fresh / "features").exists()


def shortened(content: bytes) -> bytes:
    return content[:-100]


def a_row_less(content: bytes) -> bytes:
    with np.load(io.BytesIO(content)) as part:
        return saved({name: array[1:] if array.ndim else array for name, array in part.items()})


def narrower(content: bytes) -> bytes:
    with np.load(io.BytesIO(content)) as part:
        return saved({name: array[:, 1:] if array.ndim else array for name, array in part.items()})


def without_seconds(content: bytes) -> bytes:
    with np.load(io.BytesIO(content)) as part:
        return saved({name: array for name, array in part.items() if array.ndim})


def saved(arrays: dict[str, npt.NDArray[np.float32]]) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


@pytest.mark.parametrize(
    "damage", [shortened, a_row_less, narrower, without_seconds, lambda _: b"", bytes.swapcase]
)
def test_a_damaged_part_of_a_storage_is_dropped_there_and_made_again(
    damage: Callable[[bytes], bytes],
    pictures: Pictures,
    whole: Path,
    fresh: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second part: a node left it there, and the run was killed before it came home."""
    storage, genuine = fresh.with_name("storage"), ViewsPart.makes
    half(pictures, fresh)
    names: list[str] = []

    def makes(self: ViewsPart) -> list[str]:
        if not names:
            inference.answer_part(self)
            here, there = fresh / self.name, storage / self.name
            there.parent.mkdir(parents=True)
            there.write_bytes(damage(here.read_bytes()))
            here.unlink()
            names.append(self.name)
        return genuine(self)

    monkeypatch.setattr(ViewsPart, "makes", makes)
    with pytest.warns(UserWarning, match=r"parts/.* is damaged and is made again"):
        made(pictures, fresh, storage)
    assert views(fresh) == views(whole)
    assert names
    assert not (storage / names[0]).exists()


def test_parts_that_come_damaged_each_time_are_an_error(
    pictures: Pictures, fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def answered(task: ViewsPart) -> None:
        tries.append(task.rows.start)
        files.write_text(task.cache / task.name, "no part")

    monkeypatch.setattr(inference, "answer_part", answered)
    told = pytest.raises(CantingError, match=r"`parts/.*expected a whole part.*3 times\. Look")
    with told, pytest.warns(UserWarning, match="is damaged"):
        made(pictures, fresh)
    assert sorted(tries) == [0, 0, 0, FIRST, FIRST, FIRST]


@pytest.mark.slow
def test_killed_before_any_change_of_a_file_it_goes_on_to_the_same_views(
    whole: Path, tmp_path: Path
) -> None:
    """Every part that was whole stays, and what is left over takes no room."""
    run = [sys.executable, "-m", "tests.growing_run", str(whole / "trunks"), str(tmp_path)]
    told = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    kills = [json.loads(line) for line in told.stdout.splitlines()]
    assert len(kills) > 20
    assert all(one["same"] for one in kills)
    assert (kills[0]["made"], kills[-1]["made"]) == (3, 0)
    left = [name for one in kills for name in one["left"]]
    assert all(".aside-" in name or name.endswith(".jsonl") for name in left)
