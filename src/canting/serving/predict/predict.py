"""Classify many files, over all cores, with the memory of few."""

import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path

from canting.config.sections import Compute
from canting.core.errors import CantingError
from canting.serving.predict import chunks, paths, table
from canting.serving.predict.chunk import (
    PredictChunk,
    Predicted,
    bundle_digest,
    classified,
    classifier,
    is_kept,
    keep,
    keep_there,
    rows,
)
from canting.serving.predict.threads import PictureCount, cores, in_order

Parts = Callable[[], Iterable[list[Predicted]]]
"""Returns the rows of all files, part after part, in their order; may be called again."""


def predict(
    names: Sequence[str],
    bundle: Path,
    out: Path | None,
    root: Path = Path(),
    compute: Compute | None = None,
) -> None:
    """Classify what the names stand for; write `out`, or print CSV where there is none.

    Answers for many files are kept below `root` until the table is written, so that the same call
    goes on where it was killed; `compute` can name a cluster that classifies them. Names, on
    standard error, the files that are no pictures, warnings, how many were predicted, and what was
    not read. Raises `CantingError` where nothing could be predicted; then nothing is written.
    """
    if out is not None:
        table.check(out)
    found = paths.expand(names)
    made_by = chunks.Bundle(bundle, bundle_digest(bundle))
    classifier(*made_by)  # which is told before any work where it is not whole
    if len(found.files) > chunks.MOST:
        _many(found, made_by, out, root, compute or Compute())
    else:
        _few(found, made_by, out)


def _few(found: paths.Expanded, bundle: chunks.Bundle, out: Path | None) -> None:
    shown = PictureCount(len(found.files))
    tasks = chunks.few(found.files, bundle, cores())
    answered = [row for part in in_order(classified, tasks, shown) for row in part]
    shown.end()
    _tell(found, lambda: [answered])
    if out is None:
        _print(answered, head=True)
    else:
        table.write(out, [table.rows(answered)])


def _many(
    found: paths.Expanded, bundle: chunks.Bundle, out: Path | None, root: Path, compute: Compute
) -> None:
    with chunks.place(root) as folder:
        tasks = chunks.kept(found.files, bundle, folder)

        def parts() -> Iterator[list[Predicted]]:
            return (rows(one) for one in tasks)

        _answer(tasks, len(found.files), out, compute)
        _tell(found, parts)
        if out is not None:
            table.write(out, (table.rows(part) for part in parts()))
        chunks.remove(tasks)


def _answer(tasks: Sequence[PredictChunk], total: int, out: Path | None, compute: Compute) -> None:
    """Keep the answers of all chunks; print each part of the table as it comes, if none is written.

    Tells how many files had been answered before.
    """
    shown = PictureCount(total, quiet=out is None and sys.stdout.isatty())
    there, head = 0, True
    on_nodes = compute.engine == "ray"
    kept = _on_nodes(tasks, shown, compute) if on_nodes else in_order(keep, tasks, shown)
    with contextlib.closing(kept) as answered:
        for task, made in zip(tasks, answered, strict=True):
            shown.add(len(task.paths) - made)
            there += len(task.paths) - made
            if out is None:
                head = not _print(rows(task), head=head) and head
    shown.end()
    if there:
        print(f"{there} of {total} files had been answered before.", file=sys.stderr)


def _on_nodes(
    tasks: Sequence[PredictChunk], shown: PictureCount, compute: Compute
) -> Generator[int, None, None]:
    """Let a cluster keep the answers; yield how many of each chunk's files it classified."""
    from canting.core import parallel  # its packages are those of a training

    kept = list(map(is_kept, tasks))
    missing = [task for task, there in zip(tasks, kept, strict=True) if not there]
    with parallel.on(compute.cluster()):
        made = parallel.silent(keep_there, missing)
        for task, there in zip(tasks, kept, strict=True):
            count = 0 if there else next(made) or 0
            if not there and not is_kept(task):
                count = keep(task)  # what no node could read may be read here
            shown.add(count)
            yield count
        parallel.discard(name for task in missing for name in task.makes())


def _print(found: Sequence[Predicted], *, head: bool) -> bool:
    """Print rows as CSV, after the names of the columns if `head`; tell whether there were any."""
    listed = table.rows(found)
    if listed:
        sys.stdout.buffer.write(table.as_csv(listed, head=head))
        sys.stdout.buffer.flush()
    return bool(listed)


def _tell(found: paths.Expanded, parts: Parts) -> None:
    """Say what came out; raise `CantingError` where no file was a picture."""
    counts: Counter[str] = Counter()
    named: dict[str, list[Path]] = {word: [] for word in WARNINGS}
    for one in (row for part in parts() for row in part):
        if one.answer is None:
            counts["skipped"] += 1
            print(f"skipped `{one.path}`: {one.fault}", file=sys.stderr)
            continue
        counts["predicted"] += 1
        counts["abstained"] += one.answer.abstained
        for word in one.answer.warnings:
            counts[word] += 1
            named[word] += [one.path] if len(named[word]) < _MOST_NAMED else []
    _warn(counts, named)
    print(
        f"{counts['predicted']} predicted, of these {counts['abstained']} unlike the training "
        f"pictures; {counts['skipped']} skipped.",
        file=sys.stderr,
    )
    if told := found.told():
        print(f"Not read: {told}.", file=sys.stderr)
    if not counts["predicted"]:
        raise CantingError(f"None of {len(found.files)} files is a picture. Nothing was written.")


WARNINGS = {
    "animated": "animated, only the first frame was looked at",
    "small": "small, a larger one may give a better answer",
    "no_end": "without the end of the file, all pixels were there",
}
"""What the machine words of an answer's warnings mean."""

_MOST_NAMED = 10


def _warn(counts: Counter[str], named: dict[str, list[Path]]) -> None:
    for word, meaning in WARNINGS.items():
        if counts[word]:
            names = ", ".join(f"`{path}`" for path in named[word])
            rest = counts[word] - len(named[word])
            more = f" and {rest} more" if rest else ""
            print(f"warning: {meaning}: {names}{more}", file=sys.stderr)
