"""Work and memory that grow with the pictures and no faster: counted, not timed."""

import os
import subprocess
import sys
import threading
from collections import defaultdict
from configparser import ConfigParser
from pathlib import Path, PurePosixPath
from time import sleep
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from canting.core import runtime
from canting.data.fetch.copies import copies
from canting.data.fetch.copying import targets
from canting.data.near_duplicates import connection, groups
from canting.data.near_duplicates.signature import LENGTH
from canting.data.near_duplicates.sketch import RECORD
from canting.data.preprocess import decode
from tests.conftest import ROOT
from tests.dvc_called import dvc
from tests.sketches_run import signatures


def comparisons(monkeypatch: pytest.MonkeyPatch, count: int, alike: bool) -> int:
    """Return how many pairs of so many pictures are compared."""
    calls = []

    def same(*pair: Any) -> bool:
        calls.append(pair)
        return alike

    monkeypatch.setattr(connection, "same", same)
    roots = connection.connect(signatures(count), np.zeros(1, RECORD), np.zeros(count, np.int64))
    assert len(np.unique(roots)) == (1 if alike else count)
    return len(calls)


def test_different_pictures_are_compared_with_a_few_each(monkeypatch: pytest.MonkeyPatch) -> None:
    few, many = (comparisons(monkeypatch, count, alike=False) for count in (500, 4000))
    assert few <= 500 * connection.NEIGHBOURS
    assert many / few < 8**1.2


def test_copies_of_one_picture_are_compared_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    few, many = (comparisons(monkeypatch, count, alike=True) for count in (500, 4000))
    assert few < 500 * 8
    assert many / few < 8**1.2


def test_sketches_lie_in_files_and_not_in_memory(tmp_path: Path) -> None:
    """In a process of its own, in which nothing else takes memory."""
    count = 3000
    run = [sys.executable, "-m", "tests.sketches_run", str(tmp_path), str(count)]
    told = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    # a signature has 1238 bytes and a record 34,820; what stays are neighbours and digests
    in_chunk = groups.CHUNK * LENGTH * 2
    assert int(told) - in_chunk < 1000 * count
    assert not list(tmp_path.iterdir())


def test_a_full_disk_ends_the_search_for_near_duplicates_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"):
        groups.group(tmp_path, ["not read"], tmp_path)


class Slow(np.ndarray[Any, Any]):
    """An array on a slow disk."""

    def __setitem__(self, row: Any, value: Any) -> None:
        """Write a row, slowly."""
        sleep(0.002)
        super().__setitem__(row, value)


def test_no_decoded_picture_waits_for_a_slow_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive, most, lock = set[int](), [0], threading.Lock()

    class Row(np.ndarray[Any, Any]):
        def __del__(self) -> None:
            alive.discard(id(self))

    def row(*_: Any) -> npt.NDArray[np.uint8]:
        made = np.zeros((8, 8, 3), np.uint8).view(Row)
        with lock:
            alive.add(id(made))
            most[0] = max(most[0], len(alive))
        return made

    written = np.lib.format.open_memmap
    monkeypatch.setattr(
        np.lib.format, "open_memmap", lambda *given, **more: written(*given, **more).view(Slow)
    )
    monkeypatch.setattr(Slow, "flush", lambda _: None, raising=False)
    monkeypatch.setattr(decode, "_row", row)
    decode.decode_all(tmp_path, ["a"] * 300, (8, 8), tmp_path / "out.npy")
    assert most[0] <= 2 * runtime.cores()


class Listed:
    """A source of pictures that is only listed: ten in each folder of the same name."""

    def __init__(self, folders: int) -> None:
        self.pictures = {
            PurePosixPath(f"c{folder % 10}/s{folder}/images/{number}.jpg"): folder
            for folder in range(folders)
            for number in range(10)
        }


def looks(monkeypatch: pytest.MonkeyPatch, folders: int) -> int:
    """Return how often the parts of a path are looked at until all pictures have a name."""
    source, count = Listed(folders), [0]
    inside = defaultdict(list)
    for path in source.pictures:
        inside[path.parent].append(path)
    parts = PurePosixPath.parts.fget  # type: ignore[attr-defined]

    def counted(path: PurePosixPath) -> tuple[str, ...]:
        count[0] += 1
        return tuple(parts(path))

    with monkeypatch.context() as patch:
        patch.setattr(PurePosixPath, "parts", property(counted))
        assert copies(source, inside) == {}  # type: ignore[arg-type]
        names = targets({path: path.parts[0] for path in source.pictures})
    assert len(set(names.values())) == len(source.pictures)
    return count[0]


def test_many_folders_of_one_name_are_looked_at_a_few_times_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few, many = (looks(monkeypatch, folders) for folders in (50, 400))
    assert many / few < 8**1.2


def test_dvc_keeps_one_copy_of_what_lies_in_a_folder(tmp_path: Path) -> None:
    """With `reflink` or `copy` first, it takes a copy for a reflink, and links no file anew."""
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "view.npy").write_bytes(b"features")
    config = ConfigParser()
    config.read(Path(__file__).parents[1] / ".dvc" / "config", encoding="utf-8")
    kinds = config["cache"]["type"].strip('"')
    for command in (["init", "--no-scm"], ["config", "cache.type", kinds], ["add", "made"]):
        assert dvc(tmp_path, *command, "--quiet").returncode == 0
    assert (tmp_path / "made" / "view.npy").stat().st_nlink == 2
