"""The Python API: three lines, whatever form a picture has, and no work at the import."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import canting
from canting import CantingError, Classifier
from canting.imaging import given
from canting.imaging.pictures import PictureError
from tests.conftest import ROOT
from tests.service_fixtures import COLOURS, LABELS, bundle

__all__ = ["bundle"]

ORIENTATION, ON_ITS_SIDE = 0x0112, 6


@pytest.fixture(scope="module")
def classifier(bundle: Path) -> Classifier:
    return Classifier.load(str(bundle))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photograph on its side: red above lime where it is upright."""
    image = Image.new("RGB", (90, 120), "red")
    image.paste("lime", (0, 0, 40, 120))
    exif = Image.Exif()
    exif[ORIENTATION] = ON_ITS_SIDE
    path = tmp_path / "photo.png"
    image.save(path, exif=exif)
    return path


def test_the_lines_of_the_documentation_answer_a_picture(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lines,) = re.findall(r"```python\n(.+?)```", (ROOT / "docs/python.md").read_text(), re.DOTALL)
    assert len(lines.split("\n\n")[1].splitlines()) == 2
    (tmp_path / "build").mkdir()
    (tmp_path / "build/best").symlink_to(bundle)
    Image.new("RGB", (70, 70), "blue").save(tmp_path / "picture.jpg")
    monkeypatch.chdir(tmp_path)
    values: dict[str, Any] = {}
    exec(lines, values)
    assert values["answer"].label == "parang"


def test_importing_the_package_imports_nothing_else() -> None:
    code = (
        "import sys; before = set(sys.modules); import canting;"
        "print(sorted(set(sys.modules) - before))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "['canting']\n"


def test_the_stubs_name_what_the_package_hands_on() -> None:
    stubs = Path(canting.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    names = [line.rpartition(" as ")[2] for line in stubs.splitlines()]
    assert sorted(names) == ["Answer", "CantingError", "Classifier"]
    for name in names:
        assert getattr(canting, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute `other`"):
        _ = canting.other  # type: ignore[attr-defined]


@pytest.mark.parametrize("label", LABELS)
def test_a_picture_has_one_answer_in_every_form(
    classifier: Classifier, tmp_path: Path, label: str
) -> None:
    image = Image.new("RGB", (120, 90), COLOURS[label])
    path = tmp_path / "a.png"
    image.save(path)
    forms: tuple[Any, ...] = (path, str(path), path.read_bytes(), image, Image.open(path))
    answers = [classifier.classify(form) for form in (*forms, np.asarray(image))]
    assert answers == [answers[0]] * 6
    assert answers[0].label == label


def test_files_and_images_are_turned_upright_and_left_as_they_were(photo: Path) -> None:
    upright = given.picture(photo)
    assert upright.size == upright.image.size == (120, 90)
    assert upright.image.getpixel((60, 0)) == (0, 255, 0)
    assert upright.image.getpixel((60, 89)) == (255, 0, 0)
    with Image.open(photo) as image:
        found = given.picture(image)
        assert (found.image.tobytes(), found.size) == (upright.image.tobytes(), (120, 90))
        assert image.size == (90, 120)
        assert image.getexif()[ORIENTATION] == ON_ITS_SIDE


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "CMYK", "I;16", "F"])
def test_images_of_other_modes_become_rgb(mode: str) -> None:
    image = Image.new("L", (70, 70), 255).convert("RGB" if mode == "P" else "L").convert(mode)
    found = given.picture(image).image
    assert (found.mode, found.size) == ("RGB", (70, 70))


def test_an_array_is_neither_changed_nor_kept(classifier: Classifier) -> None:
    pixels = np.full((70, 140, 3), (255, 0, 0), dtype=np.uint8)[:, ::2]
    pixels.setflags(write=False)
    assert classifier.classify(pixels).label == "kawung"


@pytest.mark.parametrize(
    ("wrong", "received"),
    [
        (None, "a value of the type `NoneType`"),
        (bytearray(b"x"), "a value of the type `bytearray`"),
        ([[1]], "a value of the type `list`"),
        (np.zeros((3, 4, 3)), "an array (3, 4, 3) float64"),
        (np.zeros((3, 64, 64), np.uint8), "an array (3, 64, 64) uint8"),
        (np.zeros((1, 64, 64, 3), np.uint8), "an array (1, 64, 64, 3) uint8"),
        (np.zeros((0, 4, 3), np.uint8), "an array (0, 4, 3) uint8"),
        (Image.new("RGB", (0, 4)), "one of (0, 4) pixels"),
        (np.zeros((10_001, 10_000, 3), np.uint8), "10000 × 10001"),
        (b"", "an empty file"),
        (b"no picture", "bytes of none of them"),
    ],
)
def test_what_is_no_picture_is_one_error_that_says_so(
    classifier: Classifier, wrong: Any, received: str
) -> None:
    with pytest.raises(PictureError) as caught:
        classifier.classify(wrong)
    assert received in str(caught.value)
    assert "expected" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "No such file or directory"), (b"no picture", "bytes of none of them")],
)
def test_a_file_that_cannot_be_answered_is_named(
    classifier: Classifier, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "a.jpg"
    if content is not None:
        path.write_bytes(content)
    for form in (path, str(path)):
        with pytest.raises(CantingError) as caught:
            classifier.classify(form)
        assert f"`{path}`: expected" in str(caught.value)
        assert reason in str(caught.value)
    with pytest.raises(CantingError, match="Is a directory"):
        classifier.classify(tmp_path)


def test_an_image_whose_file_is_damaged_is_an_error(photo: Path) -> None:
    photo.write_bytes(photo.read_bytes()[:150])
    with Image.open(photo) as image, pytest.raises(PictureError, match="damaged or truncated"):
        given.picture(image)


def test_a_folder_without_a_bundle_is_named(tmp_path: Path) -> None:
    with pytest.raises(CantingError, match=f"There is no bundle `{tmp_path}/none`"):
        Classifier.load(f"{tmp_path}/none")
