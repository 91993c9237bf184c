"""The comparison of two runs that are named on the command line."""

import json
import tempfile
from pathlib import Path
from typing import Literal

from canting.comparing import record
from canting.comparing.comparison import Comparison, compare
from canting.comparing.find import find
from canting.comparing.source import Source
from canting.comparing.written import as_json, markdown, text
from canting.core.errors import CantingError


def between(base: str, new: str, root: Path) -> Comparison:
    """Compare the runs that two names stand for in the repository at `root`."""
    with tempfile.TemporaryDirectory(prefix="canting-") as runs:
        sources = [find(name, root, Path(runs)) for name in (base, new)]
        return of(*sources)


def of(base: Source, new: Source) -> Comparison:
    """Compare two sources; raise `CantingError` where the second has no results."""
    ours = record.read(new)
    if ours is None:
        needed = ", ".join(f"`{path}`" for path in record.NEEDED)
        raise CantingError(
            f"{new.name}: expected results, {needed}. Received: none. Run `dvc repro` there."
        )
    return compare(base.name, record.read(base), ours)


def written(found: Comparison, form: Literal["text", "markdown", "json"]) -> str:
    """Return a comparison in a form."""
    if form == "json":
        return json.dumps(as_json(found), indent=2, ensure_ascii=False) + "\n"
    return (markdown if form == "markdown" else text)(found)
