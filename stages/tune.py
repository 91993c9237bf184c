"""Search for good settings by every method with every optimizer, and keep the ledger."""

from canting.config.stage import BUILD, CACHE, RESULTS, stage
from canting.core import costs, files
from canting.evaluation.tuning.findings import conclude, summarize
from canting.evaluation.tuning.writing import (
    draw_measured,
    draw_results,
    write_found,
    write_measured,
    write_nothing,
    write_results,
)
from canting.models.train.fold import read_table
from canting.models.tune.study import run, tasks


def main() -> None:
    with stage("tune") as params:
        searches = tasks(params, read_table(BUILD / "folds.csv"), BUILD / "features", CACHE)
        metric, seconds = params.select_best.column, BUILD / costs.COSTS / "tune"
        with (
            files.replacing(RESULTS / "tune") as folder,
            files.replacing(BUILD / "tune") as chosen,
            files.replacing(seconds) as measured,
        ):
            for made in (folder, chosen, measured):
                made.mkdir()
            if searches:
                found = summarize(params, run(searches))
                choice, setting = conclude(found, searches, metric)
                write_results(found, metric, folder)
                draw_results(found, params.tune, metric, folder / "plots")
                write_found(found, choice, setting, chosen)
                write_measured(found, choice, measured)
                draw_measured(found, metric, measured)
            else:
                write_nothing(folder, chosen, measured)
        costs.note("tune")


if __name__ == "__main__":
    main()
