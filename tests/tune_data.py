"""Small made features for the tests of the tune stage, and parameters that go with them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from canting.config.params import Params, load
from canting.core import files
from canting.models.features import store
from canting.models.tune import study
from canting.models.tune.task import SearchTask
from tests.test_params import edited

CLASSES, PICTURES, CHANNELS, VIEWS = 3, 90, 8, 2
TARGETS = np.arange(PICTURES) % CLASSES
SPACE = {
    "learning_rate": {"low": 1e-3, "high": 1.0, "steps": 3},
    "batch_size": [16, 32],
    "dropout": {"low": 0.0, "high": 0.5, "steps": 2},
}
SMALL = {"tune__space": SPACE, "tune__epochs": 3, "tune__outer_folds": 2, "tune__budget": 4}


def write_features(folder: Path) -> Path:
    """Write features in which classes overlap; return the folder of all trunks."""
    trunk = folder / "efficientnet_lite0"
    trunk.mkdir(parents=True)
    generator = np.random.default_rng(0)
    centres = generator.normal(0, 1, (CLASSES, CHANNELS))
    for number in range(VIEWS + 1):
        noise = generator.normal(0, 1.2, (PICTURES, CHANNELS))
        np.save(store.view_path(trunk, number), (centres[TARGETS] + noise).astype(np.float32))
    files.write_json(trunk / "key.json", "made by the test")
    return folder


def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "path": [f"{number}.jpg" for number in range(PICTURES)],
            "label": np.asarray(["a", "b", "c"])[TARGETS],
            "group": np.arange(PICTURES) // 6 * 3 + TARGETS,
            "fold": np.where(np.arange(PICTURES) < 6, -1, 0),
        }
    )


def params(folder: Path, **changes: Any) -> Params:
    folder.mkdir(parents=True, exist_ok=True)
    return load(edited(folder, **{**SMALL, **changes}))


def tasks(folder: Path, features: Path, **changes: Any) -> list[SearchTask]:
    return study.tasks(params(folder, **changes), table(), features, folder / "cache")
