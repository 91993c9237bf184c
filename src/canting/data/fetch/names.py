"""Valid labels, the choice of them in `fetch.classes`, and names in messages."""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches

from canting.config.columns import UNKNOWN
from canting.core.errors import CantingError
from canting.core.names import composed, ignored
from canting.data.fetch.paths import check_name, key

SHOWN = 8
"""Most names in one message."""

LONGEST = 255
"""Bytes of the longest name that a folder may have (`NAME_MAX`)."""


def check_chosen(classes: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Return label by name, composed; raise for an empty mapping or a name that is not there.

    `names` are those of all folders, or the labels of a table.
    """
    if not classes:
        raise CantingError(
            "`fetch.classes` must map folder names to labels, or be left empty to take every "
            "class. Received: {}."
        )
    there = sorted(set(map(composed, names)))
    for name, label in classes.items():
        _check_label(name, label)
        if composed(name) not in there:
            raise _absent(name, there)
    return {composed(name): composed(label) for name, label in classes.items()}


def check_labels(labels: Collection[str]) -> None:
    """Raise for case twins, for unfit names, and for `UNKNOWN` in another spelling."""
    seen: dict[str, str] = {}
    for label in sorted(labels):
        check_name(label, "A class")
        if ignored(label) or "/" in label or not label.strip():
            raise CantingError(
                "A class must be named with text without `/` that does not start with a dot, and "
                "is no name of a file that systems leave behind. "
                f"Received: {label!r}. Give it another label in `fetch.classes`."
            )
        if len(label.encode()) > LONGEST:
            raise CantingError(
                f"A class must be named with at most {LONGEST} bytes, as a folder is. Received: "
                f"{len(label.encode())} bytes, {label[:40] + '…'!r}. Give it another label in "
                "`fetch.classes`."
            )
        if label != UNKNOWN and label.startswith("_") and plain(label) == plain(UNKNOWN):
            raise CantingError(
                f"A label: expected {UNKNOWN!r} for pictures of no class, which are to be refused. "
                f"Received: {label!r}. Rename it, or give it this label in `fetch.classes`, or one "
                "that does not start with `_` if it is a class."
            )
        twin = seen.setdefault(key(label), label)
        if twin != label:
            raise CantingError(
                f"The classes {twin!r} and {label!r} differ only by case. "
                "Rename one, or map both to one label in `fetch.classes`."
            )


def check_enough(labels: Collection[str], least: int = 2) -> None:
    """Raise for fewer labels than needed: two classes, to learn from them.

    Where one is enough, nothing is learned, and pictures of no class are as good as others.
    """
    counted = set(labels) - {UNKNOWN} if least > 1 else set(labels)
    if len(counted) < least:
        others = f"; {UNKNOWN!r} is no class" if len(counted) < len(set(labels)) else ""
        raise CantingError(
            f"At least two classes are needed. Received only: {listed(counted) or 'none'}{others}. "
            "Add pictures of another class, or set `fetch.source` to the folder above the classes."
        )


def listed(names: Iterable[str]) -> str:
    """Return the first few names, quoted and sorted, and how many more there are."""
    every = sorted(names)
    more = f" and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
    return ", ".join(map(repr, every[:SHOWN])) + more


def plain(label: str) -> str:
    """Return the letters and digits of a label, without case: equal for two spellings of one."""
    return "".join(filter(str.isalnum, label.casefold()))


def _check_label(name: str, label: str) -> None:
    check_name(label, f"The label of {name!r} in `fetch.classes`")
    if not label.strip() or label.startswith(".") or "/" in label:
        raise CantingError(
            f"The label of {name!r} in `fetch.classes` must be text without `/` that does not "
            f"start with a dot. Received: {label!r}."
        )


def _absent(name: str, there: list[str]) -> CantingError:
    close = get_close_matches(name, there, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return CantingError(
        f"`fetch.classes` names {name!r}, which is not in `fetch.source`.{hint} "
        f"It has: {listed(there)}."
    )
