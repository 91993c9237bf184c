"""The picture as it is kept: pixels alone, re-encoded."""

import io

from PIL import Image

QUALITY = 88
THUMBNAIL_SIDE = 256


def jpeg(image: Image.Image, side: int) -> bytes:
    """Return an upright RGB picture as JPEG, its longer side at most `side`, no metadata."""
    scale = min(1.0, side / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0).convert("RGB")
    small.info = {}
    kept = io.BytesIO()
    small.save(kept, "JPEG", quality=QUALITY)
    return kept.getvalue()


def thumbnail(content: bytes) -> bytes:
    """Return a kept picture small."""
    with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
        image.draft("RGB", (2 * THUMBNAIL_SIDE, 2 * THUMBNAIL_SIDE))
        return jpeg(image, THUMBNAIL_SIDE)
