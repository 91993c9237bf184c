"""The page in which the model runs, in Chromium: answers, refusals, languages, offline, axe."""

import base64
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from canting.bundle.activation import overlay
from canting.bundle.classifier import Classifier
from canting.painter import LABELS, SEED, paint
from canting.serving.page.build import build
from canting.serving.service.pages.texts import words
from tests.browser_fixtures import browser, bundle, cloth, shoot, site_bundle
from tests.page_fixtures import Site, litert, page_folder, page_site, serving, version_of
from tests.picture_files import encoded
from tests.service_fixtures import bundles
from tests.test_browser_axe import VISITORS, Visitor, violations, visiting

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["browser", "bundle", "page_folder", "page_site", "site_bundle"]

CLASSIFY = """async ([name, content]) => {
    const { Classifier } = await import("./classifier.js");
    const { heatMap } = await import("./heat.js");
    globalThis.loaded ??= Classifier.load();
    const one = await globalThis.loaded;
    const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
    const said = await one.classify(new File([bytes], name));
    const map = await heatMap(said.activation, said, one.card.overlay);
    const heat = btoa(String.fromCharCode(...new Uint8Array(await map.arrayBuffer())));
    return { ...said, activation: Array.from(said.activation.data), heat };
}"""
Visit = Callable[..., "Page"]


@pytest.fixture
def visit(browser: "Browser", page_site: Site) -> Iterator[Visit]:
    """Yield a function that opens the page and waits for its model; nothing comes from elsewhere.

    What a page says on the console is no error but for LiteRT.js, which looks for a GPU.
    """
    contexts, problems = [], []

    def opened(path: str = "", url: str = page_site.url, **visitor: Any) -> "Page":
        context = browser.new_context(**{"locale": "en-GB", **visitor})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda one: problems.append(one.text) if one.type == "error" else None)
        page.on(
            "request",
            lambda one: None if one.url.startswith((url, "blob:")) else problems.append(one.url),
        )
        page.goto(url + path)
        page.locator("[data-progress]").wait_for(state="hidden")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


def choose(page: "Page", *files: tuple[str, bytes]) -> None:
    chosen: Any = [
        {"name": name, "mimeType": "image/jpeg", "buffer": content} for name, content in files
    ]
    page.set_input_files("input[multiple]", chosen)
    page.locator("[data-answer]").nth(len(files) - 1).wait_for()


def pictures() -> Iterator[tuple[str, bytes]]:
    for colour in ("red", "lime", "blue", "grey", "#a06050"):
        yield f"{colour}.jpg", cloth(colour)
    for place, label in enumerate(LABELS):
        image = Image.fromarray(paint(label, place, SEED))
        yield f"{label}.jpg", encoded(image, "JPEG", quality=85)
        yield f"{label}.png", encoded(image)
        yield f"{label}.webp", encoded(image, "WEBP")
    yield "tiny.png", encoded(Image.new("RGB", (20, 30), "#3060a0"))


def test_answers_are_those_of_the_classifier(
    browser: "Browser", page_site: Site, site_bundle: Path
) -> None:
    classifier = Classifier.load(site_bundle)
    page = browser.new_page()
    page.goto(f"{page_site.url}{page_site.version}/page.css")
    abstained = []
    for name, content in pictures():
        expected = classifier.classify(content, overlay=True)
        said = page.evaluate(CLASSIFY, [name, base64.b64encode(content).decode()])
        assert (said["label"], said["isAbstained"]) == (expected.label, expected.abstained), name
        assert said["probabilities"] == pytest.approx(expected.probabilities, abs=1e-5), name
        assert said["distance"] == pytest.approx(expected.distance, abs=1e-5), name
        assert said["isSmall"] == ("small" in expected.warnings), name
        assert expected.activation is not None
        np.testing.assert_allclose(said["activation"], expected.activation.ravel(), atol=1e-4)
        size = said["width"], said["height"]
        with Image.open(io.BytesIO(base64.b64decode(said["heat"]))) as heat:
            difference = over_black(heat) - over_black(overlay(expected.activation, size))
        assert np.abs(difference).max() <= 3, name
        abstained.append(said["isAbstained"])
    page.close()
    assert set(abstained) == {True, False}


def over_black(image: Image.Image) -> npt.NDArray[np.float64]:
    """Return RGB as it is seen: where nothing is seen, a browser keeps no colour."""
    levels = np.asarray(image, np.float64)
    return levels[..., :3] * levels[..., 3:] / 255


def test_an_answer_in_words_and_pictures(visit: Visit) -> None:
    page = visit(viewport={"width": 1280, "height": 900})
    choose(page, ("my cloth.jpg", cloth("red")))
    answer = page.locator("[data-answer]")
    assert answer.locator("h2").inner_text() == "Kawung"
    assert words("en")("result.sure", percent="> 99.9 %") in answer.inner_text()
    assert "Hindu-Javanese" in answer.inner_text()
    assert words("en")("learned.painted_short") in answer.inner_text()
    assert answer.locator(".bars tr").first.inner_text().startswith("Kawung")
    assert answer.locator(".picture").get_attribute("alt") == "The picture my cloth.jpg"
    assert not answer.locator(".overlay").is_visible()
    answer.locator("[data-overlay]").check()
    answer.locator(".overlay").wait_for(state="visible")
    assert answer.locator(".overlay").evaluate("(one) => one.naturalWidth") == 320
    shoot(page, "page-answer")


def test_what_it_does_not_know_gets_no_class(visit: Visit) -> None:
    page = visit()
    choose(page, ("grey.jpg", cloth("grey")))
    answer = page.locator("[data-answer]")
    assert answer.locator("h2").inner_text() == words("en")("result.unknown")
    assert "% sure" not in answer.inner_text()
    assert not answer.locator(".bars").is_visible()


def test_several_pictures_of_which_two_are_bad(visit: Visit) -> None:
    page = visit("id.html", locale="id-ID")
    choose(
        page,
        ("a.jpg", cloth("lime")),
        ("<b>.jpg", b"<html>"),
        ("c.jpg", cloth("red")[:400]),
        ("d.jpg", cloth("blue")),
    )
    heads = page.locator("[data-answer] h2").all_inner_texts()
    say = words("id")
    assert heads == [
        "Mega Mendung",
        say("result.failed", name="<b>.jpg"),
        say("result.failed", name="c.jpg"),
        "Parang",
    ]
    formats = "JPEG, PNG, WebP, BMP atau GIF"
    text = page.locator("[data-answers]").inner_text()
    assert say("codes.unsupported_format", formats=formats) in text
    assert say("codes.corrupt_image") in text
    status = page.locator("[data-status]").inner_text()
    assert status == say.counted("upload.done", 4)


def test_a_sample_a_drop_and_a_paste(visit: Visit) -> None:
    page = visit()
    head = page.locator("[data-answer] h2")
    page.locator("[data-sample]").nth(1).click()
    page.get_by_role("heading", name="Mega Mendung").first.wait_for()
    give = """([event, content]) => {
        const data = new DataTransfer();
        const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
        data.items.add(new File([bytes], "given.jpg", { type: "image/jpeg" }));
        const init = { bubbles: true, cancelable: true };
        document.dispatchEvent(event === "drop"
            ? new DragEvent("drop", { ...init, dataTransfer: data })
            : new ClipboardEvent("paste", { ...init, clipboardData: data }));
    }"""
    for event, colour, name in (("drop", "red", "Kawung"), ("paste", "blue", "Parang")):
        page.evaluate(give, [event, base64.b64encode(cloth(colour)).decode()])
        page.locator("[data-answer] h2", has_text=name).wait_for()
        assert head.count() == 1


@pytest.mark.slow
def test_a_model_of_nan_gives_no_answer(
    visit: Visit, pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    broken = shutil.copytree(bundles(pytestconfig) / "best", tmp_path / "broken")
    build(broken, tmp_path / "page", litert())
    card = tmp_path / "page" / version_of(tmp_path / "page") / "model" / "model.json"
    card.write_text(card.read_text().replace('"temperature": 1.0', '"temperature": 1e-320'))
    with serving(tmp_path / "page") as url:
        page = visit(url=url)
        choose(page, ("a.jpg", cloth("red")))
        assert words("en")("page.no_answer") in page.locator("[data-answer]").inner_text()


def test_the_language_of_the_visitor(visit: Visit) -> None:
    page = visit(locale="id-ID")
    page.wait_for_url("**/id.html")
    assert page.locator("html").get_attribute("lang") == "id"
    assert page.locator("h1").inner_text() == "Motif batik apa ini?"
    page.locator("[data-progress]").wait_for(state="hidden")
    page.locator("[data-language=en]").click()
    page.wait_for_url("**/index.html")
    page.locator("[data-progress]").wait_for(state="hidden")
    page.goto(page.url.removesuffix("index.html"))
    page.locator("[data-progress]").wait_for(state="hidden")
    assert page.locator("html").get_attribute("lang") == "en"


def test_a_model_that_does_not_come_is_told(browser: "Browser", page_site: Site) -> None:
    page = browser.new_page()
    page.route("**/model.tflite", lambda route: route.abort())
    page.goto(page_site.url)
    page.get_by_text(words("en")("page.lost")).wait_for()
    page.close()


@pytest.mark.slow
def test_it_works_offline_and_a_new_build_replaces_the_old(
    visit: Visit, page_folder: Path, site_bundle: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(page_folder, tmp_path / "page")
    first = version_of(folder)
    with serving(folder) as url:
        page = visit(url=url)
        offline = page.get_by_text(words("en")("page.offline"))
        offline.wait_for()
        page.context.set_offline(True)
        page.reload()
        offline.wait_for()
        choose(page, ("red.jpg", cloth("red")))
        assert page.locator("[data-answer] h2").inner_text() == "Kawung"
        page.goto(f"{url}id.html")
        page.get_by_text(words("id")("page.offline")).wait_for()
        page.context.set_offline(False)
        other = shutil.copytree(site_bundle, tmp_path / "other")
        shutil.rmtree(other / "samples")
        build(other, folder, litert())
        second = version_of(folder)
        page.goto(url)
        assert second in (page.locator("link[rel=icon]").get_attribute("href") or "")
        offline.wait_for()
        for _ in range(100):
            kept = page.evaluate(KEPT)
            if kept == [second]:
                break
            page.wait_for_timeout(100)
        assert (kept, first != second) == ([second], True)
        page.context.set_offline(True)
        page.reload()
        offline.wait_for()
        assert second in (page.locator("link[rel=icon]").get_attribute("href") or "")


KEPT = """async () => {
    const names = await caches.keys();
    const found = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    const paths = found.flat().map((one) => new URL(one.url).pathname.match(/[0-9a-f]{12}/)?.[0]);
    return [...new Set(paths.filter(Boolean))];
}"""


@pytest.mark.slow
def test_it_can_be_installed(visit: Visit) -> None:
    page = visit()
    page.get_by_text(words("en")("page.offline")).wait_for()
    session = page.context.new_cdp_session(page)
    problems = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert {one["errorId"] for one in problems} <= {"in-incognito"}
    told = session.send("Page.getAppManifest")
    assert told["errors"] == []
    assert json.loads(told["data"])["display"] == "standalone"


def test_the_policy_stops_what_would_leave_the_page(browser: "Browser", page_site: Site) -> None:
    page = browser.new_page()
    page.goto(page_site.url)
    said = page.evaluate(
        """async () => {
            const told = [];
            const tell = (one) => told.push(one.effectiveDirective);
            document.addEventListener("securitypolicyviolation", tell);
            await fetch("http://127.0.0.2/").catch(() => {});
            new Image().src = "http://127.0.0.2/a.png";
            const script = document.createElement("script");
            script.textContent = "1";
            document.body.append(script);
            await new Promise((resolve) => setTimeout(resolve, 200));
            return told;
        }"""
    )
    page.close()
    assert {"connect-src", "img-src", "script-src-elem"} <= set(said)


@pytest.mark.slow
@pytest.mark.parametrize("visitor", VISITORS, ids="-".join)
def test_the_page_breaks_no_rule(browser: "Browser", page_site: Site, visitor: Visitor) -> None:
    name = "index.html" if visitor[-1] == "en" else f"{visitor[-1]}.html"
    with visiting(browser, page_site.url, *visitor) as page:
        page.goto(page_site.url + name)
        page.locator("[data-progress]").wait_for(state="hidden")
        page.locator("details summary").first.click()
        assert violations(page) == []
        choose(
            page,
            ("a.jpg", cloth("red")),
            ("b.jpg", cloth("grey")),
            ("c.jpg", cloth("red")[:400]),
        )
        page.locator("[data-overlay]").first.check()
        page.locator(".overlay").first.wait_for(state="visible")
        assert violations(page) == []
        assert re.search(r"\d", page.locator("[data-status]").inner_text())
        shoot(page, f"page-{'-'.join(visitor)}")
