"""A mark beside pages that show seconds, date and machine, which DVC therefore does not keep.

DVC looks at the mark in their place: where it is gone, or is of another run than `dvc.lock`, the
next `dvc repro` writes the pages again.
"""

from collections.abc import Iterable
from pathlib import Path

from canting.core import files

MARK = "made_of.json"
"""Name of the mark in the folder of the pages."""


def mark(folder: Path, made_of: Iterable[Path], settings: dict[str, object]) -> None:
    """Write the mark of pages that were made of some files, folders and settings."""
    digest = files.digest(files.tree_digest(Path(), made_of), settings)
    files.write_json(folder / MARK, {"made_of": digest})
