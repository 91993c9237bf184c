"""The catalogue: a row that is added is used everywhere, or its absence is an error."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from pydantic import ValidationError
from starlette.requests import Request

from canting.config import catalog, formats, languages
from canting.config.catalog import BACKBONES, CORRUPTIONS, METHODS, Method
from canting.config.params import load
from canting.config.tune import Tune
from canting.core.errors import CantingError
from canting.data.fetch import source
from canting.data.fetch.paths import unread
from canting.evaluation.plots.tuning import heat_map, winners
from canting.imaging import opening, pictures
from canting.models.backbones import weight_files
from canting.models.tune.sampler import Sampler, ends
from canting.serving.predict.paths import expand
from canting.serving.service.decoding import decoder
from canting.serving.service.pages import language, numbers, rendering
from canting.serving.service.pages.texts import words
from canting.serving.service.rest import openapi
from canting.serving.service.settings import Settings
from docs.reference import catalog as page_of_choices
from docs.reference.parameters import comments
from tests.conftest import ROOT

SOURCE = ROOT / "src" / "canting"
PARAMS = ROOT / "params.yaml"
NEW = formats.Format(
    "JPEG2000", "JPEG 2000", ("image/jp2",), (".jp2", ".j2k"), start=rb"\0{3}\x0cjP  "
)
DUTCH = languages.Language(
    "Nederlands", "Dutch", ",", ".", "%H.%M", "januari februari maart april mei juni " * 2, ("du",)
)


@pytest.fixture
def new(monkeypatch: pytest.MonkeyPatch) -> Iterator[bytes]:
    """A picture of a format whose row was added."""
    monkeypatch.setattr(formats, "FORMATS", (*formats.FORMATS, NEW))
    openapi.document.cache_clear()
    content = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(content, "JPEG2000")
    yield content.getvalue()
    openapi.document.cache_clear()


def mentions(pattern: str) -> set[str]:
    """Return the files of the package that mention something."""
    kinds = {".py", ".js", ".html", ".toml", ".j2"}
    decoding = SOURCE / "imaging"  # knows what the decoders of some formats need
    paths = (path for path in SOURCE.rglob("*") if path.suffix in kinds)
    paths = (path for path in paths if decoding not in path.parents)
    return {path.name for path in paths if re.search(pattern, path.read_text("utf-8"), re.I)}


def asked(code: str) -> Request:
    """Return a request for the form, in a language."""
    settings = Settings(history="off")
    state = SimpleNamespace(canting=SimpleNamespace(settings=settings, secret=b"secret"))
    headers = [(b"accept-language", code.encode())]
    kind = {"type": "http", "method": "GET", "path": "/classify", "query_string": b""}
    return Request({**kind, "headers": headers, "app": SimpleNamespace(state=state)})


def form(code: str = "en") -> str:
    """Return the page with the form, in a language."""
    answer = rendering.page(asked(code), "ask.html", classifier=object())
    return bytes(answer.body).decode()


def test_every_backbone_with_weights_has_a_licence_and_says_which_package() -> None:
    for name, row in BACKBONES.items():
        assert (row.licence is not None) == (row.weights != "none"), name
        assert bool(row.package) == (row.weights == "package"), name
        assert bool(row.file) == (row.weights in ("keras", "hub")), name


def test_every_package_of_weights_is_required_and_found() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    for name, row in BACKBONES.items():
        if row.package:
            assert f'"{row.package.replace("_", "-")}==' in project
            assert f'"{row.package}.*"' in project
            assert weight_files.locate(name) is not None


def test_every_method_has_a_colour_of_its_own_and_is_named_in_the_parameters() -> None:
    searches = [row for row in METHODS.values() if row.sampler != "none"]
    assert len({row.colour for row in searches}) == len(searches)
    assert all(re.fullmatch("#[0-9a-f]{6}", row.colour) for row in searches)
    told = comments(PARAMS.read_text("utf-8"))["tune", "method"]
    assert told.partition(";")[0].split(" | ") == list(METHODS)


def tune(method: str) -> Tune:
    told = load(PARAMS).tune.model_dump(exclude_none=True)
    return Tune.model_validate({**told, "method": method})


def test_a_new_method_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="one of none, grid"):
        tune("bohb")
    monkeypatch.setitem(METHODS, "bohb", Method("tpe", "hyperband", "#123456"))
    section = tune("bohb")
    assert section.methods == ("bohb",)
    assert ends("bohb", 10) == ends("hyperband", 10)
    study = Sampler(section, "bohb", 0, "macro_f1")._study
    kinds = type(study.sampler).__name__, type(study.pruner).__name__
    assert kinds == ("TPESampler", "HyperbandPruner")
    assert "| `bohb` | tpe | hyperband |" in page_of_choices.page()


def test_a_new_method_is_drawn_in_its_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, "bohb", Method("tpe", "hyperband", "#123456"))
    ledger = pd.DataFrame({"method": ["grid", "bohb"], "optimizer": "adam", "score": [0.5, 0.7]})
    labels = heat_map(ledger, "score", "scores", "{:.1f}".format).axes[0].get_xticklabels()
    assert [label.get_text() for label in labels] == ["grid", "bohb"]
    curves = ledger.assign(epoch=1, val_loss=0.1, val_accuracy=0.9)
    lines = winners(curves, ledger).axes[0].get_lines()
    assert [line.get_color() for line in lines] == [METHODS["grid"].colour, "#123456"]


def test_a_method_without_a_row_is_not_left_out_of_a_plot() -> None:
    ledger = pd.DataFrame({"method": ["grid", "bohb"], "optimizer": "adam", "score": [0.5, 0.7]})
    with pytest.raises(ValueError, match="bohb"):
        heat_map(ledger, "score", "scores", "{:.1f}".format)


@pytest.mark.parametrize(
    "row",
    [Method("cma", colour="#123456"), Method("random", "median", "#123456")],  # type: ignore[arg-type]
)
def test_a_method_that_nobody_builds_is_no_random_search(
    monkeypatch: pytest.MonkeyPatch, row: Method
) -> None:
    monkeypatch.setitem(METHODS, "new", row)
    with pytest.raises(ValueError, match=r"Received: '(cma|median)'"):
        Sampler(tune("random"), "new", 0, "macro_f1")


def test_nothing_is_searched_by_no_method() -> None:
    with pytest.raises(ValueError, match="Received: 'none'"):
        Sampler(tune("random"), "none", 0, "macro_f1")


def test_levels_of_a_change_have_words_unless_it_is_all_or_nothing() -> None:
    for name, row in CORRUPTIONS.items():
        assert bool(row.level) == (len(row.levels) > 1), name
        assert all((row.title, row.axis, row.shown.format(row.levels[0]))), name


def test_formats_are_listed_in_one_place() -> None:
    assert mentions(r"webp|tiff") == {"formats.py"}
    assert all(one.pipeline for one in formats.uploaded())


def test_formats_are_those_of_pillow() -> None:
    for one in (*formats.FORMATS, NEW):
        opening.register(one)
    known = Image.registered_extensions()
    for one in (*formats.FORMATS, NEW):
        assert {known.get(suffix) for suffix in one.suffixes} - {"MPO", None} == {one.pillow}
        assert Image.MIME[one.pillow] in one.types


def test_a_new_format_is_taken_by_the_pipeline(new: bytes, tmp_path: Path) -> None:
    assert unread("1.JP2", lambda: new) == ""
    (tmp_path / "1.jp2").write_bytes(new)
    assert expand([str(tmp_path)]).files == [tmp_path / "1.jp2"]
    assert pictures.decode(new).size == (64, 48)
    with pytest.raises(pictures.PictureError, match="HEIC, JPEG XL, JPEG 2000"):
        pictures.decode(b"<html>")


def test_a_new_format_is_taken_by_the_service(new: bytes) -> None:
    assert pictures.header(new, decoder.taken()).size == (64, 48)
    with pytest.raises(pictures.PictureError, match="JPEG XL, JPEG 2000"):
        pictures.header(b"<html>", decoder.taken())
    assert "JPEG XL or JPEG 2000" in str(openapi.document()["paths"]["/api/classify"])


@pytest.mark.usefixtures("new")
def test_a_new_format_is_offered_by_the_pages() -> None:
    for code in languages.LANGUAGES:
        page = form(code)
        assert page.count(f'accept="{formats.accepted()}"') == 2
        assert {"image/jp2", ".j2k"} < set(formats.accepted().split(","))
        assert f"JPEG XL {words(code)('site.or')} JPEG 2000" in page
    assert "| JPEG 2000 | `.jp2`, `.j2k` | `image/jp2` | yes | yes |" in page_of_choices.page()


def test_a_format_without_a_row_is_taken_by_nobody(tmp_path: Path) -> None:
    content = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(content, "JPEG2000")
    (tmp_path / "1.jp2").write_bytes(content.getvalue())
    assert unread("1.jp2", content.getvalue) == "JPEG 2000, which is not read"
    with pytest.raises(CantingError, match="Expected pictures"):
        expand([str(tmp_path)])
    with pytest.raises(pictures.PictureError):
        pictures.decode(content.getvalue())
    with pytest.raises(pictures.PictureError):
        pictures.header(content.getvalue(), decoder.taken())


def test_every_language_is_whole() -> None:
    assert languages.DEFAULT in languages.LANGUAGES
    for code, row in languages.LANGUAGES.items():
        assert re.fullmatch("[a-z]{2}", code)
        assert len(row.months.split()) == 12
        assert row.decimal != row.thousands
        assert row.english in (ROOT / "README.md").read_text("utf-8")


def test_a_new_language_is_a_row_and_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(languages.LANGUAGES, "nl", DUTCH)
    assert language.accepted("nl-BE,en;q=0.5") == language.accepted("du") == "nl"
    assert numbers.decimal(1234.5, "nl") == "1.234,5"
    assert 'title="Nederlands"' in form("en")
    assert "| `nl` | Dutch | Nederlands |" in page_of_choices.page()
    with pytest.raises(FileNotFoundError, match="nl"):
        form("nl")


def test_every_source_is_named_in_the_parameters() -> None:
    told = comments(PARAMS.read_text("utf-8"))["fetch", "source"].split(" | ")
    assert told == ["data", *(kind.written for kind in source.SOURCES), "a list of {name, source}"]


def test_a_new_source_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def opened(given: str, _: source.Means) -> Iterator[Any]:
        yield given.upper()

    hint = "a shelf is written shelf:name"
    new = source.SourceKind("shelf:name", "shelf:name", opened, prefix="shelf:", hint=hint)
    last = re.escape(source.SOURCES[-1].words)
    monkeypatch.setattr(source, "SOURCES", (*source.SOURCES, new))
    with source.opened("shelf:mine", source.Means()) as found:
        assert str(found) == "SHELF:MINE"
    said = rf"{last} or shelf:name\..*{hint}"
    with (
        pytest.raises(CantingError, match=said),
        source.opened("https://example.org/shelf", source.Means()),
    ):
        pytest.fail("an address was opened")
    assert "| `shelf:name` |" in page_of_choices.page()


def test_all_choices_are_on_the_page() -> None:
    text = page_of_choices.page()
    named = {**BACKBONES, **METHODS, **CORRUPTIONS, **dict.fromkeys(catalog.OPTIMIZERS)}
    assert [name for name in named if f"| `{name}` |" not in text] == []
    assert np.unique(re.findall("^## (.*)$", text, re.M), return_counts=True)[1].max() == 1
