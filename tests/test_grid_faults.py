"""Faults in the grid: what is missing is trained, what is kept is not, and the tables agree."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from canting.config.params import Params, load
from canting.config.stage import stage
from canting.core import files, parallel
from canting.models.features import store
from canting.models.train import grid
from canting.models.train.fold import FoldTask
from canting.models.train.grid import Tables
from tests.conftest import ROOT, eagerly, one_core

PICTURES, CHANNELS, FOLDS = 60, 8, 2
TARGETS = np.arange(PICTURES) % 3


@pytest.fixture(scope="module", autouse=True)
def alone() -> Iterator[None]:
    with one_core(), eagerly():
        yield


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("features") / "efficientnet_lite0"
    folder.mkdir()
    generator = np.random.default_rng(0)
    centres = generator.normal(0, 1, (3, CHANNELS))
    for number in range(3):
        array = centres[TARGETS] + generator.normal(0, 1, (PICTURES, CHANNELS))
        np.save(store.view_path(folder, number), array.astype(np.float32))
    files.write_json(folder / "key.json", "made by the test")
    return folder.parent


def params(**changes: object) -> Params:
    base = load(ROOT / "params.yaml").model_copy(update={"folds": FOLDS, "epochs": (2,)})
    return base.model_copy(update={"optimizer": ("adam", "sgd"), **changes})


def train(settings: Params, features: Path, cache: Path) -> Tables:
    names = [f"{number}.jpg" for number in range(PICTURES)]
    table = pd.DataFrame(
        {
            "path": names,
            "label": np.asarray(["a", "b", "c"])[TARGETS],
            "group": np.arange(PICTURES),
            "fold": np.arange(PICTURES) // 3 % FOLDS,
        }
    )
    return grid.train(settings, table, features, cache)


@pytest.fixture(scope="module")
def whole(features: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tables, Path]:
    """Return the tables of two scenarios, and the cache that holds their outcomes."""
    cache = tmp_path_factory.mktemp("cache")
    return train(params(), features, cache), cache


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record which scenario and fold is trained, and not taken from the cache."""
    names: list[str] = []
    genuine = parallel.silent

    def run(function: object, tasks: list[FoldTask], **options: object) -> Iterator[object]:
        names.extend(f"{task.scenario.optimizer} {task.fold}" for task in tasks)
        return genuine(function, tasks, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(parallel, "silent", run)
    return names


def assert_equal(one: Tables, other: Tables) -> None:
    """Compare all tables, costs too: a kept outcome keeps its seconds."""
    for name, table in one._asdict().items():
        pd.testing.assert_frame_equal(table, getattr(other, name))


def of(tables: Tables, *optimizers: str) -> Tables:
    """Return the rows of some scenarios."""
    keys = tables.scenarios
    names = set(keys["scenario"][keys["optimizer"].isin(optimizers)])
    rows = (table[table["scenario"].isin(names)].reset_index(drop=True) for table in tables[:4])
    assert tables.repeats.empty
    return tables._replace(**dict(zip(Tables._fields[:4], rows, strict=True)))


def test_nothing_is_trained_twice(
    whole: tuple[Tables, Path], features: Path, trained: list[str]
) -> None:
    assert_equal(train(params(), features, whole[1]), whole[0])
    assert trained == []


def test_another_scenario_trains_only_itself(
    whole: tuple[Tables, Path], features: Path, trained: list[str], tmp_path: Path
) -> None:
    shutil.copytree(whole[1], tmp_path / "cache")
    more = train(params(optimizer=("nadam", "adam", "sgd")), features, tmp_path / "cache")
    assert trained == ["nadam 0", "nadam 1"]
    assert_equal(of(more, "adam", "sgd"), whole[0])
    assert more.scenarios["optimizer"].tolist() == ["nadam", "adam", "sgd"]
    fewer = train(params(optimizer=("sgd",)), features, tmp_path / "cache")
    assert len(trained) == 2
    assert_equal(fewer, of(whole[0], "sgd"))


@pytest.mark.parametrize("damage", [lambda content: content[:-200], lambda _: b""])
def test_a_damaged_outcome_alone_is_trained_again(
    damage: object,
    whole: tuple[Tables, Path],
    features: Path,
    trained: list[str],
    tmp_path: Path,
) -> None:
    shutil.copytree(whole[1], tmp_path / "cache")
    broken = sorted((tmp_path / "cache" / "train").iterdir())[1]
    broken.write_bytes(damage(broken.read_bytes()))  # type: ignore[operator]
    with pytest.warns(UserWarning, match=f"{broken.name}` is damaged and is made again"):
        tables = train(params(), features, tmp_path / "cache")
    assert len(trained) == 1
    for name in ("scenarios", "predictions", "curves"):
        pd.testing.assert_frame_equal(getattr(tables, name), getattr(whole[0], name))


def test_the_seed_decides(whole: tuple[Tables, Path], features: Path, tmp_path: Path) -> None:
    same = train(params(optimizer=("sgd",)), features, tmp_path)
    other = train(params(optimizer=("sgd",), seed=1), features, tmp_path)
    ours = of(whole[0], "sgd")
    pd.testing.assert_frame_equal(same.predictions, ours.predictions)
    pd.testing.assert_frame_equal(same.curves, ours.curves)
    assert not other.predictions.equals(same.predictions)
    assert other.predictions["path"].equals(same.predictions["path"])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_scenario_that_diverges_stops_no_other(
    whole: tuple[Tables, Path], features: Path, tmp_path: Path
) -> None:
    rates = {"optimizer": ("sgd",), "learning_rate": (3e38, 1e-3)}
    tables = train(params(**rates), features, tmp_path)
    assert "the loss became nan in epoch" in tables.scenarios["failure"][0]
    assert tables.scenarios["failure"][1] == ""
    counted = tables.costs.groupby("scenario", sort=False)["seconds"].agg(["count", "min"])
    assert counted["count"].tolist() == [FOLDS, FOLDS]
    assert (counted["min"] > 0).all()
    good = tables.scenarios["scenario"][1]
    predictions = tables.predictions[tables.predictions["scenario"] == good]
    ours = of(whole[0], "sgd").predictions
    pd.testing.assert_frame_equal(predictions.reset_index(drop=True), ours)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("optimizer", "nadm", "adadelta, adafactor, "),
        ("dropout", 1.5, "a number below 1"),
        ("folds", 1, "a number of at least 2"),
        ("learning_rate", "1e-4", "It is text: write the number without quotes"),
        ("colour", 3, "`colour`: no such key"),
    ],
)
def test_a_wrong_value_stops_a_stage_before_it_begins(
    key: str,
    value: object,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    yaml = YAML()
    content = yaml.load(ROOT / "params.yaml")
    content[key] = value
    yaml.dump(content, tmp_path / "params.yaml")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught, stage("train"):
        pytest.fail("the stage began")
    told = str(caught.value)
    assert told.startswith("train: `params.yaml` cannot be used. Nothing was run.")
    assert f"`{key}`" in told
    assert words in told
