"""The section on the scenarios and how each was trained."""

from typing import Any

from canting.config.catalog import trains_all
from canting.config.columns import SCENARIO
from canting.config.params import Params
from canting.documents.content import Block, Mono, Section, Span, Table, say
from canting.documents.numbers import DASH, count, plural
from canting.documents.run import Run
from canting.evaluation.statistics import factors


def section(run: Run) -> Section:
    """Return the grid of scenarios, augmentation, training settings, and failures."""
    params = run.params
    trainings = len(run.trained) * params.folds * params.repeats
    drawn = "" if params.repeats == 1 else f", {plural(params.repeats, 'draw')} of them"
    return Section(
        "Scenarios",
        (
            say(
                "A scenario is one combination of the scenario keys; every combination is trained "
                f"on every fold: {plural(len(run.trained), 'scenario')}, "
                f"{plural(params.folds, 'fold')}{drawn}, {plural(trainings, 'training')}."
            ),
            _grid(run),
            say(
                "The layers before the cut (",
                Mono("fine_tune_from"),
                "; none: all but the classifier; all: no layer) are frozen with their ImageNet "
                "weights, except for a network that is trained from scratch. An uncut network is "
                "averaged at ",
                Mono("levels"),
                " of its depths, and the classifier may have a layer of ",
                Mono("hidden"),
                " units. Each epoch shows every picture in "
                f"one of {plural(params.features.views, 'augmented view')}, drawn from the seed"
                f"{_anew(params)}.",
            ),
            _settings("Features and their augmentation.", params.features.model_dump()),
            _settings("Training.", params.train.model_dump()),
            *_failures(run),
        ),
    )


def _anew(params: Params) -> str:
    """Say what is otherwise where every layer is trained."""
    whole = any(trains_all(*trunk) for trunk in params.trunks())
    return "; where no layer is frozen, in a view of its own" if whole else ""


def _grid(run: Run) -> Table:
    rows: list[tuple[Span, ...]] = []
    for key in factors.FACTORS:
        values = list(dict.fromkeys(map(factors.level, run.trained[key])))
        rows.append((Mono(key), ", ".join(values), count(len(values))))
    return Table("The grid.", ("key", "values", "number"), tuple(rows), words=2)


def _settings(caption: str, settings: dict[str, object]) -> Table:
    rows = tuple((Mono(key), _word(setting)) for key, setting in settings.items())
    return Table(caption, ("key", "value"), rows)


def _word(setting: Any) -> str:
    if isinstance(setting, bool):
        return "yes" if setting else "no"
    if isinstance(setting, tuple):
        return ", ".join(map(factors.level, setting)) or DASH
    return DASH if setting is None else factors.level(setting)


def _failures(run: Run) -> tuple[Block, ...]:
    failed = run.trained[run.trained["failure"] != ""]
    if failed.empty:
        return (say("Every scenario finished."),)
    rows = tuple(
        (run.short(name), failure)
        for name, failure in failed[[SCENARIO, "failure"]].itertuples(index=False)
    )
    caption = f"{plural(len(failed), 'scenario')} failed and are not in the scores."
    return (Table(caption, ("scenario", "cause"), rows, words=2),)
