"""Score the out-of-fold predictions, compare the scenarios, and show where the best is wrong."""

import pandas as pd

from canting.config.stage import BUILD, RESULTS, stage
from canting.core import files
from canting.data import manifest
from canting.evaluation.evaluate import trained
from canting.evaluation.evaluate.evaluation import evaluate
from canting.evaluation.evaluate.writing import (
    draw_comparison,
    draw_confusions,
    draw_leader,
    write_tables,
)


def main() -> None:
    with stage("evaluate") as params:
        costs = RESULTS / "features" / "backbones.csv"
        settings, selecting = params.evaluate, params.select_best
        blocks, named = params.preprocess.blocks, list[str]()
        if blocks == "collections":
            named = manifest.collections(manifest.read(BUILD / "manifest.parquet"))
        answers = pd.read_parquet(BUILD / "elsewhere.parquet")
        found = evaluate(trained.read(BUILD / "train"), settings, selecting, costs, named, answers)
        with (
            files.replacing(BUILD / "confusions") as confusions,
            files.replacing(RESULTS / "evaluate") as folder,
        ):
            confusions.mkdir()
            folder.mkdir()
            write_tables(found, settings.confidence, folder, blocks)
            draw_leader(found, BUILD / "raw", settings.misclassified, folder)
            draw_comparison(
                found, selecting.column, settings.confidence, folder / "comparison", blocks
            )
            draw_confusions(found, confusions, folder / "confusion.png")


if __name__ == "__main__":
    main()
