"""The page of `canting review` in a real browser: by keyboard, by touch, without scripts."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from canting.data import relabel
from tests.browser_fixtures import SCREENSHOTS, browser
from tests.review_made import HOSTILE, project
from tests.test_browser_axe import RUN, SCRIPT, TAGS
from tests.test_review_page import running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["browser"]

DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"}
PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "is_mobile": True,
    "has_touch": True,
}


def violations(page: "Page") -> Any:
    """Return what axe-core has against a page."""
    page.evaluate(SCRIPT)
    return page.evaluate(RUN, TAGS)


def labels(folder: Path) -> list[str]:
    return [row.label for row in relabel.read(folder / "relabel.csv").values()]


@pytest.mark.slow
def test_by_keyboard_from_the_first_to_the_last(browser: "Browser", tmp_path: Path) -> None:
    project(tmp_path)
    problems: list[str] = []
    with running(tmp_path) as (process, address):
        page = browser.new_context(**DESKTOP).new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: problems.append(dialog.message))
        page.goto(address)
        page.wait_for_url(re.compile("/1$"))
        page.screenshot(path=SCREENSHOTS / "review-desktop.png", full_page=True)
        assert violations(page) == []
        for key, number in (("a", "2"), ("k", "3"), ("1", "4"), ("ArrowLeft", "3")):
            page.keyboard.press(key)
            page.wait_for_url(re.compile(f"/{number}$"))
        assert labels(tmp_path) == ["glass", HOSTILE, HOSTILE]
        page.keyboard.press("u")
        page.get_by_text("Undo the last decision").wait_for()
        page.wait_for_load_state()
        page.keyboard.press("d")
        page.wait_for_url(re.compile("/4$"))
        page.keyboard.press("a")
        page.get_by_text("All decided").wait_for()
        page.get_by_role("button", name="Finish").click()
        page.get_by_text("This window can be closed").wait_for()
        assert process.wait(timeout=60) == 0
        page.context.close()
    assert labels(tmp_path) == ["glass", HOSTILE, "", "metal"]
    assert problems == []


@pytest.mark.slow
@pytest.mark.parametrize("scripts", [True, False])
def test_on_a_phone_nothing_is_cut_off(browser: "Browser", tmp_path: Path, scripts: bool) -> None:
    project(tmp_path)
    with running(tmp_path) as (_, address):
        page = browser.new_context(**PHONE, java_script_enabled=scripts).new_page()
        page.goto(address)
        page.screenshot(path=SCREENSHOTS / "review-phone.png", full_page=True)
        assert not scripts or violations(page) == []
        for element in page.locator("button, a, img, h1").all():
            box = element.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 360
        page.get_by_role("button", name="Leave out").tap()
        page.wait_for_url(re.compile("/2$"))
        page.context.close()
    assert labels(tmp_path) == [""]
