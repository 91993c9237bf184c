"""Decode the pictures and draw the folds."""

import numpy as np

from canting.config.columns import FOLD, LABEL, PATH
from canting.config.stage import BUILD, RESULTS, stage
from canting.core import files
from canting.data import manifest
from canting.data.preprocess.decode import decode_all
from canting.data.preprocess.division import fold_table
from canting.data.preprocess.leakage import leakage


def main() -> None:
    with stage("preprocess") as params:
        pictures = manifest.read(BUILD / "manifest.parquet")
        table = fold_table(pictures, params)
        decode_all(
            BUILD / "raw", pictures[PATH].tolist(), params.image_size, BUILD / "pictures.npy"
        )
        files.write_text(BUILD / "folds.csv", table.to_csv(index=False))
        known = table[manifest.of_class(table)]
        groups, drawn = (known[name].to_numpy(np.int64) for name in ("group", FOLD))
        counts = leakage(known[LABEL].tolist(), groups, drawn, params.folds, params.seed)
        files.write_json(RESULTS / "preprocess" / "leakage.json", counts)


if __name__ == "__main__":
    main()
