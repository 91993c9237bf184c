"""How well ways to abstain tell good pictures of a left-out collection from others.

Run from the repository's root:

    python -m benchmarks.abstention FOLDER … --unknown FOLDER [--classes A B …] [--share 0.15]
        [--study studies/robust.yaml] [--skip REGEX] [--cache FOLDER]

Each `FOLDER` is a collection with one folder a class; all of `--unknown` should be refused, and
nothing is fitted to it. Pictures of nothing are drawn. With `--classes` only those are known; the
rest of the collections are unknown pictures that a user has, and a second table is of classifiers
that were trained with them as one more class, `other`.

Each collection is left out once. The classifier is trained on the others, on frozen features with
the views of `params.yaml`, or of a study. The threshold is fixed on the others too, each left out
in its turn: the left-out collection has no say. Columns: share of good pictures refused, on the
mean of the left-out collections, on the worst and on each; of unknown ones and of nothing; AUROC of
good against unknown. The last table is of canting's way with one collection: trained on it, with
the threshold of its folds. With `--cache`, views and trainings are made once.
"""

import argparse
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.bundle.logits import softmax
from canting.bundle.unlikeness import directions, energy, unlikeness
from canting.config.formats import suffixes
from canting.config.params import Params, load
from canting.core import files, runtime
from canting.data import near_duplicates
from canting.data.preprocess import folds
from canting.data.preprocess.decode import decode_all
from canting.evaluation.abstention import record
from canting.evaluation.abstention.fit import limits, prototypes, threshold
from canting.models.features import compute
from canting.models.features.drawn import opened
from canting.models.train import fold
from canting.models.train.fold import FoldTask
from canting.runs.study.changes import check, read
from canting.runs.study.yaml_text import merged

SEED, DRAWN, OTHER, UNUSED = 2026, 40, "~other", -1
PARAMS = Path("params.yaml")

Array = npt.NDArray[Any]
Score = Callable[[Array, Array], Array]
"""Takes features and logits of the known classes, `(n, …)`; the higher, the stranger."""


class Trained(NamedTuple):
    """Training features, their classes and logits; weights of the classifier without `other`."""

    pooled: Array
    codes: Array
    logits: Array
    kernel: Array
    bias: Array


Way = Callable[[Trained], Score]


def _prototypes(known: Trained) -> Score:
    found = prototypes(known.pooled, known.codes, SEED)
    return lambda asked, _: unlikeness(asked, found)


def _neighbours(known: Trained, place: int = 5) -> Score:
    """Sun et al., "Out-of-Distribution Detection with Deep Nearest Neighbors", ICML 2022."""
    held = directions(known.pooled)
    return lambda asked, _: 1 - np.partition(directions(asked) @ held.T, -place, axis=1)[:, -place]


def _mahalanobis(known: Trained) -> Score:
    """Lee et al., NeurIPS 2018; whitened in the 64 strongest directions within the classes."""
    means = np.stack([known.pooled[known.codes == one].mean(axis=0) for one in set(known.codes)])
    places = np.unique(known.codes, return_inverse=True)[1]
    white = _whitening(known.pooled - means[places])
    return lambda asked, _: np.min([_square((asked - one) @ white) for one in means], axis=0)


def _relative(known: Trained) -> Score:
    """Ren et al., "A Simple Fix to Mahalanobis Distance", 2021."""
    near, middle = _mahalanobis(known), known.pooled.mean(axis=0)
    white = _whitening(known.pooled - middle)
    return lambda asked, logits: near(asked, logits) - _square((asked - middle) @ white)


def _energy(_: Trained) -> Score:
    """Liu et al., "Energy-based Out-of-distribution Detection", NeurIPS 2020."""
    return lambda _, logits: energy(logits)


def _logit(_: Trained) -> Score:
    """Hendrycks et al., "Scaling Out-of-Distribution Detection for Real-World Settings", 2022."""
    return lambda _, logits: -logits.max(axis=1)


def _softmax(_: Trained) -> Score:
    """Hendrycks and Gimpel, "A Baseline for Detecting Misclassified …", ICLR 2017."""
    return lambda _, logits: 1 - softmax(logits).max(axis=1)


def _vim(known: Trained, dimension: int = 64) -> Score:
    """Wang et al., "ViM: Out-Of-Distribution with Virtual-logit Matching", CVPR 2022.

    Of 64 principal directions: 512, as there for so many features, leave next to nothing.
    """
    origin = -np.linalg.pinv(known.kernel.T) @ known.bias
    centred = known.pooled - origin
    rest = np.linalg.eigh(centred.T @ centred)[1][:, :-dimension]
    residual = np.linalg.norm(centred @ rest, axis=1).mean()
    scale = known.logits.max(axis=1).mean() / residual
    return lambda asked, logits: (
        scale * np.linalg.norm((asked - origin) @ rest, axis=1) + energy(logits)
    )


WAYS: dict[str, tuple[Way, ...]] = {
    "prototypes": (_prototypes,),
    "5th neighbour": (_neighbours,),
    "Mahalanobis": (_mahalanobis,),
    "relative Mahalanobis": (_relative,),
    "largest softmax": (_softmax,),
    "largest logit": (_logit,),
    "energy": (_energy,),
    "ViM": (_vim,),
    "prototypes or energy (canting)": (_prototypes, _energy),
}


def _square(values: Array) -> Array:
    return np.asarray((values**2).sum(axis=1))


def _whitening(centred: Array, most: int = 64) -> Array:
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    kept = slice(-min(most, len(centred) // 2), None)
    return np.asarray(vectors[:, kept] / np.sqrt(values[kept]))


class Study(NamedTuple):
    """All pictures: a row each in `table` and `pooled`; `collections` are those to leave out.

    `kind` in the table is `good`, `other`, `unknown` or `nothing`.
    """

    params: Params
    table: pd.DataFrame
    pooled: Array
    collections: list[str]
    features: Path
    cache: Path

    def rows(self, kind: str, names: Sequence[str] = ()) -> Array:
        """Return which pictures are of a kind, `(n,)`, and of some collections."""
        ours = self.table["kind"] == kind
        return np.asarray(ours & self.table["collection"].isin(names) if names else ours)

    def trained(self, rows: Array, others: Array | None = None) -> tuple[Trained, Array]:
        """Return what is known after training on rows, and the logits of all pictures."""
        used = rows if others is None else rows | others
        good = self.table.loc[self.rows("good"), "label"]
        labels = self.table["label"].where(self.rows("good"), OTHER)
        shown = labels.where(used, good.iloc[0])
        table = self.table.assign(label=shown, fold=np.where(used, 0, UNUSED))
        (scenario,) = self.params.scenarios()
        task = FoldTask(scenario, 1, self.params, table, self.features, self.cache)
        kernel, bias = (fold.load(task) or fold.train(task)).weights
        kernel, bias = kernel[:, : good.nunique()], bias[: good.nunique()]
        logits = self.pooled @ kernel + bias
        codes = pd.Categorical(self.table.loc[rows, "label"], sorted(good.unique())).codes
        return Trained(self.pooled[rows], codes, logits[rows], kernel, bias), logits


class Fitted(NamedTuple):
    """Scores of left-out good pictures, a row a score, and of all pictures by the final model."""

    left: Array
    final: Array


def _elsewhere(study: Study, ways: Sequence[Way], name: str, learned: bool) -> Fitted:
    others = [one for one in study.collections if one != name]
    left = [
        _scores(study, ways, [one for one in others if one != apart], learned)[
            :, study.rows("good", [apart])
        ]
        for apart in others
    ]
    return Fitted(np.concatenate(left, axis=1), _scores(study, ways, others, learned))


def _scores(study: Study, ways: Sequence[Way], names: Sequence[str], learned: bool) -> Array:
    more = study.rows("other", names) if learned else None
    known, logits = study.trained(study.rows("good", names), more)
    return np.stack([way(known)(study.pooled, logits) for way in ways])


def _inside(study: Study, name: str) -> Fitted:
    """Return scores by prototypes of one collection, out of group-disjoint folds of it."""
    ours = study.table[study.rows("good", [name])]
    drawn = folds.draw(ours["label"].tolist(), ours["group"].to_numpy(), 5, 0.0, SEED)
    codes, scores = pd.Categorical(ours["label"]).codes, np.zeros(len(ours))
    pooled = study.pooled[ours.index]
    for number in range(5):
        test = drawn == number
        scores[test] = unlikeness(pooled[test], prototypes(pooled[~test], codes[~test], SEED))
    final = unlikeness(study.pooled, prototypes(pooled, codes, SEED))
    return Fitted(scores[None], final[None])


def _refused(found: Fitted, share: float) -> Array:
    if len(found.left) == 1:
        return np.asarray(found.final[0] > threshold(found.left[0], share))
    (unlike, energies), (asked_unlike, asked_energies) = found.left, found.final
    return limits(unlike, energies, share).refused(asked_unlike, asked_energies)


def _row(study: Study, ways: Sequence[Way], share: float, learned: bool) -> dict[str, float]:
    good, strange, nothing, ranks = {}, [], [], []
    for name in study.collections:
        found = _elsewhere(study, ways, name, learned)
        refused, ours = _refused(found, share), study.rows("good", [name])
        good[name] = float(refused[ours].mean())
        strange.append(refused[study.rows("unknown")].mean())
        nothing.append(refused[study.rows("nothing")].mean())
        ranks.append(_auroc(found, ours, study.rows("unknown")))
    means = {"good": np.mean([*good.values()]), "worst": max(good.values())}
    rates = {"unknown": np.mean(strange), "nothing": np.mean(nothing), "AUROC": np.mean(ranks)}
    return {**means, **good, **rates}


def _auroc(found: Fitted, good: Array, strange: Array) -> float:
    from sklearn.metrics import roc_auc_score

    middle = np.median(found.left, axis=1)[:, None]
    span = np.quantile(found.left, 0.95, axis=1)[:, None] - middle
    score = ((found.final - middle) / span).max(axis=0)
    return float(roc_auc_score(strange[good | strange], score[good | strange]))


def _row_alone(study: Study, name: str) -> dict[str, float]:
    refused = _refused(_inside(study, name), 0.05)
    others = [one for one in study.collections if one != name]
    kinds = {"good elsewhere": study.rows("good", others), "unknown": study.rows("unknown")}
    kinds["nothing"] = study.rows("nothing")
    return {kind: float(refused[rows].mean()) for kind, rows in kinds.items()}


def main() -> None:
    """Print the tables."""
    arguments = _arguments()
    runtime.prepare(threads=2)
    runtime.import_keras()
    with tempfile.TemporaryDirectory() as name:
        study = _study(arguments, arguments.cache or Path(name))
        share = arguments.share
        for learned in (False, *([True] if study.rows("other").any() else [])):
            rows = {name: _row(study, ways, share, learned) for name, ways in WAYS.items()}
            words = "trained with unknown pictures as a class" if learned else "left out once each"
            _print(f"Collections {words}, {share:.0%} refused wanted", rows)
        alone = {name: _row_alone(study, name) for name in study.collections}
        _print("Prototypes and threshold of one collection's folds, 5% refused wanted", alone)


def _print(title: str, rows: dict[str, dict[str, float]]) -> None:
    print(f"\n{title}\n{pd.DataFrame(rows).T.to_string(float_format='{:.3f}'.format)}", flush=True)


def _study(arguments: argparse.Namespace, cache: Path) -> Study:
    params = load(PARAMS)
    if arguments.study:
        text = merged(PARAMS.read_text(encoding="utf-8"), read(arguments.study))
        params = check(text, arguments.study)
    table, digests = _table(arguments)
    array = _pictures(table, params.image_size, cache)
    (scenario,) = params.scenarios()
    target, pictures = cache / "asked", compute.Pictures(array, digests)
    settings = params.features
    compute.compute(*scenario.trunk, pictures, settings, params.seed, cache=cache, target=target)
    pooled = np.mean(opened(target).test_views, axis=0).astype(np.float64)
    names = list(dict.fromkeys(table.loc[table["kind"] == "good", "collection"]))
    return Study(params, table, pooled, names, target, cache)


def _table(arguments: argparse.Namespace) -> tuple[pd.DataFrame, list[str]]:
    """Return a row a picture; near-duplicates are in the collection that has most of them."""
    classes = set(arguments.classes or {one.name for one in arguments.folder[0].iterdir()})
    rows = []
    for folder in (*arguments.folder, arguments.unknown):
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in suffixes() and not re.search(arguments.skip, path.name):
                known = "good" if path.parent.name in classes else "other"
                kind = "unknown" if folder == arguments.unknown else known
                rows.append((str(path.resolve()), path.parent.name, folder.name, kind))
    table = pd.DataFrame(rows, columns=["path", "label", "collection", "kind"])
    table["group"] = near_duplicates.group(Path("/"), [one[1:] for one in table["path"]])
    good = table[table["kind"] == "good"]
    most = good.groupby("group")["collection"].agg(lambda names: names.mode().iloc[0])
    table.loc[good.index, "collection"] = good["group"].map(most)
    digests = [files.sha256(Path(path)) for path in table["path"]]
    nothing = pd.DataFrame(
        [(f"{kind} {n}", kind, "", "nothing", -1) for kind in record.KINDS for n in range(DRAWN)],
        columns=table.columns,
    )
    named = [files.digest(one) for one in nothing["path"]]
    return pd.concat([table, nothing], ignore_index=True), [*digests, *named]


def _pictures(table: pd.DataFrame, size: tuple[int, int], cache: Path) -> Array:
    real, cache_file = table[table["kind"] != "nothing"]["path"], cache / "real.npy"
    cache.mkdir(parents=True, exist_ok=True)
    decode_all(Path("/"), [one[1:] for one in real], size, cache_file)
    drawn = [record.draw(kind, n, size) for kind in record.KINDS for n in range(DRAWN)]
    return np.concatenate([np.load(cache_file), np.stack(drawn)])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, nargs="+", help="a collection, one folder a class")
    parser.add_argument("--unknown", type=Path, required=True, help="pictures to refuse")
    parser.add_argument("--classes", nargs="*", help="the known classes; none named: all")
    parser.add_argument("--share", type=float, default=0.15, help="of false refusals (0.15)")
    parser.add_argument("--study", type=Path, help="a study in place of params.yaml alone")
    parser.add_argument("--skip", default="$^", help="names of files that are left out")
    parser.add_argument("--cache", type=Path, help="where features and trainings are kept")
    return parser.parse_args()


if __name__ == "__main__":
    main()
