"""Every page by axe-core: both languages, light and dark, phone and desktop; no violation at all.

https://github.com/dequelabs/axe-core/blob/develop/doc/rule-descriptions.md
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from canting.config.languages import LANGUAGES
from tests.browser_fixtures import browser, bundle, cloth, site, site_bundle
from tests.conftest import slow
from tests.service_fixtures import Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["browser", "bundle", "site", "site_bundle"]

pytest.importorskip("axe_playwright_python", reason="needs the package `axe-playwright-python`")
SCRIPT = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async (tags) => {
    const rules = { "label-content-name-mismatch": { enabled: true } };
    const found = await axe.run(document, { runOnly: { type: "tag", values: tags }, rules });
    return found.violations.map((one) => [one.id, one.nodes.map((node) => node.html).join(" ")]);
}"""

SCREENS: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True},
    "desktop": {"viewport": {"width": 1280, "height": 900}},
}
VISITORS = list(product(SCREENS, ("light", "dark"), LANGUAGES))
Visitor = tuple[str, str, str]
Visit = Callable[["Page"], object]


def at(path: str) -> Visit:
    return lambda page: page.goto(path)


def answered(page: "Page") -> None:
    page.goto("/classify")
    chosen: Any = [
        {"name": name, "mimeType": "image/jpeg", "buffer": content}
        for name, content in (("red.jpg", cloth("red")), ("cut.jpg", cloth("red")[:200]))
    ]
    page.set_input_files("input[multiple]", chosen)
    page.locator("[data-chosen] img").nth(1).wait_for()
    page.locator("[data-upload] [type=submit]").click()
    page.locator("[data-answer]").nth(1).wait_for()


def with_overlay(page: "Page") -> None:
    page.goto("/samples/1")
    page.locator("[data-overlay]").check()
    page.locator(".overlay").wait_for(state="visible")


def opened(page: "Page", query: str = "") -> None:
    page.goto(f"/history{query}")
    page.locator(".tile-open").first.click()
    page.locator("[data-answer]").wait_for()


def unfolded(page: "Page") -> None:
    page.goto("/")
    page.locator("details summary").first.click()


def asked_to_delete(page: "Page") -> None:
    opened(page)
    page.wait_for_load_state()  # before its scripts have run, the link leads to a page of its own
    page.locator("a[data-delete]").click()
    page.locator("dialog[open]").wait_for()


def asked_on_a_page(page: "Page") -> None:
    opened(page)
    page.goto(f"{page.url}/delete")


PAGES: dict[str, Visit] = {
    "landing": unfolded,
    "classify": at("/classify"),
    "answers": answered,
    "sample": with_overlay,
    "history": at("/history"),
    "filtered": at("/history?name=nothing&known=no"),
    "entry": opened,
    "unknown": lambda page: opened(page, "?known=no"),
    "dialog": asked_to_delete,
    "delete": asked_on_a_page,
    "about": at("/about"),
    "error": at("/nowhere"),
}


@contextmanager
def visiting(browser: "Browser", url: str, screen: str, scheme: Any, code: str) -> "Iterator[Page]":
    """Yield a page of a visitor; axe-core needs a way around the policy against foreign scripts."""
    context = browser.new_context(
        base_url=url,
        color_scheme=scheme,
        locale=code,
        bypass_csp=True,
        reduced_motion="reduce",
        **SCREENS[screen],
    )
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def violations(page: "Page") -> list[list[str]]:
    """Return the rules of axe-core that a page breaks, and where."""
    page.evaluate(f"() => {{ {SCRIPT} }}")
    found: list[list[str]] = page.evaluate(RUN, TAGS)
    return found


def broken(
    browser: "Browser", site: Server, visitor: Visitor, names: Iterable[str]
) -> dict[str, list[list[str]]]:
    """Return the rules that pages break, by the name of the page."""
    *_, code = visitor
    found = {}
    with visiting(browser, site.url, *visitor) as page:
        for name in names:
            PAGES[name](page)
            assert page.locator("html").get_attribute("lang") == code
            found[name] = violations(page)
    return {name: rules for name, rules in found.items() if rules}


@pytest.mark.slow
def test_a_selection_of_pages_breaks_no_rule(browser: "Browser", site: Server) -> None:
    selection = ("landing", "history", "entry", "about")
    assert broken(browser, site, ("phone", "dark", "id"), selection) == {}


@pytest.mark.slow
@pytest.mark.parametrize("visitor", VISITORS, ids="-".join)
def test_no_page_breaks_a_rule(browser: "Browser", site: Server, visitor: Visitor) -> None:
    assert broken(browser, site, visitor, PAGES) == {}


PLANTED = {
    "color-contrast": "document.querySelector('h1').style.color = '#bbb'",
    "label": "document.querySelector('[name=files]').closest('label').replaceWith("
    "document.querySelector('[name=files]'))",
    "label-content-name-mismatch": "document.querySelector('.menu a').ariaLabel = 'Elsewhere'",
    "landmark-unique": "document.querySelector('.languages').ariaLabel = "
    "document.querySelector('.top-row > nav').ariaLabel",
    "html-has-lang": "document.documentElement.removeAttribute('lang')",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "rule", ["landmark-unique", *slow(*(one for one in PLANTED if one != "landmark-unique"))]
)
def test_a_planted_fault_is_found(browser: "Browser", site: Server, rule: str) -> None:
    with visiting(browser, site.url, "desktop", "light", "en") as page:
        page.goto("/classify")
        page.evaluate(PLANTED[rule])
        assert rule in [name for name, _ in violations(page)]
