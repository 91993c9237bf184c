"""The comment on a pull request: its run beside the main branch."""

import re
from pathlib import Path

from canting.comparing.between import of, written
from canting.comparing.source import Folder
from canting.core.errors import CantingError
from canting.pull_request import artifact, pictures

BODY = "comment.md"
"""Name of the text in the folder of a comment; its pictures lie beside it."""

LONGEST = 50_000
"""Characters of a text; GitHub takes 65,536."""

INVITING = re.compile(r"@|#|:(?=//)|www(?=\.)|GH(?=-)", re.IGNORECASE)
"""Where GitHub makes a mention, a reference or a link of plain text."""

UNFINISHED = "The pipeline did not run to its end, so that there is nothing to compare.\n"


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
        content = pictures.redrawn((run / name).read_bytes()) if (run / name).is_file() else None
        if content:
            (folder / Path(name).name).write_bytes(content)


def _text(base: Path, run: Path) -> str:
    return defused(written(of(Folder("main", base), Folder("pull request", run)), "markdown"))


def defused(text: str) -> str:
    """Return text in which GitHub sees no mention, reference or link: a space of no width parts it.

    Marks of Markdown and HTML are escaped before, where a name is put into a table.
    """
    return INVITING.sub("\\g<0>\N{ZERO WIDTH SPACE}", text)


def cut(text: str) -> str:
    """Return text of at most `LONGEST` characters, cut at the end of a line."""
    if len(text) <= LONGEST:
        return text
    return text[: text.rfind("\n", 0, LONGEST) + 1] + "\n… and more than a comment can hold.\n"


def _quoted(text: str) -> str:
    """Return the message of an error as code: what a run holds may be quoted in it."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return "`" + line.translate({ord("`"): "'", ord("<"): "‹", ord(">"): "›"})[:600] + "`"
