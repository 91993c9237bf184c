"""What the name of a folder says of it: a split, a container of pictures, masks, a session."""

import re
from collections.abc import Collection, Sequence
from typing import Literal

from canting.config.columns import UNKNOWN

Role = Literal["split", "container", "mask", "name"]

SPLITS = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing", "tst"), "test"),
}
"""Words in the name of a folder that holds one part of every class, and which part that is."""

CONTAINERS = {
    *("data", "dataset", "datasets", "image", "images", "img", "imgs", "jpeg", "jpegimages", "jpg"),
    *("photo", "photos", "pic", "pics", "picture", "pictures", "png", "raw"),
}
"""Names of folders that only hold pictures."""

MASKS = {
    *("annotation", "annotations", "bbox", "bboxes", "ground_truth", "groundtruth", "gt", "label"),
    *("labels", "mask", "masks", "seg", "segmentation", "segmentations"),
}
"""Names of folders of what belongs to pictures, and is drawn as pictures by some data sets."""

SESSION = re.compile(
    r"(?:(?:album|batch|cam|camera|clip|date|day|device|dcim|folder|img|month|no|nr|part|patient|"
    r"person|roll|run|scene|seq|sequence|series|sess|session|set|shoot|shot|subject|take|trip|"
    r"video|visit|week|year|p|s)?[\W_]*\d[\d\W_]*|\d{3}[A-Z_]{5})",
    re.IGNORECASE,
)
"""Names that number a session: dates, counters, and folders of cameras (JEITA CP-3461, 3.2.3)."""

DATE = re.compile(r"\D*(?:19|20)\d\d[-_. ]?[01]\d(?:[-_. ]?[0-3]\d)?\D*")


def role(name: str) -> Role:
    """Return what a folder's name says."""
    folded = name.casefold()
    if split_of(name):
        return "split"
    if folded in CONTAINERS:
        return "container"
    return "mask" if folded in MASKS else "name"


def name_places(parts: Sequence[str]) -> list[int]:
    """Return which parts of a path are names; what is inside a folder `UNKNOWN` says nothing."""
    found = [place for place, part in enumerate(parts) if role(part) == "name"]
    inside = parts.index(UNKNOWN) if UNKNOWN in parts else len(parts)
    return [place for place in found if place <= inside]


def split_of(name: str) -> str:
    """Return train, val or test where a name has a word for it, as `seg_train`, else nothing."""
    words = re.split(r"[\W_]+", name.casefold())
    return next((SPLITS[word] for word in words if word in SPLITS), "")


def is_split_word(name: str) -> bool:
    """Return whether a name is nothing but the word for a part of a split."""
    return name.casefold() in SPLITS


def numbers_sessions(names: Collection[str]) -> bool:
    """Return whether names look like sessions of one class more than like classes: `s1`, `day 2`.

    Numbers alone may be either: `0` to `9` are classes of digits.
    """
    return all(SESSION.fullmatch(name) and re.search(r"[^\W\d_]", name) for name in names)


def place_of_class(ways: Collection[tuple[str, ...]]) -> int | None:
    """Return which of the names is the class: 0 or -1; None where it could be several."""
    tops = {way[0] for way in ways}
    if all(map(DATE.fullmatch, tops)):
        numbered = True
    else:
        numbered = len(max(ways, key=len)) > 1 and all(map(SESSION.fullmatch, tops))
        if all((top,) in ways for top in tops):
            return 0
    if not numbered and all(SESSION.fullmatch(part) for way in ways for part in way[1:]):
        return 0
    alike = len(set(map(len, ways))) == 1
    above = all(SESSION.fullmatch(part) for way in ways for part in way[:-1])
    last = all(SESSION.fullmatch(way[-1]) for way in ways)
    return -1 if numbered and alike and above and not last else None


def place_below(ways: Collection[tuple[str, ...]]) -> int | None:
    """Return the place of the class below its collection; None where it could be several."""
    return -1 if max(map(len, ways)) <= 2 else None
