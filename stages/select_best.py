"""Choose a scenario by the rule, train it on everything, and write the bundle."""

import numpy as np
import pandas as pd

from canting.core import files, runtime
from canting.core.stage import BUILD, CACHE, RESULTS, stage
from canting.features.store import slug
from canting.select_best import card, rule
from canting.train.fold import Task, read_table

with stage("select_best") as params:
    runtime.prepare(threads=runtime.TAIL_THREADS)
    runtime.import_keras()
    from canting.select_best import bundle, cost, refit

    table = read_table(BUILD / "folds.csv")
    ranking = pd.read_csv(RESULTS / "evaluate" / "scenarios.csv")
    folds = pd.read_csv(RESULTS / "evaluate" / "folds.csv")
    calibration = pd.read_csv(RESULTS / "evaluate" / "calibration.csv")
    scenarios = [s for s in params.scenarios() if s.name in set(ranking["scenario"])]
    costs = cost.costs(scenarios, params.image_size, table["label"].nunique())
    settings = params.select_best
    choice = rule.choose(
        folds[folds["scenario"].isin(ranking["scenario"])], costs, settings.metric, settings.alpha
    )
    winner = next(scenario for scenario in scenarios if scenario.name == choice.winner)
    task = Task(winner, -1, params, table, BUILD / "features" / slug(*winner.trunk), CACHE)
    final = refit.refit(task)
    pictures = np.load(BUILD / "pictures.npy", mmap_mode="r")
    sample = pictures[np.linspace(0, len(pictures) - 1, min(32, len(pictures)), dtype=int)]
    content = card.card(task, choice, ranking, calibration, final.hold_out, BUILD)
    difference = bundle.write(final.model, list(sample), content, BUILD / "best")
    files.write_json(
        RESULTS / "select_best" / "selection.json",
        card.selection(choice, final.hold_out, difference),
    )
    print(choice.reason)
