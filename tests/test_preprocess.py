"""Folds that never split a group, and the decoded array."""

import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from canting.config.params import Params, load
from canting.core.errors import CantingError
from canting.data.manifest import HELD_OUT
from canting.data.near_duplicates import leaked
from canting.data.preprocess import folds
from canting.data.preprocess.decode import decode_all
from canting.data.preprocess.division import divided
from canting.data.preprocess.folds import TooFewGroupsError
from canting.data.preprocess.leakage import leak_of_random_split, leakage
from tests.conftest import ROOT

LABELS = ["a"] * 120 + ["b"] * 60 + ["c"] * 30
GROUPS = np.repeat(np.arange(70), 3)
"""Three pictures a group, groups within a class."""


@pytest.mark.parametrize("hold_out", [0.0, 0.2])
def test_no_group_is_in_two_folds_and_classes_keep_their_shares(hold_out: float) -> None:
    drawn = folds.draw(LABELS, GROUPS, 5, hold_out, seed=1)
    parts = {fold: np.flatnonzero(drawn == fold) for fold in (*range(5), HELD_OUT)}
    assert leaked(GROUPS, drawn) == 0
    assert len(parts[HELD_OUT]) == pytest.approx(hold_out * len(LABELS), abs=6)
    for fold in range(5):
        names = np.asarray(LABELS)[parts[fold]]
        for label, total in (("a", 120), ("b", 60), ("c", 30)):
            assert (names == label).sum() == pytest.approx(total * (1 - hold_out) / 5, abs=3.1)


def test_the_seed_decides_on_the_folds() -> None:
    one, again = (folds.draw(LABELS, GROUPS, 5, 0.2, seed=1) for _ in range(2))
    other = folds.draw(LABELS, GROUPS, 5, 0.2, seed=2)
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_a_class_with_too_few_groups_is_named() -> None:
    labels = ["a"] * 30 + ["rare one"] * 9
    groups = np.concatenate([np.arange(30), np.repeat([100, 101, 102], 3)])
    with pytest.raises(TooFewGroupsError, match=r"3 in class 'rare one'.*`folds: 3` is the most"):
        folds.draw(labels, groups, 5, 0.0, seed=1)
    with pytest.raises(TooFewGroupsError, match=r"hold_out: 0.2.*`folds: 2` is the most"):
        folds.draw(labels, groups, 3, 0.2, seed=1)
    drawn = folds.draw(labels, groups, 3, 0.0, seed=1)
    assert {drawn[row] for row in range(30, 39)} == {0, 1, 2}


def test_a_random_split_leaks_where_there_are_groups() -> None:
    assert leak_of_random_split(LABELS, np.arange(len(LABELS)), 5, 1) == 0
    assert leak_of_random_split(LABELS, GROUPS, 5, 1) > 100


@pytest.fixture
def params(tmp_path: Path) -> Params:
    text = (ROOT / "params.yaml").read_text("utf-8").replace("split: folds ", "split: source")
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    return load(tmp_path / "params.yaml")


def pictures_of(splits: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"label": LABELS, "group": GROUPS, "split": splits})


def test_the_test_part_of_the_source_is_held_out_and_its_leaks_are_counted(params: Params) -> None:
    splits = ["train", "train", "val"] * 70
    drawn = divided(pictures_of(["test", *splits[1:]]), params)
    apart = drawn == HELD_OUT
    assert np.flatnonzero(apart).tolist() == [0]
    assert set(drawn[~apart]) == set(range(5))
    counts = leakage(LABELS, GROUPS, drawn, 5, params.seed)
    assert counts["leaked"] == 3  # the group of the picture that is held out, alone


@pytest.mark.parametrize(
    ("splits", "words"),
    [
        (["train"] * 210, "210 in train"),
        (["test"] * 210, "210 in test"),
        (["test"] * 9 + [""] * 201, "9 in test, 201 in no part"),
        (["train"] * 180 + ["test"] * 30, "only in test: 'c'"),
    ],
)
def test_a_source_without_such_a_split_is_refused(
    params: Params, splits: list[str], words: str
) -> None:
    with pytest.raises(CantingError, match=words):
        divided(pictures_of(splits), params)


def test_two_hold_outs_are_refused(tmp_path: Path, params: Params) -> None:
    assert params.preprocess.split == "source"
    text = (tmp_path / "params.yaml").read_text("utf-8").replace("hold_out: 0.0", "hold_out: 0.2")
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CantingError, match=r"`preprocess\.hold_out`: expected 0"):
        load(tmp_path / "params.yaml")


COLLECTIONS = np.repeat(["phones", "museum"], 105)
"""The first 35 groups are of phones, the others of the museum."""

MIXED = ["a", "b", "c"] * 70
"""Every class is in both."""


def by_collections(folds: int = 2) -> Params:
    changed = load(ROOT / "params.yaml")
    preprocess = changed.preprocess.model_copy(update={"split": "collections"})
    return changed.model_copy(update={"folds": folds, "preprocess": preprocess})


def of_collections(labels: list[str], names: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"label": labels, "group": GROUPS, "collection": names})


def test_each_collection_is_left_out_once_with_its_near_duplicates() -> None:
    names = COLLECTIONS.copy()
    names[0] = "museum"  # one of a group of three: the two others are of phones
    drawn = divided(of_collections(MIXED, names), by_collections())
    assert np.array_equal(drawn, np.where(COLLECTIONS == "museum", 0, 1))
    assert leaked(GROUPS, drawn) == 0


@pytest.mark.parametrize(
    ("labels", "names", "folds", "words"),
    [
        (MIXED, np.repeat([""], 210), 2, "two or more. Received: one. Name several in `fetch.sou"),
        (MIXED, COLLECTIONS, 5, r"`folds`: expected 2, one for each .*museum, phones.*: 5. Set"),
        (["a", "b"] * 60 + ["c"] * 90, COLLECTIONS, 2, "'c' has none in phones"),
        (MIXED, np.tile(["museum", "museum", "phones"], 70), 2, "'a' has none in phones; 'b' has"),
    ],
)
def test_collections_that_cannot_be_left_out_are_refused(
    labels: list[str], names: np.ndarray, folds: int, words: str
) -> None:
    with pytest.raises(CantingError, match=words):
        divided(of_collections(labels, names), by_collections(folds))


def painted(folder: Path, count: int) -> list[str]:
    generator = np.random.default_rng(0)
    (folder / "a").mkdir(parents=True)
    paths = [f"a/{number:03d}.png" for number in range(count)]
    for path in paths:
        Image.fromarray(generator.integers(0, 255, (40, 50, 3), dtype=np.uint8)).save(folder / path)
    return paths


def test_rows_are_in_the_order_of_the_paths(tmp_path: Path) -> None:
    paths = painted(tmp_path, 9)[::-1]
    decode_all(tmp_path, paths, (40, 50), tmp_path / "out.npy")
    array = np.load(tmp_path / "out.npy", mmap_mode="r")
    for row, path in zip(array, paths, strict=True):
        assert np.array_equal(row, np.asarray(Image.open(tmp_path / path)))


@pytest.mark.slow
def test_memory_stays_flat(tmp_path: Path) -> None:
    paths = painted(tmp_path, 30)
    decode_all(tmp_path, paths, (256, 256), tmp_path / "warm.npy")
    tracemalloc.start()
    decode_all(tmp_path, paths * 20, (256, 256), tmp_path / "out.npy")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "out.npy").stat().st_size > 100e6
    assert peak < 25e6


def test_a_picture_that_broke_since_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    paths = painted(tmp_path / "raw", 3)
    (tmp_path / "raw" / paths[1]).write_bytes(b"gone")
    with pytest.raises(CantingError, match=r"`a/001.png` changed after it was validated"):
        decode_all(tmp_path / "raw", paths, (40, 50), tmp_path / "out.npy")
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]
