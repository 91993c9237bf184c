"""What many tests share."""

import gc
import os
import signal
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache, partialmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from coverage import Coverage
from ruamel.yaml import YAML

from canting.core import runtime

if TYPE_CHECKING:
    from tests.service_fixtures import Server

runtime.prepare()

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared"
"""Real pictures and weights, kept beside the project and never in it."""


def real(path: str) -> Path:
    """Return a path under the real data, or skip with a clear word."""
    if not (REAL / path).exists():
        pytest.skip(f"needs {path} in the folder `shared` beside the project")
    return REAL / path


def slow(*values: object) -> list[Any]:
    """Return values, or tuples of values, as parameters that only `make test-all` takes."""
    rows = [value if isinstance(value, tuple) else (value,) for value in values]
    return [pytest.param(*row, marks=pytest.mark.slow) for row in rows]


@cache
def _parsed(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


class ParsedOnce:
    """Stands for `YAML(typ="safe", pure=True)`, and parses each text once a worker."""

    def __init__(self, **_: object) -> None:
        pass

    def load(self, text: str) -> Any:
        return deepcopy(_parsed(text))


@pytest.fixture(scope="session", autouse=True)
def texts_are_parsed_once() -> Iterator[None]:
    """Parse `params.yaml` and `dvc.lock` once: half a second for the lock, in every report."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("canting.config.params", "canting.documents.provenance"):
            patch.setattr(f"{name}.YAML", ParsedOnce)
        yield


@cache
def _written() -> Any:
    return YAML().load(ROOT / "params.yaml")


def project_params() -> Any:
    """Return what `params.yaml` holds, with its comments, to be changed and written."""
    return deepcopy(_written())


@pytest.fixture
def batik() -> Path:
    return real("data/batik")


@pytest.fixture
def trashnet() -> Path:
    return real("data/trashnet")


@pytest.fixture(scope="session")
def usual(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[Server]":
    """Yield one server with the usual settings, for all tests that leave it as it is.

    It stands here, as pytest makes a fixture that is imported into a module anew for each.
    """
    from tests.service_fixtures import bundles, running

    with running(tmp_path_factory.mktemp("usual"), bundles(pytestconfig) / "best") as one:
        yield one


@contextmanager
def eagerly() -> Iterator[None]:
    """Let models train without a graph: to trace one takes longer than a short training.

    For tests of what stands around the trainings; those of a training itself trace it.
    """
    import keras

    compile_ = partialmethod(keras.Model.compile, run_eagerly=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "compile", compile_)
        yield


@contextmanager
def in_time(seconds: float = 60) -> Iterator[None]:
    """Fail where what is inside ends so late that no limit of its own has ended it.

    Limits are of seconds; the rest is for a machine that does much else.
    """
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure branches in quick tests alone: to measure takes a third of the time again."""
    measuring = Coverage.current()
    if measuring is None or item.get_closest_marker("slow") is None:
        return (yield)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)  # for the programs that it starts
        measuring.stop()
        try:
            return (yield)
        finally:
            measuring.start()


def pytest_collection_finish() -> None:
    """Keep what was imported out of the rounds of the garbage collector: Keras starts many."""
    gc.collect()
    gc.freeze()


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


def pytest_configure(config: pytest.Config) -> None:
    """Let Ctrl+C be heard by what the tests start, also where the shell put them in the background.

    A shell without job control starts such commands with SIGINT ignored, and their children inherit
    that.
    """
    config.pluginmanager.register(LeftOut(config))
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the longest files.

    `--dist loadfile` keeps the tests of a file on one worker, so that its fixtures are made once.
    Two workers end at about the same time where the short files come last; `pytest-xdist` keeps
    this order with `--no-loadscope-reorder` alone.
    """
    places = {f"test_{name}.py": place for place, name in enumerate(LONGEST.split())}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


LONGEST = (
    "cluster pipeline browser_pages report all_layers backbones device service_running backup "
    "keras_backends service_decoders tune_search clean features unknown validate_gate "
    "service_visitors other cards_written train metrics select_best own_network service_api crops "
    "pull_request_parts keys corruptions repeats_scores remedies service_access service_limits "
    "tune_ledger validate_expectations doctor_space epochs lock doctor_checks pages_http "
    "collections_chosen grid_faults workflows_run fetch_hub_faults ensemble history_faults "
    "near_duplicates review_page ending service_connections service_fuzz costs subfolder "
    "classifier_signature drift_history fetch_kaggle branches predict abstention service_uploads "
    "other_documents study browser_axe page_browser page_pixels browser_review registry_promote "
    "pictures doctor_data ensemble_documents compare_runs deploy docs_commands track_send painter "
    "docs_site history_outage package_serve evaluate"
)
"""Files of tests in the order in which they are started."""


class LeftOut:
    """Tells at the end how many slow tests were left out, also where workers collected them."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._count = 0

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self._count += sum(item.get_closest_marker("slow") is not None for item in items)

    def pytest_sessionfinish(self) -> None:
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput["left_out"] = self._count

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        told = getattr(node, "workeroutput", {})
        self._count = max(self._count, told.get("left_out", 0))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._count:
            terminalreporter.write_line(f"{self._count} slow tests left out: make test-all")
