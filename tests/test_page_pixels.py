"""What the page's scripts make of a file, in Chromium: the numbers that `canting.imaging` makes."""

import base64
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL
import pytest
from PIL import Image

from canting.imaging import pictures
from canting.imaging.pictures import Pixels
from canting.painter import SEED, paint
from canting.serving.page.build import OWN
from canting.serving.page.model import limits
from tests.browser_fixtures import browser
from tests.conftest import slow
from tests.page_fixtures import serving
from tests.picture_files import encoded
from tests.test_pictures_values import P3

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["browser"]

SIZE = (96, 112)
PILLOW = int(PIL.__version__.partition(".")[0])
"""Since 13, the height of some pictures is resampled before the width."""

READ = """async ([content, size, limits]) => {
    const { read } = await import("./picture.js");
    const file = new Blob([Uint8Array.from(atob(content), (one) => one.charCodeAt(0))]);
    try {
        const { image, width, height } = await read(file, size, limits);
        return { pixels: String.fromCharCode(...image.data), width, height };
    } catch (error) {
        if (!error.code) throw error;
        return { code: error.code };
    }
}"""
Read = Callable[[bytes], Any]


@pytest.fixture(scope="module", params=["decoder", *slow("canvas")])
def read(browser: "Browser", request: pytest.FixtureRequest) -> Iterator[Read]:
    """Yield a function from a file to what the page makes of it.

    `canvas`: as in a browser that cannot decode a large JPEG smaller.
    """
    with serving(OWN) as url:
        page = browser.new_page()
        if request.param == "canvas":
            page.add_init_script("delete globalThis.ImageDecoder")
        page.goto(f"{url}page.css")

        def ask(file: bytes) -> Any:
            found = page.evaluate(READ, [base64.b64encode(file).decode(), SIZE, limits()])
            if "pixels" in found:
                content = found["pixels"].encode("latin-1")
                found["pixels"] = np.frombuffer(content, np.uint8).reshape(*SIZE, 3)
            return found

        yield ask
        page.close()


@cache
def painted(width: int, height: int) -> Image.Image:
    """Return a painted picture of a size, with fine grain."""
    large = Image.fromarray(paint("parang", 1, SEED)).resize((width, height))
    grain = np.random.default_rng(0).normal(0, 8, (height, width, 3))
    return Image.fromarray(np.clip(np.asarray(large) + grain, 0, 255).astype(np.uint8))


def turned(kind: str, place: int, width: int = 200, height: int = 150) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = place
    return encoded(painted(width, height), kind, exif=exif)


def see_through() -> Image.Image:
    image = painted(200, 150).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


def saved(kind: str, width: int, height: int) -> bytes:
    return encoded(painted(width, height), kind)


EQUAL: dict[str, Callable[[], bytes]] = {
    **{
        f"{kind}-{width}x{height}": partial(saved, kind, width, height)
        for kind in ("JPEG", "PNG", "WEBP")
        for width, height in ((112, 96), (113, 96), (50, 40), (256, 256), (700, 1300))
    },
    **{
        f"{kind}-turned-{place}": partial(turned, kind, place)
        for kind in ("JPEG", "PNG")
        for place in range(1, 9)
    },
    "progressive": lambda: encoded(painted(300, 200), "JPEG", progressive=True, subsampling=0),
    "grey": lambda: encoded(painted(300, 200).convert("L"), "JPEG"),
    "CMYK": lambda: encoded(painted(300, 200).convert("CMYK"), "JPEG"),
    "palette": lambda: encoded(painted(300, 200).convert("P"), "PNG", transparency=3),
    "one bit": lambda: encoded(painted(300, 200).convert("1")),
    "alpha": lambda: encoded(see_through()),
    "alpha of WebP": lambda: encoded(see_through(), "WEBP", lossless=True, exact=True),
    "grey with alpha": lambda: encoded(see_through().convert("LA")),
    "GIF": lambda: encoded(painted(300, 200), "GIF"),
    "BMP": lambda: encoded(painted(300, 200), "BMP"),
    "animated": lambda: encoded(
        painted(300, 200), "WEBP", save_all=True, append_images=[painted(300, 200).rotate(90)]
    ),
}  # fmt: skip


LARGE = {"large PNG": lambda: encoded(painted(2100, 2200), compress_level=1)}


def expected(content: bytes) -> Pixels:
    return pictures.pixels(content, SIZE)


@pytest.mark.parametrize("name", [*EQUAL, *slow("large PNG")])
def test_a_picture_becomes_the_same_numbers(read: Read, name: str) -> None:
    content = (EQUAL | LARGE)[name]()
    found = read(content)
    difference = np.abs(found["pixels"].astype(int) - expected(content))
    assert difference.max() <= (0 if PILLOW >= 13 else 1)
    assert (found["width"], found["height"]) == pictures.decode(content).size


@pytest.mark.parametrize(("width", "height"), [(2100, 2200), *slow((4200, 2050), (2049, 4097))])
@pytest.mark.parametrize("place", [1, 6])
def test_a_large_jpeg_is_decoded_smaller(
    read: Read, width: int, height: int, place: int, request: pytest.FixtureRequest
) -> None:
    content = turned("JPEG", place, width, height)
    difference = np.abs(read(content)["pixels"].astype(int) - expected(content))
    if "canvas" in request.node.callspec.params.values():
        assert difference.mean() < 1
    else:
        assert difference.max() == 0


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_profile_is_brought_to_srgb(read: Read, kind: str) -> None:
    content = encoded(painted(300, 200), kind, icc_profile=P3)
    plain = encoded(painted(300, 200), kind)
    found = read(content)["pixels"].astype(int)
    assert np.abs(found - expected(content)).max() <= 2
    assert np.abs(found - expected(plain)).max() > 5


def cut(kind: str) -> bytes:
    return saved(kind, 300, 200)[:9000]


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "empty_file"),
    "HTML": (lambda: b"<html>", "unsupported_format"),
    "SVG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "unsupported_format"),
    "TIFF": (lambda: encoded(painted(300, 200), "TIFF"), "unsupported_format"),
    **{f"cut {kind}": (partial(cut, kind), "corrupt_image") for kind in ("JPEG", "PNG", "WEBP")},
    "start alone": (lambda: b"\xff\xd8\xff", "corrupt_image"),
    "too small": (lambda: encoded(painted(200, 15)), "too_small"),
    "too long": (lambda: encoded(painted(2000, 20)), "extreme_aspect"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_is_refused_with_the_code_of_the_service(read: Read, name: str) -> None:
    make, code = REFUSED[name]
    assert read(make()) == {"code": code}
