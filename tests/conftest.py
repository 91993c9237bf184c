"""What many tests share."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def one_core() -> Iterator[None]:
    """Let what is started inside see one core, its own of each of pytest's workers.

    A stage then trains in its own process: every worker process takes 5 seconds of a core to import
    TensorFlow. The first run of `test_pipeline` keeps all cores.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = sorted(os.sched_getaffinity(0))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    os.sched_setaffinity(0, {cores[worker % len(cores)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def pytest_configure() -> None:
    """Let Ctrl+C be heard by what the tests start, also where the shell put them in the background.

    A shell without job control starts such commands with SIGINT ignored, and their children inherit
    that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the longest files, so that two workers end at about the same time.

    Each worker takes two files to begin with, so a short one comes third. `pytest-xdist` keeps this
    order with `--no-loadscope-reorder` alone; else it starts with the files of the most tests.
    """
    longest = (
        "pipeline study params track_send tune_search train backbones features browser_pages "
        "select_best painter grid_faults predict doctor_dvc service_running evaluate abstention"
    )
    places = {f"test_{name}.py": place for place, name in enumerate(longest.split())}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))
