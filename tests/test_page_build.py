"""`canting page`: the files of the page, and what is refused."""

import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from canting.bundle.classifier import Classifier
from canting.bundle.engine import Engine
from canting.bundle.errors import BundleError
from canting.cli import main
from canting.config.languages import LANGUAGES
from canting.core.errors import CantingError
from canting.serving.page.build import OWN, SCRIPTS, build
from canting.serving.page.html import POLICY
from canting.serving.page.model import of_one_picture
from canting.serving.service.pages.static import FOLDER as SHARED
from canting.serving.service.pages.texts import words
from tests.browser_fixtures import bundle, site_bundle
from tests.conftest import ROOT
from tests.page_fixtures import litert, page_folder, version_of

__all__ = ["bundle", "page_folder", "site_bundle"]

OUTSIDE = re.compile(r"https?:(?!//www\.w3\.org/2000/svg)|//[a-z]+\.[a-z]|@import")


def test_every_file_that_the_page_names_is_there(page_folder: Path) -> None:
    for page in page_folder.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        named = re.findall(r'(?:src|href|data-sample)="([^"#]+)"', text)
        assert len(named) > 15
        assert [name for name in named if not (page_folder / name).is_file()] == []
    for script in page_folder.glob("*/*.js"):
        for name in re.findall(r'from "([^"]+)"', script.read_text(encoding="utf-8")):
            assert (script.parent / name).is_file(), (script.name, name)
    manifest = json.loads((page_folder / "manifest.webmanifest").read_text(encoding="utf-8"))
    for icon in manifest["icons"]:
        with Image.open(page_folder / icon["src"]) as image:
            assert icon["sizes"] == f"{image.width}x{image.height}"


def test_the_page_works_below_any_address(page_folder: Path) -> None:
    for page in page_folder.glob("*.html"):
        named = re.findall(r'(?:src|href|data-sample)="([^"]+)"', page.read_text(encoding="utf-8"))
        assert [name for name in named if name.startswith("/") or ":" in name] == []
    manifest = json.loads((page_folder / "manifest.webmanifest").read_text(encoding="utf-8"))
    assert manifest["scope"] == manifest["start_url"] == manifest["id"] == "./"


def test_no_file_of_ours_names_another_site(page_folder: Path) -> None:
    ours = [path for path in page_folder.rglob("*") if path.suffix in (".html", ".css", ".js")]
    ours += [page_folder / "manifest.webmanifest", *OWN.glob("*.js")]
    read = [path for path in ours if path.parent.name != "litert"]
    assert len(read) > 20
    for path in read:
        assert not OUTSIDE.search(path.read_text(encoding="utf-8")), path.name


def test_the_policy_lets_nothing_in_or_out(page_folder: Path) -> None:
    assert "unsafe-inline" not in POLICY
    assert "'unsafe-eval'" not in POLICY
    for page in page_folder.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert text.index("Content-Security-Policy") < text.index("<link")
        assert not re.search(r"<script(?![^>]*src=)|\sstyle=|<style|\son\w+=\"|<form", text)


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_page_in_every_language_leads_to_the_others(page_folder: Path, code: str) -> None:
    name = "index.html" if code == "en" else f"{code}.html"
    text = (page_folder / name).read_text(encoding="utf-8")
    assert f'<html lang="{code}">' in text
    assert set(re.findall(r'data-language="(\w+)"', text)) == set(LANGUAGES) - {code}
    assert f"<noscript><p>{words(code)('page.no_script')}</p>" in text


def test_looks_and_words_are_those_of_the_service(page_folder: Path) -> None:
    inside = page_folder / version_of(page_folder)
    for path in (*SHARED.glob("*.css"), *(SHARED / name for name in SCRIPTS)):
        assert (inside / path.name).read_bytes() == path.read_bytes()
    assert not {path.name for path in OWN.iterdir()} & {path.name for path in SHARED.iterdir()}


def test_the_licence_of_what_runs_the_model_is_in_the_page(page_folder: Path) -> None:
    folder = page_folder / version_of(page_folder) / "litert"
    assert "Apache License" in (folder / "LICENSE").read_text(encoding="utf-8")
    assert json.loads((folder / "package.json").read_text())["license"] == "Apache-2.0"


def test_the_worker_keeps_every_file_and_no_other(page_folder: Path) -> None:
    text = (page_folder / "sw.js").read_text(encoding="utf-8")
    names = json.loads(re.search(r"const FILES = (\[.*?\]);", text, re.DOTALL)[1])  # type: ignore[index]
    paths = [path for path in page_folder.rglob("*") if path.is_file()]
    there = {str(path.relative_to(page_folder)) for path in paths}
    assert set(names) == (there - {"sw.js"}) | {"./"}


def test_an_equal_build_is_equal_and_another_has_another_version(
    page_folder: Path, site_bundle: Path, tmp_path: Path
) -> None:
    build(site_bundle, tmp_path / "page", litert())
    first = {path.name: path.read_bytes() for path in page_folder.rglob("*.*") if path.is_file()}
    again = {path.name: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
    assert first == again
    other = shutil.copytree(site_bundle, tmp_path / "other")
    shutil.rmtree(other / "samples" / "kawung")
    build(other, tmp_path / "page", litert())
    assert version_of(tmp_path / "page") != version_of(page_folder)
    workers = [(one / "sw.js").read_text() for one in (tmp_path / "page", page_folder)]
    assert workers[0].splitlines()[0] != workers[1].splitlines()[0]


def test_arrays_are_read_as_they_are_in_the_bundle(page_folder: Path, site_bundle: Path) -> None:
    folder = page_folder / version_of(page_folder) / "model"
    content = (folder / "arrays.bin").read_bytes()
    told = json.loads((folder / "model.json").read_text())["arrays"]
    for name, array in Classifier.load(site_bundle).arrays._asdict().items():
        count = int(np.prod(told[name]["shape"]))
        read = np.frombuffer(content, "<f4", count, told[name]["start"])
        np.testing.assert_array_equal(read.reshape(told[name]["shape"]), array)


def test_a_model_for_one_picture_answers_the_same(bundle: Path) -> None:
    model = (bundle / "model.tflite").read_bytes()
    fixed = of_one_picture(model)
    assert fixed != model
    assert len(fixed) == len(model)
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    before, after = Engine(model).answer(pixels), Engine(fixed).answer(pixels)
    for name, values in before.items():
        np.testing.assert_array_equal(after[name], values)
    assert of_one_picture(fixed) == fixed


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> str:
    monkeypatch.setattr(sys, "argv", ["canting", "page", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        main.main()
    return str(caught.value)


def test_without_litert_the_error_names_the_command(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = run(monkeypatch, "page", "--bundle", bundle, "--node-modules", tmp_path)
    assert "expected LiteRT.js" in told
    assert "`make page`" in told
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_other_files_is_not_replaced(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("mine")
    for target in (tmp_path, tmp_path / "own.txt"):
        with pytest.raises(CantingError, match=r"other files\. Choose another name"):
            build(bundle, target, tmp_path)
    assert (tmp_path / "own.txt").read_text() == "mine"


def test_an_absent_bundle_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = litert()
    with pytest.raises(BundleError, match="There is no bundle"):
        build(tmp_path / "best", tmp_path / "page", folder)
    assert list(tmp_path.iterdir()) == []


def test_the_lock_of_the_runtime_has_hashes_and_no_address() -> None:
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text())
    asked = json.loads((ROOT / "web" / "package.json").read_text())["dependencies"]
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert packages
    assert all(one["integrity"].startswith("sha512-") for one in packages.values())
    assert all("resolved" not in one for one in packages.values())
    for name, version in asked.items():
        assert packages[f"node_modules/{name}"]["version"] == version
