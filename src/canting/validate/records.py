"""From a folder of pictures to one record a picture."""

import hashlib
from functools import partial
from pathlib import Path

import pandas as pd
from PIL import Image

from canting.core import parallel
from canting.core.errors import CantingError
from canting.imaging.pictures import PictureError, decode, upright

IGNORED = ("thumbs.db", "desktop.ini", "__macosx")
"""Names that systems leave in folders; with those that start with a dot, they are no pictures."""

TYPES = {
    "path": "str",
    "label": "str",
    "width": "Int64",
    "height": "Int64",
    "mode": "str",
    "format": "str",
    "bytes": "int64",
    "sha256": "str",
    "error": "str",
}


def labels(raw: Path) -> list[str]:
    """Return the sorted folder names under `raw`: the labels, those of empty folders too."""
    if not raw.is_dir():
        raise CantingError(f"There is no folder `{raw}`. Run `dvc repro fetch` first.")
    found = sorted(_text(entry.name) for entry in raw.iterdir() if entry.is_dir())
    return [name for name in found if not _ignored(name)]


def paths(raw: Path) -> list[str]:
    """Return the sorted paths `label/file` of everything that should be a picture."""
    files = (
        entry.relative_to(raw)
        for label in labels(raw)
        for entry in (raw / label).rglob("*")
        if not entry.is_dir()
    )
    found = sorted(_text(file.as_posix()) for file in files if not any(map(_ignored, file.parts)))
    if not found:
        raise CantingError(
            f"`{raw}` should hold one folder a label with pictures in it. "
            "Received: no picture. Set `fetch.source` in params.yaml to a folder that does."
        )
    return found


def read(raw: Path) -> pd.DataFrame:
    """Read every picture once; one row each, in sorted path order, `error` where it has one."""
    found = paths(raw)
    task = partial(_record, raw)
    rows = list(parallel.run(task, found, label="read pictures", total=len(found)))
    return pd.DataFrame(rows, columns=list(TYPES)).astype(TYPES)


def _record(raw: Path, path: str) -> dict[str, object]:
    record: dict[str, object] = {"path": path, "label": path.split("/")[0], "bytes": 0}
    try:
        content = (raw / path).read_bytes()
    except OSError as error:
        return record | {"error": f"expected a readable file, received: {error.strerror}"}
    record |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    try:
        return record | _measures(content)
    except PictureError as error:
        return record | {"error": str(error)}


def _measures(content: bytes) -> dict[str, object]:
    image: Image.Image = decode(content)
    width, height = upright(image).size
    return {"width": width, "height": height, "mode": image.mode, "format": image.format}


def _ignored(name: str) -> bool:
    return name.startswith(".") or name.lower() in IGNORED


def _text(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise CantingError(
            "File names should be UTF-8. "
            f"Received: {name!a}. Rename it (`convmv` does many at once)."
        ) from None
    return name
