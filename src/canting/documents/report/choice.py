"""The section on the selected scenario and its bundle."""

import math

from canting.config.metrics import METRICS, label, mean_of
from canting.config.records import out_of_fold
from canting.documents.content import Block, Mono, Section, Strong, Table, say
from canting.documents.numbers import count, score, share
from canting.documents.report import ensemble
from canting.documents.run import Run


def section(run: Run) -> Section:
    """Return the choice with its reason, the hold-out's scores, and the bundle."""
    return Section(
        "Choice and bundle",
        (
            say(
                f"The scenario with the best mean {run.metric} over the {run.blocks} leads; every "
                "scenario that is not distinguishable from it, and within one standard error of "
                "it, counts as good, and the cheapest of these is chosen: fewest parameters, then "
                "fewest trained parameters, then fewest epochs, then the better score."
            ),
            say("Chosen: ", Strong(run.short(run.winner)), f". {run.reason}"),
            *ensemble.blocks(run),
            *_hold_out(run),
            say(
                f"{_trained(run)} trained again on all {run.blocks} and exported to LiteRT. On "
                "pictures "
                "of the study, the largest difference of a probability to Keras is at most ",
                Mono(f"{run.selection['export_difference']:.1e}"),
                ", and every label is the same; otherwise no bundle would be written.",
            ),
            say(
                "The bundle: ",
                Mono("build/best/model.tflite"),
                " (SHA-256 ",
                Mono(str(run.card["model_sha256"])),
                ") and ",
                Mono("build/best/card.json"),
                ".",
            ),
        ),
    )


def _trained(run: Run) -> str:
    return "It was" if len(run.members) == 1 else "Its members were"


def _hold_out(run: Run) -> tuple[Block, ...]:
    held = run.selection["hold_out"]
    if not held:
        return (say("No pictures were held out: there are only the scores of the folds."),)
    ours = out_of_fold(run.card)
    rows = tuple(
        (
            label(name),
            score(held[name]),
            score(ours[name]),
            score(ours.get(mean_of(name), math.nan)),
        )
        for name in METRICS
    )
    part = share(held["pictures"], len(run.manifest))
    caption = (
        f"The chosen scenario on the hold-out ({count(held['pictures'])} pictures, {part}), scored "
        f"once, after the choice; and on the {run.blocks}, pooled and as the mean over them."
    )
    return (Table(caption, ("score", "hold-out", "pooled", f"mean over the {run.blocks}"), rows),)
