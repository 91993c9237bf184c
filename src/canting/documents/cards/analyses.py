"""The figures of a model card: overall, by class, calibration, changed pictures, abstention."""

from typing import Any

from canting.config.columns import LABEL, SCENARIO
from canting.config.metrics import METRICS, ends_of, label, mean_of, std_of
from canting.config.refusals import AbstentionRecord
from canting.core.frames import Row, records, row_of
from canting.documents.content import Block, Details, Mono, Section, Strong, Table, figure, say
from canting.documents.numbers import count, interval, level, listed, score, share
from canting.documents.report import corruptions, data, elsewhere, ensemble, results
from canting.documents.run import Run
from canting.evaluation.statistics.inference import wilson


def sections(run: Run) -> tuple[Section, ...]:
    """Return the quantitative analyses."""
    return (
        Section(
            "Quantitative analyses",
            (
                _overall(run),
                *_stability(run),
                *results.collections(run),
                *_by_class(run),
                *_hold_out(run),
            ),
        ),
        _calibration(run),
        *_elsewhere(run),
        _corruptions(run),
        _abstention(run),
    )


def _overall(run: Run) -> Table:
    row = row_of(run.scored, run.winner)
    caption = (
        f"Scores on out-of-fold pictures: mean over the {run.blocks} with "
        f"{level(run.params.evaluate.confidence)} interval and standard deviation; pooled, from "
        f"the predictions of all {run.blocks} together."
    )
    columns = ("score", f"mean over the {run.blocks}", "interval", f"± {run.blocks}", "pooled")
    return Table(caption, columns, tuple(_score(row, name) for name in METRICS))


def _stability(run: Run) -> tuple[Block, ...]:
    words = results.stability(run, run.winner)
    ours = "Scores by class, calibration and refusals are of the first draw."
    return (say(*words, f" {ours}"),) if words else ()


def _score(row: Any, name: str) -> tuple[str, ...]:
    low, high = ends_of(name)
    missing = float("nan")
    return (
        label(name),
        score(row.get(mean_of(name), missing)),
        interval(row.get(low, missing), row.get(high, missing)),
        score(row.get(std_of(name), missing)),
        score(row[name]),
    )


def _by_class(run: Run) -> tuple[Block, ...]:
    words = f"Confusion matrix of {run.short(run.winner)}"
    ours = run.build / "confusions" / f"{run.winner}.png"
    caption = (
        f"Confusion matrix: counts summed over the {run.blocks}, with the share of the true class."
    )
    return (
        results.classes(run, run.winner),
        _intervals(run),
        *figure(ours, caption, words, "confusion.png"),
        *ensemble.confusion(run),
    )


def _intervals(run: Run) -> Table:
    ours = records(run.classes[run.classes[SCENARIO] == run.winner])
    return Table(
        f"Precision and recall of each class with {level(run.params.evaluate.confidence)} "
        "interval (Wilson).",
        ("class", "precision", "interval of precision", "recall", "interval of recall"),
        tuple((row[LABEL], *_shares(row, run.params.evaluate.confidence)) for row in ours),
    )


def _shares(row: Row, confidence: float) -> tuple[str, ...]:
    found = []
    for name, other in (("precision", "fp"), ("recall", "fn")):
        whole = int(row["tp"] + row[other])
        ends = wilson(int(row["tp"]), whole, confidence) if whole else (float("nan"),) * 2
        found += [score(row[name]), interval(*ends)]
    return tuple(found)


def _hold_out(run: Run) -> tuple[Block, ...]:
    held = run.selection["hold_out"]
    if not held:
        return (say("There was no hold-out: selection makes these scores slightly optimistic."),)
    return (
        say(
            f"Hold-out of {count(held['pictures'])} pictures, scored once after the choice: macro "
            "F1 ",
            Strong(score(held["macro_f1"])),
            f", accuracy {score(held['accuracy'])}.",
        ),
    )


def _calibration(run: Run) -> Section:
    row, names = run.calibrated, run.calibrated_on
    parts = f"left-out collections ({listed(names)})" if names else "folds"
    return Section(
        "Calibration",
        (
            Table(
                f"Before and after division of the logits by the temperature, on {parts} that it "
                "was not fitted to.",
                ("", "before", "after"),
                (
                    ("expected calibration error", score(row["ece"]), score(row["ece_scaled"])),
                    ("loss", score(row["loss"]), score(row["loss_scaled"])),
                ),
            ),
            say("Temperature of the model: ", Mono(score(row["temperature"])), "."),
            *_reliability(run),
        ),
    )


def _reliability(run: Run) -> tuple[Block, ...]:
    """Return the plot, which is of the scenario with the best score."""
    if run.winner != run.leader:
        return ()
    path = run.results / "evaluate" / "reliability.png"
    return figure(path, "Accuracy by confidence, before and after.", "Reliability diagram")


def _elsewhere(run: Run) -> tuple[Section, ...]:
    blocks = tuple(elsewhere.shipped(run))
    return (Section("Pictures of other collections", blocks),) if blocks else ()


def _corruptions(run: Run) -> Section:
    first, second, *rest = corruptions.section(run).blocks
    return Section(
        "Changed pictures",
        (first, second, Details("Accuracy by kind of change, strength and class", tuple(rest))),
    )


def _abstention(run: Run) -> Section:
    told = run.card.get("abstention")
    if not told:
        words = "The model does not abstain: it answers with one of its classes to every picture."
        return Section("Abstention", (say(words),))
    refused = _refused(told.get("refused", {}))
    return Section("Abstention", (_refusal(told), *data.unknown(run), *refused))


REFUSED_ELSEWHERE = (
    "On how many good pictures from elsewhere are refused this says nothing: of three batik "
    "motifs, a model of one collection whose threshold was to refuse 5 % refused 51.6 % of the "
    "good pictures of three others."
)
"""What `benchmarks/abstention.py` measured; `docs/abstention.md` has the table."""


def _refusal(told: AbstentionRecord) -> Block:
    left = told.get("collections")
    on = (
        f"pictures of collections that were left out one by one, {listed(left)},"
        if left
        else "out-of-fold pictures"
    )
    return say(
        "Pictures unlike the training pictures get no answer (method: ",
        Mono(told["method"]),
        f"). The threshold was set on {on} to refuse "
        f"{share(told['wanted'], 1)} of them; of {count(told['pictures'])} it refuses ",
        Strong(share(told["false_refusal"], 1)),
        "." if left else f". {REFUSED_ELSEWHERE}",
    )


def _refused(kinds: dict[str, float]) -> tuple[Block, ...]:
    if not kinds:
        return ()
    rows = tuple((kind.replace("_", " "), share(part, 1)) for kind, part in kinds.items())
    caption = "Generated pictures that show none of the classes, and the share that is refused."
    return (Table(caption, ("kind", "refused"), rows),)
