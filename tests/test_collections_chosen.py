"""The choice by left-out collections: key, rule, words, tables, and the folds of searches."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from canting.cli import main
from canting.config.metrics import mean_of
from canting.config.params import Params
from canting.config.params import load as load_params
from canting.core import files
from canting.core.errors import CantingError
from canting.documents import render
from canting.documents.cards.model import model_card
from canting.documents.content import Table
from canting.documents.provenance import provenance
from canting.documents.report import results
from canting.documents.report.write import assemble
from canting.documents.run import Run, load
from canting.evaluation.select_best import rule
from canting.models.tune import study
from canting.models.tune.search import place
from canting.models.tune.task import drawn
from canting.models.tune.trial_runner import TrialRunner
from canting.runs.compare import record
from canting.runs.compare.comparison import compare
from canting.runs.compare.source import RunFolder
from canting.runs.compare.written import text
from canting.runs.tracking.scenarios import scenarios
from tests import track_run, tune_data
from tests.conftest import ROOT
from tests.test_params import edited

METRIC = "collections_macro_f1"
APART = {"preprocess": {"split": "collections", "hold_out": 0.0}}
GRID: dict[str, Any] = {
    "backbone": ["resnet50", "densenet121"],
    "optimizer": ["adam", "nadam"],
    "select_best": {"metric": METRIC, "alpha": 0.05, "ensemble": 2},
    **APART,
}


class Written(NamedTuple):
    folder: Path
    run: Run
    report: str
    card: str


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = track_run.make(tmp_path_factory.mktemp("apart") / "run", **GRID)
    run = load(load_params(folder / "params.yaml"), folder / "results", folder / "build")
    parts = (make(run, provenance(ROOT)) for make in (assemble, model_card))
    return Written(folder, run, *(render.markdown(part, "figures") for part in parts))


@pytest.mark.parametrize("split", ["folds", "source"])
def test_it_is_refused_where_no_collection_is_left_out(tmp_path: Path, split: str) -> None:
    path = edited(tmp_path, select_best__metric=METRIC, preprocess__split=split)
    expected = (
        r"`select_best\.metric`: expected collections_macro_f1 only with `preprocess\.split: "
        rf"collections`\. Received: .* `preprocess\.split: {split}`\. Set .* or take macro_f1\."
    )
    with pytest.raises(CantingError, match=expected):
        load_params(path)


def test_it_is_macro_f1_of_the_collections(tmp_path: Path) -> None:
    path = edited(tmp_path, select_best__metric=METRIC, preprocess__split="collections")
    found = load_params(path)
    assert (found.select_best.metric, found.select_best.column) == (METRIC, "macro_f1")
    assert found.preprocess.blocks == "collections"


def test_the_tables_name_the_collections(written: Written) -> None:
    table = pd.read_csv(written.folder / "results" / "evaluate" / "folds.csv")
    assert table.columns.tolist()[:4] == ["scenario", "fold", "collection", "pictures"]
    named = table.groupby("fold")["collection"].agg(set).to_dict()
    assert named == {0: {"museum"}, 1: {"phones"}, 2: {"web"}}
    kept = written.run.manifest.merge(written.run.folds[["path", "fold"]], on="path")
    sizes = kept["fold"].value_counts().to_dict()
    assert table.groupby("fold")["pictures"].first().to_dict() == sizes
    plain = pd.read_csv(ROOT / "results" / "evaluate" / "folds.csv")
    assert "collection" not in plain


def test_report_and_card_have_the_scores_of_each_collection(written: Written) -> None:
    run = written.run
    (block,) = results.collections(run)
    assert isinstance(block, Table)
    assert [row[0] for row in block.rows] == ["museum", "phones", "web"]
    column = block.columns.index("macro F1")
    shown = [float(str(row[column])) for row in block.rows]
    folds = pd.read_csv(written.folder / "results" / "evaluate" / "folds.csv")
    ours = folds[folds["scenario"] == run.winner].set_index("collection")["macro_f1"]
    assert shown == pytest.approx(ours[["museum", "phones", "web"]].tolist(), abs=5e-5)
    best = run.ranking.set_index("scenario").loc[run.winner]
    assert best[mean_of("macro_f1")] == pytest.approx(ours.mean())
    for page in (written.report, written.card):
        assert f"| museum | {block.rows[0][1]} | {block.rows[0][2]} |" in page
        comment = "whose mean over the folds decides"  # of params.yaml, which the report shows
        assert "over the folds" not in page.replace(comment, "")
        assert "over the collections" in page
        assert "with each of 3 collections left out once: the scores tell how a model" in page


def test_the_reasons_speak_of_collections(written: Written) -> None:
    selection = files.read_json(written.folder / "results" / "select_best" / "selection.json")
    assert "(mean and standard deviation over the collections)" in selection["reason"]
    assert "macro F1" in selection["reason"]
    assert "fold" not in selection["reason"]
    told = selection["ensemble"]["reason"]
    assert len(selection["ensemble"]["members"]) == 1 or "each collection scored with" in told
    assert "fold" not in told


def test_the_mean_of_collections_of_any_size_is_tested_by_collections() -> None:
    scores = {"big": [0.9, 0.8, 0.85], "small": [0.7, 0.65, 0.72]}
    rows = [
        (name, fold, value, pictures)
        for name, values in scores.items()
        for fold, (value, pictures) in enumerate(zip(values, (2527, 498, 40), strict=True))
    ]
    table = pd.DataFrame(rows, columns=["scenario", "fold", "macro_f1", "pictures"])
    costs = {"big": (2, 1, 1), "small": (1, 1, 1)}
    found = rule.choose(table, costs, "macro_f1", 0.05, "collections")
    differences = np.subtract(scores["small"], scores["big"])
    variance = (1 / 3 + 1 / 2) * differences.var(ddof=1)
    by_hand = 2 * stats.t.sf(abs(differences.mean()) / np.sqrt(variance), 2)
    p_values = found.candidates.set_index("scenario")["p_value"]
    assert p_values["small"] == pytest.approx(by_hand)
    assert found.winner == "big"
    assert "0.8500 ± 0.0500 (mean and standard deviation over the collections)" in found.reason


def test_compare_mlflow_and_show_name_them(
    written: Written, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = record.read(RunFolder("new", written.folder))
    assert ours is not None
    assert (ours.metric, ours.blocks) == ("macro_f1", "collections")
    said = text(compare("old", ours, ours))
    assert "Mean: over the collections" in said
    assert "folds" not in said
    changed = {name: tuple(np.subtract(of, [0.1, 0.2, 0.3])) for name, of in ours.folds.items()}
    worse = text(compare("old", ours, replace(ours, folds=changed)))
    assert "(corrected resampled t-test over 3 collections)" in worse
    for made in scenarios(written.folder, "a"):
        points = {point.key: point.value for point in made.points if "collections/" in point.key}
        assert {key.split("/")[1] for key in points} == {"museum", "phones", "web"}
        steps = {point.step: point.value for point in made.points if point.key == "folds/macro_f1"}
        named = [points[f"collections/{name}/macro_f1"] for name in ("museum", "phones", "web")]
        assert named == [steps[fold] for fold in range(3)]
    monkeypatch.chdir(written.folder)
    (written.folder / "dvc.yaml").touch()
    monkeypatch.setattr(sys, "argv", ["canting", "show"])
    main.main()
    out = capsys.readouterr().out
    assert "mean over collections    pooled" in out
    folds_ = pd.read_csv("results/evaluate/folds.csv")
    leader = files.read_json(Path("results/evaluate/metrics.json"))["scenario"]
    for _, row in folds_[folds_["scenario"] == leader].iterrows():
        line = f"macro F1 {row['macro_f1']:.4f} on {row['collection']}, {row['pictures']} pictures"
        assert line in out


def searched(folder: Path, collections: int, **changes: Any) -> tuple[Params, pd.DataFrame]:
    """Return parameters and a table whose folds are collections of unequal size."""
    params = tune_data.params(folder, preprocess__split="collections", **changes)
    groups = tune_data.table()["group"].to_numpy()
    cuts = np.linspace(0, 1, collections + 1)[1:-1] ** 2 * groups.max()
    return params, tune_data.table().assign(fold=np.searchsorted(cuts, groups))


@pytest.mark.parametrize("metric", ["macro_f1", METRIC])
def test_searches_leave_whole_collections_out(tmp_path: Path, metric: str) -> None:
    changes = {"tune__outer_folds": 3, "tune__inner_folds": 2, "select_best__metric": metric}
    params, table = searched(tmp_path, 3, **changes)
    of = table["fold"].to_numpy()
    found = study.tasks(params, table, tune_data.write_features(tmp_path / "f"), tmp_path / "c")
    assert len(found) == 3
    for task in found:
        assert len(set(of[task.folds == task.fold])) == 1
        for train, scored in TrialRunner(task).splits:
            assert not set(of[task.inside][train]) & set(of[task.inside][scored])
    outer = [set(of[task.folds == task.fold]) for task in found]
    assert sorted(map(tuple, outer)) == [(0,), (1,), (2,)]
    whole = study.on_all(found[0])
    for train, scored in TrialRunner(whole).splits:
        assert not set(of[whole.inside][train]) & set(of[whole.inside][scored])


@pytest.mark.parametrize(("key", "there"), [("outer_folds", 2), ("inner_folds", 1)])
def test_too_few_collections_for_a_search(tmp_path: Path, key: str, there: int) -> None:
    folds = {"tune__outer_folds": 3 if key == "outer_folds" else 2, "tune__inner_folds": 2}
    plain, table = searched(tmp_path / "plain", 2, **folds)
    assert len(study.tasks(plain, table, tmp_path, tmp_path)) == folds["tune__outer_folds"]
    params, _ = searched(tmp_path / "asked", 2, **folds, select_best__metric=METRIC)
    expected = (
        rf"`tune\.{key}`: expected as many collections .* as `select_best\.metric` is {METRIC}\. "
        rf"Received: {there}\b.*`tune\.method: none`"
    )
    with pytest.raises(CantingError, match=expected):
        study.tasks(params, table, tmp_path, tmp_path)
    with pytest.raises(CantingError, match=rf"Nothing was run\.\n  {expected}"):
        searched(tmp_path / "two", 2, **folds, select_best__metric=METRIC, folds=2)


def test_without_searches_too_few_collections_are_enough(tmp_path: Path) -> None:
    change = {"tune__outer_folds": 3, "tune__method": "none", "select_best__metric": METRIC}
    params, table = searched(tmp_path, 2, **change)
    assert study.tasks(params, table, tmp_path, tmp_path) == []
    with pytest.raises(CantingError, match=r"`tune\.outer_folds`"):
        drawn(params, table, "outer_folds", 1)


def test_the_same_division_under_another_split_is_another_search(tmp_path: Path) -> None:
    params, table = searched(tmp_path / "a", 3, tune__outer_folds=3)
    task, *_ = study.tasks(params, table, tmp_path, tmp_path)
    plain = params.model_copy(
        update={"preprocess": params.preprocess.model_copy(update={"split": "folds"})}
    )
    assert place(task, {None: "k"}) != place(task._replace(params=plain), {None: "k"})
