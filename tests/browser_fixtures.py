"""A site with a history, really served, and a real browser that looks at it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from canting.core import files
from canting.serving.service.history import Entry, NewEntry, open_history
from tests.conftest import ROOT
from tests.service_fixtures import COLOURS, LABELS, Server, bundle, encoded, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["browser", "bundle", "site", "site_bundle"]

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SCREENSHOTS = ROOT / "build" / "screenshots"
HOSTILE = "<img src=x onerror=alert(1)>\"'.jpg"
KEPT = 30
"""Entries of the history at the start: two pages."""

FIGURES = {"accuracy": 0.8916, "macro_precision": 0.89, "macro_recall": 0.89, "macro_f1": 0.8877}
INTERVAL = {
    "accuracy_mean": 0.8911, "accuracy_mean_low": 0.8512, "accuracy_mean_high": 0.9214,
    "confidence": 0.95, "pictures": 1300,
}  # fmt: skip


@pytest.fixture(scope="session")
def site_bundle(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bundle with samples and figures, not to be changed."""
    folder = tmp_path_factory.mktemp("site") / "best"
    shutil.copytree(bundle, folder)
    for label in LABELS:
        (folder / "samples" / label).mkdir(parents=True)
        (folder / "samples" / label / "1.jpg").write_bytes(cloth(COLOURS[label]))
    card = files.read_json(folder / "card.json")
    classes = [
        {"label": label, "precision": 0.9, "recall": 0.88, "f1": 0.89, "support": 1300}
        for label in LABELS
    ]
    figures = {**FIGURES, **INTERVAL, "classes": classes}
    learned = {"source": "data", "pictures": 1300, "painted": True}
    files.write_json(
        folder / "card.json", {**card, "out_of_fold": figures, "learned_from": learned}
    )
    return folder


@pytest.fixture(scope="session")
def site(site_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a server whose history has `KEPT` entries."""
    folder = tmp_path_factory.mktemp("history")
    digest = files.sha256(site_bundle / "model.tflite")
    fill(folder, [new_entry(number, digest) for number in range(KEPT)])
    with running(folder, site_bundle, history="public", max_upload_bytes=2**20) as one:
        yield one


def fill(folder: Path, entries: list[NewEntry]) -> list[Entry]:
    """Put entries into the history that a server in a folder will open."""
    (folder / "history").mkdir()
    history = open_history(
        f"sqlite:///{folder}/history/history.db",
        str(folder / "history" / "pictures"),
        days=None,
        max_bytes=None,
    )
    kept = [history.add(entry, encoded("red")) for entry in entries]
    history.close()
    return kept


def new_entry(number: int, model: str, **changes: Any) -> NewEntry:
    """Return an answer; number 0 has a hostile name, number 1 is an abstention."""
    label = LABELS[number % 3]
    rest = (1 - 0.8916) / 2
    entry = NewEntry(
        name=HOSTILE if number == 0 else f"cloth {number}.jpg",
        label=label,
        probability=0.8916,
        probabilities={one: 0.8916 if one == label else rest for one in LABELS},
        abstained=number == 1,
        reason="unlike_training" if number == 1 else "",
        distance=1.7 if number == 1 else 0.4,
        model=model,
        width=96,
        height=80,
        source="page",
    )
    return entry._replace(**changes)


def cloth(colour: str) -> bytes:
    """Return a picture that the made model has an answer for."""
    return encoded(colour, (320, 240))


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Yield a Chromium; skip with a clear word where there is none.

    One a module: Playwright allows no second one in a process while the first is there.
    """
    api = pytest.importorskip("playwright.sync_api", reason="needs the package `playwright`")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"needs Chromium: none of {BROWSERS} on the path")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with api.sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=path, args=arguments)
        yield one
        one.close()


def shoot(page: "Page", name: str) -> None:
    """Keep a picture of a page below `build/screenshots`, for people to look at."""
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
