"""`canting clean`: what no parameter needs goes, all else stays."""

import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from canting.cli.clean import needed, remove
from canting.config.catalog import CORRUPTIONS
from canting.config.params import Params, load
from canting.core import cache as core_cache
from canting.core import files
from canting.core.errors import CantingError
from canting.data.manifest import HELD_OUT
from canting.evaluation.corruptions import measure
from canting.evaluation.other import answers
from canting.models.augmentation import CropAndFlip
from canting.models.features import compute, cost, drawn, store, trunk
from canting.models.features.cache import CachedView
from canting.models.features.growing import GrowingView
from canting.models.train import checkpoint, fold, outcome
from canting.models.tune import search, study
from canting.models.tune.records import SearchRecord, Trial, TunedSetting
from tests.conftest import slow
from tests.test_params import edited

PICTURES, SIZE = 24, (32, 32)
FEW = [name for name in CORRUPTIONS if name not in ("grey", "invert")]
NEEDED = {*remove.KINDS} - {"export", "parts", "predict"}
"""Folders of what parameters can need; `canting predict` has none, exports that of a training."""

SMALL: dict[str, Any] = {
    "backbone": "efficientnet_lite0",
    "image_size": list(SIZE),
    "folds": 2,
    "features__views": 1,
    "tune__method": ["random"],
    "tune__outer_folds": 2,
    "tune__inner_folds": 2,
    "corruptions__leave_out": FEW,
}


@cache
def converted() -> bytes:
    """Return the trunk, converted once for all tests."""
    with tempfile.TemporaryDirectory() as folder:
        trunk.load("efficientnet_lite0", None, SIZE, Path(folder))
        return trunk.place("efficientnet_lite0", None, SIZE, Path(folder)).read_bytes()


def params(folder: Path, **changes: Any) -> Params:
    return load(edited(folder, **{**SMALL, **changes}))


def manifest() -> pd.DataFrame:
    numbers = np.arange(PICTURES)
    return pd.DataFrame(
        {
            "path": [f"{number}.jpg" for number in numbers],
            "label": np.asarray(["a", "b", "c"])[numbers % 3],
            "group": numbers,
            "collection": "data",
            "sha256": [files.digest(int(number)) for number in numbers],
        }
    )


def trunks(settings: Params, folder: Path) -> Path:
    """Return where a run with these parameters has its features, linked to what is kept."""
    return folder / f"features of seed {settings.seed}"


OTHER = [files.digest("other", number) for number in range(3)]
"""Digests of pictures that nothing is trained on."""


def fill(settings: Params, folder: Path) -> None:
    """Keep what a run keeps: real views and changed pictures, trainings and a search as made up."""
    found = needed.pictures(settings, manifest(), OTHER)
    array = np.random.default_rng(0).integers(0, 256, (PICTURES, *SIZE, 3), dtype=np.uint8)
    pictures = compute.Pictures(array, found.digests)
    (scenario,) = settings.scenarios()
    features = trunks(settings, folder) / store.slug(*scenario.trunk)
    kept = trunk.place("efficientnet_lite0", None, SIZE, folder / "cache")
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(converted())
    asked = (*scenario.trunk, pictures, settings.features, settings.seed)
    compute.compute(*asked, cache=folder / "cache", target=features)
    others = compute.Pictures(array[: len(OTHER)], OTHER)
    answers.features(settings, others, folder / "others", folder / "cache")
    asked_key = drawn.opened(folder / "others" / store.slug(*scenario.trunk)).key
    shutil.rmtree(folder / "others")
    for number in (0, 1, HELD_OUT):
        task = fold.FoldTask(scenario, number, settings, found.table, features, folder / "cache")
        none = np.zeros(0)
        made = outcome.FoldOutcome(none, none, {}, 1.0, 1.0, "", [])  # type: ignore[arg-type]
        outcome.save(fold.path(task), made)
        if number != HELD_OUT:
            place = answers.place(folder / "cache", fold.path(task), asked_key)
            place.parent.mkdir(exist_ok=True)
            np.save(place, none)
    rows = measure.measured_rows(found.table, found.digests, settings.corruptions.pictures)
    cells = measure.measured_cells(settings.corruptions.leave_out)
    wanted = measure.Changed(pictures, rows, cells, [CropAndFlip()], settings.seed)
    measure.answers(*scenario.trunk, wanted, folder / "cache")
    for searched in study.tasks(settings, found.table, trunks(settings, folder), folder / "cache"):
        record = SearchRecord(search.path(searched))
        record.add(Trial({"dropout": 0.1}, [(1, 0.5)], "complete", 1.0, 1.0))
        record.end(TunedSetting(0, {}, {}, 1.0, 1.0))
    files.write_text(cost.place(scenario.backbone, SIZE, folder / "cache"), "{}")


def state(settings: Params, folder: Path) -> Path:
    """Keep half a training of the first fold; return its state."""
    found = needed.pictures(settings, manifest())
    (scenario,) = settings.scenarios()
    made_of = settings.features, settings.seed
    features = compute.Views(*scenario.trunk, SIZE, found.digests, *made_of).key
    task = fold.FoldTask(scenario, 0, settings, found.table, folder, folder / "cache")
    path = fold.place(task, features).with_suffix(".state")
    checkpoint.write(path, checkpoint.NOTHING._replace(epochs=3))
    checkpoint.note_epochs(path, 3)
    return path


def plan(settings: Params, folder: Path) -> remove.Plan:
    places = needed.needed(settings, needed.pictures(settings, manifest(), OTHER), folder / "cache")
    return remove.plan(folder / "cache", places)


def paths(folder: Path) -> set[Path]:
    return {path for path in (folder / "cache").rglob("*") if path.is_file()}


def test_all_that_a_run_kept_is_needed(tmp_path: Path) -> None:
    settings = params(tmp_path)
    fill(settings, tmp_path)
    found = plan(settings, tmp_path)
    assert (found.idle, found.unfinished) == ([], [])
    assert {one.folder for one in found.needed} == NEEDED
    assert {path for one in found.needed for path in one.paths} == paths(tmp_path)


@pytest.mark.parametrize(
    ("change", "folders"),
    [
        ({"epochs": 7}, {"train", "other"}),
        *slow(
            ({"train__mixup": 0.3}, {"train", "other", "tune"}),
            ({"tune__epochs": 9}, {"tune"}),
            ({"corruptions__pictures": 2}, {"corruptions"}),
            ({"corruptions__leave_out": [*FEW, "grey"]}, {"corruptions"}),
        ),
        ({"image_size": [32, 48]}, NEEDED),
        ({"features__views": 0}, {"features", "train", "other", "tune"}),
        *slow(
            ({"folds": 3}, {"train", "other"}),
            ({"epochs": [7, 30], "optimizer": ["sgd", "nadam"]}, {"train", "other"}),
        ),
        ({"evaluate__misclassified": 3}, set()),
    ],
)
def test_what_another_parameter_needs_not_goes_and_nothing_else(
    change: dict[str, Any], folders: set[str], tmp_path: Path
) -> None:
    fill(params(tmp_path), tmp_path)
    other = params(tmp_path, **change)
    before, found = paths(tmp_path), plan(other, tmp_path)
    assert {one.folder for one in found.idle} == folders
    remove.remove(found.idle)
    gone = {path for one in found.idle for path in one.paths}
    assert paths(tmp_path) == before - gone
    assert {path for one in found.needed for path in one.paths} == before - gone


def test_a_list_of_values_needs_what_each_of_them_needs(tmp_path: Path) -> None:
    for epochs in (3, 4):
        fill(params(tmp_path, epochs=epochs), tmp_path)
    assert plan(params(tmp_path, epochs=[3, 4]), tmp_path).idle == []


@pytest.mark.slow
def test_the_unfinished_is_named_apart(tmp_path: Path) -> None:
    mine, other = params(tmp_path), params(tmp_path, seed=5)
    for settings in (mine, other):
        fill(settings, tmp_path)
    for settings in (mine, other):
        path = state(settings, tmp_path)
        path.with_suffix(".npz").unlink()
    found = plan(mine, tmp_path)
    (half,) = found.unfinished
    assert half.paths == (path.with_suffix(".epochs"), path)
    assert half.frees == sum(one.stat().st_size for one in half.paths)
    told = remove.as_text(found, unfinished=False)
    assert (
        "Unfinished views, trainings and searches of other parameters, and predictions: 1, "
        f"{half.frees / 1e6:.1f} MB" in told
    )
    assert "trainings: 2," in told
    assert "trainings: 3," in remove.as_text(found, unfinished=True)
    remove.remove([*found.idle, *found.unfinished])
    assert plan(mine, tmp_path).needed == found.needed


def test_a_killed_search_is_unfinished_until_it_has_its_score(tmp_path: Path) -> None:
    place = tmp_path / "cache" / "tune" / "some.json"
    trial = Trial({"dropout": 0.1}, [(1, 0.5)], "complete", 1.0, 1.0)
    SearchRecord(place).add(trial)
    (one,) = remove.plan(tmp_path / "cache", ()).unfinished
    assert one.paths == (place,)
    SearchRecord(place).end(TunedSetting(0, {}, {}, 1.0, 1.0))
    (one,) = remove.plan(tmp_path / "cache", ()).idle
    assert one.paths == (place,)


def test_a_part_of_a_table_stays_until_the_unfinished_goes(tmp_path: Path) -> None:
    place = tmp_path / "cache" / "predict" / "some.json"
    files.write_text(place, "[]")
    found = remove.plan(tmp_path / "cache", ())
    assert found == remove.Plan([], [], [remove.CacheEntry("predict", (place,))], [])
    assert "answers for many files: 0," in remove.as_text(found, unfinished=False)
    assert "answers for many files: 1," in remove.as_text(found, unfinished=True)
    remove.remove(found.unfinished)
    assert not place.exists()


def test_answers_of_exports_go_with_their_training(tmp_path: Path) -> None:
    for name in ("train/ours.npz", "export/ours-1.npz", "export/ours-2.npz", "export/old-1.npz"):
        files.write_text(tmp_path / "cache" / name, "")
    found = remove.plan(tmp_path / "cache", {tmp_path / "cache" / "train" / "ours.npz"})
    assert {one.paths[0].name for one in found.needed} == {"ours.npz", "ours-1.npz", "ours-2.npz"}
    assert [one.paths[0].name for one in found.idle] == ["old-1.npz"]
    assert "answers of exports: 1," in remove.as_text(found, unfinished=False)


def test_a_whole_network_needs_its_trainings_and_one_view_to_compare_by(tmp_path: Path) -> None:
    settings = params(tmp_path, fine_tune_from="all")
    fill(settings, tmp_path)
    found = plan(settings, tmp_path)
    assert {one.folder for one in found.needed} == NEEDED - {"corruptions"}
    assert {path for one in found.needed for path in one.paths} == paths(tmp_path)


def test_bytes_that_a_link_holds_are_not_freed(tmp_path: Path) -> None:
    fill(params(tmp_path), tmp_path)
    settings = params(tmp_path)
    found = (tmp_path / "cache" / "features").glob("*.npy")
    view = next(one for one in found if one.stat().st_nlink == 2)
    kept = remove.CacheEntry("features", (view,))
    assert kept.frees == 0
    shutil.rmtree(trunks(settings, tmp_path))
    assert kept.frees == view.stat().st_size


def test_downloads_runs_that_wait_and_the_lock_stay(tmp_path: Path) -> None:
    for name in ("kaggle/a.zip", "kaggle/.a.zip.0123abcd", "outbox/1/about.json", "lock.sqlite"):
        files.write_text(tmp_path / "cache" / name, "")
    assert remove.plan(tmp_path / "cache", ()) == remove.Plan([], [], [], [])


def test_a_view_that_grows_is_needed_where_the_whole_one_is(tmp_path: Path) -> None:
    places = [tmp_path / "cache" / "features" / f"{name}.npy" for name in ("ours", "old")]
    for one in places:
        GrowingView(CachedView(one), 3).add(range(1), np.zeros((1, 2), np.float32), 1.0)
    found = remove.plan(tmp_path / "cache", places[:1])
    (needed,), (other,) = found.needed, found.unfinished
    assert [path.name for path in needed.paths] == ["ours.jsonl", "ours.npy"]
    assert [path.name for path in other.paths] == ["old.jsonl", "old.npy"]
    remove.remove(found.unfinished)
    assert {path.name for path in paths(tmp_path)} == {"ours.jsonl", "ours.npy"}


COPYING = """
import sys, time
from pathlib import Path
from canting.core import cache, files
from canting.core.cluster import storage
kept = Path(sys.argv[1])
with cache.used(kept), files.replacing(kept / "train" / "one.npz") as aside:
    aside.write_bytes(bytes(1000))
    with storage._aside(kept / "features" / "two.npy") as beside:
        beside.write_bytes(bytes(500))
        print("in", flush=True)
        time.sleep(600)
"""


def test_what_a_killed_process_was_writing_goes_when_no_other_writes(tmp_path: Path) -> None:
    """As long as it lives, nothing is removed."""
    kept = tmp_path / "cache"
    files.write_text(kept / "features" / ".two.npy.lock", "")
    with subprocess.Popen(
        [sys.executable, "-c", COPYING, kept], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in\n"
        with pytest.raises(CantingError, match="A stage is running"), core_cache.unused(kept):
            pass
        process.kill()
    with core_cache.unused(kept):
        found = remove.plan(kept, ())
        assert [path.parent.name for path in found.left] == ["features", "train"]
        told = remove.as_text(found, unfinished=False)
        assert "Half-written, by processes that no longer run: 2, 0.0 MB" in told
        remove.remove((), found.left)
    assert {path.name for path in paths(tmp_path)} == {".two.npy.lock", "lock.sqlite"}
    assert not list((kept / "train").iterdir())


def holder(folder: Path) -> subprocess.Popen[str]:
    """Start a process that uses a folder until it is killed."""
    script = (
        "import sys, time; from pathlib import Path; from canting.core.cache import used\n"
        "with used(Path(sys.argv[1])): print('in', flush=True); time.sleep(600)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, folder], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "in\n"
    return process


def test_nothing_is_removed_while_stages_run_and_a_killed_one_holds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = [holder(tmp_path), holder(tmp_path)]
    for process in running:
        with pytest.raises(CantingError, match="A stage is running"), core_cache.unused(tmp_path):
            pass
        process.kill()
        process.communicate()
    monkeypatch.setattr(core_cache, "PATIENCE", 0.1)
    held = pytest.raises(CantingError, match="held by `canting clean`")
    with core_cache.unused(tmp_path), held, core_cache.used(tmp_path):
        pass
