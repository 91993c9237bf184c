"""Pictures of a pull request, drawn anew: what is published is made here, pixel by pixel."""

import io
import warnings

from PIL import Image

LARGEST_SIDE = 1600
"""Pixels of the longer side that is published."""

MAX_PIXELS = 25_000_000
"""Largest width × height that is decoded, read from the header before memory is taken."""


def redrawn(content: bytes) -> bytes | None:
    """Return a PNG of the same pixels and nothing else; none for bytes that are no PNG."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=("PNG",))
        if image.width * image.height > MAX_PIXELS:
            return None
        return _encoded(image.convert("RGB"))
    except (
        *(OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, MemoryError),
        *(EOFError, OverflowError, Image.DecompressionBombWarning, Image.DecompressionBombError),
    ):
        return None


def _encoded(image: Image.Image) -> bytes:
    image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    clean = Image.frombytes("RGB", image.size, image.tobytes())
    content = io.BytesIO()
    clean.save(content, "PNG", optimize=True)
    return content.getvalue()
