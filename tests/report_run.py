"""A small made run: every file that the report reads, by the modules that write them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from ruamel.yaml import YAML

from canting.config.params import Params, load
from canting.config.records import FetchRecord
from canting.config.tables import fold_column
from canting.core import files
from canting.core.frames import row_of
from canting.data import manifest
from canting.data.preprocess import division, leakage
from canting.data.validate.check import CheckOutcome
from canting.data.validate.class_checks import class_checks
from canting.data.validate.picture_checks import picture_checks
from canting.data.validate.report import summary
from canting.evaluation.corruptions import measure
from canting.evaluation.corruptions.tables import accuracies, metrics
from canting.evaluation.ensemble.decision import decide
from canting.evaluation.evaluate import tables, trained
from canting.evaluation.evaluate.evaluation import Evaluation, evaluate
from canting.evaluation.evaluate.writing import write_tables
from canting.evaluation.export import record
from canting.evaluation.review.review import review
from canting.evaluation.select_best import card, rule
from canting.models.features.store import slug
from canting.models.train.fold import read_table
from tests.conftest import project_params

LABELS = ("kawung", "<script>alert(1)</script>", "a|b_*c*")
COLLECTIONS = ("museum", "phones", "web")
"""Of the pictures, in turn, where each is left out once."""

COST = {"resnet50": 23_587_712, "densenet121": 7_037_504, "vgg19": 20_024_384}


def make(
    folder: Path, labels: tuple[str, ...] = LABELS, per_class: int = 24, **keys: Any
) -> Params:
    """Write `params.yaml`, `build/` and `results/` of a run below a folder."""
    params = _params(folder, keys)
    build, results = folder / "build", folder / "results"
    generator = np.random.default_rng(7)
    names = COLLECTIONS if params.preprocess.split == "collections" else ("data",)
    pictures = _pictures(build, labels, per_class, names, generator)
    _validation(results, params, len(pictures))
    _folds(build, results, params, pictures)
    _training(build, params, generator)
    _costs(build, results, params)
    found = evaluated(folder, params)
    blocks = params.preprocess.blocks
    write_tables(found, params.evaluate.confidence, results / "evaluate", blocks)
    _plots(found, build, results / "evaluate")
    _choice(found, build, results, params)
    _corruptions(found, results, params)
    _review(found, build, results)
    return params


def evaluated(folder: Path, params: Params) -> Evaluation:
    left = trained.read(folder / "build" / "train")
    costs = folder / "results" / "features" / "backbones.csv"
    pictures = manifest.read(folder / "build" / "manifest.parquet")
    apart = params.preprocess.split == "collections"
    named = manifest.collections(pictures) if apart else ()
    return evaluate(left, params.evaluate, params.select_best, costs, named)


def _params(folder: Path, keys: dict[str, Any]) -> Params:
    content = project_params()
    content.update({"epochs": 3, "folds": 3, "backbone": "resnet50", **keys})
    folder.mkdir(parents=True, exist_ok=True)
    YAML().dump(content, folder / "params.yaml")
    return load(folder / "params.yaml")


def _pictures(
    build: Path,
    labels: tuple[str, ...],
    per_class: int,
    names: tuple[str, ...],
    generator: np.random.Generator,
) -> pd.DataFrame:
    """Write pictures and manifest; the second picture of each class is a copy of the first."""
    rows: list[tuple[Any, ...]] = []
    for number, label in enumerate(labels):
        for place in range(per_class):
            path = f"{number}/{place:03d}.jpg"
            size = (64, 48 + 16 * (place % 2))
            (build / "raw" / path).parent.mkdir(parents=True, exist_ok=True)
            colour = tuple(int(part) for part in generator.integers(0, 256, 3))
            Image.new("RGB", size, colour).save(build / "raw" / path)
            bytes_ = (build / "raw" / path).stat().st_size
            group = number * per_class + max(place, 1)
            told = (f"{len(rows):064x}", None, "no_end" * (len(rows) == 1), 120.25, 40.5, 900.0)
            origin = (group, group, names[place % len(names)], "")
            rows.append((path, label, *size, "RGB", "JPEG", bytes_, *told, *origin))
    table = pd.DataFrame(rows, columns=list(manifest.COLUMNS))
    manifest.write(build / "manifest.parquet", table)
    record: FetchRecord = {
        "collections": [
            {
                "name": "data",
                "source": "data",
                "revision": None,
                "read_as": "<class>/<picture>",
                "pictures": len(table),
                "labels": dict.fromkeys(labels, per_class),
                "splits": {},
                "collections": {},
                "sessions": {},
                "grouped": 0,
                "groups": 0,
                "links": 0,
            }
        ],
        "left_out": {"JPEG 2000, which is not read": 3},
        "relabelled": 0,
    }
    files.write_json(build / "fetched.json", record)
    files.write_text(build / "digests.csv", table[["path", "bytes", "sha256"]].to_csv(index=False))
    return table


def _validation(results: Path, params: Params, pictures: int) -> None:
    checks = [*picture_checks(params.validate_, pictures), *class_checks(params.validate_)]
    outcomes = [CheckOutcome(check, True, {"rows": pictures}, 0, ()) for check in checks]
    files.write_json(results / "validate" / "validation.json", summary(outcomes, pictures, 1))
    aside = "path,reason\nNA/<b>.jpg,a truncated | picture\n"
    files.write_text(results / "validate" / "quarantine.csv", aside)


def _folds(build: Path, results: Path, params: Params, pictures: pd.DataFrame) -> None:
    labels, groups = pictures["label"].tolist(), pictures["group"].to_numpy(np.int64)
    table = division.fold_table(pictures, params)
    files.write_text(build / "folds.csv", table.to_csv(index=False))
    drawn = table["fold"].to_numpy(np.int64)
    counts = leakage.leakage(labels, groups, drawn, params.folds, params.seed)
    files.write_json(results / "preprocess" / "leakage.json", counts)


def _training(build: Path, params: Params, generator: np.random.Generator) -> None:
    """Write the train stage's tables; `adadelta` fails; every scenario is a little worse."""
    table = read_table(build / "folds.csv")
    table = table[table["fold"] >= 0]
    classes = sorted(table["label"].unique())
    truth = (table["label"].to_numpy()[:, None] == np.asarray(classes)).astype(float)
    rows, predictions, curves, costs = [], [], [], []
    for place, scenario in enumerate(params.scenarios()):
        failed = scenario.optimizer == "adadelta"
        failure = "fold 0: the loss is NaN" if failed else ""
        rows.append({"scenario": scenario.name, **scenario.model_dump(), "failure": failure})
        logits = 4 * truth / (1 + 0.05 * place) + generator.normal(0, 1.2, truth.shape)
        named = table[["path", "label", "fold"]].assign(scenario=scenario.name)
        columns = {f"logit {name}": logits[:, k] for k, name in enumerate(classes)}
        predictions.append(named.assign(**columns))
        of = [{"scenario": scenario.name, "fold": fold} for fold in range(params.folds)]
        costs += [{**one, "seconds": 2.5 + place, "cpu_seconds": 2.0 + place} for one in of]
        curves += [
            {**one, "epoch": epoch, "loss": 1 / epoch, "accuracy": 1 - 0.5 / epoch,
             "val_loss": 1.1 / epoch, "val_accuracy": 1 - 0.6 / epoch}
            for one in of
            for epoch in range(1, scenario.epochs + 1)
        ]  # fmt: skip
    folder = build / "train"
    folder.mkdir(parents=True)
    pd.DataFrame(rows).to_csv(folder / "scenarios.csv", index=False)
    pd.concat(predictions, ignore_index=True).to_parquet(folder / "predictions.parquet")
    pd.DataFrame(curves).to_csv(folder / "curves.csv", index=False)
    costed = pd.DataFrame(costs)
    if params.repeats > 1:
        further = [_again(draw, predictions, build, generator) for draw in _further(params)]
        pd.concat(further, ignore_index=True).to_parquet(folder / "repeats.parquet")
        every = [costed.assign(repeat=draw) for draw in (1, *_further(params))]
        costed = pd.concat(every, ignore_index=True)
    files.write_text(build / "costs" / "train.csv", costed.to_csv(index=False))


def _further(params: Params) -> range:
    return range(2, params.repeats + 1)


def _again(
    draw: int, predictions: list[pd.DataFrame], build: Path, generator: np.random.Generator
) -> pd.DataFrame:
    """Return the predictions of a further draw: its folds, and other chance in the logits."""
    table = read_table(build / "folds.csv")
    column = fold_column(draw) if fold_column(draw) in table else "fold"
    told = pd.concat(predictions, ignore_index=True).assign(repeat=draw)
    told["fold"] = told["path"].map(table.set_index("path")[column])
    for name in told.filter(like="logit "):
        told[name] += generator.normal(0, 0.6, len(told))
    return told


def _costs(build: Path, results: Path, params: Params) -> None:
    rows = [
        {"backbone": name, "fine_tune_from": layer, "parameters": COST[name],
         "multiply_adds": 150 * COST[name], "model_bytes": 4 * COST[name]}
        for name, layer in params.trunks()
    ]  # fmt: skip
    files.write_text(results / "features" / "backbones.csv", pd.DataFrame(rows).to_csv(index=False))
    cost = {"seconds": 3725.0, "computed_views": 0, "views": 11, "milliseconds": 20.04}
    files.write_json(
        build / "costs" / "features.json", {slug(*trunk): cost for trunk in params.trunks()}
    )


def _plots(found: Evaluation, build: Path, folder: Path) -> None:
    """Write a plain picture in place of each plot; the plots have tests of their own."""
    names = ["confusion", "learning_curves", "misclassified", "reliability"]
    if len(found.ranking) > 1:
        names += ["comparison/ranking", "comparison/effects"]
    targets = [folder / f"{name}.png" for name in names]
    targets += [build / "confusions" / f"{name}.png" for name in found.ranking["scenario"]]
    for target in targets:
        _plain(target)


def _plain(target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), "white").save(target)


def _corruptions(found: Evaluation, results: Path, params: Params) -> None:
    """Write the stage's tables: of the leader, every third changed picture is a mistake."""
    ours = found.of(found.leader)[0][["label", "predicted"]]
    labels = sorted(ours["label"].unique())
    wrong = ours["label"].map(dict(zip(labels, [*labels[1:], labels[0]], strict=True)))
    spoilt = ours.assign(predicted=ours["label"].where(np.arange(len(ours)) % 3 > 0, wrong))
    cells = measure.measured_cells(params.corruptions.leave_out)
    parts = [ours.assign(kind="none", level=0.0)]
    parts += [spoilt.assign(kind=kind, level=float(level)) for kind, level in cells]
    answers = pd.concat(parts, ignore_index=True)
    table = accuracies(answers, params.evaluate.confidence)
    files.write_text(results / "corruptions" / "corruptions.csv", table.to_csv(index=False))
    files.write_json(results / "corruptions" / "metrics.json", metrics(table, found.leader))
    _plain(results / "corruptions" / "corruptions.png")


def _review(found: Evaluation, build: Path, results: Path) -> None:
    """Write the stage's tables: the leader's doubts where every tenth label is another one."""
    predictions = found.of(found.leader)[0].reset_index(drop=True)
    labels = sorted(predictions["label"].unique())
    others = dict(zip(labels, [*labels[1:], labels[0]], strict=True))
    wrong = predictions["path"][::10]
    predictions.loc[wrong.index, "label"] = predictions["label"].map(others)
    pictures = manifest.read(build / "manifest.parquet")
    rows = pictures["path"].isin(wrong)
    pictures.loc[rows, "label"] = pictures["label"].map(others)
    features = np.random.default_rng(3).random((len(pictures), 8))
    reviewed = review(pictures, predictions, features, np.zeros(len(pictures), dtype=bool), 6)
    folder = results / "review"
    files.write_text(folder / "review.csv", reviewed.table.head(6).to_csv(index=False))
    files.write_text(folder / "similar.csv", reviewed.similar.to_csv(index=False))
    files.write_json(folder / "metrics.json", reviewed.metrics)
    _plain(folder / "review.png")


def _choice(found: Evaluation, build: Path, results: Path, params: Params) -> None:
    rows = found.ranking.to_dict("records")
    costs = {row["scenario"]: (row["parameters"], 6147, row["epochs"]) for row in rows}
    settings = params.select_best
    blocks = params.preprocess.blocks
    single = rule.choose(found.folds, costs, settings.column, settings.alpha, blocks)
    measured = card.Measured(found.ranking, found.calibration, found.classes)
    scenarios = {one.name: one for one in params.scenarios() if one.name in costs}
    choice, measured, told = decide(single, measured, found.trained.draws, scenarios, costs, params)
    selection = card.selection(choice, None, 4e-7)
    if told is not None:
        selection["ensemble"] = told
    files.write_json(results / "select_best" / "selection.json", selection)
    files.write_json(results / "select_best" / "elsewhere.json", {})
    best = row_of(measured.ranking, choice.winner)
    scores = tables.named(best)
    content = {"model_sha256": "ab" * 32, "reason": choice.reason, "out_of_fold": scores}
    files.write_json(build / "best" / "card.json", content)
    record.write(pd.DataFrame(EXPORTED), "litert", results / "export")


_SAME = {"agreement": 1.0, "largest_change": 0.0, "mean_change": 0.0, "ece": 0.02, "refused": 0.05}
_OVER_FOLDS = {"mean": 0.9, "difference": 0.0, "low": 0.0, "high": 0.0, "p_holm": 1.0, "fault": ""}
_WORSE = {"agreement": 0.4, "difference": -0.5, "low": -0.6, "high": -0.4, "p_holm": 1e-5}

EXPORTED = [
    {"format": "litert", "bytes": 13_000_000, "macro_f1": 0.9, **_SAME, **_OVER_FOLDS},
    {"format": "litert-fp16", "bytes": 6_500_000, "macro_f1": 0.9, **_SAME, **_OVER_FOLDS},
    {
        "format": "litert-int8",
        "bytes": 3_900_000,
        "macro_f1": 0.4,
        **_SAME,
        **_OVER_FOLDS,
        **_WORSE,
        "fault": "its macro F1 is -0.5000 from that of float32",
    },
]
"""A table of formats, of which one is worse."""
