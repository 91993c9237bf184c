"""Open a picture of any format that is read, and know the memory that decoding it will take."""

import io
import threading
from importlib import import_module

from PIL import Image, UnidentifiedImageError

from canting.config.formats import Format
from canting.imaging import sides
from canting.imaging.errors import check_pixels, corrupt, too_many_pixels

BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}
OTHER_BYTES = 4
"""Bytes that Pillow holds for a pixel of a mode."""

_REGISTERING = threading.Lock()


def register(kind: Format) -> None:
    """Make Pillow know a format that a package of its own decodes; each is imported once."""
    if kind.pillow == "HEIF" and kind.pillow not in Image.OPEN:
        with _REGISTERING:
            # One thread a picture: whoever reads many shares out the cores.
            import_module("pillow_heif").register_heif_opener(
                decode_threads=1, thumbnails=False, depth_images=False, aux_images=False
            )
    elif kind.pillow == "AVIF":
        vars(import_module("PIL.AvifImagePlugin"))["DEFAULT_MAX_THREADS"] = 1
    elif kind.package:
        import_module(kind.package)


def opened(content: bytes, kind: Format, most: int) -> Image.Image:
    """Return Pillow's image, lazy; raise `PictureError`.

    `most` are the bytes that decoding may take: some decoders take them to open a picture.
    """
    register(kind)
    _check_sides(content, kind, most)
    try:
        return Image.open(io.BytesIO(content), formats=(kind.pillow,))
    except UnidentifiedImageError:
        raise corrupt(f"its start is that of {kind.name}, what follows is not") from None
    except Image.DecompressionBombError:
        raise too_many_pixels("over 179 million pixels") from None
    except MemoryError:
        raise too_many_pixels("more than the memory holds") from None
    except Exception as error:  # each decoder raises its own
        raise corrupt(error) from None


def _check_sides(content: bytes, kind: Format, most: int) -> None:
    try:
        told = sides.told(kind.pillow, content)
    except ValueError as error:
        raise corrupt(error) from None
    if told is None:
        return
    pixels = told.width * told.height
    check_pixels(*told)
    if pixels * kind.held > most:
        raise too_many_pixels(f"a picture that takes {pixels * kind.held:,} bytes")


def loaded_avif(image: Image.Image) -> Image.Image:
    """Return the first frame of an AVIF; its decoder is freed before Pillow makes a copy."""
    decoder = getattr(image, "_decoder", None)
    if decoder is None:
        image.load()
        return image
    frame = decoder.get_frame(0)[0]
    del decoder, image._decoder  # type: ignore[attr-defined]
    loaded = Image.frombytes(image.mode, image.size, frame)
    loaded.info = image.info
    return loaded


def taken(image: Image.Image, kind: Format, content: bytes) -> int:
    """Return about how many bytes decoding takes; a JPEG's coefficients are not counted."""
    pixels, held = image.width * image.height, BYTES.get(image.mode, OTHER_BYTES)
    if kind.held:
        return pixels * kind.held
    return round(pixels * max(held, _TAKEN.get(kind.pillow, _plain)(image, content)))


def _plain(image: Image.Image, _: bytes) -> float:
    """Return the bytes of a pixel; both halves of values of 16 bits may be read, one by one."""
    held = BYTES.get(image.mode, OTHER_BYTES)
    return 2 * held if held > 2 and ";16" in rawmode(image) else held


def _tiff(image: Image.Image, content: bytes) -> float:
    """Return the pixel, and what is stored of it: one strip may be the whole picture."""
    tags = image.tag_v2  # type: ignore[attr-defined]
    stored = tags.get(277, 1) * max(tags.get(258, (1,))) / 8
    return _plain(image, content) + float(stored)


def _heif(image: Image.Image, _: bytes) -> float:
    """Return two sets of planes and the pixel of libheif, or that and Pillow's: measured."""
    bands = len(image.getbands())
    chroma = {420: 0.5, 422: 1.0, 444: 2.0}.get(image.info.get("chroma", 0), 2.0)
    planes = bands if bands < 3 else 1 + chroma + (bands == 4)
    deep = 2 if image.info.get("bit_depth", 8) > 8 else 1
    return max(2 * deep * planes + bands, bands + OTHER_BYTES)


def _avif(image: Image.Image, content: bytes) -> float:
    """Return the planes, the pixel of libavif, and its copy: measured."""
    bands = len(image.getbands())
    planes = max(map(_planes, _codings(content)), default=6.0)
    return (planes if bands > 2 else min(planes, 2)) + 2 * max(bands, 3) + (3 if bands == 4 else 0)


def _codings(content: bytes) -> list[int]:
    """Return the third byte of each configuration of a codec (AV1 in ISOBMFF, 2.3.3)."""
    places = [place for place in _found(content[:65536], b"av1C") if place + 6 < len(content)]
    return [content[place + 6] for place in places]


def _found(content: bytes, name: bytes) -> list[int]:
    places, place = [], content.find(name)
    while place >= 0:
        places.append(place)
        place = content.find(name, place + 1)
    return places


def _planes(coding: int) -> float:
    """Return the bytes that the planes of a pixel take."""
    across, down = coding >> 3 & 1, coding >> 2 & 1
    chroma = 0 if coding >> 4 & 1 else 2 / ((1 + across) * (1 + down))
    return (1 + chroma) * (2 if coding >> 6 & 1 else 1)


_TAKEN = {"TIFF": _tiff, "HEIF": _heif, "AVIF": _avif}


def rawmode(image: Image.Image) -> str:
    """Return how the values of a pixel are stored, by Pillow's name; nothing where it is hidden."""
    tiles = getattr(image, "tile", None)
    arguments = tiles[0][3] if tiles else ""
    name = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return name if isinstance(name, str) else ""
