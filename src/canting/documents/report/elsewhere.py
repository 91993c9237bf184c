"""The section on collections that nothing was trained on."""

from collections.abc import Iterator
from functools import partial

from canting.config.columns import LABEL, SCENARIO
from canting.config.records import ElsewhereRecord
from canting.config.refusals import AbstentionRecord
from canting.core.frames import Row, records
from canting.documents import read
from canting.documents.content import Block, Mono, Section, Span, Strong, Table, Text, figure, say
from canting.documents.numbers import (
    DASH,
    count,
    interval,
    level,
    listed,
    plural,
    score,
    share,
    signed,
)
from canting.documents.report import scenarios
from canting.documents.run import Run


def sections(run: Run) -> tuple[Section, ...]:
    """Return the section where `evaluate.other` names collections, else nothing."""
    if not run.served:
        return ()
    title = "Pictures of other collections"
    return (Section(title, (_protocol(run), *_scenarios(run), *shipped(run))),)


def finding(run: Run) -> Text:
    """Return how the shipped model does elsewhere, against the score inside; else nothing."""
    told = run.served
    if not told or "accuracy" not in told:
        return ()
    return (
        f"On {plural(told['pictures'], 'picture')} of other collections, which nothing was trained "
        "on, the chosen model has a macro F1 of ",
        Strong(_bounded(told, "macro_f1")),
        f", {signed(told['macro_f1'] - run.inside)} against inside, and an accuracy of "
        f"{score(told['accuracy'])}; it refuses {share(told['refused'], 1)} of them"
        f"{_named(told)}.",
    )


def shipped(run: Run) -> Iterator[Block]:
    """Yield the chosen model's table by collection and class, and its mistakes."""
    told = run.served
    if not told:
        return
    confidence = level(run.params.evaluate.confidence)
    names = ("all", *told["collections"])
    yield Table(
        "The chosen model, trained on everything: accuracy of all answers, also of those that it "
        f"refuses to give, with {confidence} interval over groups of near-duplicates; accuracy of "
        "the answers that it gives; expected calibration error; and of pictures of labels that no "
        "class has, how many it refuses.",
        (
            *("collection", "pictures", "accuracy", "interval", "macro F1", "calibration error"),
            *("refused", "accuracy of answered", "unknown pictures", "of these refused"),
        ),
        tuple(map(_row, names, (told, *told["collections"].values()))),
    )
    yield Table(
        "The same by class: the share of its pictures that is classified as it.",
        ("collection", *run.labels),
        tuple(
            (name, *(score(recalls[label]) if label in recalls else DASH for label in run.labels))
            for name, one in zip(names, (told, *told["collections"].values()), strict=True)
            if (recalls := one.get("recalls", {}))
        ),
    )
    yield from figure(
        run.results / "select_best" / "elsewhere" / "misclassified.png",
        "Misclassified pictures of other collections, by pair of classes.",
        "Misclassified pictures of other collections",
        "misclassified-elsewhere.png",
    )
    yield from _curve(run)


def _curve(run: Run) -> Iterator[Block]:
    """Yield what other thresholds refuse, where good and unknown pictures were asked about."""
    folder = run.results / "select_best" / "elsewhere"
    told = run.card.get("abstention")
    if told is None or not (folder / "refusals.csv").is_file():
        return
    rows = records(read.table(folder / "refusals.csv"))
    yield _fixed(told, run.blocks)
    yield Table(
        "What other thresholds would refuse: the largest distance that is answered (that of the "
        "model is 1), and shares of good and of unknown pictures above it. Nothing was chosen by "
        "this table.",
        ("distance", "good refused", "unknown refused"),
        tuple(
            (score(row["distance"]), share(row["good"], 1), share(row["unknown"], 1))
            for row in rows
        ),
    )
    yield from figure(
        folder / "refusals.png",
        "Good pictures of other collections refused, against unknown ones, over all thresholds.",
        "Refused good pictures against refused unknown ones",
        "refusals-elsewhere.png",
    )


def _fixed(told: AbstentionRecord, blocks: str) -> Block:
    """Say what the threshold of the chosen model was fixed on."""
    left = told.get("collections")
    on = f"collections that were left out, {listed(left)}," if left else f"the {blocks}"
    return say(
        f"The threshold of the chosen model was fixed on {on} to refuse {share(told['wanted'], 1)} "
        "of good pictures. The more good pictures a threshold refuses, the more unknown ones too.",
    )


def _protocol(run: Run) -> Block:
    names = [one.name for one in run.params.evaluate.other or ()]
    parts: list[Span] = []
    for name in names:
        parts += [", " if parts else "", Mono(name)]
    return say(
        "Nothing was trained on these collections, and nothing was chosen by them: ",
        *parts,
        ". Pictures near one of the training were left out. The model of every fold was asked, so "
        "that scenarios are compared as inside; a score is the mean over these models.",
    )


def _scenarios(run: Run) -> tuple[Block, ...]:
    if "other_gap" not in run.ranking:
        return ()
    confidence = level(run.params.evaluate.confidence)
    return (
        scenarios.elsewhere(
            run,
            "Scenarios on other collections, the best pooled macro F1 inside first, each with its "
            f"{confidence} interval over groups of near-duplicates; “lost” is the macro F1 inside "
            "less that elsewhere.",
        ),
        *_classes(run),
    )


def _classes(run: Run) -> tuple[Block, ...]:
    """Return recall by class, a row a scenario."""
    ours = run.other[(run.other["collection"] == "") & (run.other[LABEL] != "")]
    rows = []
    for name in run.ranking[SCENARIO]:
        of = {row[LABEL]: row["accuracy"] for row in records(ours[ours[SCENARIO] == name])}
        cells = (score(of[label]) if label in of else DASH for label in run.labels)
        rows.append((run.short(name), *cells))
    caption = "The same by class: the share of its pictures that is classified as it."
    return (Table(caption, ("scenario", *run.labels), tuple(rows)),)


def _row(name: str, told: ElsewhereRecord) -> tuple[Span, ...]:
    shares = partial(_part, dict(told))
    return (
        name,
        count(told["pictures"]),
        score(told["accuracy"]) if "accuracy" in told else DASH,
        interval(told["accuracy_low"], told["accuracy_high"]) if "accuracy" in told else DASH,
        score(told["macro_f1"]) if "accuracy" in told else DASH,
        score(told["ece"]) if "accuracy" in told else DASH,
        shares("refused"),
        score(told["answered_accuracy"]) if "accuracy" in told else DASH,
        count(told["unknown"]),
        shares("unknown_refused"),
    )


def _part(told: Row, key: str) -> str:
    return share(told[key], 1) if key in told else DASH


def _bounded(told: ElsewhereRecord, name: str) -> str:
    row: Row = dict(told)
    return f"{score(row[name])} {interval(row[f'{name}_low'], row[f'{name}_high'])}"


def _named(told: ElsewhereRecord) -> str:
    if "unknown_refused" not in told:
        return ""
    unknown = plural(told["unknown"], "picture")
    return f", and {share(told['unknown_refused'], 1)} of {unknown} of nothing that it knows"
