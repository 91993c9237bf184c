"""Re-encode pictures of a pull request pixel by pixel before they are published."""

import io
import re
import warnings
from pathlib import Path

from PIL import Image

from canting.core.errors import CantingError
from canting.runs.compare.find import of, written
from canting.runs.compare.source import RunFolder
from canting.runs.pull_request import artifact

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


BODY = "comment.md"
"""Name of the text in the folder of a comment; its pictures lie beside it."""

LONGEST = 50_000
"""Characters of a text; GitHub takes 65,536."""

INVITING = re.compile(r"@|#|:(?=//)|www(?=\.)|GH(?=-)", re.IGNORECASE)
"""Where GitHub makes a mention, a reference or a link of plain text."""

UNFINISHED = "The pipeline did not finish, so there is nothing to compare.\n"


def write(archive: Path, base: Path, folder: Path) -> None:
    """Write a comment's text and pictures: the run in an archive beside the one in `base`."""
    run = folder / "run"
    run.mkdir(parents=True)
    try:
        found = artifact.unpack(archive, run) if archive.is_file() else []
        text = _text(base, run) if found else UNFINISHED
    except CantingError as error:
        text = f"No comparison. {_quoted(str(error))}\n"
    (folder / BODY).write_text(cut(text), encoding="utf-8")
    for name in artifact.PICTURES:
        content = redrawn((run / name).read_bytes()) if (run / name).is_file() else None
        if content:
            (folder / Path(name).name).write_bytes(content)


def _text(base: Path, run: Path) -> str:
    return defused(written(of(RunFolder("main", base), RunFolder("pull request", run)), "markdown"))


def defused(text: str) -> str:
    """Return text in which GitHub sees no mention, reference or link: a space of no width parts it.

    Marks of Markdown and HTML are escaped before, where a name is put into a table.
    """
    return INVITING.sub("\\g<0>\N{ZERO WIDTH SPACE}", text)


def cut(text: str) -> str:
    """Return text of at most `LONGEST` characters, cut at the end of a line."""
    if len(text) <= LONGEST:
        return text
    return text[: text.rfind("\n", 0, LONGEST) + 1] + "\n… cut: a comment cannot hold more.\n"


def _quoted(text: str) -> str:
    """Return the message of an error as code: what a run holds may be quoted in it."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return "`" + line.translate({ord("`"): "'", ord("<"): "‹", ord(">"): "›"})[:600] + "`"
