"""What an ensemble adds to the best scenario, and what it costs."""

from collections.abc import Callable

from canting.config.scenario import AND
from canting.core.frames import row_of
from canting.documents.content import Block, Details, Table, say
from canting.documents.numbers import (
    count,
    decimal,
    interval,
    level,
    millions,
    p_value,
    score,
    seconds,
    signed,
    size,
)
from canting.documents.report.scenarios import full, trunk_cost
from canting.documents.run import Run


def blocks(run: Run) -> tuple[Block, ...]:
    """Return nothing where `select_best.ensemble` is 1."""
    told = run.ensemble
    if told is None:
        return ()
    reason = () if told["taken"] else (say(run.short(told["reason"])),)
    if len(told["members"]) == 1:
        return reason
    return (_method(run), *reason, _gain(run), _costs(run), _chosen(run), *_shown(run))


def confusion(run: Run) -> tuple[Block, ...]:
    """Return the confusion matrix of an ensemble that was taken; a scenario's is a figure."""
    counts = run.ensemble.get("confusion") if run.ensemble else None
    if counts is None:
        return ()
    rows = tuple((label, *map(count, row)) for label, row in zip(run.labels, counts, strict=True))
    caption = (
        f"Confusion matrix: a row a true class, a column a predicted one, over the {run.blocks}."
    )
    return (Table(caption, ("class", *run.labels), rows),)


def _method(run: Run) -> Block:
    return say(
        f"Up to {run.params.select_best.ensemble} scenarios may be averaged: their mean "
        "probabilities are the answer. Members are added one by one, each time the one that helps "
        f"the mean {run.metric} over the {run.blocks} most (Caruana and others, 2004). Because the "
        "best "
        "of many combinations looks better than it is, members and the best scenario are chosen "
        f"on all {run.blocks} but one and compared on that one, for each in turn; an ensemble is "
        "taken only where this difference is distinguishable by the corrected resampled t-test [1]."
    )


def _gain(run: Run) -> Table:
    told = run.ensemble
    assert told is not None
    caption = (
        f"What the ensemble adds: mean {run.metric} over the {run.blocks}, each scored with what "
        "was "
        f"chosen on the others, and the difference with "
        f"{level(run.params.evaluate.confidence)} interval."
    )
    ends = interval(told["low"], told["high"], sign=True)
    row = (score(told["single_mean"]), score(told["mean"]), signed(told["difference"]), ends)
    heads = ("best alone", "ensemble", "difference", "interval", "p")
    return Table(caption, heads, ((*row, p_value(told["p_value"])),), words=0)


def _costs(run: Run) -> Table:
    told, table = run.ensemble, full(run)
    assert told is not None
    alone, *others = [row_of(table, name) for name in told["members"]]
    training = float(sum((row["train_seconds"] for row in others), alone["train_seconds"]))
    milliseconds = trunk_cost(run, told["trunks"], "milliseconds")
    return Table(
        "What the ensemble costs. A network that members share untrained counts once; one that is "
        "trained from a layer on counts for each, so that less is used where they share the rest.",
        ("cost", "best alone", "ensemble", "times"),
        (
            _times("size without the classifier", size, alone["model_bytes"], told["model_bytes"]),
            _times("multiply-adds", millions, alone["multiply_adds"], told["multiply_adds"]),
            _times("ms a picture, one thread", decimal, alone["milliseconds"], milliseconds),
            _times("training, all folds", seconds, alone["train_seconds"], training),
        ),
    )


def _times(
    name: str, words: Callable[[float], str], alone: float, together: float
) -> tuple[str, ...]:
    return name, words(alone), words(together), f"{decimal(together / alone)} ×"


def _chosen(run: Run) -> Block:
    told = run.ensemble
    assert told is not None
    rows = tuple(
        (run.collections[fold] if run.elsewhere else str(fold), run.short(AND.join(names)))
        for fold, names in enumerate(told["members_by_fold"])
    )
    one = run.blocks[:-1]
    caption = f"Members chosen on all {run.blocks} but one."
    return Details(f"Members by {one}", (Table(caption, (one, "members"), rows, words=2),))


def _shown(run: Run) -> tuple[Block, ...]:
    if len(run.members) == 1:
        return ()
    return (
        say(
            "The members are one model with the same three outputs: the logarithm of the mean "
            "probabilities; the features side by side, each with the same weight; the maps side by "
            "side on one grid. The map that is shown of a picture is the mean of what in it speaks "
            "for the class to each member. Scores, calibration and abstention are of the members' "
            "averaged out-of-fold predictions; as those of the best scenario they are slightly "
            "optimistic, and the table above is not."
        ),
    )
