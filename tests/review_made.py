"""A small project with doubtful labels, as the review stage leaves it."""

import shutil
from pathlib import Path

import pandas as pd
from PIL import Image

from canting.config.tables import REVIEW, SIMILAR
from canting.core import files
from canting.data import manifest
from tests.conftest import ROOT

HOSTILE = "<img src=x onerror=alert(1)>\"'&"
LABELS = (HOSTILE, "glass", "metal")
DOUBTFUL = 4


def project(folder: Path, labels: tuple[str, ...] = LABELS) -> Path:
    """Write parameters, pictures, manifest, and doubts on the first pictures of the classes."""
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, folder / name)
    rows: list[tuple[object, ...]] = []
    for number, label in enumerate(labels):
        for place in range(4):
            path = f"{label}/{place}.png"
            target = folder / "build" / "raw" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (64, 48), (60 * place, 255 - 20 * number, 90)).save(target)
            digest = files.sha256(target)
            rows.append((path, label, digest, len(rows)))
    table = pd.DataFrame(rows, columns=["path", "label", "sha256", "group"])
    table = table.reindex(columns=list(manifest.COLUMNS))
    manifest.write(folder / "build" / "manifest.parquet", table)
    doubtful = table.groupby("label", sort=False).head(2).head(DOUBTFUL)
    proposed = [labels[(labels.index(label) + 1) % len(labels)] for label in doubtful["label"]]
    doubts = doubtful.assign(
        proposed=proposed,
        probability=0.01,
        probability_proposed=0.9,
        reason=[f"predicted {label} 90%" for label in proposed],
    )
    alike = [(path, name, f"{name}/3.png") for path in doubts["path"] for name in labels[:2]]
    found = folder / "results" / "review"
    files.write_text(found / "review.csv", doubts[REVIEW].to_csv(index=False))
    files.write_text(
        found / "similar.csv", pd.DataFrame(alike, columns=SIMILAR).to_csv(index=False)
    )
    return folder
