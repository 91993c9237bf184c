"""The page in which the model runs, built from a made bundle and really served."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from canting.serving.page.build import build
from canting.serving.page.runtime import FOLDER
from tests.conftest import ROOT

NODE_MODULES = ROOT / FOLDER


class Site(NamedTuple):
    """A page that is served: its address, its folder, and that of its own version below it."""

    url: str
    folder: Path
    version: str


class Quiet(SimpleHTTPRequestHandler):
    """Lets browsers keep what they get for ten minutes, as GitHub Pages does."""

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "max-age=600")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder; yield the address, with `/` at its end."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def litert() -> Path:
    """Return where LiteRT.js is, or skip with a clear word."""
    if not NODE_MODULES.is_dir():
        pytest.skip("needs LiteRT.js: make litert")
    return NODE_MODULES


@pytest.fixture(scope="session")
def page_folder(site_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a page, not to be changed."""
    folder = tmp_path_factory.mktemp("site") / "try"
    build(site_bundle, folder, litert())
    return folder


@pytest.fixture(scope="module")
def page_site(page_folder: Path) -> Iterator[Site]:
    """Yield the page below a folder of its server, as GitHub Pages has it."""
    with serving(page_folder.parent) as url:
        yield Site(f"{url}try/", page_folder, version_of(page_folder))


def version_of(folder: Path) -> str:
    """Return the name of the only folder in the folder of a page."""
    (found,) = (path.name for path in folder.iterdir() if path.is_dir())
    return found
