"""Measure the winner on changed out-of-fold pictures."""

import numpy as np

from canting.config.scenario import members_of
from canting.config.stage import BUILD, CACHE, RESULTS, stage
from canting.core import files, runtime
from canting.data import manifest
from canting.models.features.compute import Pictures
from canting.models.train import grid
from canting.models.train.fold import read_table


def main() -> None:
    with stage("corruptions") as params:
        runtime.prepare(threads=runtime.TAIL_THREADS)
        runtime.import_keras()
        from canting.evaluation.corruptions import tables
        from canting.evaluation.corruptions.measure import measure
        from canting.evaluation.plots.corruptions import corruptions
        from canting.evaluation.plots.figure import save

        pictures = Pictures(
            np.load(BUILD / "pictures.npy", mmap_mode="r"),
            manifest.read(BUILD / "manifest.parquet")["sha256"].tolist(),
        )
        name = files.read_json(RESULTS / "select_best" / "selection.json")["winner"]
        folds, members = read_table(BUILD / "folds.csv"), members_of(name)
        every = grid.tasks_of_folds(params, folds, BUILD / "features", CACHE)
        tasks = [task for task in every if task.scenario.name in members]
        table = tables.accuracies(measure(tasks, pictures), params.evaluate.confidence)
        with files.replacing(RESULTS / "corruptions") as folder:
            folder.mkdir()
            files.write_text(folder / "corruptions.csv", table.to_csv(index=False))
            files.write_json(folder / "metrics.json", tables.metrics(table, name))
            save(
                corruptions(table, f"Accuracy on changed pictures: {name}"),
                folder / "corruptions.png",
            )


if __name__ == "__main__":
    main()
