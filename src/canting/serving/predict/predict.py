"""Classify many files, over all cores."""

import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from canting.bundle.answer import Answer, ModelOutputError
from canting.bundle.classifier import Classifier
from canting.bundle.load import load
from canting.core.errors import CantingError
from canting.imaging.pictures import PictureError
from canting.serving.predict import paths, table
from canting.serving.predict.table import Answered


class Predicted(NamedTuple):
    """A file with what the classifier says of it, or why it says nothing."""

    path: Path
    answer: Answer | None
    fault: str


def answers_of(classifier: Classifier, paths: Sequence[Path]) -> list[Predicted]:
    """Return a row for each file, in their order; a bad file is a row without an answer.

    Progress is shown where a person looks at standard error.
    """
    with ThreadPoolExecutor(_cores()) as pool:
        return list(_shown(pool.map(partial(_one, classifier), paths), len(paths)))


def _one(classifier: Classifier, path: Path) -> Predicted:
    try:
        content = _standard_input() if path == paths.STDIN else path
        return Predicted(path, classifier.classify(content), "")
    except (PictureError, ModelOutputError) as error:
        return Predicted(path, None, str(error))
    except OSError as error:
        return Predicted(path, None, error.strerror or str(error))


def _standard_input() -> bytes:
    """Return what is piped in; nothing where standard input is closed, which Python has as None."""
    return sys.stdin.buffer.read() if sys.stdin else b""


def _shown(rows: Iterable[Predicted], total: int) -> Iterator[Predicted]:
    shown, next_time = sys.stderr.isatty(), 0.0
    for number, row in enumerate(rows, start=1):
        if shown and (time.monotonic() > next_time or number == total):
            end = "\n" if number == total else ""
            print(f"\rpredict: {number} of {total} pictures", end=end, file=sys.stderr, flush=True)
            next_time = time.monotonic() + 0.2
        yield row


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def predict(names: Sequence[str], bundle: Path, out: Path | None) -> bytes:
    """Classify what the names stand for; write `out`, or return the CSV where there is none.

    Names, on standard error, the files that are no pictures, warnings, how many were predicted, and
    what was not read. Raises `CantingError` where nothing could be predicted; then nothing is
    written.
    """
    if out is not None:
        table.check(out)
    found = paths.expand(names)
    classifier = load(bundle)
    predicted = answers_of(classifier, found.files)
    rows = [table.row(Answered(one.path, one.answer)) for one in predicted if one.answer]
    _tell(predicted)
    if told := found.told():
        print(f"Not read: {told}.", file=sys.stderr)
    if not rows:
        raise CantingError(f"None of {len(found.files)} files is a picture. Nothing was written.")
    if out is None:
        return table.as_csv(rows)
    table.write(out, rows)
    return b""


def _tell(predicted: Sequence[Predicted]) -> None:
    bad = [one for one in predicted if one.answer is None]
    for one in bad:
        print(f"skipped `{one.path}`: {one.fault}", file=sys.stderr)
    _warn(predicted)
    abstained = sum(one.answer.abstained for one in predicted if one.answer)
    print(
        f"{len(predicted) - len(bad)} predicted, of these {abstained} unlike the training "
        f"pictures; {len(bad)} skipped.",
        file=sys.stderr,
    )


WARNINGS = {
    "animated": "animated, only the first frame was looked at",
    "small": "small, a larger one may give a better answer",
    "no_end": "without the end of the file, all pixels were there",
}
"""What the machine words of an answer's warnings mean."""

_MOST_NAMED = 10


def _warn(predicted: Sequence[Predicted]) -> None:
    for word, meaning in WARNINGS.items():
        paths = [one.path for one in predicted if one.answer and word in one.answer.warnings]
        if paths:
            named = ", ".join(f"`{path}`" for path in paths[:_MOST_NAMED])
            more = f" and {len(paths) - _MOST_NAMED} more" if len(paths) > _MOST_NAMED else ""
            print(f"warning: {meaning}: {named}{more}", file=sys.stderr)
