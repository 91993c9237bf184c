"""Tables and records of a run, as the report reads them."""

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from canting.config.columns import FOLD, SCENARIO, TRAIN_COSTS
from canting.config.metrics import USUAL as METRIC
from canting.config.metrics import heading
from canting.config.params import Params
from canting.config.records import (
    CardRecord,
    CorruptionMetrics,
    ElsewhereMetrics,
    EnsembleRecord,
    FeatureCost,
    FetchRecord,
    Leakage,
    ReviewMetrics,
    Selection,
    Validation,
)
from canting.config.scenario import members_of
from canting.core import files
from canting.core.costs import COSTS, known
from canting.core.frames import Row, row_of
from canting.data import manifest
from canting.documents import read
from canting.evaluation.statistics import factors

MADE_OF = (
    *(Path("build") / f"{name}.csv" for name in ("digests", "folds")),
    Path("build") / "fetched.json",
    *(Path("build") / name for name in ("best", "confusions", "train", "tune")),
    *(Path("results") / name for name in ("evaluate", "preprocess", "select_best", "corruptions")),
    *(Path("results") / name for name in ("export", "review", "tune", "validate")),
)
"""Files and folders that tell one run from another."""

FeatureCosts = dict[str, FeatureCost]
"""By the name of a trunk."""

USUAL = ("backbone", "optimizer", "dropout")
"""The keys that a table of scenarios shows, whether they vary or not."""


@dataclass(frozen=True)
class Run:
    """Tables and records of a run.

    `manifest` and `folds` have a row a picture of a class, `trained` a row a scenario, failed ones
    included, `ranking` a row a scenario with scores, the best first; `full` is `ranking` with
    measured costs.
    `other` has scores on collections that nothing was trained on, `served` those of the chosen
    model, where there are such. `unknown` further pictures, of no class, were trained with.
    """

    params: Params
    results: Path
    build: Path
    manifest: pd.DataFrame
    folds: pd.DataFrame
    leakage: Leakage
    validation: Validation
    quarantine: pd.DataFrame
    fetched: FetchRecord
    trained: pd.DataFrame
    ranking: pd.DataFrame
    classes: pd.DataFrame
    calibration: pd.DataFrame
    other: pd.DataFrame
    comparison: pd.DataFrame
    effects: pd.DataFrame
    contrasts: pd.DataFrame
    selection: Selection
    served: ElsewhereMetrics | None
    corruptions: pd.DataFrame
    corruption_metrics: CorruptionMetrics
    exports: pd.DataFrame
    export_costs: pd.DataFrame
    review: pd.DataFrame
    review_metrics: ReviewMetrics
    card: CardRecord
    train_costs: pd.DataFrame
    feature_costs: FeatureCosts
    digest: str
    unknown: int

    @property
    def leader(self) -> str:
        """The scenario with the best macro F1."""
        return str(self.ranking[SCENARIO].iloc[0])

    @property
    def winner(self) -> str:
        """The scenario, or the ensemble of scenarios, that was chosen."""
        return self.selection["winner"]

    @property
    def inside(self) -> float:
        """The pooled macro F1 of what was chosen, on the folds."""
        return float(row_of(self.scored, self.winner)[METRIC])

    @property
    def members(self) -> list[str]:
        """The scenarios of the ensemble that was chosen; otherwise the chosen one."""
        return members_of(self.winner)

    @property
    def ensemble(self) -> EnsembleRecord | None:
        """What averaging adds, where `select_best.ensemble` let it be tried."""
        return self.selection.get("ensemble")

    @property
    def scored(self) -> pd.DataFrame:
        """`ranking`, and after it the row of an ensemble that was chosen."""
        return read.with_ensemble(self.ranking, self.selection, "scores")

    @property
    def reason(self) -> str:
        """Why it was chosen, with short names."""
        return self.short(self.selection["reason"])

    @property
    def train_seconds(self) -> float:
        """Seconds of all trainings; NaN where they were not measured here."""
        return float(self.train_costs["seconds"].sum(min_count=1))

    @property
    def feature_seconds(self) -> float:
        """Seconds of all views of all trunks; NaN where they were not measured here."""
        costs = self.feature_costs.values()
        return sum(float(one.get("seconds", 0)) for one in costs) if costs else math.nan

    @property
    def metric(self) -> str:
        """The score that scenarios are compared by, in words."""
        return heading(self.params.select_best.column)

    @property
    def blocks(self) -> str:
        """What means of scores are over: folds or collections."""
        return self.params.preprocess.blocks

    @property
    def collections(self) -> list[str]:
        """The names of the collections, sorted: with `elsewhere`, of the folds by their number."""
        return manifest.collections(self.manifest)

    @property
    def elsewhere(self) -> bool:
        """Whether each collection was left out: scores then tell of pictures from elsewhere."""
        return self.params.preprocess.split == "collections"

    @property
    def evaluated(self) -> str:
        """How the scores came about, and which question they answer."""
        folds, repeats = self.params.folds, self.params.repeats
        if self.elsewhere:
            times = "once" if repeats == 1 else f"{repeats} times"
            return (
                f"with each of {folds} collections left out {times}: the scores tell how a model "
                "does on a picture from elsewhere"
            )
        one = len(self.collections) < 2
        drawn = "" if repeats == 1 else f", drawn {repeats} times"
        return (
            f"in {folds}-fold cross-validation{drawn}: the scores tell how a model does on another "
            f"picture of {'this collection' if one else 'these collections'}, not on one from "
            "elsewhere"
        )

    @property
    def labels(self) -> list[str]:
        """The classes, sorted."""
        return manifest.classes(self.manifest)

    def calibration_of(self, scenario: str) -> "pd.Series[Any]":
        """Return temperature and calibration errors of a scenario, on the folds."""
        return row_of(self.calibration, scenario)

    @property
    def calibrated(self) -> Row:
        """Temperature of the chosen model, and calibration errors on what that was fixed on."""
        left = self.card.get("calibration")
        if left is None:
            return {str(name): value for name, value in self.calibration_of(self.winner).items()}
        return {**left, "temperature": self.card["temperature"]}

    @property
    def calibrated_on(self) -> list[str]:
        """The collections that were left out to fix the temperature; none: folds were."""
        left = self.card.get("calibration")
        return [] if left is None else left["collections"]

    @property
    def keys(self) -> list[str]:
        """The scenario keys that a table shows: the usual three, and all others that vary."""
        varying = factors.levels(self.trained)
        return [key for key in factors.FACTORS if key in USUAL or key in varying]

    @cached_property
    def names(self) -> dict[str, str]:
        """A short name for each scenario: what varies of it."""
        return factors.short_names(self.trained)

    def short(self, text: str) -> str:
        """Return a text with every scenario in it named shortly."""
        for name, short in sorted(self.names.items(), key=lambda pair: -len(pair[0])):
            text = text.replace(name, short)
        return text


def load(params: Params, results: Path, build: Path) -> Run:
    """Read what all stages before the report wrote; raise `CantingError` where a file lacks."""
    evaluated, comparison = results / "evaluate", results / "evaluate" / "comparison"
    pictures, folds = manifest.read(build / "manifest.parquet"), read.table(build / "folds.csv")
    ours = manifest.of_class(folds)
    selection = read.record(results / "select_best" / "selection.json", Selection)
    return Run(
        params=params,
        results=results,
        build=build,
        manifest=pictures[manifest.of_class(pictures)],
        folds=folds[ours],
        leakage=read.record(results / "preprocess" / "leakage.json", Leakage),
        validation=read.record(results / "validate" / "validation.json", Validation),
        quarantine=read.table(results / "validate" / "quarantine.csv"),
        fetched=read.record(build / "fetched.json", FetchRecord),
        trained=read.table(build / "train" / "scenarios.csv"),
        ranking=read.table(evaluated / "scenarios.csv"),
        classes=read.with_ensemble(read.table(evaluated / "classes.csv"), selection, "classes"),
        calibration=read.with_ensemble(
            read.table(evaluated / "calibration.csv"), selection, "calibration"
        ),
        other=read.table(evaluated / "other.csv"),
        comparison=read.table(comparison / "comparison.csv"),
        effects=read.table(comparison / "effects.csv"),
        contrasts=read.table(comparison / "contrasts.csv"),
        selection=selection,
        served=_served(results / "select_best" / "elsewhere.json"),
        corruptions=read.table(results / "corruptions" / "corruptions.csv"),
        corruption_metrics=read.record(results / "corruptions" / "metrics.json", CorruptionMetrics),
        exports=read.table(results / "export" / "exports.csv"),
        export_costs=_measured(build, "export"),
        review=read.table(results / "review" / "review.csv"),
        review_metrics=read.record(results / "review" / "metrics.json", ReviewMetrics),
        card=read.record(build / "best" / "card.json", CardRecord),
        train_costs=train_costs(build),
        feature_costs=_feature_costs(build),
        digest=files.sha256(build / "digests.csv"),
        unknown=int((~ours & (folds[FOLD] != manifest.HELD_OUT)).sum()),
    )


def train_costs(build: Path) -> pd.DataFrame:
    """Return the seconds of each training; no row where they were not measured here."""
    found = _measured(build, "train")
    return pd.DataFrame({name: [] for name in TRAIN_COSTS}) if found.empty else found


def _measured(build: Path, stage: str) -> pd.DataFrame:
    path = build / COSTS / f"{stage}.csv"
    there = path.is_file() and known(stage, build.parent)
    return read.table(path) if there else pd.DataFrame()


def _served(path: Path) -> ElsewhereMetrics | None:
    told = read.record(path, ElsewhereMetrics)
    return told if "pictures" in told else None


def _feature_costs(build: Path) -> FeatureCosts:
    path = build / COSTS / "features.json"
    there = path.is_file() and known("features", build.parent)
    return read.record(path, FeatureCosts) if there else {}
