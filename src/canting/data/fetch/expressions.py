"""What paths say of pictures: which belong together, and to which collection each belongs.

An expression can take longer than anyone waits, as `(a+)+$` does, and `re` cannot be told to give
up: another process searches with it, and is ended.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from canting.config.fetch import FOLDER, LONGEST, SESSION, fitting
from canting.core.errors import CantingError
from canting.core.names import composed
from canting.data.fetch.layout import Reading
from canting.data.fetch.names import listed
from canting.data.fetch.paths import key

SECONDS = 10.0
"""How long a search may take for any number of paths; each path adds a thousandth of a second."""

SEARCH = """
import json, re, sys
expression, paths = json.load(sys.stdin)
found = (re.search(expression, path) for path in paths)
words = [one and "/".join(filter(None, one.groups() or (one[0],))) for one in found]
json.dump(words, sys.stdout)
"""

Words = dict[PurePosixPath, str]
"""What was found in the paths of pictures that have it."""

Placed = Mapping[PurePosixPath, Reading]


def grouped(group: str, placed: Placed) -> Words:
    """Return the group of pictures that have one: a session, or what an expression captures."""
    if group == SESSION:
        found = {path: _session(one) for path, one in placed.items() if one.session}
    else:
        found = _captured("group", group, placed)
    if not found:
        raise CantingError(
            f"`fetch.group` is {group!r}, which finds nothing in the paths of the pictures. "
            f"Expected a part of such paths: {listed(map(str, sorted(placed)[:3]))}."
        )
    return found


def _session(one: Reading) -> str:
    return f"{one.collection}/{one.session}" if one.collection else one.session


def belonging(collection: str, placed: Placed) -> Words:
    """Return the collection of every picture; raise `CantingError` where one has none."""
    if collection == FOLDER:
        found = {path: one.collection for path, one in placed.items() if one.collection}
        wanted = "a folder above that of the class"
    else:
        found = _captured("collection", collection, placed)
        wanted = "a match in the path"
    lost = sorted(map(str, placed.keys() - found.keys()))
    if lost:
        raise CantingError(
            f"`fetch.collection` is {collection!r}: expected {wanted} of every picture. Received: "
            f"none for {len(lost)} of {len(placed)}, {listed(lost)}. Take another expression, or "
            "bring pictures of several collections by a list in `fetch.source`."
        )
    names = _named(set(found.values()))
    return {path: names[one] for path, one in found.items()}


def _named(found: Iterable[str]) -> dict[str, str]:
    """Return for each collection its name, fit for any table; no two become one."""
    names: dict[str, str] = {}
    seen: dict[str, str] = {}
    for one in sorted(found):
        parts = [fitting(composed(part)) for part in one.split("/")]
        names[one] = "/".join(filter(None, parts))
        if len(names[one]) > LONGEST or not any(map(str.isalnum, names[one])):
            raise CantingError(
                f"`fetch.collection`: expected names of 1 to {LONGEST} characters with a letter or "
                f"a digit. Received: {one[:LONGEST]!r}. Capture another part of the path."
            )
        twin = seen.setdefault(key(names[one]), one)
        if composed(twin) != composed(one):
            raise CantingError(
                "`fetch.collection`: expected names that differ by more than case and signs. "
                f"Received: {twin!r} and {one!r}. Rename one, or capture another part of the path."
            )
    return names


def _captured(name: str, expression: str, placed: Placed) -> Words:
    """Return what an expression captures of each path, or else matches, where that is anything."""
    paths = list(placed)
    seconds = SECONDS + len(paths) / 1000
    try:
        told = subprocess.run(
            [sys.executable, "-I", "-S", "-c", SEARCH],
            input=json.dumps([expression, list(map(str, paths))]),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise CantingError(
            f"`fetch.{name}` is {expression!r}: expected an expression that is found in "
            f"{len(paths)} paths within {seconds:.0f} seconds. Received: one that is not. Write it "
            "without repetitions inside repetitions, such as `(a+)+`."
        ) from None
    return {path: one for path, one in zip(paths, json.loads(told.stdout), strict=True) if one}
