"""A file of a form, and its name made harmless."""

import re
import unicodedata
from typing import NamedTuple

LONGEST = 120
"""Characters of a shown file name."""

INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
"""Unicode categories that are taken out: control, format (direction marks), private, breaks."""


class Upload(NamedTuple):
    """A file: its name, only ever shown, and its bytes."""

    name: str
    content: bytes


def shown_name(given: str) -> str:
    """Return the last part of a file name without invisible characters, cut in the middle."""
    last = re.split(r"[/\\]", given)[-1]
    seen = "".join(one for one in last if unicodedata.category(one) not in INVISIBLE).strip()
    if len(seen) <= LONGEST:
        return seen
    half = LONGEST // 2
    return f"{seen[: half - 1]}…{seen[-half:]}"
