"""The artifact of a pull request's run: an archive that anybody may have made.

Only files of known names are taken from it, so that nothing is written elsewhere; each is read up
to a limit, whatever the archive says of its size.
"""

import lzma
import zipfile
import zlib
from pathlib import Path

from canting.core.errors import CantingError

NAME = "reproduced"
"""Name of the artifact."""

PICTURES = {
    "results/evaluate/confusion.png": "Confusion matrix",
    "results/evaluate/learning_curves.png": "Learning curves",
}
"""Pictures of a run that are shown, and their titles."""

FILES = (
    "dvc.lock",
    "params.yaml",
    "results/evaluate/folds.csv",
    "results/evaluate/scenarios.csv",
    "results/select_best/selection.json",
    *PICTURES,
)
"""All that is ever read of a run."""

LARGEST = 4 * 2**20
"""Bytes of the largest of these files."""

LARGEST_YAML, MOST_BRACKETS = 256 * 2**10, 500
"""Bytes and brackets of a YAML file; the time to read one grows with the square of its depth."""

LARGEST_ARCHIVE = 64 * 2**20
"""Bytes of the archive."""


DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError)


def unpack(archive: Path, folder: Path) -> list[str]:
    """Write the known files of an archive into a folder and return their names.

    Raises `CantingError` for an archive that is damaged, too large, or has a name twice.
    """
    try:
        with zipfile.ZipFile(archive) as entries:
            names = [name for name in entries.namelist() if name in FILES]
            if len(set(names)) < len(names):
                raise _refusal("a name twice")
            contents = {name: _content(entries, name) for name in names}
    except (*DAMAGED, OSError, RuntimeError, ValueError, EOFError) as error:
        raise _refusal(str(error)) from None
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return sorted(contents)


def _content(entries: zipfile.ZipFile, name: str) -> bytes:
    with entries.open(name) as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise _refusal(f"`{name}` of more than {LARGEST:,} bytes")
    if name.endswith((".yaml", ".lock")) and _takes_long(content):
        raise _refusal(f"`{name}` of more than {LARGEST_YAML:,} bytes or {MOST_BRACKETS} brackets")
    return content


def _takes_long(yaml: bytes) -> bool:
    return len(yaml) > LARGEST_YAML or sum(map(yaml.count, (b"[", b"{"))) > MOST_BRACKETS


def _refusal(received: str) -> CantingError:
    return CantingError(
        f"The artifact `{NAME}`: expected the results of a run. Received: {received[:200]}. "
        "Run the workflow again."
    )
