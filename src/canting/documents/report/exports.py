"""The section on the formats that the winner was exported to."""

import math

from canting.config.exports import EXPORT_FORMATS, FLOAT32
from canting.core.frames import Row, records, row_of
from canting.documents.content import Block, Mono, Section, Span, Strong, Table, say
from canting.documents.numbers import decimal, interval, p_value, score, share, signed, size
from canting.documents.run import Run


def sections(run: Run) -> tuple[Section, ...]:
    """Return what each format answers, what it costs to run, and which one the bundle holds.

    Nothing where the winner was not exported.
    """
    if run.exports.empty:
        return ()
    return (
        Section(
            "Other formats",
            (
                say(
                    "The networks of the folds were written in each format, and asked about the "
                    "pictures that they were trained without. Changes are those of calibrated "
                    "probabilities; the calibration error is with the temperature of the bundle, "
                    "the refused pictures are those beyond its threshold."
                ),
                _answers(run),
                *_speed(run),
                *_faults(run),
                _chosen(run),
            ),
        ),
    )


def _title(name: str) -> str:
    return EXPORT_FORMATS[name].title


def _answers(run: Run) -> Table:
    whole = float(row_of(run.exports, FLOAT32, "format")["bytes"])
    columns = (
        *("format", "size", "of float32", "labels as float32", "largest change", "mean change"),
        *("macro F1", "calibration error", "refused", f"{run.metric}, less float32", "p (Holm)"),
    )
    rows = tuple(_row(row, whole) for row in records(run.exports))
    level = 1 - run.params.select_best.alpha
    caption = (
        f"Out-of-fold answers by format. The difference is of means over the {run.blocks}, with "
        f"{level:.0%} interval (corrected resampled t-test)."
    )
    return Table(caption, columns, rows)


def _row(row: Row, whole: float) -> tuple[Span, ...]:
    reference = row["format"] == FLOAT32
    ends = interval(row["low"], row["high"], sign=True)
    return (
        _title(row["format"]),
        size(row["bytes"]),
        share(row["bytes"], whole),
        share(row["agreement"], 1),
        score(row["largest_change"]),
        score(row["mean_change"]),
        score(row["macro_f1"]),
        score(row["ece"]),
        share(row["refused"], 1),
        "" if reference else f"{signed(row['difference'])} {ends}",
        "" if reference else p_value(row["p_holm"]),
    )


def _speed(run: Run) -> tuple[Block, ...]:
    if run.export_costs.empty:
        return ()
    files = {one.file: name for name, one in EXPORT_FORMATS.items()}
    threads = sorted({int(count) for count in run.export_costs["threads"]})
    rows = []
    for file, part in run.export_costs.groupby("file", sort=False):
        ms = dict(zip(part["threads"].astype(int), part["ms"], strict=True))
        memory = decimal(float(part["memory_mb"].max()))
        each = (decimal(float(ms.get(one, math.nan))) for one in threads)
        rows.append((_title(files[str(file)]), *each, memory))
    heads = (f"ms, {one} thread{'s' if one > 1 else ''}" for one in threads)
    caption = (
        "Milliseconds a picture on the machine of this run (median, the best of three rounds), and "
        "the most memory that loading and answering took."
    )
    return (Table(caption, ("format", *heads, "memory, MB"), tuple(rows)),)


def _faults(run: Run) -> tuple[Block, ...]:
    return tuple(
        say(Strong(f"{_title(row['format'])} was not written: "), f"{row['fault']}.")
        for row in records(run.exports)
        if row["fault"]
    )


def _chosen(run: Run) -> Block:
    exported = run.card.get("exported")
    name = exported["format"] if exported else FLOAT32
    rule = (
        "the smallest that is not distinguishable from float32"
        if run.params.export.choose != "float32"
        else "as `export.choose` is float32"
    )
    return say(
        "The bundle holds ",
        Strong(_title(name)),
        f", {rule}. The others: ",
        Mono("build/export"),
        ".",
    )
