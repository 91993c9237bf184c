"""Choose a scenario by the rule, train it on everything, and write it as a bundle."""

import numpy as np
import pandas as pd

from canting.config.columns import PATH, SCENARIO
from canting.config.scenario import members_of
from canting.config.stage import BUILD, CACHE, RESULTS, stage
from canting.core import files, runtime
from canting.data import manifest
from canting.evaluation.ensemble.averaging import of_winner
from canting.evaluation.evaluate import trained
from canting.evaluation.select_best import rule
from canting.models.train import grid
from canting.models.train.fold import read_table


def main() -> None:
    with stage("select_best") as params:
        runtime.prepare(threads=runtime.TAIL_THREADS)
        runtime.import_keras()
        from canting.evaluation.ensemble import decision, left_out, record, refit
        from canting.evaluation.other import served
        from canting.evaluation.select_best import bundle, card, reference

        table = read_table(BUILD / "folds.csv")
        measured = card.read(RESULTS / "evaluate")
        ranked = set(measured.ranking[SCENARIO])
        folds = pd.read_csv(RESULTS / "evaluate" / "folds.csv")
        scenarios = {one.name: one for one in params.scenarios() if one.name in ranked}
        costs = card.costs([*scenarios.values()], params, len(manifest.classes(table)))
        settings, left = params.select_best, folds[folds[SCENARIO].isin(ranked)]
        best = rule.choose(left, costs, settings.column, settings.alpha, params.preprocess.blocks)
        finished = trained.read(BUILD / "train")
        predictions, draws = finished.predictions, finished.draws
        choice, measured, told = decision.decide(best, measured, draws, scenarios, costs, params)
        on_all = grid.tasks_on_all(params, table, BUILD / "features", CACHE)
        tasks = [on_all[name] for name in members_of(choice.winner)]
        ours = of_winner(predictions, choice.winner)
        pictures_of = manifest.read(BUILD / "manifest.parquet")
        without = left_out.of_collections(tasks, pictures_of)
        final = refit.shipped(tasks, ours, without)
        found, digests = final.doubt, pictures_of[[PATH, "sha256"]]
        of_one = card.card(tasks[0], choice, measured, final.hold_out, found.card, BUILD)
        said = record.card_of(of_one, final.members)
        said = left_out.calibrated(said, without, params.evaluate.calibration_bins)
        answers = reference.answers(without.predictions if without else ours, said["temperature"])
        said["reference"] = reference.reference(answers, found.scored, table).model_dump(
            mode="json"
        )
        pictures = np.load(BUILD / "pictures.npy", mmap_mode="r")
        sample = pictures[np.linspace(0, len(pictures) - 1, min(32, len(pictures)), dtype=int)]
        contents = bundle.Contents(
            said,
            {**final.arrays, "prototypes": found.prototypes},
            bundle.samples(found.right.merge(digests, on=PATH), BUILD / "raw"),
        )
        difference = bundle.write(final.model, list(sample), contents, BUILD / "selected")
        with files.replacing(RESULTS / "select_best") as folder:
            folder.mkdir()
            selection = card.selection(choice, final.hold_out, difference)
            if told is not None:
                selection["ensemble"] = told
            files.write_json(folder / "selection.json", selection)
            files.write_json(folder / "abstention.json", found.record)
            served.write(BUILD / "selected", BUILD / "other", params.evaluate, folder)
        print(choice.reason)


if __name__ == "__main__":
    main()
