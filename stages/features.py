"""Run every picture and view through the frozen trunks, and say what the backbones cost."""

import numpy as np
import pandas as pd

from canting.config.stage import BUILD, CACHE, RESULTS, stage
from canting.core import costs, files
from canting.data import manifest
from canting.models.augmentation import views_of_test
from canting.models.features import compute, cost, store


def main() -> None:
    with stage("features") as params:
        pictures = compute.Pictures(
            np.load(BUILD / "pictures.npy", mmap_mode="r"),
            manifest.read(BUILD / "manifest.parquet")["sha256"].tolist(),
        )
        measured, backbones = {}, []
        with files.replacing(BUILD / "features") as folder:
            for backbone, fine_tune_from in params.trunks():
                name = store.slug(backbone, fine_tune_from)
                made = compute.compute(
                    backbone,
                    fine_tune_from,
                    pictures,
                    params.features,
                    params.seed,
                    cache=CACHE,
                    target=folder / name,
                    device=params.compute.chosen(),
                )
                passes = len(views_of_test(params.features))
                counted = cost.of_backbone(backbone, params.image_size, CACHE, passes)._asdict()
                measured[name] = {**made._asdict(), "milliseconds": counted.pop("milliseconds")}
                trunk = {"backbone": backbone, "fine_tune_from": fine_tune_from}
                backbones.append({**trunk, **counted})
        table = pd.DataFrame(backbones).to_csv(index=False)
        files.write_text(RESULTS / "features" / "backbones.csv", table)
        files.write_json(BUILD / costs.COSTS / "features.json", measured)
        costs.note("features")


if __name__ == "__main__":
    main()
