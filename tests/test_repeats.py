"""Repeated draws of the folds: what is drawn, what is trained, and what is kept."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from canting.cli.clean import needed
from canting.config.params import Params, load
from canting.core import costs, files
from canting.data.manifest import HELD_OUT
from canting.data.near_duplicates import leaked
from canting.data.preprocess.division import divided, fold_table
from canting.models.features import store
from canting.models.train import fold, grid
from tests.conftest import ROOT, eagerly, one_core
from tests.test_params import edited, refused

GROUPS = np.repeat(np.arange(60), 2)
LABELS = np.asarray(["a", "b", "c"])[GROUPS % 3]
CHANNELS, VIEWS = 8, 2


def params(repeats: int, split: str = "folds", **changes: object) -> Params:
    """Return parameters of three folds; a hold-out goes with `folds` alone."""
    whole = load(ROOT / "params.yaml")
    preprocess = whole.preprocess.model_copy(
        update={"split": split, "hold_out": 0.2 if split == "folds" else 0.0}
    )
    fixed = {"folds": 3, "repeats": repeats, "preprocess": preprocess, "epochs": (2,)}
    return whole.model_copy(update={**fixed, **changes})


def manifest() -> pd.DataFrame:
    """Return pictures in groups of two; the last group is the source's test part."""
    return pd.DataFrame(
        {
            "path": [f"{number:03d}.jpg" for number in range(len(GROUPS))],
            "label": LABELS,
            "group": GROUPS,
            "split": np.where(GROUPS > 53, "test", "train"),
            "collection": np.asarray(["museum", "phone", "web"])[GROUPS // 3 % 3],
            "sha256": [files.digest(number) for number in range(len(GROUPS))],
        }
    )


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "2", None, [1, 2]])
def test_only_whole_numbers_from_one_are_repeats(tmp_path: Path, wrong: object) -> None:
    message = refused(tmp_path, repeats=wrong)
    assert "`repeats`: expected" in message
    assert f"Received: {wrong!r}" in message


def test_studies_need_not_name_it(tmp_path: Path) -> None:
    path = edited(tmp_path)
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join(line for line in lines if not line.startswith("repeats:")), "utf-8")
    assert load(path).repeats == load(ROOT / "params.yaml").repeats == 1


@pytest.mark.parametrize("split", ["folds", "source"])
def test_every_draw_is_another_and_holds_out_the_same(split: str) -> None:
    ours = params(3, split)
    table = fold_table(manifest(), ours)
    assert list(table) == ["path", "label", "group", "fold", "fold_2", "fold_3"]
    pd.testing.assert_frame_equal(table.iloc[:, :4], fold_table(manifest(), params(1, split)))
    assert np.array_equal(table["fold"], divided(manifest(), ours))
    draws = [table[name].to_numpy() for name in ("fold", "fold_2", "fold_3")]
    apart = draws[0] == HELD_OUT
    assert 0 < apart.sum() < len(table) / 2
    for place, drawn in enumerate(draws):
        assert np.array_equal(drawn == HELD_OUT, apart)
        assert leaked(GROUPS[~apart], drawn[~apart]) == 0
        counts = pd.crosstab(table["label"][~apart], drawn[~apart])
        assert counts.to_numpy().max() - counts.to_numpy().min() <= 6
        assert not any(np.array_equal(drawn, other) for other in draws[:place])


def test_collections_are_the_same_folds_in_every_draw() -> None:
    once, often = (fold_table(manifest(), params(count, "collections")) for count in (1, 3))
    pd.testing.assert_frame_equal(once, often)
    tasks = grid.drawn_tasks(params(2, "collections"), often, Path(), Path())
    first, second = tasks[0].task, tasks[3].task
    assert (tasks[3].draw, second.fold) == (2, first.fold)
    assert np.array_equal(second.table["fold"], first.table["fold"])
    assert second.params.seed != first.params.seed


def test_a_draw_has_a_seed_of_its_own_and_nothing_else() -> None:
    ours = params(4)
    assert ours.of_draw(1) is ours
    seeds = [ours.of_draw(draw).seed for draw in range(1, 5)]
    assert len(set(seeds)) == 4
    assert all(0 <= seed < 2**32 for seed in seeds)
    assert ours.of_draw(2).model_copy(update={"seed": ours.seed}) == ours


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write features in which classes overlap a little."""
    folder = tmp_path_factory.mktemp("features") / "efficientnet_lite0"
    folder.mkdir()
    generator = np.random.default_rng(0)
    centres = generator.normal(0, 1, (3, CHANNELS))[GROUPS % 3]
    for number in range(VIEWS + 1):
        array = centres + generator.normal(0, 1.5, centres.shape)
        np.save(store.view_path(folder, number), array.astype(np.float32))
    files.write_json(folder / "key.json", "made by the test")
    return folder.parent


def test_what_is_kept_of_the_first_draw_is_that_of_one_draw(features: Path, tmp_path: Path) -> None:
    once, often = params(1, optimizer=("adam", "sgd")), params(3, optimizer=("adam", "sgd"))
    few = grid.drawn_tasks(once, fold_table(manifest(), once), features, tmp_path)
    many = grid.drawn_tasks(often, fold_table(manifest(), often), features, tmp_path)
    assert [one.draw for one in many] == 2 * [1, 1, 1, 2, 2, 2, 3, 3, 3]
    paths = [fold.path(one.task) for one in many]
    assert [fold.path(one.task) for one in few] == [
        path for path, one in zip(paths, many, strict=True) if one.draw == 1
    ]
    assert len(set(paths)) == 18


def test_clean_leaves_the_trainings_of_all_draws(features: Path, tmp_path: Path) -> None:
    ours = params(2)
    found = needed.pictures(ours, manifest())
    tasks = [one.task for one in grid.drawn_tasks(ours, found.table, features, tmp_path)]
    stores = dict.fromkeys((task.scenario.trunk for task in tasks), "made by the test")
    kept = set(needed._trainings(ours, found, stores, tmp_path))
    assert {fold.path(task) for task in tasks} < kept
    assert len(kept) == 2 * 3 + 1 + 3  # draws × folds, on all, without each collection


@pytest.mark.slow
@one_core()
@eagerly()
def test_further_draws_are_trained_once_and_change_nothing_of_the_first(
    features: Path, tmp_path: Path
) -> None:
    once, twice = params(1), params(2)
    first = grid.train(once, fold_table(manifest(), once), features, tmp_path)
    assert first.repeats.empty
    assert list(first.costs) == ["scenario", "fold", "seconds", "cpu_seconds"]
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "train").glob("*.npz")}
    assert len(kept) == 3
    table = fold_table(manifest(), twice)
    both = grid.train(twice, table, features, tmp_path)
    assert all(path.stat().st_mtime_ns == written for path, written in kept.items())
    for name in ("scenarios", "predictions", "curves"):
        pd.testing.assert_frame_equal(getattr(both, name), getattr(first, name))
    again = both.repeats
    assert list(again) == [*both.predictions, "repeat"]
    assert set(again["repeat"]) == {2}
    inside = table[table["fold"] != HELD_OUT].set_index("path")
    assert sorted(again["path"]) == sorted(inside.index)
    assert again["fold"].tolist() == inside["fold_2"].loc[again["path"]].tolist()
    assert both.costs["repeat"].tolist() == [1, 1, 1, 2, 2, 2]
    lost = [path for path in (tmp_path / "train").glob("*.npz") if path not in kept]
    lost[0].unlink()  # as if a run had been killed before it was written
    rest = {path: path.stat().st_mtime_ns for path in (tmp_path / "train").glob("*.npz")}
    pd.testing.assert_frame_equal(grid.train(twice, table, features, tmp_path).repeats, again)
    assert all(path.stat().st_mtime_ns == written for path, written in rest.items())
    assert lost[0].exists()


def test_seconds_are_of_the_draws_that_are_there(tmp_path: Path) -> None:
    curves, again = (tmp_path / path for path in costs.MEASURED_FOR["train"])
    files.write_text(curves, "epoch,loss\n1,0.5\n")
    costs.note("train", tmp_path)
    files.write_text(again, "a second draw")
    assert not costs.known("train", tmp_path)
    again.unlink()
    assert costs.known("train", tmp_path)
