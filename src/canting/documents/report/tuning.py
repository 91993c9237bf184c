"""Results of the tune stage, for the report."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from canting.config.records import RecommendationRecord
from canting.config.tables import COUNTED, TIMED
from canting.core.costs import COSTS, known
from canting.core.frames import records
from canting.documents import read
from canting.documents.content import (
    Block,
    Listing,
    Mono,
    Section,
    Span,
    Strong,
    Table,
    figure,
    say,
)
from canting.documents.numbers import count, decimal, interval, p_value, plural, score, seconds
from canting.documents.run import Run
from canting.evaluation.statistics import factors
from canting.evaluation.statistics.comparison import verdict


class TuneResults(NamedTuple):
    """The ledger, each combination against the best, and the recommendation."""

    ledger: pd.DataFrame
    comparison: pd.DataFrame
    recommendation: RecommendationRecord

    @property
    def chosen(self) -> "pd.Series[Any]":
        """The row of the ledger that is recommended."""
        names = self.recommendation["method"], self.recommendation["optimizer"]
        ours = (self.ledger["method"] == names[0]) & (self.ledger["optimizer"] == names[1])
        row: pd.Series[Any] = self.ledger[ours].iloc[0]
        return row


def tuned(run: Run) -> TuneResults | None:
    """Return what was found; none where nothing was tuned."""
    chosen = run.build / "tune" / "recommendation.json"
    if not chosen.is_file():
        return None
    return TuneResults(
        ledger(run.build.parent),
        read.table(run.results / "tune" / "comparison.csv"),
        read.record(chosen, RecommendationRecord),
    )


def ledger(root: Path) -> pd.DataFrame:
    """Return the ledger of the run at `root`; its seconds are NaN where none were measured."""
    timed = root / "build" / COSTS / "tune" / "ledger.csv"
    if timed.is_file() and known("tune", root):
        return read.table(timed)
    return read.table(root / "results" / "tune" / "ledger.csv").assign(
        **dict.fromkeys(TIMED, np.nan)
    )


def sections(run: Run) -> tuple[Section, ...]:
    """Return the section on tuning; nothing where nothing was tuned."""
    found = tuned(run)
    if found is None:
        return ()
    name = _name(found.recommendation)
    reason = found.recommendation["reason"].removeprefix(name)
    words = verdict(found.comparison).replace("scenario", "combination")
    return (
        Section(
            "Tuning",
            (
                *_protocol(run, found),
                say(Strong(words)),
                say("Recommended: ", Strong(name), reason),
                _scores(run, found),
                _costs(found),
                *_figures(run),
                say("The setting that it finds when it searches on all pictures:"),
                _setting(found),
                say(Mono("canting tune --apply"), " writes it into ", Mono("params.yaml"), "."),
            ),
        ),
    )


def _protocol(run: Run, found: TuneResults) -> tuple[Block, ...]:
    tune = run.params.tune
    budget = f"{tune.budget:g} {tune.budget_unit}"
    drawn = f", drawn {tune.seeds} times" if tune.seeds > 1 else ""
    many = f"{plural(len(found.ledger), 'combination')} of method and optimizer"
    space = tuple((Mono(key), f": {_axis(axis)}") for key, axis in tune.space.axes().items())
    return (
        say(
            f"{many} were searched, each with {budget} a search. The score of a search is that of "
            f"what it found, on {plural(tune.outer_folds, 'outer fold')}{drawn}, which the search "
            "never saw: it scored its trials on "
            f"{plural(tune.inner_folds, 'inner fold')} of the rest. No group of near-duplicates is "
            f"in two folds{_whole(run)}. A trial that was not pruned trained for "
            f"{plural(tune.epochs, 'epoch')}."
            " Searched were:"
        ),
        Listing(space),
    )


def _whole(run: Run) -> str:
    if not run.elsewhere:
        return ""
    return ", nor, where there are as many collections as folds, is a collection"


def _axis(axis: Any) -> str:
    if isinstance(axis, tuple):
        return ", ".join(map(factors.level, axis))
    return f"{axis.low:g} to {axis.high:g} (in a grid {axis.steps} values)"


def _name(row: Any) -> str:
    return f"{row['method']} · {row['optimizer']}"


def _scores(run: Run, found: TuneResults) -> Table:
    compared = {_name(row): row for row in records(found.comparison)}
    rows = tuple(
        _score(run, row, compared.get(_name(row)), _name(row) == _name(found.recommendation))
        for row in records(found.ledger)
    )
    caption = (
        f"What each combination found: inner score of the best trial, mean {run.metric} over the "
        "outer folds with its interval, p against the best (Holm), log-loss, epochs until it is "
        "within 1 % of its lowest, and the spread of the score over folds and over repeats."
    )
    columns = ("inner", "outer", "interval", "p", "loss", "epochs", "± folds", "± repeats")
    return Table(caption, ("method", "optimizer", "verdict", *columns), rows, words=3)


def _score(run: Run, row: Any, compared: Any, chosen: bool) -> tuple[Span, ...]:
    names = [row["method"], row["optimizer"]]
    found = row[run.params.select_best.column]
    return (
        *(map(Strong, names) if chosen else names),
        _verdict(compared),
        score(row["best_inner"]),
        score(found),
        interval(row["low"], row["high"]),
        p_value(compared["p_holm"]) if compared else "–",
        score(row["loss"]),
        decimal(row["epochs_to_convergence"]),
        score(row["std_folds"]),
        score(row["std_seeds"]),
    )


def _verdict(compared: Any) -> str:
    if compared is None:
        return "found nothing on a fold"
    return "distinguishable" if compared["distinguishable"] else "not distinguishable"


def _costs(found: TuneResults) -> Table:
    rows = tuple(
        (
            row["method"],
            row["optimizer"],
            *(count(row[name]) for name in COUNTED),
            seconds(row["search_seconds"]),
            seconds(row["search_cpu_seconds"]),
            seconds(row["seconds_to_near"]),
        )
        for row in records(found.ledger)
    )
    caption = (
        "What the searches of each combination cost, all together: trials, those pruned and failed "
        "among them, epochs, time, processor time; and the mean time after which a search was "
        "within 1 % of its final best. Building the models is not counted."
    )
    columns = ("trials", "pruned", "failed", "epochs", "time", "processor", "to within 1 %")
    return Table(caption, ("method", "optimizer", *columns), rows, words=2)


def _figures(run: Run) -> tuple[Block, ...]:
    plots, measured = run.results / "tune" / "plots", run.build / COSTS / "tune"
    timed = (
        (measured / "cost.png", "Processor time of the searches by optimizer and method."),
        (measured / "progress.png", "Best inner score so far against the seconds of a search."),
    )
    shown = (
        (plots / "scores.png", "Score on the outer folds by optimizer and method."),
        *(timed if known("tune", run.build.parent) else ()),
        (plots / "winners.png", "Learning curves of what each method found, on the outer folds."),
        (plots / "parallel.png", "Settings of the trials with their scores, the best on top."),
        (plots / "importance.png", "How much each hyperparameter contributes to a good score."),
    )
    return tuple(
        block
        for path, words in shown
        for block in figure(path, words, words.rstrip("."), f"tune-{path.name}")
    )


def _setting(found: TuneResults) -> Table:
    pairs = found.recommendation["setting"].items()
    rows = tuple((Mono(key), factors.level(value)) for key, value in pairs)
    return Table("The recommended setting.", ("key", "value"), rows)
