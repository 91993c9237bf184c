"""Run every picture and view through the frozen trunks."""

import numpy as np

from canting import manifest
from canting.core import files
from canting.core.stage import BUILD, CACHE, stage
from canting.features import compute, store

with stage("features") as params:
    pictures = compute.Pictures(
        np.load(BUILD / "pictures.npy", mmap_mode="r"),
        manifest.read(BUILD / "manifest.parquet")["sha256"].tolist(),
    )
    costs = {}
    with files.replacing(BUILD / "features") as folder:
        for backbone, fine_tune_from in params.trunks():
            name = store.slug(backbone, fine_tune_from)
            cost = compute.compute(
                backbone,
                fine_tune_from,
                pictures,
                params.features,
                params.seed,
                cache=CACHE,
                target=folder / name,
            )
            costs[name] = cost._asdict()
    files.write_json(BUILD / "costs" / "features.json", costs)
