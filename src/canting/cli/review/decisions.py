"""Decisions on doubtful labels: saved at once, one row each of the table of corrected labels."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from canting.cli.review.doubts import DoubtfulLabel
from canting.config.params import load
from canting.core import files
from canting.data import relabel
from canting.data.relabel import LEFT_OUT, Key, Relabelled
from canting.runs.study import changes
from canting.runs.study.yaml_text import merged

TABLE = "relabel.csv"
"""Name of the table, in the project's root, where `fetch.relabel` names no other."""

KEPT, RELABELLED, DROPPED = "kept", "relabelled", "left out"


class Decisions:
    """The table of corrected labels of the project in a folder, read anew for every question.

    So a change by hand, or in a second window, is neither overlooked nor overwritten.
    """

    def __init__(self, root: Path) -> None:
        """Find the table; it need not be there yet. Raises `CantingError` for one that is bad."""
        self._params = root / "params.yaml"
        named = load(self._params).fetch.relabel
        self.is_named = named is not None
        self.path = root / (named or TABLE)
        self._rows()

    def made(self, doubts: Iterable[DoubtfulLabel]) -> dict[Key, str]:
        """Return the decided label of each doubt that is decided; empty: it is left out."""
        rows = self._rows()
        return {doubt.key: rows[doubt.key].label for doubt in doubts if doubt.key in rows}

    def decide(self, doubt: DoubtfulLabel, label: str) -> None:
        """Save that a picture gets a label, its own or another, or with `LEFT_OUT` is left out.

        With the first one, `fetch.relabel` names the table.
        """
        relabel.write(self.path, self._rows() | {doubt.key: Relabelled(label, doubt.path)})
        if not self.is_named:
            self._name()

    def undo(self, doubt: DoubtfulLabel) -> None:
        """Remove the decision on a picture."""
        rows = self._rows()
        if rows.pop(doubt.key, None) is not None:
            relabel.write(self.path, rows)

    def _rows(self) -> dict[Key, Relabelled]:
        return relabel.read(self.path) if self.is_named or self.path.exists() else {}

    def _name(self) -> None:
        text = merged(self._params.read_text(encoding="utf-8"), {"fetch.relabel": TABLE})
        changes.check(text, self._params)
        files.write_text(self._params, text)
        self.is_named = True


def kind(doubt: DoubtfulLabel, label: str) -> str:
    """Return what a decision does to a picture."""
    if label == LEFT_OUT:
        return DROPPED
    return KEPT if label == doubt.label else RELABELLED


def counts(doubts: Iterable[DoubtfulLabel], made: dict[Key, str]) -> dict[str, int]:
    """Return how many pictures are kept, relabelled and left out."""
    every = Counter(kind(one, made[one.key]) for one in doubts if one.key in made)
    return {name: every[name] for name in (KEPT, RELABELLED, DROPPED)}
