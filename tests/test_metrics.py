"""The table of metrics: values by scikit-learn, directions, and that no place forgets a row."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from ruamel.yaml import YAML
from sklearn import metrics as peer

from canting.cli import main
from canting.config.metrics import (
    COLLECTIONS,
    METRICS,
    Metric,
    averaged,
    ends_of,
    label,
    mean_of,
    std_of,
)
from canting.config.params import load as load_params
from canting.config.sections import SelectBest
from canting.config.tables import SEARCH
from canting.core import files
from canting.core.frames import row_of
from canting.data import origin
from canting.data.manifest import HELD_OUT
from canting.documents.cards import metadata
from canting.documents.cards.model import model_card
from canting.documents.provenance import provenance
from canting.documents.render import markdown
from canting.documents.report.write import assemble
from canting.documents.run import Run, load
from canting.evaluation.select_best import card, rule
from canting.evaluation.statistics.comparison import compare as compared
from canting.evaluation.tuning import tables as tuning
from canting.models import scores
from canting.models.scores import FUNCTIONS, Answers
from canting.models.train.fold import FoldTask, read_table
from canting.models.tune.records import Trial, best_of
from canting.models.tune.sampler import Sampler
from canting.runs.compare import record
from canting.runs.compare.comparison import compare
from canting.runs.compare.source import RunFolder
from canting.runs.compare.written import score_table, verdict
from canting.runs.tracking import study
from canting.runs.tracking.scenarios import scenarios
from docs.reference import metrics as reference
from tests import report_run, track_run, tune_run
from tests.conftest import ROOT, slow

NEW = "first_share"
"""The row that is added: the share of all pictures that are hits of the first class."""


def answers(true: list[int], guessed: list[int], classes: int) -> Answers:
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (true, guessed), 1)
    return Answers(counts, 3 * np.eye(classes)[guessed], np.asarray(true))


def probabilities(made: Answers) -> npt.NDArray[np.float64]:
    powers = np.exp(made.logits)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("seed", range(5))
def test_the_values_are_those_of_scikit_learn(seed: int) -> None:
    generator = np.random.default_rng(seed)
    true = [0, 1, 2, 3, *generator.integers(0, 4, 60).tolist()]
    guessed = [one if generator.random() < 0.6 else int(generator.integers(0, 3)) for one in true]
    made = answers(true, guessed, 4)
    macro = {"average": "macro", "zero_division": 0}
    assert scores.values(made) == pytest.approx(
        {
            "accuracy": peer.accuracy_score(true, guessed),
            "macro_precision": peer.precision_score(true, guessed, **macro),
            "macro_recall": peer.recall_score(true, guessed, **macro),
            "macro_f1": peer.f1_score(true, guessed, **macro),
            "balanced_accuracy": peer.balanced_accuracy_score(true, guessed),
            "cohen_kappa": peer.cohen_kappa_score(true, guessed),
            "mcc": peer.matthews_corrcoef(true, guessed),
            "loss": peer.log_loss(true, probabilities(made), labels=[0, 1, 2, 3]),
        }
    )


@pytest.mark.parametrize(
    ("true", "guessed", "values"),
    [
        ([0, 0], [0, 0], {"cohen_kappa": 0, "mcc": 0, "balanced_accuracy": 1, "macro_recall": 0.5}),
        ([0, 0], [1, 1], {"cohen_kappa": 0, "mcc": 0, "balanced_accuracy": 0, "macro_f1": 0}),
        ([0, 1], [0, 0], {"cohen_kappa": 0, "mcc": 0, "balanced_accuracy": 0.5}),
        ([0, 1], [1, 0], {"cohen_kappa": -1, "mcc": -1, "accuracy": 0}),
        ([0, 1], [0, 1], {"cohen_kappa": 1, "mcc": 1, "accuracy": 1}),
    ],
)
def test_nothing_divided_by_nothing_is_0(
    true: list[int], guessed: list[int], values: dict[str, float]
) -> None:
    found = scores.values(answers(true, guessed, 2))
    assert all(np.isfinite(list(found.values())))
    assert {name: found[name] for name in values} == values
    for name, value in found.items():
        assert METRICS[name].least <= value <= METRICS[name].most


def test_the_names_are_known_without_a_framework() -> None:
    code = (
        "import sys; from canting.config import metrics;"
        f"metrics.METRICS[{NEW!r}] = metrics.Metric('new');"
        "metrics.METRICS['whole'] = metrics.Metric('whole', averaged=False);"
        "print([name for name in ('numpy', 'pandas', 'sklearn') if name in sys.modules]);"
        "from canting.config.sections import SelectBest;"
        "print(*SelectBest.model_json_schema()['properties']['metric']['enum'])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded, allowed = told.stdout.splitlines()
    assert loaded == "[]"
    assert allowed.split() == [*averaged(), NEW, *COLLECTIONS]


def test_every_row_has_its_function_and_can_decide() -> None:
    assert set(FUNCTIONS) == set(METRICS)
    for name in averaged():
        assert SelectBest(metric=name, alpha=0.05).metric == name
    with pytest.raises(ValueError, match=r"one of accuracy, .*, mcc, loss"):
        SelectBest(metric="taste", alpha=0.05)


@pytest.fixture(params=[True, *slow(False)], ids=["averaged", "pooled only"])
def run(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, bool]:
    """Add a row to the table, and make a run with it; `params.yaml` is the run's."""
    row = Metric("first share", averaged=request.param, hub="first")
    monkeypatch.setitem(METRICS, NEW, row)
    first = lambda made: made.counts[0, 0] / made.counts.sum()  # noqa: E731
    monkeypatch.setitem(FUNCTIONS, NEW, first)
    folder = track_run.make(tmp_path / "run", backbone="resnet50", optimizer=["adam", "nadam"])
    return folder, request.param


def read(folder: Path) -> Run:
    return load(load_params(folder / "params.yaml"), folder / "results", folder / "build")


def means(averaged: bool) -> set[str]:
    return {mean_of(NEW), std_of(NEW), *ends_of(NEW)} if averaged else set()


def test_a_new_row_is_in_every_table(run: tuple[Path, bool]) -> None:
    folder, is_mean = run
    evaluated = folder / "results" / "evaluate"
    ours = {
        name for name in map(str, pd.read_csv(evaluated / "scenarios.csv")) if name.startswith(NEW)
    }
    assert ours == {NEW} | means(is_mean)
    assert (NEW in pd.read_csv(evaluated / "folds.csv")) == is_mean
    assert (NEW in pd.read_csv(folder / "results" / "tune" / "folds.csv")) == is_mean
    named = {NEW, mean_of(NEW), std_of(NEW)} if is_mean else {NEW}
    told = files.read_json(evaluated / "metrics.json")
    assert {name for name in told if name.startswith(NEW)} == named
    for scenario in files.read_json(evaluated / "scenarios.json").values():
        assert {name for name in scenario if name.startswith(NEW)} == named
    paper = (evaluated / "scenarios.md").read_text()
    assert paper.count("| first share |") == 1 + is_mean
    assert f"`{NEW}` | first share | higher" in reference.page()


def test_a_new_row_is_in_report_cards_and_bundle(run: tuple[Path, bool]) -> None:
    folder, is_mean = run
    found, origin = read(folder), provenance(ROOT)
    best = row_of(found.ranking, found.winner)
    report = markdown(assemble(found, origin), "figures")
    assert report.count("| first share |") == 1, "pooled"
    assert report.count("| first share, mean | interval of first share |") == is_mean
    page = markdown(model_card(found, origin), "figures")
    (line,) = [line for line in page.splitlines() if line.startswith("| first share |")]
    assert line.rstrip(" |").endswith(f"{best[NEW]:.4f}")
    mean = f"{best[mean_of(NEW)]:.4f}" if is_mean else "–"
    assert line.startswith(f"| first share | {mean} |")
    result = metadata.of_model(found)["model-index"][0]["results"][0]
    value = next(one["value"] for one in result["metrics"] if one["type"] == "first")
    assert value == round(best[NEW], 4)
    kept = card.card(*_of_bundle(folder, found))["out_of_fold"]
    assert {name for name in kept if name.startswith(NEW)} == {NEW} | means(is_mean)


def test_the_card_says_what_the_model_learned_from(run: tuple[Path, bool]) -> None:
    folder, _ = run
    found = read(folder)
    task, *rest = _of_bundle(folder, found)
    kept = card.card(task, *rest)["learned_from"]
    in_folds = int((task.table["fold"] >= 0).sum())
    assert kept == {"source": "data", "pictures": in_folds, "painted": False}
    painted = files.sha256(folder / "build" / "digests.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(origin, "EMBEDDED", painted)
        assert card.card(task, *rest)["learned_from"]["painted"] is True


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("data", "data"),
        ("kaggle:owner/slug/versions/2", "kaggle:owner/slug/versions/2"),
        ("/home/someone/secret/batik.zip", "batik.zip"),
        ("~/batik/", "batik"),
        (".", Path.cwd().name),
        ("..", Path.cwd().parent.name),
    ],
)
def test_a_source_is_named_without_its_folders(source: str, name: str) -> None:
    assert origin.public_name(source) == name


def _of_bundle(folder: Path, found: Run) -> tuple[Any, ...]:
    table = read_table(folder / "build" / "folds.csv")
    chosen = next(one for one in found.params.scenarios() if one.name == found.winner)
    task = FoldTask(chosen, HELD_OUT, found.params, table, folder, folder)
    choice = rule.Choice(found.winner, found.reason, found.comparison)
    measured = card.read(folder / "results" / "evaluate")
    return task, choice, measured, None, None, folder / "build"


def test_a_new_row_is_in_the_comparison_in_mlflow_and_in_show(
    run: tuple[Path, bool], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, is_mean = run
    ours = record.read(RunFolder("new", folder))
    assert ours is not None
    (row,) = [row for row in score_table(compare("a", ours, ours)) if row[0] == "first share"]
    value = f"{ours.scores[NEW]:.4f}"
    assert row[-2:] == [value, value]
    assert (row[1] == "–") != is_mean
    columns = {NEW} | means(is_mean)
    assert columns <= {point.key for point in study.figures(folder, ours.scenario)}
    for made in scenarios(folder, "a"):
        keys = {point.key for point in made.points}
        assert columns <= keys
        assert (f"folds/{NEW}" in keys) == is_mean
    monkeypatch.chdir(folder)
    (folder / "dvc.yaml").touch()
    monkeypatch.setattr(sys, "argv", ["canting", "show"])
    main.main()
    (line,) = [one for one in capsys.readouterr().out.splitlines() if one.startswith("first share")]
    assert line.endswith(value)
    assert ("±" in line) == is_mean


def folds(**losses: list[float]) -> pd.DataFrame:
    rows = [(name, fold, x) for name, values in losses.items() for fold, x in enumerate(values)]
    return pd.DataFrame(rows, columns=["scenario", "fold", "loss"])


def test_the_lowest_log_loss_leads() -> None:
    table = folds(high=[0.9, 0.8, 0.85], low=[0.1, 0.12, 0.11], near=[0.1, 0.13, 0.11])
    found = compared(table, "loss", confidence=0.95, alpha=0.05)
    assert found["scenario"].tolist() == ["low", "near", "high"]
    assert found["near"].tolist() == [True, True, False]
    cheap = {"high": (1, 1, 1), "near": (2, 1, 1), "low": (3, 1, 1)}
    choice = rule.choose(table, cheap, "loss", 0.05)
    assert choice.winner == "near"
    assert "low has the best log-loss, 0.1100 ± " in choice.reason
    assert "mean and standard deviation over the folds" in choice.reason


def test_a_run_with_less_log_loss_is_the_better_one(tmp_path: Path) -> None:
    selecting = {"metric": "loss", "alpha": 0.05}
    folder = track_run.make(tmp_path / "run", backbone="resnet50", select_best=selecting)
    old = record.read(RunFolder("new", folder))
    assert old is not None
    assert old.metric == "loss"
    lower = tuple(value - 0.1 - 0.001 * fold for fold, value in enumerate(old.folds["loss"]))
    new = replace(old, folds={**old.folds, "loss": lower})
    assert verdict(compare("old", old, new)).startswith("better in log-loss: −0.1")
    assert verdict(compare("new", new, old)).startswith("worse in log-loss: +0.1")


def test_an_older_run_without_the_metric_is_shown_and_not_tested(tmp_path: Path) -> None:
    folder = track_run.make(tmp_path / "run", backbone="resnet50")
    new = record.read(RunFolder("new", folder))
    for name in ("folds", "scenarios"):
        path = folder / "results" / "evaluate" / f"{name}.csv"
        table = pd.read_csv(path)
        table[[one for one in table if not str(one).startswith("mcc")]].to_csv(path, index=False)
    old = record.read(RunFolder("old", folder))
    assert new is not None
    assert old is not None
    assert "mcc" not in old.scores
    rows = {row[0]: row for row in score_table(compare("old", old, new))}
    assert rows["MCC"][1] == rows["MCC"][3] == "–"
    assert rows["macro F1"][3] == "+0.0000"
    chosen = verdict(compare("old", old, replace(new, metric="mcc")))
    assert chosen.startswith("not comparable: old was made before there was MCC.")


@pytest.mark.slow
def test_a_search_turns_around(tmp_path: Path) -> None:
    trials = [Trial({}, [(1, score)], "complete", 1.0, 1.0) for score in (0.5, 0.2, 0.9)]
    assert (best_of(trials, "loss"), best_of(trials, "mcc")) == (1, 2)
    params = report_run.make(
        tmp_path, ("a", "b"), 12, backbone="resnet50",
        select_best={"metric": "loss", "alpha": 0.05},
        tune=_searched(),
    )  # fmt: skip
    sampler = Sampler(params.tune, "bayesian", 1, "loss")
    assert sampler._study.direction.name == "MINIMIZE"
    outcomes = tune_run.outcomes(params, 12)
    costs = tuning.costs(outcomes, "loss")
    search = costs.groupby(SEARCH)["best"]
    assert all(part.dropna().is_monotonic_decreasing for _, part in search)
    found = tune_run.write(params, tmp_path, 12)
    assert found.ledger["loss"].is_monotonic_increasing
    assert (tmp_path / "build" / "costs" / "tune" / "progress.png").exists()
    report = markdown(assemble(read(tmp_path), provenance(ROOT)), "figures")
    assert f"mean {label('loss')} (lower is better) over the outer folds" in report


def _searched() -> dict[str, Any]:
    tune = YAML().load(ROOT / "params.yaml")["tune"]
    space = {**tune["space"], "learning_rate": {"low": 1e-3, "high": 1.0, "steps": 3}}
    return {**tune, "space": space, "method": ["random", "bayesian"], "optimizer": ["adam", "sgd"]}
