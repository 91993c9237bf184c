"""Precision and recall of the review stage on swapped labels, and what following it gives.

A share of the labels of a collection is replaced, each by another class drawn from the seed, so
that it is known which ones are wrong. Near-duplicates are found, folds are drawn from the wrong
labels, and networks trained as `studies/compact.yaml` says. Then the doubtful labels are compared
with the swapped ones, the proposed labels are taken without a look, and all is trained again. Macro
F1 is measured against the labels of the folders, each time out of fold. Run from the repository's
root:

    python -m benchmarks.label_errors FOLDER [--seeds 1 2] [--share 0.05] [--views 3] [--keep WORK]

`FOLDER` holds one folder a class. `--keep` names a folder in which views and trainings stay, for a
run with other seeds. 2,527 pictures of 288 × 384 pixels with 3 augmented views take about eight
minutes on two cores for the features, and two for each training of five folds.
"""

import argparse
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.metrics import f1_score

from canting.config.params import Params
from canting.core import files, runtime
from canting.data import near_duplicates
from canting.data.preprocess import folds
from canting.data.preprocess.decode import decode_all
from canting.evaluation.review.label_errors import judge
from canting.evaluation.review.review import review
from canting.models import scores
from canting.models.features import compute
from canting.models.features.compute import Pictures
from canting.models.features.store import Store, slug
from canting.models.train.grid import train
from canting.runs.study.changes import check, read
from canting.runs.study.yaml_text import merged

PARAMS, STUDY = Path("params.yaml"), Path("studies/compact.yaml")
ENDINGS = {".jpg", ".jpeg", ".png"}
Mask = npt.NDArray[np.bool_]


class Collection(NamedTuple):
    """Pictures with their labels and groups, a row each, and the folder with their features."""

    table: pd.DataFrame
    features: Path
    work: Path


def main() -> None:
    """Measure each seed and print what was found."""
    arguments = _arguments()
    runtime.prepare(threads=2)
    runtime.import_keras()
    params = _params(arguments.views)
    with tempfile.TemporaryDirectory() as name:
        ours = collection(arguments.folder, params, arguments.keep or Path(name))
        clean = predictions(ours, ours.table["label"], params)
        print(f"{len(ours.table)} pictures; macro F1 with the labels as they are: {_f1(clean):.4f}")
        for seed in arguments.seeds:
            measure(ours, params, arguments.share, seed)


def measure(ours: Collection, params: Params, share: float, seed: int) -> None:
    """Swap labels, review them, follow the review, and print the figures of each step."""
    true = ours.table["label"]
    given = swapped(true, share, seed)
    wrong = (given != true).to_numpy()
    before = predictions(ours, given, params)
    print(f"\nseed {seed}: {wrong.sum()} labels swapped; macro F1 {_f1(before):.4f}")
    _report("the stage's doubtful labels", *_stage(ours, given, before), wrong)
    _ways(before, wrong)
    followed = _followed(ours, given, before)
    after = predictions(ours, followed, params)
    print(f"  followed: {(followed != true).sum()} labels are wrong; macro F1 {_f1(after):.4f}")


def swapped(labels: "pd.Series[str]", share: float, seed: int) -> "pd.Series[str]":
    """Return labels, a share of which is replaced by another one, drawn evenly."""
    generator, names = np.random.default_rng(seed), sorted(set(labels))
    found = labels.copy()
    rows = generator.choice(len(labels), round(share * len(labels)), replace=False)
    for row in np.sort(rows):
        found.iloc[row] = generator.choice([name for name in names if name != labels.iloc[row]])
    return found


def collection(folder: Path, params: Params, work: Path) -> Collection:
    """Find near-duplicates, decode, and make the features of every view."""
    paths = [path for path in sorted(folder.glob("*/*")) if path.suffix.lower() in ENDINGS]
    names = [str(path.relative_to(folder)) for path in paths]
    table = pd.DataFrame({"path": names, "label": [path.parent.name for path in paths]})
    table["near_duplicate"] = table["group"] = near_duplicates.group(folder, names)
    table["sha256"] = [files.sha256(path) for path in paths]
    decode_all(folder, names, params.image_size, work / "pictures.npy")
    pictures = Pictures(np.load(work / "pictures.npy", mmap_mode="r"), table["sha256"].tolist())
    (trunk,) = params.trunks()
    target = work / "features" / slug(*trunk)
    settings, seed = params.features, params.seed
    compute.compute(*trunk, pictures, settings, seed, cache=work / "cache", target=target)
    return Collection(table, target, work)


def predictions(ours: Collection, labels: "pd.Series[str]", params: Params) -> pd.DataFrame:
    """Train on some labels; return the out-of-fold predictions, in the order of the pictures."""
    table = ours.table.assign(label=labels)
    groups = table["group"].to_numpy(np.int64)
    table["fold"] = folds.draw(table["label"].tolist(), groups, params.folds, 0.0, params.seed)
    found = train(params, table, ours.features.parent, ours.work / "cache").predictions
    true = ours.table[["path", "label"]].rename(columns={"label": "true"})
    return true.merge(found, on="path", validate="one_to_one")


def _stage(
    ours: Collection, given: "pd.Series[str]", found: pd.DataFrame
) -> tuple[Mask, npt.NDArray[np.float64]]:
    """Return which labels the stage doubts, and the probabilities that it ranks all by."""
    proposed = _followed(ours, given, found)
    return (proposed != given).to_numpy(), judge(found).quality


def _followed(ours: Collection, given: "pd.Series[str]", found: pd.DataFrame) -> "pd.Series[str]":
    """Return the labels with every proposal of the review taken."""
    pictures = ours.table.assign(label=given)
    nobody = np.zeros(len(pictures), dtype=bool)
    table = review(pictures, found, Store(ours.features).view(0), nobody, 0).table
    return ours.table["path"].map(table.set_index("path")["proposed"]).fillna(given)


def _ways(found: pd.DataFrame, wrong: Mask) -> None:
    """Print what the ways of cleanlab find in the same probabilities."""
    one = judge(found)
    codes, chances = scores.codes_of(found), one.probabilities
    for way in ("confident_learning", "prune_by_noise_rate", "both", "predicted_neq_given"):
        doubtful = find_label_issues(codes, chances, filter_by=way, n_jobs=1)
        margins = get_label_quality_scores(codes, chances, method="normalized_margin")
        _report(f"{way}, by margin", doubtful, margins, wrong)


def _report(name: str, doubtful: Mask, quality: npt.NDArray[np.float64], wrong: Mask) -> None:
    first = np.argsort(quality, kind="stable")[: wrong.sum()]
    hits = (doubtful & wrong).sum()
    print(
        f"  {name:31} {doubtful.sum():5} doubtful: precision {hits / max(doubtful.sum(), 1):.3f}, "
        f"recall {hits / wrong.sum():.3f}; of the first {wrong.sum()}: {wrong[first].mean():.3f}"
    )


def _f1(found: pd.DataFrame) -> float:
    """Return the macro F1 of predictions against the labels of the folders."""
    names = np.asarray(scores.labels_of(found), dtype=object)
    predicted = names[scores.logits_of(found).argmax(axis=1)]
    return float(f1_score(found["true"], predicted, average="macro"))


def _params(views: int) -> Params:
    changes = {**read(STUDY), "features.views": views}
    return check(merged(PARAMS.read_text(encoding="utf-8"), changes), STUDY)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="pictures, one folder a class")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], help="of the swaps (1)")
    parser.add_argument("--share", type=float, default=0.05, help="of the labels (0.05)")
    parser.add_argument("--views", type=int, default=3, help="augmented views (3)")
    parser.add_argument("--keep", type=Path, help="folder for views and trainings; empty: none")
    return parser.parse_args()


if __name__ == "__main__":
    main()
