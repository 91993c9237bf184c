"""Ask the model of every scenario and fold about the pictures of other collections."""

import pandas as pd

from canting.config.stage import BUILD, CACHE, stage
from canting.core import files, runtime
from canting.evaluation.other import pictures
from canting.models.features.compute import Pictures
from canting.models.train import grid
from canting.models.train.fold import read_table


def main() -> None:
    with stage("elsewhere") as params, files.replacing(BUILD / "elsewhere.parquet") as aside:
        asked, array = pictures.read(BUILD / "other")
        if asked.empty:
            pd.DataFrame().to_parquet(aside)
            return
        runtime.prepare(threads=runtime.TAIL_THREADS)
        runtime.import_keras()
        from canting.evaluation.other import answers

        below = aside.with_name("features")  # goes with what else is aside
        answers.features(params, Pictures(array, asked["sha256"].tolist()), below, CACHE)
        folds = read_table(BUILD / "folds.csv")
        tasks = grid.tasks_of_folds(params, folds, BUILD / "features", CACHE)
        answers.answered(tasks, asked, below).to_parquet(aside, index=False)


if __name__ == "__main__":
    main()
