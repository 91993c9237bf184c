"""The documentation as a site: built without a warning, needing nothing from elsewhere."""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from canting.cli import main
from canting.config.params import Params
from tests.browser_fixtures import browser
from tests.conftest import ROOT
from tests.page_fixtures import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

__all__ = ["browser"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it: a warning is an error."""
    target = tmp_path_factory.mktemp("docs") / "site"
    (line,) = re.findall(r"^docs: .+\n\t(.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert "--strict" in line
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    here = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "src")}
    command = ["sh", "-c", f"{line} --site-dir {target}"]
    told = subprocess.run(command, cwd=ROOT, env=here, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    return target


class Page(HTMLParser):
    """Words of a page, and what a browser fetches for it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.words = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag in ("script", "img", "iframe", "source"):
            self.fetched.append(found.get("src", ""))
        elif tag == "link" and found.get("rel") != "canonical":
            self.fetched.append(found.get("href", ""))

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.mark.slow
def test_no_page_fetches_anything_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > len(list((ROOT / "docs").glob("*.md")))
    for path in pages:
        outside = [one for one in Page(path).fetched if re.match(r"(https?:)?//", one)]
        assert (path.name, outside) == (path.name, [])
    for path in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", path.read_text(encoding="utf-8"))


def test_every_generated_part_is_in_its_place(site: Path) -> None:
    for path in site.rglob("*.html"):
        assert "made from the code" not in path.read_text(encoding="utf-8")


def test_pictures_of_results_are_in_the_site(site: Path) -> None:
    shown = [name for name in Page(site / "results.html").fetched if name.endswith(".png")]
    assert len(shown) >= 4
    for name in shown:
        assert (site / name).read_bytes() == (ROOT / name).read_bytes()


def keys() -> Iterator[str]:
    content = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for name, value in content.items():
        if name in {field.alias or key for key, field in Params.model_fields.items()}:
            yield from value if isinstance(value, dict) and name != "space" else [name]


def test_every_key_and_command_has_its_place(site: Path) -> None:
    parameters = Page(site / "parameters.html").words
    assert [key for key in keys() if key not in parameters] == []
    commands = Page(site / "commands.html").words
    for command in main.COMMANDS:
        name = command.__name__.removeprefix("canting.cli.").removesuffix(".command")
        assert f"canting {name}" in commands


@pytest.mark.slow
def test_search_works_without_the_internet(site: Path, browser: "Browser") -> None:
    outside = []
    with serving(site) as address:

        def guard(route: "Route") -> None:
            if route.request.url.startswith(address):
                route.continue_()
            else:
                outside.append(route.request.url)
                route.abort()

        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.route("**/*", guard)
        page.goto(f"{address}index.html")
        found = _found(page, "hyperband")
        page.close()
    assert "parameters" in found
    assert outside == []


def _found(page: Any, words: str) -> str:
    """Return the address of the first result; ask again where the page was not ready yet."""
    from playwright.sync_api import TimeoutError as LateError

    query = page.locator("[data-md-component=search-query]")
    result = page.locator(".md-search-result__link").first
    for _ in range(10):
        query.fill("")
        query.press_sequentially(words)
        with contextlib.suppress(LateError):
            result.wait_for(state="visible", timeout=6_000)
            return result.get_attribute("href") or ""
    pytest.fail("the search found nothing")
