"""The look: colours that can be read, and nothing that comes from elsewhere."""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

SERVICE = ROOT / "src" / "canting" / "serving" / "service"
STATIC = SERVICE / "static"
SHEETS = sorted(STATIC.glob("*.css"))
PAGE = SERVICE.parent / "page"
TEMPLATES = sorted([*SERVICE.glob("templates/*.html"), *PAGE.glob("templates/*.html")])

PAIRS = [
    *((text, ground) for text in ("ink", "soft", "link", "accent") for ground in ("paper", "card")),
    *(("ink", "note"), ("ink", "good"), ("soft", "track"), ("danger", "card")),
    *(("on-accent", "accent"), ("on-danger", "danger"), ("on-cloth", "cloth"), ("paper", "ink")),
]
"""Text and what it stands on."""

MARKS = [
    ("fill", "track"),
    ("accent", "card"),
    ("soft", "card"),
    ("focus", "paper"),
    ("gold", "cloth"),
]
"""Bars, borders of fields, and the frame of what has the focus (WCAG 2.2, 1.4.11)."""


def colours(dark: bool) -> dict[str, str]:
    sheet = (STATIC / "base.css").read_text()
    light, night = re.findall(r":root \{(.*?)\}", sheet, re.DOTALL)[:2]
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", light))
    return found | dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", night)) if dark else found


def luminance(colour: str) -> float:
    """Return the relative luminance of an sRGB colour (WCAG 2.2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_the_standard_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everything_can_be_read(dark: bool) -> None:
    known = colours(dark)
    for text, ground in PAIRS:
        assert contrast(known[text], known[ground]) >= 4.5, (text, ground)
    for mark, ground in MARKS:
        assert contrast(known[mark], known[ground]) >= 3, (mark, ground)


@pytest.mark.parametrize("path", [*STATIC.iterdir(), *PAGE.glob("static/*.*s")])
def test_no_file_asks_for_another_site(path: Path) -> None:
    text = path.read_text().replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|//[a-z]+\.[a-z]|@import|eval\(|style=", text)


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.stem)
def test_what_a_sheet_names_is_there(path: Path) -> None:
    text = path.read_text()
    known = colours(dark=True).keys() | {"serif", "round"}
    assert set(re.findall(r'url\("([^"]+)"\)', text)) <= {one.name for one in STATIC.iterdir()}
    assert set(re.findall(r"var\(--([a-z-]+)\)", text)) <= known


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_no_template_holds_style_scripts_or_unescaped_text(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:|\|\s*safe|autoescape", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    for form in re.findall(r'<form[^>]*method="post".*?</form>', text, re.DOTALL):
        assert 'name="csrf"' in form


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_every_picture_has_words_and_every_field_a_label(path: Path) -> None:
    text = path.read_text()
    assert all("alt=" in tag for tag in re.findall(r"<img[^>]*>", text))
    for place in re.finditer(r"<(?:select|input)\b[^>]*>", text):
        if 'type="hidden"' not in place[0]:
            opened = text[: place.start()].rsplit("<label", 1)[-1]
            assert "</label>" not in opened or " id=" in place[0], place[0]
