"""How well ways to abstain tell good pictures from others, at the same share of false refusals.

Run from the repository's root:

    python -m benchmarks.abstention FOLDER [--other FOLDER …] [--share 0.05] [--classes A B …]

`FOLDER` holds one folder a class, the pictures that the model knows; all of an `--other` folder
should be refused. Pictures of nothing are drawn. With `--classes` only those are known and the rest
of `FOLDER` is one more thing to refuse: a near one, as an unknown motif is. Every way is fitted on
the training part of group-disjoint folds; its threshold is fixed on the pictures left out, and its
false refusals are counted by the threshold of the other folds. The trunk is frozen.
"""

import argparse
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.bundle.unlikeness import directions, unlikeness
from canting.config.formats import suffixes
from canting.core import parallel, runtime
from canting.data import near_duplicates
from canting.data.preprocess import folds
from canting.evaluation.abstention import record
from canting.evaluation.abstention.fit import cross_fitted, prototypes, threshold
from canting.imaging import pictures
from canting.imaging.pictures import Pixels
from canting.models.features import trunk

SIZE, FOLDS, SEED, DRAWN = (224, 224), 5, 2026, 60

Array = npt.NDArray[np.float64]
Score = Callable[[Array], Array]
Way = Callable[[Array, npt.NDArray[np.int64]], Score]
"""Takes training features and their classes; returns what scores others: the higher, the stranger.
"""


class Known(NamedTuple):
    """Features, class and fold of the pictures that the model knows."""

    pooled: Array
    codes: npt.NDArray[np.int64]
    folds: npt.NDArray[np.int64]


def main() -> None:
    """Print a row for each way: false refusals, and the share of each kind that is refused."""
    arguments = _arguments()
    runtime.prepare()
    with tempfile.TemporaryDirectory() as cache:
        answer = trunk.load(arguments.backbone, None, SIZE, Path(cache))
        files = _files(arguments.folder)
        chosen = set(arguments.classes or {path.parent.name for path in files})
        ours = [path for path in files if path.parent.name in chosen]
        known = _known(arguments.folder, ours, answer)
        strange = {kind: _drawn(kind, answer) for kind in record.KINDS}
        for other in arguments.other:
            strange[other.name] = _features(_files(other), answer)
        if rest := [path for path in files if path.parent.name not in chosen]:
            strange["other classes"] = _features(rest, answer)
    rows = {name: _row(way, known, strange, arguments.share) for name, way in WAYS.items()}
    print(pd.DataFrame(rows).T.to_string(float_format="{:.3f}".format))


def _row(
    way: Way,
    known: Known,
    strange: Mapping[str, Array],
    share: float,
) -> dict[str, float]:
    scores = np.zeros(len(known.codes))
    for fold in range(FOLDS):
        test = known.folds == fold
        scores[test] = way(known.pooled[~test], known.codes[~test])(known.pooled[test])
    refused, limit = cross_fitted(scores, known.folds, share), threshold(scores, share)
    final = way(known.pooled, known.codes)
    found = {kind: float((final(pooled) > limit).mean()) for kind, pooled in strange.items()}
    return {"false": float(refused.mean()), **found, "worst": min(found.values())}


def _cosine_to_means(pooled: Array, codes: npt.NDArray[np.int64]) -> Score:
    means = _unit(
        np.stack([_unit(pooled[codes == code]).mean(axis=0) for code in np.unique(codes)])
    )
    return lambda asked: 1 - (_unit(asked) @ means.T).max(axis=1)


def _neighbours(pooled: Array, _: npt.NDArray[np.int64], place: int = 5) -> Score:
    """Sun et al., "Out-of-Distribution Detection with Deep Nearest Neighbors", ICML 2022."""
    held = _unit(pooled)
    return lambda asked: 1 - np.partition(_unit(asked) @ held.T, -place, axis=1)[:, -place]


def _mahalanobis(pooled: Array, codes: npt.NDArray[np.int64]) -> Score:
    """Lee et al., NeurIPS 2018; whitened in the 64 strongest directions within the classes."""
    means = np.stack([pooled[codes == code].mean(axis=0) for code in np.unique(codes)])
    places = np.unique(codes, return_inverse=True)[1]
    white = _whitening(pooled - means[places])
    centres = means @ white
    return lambda asked: np.min(
        [((asked @ white - centre) ** 2).sum(axis=1) for centre in centres], axis=0
    )


def _relative(pooled: Array, codes: npt.NDArray[np.int64]) -> Score:
    """Ren et al., "A Simple Fix to Mahalanobis Distance", 2021."""
    near, middle = _mahalanobis(pooled, codes), pooled.mean(axis=0)
    white = _whitening(pooled - middle)
    return lambda asked: near(asked) - (((asked - middle) @ white) ** 2).sum(axis=1)


def _linear(pooled: Array, codes: npt.NDArray[np.int64]) -> Callable[[Array], Array]:
    """Return a classifier's logits, for the ways that look at nothing else."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=3e-3, max_iter=40).fit(pooled / pooled.std(), codes)
    return lambda asked: asked / pooled.std() @ model.coef_.T + model.intercept_


def _energy(pooled: Array, codes: npt.NDArray[np.int64]) -> Score:
    """Liu et al., "Energy-based Out-of-distribution Detection", NeurIPS 2020."""
    logits = _linear(pooled, codes)
    return lambda asked: -np.logaddexp.reduce(logits(asked), axis=1)


def _largest_logit(pooled: Array, codes: npt.NDArray[np.int64]) -> Score:
    logits = _linear(pooled, codes)
    return lambda asked: -logits(asked).max(axis=1)


def _prototypes(pooled: Array, codes: npt.NDArray[np.int64]) -> Score:
    found = prototypes(pooled, codes, SEED)
    return lambda asked: unlikeness(asked, found)


def _roots_to_means(pooled: Array, codes: npt.NDArray[np.int64]) -> Score:
    means = _cosine_to_means(directions(pooled).astype(np.float64), codes)
    return lambda asked: means(directions(asked).astype(np.float64))


def _root_neighbours(pooled: Array, codes: npt.NDArray[np.int64]) -> Score:
    near = _neighbours(directions(pooled).astype(np.float64), codes)
    return lambda asked: near(directions(asked).astype(np.float64))


def _both(one: Way, other: Way) -> Way:
    """Return the larger of two scores, each in units of its spread on the training pictures."""

    def way(pooled: Array, codes: npt.NDArray[np.int64]) -> Score:
        scores = [each(pooled, codes) for each in (one, other)]
        ends = [np.quantile(score(pooled), (0.5, 0.95)) for score in scores]
        return lambda asked: np.max(
            [
                (score(asked) - low) / (high - low)
                for score, (low, high) in zip(scores, ends, strict=True)
            ],
            axis=0,
        )

    return way


WAYS: dict[str, Way] = {
    "Mahalanobis": _mahalanobis,
    "relative Mahalanobis": _relative,
    "energy": _energy,
    "largest logit": _largest_logit,
    "cosine, class means": _cosine_to_means,
    "cosine, 5th neighbour": _neighbours,
    "roots, class means": _roots_to_means,
    "roots, 5th neighbour": _root_neighbours,
    "roots, means or energy": _both(_roots_to_means, _energy),
    "roots, prototypes (canting)": _prototypes,
}


def _whitening(centred: Array, most: int = 64) -> Array:
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    kept = slice(-min(most, len(centred) // 2), None)
    return np.asarray(vectors[:, kept] / np.sqrt(values[kept]))


def _unit(values: Array) -> Array:
    return np.asarray(values / np.linalg.norm(values, axis=1, keepdims=True))


def _known(folder: Path, paths: list[Path], answer: trunk.Answer) -> Known:
    labels = [path.parent.name for path in paths]
    groups = near_duplicates.group(folder, [str(path.relative_to(folder)) for path in paths])
    drawn = folds.draw(labels, groups, FOLDS, 0.0, SEED)
    codes = np.unique(labels, return_inverse=True)[1].astype(np.int64)
    return Known(_features(paths, answer), codes, drawn)


def _features(paths: list[Path], answer: trunk.Answer) -> Array:
    def one(path: Path) -> npt.NDArray[Any]:
        return answer(pictures.pixels(path, SIZE))

    return _stacked(one, paths)


def _drawn(kind: str, answer: trunk.Answer) -> Array:
    def one(number: int) -> npt.NDArray[Any]:
        picture: Pixels = record.draw(kind, number, SIZE)
        return answer(picture)

    return _stacked(one, list(range(DRAWN)))


def _stacked(one: Callable[[Any], npt.NDArray[Any]], tasks: list[Any]) -> Array:
    found = list(parallel.run(one, tasks, label="features", total=len(tasks)))
    return np.stack(found).astype(np.float64)


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in suffixes()]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="known pictures, one folder a class")
    parser.add_argument("--other", type=Path, nargs="*", default=[], help="pictures to refuse")
    parser.add_argument("--classes", nargs="*", help="the known classes; none named: all")
    parser.add_argument("--share", type=float, default=0.05, help="of false refusals (0.05)")
    parser.add_argument("--backbone", default="efficientnet_lite0")
    return parser.parse_args()


if __name__ == "__main__":
    main()
