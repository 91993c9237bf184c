"""Export the winner to other formats, each compared with float32 out of fold."""

import numpy as np

from canting.config.exports import FLOAT32
from canting.config.records import CardRecord
from canting.config.scenario import members_of
from canting.config.stage import BUILD, CACHE, RESULTS, stage
from canting.core import files, runtime
from canting.data import manifest
from canting.data.manifest import HELD_OUT
from canting.evaluation.export import record
from canting.models.features.compute import Pictures
from canting.models.features.store import slug
from canting.models.train.fold import FoldTask, read_table


def main() -> None:
    with stage("export") as params:
        if not set(params.export.formats) - {FLOAT32}:
            record.without_exports(BUILD, RESULTS / "export")
            return
        runtime.prepare(threads=runtime.TAIL_THREADS)
        runtime.import_keras()
        from canting.evaluation.export import writing
        from canting.evaluation.export.exports import Winner

        scenarios = {one.name: one for one in params.scenarios()}
        name = files.read_json(RESULTS / "select_best" / "selection.json")["winner"]
        table = read_table(BUILD / "folds.csv")
        tasks = [
            FoldTask(one, HELD_OUT, params, table, BUILD / "features" / slug(*one.trunk), CACHE)
            for one in map(scenarios.__getitem__, members_of(name))
        ]
        pictures = Pictures(
            np.load(BUILD / "pictures.npy", mmap_mode="r"),
            manifest.read(BUILD / "manifest.parquet")["sha256"].tolist(),
        )
        card: CardRecord = files.read_json(BUILD / "selected" / "card.json")
        winner = Winner(tasks, pictures, BUILD / "selected", card)
        writing.write(winner, params.export, BUILD, RESULTS / "export")


if __name__ == "__main__":
    main()
