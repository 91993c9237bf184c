"""Choose a scenario by the rule, train it on everything, and write the bundle."""

import numpy as np
import pandas as pd

from canting.config.columns import LABEL, PATH, SCENARIO
from canting.config.stage import BUILD, CACHE, RESULTS, stage
from canting.core import files, runtime
from canting.data import manifest
from canting.data.manifest import HELD_OUT
from canting.evaluation.evaluate import trained
from canting.evaluation.select_best import rule
from canting.models.features.store import slug
from canting.models.train.fold import FoldTask, read_table


def main() -> None:
    with stage("select_best") as params:
        runtime.prepare(threads=runtime.TAIL_THREADS)
        runtime.import_keras()
        from canting.evaluation.select_best import bundle, card, doubt, reference, refit

        table = read_table(BUILD / "folds.csv")
        measured = card.read(RESULTS / "evaluate")
        ranked = set(measured.ranking[SCENARIO])
        folds = pd.read_csv(RESULTS / "evaluate" / "folds.csv")
        scenarios = [scenario for scenario in params.scenarios() if scenario.name in ranked]
        costs = card.costs(scenarios, params, table[LABEL].nunique())
        settings = params.select_best
        choice = rule.choose(
            folds[folds[SCENARIO].isin(ranked)], costs, settings.metric, settings.alpha
        )
        winner = next(scenario for scenario in scenarios if scenario.name == choice.winner)
        task = FoldTask(
            winner, HELD_OUT, params, table, BUILD / "features" / slug(*winner.trunk), CACHE
        )
        final = refit.refit(task)
        digests = manifest.read(BUILD / "manifest.parquet")[[PATH, "sha256"]]
        predictions = trained.read(BUILD / "train").predictions
        predictions = predictions[predictions[SCENARIO] == choice.winner]
        found = doubt.doubt(task, final, predictions)
        said = card.card(task, choice, measured, final.hold_out, found.card, BUILD)
        answers = reference.answers(predictions, said["temperature"])
        said["reference"] = reference.reference(answers, found.scored, table).model_dump(
            mode="json"
        )
        pictures = np.load(BUILD / "pictures.npy", mmap_mode="r")
        sample = pictures[np.linspace(0, len(pictures) - 1, min(32, len(pictures)), dtype=int)]
        contents = bundle.Contents(
            said,
            {**refit.classifier(final), "prototypes": found.prototypes},
            bundle.samples(found.right.merge(digests, on=PATH), BUILD / "raw"),
        )
        difference = bundle.write(final.model, list(sample), contents, BUILD / "best")
        with files.replacing(RESULTS / "select_best") as folder:
            folder.mkdir()
            selection = card.selection(choice, final.hold_out, difference)
            files.write_json(folder / "selection.json", selection)
            files.write_json(folder / "abstention.json", found.record)
        print(choice.reason)


if __name__ == "__main__":
    main()
