"""Valid labels, and their selection in `fetch.classes`."""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from pathlib import PurePosixPath

from canting.core.errors import CantingError
from canting.data.fetch.paths import check_name, composed, key

SHOWN = 8
"""Most names in one message."""


def check_chosen(classes: Mapping[str, str], folders: Collection[PurePosixPath]) -> dict[str, str]:
    """Return label by folder name, composed; raise for an empty mapping or an absent folder."""
    if not classes:
        raise CantingError(
            "`fetch.classes` must map folder names to labels, or be left empty to take every "
            "folder. Received: {}."
        )
    there = sorted({composed(path.name) for path in folders})
    for name, label in classes.items():
        _check_label(name, label)
        if composed(name) not in there:
            raise _absent(name, there)
    return {composed(name): composed(label) for name, label in classes.items()}


def check_labels(labels: Collection[str]) -> None:
    """Raise for fewer than two labels, for case twins and for unfit names."""
    seen: dict[str, str] = {}
    for label in sorted(labels):
        check_name(label, "A class folder")
        twin = seen.setdefault(key(label), label)
        if twin != label:
            raise CantingError(
                f"The classes {twin!r} and {label!r} differ only by case. "
                "Rename one, or map both to one label in `fetch.classes`."
            )
    if len(labels) < 2:
        raise CantingError(f"At least two classes are needed. Received only: {listed(labels)}.")


def listed(names: Iterable[str]) -> str:
    """Return the first few names, quoted and sorted, and how many more there are."""
    every = sorted(names)
    more = f" and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
    return ", ".join(map(repr, every[:SHOWN])) + more


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
        f"`fetch.classes` names the folder {name!r}, which is not in `fetch.source`.{hint} "
        f"It has: {listed(there)}."
    )
