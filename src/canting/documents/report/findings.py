"""The abstract: what was found, in sentences made from the figures."""

import pandas as pd

from canting.config.metrics import mean_of, sign
from canting.core.frames import row_of
from canting.documents.content import Strong, Text
from canting.documents.numbers import (
    count,
    decimal,
    interval,
    level,
    listed,
    millions,
    plural,
    score,
    seconds,
    share,
    signed,
    size,
)
from canting.documents.report import elsewhere, results, review
from canting.documents.report.scenarios import full, mean_with_interval
from canting.documents.report.tuning import tuned
from canting.documents.run import Run
from canting.evaluation.statistics import factors
from canting.evaluation.statistics.comparison import verdict


def findings(run: Run) -> tuple[Text, ...]:
    """Return the best, its doubt, factors, choice, tuning, cost, calibration and the rest."""
    parts = (
        _study,
        _best,
        _stability,
        elsewhere.finding,
        _doubt,
        _factors,
        _choice,
        _ensemble,
        _tuning,
        _cost,
        _calibration,
        _corruptions,
        _labels,
        _leakage,
    )
    return tuple(text for part in parts if (text := part(run)))


def _study(run: Run) -> Text:
    classes = plural(len(run.labels), "class", "classes")
    varied = [
        f"{key.replace('_', ' ')} ({count(len(names))})"
        for key, names in factors.levels(run.trained).items()
    ]
    grid = f", varying {listed(varied)}," if varied else ""
    failed = len(run.trained) - len(run.ranking)
    lost = f" {plural(failed, 'scenario')} failed." if failed else ""
    return (
        f"{plural(len(run.manifest), 'picture')} of {classes} were classified by "
        f"{plural(len(run.trained), 'scenario')}{grid} {run.evaluated}.{lost}",
    )


def _best(run: Run) -> Text:
    row = run.ranking.iloc[0]
    best = "best pooled" if len(run.ranking) > 1 else "pooled"
    return (
        f"The {best} macro F1 is {score(row['macro_f1'])}, reached by {run.short(run.leader)}; "
        f"its mean over the {run.blocks} is ",
        Strong(mean_with_interval(row, "macro_f1")),
        f" ({level(run.params.evaluate.confidence)} interval), that of its accuracy "
        f"{score(row[mean_of('accuracy')])}.",
    )


def _stability(run: Run) -> Text:
    return results.stability(run, run.leader)


def _doubt(run: Run) -> Text:
    if len(run.comparison) < 2:
        return ()
    second = run.comparison.iloc[1]
    ends = interval(second["low"], second["high"], sign=True)
    return (
        Strong(verdict(run.comparison)),
        f" The next, {run.short(second['scenario'])}, differs by {signed(second['difference'])} "
        f"{ends} in {run.metric}, mean over the {run.blocks}.",
    )


def _factors(run: Run) -> Text:
    if run.contrasts.empty:
        return ()
    parts = run.contrasts.groupby("factor", sort=False)
    return (" ".join(_factor(run, str(name), part) for name, part in parts),)


def _factor(run: Run, factor: str, contrasts: pd.DataFrame) -> str:
    name = factor.replace("_", " ").capitalize()
    told = contrasts[contrasts["distinguishable"] == 1]
    if told.empty:
        return f"{name}: no two levels are distinguishable."
    row = told.iloc[int(told["difference"].abs().to_numpy().argmax())]
    better, worse = row["level"], row["other"]
    if sign(run.params.select_best.column) * row["difference"] < 0:
        better, worse = worse, better
    among = f", the largest of {len(told)} distinguishable differences"
    if len(told) == 1:
        among = ", the only distinguishable difference" if len(contrasts) > 1 else ""
    return f"{name}: {better} is better than {worse} by {score(abs(row['difference']))}{among}."


def _choice(run: Run) -> Text:
    if len(run.ranking) < 2:
        return ()
    return ("Chosen: ", Strong(run.short(run.winner)), f". {run.reason}")


def _ensemble(run: Run) -> Text:
    told = run.ensemble
    return () if told is None or told["taken"] else (run.short(told["reason"]),)


def _tuning(run: Run) -> Text:
    found = tuned(run)
    if found is None or len(found.ledger) < 2:
        return ()
    name = f"{found.chosen['method']} · {found.chosen['optimizer']}"
    same = len(found.recommendation["same"])
    return (
        "Of ",
        plural(len(found.ledger), "combination"),
        " of tuning method and optimizer, ",
        Strong(name),
        " is recommended: its search trained for the fewest epochs "
        f"({count(found.chosen['epochs'])}) of the {same} that are not distinguishable from the "
        "best.",
    )


def _cost(run: Run) -> Text:
    row = row_of(full(run), run.winner)
    return (
        f"Its network has {count(row['parameters'])} parameters and takes "
        f"{millions(row['multiply_adds'])} multiply-adds and {decimal(row['milliseconds'])} ms a "
        f"picture on one thread; its file has {size(row['model_bytes'])}. The whole study cost "
        f"{seconds(run.feature_seconds)} for the features and "
        f"{seconds(run.train_seconds)} for the trainings.",
    )


def _calibration(run: Run) -> Text:
    row, names = run.calibrated, run.calibrated_on
    where = f" on collections that were left out, {listed(names)}," if names else ""
    return (
        f"With temperature {score(row['temperature'])} its expected calibration error{where} goes "
        f"from {score(row['ece'])} to {score(row['ece_scaled'])}.",
    )


def _corruptions(run: Run) -> Text:
    told = run.corruption_metrics
    return (
        "On the same pictures with drawn changes, such as blur, light and scale, its accuracy "
        f"goes from {score(told['accuracy'])} to ",
        Strong(score(told["corrupted_accuracy"])),
        f" on average; the worst is {told['worst']}, {score(told['worst_accuracy'])}.",
    )


def _labels(run: Run) -> Text:
    return review.sentence(run)


def _leakage(run: Run) -> Text:
    leak = run.leakage
    wrong, total = leak["leaked_by_a_random_split"], leak["pictures"]
    if not wrong:
        return ("A random split would have leaked no picture, and the folds of this study none.",)
    return (
        "A random split would have leaked ",
        Strong(f"{count(wrong)} of {count(total)} pictures ({share(wrong, total)})"),
        f" through near-duplicates; the folds of this study leak {count(leak['leaked'])}.",
    )
