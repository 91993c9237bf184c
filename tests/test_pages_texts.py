"""The words of the pages: whole in every language, and none missing where a page asks for one."""

import re
from pathlib import Path
from string import Formatter

import pytest

from canting.config.languages import DEFAULT, LANGUAGES
from canting.serving.service.decoding import decoders
from canting.serving.service.pages import texts as classes
from canting.serving.service.pages import texts as words
from canting.serving.service.pages.texts import emphasis
from tests.conftest import ROOT

SERVICE = ROOT / "src" / "canting" / "serving" / "service"
TEXTS = SERVICE / "texts"
OTHERS = [code for code in LANGUAGES if code != DEFAULT]
PAGE = SERVICE.parent / "page"
TEMPLATES = sorted([*SERVICE.glob("templates/*.html"), *PAGE.glob("templates/*.html")])
BATIK = "kawung mega_mendung parang sekar_jagad sido_mukti sido_luhur singo_barong truntum"
GARBAGE = "cardboard glass metal paper plastic trash"


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_language_has_a_folder_and_every_folder_a_language() -> None:
    folders = {path.name: {file.name for file in path.iterdir()} for path in TEXTS.iterdir()}
    assert folders == {code: {"classes.toml", "ui.toml"} for code in LANGUAGES}


@pytest.mark.parametrize("code", OTHERS)
def test_every_language_says_the_same_things(code: str) -> None:
    english, other = words.flat(words.read(DEFAULT, "ui")), words.flat(words.read(code, "ui"))
    assert english.keys() == other.keys()
    for key, text in english.items():
        assert text.strip(), key
        assert other[key].strip(), key
        assert fields(text) == fields(other[key]), key


@pytest.mark.parametrize("code", LANGUAGES)
def test_what_is_counted_has_words_for_one_and_for_more(code: str) -> None:
    known = words.flat(words.read(code, "ui"))
    stems = {key.rpartition("_")[0] for key in known if key.endswith(("_one", "_other"))}
    assert len(stems) >= 5
    for stem in stems:
        assert fields(known[f"{stem}_one"]) == fields(known[f"{stem}_other"]) == {"count"}, stem


@pytest.mark.parametrize("code", OTHERS)
def test_every_language_knows_the_same_classes(code: str) -> None:
    english, others = words.read(DEFAULT, "classes"), words.read(code, "classes")
    assert english.keys() == others.keys() == {*BATIK.split(), *GARBAGE.split()}
    for label, entry in english.items():
        other = others[label]
        assert entry.keys() == other.keys()
        assert (entry["kind"], entry.get("aliases")) == (other["kind"], other.get("aliases"))
        assert all(texts["name"] and texts["short"] for texts in (entry, other))
        assert 1 <= len(re.findall(r"[.?!](?:\s|$)", entry["meaning"])) <= 4


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_every_word_of_a_template_is_there(template: Path) -> None:
    known = words.flat(words.read("en", "ui"))
    said = re.findall(r'\b([tn])(?:\.first)?\(\s*"([^"]+)"([^)]{0,3})', template.read_text())
    for function, key, rest in said:
        if key.endswith((".", "_")) or rest.lstrip().startswith(("+", "~")):
            assert any(one.startswith(key) for one in known), key
        else:
            assert (f"{key}_one" if function == "n" else key) in known, key


def test_every_word_that_a_script_of_the_page_says_is_in_its_template() -> None:
    scripts = "".join(path.read_text() for path in PAGE.glob("static/*.js"))
    said = set(re.findall(r'"((?:page|result|upload)\.\w+)"', scripts))
    told = re.search(r"for key in \((.*?)\)", (PAGE / "templates" / "words.html").read_text())
    assert told
    assert said == set(re.findall(r'"([\w.]+)"', told[1]))


def test_every_refusal_has_words() -> None:
    source = "".join(path.read_text() for path in SERVICE.rglob("*.py"))
    refusals = set(re.findall(r'Refusal\(\s*(\d{3}), "([a-z_]+)"', source))
    refusals |= {(str(status), code) for code, status in decoders.STATUS.items()}
    assert len(refusals) > 15
    for code in LANGUAGES:
        known = words.words(code)
        for status, reason in refusals:
            assert f"errors.{status}_title" in known, status
            assert f"codes.{reason}" in known or f"errors.{status}" in known, reason


@pytest.mark.parametrize(
    "label", ["mega_mendung", "megamendung", "Mega Mendung", "MEGA-MENDUNG", "batik-megamendung"]
)
def test_a_label_finds_its_text_however_it_is_spelt(label: str) -> None:
    assert classes.name(label, "id") == "Mega Mendung"
    assert classes.text(label, "en") == classes.text("mega_mendung", "en")


def test_an_unknown_class_has_no_text() -> None:
    assert classes.text("<b>teddy_bear", "en") is None
    assert classes.name("teddy_bear", "en") == "Teddy bear"
    assert classes.name("batik", "en") == "Batik"
    assert classes.name("_", "en") == "_"


def test_what_the_classes_of_a_model_are() -> None:
    assert classes.kind(BATIK.split()) == "batik"
    assert classes.kind(GARBAGE.split()) == "garbage"
    assert classes.kind(["kawung", "glass"]) == classes.kind(["kawung", "bear"]) == "general"


def test_marks_are_set_and_the_rest_is_escaped() -> None:
    assert str(emphasis("*Mega* <b>&")) == "<em>Mega</em> &lt;b&gt;&amp;"
