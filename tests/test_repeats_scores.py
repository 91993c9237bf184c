"""Scores, tests and words over several draws of the folds."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from canting.config.params import load as load_params
from canting.core import files
from canting.core.frames import row_of
from canting.documents import render
from canting.documents.cards.model import model_card
from canting.documents.provenance import provenance
from canting.documents.report import limits, results, statistics
from canting.documents.report.costs import by_batch_size
from canting.documents.report.findings import findings
from canting.documents.report.write import assemble
from canting.documents.run import Run, load
from canting.documents.show import show
from canting.evaluation.evaluate import tables, trained
from canting.evaluation.select_best import rule
from canting.evaluation.statistics import effects
from canting.evaluation.statistics.comparison import compare
from canting.runs.compare.find import of
from canting.runs.compare.record import read
from canting.runs.compare.source import RunFolder
from canting.runs.compare.written import as_json, markdown, text, verdict
from canting.runs.registry import candidate
from canting.runs.tracking.scenarios import scenarios
from tests import report_run, test_ensemble_documents, track_run
from tests.test_evaluate import LABELS, better, curves, predictions
from tests.test_evaluate import scenarios as named

GRID = {"optimizer": ["adam", "nadam"], "folds": 3}
UP = [0.010, 0.012, 0.011, 0.009, 0.010, 0.008]


def long(values: dict[str, list[list[float]]]) -> pd.DataFrame:
    """Return scores of draws of folds by scenario."""
    rows = [
        {"scenario": name, "repeat": draw, "fold": fold, "macro_f1": score}
        for name, draws in values.items()
        for draw, folds in enumerate(draws, 1)
        for fold, score in enumerate(folds)
    ]
    return pd.DataFrame(rows)


TWO = long({"s0": [[0.90, 0.92, 0.91], [0.93, 0.89, 0.91]],
            "s1": [[0.88, 0.91, 0.91], [0.90, 0.88, 0.90]]})  # fmt: skip
"""Differences 2, 1, 0, 3, 1 and 1 hundredths."""

LESS = np.array([0.02, 0.01, 0.0, 0.03, 0.01, 0.01])
ERROR = np.sqrt((1 / 6 + 1 / 2) * LESS.var(ddof=1))
"""Six scores, and a test part of half the training part: three folds, not six."""


def test_the_test_over_two_draws_by_hand() -> None:
    table = compare(TWO, "macro_f1", confidence=0.95, alpha=0.05)
    assert table["scenario"].tolist() == ["s0", "s1"]
    assert table["mean"].tolist() == pytest.approx([0.91, 0.91 - LESS.mean()])
    half = stats.t.ppf(0.975, 5) * ERROR
    assert table[["low", "high"]].iloc[1].tolist() == pytest.approx(
        [-LESS.mean() - half, -LESS.mean() + half]
    )
    assert table["p_value"][1] == pytest.approx(2 * stats.t.sf(LESS.mean() / ERROR, 5))
    best = np.array([0.90, 0.92, 0.91, 0.93, 0.89, 0.91])
    near = 0.91 - LESS.mean() >= 0.91 - np.sqrt((1 / 6 + 1 / 2) * best.var(ddof=1))
    assert table["near"].tolist() == [True, near]


def test_contrasts_and_effects_over_two_draws_by_hand() -> None:
    grid = named("s0", "s1")
    pair = effects.contrasts(grid, TWO, "macro_f1", confidence=0.95, alpha=0.05).iloc[0]
    assert pair["difference"] == pytest.approx(LESS.mean())
    assert pair["p_value"] == pytest.approx(2 * stats.t.sf(LESS.mean() / ERROR, 5))
    effect = effects.effects(grid, TWO, "macro_f1", 0.95).iloc[0]
    half = stats.t.ppf(0.975, 5) * ERROR / 2
    assert (effect["low"], effect["high"]) == pytest.approx(
        (LESS.mean() / 2 - half, LESS.mean() / 2 + half)
    )


def test_the_choice_uses_all_draws() -> None:
    """On the first draw alone the other scenario would lead, and nothing would be told apart."""
    folds = long({"s0": [[0.90, 0.92, 0.91], [0.93, 0.95, 0.94], [0.93, 0.95, 0.94]],
                  "s1": [[0.91, 0.92, 0.91], [0.85, 0.88, 0.86], [0.86, 0.87, 0.86]]})  # fmt: skip
    costs = {"s0": (10, 5, 3), "s1": (5, 5, 3)}
    choice = rule.choose(folds, costs, "macro_f1", 0.05)
    assert choice.winner == "s0"
    alone = rule.choose(folds[folds["repeat"] == 1], costs, "macro_f1", 0.05)
    assert alone.winner == "s1"
    row = row_of(choice.candidates, "s0")
    values = folds.loc[folds["scenario"] == "s0", "macro_f1"]
    assert (row["mean"], row["std"]) == pytest.approx((values.mean(), values.std(ddof=1)))


def drawn() -> pd.DataFrame:
    """Return two draws of one scenario: the second has other folds, and is right everywhere."""
    second = better().assign(scenario="one")
    second["fold"] = np.arange(len(second)) // 13
    return pd.concat([predictions().assign(repeat=1), second.assign(repeat=2)], ignore_index=True)


def test_pooled_scores_are_means_over_the_draws_and_stability_their_spread() -> None:
    found = tables.pooled_scores(drawn())
    assert found["accuracy"] == pytest.approx((17 / 25 + 1) / 2)
    first = (16 / 22 + 18 / 23) / 3
    assert found["macro_f1"] == pytest.approx((first + 1) / 2)
    assert found["stability"] == pytest.approx((1 - first) / np.sqrt(2))
    assert "stability" not in tables.pooled_scores(predictions())


def test_every_fold_of_every_draw_has_a_row() -> None:
    folds = tables.fold_scores(drawn())
    assert folds[["scenario", "repeat", "fold"]].to_numpy().tolist() == [
        ["one", 1, 0], ["one", 1, 1], ["one", 2, 0], ["one", 2, 1],
    ]  # fmt: skip
    assert folds["pictures"].tolist() == [13, 12, 13, 12]
    pd.testing.assert_frame_equal(
        folds.iloc[:2].drop(columns="repeat"), tables.fold_scores(predictions())
    )
    found = tables.over_folds(folds, 0.95)
    values = folds["accuracy"].to_numpy()
    half = stats.t.ppf(0.975, 3) * np.sqrt((1 / 4 + 1) * values.var(ddof=1))
    assert found["accuracy_mean"] == pytest.approx(values.mean())
    assert found["accuracy_std"] == pytest.approx(values.std(ddof=1))
    assert found["accuracy_mean_low"] == pytest.approx(max(0, values.mean() - half))


def test_the_same_folds_trained_again_are_no_further_folds() -> None:
    """Collections: three trainings of two folds are two scores, each the mean of three."""
    parts = [predictions(), better().assign(scenario="one"), predictions()]
    table = pd.concat([one.assign(repeat=n) for n, one in enumerate(parts, 1)], ignore_index=True)
    folds = tables.fold_scores(table)
    alone = tables.fold_scores(predictions())
    assert list(folds) == list(alone)
    assert folds["pictures"].tolist() == [13, 12]
    assert folds["accuracy"].tolist() == pytest.approx((2 * alone["accuracy"] + 1) / 3)
    assert tables.pooled_scores(table)["stability"] > 0


def test_a_scenario_that_fails_in_a_further_draw_has_failed() -> None:
    names = named("one", "two").assign(failure=["", "the loss became nan in epoch 1"])
    both = pd.concat([predictions(), better()], ignore_index=True)
    again = both.assign(repeat=2)
    left = trained.split(names, both, curves(), again)
    assert left.failed["scenario"].tolist() == ["two"]
    assert left.draws.groupby("repeat").size().to_dict() == {1: 25, 2: 25}
    assert set(left.draws["scenario"]) == {"one"}
    pd.testing.assert_frame_equal(tables.first_draw(left.draws), left.predictions)
    assert "repeat" not in trained.split(names, both, curves()).draws
    assert sorted(set(left.draws["label"])) == LABELS


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two scenarios on two draws of three folds."""
    folder = tmp_path_factory.mktemp("repeats") / "run"
    return track_run.make(folder, repeats=2, batch_size=[16, 32], **GRID)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return track_run.make(tmp_path_factory.mktemp("once") / "run", **GRID)


def table(run: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(run / "results" / "evaluate" / f"{name}.csv")


def test_the_tables_have_a_row_a_fold_of_a_draw_and_stability(run: Path, once: Path) -> None:
    folds, ranking = table(run, "folds"), table(run, "scenarios")
    assert folds.groupby(["scenario", "repeat"])["fold"].nunique().eq(3).all()
    assert len(folds) == 4 * 2 * 3
    left = trained.read(run / "build" / "train")
    for row in ranking.to_dict("records"):
        ours = left.draws[left.draws["scenario"] == row["scenario"]]
        pooled = [tables._scores(part)["macro_f1"] for _, part in ours.groupby("repeat")]
        assert row["stability"] == pytest.approx(np.std(pooled, ddof=1))
        assert row["macro_f1"] == pytest.approx(np.mean(pooled))
    metrics = json.loads((run / "results" / "evaluate" / "metrics.json").read_text())
    assert metrics["stability"] == pytest.approx(ranking["stability"][0])
    paper = (run / "results" / "evaluate" / "scenarios.md").read_text()
    assert "| log-loss | stability |" in paper
    assert "stability is the standard deviation of the pooled macro F1" in paper
    assert "repeat" not in table(once, "folds")
    assert "stability" not in table(once, "scenarios")
    assert "tability" not in (once / "results" / "evaluate" / "scenarios.md").read_text()


def test_calibration_and_classes_are_of_the_first_draw(run: Path) -> None:
    left = trained.read(run / "build" / "train")
    assert table(run, "classes").groupby("scenario")["support"].sum().eq(36).all()
    confusion = pd.read_csv(run / "results" / "evaluate" / "confusion.csv")
    leader = table(run, "scenarios")["scenario"][0]
    assert len(confusion) == len(left.predictions[left.predictions["scenario"] == leader]) == 36


def run_of(folder: Path) -> Run:
    return load(load_params(folder / "params.yaml"), folder / "results", folder / "build")


def words(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return report, model card and summary of a run, without line ends."""
    run, origin = run_of(folder), provenance(folder)
    pages = [assemble(run, origin), model_card(run, origin)]
    monkeypatch.chdir(folder)
    text = " ".join([*(render.markdown(page, "figures") for page in pages), show()])
    return " ".join(text.replace("*", "").split())


def test_report_card_and_summary_say_how_much_was_luck(
    run: Path, once: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = words(run, monkeypatch)
    spread = f"{table(run, 'scenarios')['stability'][0]:.4f}"
    luck = "Over 2 draws of the folds, each trained with other seeds, the pooled macro F1 has a "
    assert told.count(f"{luck}standard deviation of {spread}.") == 2
    for part in (
        "in 3-fold cross-validation, drawn 2 times: the scores tell",
        "4 scenarios, 3 folds, 2 draws of them, 24 trainings.",
        "means, intervals and tests are over the folds of all draws",
        "on the same folds of all 2 draws (Bouckaert and Frank, 2004)",
        "The folds were drawn 2 times. 6 folds leave 5 degrees of freedom",
        "stratified, the first of 2 draws",
        f"stability {spread}, standard deviation of the pooled macro F1",
    ):
        assert part in told, part
    alone = words(once, monkeypatch)
    assert "The folds were drawn once. 3 folds leave 2 degrees of freedom" in alone
    assert "stability" not in alone.lower()
    assert "draws of the folds, each trained" not in alone


def test_collections_that_are_trained_on_again_count_once(tmp_path: Path) -> None:
    apart = {"split": "collections", "hold_out": 0.0}
    report_run.make(tmp_path, track_run.LABELS, 12, repeats=3, preprocess=apart, **GRID)
    folds = table(tmp_path, "folds")
    assert list(folds)[:4] == ["scenario", "fold", "collection", "pictures"]
    assert len(folds) == 2 * 3
    ranking = table(tmp_path, "scenarios")
    assert (ranking["stability"] > 0).all()
    best = folds.loc[folds["scenario"] == ranking["scenario"][0], "loss"].to_numpy()
    half = stats.t.ppf(0.975, 2) * np.sqrt((1 / 3 + 1 / 2) * best.var(ddof=1))
    assert ranking["loss_mean_high"][0] == pytest.approx(best.mean() + half, rel=1e-3)
    record = read(RunFolder("apart", tmp_path))
    assert record is not None
    assert (record.numbers, record.draws) == ((0, 1, 2), 1)
    found = run_of(tmp_path)
    told = " ".join(str(part) for text in findings(found) for part in text)
    assert "with each of 3 collections left out 3 times: the scores tell" in told
    assert "Over 3 trainings with other seeds, the pooled macro F1 has a standard" in told
    assert "The folds are the collections. 3 " in str(limits.section(found))
    assert "leave 2 degrees of freedom" in str(limits.section(found))
    assert "the score of a collection is the mean over these trainings" in str(
        results.section(found)
    )
    assert "the score of a collection being the mean of 3 trainings" in str(
        statistics.section(found)
    )


def test_the_cost_table_counts_all_draws_and_the_epochs_of_the_first(run: Path) -> None:
    found = by_batch_size(run_of(run)).set_index("batch_size")
    costs = pd.read_csv(run / "build" / "costs" / "train.csv")
    ours = costs[costs["scenario"].str.contains("batch16")]
    assert found.loc[16, "all"] == pytest.approx(ours["seconds"].sum())
    assert found.loc[16, "each"] == pytest.approx(ours["seconds"].mean() / 3)


def test_mlflow_has_the_folds_of_all_draws_one_after_another(run: Path) -> None:
    one, *_ = scenarios(run, "a study")
    steps = sorted(point.step for point in one.points if point.key == "folds/macro_f1")
    assert steps == [0, 1, 2, 3, 4, 5]
    assert not [point for point in one.points if point.key == "folds/repeat"]
    assert [point.value for point in one.points if point.key == "stability"]


@pytest.fixture
def here(run: Path, tmp_path: Path) -> Path:
    """A copy of the run that a test may change."""
    return Path(shutil.copytree(run, tmp_path / "here"))


def test_runs_are_compared_over_all_draws(run: Path, here: Path) -> None:
    track_run.shifted(here, UP)
    found = of(RunFolder("base", run), RunFolder("new", here))
    by = np.array(UP)
    error = np.sqrt((1 / 6 + 1 / 2) * by.var(ddof=1))
    assert found.score.difference == pytest.approx(by.mean(), abs=1e-6)
    assert found.score.p_value == pytest.approx(2 * stats.t.sf(by.mean() / error, 5), rel=1e-3)
    assert "over 6 folds of 2 draws)" in verdict(found)
    spread = {name: read(RunFolder(name, folder)) for name, folder in (("a", run), ("b", here))}
    told = [one.stability for one in spread.values() if one]
    words = f"over the draws of the folds: base {told[0]:.4f}, new {told[1]:.4f}."
    assert words in text(found)
    assert "Stability, the standard deviation of the pooled macro F1" in markdown(found)
    assert as_json(found)["new"]["stability"] == told[1]  # type: ignore[index]


def test_runs_of_another_number_of_draws_do_not_pair(run: Path, once: Path) -> None:
    found = of(RunFolder("once", once), RunFolder("twice", run))
    assert "not comparable: the folds were drawn 1 and 2 times" in verdict(found)
    assert "once –, twice 0." in text(found)
    assert "Stability" not in text(of(RunFolder("a", once), RunFolder("b", once)))


def test_the_log_of_promotions_keeps_what_pairs(here: Path) -> None:
    track_run.bundle(here, b"a model")
    ours = candidate.of_run(here, check=True)
    assert ours.figures.numbers == (0, 1, 2, 0, 1, 2)
    assert ours.record.drawn == 3
    assert ours.record.draws == 2


def test_an_ensemble_is_scored_on_all_draws(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    choice = {"metric": "loss", "alpha": 0.95, "ensemble": 3}
    report_run.make(folder, repeats=2, select_best=choice, **test_ensemble_documents.GRID)
    told = files.read_json(folder / "results" / "select_best" / "selection.json")["ensemble"]
    assert told["taken"]
    assert sorted((row["repeat"], row["fold"]) for row in told["folds"]) == [
        (draw, fold) for draw in (1, 2) for fold in range(3)
    ]
    assert told["scores"]["stability"] == 0.0, "both draws are all right"
    assert sum(row["support"] for row in told["classes"]) == 72
    record = read(RunFolder("ensemble", folder))
    assert record is not None
    assert record.numbers == (0, 1, 2, 0, 1, 2)
    assert record.stability == 0.0
