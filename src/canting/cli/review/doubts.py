"""What the review stage found, as the page shows it."""

from pathlib import Path
from typing import NamedTuple

from canting.config.stage import BUILD, RESULTS
from canting.core.errors import CantingError
from canting.core.frames import records
from canting.data import manifest
from canting.data.relabel import Key
from canting.documents import read

FOUND = RESULTS / "review"


class DoubtfulLabel(NamedTuple):
    """A picture below `build/raw` whose label is doubtful; `similar` are paths by their label."""

    path: str
    sha256: str
    label: str
    proposed: str
    reason: str
    similar: dict[str, list[str]]

    @property
    def key(self) -> Key:
        """What the table of corrected labels knows it by.

        A label that the table gave is never doubted, so this one is still that of the source.
        """
        return self.sha256, self.label


class DoubtfulLabels(NamedTuple):
    """All doubts, the most doubtful first; the classes, sorted; and the folder of the pictures."""

    shown: list[DoubtfulLabel]
    labels: list[str]
    raw: Path


def load(root: Path) -> DoubtfulLabels:
    """Read the doubts of the project in a folder; raise `CantingError` where there are none yet."""
    path = root / FOUND / "review.csv"
    if not path.is_file():
        raise CantingError(
            f"`{path}`: expected the doubtful labels that the review stage lists. Received: no "
            "file. Run `dvc repro review`."
        )
    similar: dict[str, dict[str, list[str]]] = {}
    for row in records(read.table(path.with_name("similar.csv"))):
        similar.setdefault(row["path"], {}).setdefault(row["label"], []).append(row["similar"])
    found: dict[Key, DoubtfulLabel] = {}
    for row in records(read.table(path)):
        words = {name: str(row[name]) for name in DoubtfulLabel._fields[:-1]}
        doubt = DoubtfulLabel(**words, similar=similar.get(row["path"], {}))
        # copies of a file under one label are one decision
        found.setdefault(doubt.key, doubt)
    labels = manifest.read(root / BUILD / "manifest.parquet")["label"].unique()
    return DoubtfulLabels(list(found.values()), sorted(map(str, labels)), root / BUILD / "raw")
