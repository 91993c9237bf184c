"""Pictures of every format that is read, as the bytes of files."""

import io
from typing import Any

from PIL import Image

from canting.config.formats import FORMATS
from canting.imaging.opening import register


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Return a picture as the bytes of a file, by Pillow's name of the format."""
    for row in FORMATS:
        if row.pillow == kind and row.pipeline:
            register(row)
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
