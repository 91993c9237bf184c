"""Compare near-duplicate groups, and plain stratified folds, with the truth in file names.

Usage: python benchmarks/near_duplicates.py FOLDER

FOLDER holds one folder a class. `<class>_resize_NNN` is an original, any other middle word a copy
of the original with the same three digits; two digits `k` mean original 80 + k.
"""

import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedKFold

from canting.data.near_duplicates import group, leaked

Labels = npt.NDArray[np.int64]
KINDS_WITH_COPIES = 2
"""A class counts when its files have at least so many different middle words."""


def original(path: str) -> str:
    """Return the original that a file name points to."""
    label, _, number = Path(path).stem.split("_")
    return f"{label}_{int(number) + (80 if len(number) == 2 else 0)}"


def listed(folder: Path) -> list[str]:
    """Return the pictures of all classes that hold copies, sorted."""
    classes = [sorted(place.glob("*.jpg")) for place in sorted(folder.iterdir()) if place.is_dir()]
    kinds = [{path.stem.split("_")[1] for path in paths} for paths in classes]
    return [
        str(path.relative_to(folder))
        for paths, words in zip(classes, kinds, strict=True)
        for path in paths
        if len(words) >= KINDS_WITH_COPIES
    ]


def pairs(labels: Labels) -> int:
    """Return how many pairs of pictures share a label."""
    _, counts = np.unique(labels, return_counts=True)
    return int((counts * (counts - 1) // 2).sum())


def plain_folds(paths: list[str], seed: int = 2026) -> Labels:
    """Return the fold of each picture in a stratified split that knows no groups."""
    classes = [Path(path).parent.name for path in paths]
    folds = np.zeros(len(paths), np.int64)
    splitter = StratifiedKFold(5, shuffle=True, random_state=seed)
    for fold, (_, test) in enumerate(splitter.split(paths, classes)):
        folds[test] = fold
    return folds


def main(folder: Path) -> None:
    """Print recall, precision, seconds and leakage."""
    paths = listed(folder)
    truth = np.unique([original(path) for path in paths], return_inverse=True)[1]
    start = time.perf_counter()
    groups = group(folder, paths)
    seconds = time.perf_counter() - start
    both = pairs(np.unique(np.stack([truth, groups]), axis=1, return_inverse=True)[1])
    folds = plain_folds(paths)
    print(f"pictures                {len(paths)}")
    print(f"originals by name       {truth.max() + 1}")
    print(f"groups found            {groups.max() + 1}")
    print(f"pair recall             {both / pairs(truth):.4f}")
    print(f"pair precision by name  {both / pairs(groups):.4f}")
    print("    by name, two originals that are one picture count as an error; look at them")
    print(f"seconds                 {seconds:.1f}")
    print("leaked by plain stratified 5-fold cross-validation, pictures")
    print(f"    by the groups found {leaked(groups, folds)}")
    print(f"    by name             {leaked(truth, folds)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
