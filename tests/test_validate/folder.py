"""Tiny pictures on disk, and how they fare."""

import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from canting.config.records import FetchRecord
from canting.config.sections import Validate
from canting.data import origins
from canting.data.validate import gate, tables
from canting.data.validate.tables import group


def save(raw: Path, path: str, size: tuple[int, int] = (64, 48), mode: str = "RGB") -> Path:
    """Write a picture of blocks of colour that its path decides: no two paths look alike."""
    file = raw / path
    file.parent.mkdir(parents=True, exist_ok=True)
    picture(path, size, mode).save(file)
    return file


def picture(name: str, size: tuple[int, int], mode: str) -> Image.Image:
    """Draw blocks of colour that the name decides."""
    blocks = np.random.default_rng(zlib.crc32(name.encode())).integers(0, 256, (8, 8, 3), np.uint8)
    image = Image.fromarray(blocks).resize(size, Image.Resampling.NEAREST)
    if mode == "I;16":
        return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    return image.convert(mode)


def fetched(raw: Path) -> None:
    """Write what `fetch` would have said of the pictures, from one folder."""
    rows = [
        origins.Origin(path, "made", path, path.partition("/")[0], "", "")
        for path in tables.paths(raw)
    ]
    record: FetchRecord = {"collections": [], "left_out": {}, "relabelled": 0}
    origins.write(raw.parent, rows, {"notes.txt": "no picture (.txt)"}, record)


def run(raw: Path, params: Validate) -> gate.Counts:
    """Run the stage's function on pictures that were fetched."""
    fetched(raw)
    return gate.run(raw, raw.parent, raw.parent, params)


def settled(raw: Path, params: Validate, **changes: Any) -> gate.Passage:
    """Check a folder under changed parameters, writing nothing."""
    found = tables.read(raw)
    found["near_duplicate"] = found["group"] = group(raw, found)
    params = params.model_copy(update=changes)
    return gate.settle(found, tables.labels(raw), params, docs=None)


def failed(passage: gate.Passage) -> dict[str, list[str]]:
    """Return the failed expectations and the rows that each names."""
    return {
        outcome.check.id: [name for name, _ in outcome.rows]
        for outcome in passage.outcomes
        if not outcome.success
    }
