"""Decode the pictures and draw the folds."""

import numpy as np

from canting import manifest
from canting.core import files
from canting.core.stage import BUILD, RESULTS, stage
from canting.near_duplicates import leaked
from canting.preprocess import folds
from canting.preprocess.decode import decode_all

with stage("preprocess") as params:
    pictures = manifest.read(BUILD / "manifest.parquet")
    groups = pictures["group"].to_numpy(np.int64)
    labels = pictures["label"].tolist()
    table = pictures[["path", "label", "group"]].assign(
        fold=folds.draw(labels, groups, params.folds, params.preprocess.hold_out, params.seed)
    )
    leak = {
        "pictures": len(table),
        "groups": int(pictures["group"].nunique()),
        "leaked_by_a_random_split": folds.leak_of_random_split(
            labels, groups, params.folds, params.seed
        ),
        "leaked": leaked(groups, table["fold"].to_numpy()),
    }
    decode_all(BUILD / "raw", pictures["path"].tolist(), params.image_size, BUILD / "pictures.npy")
    files.write_text(BUILD / "folds.csv", table.to_csv(index=False))
    files.write_json(RESULTS / "preprocess" / "leakage.json", leak)
