"""Keys of what is kept: they change with all that decides on the bytes, and with nothing else."""

import shutil
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pandas as pd
import pytest

from canting.config.params import load
from canting.core import frames, keys
from canting.core.closure import (
    SOURCE,
    closure,
    computed_with,
    imported,
    is_only_described,
    module_files,
)
from canting.evaluation.corruptions import measure
from canting.evaluation.corruptions.measure import Cell
from canting.models.augmentation import CropAndFlip
from canting.models.features import compute, cost, trunk
from canting.models.train import fold
from canting.models.tune import search
from canting.models.tune.task import SearchTask
from tests import tune_data
from tests.conftest import ROOT

Key = Callable[[], object]

NETWORK, SIZE, HERE = "efficientnet_lite0", (32, 32), Path()


def view() -> object:
    settings = load(ROOT / "params.yaml").features
    return compute.Views(NETWORK, None, SIZE, ["digest"], settings, 1).keys


def converted() -> object:
    return trunk.place(NETWORK, None, SIZE, HERE)


def counted() -> object:
    return cost.place(NETWORK, SIZE, HERE)


def trained() -> object:
    params = load(ROOT / "params.yaml")
    scenario = params.scenarios()[0]
    return fold.place(fold.FoldTask(scenario, 0, params, tune_data.table(), HERE, HERE), "features")


def changed() -> object:
    return measure.places("trunk", ["digest"], [(Cell("crop", 0.5), CropAndFlip())], 1, HERE)


def tried() -> object:
    params, table = load(ROOT / "params.yaml"), tune_data.table()
    task = SearchTask("random", "adam", 0, 0, params, table, table["fold"].to_numpy(), HERE, HERE)
    return search.place(task, dict.fromkeys(task.stores, "features"))


KINDS: tuple[Key, ...] = (view, converted, counted, trained, changed, tried)

FAR: list[tuple[Key, str]] = [
    (view, "imaging/photometric.py"),
    (view, "imaging/pictures.py"),
    (view, "data/preprocess/decode.py"),
    (view, "models/backbones/torch_file.py"),
    (converted, "models/backbones/table.py"),
    (counted, "models/backbones/multiply_adds.py"),
    (trained, "models/train/batches.py"),
    (trained, "bundle/logits.py"),
    (changed, "evaluation/corruptions/changes.py"),
    (changed, "data/preprocess/decode.py"),
    (changed, "models/augmentation.py"),
    (tried, "data/preprocess/folds.py"),
    (tried, "models/scores.py"),
    (tried, "models/train/trainer.py"),
]
"""A key, and a module that is run for what it stands for, though perhaps far away."""

IDLE = (
    "documents/render.py",
    "config/sections.py",
    "documents/cards/write.py",
    "evaluation/plots/figure.py",
    "bundle/card.py",
    "__init__.py",
)
"""Modules that no kind computes with; types of parameters among them, whose values are in keys."""

DECIDING: list[tuple[Key, str]] = [
    (view, "pillow"),
    (view, "opencv-python-headless"),
    (view, "ai-edge-litert"),
    (view, "numpy"),
    (converted, "tensorflow-cpu"),
    (converted, "keras"),
    (counted, "ai-edge-litert"),
    (trained, "keras"),
    (trained, "tensorflow-cpu"),
    (trained, "scikit-learn"),
    (changed, "pillow"),
    (changed, "opencv-python-headless"),
    (tried, "optuna"),
    (tried, "keras"),
    (tried, "scikit-learn"),
]


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    keys.code_key.cache_clear()
    yield
    keys.code_key.cache_clear()


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the source, from which keys are made."""
    only = shutil.ignore_patterns("__pycache__", "static", "templates")
    shutil.copytree(SOURCE / "canting", tmp_path / "canting", ignore=only)
    monkeypatch.setattr(keys, "SOURCE", tmp_path)
    return tmp_path


def edit(source: Path, name: str) -> None:
    path = source / "canting" / name
    path.write_text(path.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")
    keys.code_key.cache_clear()


def give(monkeypatch: pytest.MonkeyPatch, distribution: str) -> None:
    """Have another version of a distribution."""
    installed = metadata.version
    monkeypatch.setattr(
        metadata, "version", lambda name: "0.0" if name == distribution else installed(name)
    )
    keys.code_key.cache_clear()


@pytest.mark.parametrize(("key", "name"), FAR)
def test_a_module_that_is_only_reached_through_others_counts(
    key: Key, name: str, source: Path
) -> None:
    before = key()
    edit(source, name)
    assert key() != before


def test_a_module_that_computes_nothing_of_it_does_not_count(source: Path) -> None:
    before = [key() for key in KINDS]
    for name in IDLE:
        edit(source, name)
    assert [key() for key in KINDS] == before


@pytest.mark.parametrize(("key", "distribution"), DECIDING)
def test_another_version_is_another_key(
    key: Key, distribution: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = key()
    give(monkeypatch, distribution)
    assert key() != before


def test_another_library_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [key() for key in KINDS]
    give(monkeypatch, "optuna")
    assert [key() for key in KINDS[:-1]] == before[:-1]
    give(monkeypatch, "mlflow")
    assert [key() for key in KINDS[:-1]] == before[:-1]


@pytest.mark.parametrize("key", [trained, tried])
def test_what_keras_computes_with_counts(key: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    before = key()
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    keys.code_key.cache_clear()
    assert key() != before


def test_code_outside_of_the_project_has_no_key() -> None:
    with pytest.raises(LookupError, match="shutil"):
        keys.code_key(shutil.copy)


def write(folder: Path, **texts: str) -> Path:
    """Write a project of a few modules."""
    (folder / "canting").mkdir()
    (folder / "canting" / "__init__.py").write_text('"""A project."""\n')
    for name, text in texts.items():
        (folder / "canting" / f"{name}.py").write_text(text)
    return folder


def names(folder: Path, imports: Callable[[Path], list[str]]) -> set[str]:
    found = closure(module_files("canting.start", folder), folder, imports)
    return {path.stem for path in found.files} - {"__init__"} | found.others


def test_imports_for_annotations_alone_are_run_but_compute_nothing(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        start="from typing import NamedTuple\nfrom canting import one, idle\n"
        "from canting.two import TYPE\nfrom canting.fields import KIND\nimport canting.effect\n"
        "class Row(NamedTuple):\n    kind: TYPE\n    other: 'idle.Type'\n"
        "class Checked(Model):\n    kind: KIND\n"
        "def f(a: TYPE) -> TYPE:\n    b: idle.Type = one.g(a)\n    import numpy\n    return b\n",
        one="from canting.deep import h\ng = h\n",
        **dict.fromkeys(("two", "idle", "fields", "effect", "deep"), "import PIL\n"),
    )
    computing = {"start", "one", "deep", "fields", "effect", "numpy", "PIL", "typing"}
    assert names(folder, computed_with) == computing
    assert names(folder, imported) == computing | {"two", "idle"}


def test_a_file_that_only_hands_on_names_computes_nothing(tmp_path: Path) -> None:
    hands_on = '"""Words."""\ndef __getattr__(name: str) -> object:\n    return name\n'
    folder = write(tmp_path, one=hands_on, two=hands_on + "def f() -> int:\n    return 1\n")
    told = [is_only_described(folder / "canting" / f"{name}.py") for name in ("one", "two")]
    assert told == [True, False]


def test_the_digest_of_a_table_is_of_its_content_and_is_made_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Though another table takes the place in memory of one that is gone."""
    written, genuine = [], pd.DataFrame.to_csv

    def to_csv(table: pd.DataFrame, *given: object, **named: object) -> object:
        written.append(tuple(table))
        return genuine(table, *given, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(pd.DataFrame, "to_csv", to_csv)
    for number in range(50):
        table = pd.DataFrame({"path": ["a", str(number)], "fold": [0, 1]})
        digests = [frames.digest(table, "path", "fold") for _ in range(9)]
        digests += [frames.digest(table.copy(), "path", "fold")]
        assert len(set(digests)) == 1
        others = [frames.digest(table, "path"), frames.digest(table.assign(fold=0), "path", "fold")]
        assert len({digests[0], *others}) == 3
        assert written == [("path", "fold"), ("path", "fold"), ("path",), ("path", "fold")]
        written.clear()
