"""From names of files to a table."""

import sys
from collections.abc import Sequence
from pathlib import Path

from canting.bundle import load
from canting.core.errors import CantingError
from canting.predict import answers, paths, table
from canting.predict.answers import Predicted
from canting.predict.table import Answered


def predict(names: Sequence[str], bundle: Path, out: Path | None) -> bytes:
    """Classify what the names stand for; write `out`, or return the CSV where there is none.

    Names the files that are no pictures, and how many were predicted, on standard error. Raises
    `CantingError` where nothing could be predicted; then nothing is written.
    """
    if out is not None:
        table.check(out)
    found = paths.expand(names)
    classifier = load(bundle)
    predicted = answers.predict(classifier, found)
    rows = [table.row(Answered(one.path, one.answer)) for one in predicted if one.answer]
    _tell(predicted)
    if not rows:
        raise CantingError(f"None of {len(found)} files is a picture. Nothing was written.")
    if out is None:
        return table.as_csv(rows)
    table.write(out, rows)
    return b""


def _tell(predicted: Sequence[Predicted]) -> None:
    bad = [one for one in predicted if one.answer is None]
    for one in bad:
        print(f"left out `{one.path}`: {one.fault}", file=sys.stderr)
    abstained = sum(one.answer.abstained for one in predicted if one.answer)
    print(
        f"{len(predicted) - len(bad)} predicted, of these {abstained} unlike the training "
        f"pictures; {len(bad)} left out.",
        file=sys.stderr,
    )
