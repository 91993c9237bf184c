"""Augmented views, the engine, and features that are kept view by view."""

import errno
import io
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from canting.config.sections import Features
from canting.core import files
from canting.models import augmentation
from canting.models.backbones.cut import split
from canting.models.features import compute, cost, drawn, inference, store, trunk
from canting.models.features.compute import Pictures
from canting.models.features.inference import ViewsPart

STILL = Features(
    views=2,
    levels=1,
    test_views=1,
    horizontal_flip=False,
    vertical_flip=False,
    rotation=0.0,
    shear=0.0,
    zoom=0.0,
    shift=0.0,
    crop=1.0,
    perspective=0.0,
    grey=0.0,
    invert=0.0,
    tint=0.0,
    brightness=0.0,
    contrast=0.0,
    blur=0.0,
    jpeg=100,
)
MOVING = STILL.model_copy(
    update={
        "horizontal_flip": True,
        "vertical_flip": True,
        "rotation": 20.0,
        "shear": 0.2,
        "zoom": 0.2,
        "shift": 0.1,
    }
)
SIZE = (64, 80)
IDENTITY = "0123456789abcdef"


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    generator = np.random.default_rng(3)
    coarse = generator.integers(0, 255, (40, 8, 10, 3), dtype=np.uint8)
    array = coarse.repeat(8, axis=1).repeat(8, axis=2)
    return Pictures(array, [files.digest(number) for number in range(len(array))])


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def run(pictures: Pictures, cache: Path, target: Path, settings: Features) -> compute.Cost:
    return compute.compute(
        "efficientnet_lite0", None, pictures, settings, 1, cache=cache, target=target
    )


@pytest.mark.slow
def test_features_agree_with_keras(pictures: Pictures, cache: Path, tmp_path: Path) -> None:
    flipping = MOVING.model_copy(update={"test_views": 4})
    run(pictures, cache, tmp_path / "features", flipping)
    network = split("efficientnet_lite0", None, SIZE).trunk
    assert network is not None
    kept = store.Store(tmp_path / "features")
    assert kept.augmented == 2
    for number in range(3):
        drawn = [
            augmentation.view(picture, number, identity, MOVING, 1)
            for picture, identity in zip(pictures.array, pictures.digests, strict=True)
        ]
        expected = np.asarray(network(np.stack(drawn).astype(np.float32), training=False))
        scale = np.abs(expected).max()
        assert np.abs(kept.view(number) - expected).max() < 1e-4 * scale
    flips = [pictures.array, *(np.flip(pictures.array, axes) for axes in ((2,), (1,), (1, 2)))]
    assert len(kept.test_views) == len(flips)
    for received, flipped in zip(kept.test_views, flips, strict=True):
        expected = np.asarray(network(flipped.astype(np.float32), training=False))
        assert np.abs(received - expected).max() < 1e-4 * np.abs(expected).max()


def test_the_cut_trunk_agrees_with_keras(pictures: Pictures, cache: Path) -> None:
    answer = trunk.load("efficientnet_lite0", "block3_expand_conv", SIZE, cache)
    network = split("efficientnet_lite0", "block3_expand_conv", SIZE).trunk
    assert network is not None
    expected = np.asarray(network(pictures.array[:4].astype(np.float32), training=False))
    received = np.stack([answer(picture) for picture in pictures.array[:4]])
    assert received.shape[1:] == (16, 20, 24)
    assert np.abs(received - expected).max() < 1e-4 * np.abs(expected).max()


def test_only_missing_views_are_made(pictures: Pictures, cache: Path, tmp_path: Path) -> None:
    run(pictures, cache, tmp_path / "a", MOVING)
    before = [path.read_bytes() for path in sorted((tmp_path / "a").glob("*.npy"))]
    assert run(pictures, cache, tmp_path / "a", MOVING).computed_views == 0
    more = MOVING.model_copy(update={"views": 3})
    assert run(pictures, cache, tmp_path / "b", more).computed_views == 1
    other = MOVING.model_copy(update={"rotation": 5.0})
    assert run(pictures, cache, tmp_path / "c", other).computed_views == 2
    after = [path.read_bytes() for path in sorted((tmp_path / "b").glob("*.npy"))]
    assert after[:3] == before


def test_an_interrupted_run_goes_on_and_ends_the_same(
    pictures: Pictures, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of two parts fails at first; the first is not made again."""
    run(pictures, cache, tmp_path / "features", MOVING)
    fresh = tmp_path / "cache"
    shutil.copytree(cache / "trunks", fresh / "trunks")
    genuine, asked, broken = compute.ViewMaker.make, set[int](), True

    def make(self: compute.ViewMaker, number: int, row: int) -> np.ndarray:
        asked.add(row)
        if broken and row >= 32:
            while not list(fresh.glob("parts/*.npz")):
                time.sleep(0.01)
            raise ValueError("no such luck")
        return genuine(self, number, row)

    monkeypatch.setattr(compute.ViewMaker, "make", make)
    with pytest.raises(ValueError, match="no such luck"):
        run(pictures, fresh, tmp_path / "again", MOVING)
    assert not (tmp_path / "again").exists()
    assert not list(fresh.glob("features/*"))
    broken = False
    asked.clear()
    run(pictures, fresh, tmp_path / "again", MOVING)
    assert asked == set(range(32, len(pictures.array)))
    assert not list(fresh.glob("parts/*"))
    names = sorted(path.name for path in (tmp_path / "features").iterdir())
    assert names == ["key.json", "objects.json", "view_000.npy", "view_001.npy", "view_002.npy"]
    for name in names:
        assert (tmp_path / "again" / name).read_bytes() == (
            tmp_path / "features" / name
        ).read_bytes()


@pytest.mark.parametrize("damage", [lambda content: content[:-9], lambda _: b"", bytes.swapcase])
def test_a_damaged_part_is_made_again(
    damage: Callable[[bytes], bytes], pictures: Pictures, cache: Path, tmp_path: Path
) -> None:
    task = ViewsPart(
        compute.ViewMaker(pictures.array, pictures.digests, MOVING, 1),
        trunk.place("efficientnet_lite0", None, SIZE, cache),
        (0, 1),
        range(3),
        "made_for",
        tmp_path,
    )
    trunk.load("efficientnet_lite0", None, SIZE, cache)
    inference.answer_part(task)
    path = tmp_path / task.name
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    with pytest.warns(UserWarning, match="is damaged and is made again"):
        inference.answer_part(task)
    with np.load(path) as again, np.load(io.BytesIO(whole)) as before:
        assert all(np.array_equal(again[name], before[name]) for name in ("0", "1"))


def copied(cache: Path, fresh: Path) -> list[Path]:
    """Copy a cache, so that a test may damage it; return the arrays of its views."""
    shutil.copytree(cache, fresh)
    return sorted((fresh / "features").glob("*.npy"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:50],
        lambda content: content + b"more",
        lambda content: content.replace(b"(40, 1280)", b"(39, 1280)"),
        lambda _: b"",
    ],
    ids=["half", "cut in the header", "too long", "a row less", "empty"],
)
def test_a_damaged_view_is_dropped_with_a_warning_and_made_again(
    damage: Callable[[bytes], bytes], pictures: Pictures, cache: Path, tmp_path: Path
) -> None:
    settings = MOVING.model_copy(update={"views": 0})
    run(pictures, cache, tmp_path / "whole", settings)
    fresh = tmp_path / "cache"
    whole = (tmp_path / "whole" / "view_000.npy").read_bytes()
    (broken,) = [path for path in copied(cache, fresh) if path.read_bytes() == whole]
    broken.write_bytes(damage(whole))
    with pytest.warns(UserWarning, match="is damaged and is made again"):
        made = run(pictures, fresh, tmp_path / "again", settings)
    assert made.computed_views == 1
    assert (tmp_path / "again" / "view_000.npy").read_bytes() == whole


def test_seconds_are_those_of_the_making(pictures: Pictures, cache: Path, tmp_path: Path) -> None:
    """Kept notes are replaced by known ones, so that the sum can be told by hand."""
    run(pictures, cache, tmp_path / "a", MOVING)
    fresh = tmp_path / "cache"
    for path in copied(cache, fresh):
        files.write_json(path.with_suffix(".json"), 1.25)
    assert run(pictures, fresh, tmp_path / "b", MOVING) == (3.75, 0, 3)
    more = run(pictures, fresh, tmp_path / "c", MOVING.model_copy(update={"views": 9}))
    remade = [path for path in (fresh / "features").glob("*.json") if files.read_json(path) != 1.25]
    assert more.computed_views == len(remade) > 0
    times = [files.read_json(path) for path in remade]
    assert more.seconds == pytest.approx(1.25 * (10 - len(remade)) + sum(times), abs=1e-3)
    assert all(0 < seconds < 60 for seconds in times)


def test_a_view_without_its_seconds_is_made_again(
    pictures: Pictures, cache: Path, tmp_path: Path
) -> None:
    run(pictures, cache, tmp_path / "a", MOVING)
    fresh = tmp_path / "cache"
    for path in copied(cache, fresh):
        path.with_suffix(".json").unlink()
    assert run(pictures, fresh, tmp_path / "b", MOVING).computed_views == 3


def test_a_full_disk_is_found_before_a_page_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space"), files.writing(tmp_path / "a", (9, 9), "f4"):
        pytest.fail("there was no room")
    assert list(tmp_path.iterdir()) == []


def test_an_array_takes_its_room_at_once(tmp_path: Path) -> None:
    with files.writing(tmp_path / "a.npy", (1000, 1000), np.float32):
        (aside,) = tmp_path.glob(".*/a.npy")
        assert aside.stat().st_blocks * 512 >= 4_000_000


def test_the_whole_backbone_is_the_trunk_that_is_not_cut(cache: Path, tmp_path: Path) -> None:
    """A cut trunk costs its whole backbone; the trunk that is there is not converted again."""
    trunk.load("efficientnet_lite0", None, SIZE, cache)
    shutil.copytree(cache / "trunks", tmp_path / "trunks")
    file = trunk.whole("efficientnet_lite0", SIZE, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "trunks").iterdir()}
    counted = cost.of_backbone("efficientnet_lite0", SIZE, tmp_path)
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "trunks").iterdir()}
    kept = cost.place("efficientnet_lite0", SIZE, tmp_path)
    assert after.items() - before.items() == {(kept, kept.stat().st_mtime_ns)}
    assert counted.parameters == 3_413_024
    assert counted.model_bytes == file.stat().st_size > 4 * 3_300_000
    assert 0.05 < counted.milliseconds < 500
    file.unlink()
    assert cost.of_backbone("efficientnet_lite0", SIZE, tmp_path) == counted
    assert not file.exists()


def test_a_backbone_trained_from_nothing_keeps_the_pictures(
    pictures: Pictures, tmp_path: Path
) -> None:
    compute.compute("small_cnn", None, pictures, STILL, 1, cache=tmp_path, target=tmp_path / "made")
    kept = drawn.opened(tmp_path / "made")
    assert kept.view(0).dtype == np.uint8
    assert np.array_equal(kept.view(0), pictures.array)
