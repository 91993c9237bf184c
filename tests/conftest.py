"""What many tests share."""

from pathlib import Path

import pytest

from canting.core import runtime

runtime.prepare()

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared"
"""Real pictures and weights, kept beside the project and never in it."""


def real(path: str) -> Path:
    """Return a path under the real data, or skip with a clear word."""
    if not (REAL / path).exists():
        pytest.skip(f"needs {path} in the folder `shared` beside the project")
    return REAL / path


@pytest.fixture
def batik() -> Path:
    return real("data/batik")


@pytest.fixture
def trashnet() -> Path:
    return real("data/trashnet")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the longest files, so that two workers end at about the same time.

    Each worker takes two files to begin with, so a short one comes third.
    """
    longest = "pipeline study params train backbones features select_best painter"
    places = {f"test_{name}.py": place for place, name in enumerate(longest.split())}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))
