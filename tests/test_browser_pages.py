"""The pages in a real browser, with scripts and without; screenshots are kept to be looked at."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from canting.config.formats import accepted
from canting.serving.service.pages.texts import words
from tests.browser_fixtures import browser, bundle, cloth, shoot, site, site_bundle
from tests.conftest import slow
from tests.service_fixtures import Server, saved

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

__all__ = ["browser", "bundle", "site", "site_bundle"]

DESKTOP = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB"}
PHONE = {
    "viewport": {"width": 360, "height": 740},
    "locale": "id-ID",
    "is_mobile": True,
    "has_touch": True,
}
PATHS = {"landing": "/", "classify": "/classify", "history": "/history", "about": "/about"}
Open = Callable[..., "Page"]


@pytest.fixture
def visit(browser: "Browser", site: Server) -> Iterator[Open]:
    """Yield a function that opens a page as some visitor; nothing may fail in the background."""
    problems: list[str] = []
    contexts = []

    def opened(path: str, **visitor: Any) -> "Page":
        context = browser.new_context(base_url=site.url, **{**DESKTOP, **visitor})
        contexts.append(context)
        context.set_default_timeout(30_000)
        page = context.new_page()
        _watch(page, site.url, problems)
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not problems


def _watch(page: "Page", home: str, problems: list[str]) -> None:
    """Note errors of scripts, and every request to another site."""

    def said(message: "ConsoleMessage") -> None:
        if message.type == "error":
            problems.append(message.text)

    def sent(request: "Request") -> None:
        if not request.url.startswith((home, "data:", "blob:")):
            problems.append(request.url)

    page.on("console", said)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", sent)


def files(*colours: str) -> Any:
    return [
        {"name": f"{colour}.jpg", "mimeType": "image/jpeg", "buffer": cloth(colour)}
        for colour in colours
    ]


def test_upload_several_with_previews_and_progress(visit: Open) -> None:
    page = visit("/")
    page.set_input_files("input[multiple]", files("red", "lime", "blue"))
    page.get_by_text("3 pictures chosen").wait_for()
    assert page.locator("[data-chosen] img").count() == 3
    page.get_by_role("button", name="Remove lime.jpg").click()
    assert page.get_by_role("status").inner_text() == "2 pictures chosen"
    page.get_by_role("button", name="Classify", exact=True).click()
    page.get_by_text("2 pictures classified").wait_for()
    titles = page.locator("[data-answer] h2").all_inner_texts()
    assert titles == ["Kawung", "Parang"]
    assert page.locator("[data-chosen] img").count() == 0
    assert page.url.endswith("/")
    shoot(page, "upload")


def test_what_cannot_be_sent_is_said_before(visit: Open) -> None:
    page = visit("/classify")
    page.get_by_role("button", name="Classify", exact=True).click()
    status = page.get_by_role("status")
    assert status.inner_text() == words("en")("upload.none")
    text = {"name": "a.txt", "mimeType": "text/plain", "buffer": b"text"}
    large = {"name": "b.jpg", "mimeType": "image/jpeg", "buffer": b"0" * (2**20 + 1)}
    page.set_input_files("input[multiple]", [text, large, *files("red")])
    page.get_by_text("1 picture chosen").wait_for()
    assert "a.txt is not in a supported picture format" in status.inner_text()
    assert "b.jpg is larger than 1 MiB" in status.inner_text()
    assert "1 picture chosen" in status.inner_text()


@pytest.mark.slow
def test_content_decides_where_the_name_says_nothing(visit: Open) -> None:
    page = visit("/classify")
    assert page.locator("input[multiple]").get_attribute("accept") is None
    photo: Any = {"name": "photo", "mimeType": "", "buffer": cloth("red")}
    page.set_input_files("input[multiple]", [photo])
    page.locator("[data-chosen] img").wait_for()
    page.get_by_role("button", name="Classify", exact=True).click()
    page.get_by_text("1 picture classified").wait_for()
    assert page.locator("[data-answer] h2").all_inner_texts() == ["Kawung"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["image/heic", "image/jpeg", ""])
def test_a_picture_of_a_phone_is_sent_and_answered(visit: Open, kind: str) -> None:
    page = visit("/classify")
    heic = saved(Image.new("RGB", (64, 64), "red"), "HEIF")
    chosen: Any = [{"name": "IMG_1", "mimeType": kind, "buffer": heic}]
    page.set_input_files("input[multiple]", chosen)
    page.get_by_text("1 picture chosen").wait_for()
    page.get_by_role("button", name="Classify", exact=True).click()
    page.get_by_text("1 picture classified").wait_for()
    assert page.locator("[data-answer] h2").all_inner_texts() == ["Kawung"]


@pytest.mark.slow
def test_a_phone_opens_its_photos(visit: Open) -> None:
    page = visit("/classify", **PHONE)
    assert page.locator("input[multiple]").get_attribute("accept") == accepted()
    assert not page.get_by_text(words("id")("upload.drop")).is_visible()


@pytest.mark.slow
def test_drop_and_paste(visit: Open) -> None:
    page = visit("/classify")
    give = """(type) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array([255, 216])], "a.jpg", { type: "image/jpeg" }));
        const how = { bubbles: true, cancelable: true };
        document.querySelector("[data-drop]").dispatchEvent(type === "drop"
            ? new DragEvent("drop", { ...how, dataTransfer: data })
            : new ClipboardEvent("paste", { ...how, clipboardData: data }));
    }"""
    page.evaluate(give, "drop")
    page.evaluate(give, "paste")
    page.get_by_text("2 pictures chosen").wait_for()
    assert page.locator("[data-chosen] img").count() == 2


@pytest.mark.slow
@pytest.mark.parametrize("scripts", [True, *slow(False)], ids=["scripts", "no scripts"])
def test_the_overlay_is_shown_and_hidden(visit: Open, scripts: bool) -> None:
    page = visit("/samples/1", java_script_enabled=scripts)
    layer, toggle = page.locator(".overlay"), page.get_by_label("Show which parts decided")
    assert not layer.is_visible()
    toggle.check()
    layer.wait_for(state="visible")
    shoot(page, f"overlay-{'scripts' if scripts else 'plain'}")
    toggle.uncheck()
    layer.wait_for(state="hidden")


@pytest.mark.slow
def test_without_scripts_everything_works(visit: Open) -> None:
    page = visit("/", java_script_enabled=False)
    page.set_input_files("input[multiple]", files("red", "lime"))
    page.get_by_role("button", name="Classify", exact=True).click()
    assert page.locator("[data-answer]").count() == 2
    shoot(page, "plain-answers")
    page.get_by_role("link", name="Open in the history").first.click()
    page.get_by_label("It shows").select_option("parang")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Corrected to Parang").wait_for()
    page.get_by_role("link", name="Link to this answer").wait_for()
    assert not page.locator("[data-copy]").is_visible()
    page.get_by_role("link", name="Delete").click()
    shoot(page, "plain-delete")
    page.get_by_role("button", name="Yes, delete").click()
    page.get_by_text("The entry was deleted.").wait_for()


@pytest.mark.slow
def test_history_is_filtered(visit: Open) -> None:
    page = visit("/history")
    page.get_by_label("Recognised?").select_option("no")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**known=no**")
    assert page.locator("[data-entry]").count() == 1
    page.get_by_role("link", name="Show all").click()
    page.get_by_label("Answer").select_option("mega_mendung")
    page.get_by_label("From").fill("2020-01-01")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**since=2020-01-01**")
    names = page.locator("[data-entry] strong").all_inner_texts()
    assert set(names) <= {"Mega Mendung", words("en")("history.unknown")}
    assert "since=2020-01-01" in page.url
    page.get_by_label("To").fill("2020-01-02")
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_text(words("en")("history.empty_filter")).wait_for()
    shoot(page, "history-empty")


@pytest.mark.slow
def test_history_is_corrected_and_deleted_without_leaving(visit: Open, site: Server) -> None:
    page = visit("/classify")
    page.set_input_files("input[multiple]", files("red"))
    page.get_by_role("button", name="Classify", exact=True).click()
    page.locator("[data-answer]").wait_for()
    before = site.entries()
    page.goto(f"{site.url}/history")
    page.locator(".tile-open").first.click()
    page.wait_for_load_state()  # without its scripts, a page would be left
    page.get_by_label("It shows").select_option("mega_mendung")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Corrected to Mega Mendung").wait_for()
    shoot(page, "corrected")
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("dialog").get_by_text("No, keep").click()
    assert site.entries() == before
    page.get_by_role("link", name="Delete").click()
    shoot(page, "delete-dialog")
    page.get_by_role("button", name="Yes, delete").click()
    page.get_by_text("The entry was deleted.").wait_for()
    assert site.entries() == before - 1


@pytest.mark.slow
@pytest.mark.parametrize("allowed", [True, False], ids=["allowed", "refused"])
def test_the_link_to_an_answer_is_copied(visit: Open, site: Server, allowed: bool) -> None:
    address = f"{site.url}/history/{site.answer(cloth('red'))['history_id']}"
    page = visit("/history")
    if allowed:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    else:
        page.add_init_script("delete Navigator.prototype.clipboard")
    page.goto(address)
    page.get_by_role("button", name="Copy link").click()
    said = words("en")("result.copied" if allowed else "result.copy_failed")
    page.get_by_text(said).wait_for()
    read = "navigator.clipboard.readText()" if allowed else "getSelection().toString()"
    assert re.fullmatch(re.escape(address) + r"\?key=[0-9a-f]{32}", page.evaluate(read))
    shoot(page, "copied" if allowed else "not-copied")


@pytest.mark.slow
def test_the_link_of_a_new_answer_is_copied_in_place(visit: Open) -> None:
    page = visit("/classify")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.set_input_files("input[multiple]", files("red"))
    page.get_by_role("button", name="Classify", exact=True).click()
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text(words("en")("result.copied")).wait_for()
    page.goto(page.evaluate("navigator.clipboard.readText()"))
    assert page.locator("[data-answer] h2").inner_text() == "Kawung"


@pytest.mark.slow
@pytest.mark.parametrize("scripts", [True, *slow(False)], ids=["scripts", "no scripts"])
def test_the_switch_of_the_language(visit: Open, scripts: bool) -> None:
    page = visit("/about", locale="id-ID", java_script_enabled=scripts)
    assert page.locator("html").get_attribute("lang") == "id"
    page.get_by_role("link", name="English").click()
    assert page.get_by_role("heading", level=1).inner_text() == "About the model"
    assert page.url.endswith("/about")
    page.goto("/")
    assert page.locator("html").get_attribute("lang") == "en"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["landing", *slow("history", "classify", "about")])
@pytest.mark.parametrize("scheme", ["light", *slow("dark")])
def test_a_phone_never_scrolls_sideways(visit: Open, name: str, scheme: str) -> None:
    page = visit(PATHS[name], color_scheme=scheme, **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.get_by_text(words("id")("nav.history"), exact=True).first.is_visible()
    shoot(page, f"phone-{scheme}-{name}")


@pytest.mark.slow
def test_a_phone_takes_a_photo_and_shows_its_answer(visit: Open) -> None:
    page = visit("/classify", **PHONE)
    page.on("filechooser", lambda chooser: chooser.set_files(files("red")))
    page.get_by_label("Ambil foto").click()
    page.locator("[data-chosen] img").wait_for()
    page.get_by_role("button", name="Klasifikasikan", exact=True).click()
    page.locator("[data-answer]").wait_for()
    assert "> 99,9 % yakin" in page.locator("[data-answer]").inner_text()
    names = page.locator(".bars th span")
    heights = names.evaluate_all("all => all.map(one => one.clientHeight)")
    assert len({*heights}) == 1, "every name on one line, Mega Mendung too"
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    shoot(page, "phone-answer")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["landing", *slow("classify", "history", "about")])
@pytest.mark.parametrize("scheme", ["light", *slow("dark")])
def test_a_desk(visit: Open, name: str, scheme: str) -> None:
    page = visit(PATHS[name], color_scheme=scheme)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(251, 245, 233)", "dark": "rgb(17, 23, 42)"}[scheme]
    assert page.evaluate("document.documentElement.scrollWidth") == 1280
    shoot(page, f"desk-{scheme}-{name}")


@pytest.mark.slow
def test_an_abstention_in_plain_words(visit: Open) -> None:
    page = visit("/history?known=no")
    page.locator(".tile-open").first.click()
    page.get_by_role("heading", name=words("en")("result.unknown")).wait_for()
    assert not page.get_by_text("89.2 %").first.is_visible()
    page.get_by_text(words("en")("result.guess")).click()
    assert page.get_by_text("89.2 %").first.is_visible()
    shoot(page, "abstention")


@pytest.mark.slow
def test_the_keyboard_alone(visit: Open) -> None:
    page = visit("/classify")
    page.on("filechooser", lambda chooser: chooser.set_files(files("red")))
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert skip.inner_text() == words("en")("site.skip")
    assert skip.bounding_box()["y"] >= 0  # type: ignore[index]
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.locator(":focus").get_attribute("name") == "files"
    page.keyboard.press("Enter")
    page.locator("[data-chosen] img").wait_for()
    page.keyboard.press("Tab")
    assert page.locator(":focus").get_attribute("aria-label") == "Remove red.jpg"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("[data-answer]").wait_for()
    assert page.locator(":focus").get_attribute("aria-label") == "Answers"


@pytest.mark.slow
def test_landmarks_and_headings(visit: Open) -> None:
    for path in [*PATHS.values(), "/samples/1"]:
        page = visit(path, java_script_enabled=False)
        for role in ("banner", "main", "contentinfo"):
            assert page.get_by_role(role).count() == 1, (path, role)
        levels = [
            int(name[1])
            for name in page.locator("h1, h2, h3").evaluate_all(
                "all => all.map(one => one.tagName)"
            )
        ]
        steps = pairwise(levels)
        assert levels[0] == 1, path
        assert all(after <= before + 1 for before, after in steps), (path, levels)


@pytest.mark.slow
def test_on_paper(visit: Open) -> None:
    page = visit("/samples/1")
    page.emulate_media(media="print")
    assert not page.get_by_role("navigation").first.is_visible()
    assert page.locator(".picture").is_visible()
    shoot(page, "print")
