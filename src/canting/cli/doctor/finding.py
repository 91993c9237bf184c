"""What an examination finds."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["fine", "note", "fix"]
"""`fix`: something does not work until it is fixed; `note`: worth knowing."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, and the command that fixes it."""

    subject: str
    level: Level
    told: str
    command: str | None = None


def fine(subject: str, told: str) -> Finding:
    """Return a finding of something that is as it should be."""
    return Finding(subject, "fine", told)
