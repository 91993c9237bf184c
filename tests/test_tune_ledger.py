"""The ledger by hand, the recommendation in words, the plots, the report, and `--apply`."""

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import stats

from canting.cli import main
from canting.config.metrics import averaged
from canting.config.params import load
from canting.core import files
from canting.core.errors import CantingError
from canting.documents.provenance import provenance
from canting.documents.render import html
from canting.documents.report.findings import findings
from canting.documents.report.write import assemble
from canting.documents.run import load as load_run
from canting.evaluation.statistics import inference
from canting.evaluation.tuning import ledger, tables
from canting.evaluation.tuning.choice import choose
from canting.evaluation.tuning.findings import summarize
from canting.evaluation.tuning.writing import write_nothing
from canting.models.tune.records import Trial, TunedSetting
from canting.models.tune.task import SearchOutcome
from canting.runs.study import apply
from tests import report_run
from tests.tune_data import params
from tests.tune_run import FOUR, write

SETTING = {"learning_rate": 0.01}
CURVES = {"loss": [1.0, 0.5], "accuracy": [0.5, 0.6], "val_loss": [0.6, 0.5],
          "val_accuracy": [0.5, 0.7]}  # fmt: skip


def tried(score: float, epochs: int = 2, state: str = "complete") -> Trial:
    return Trial(SETTING, [(epochs, score)], state, 2.0, 1.5)


def outcome(fold: int, scores: list[float], f1: float, optimizer: str = "adam") -> SearchOutcome:
    trials = [tried(score) for score in scores]
    trials.append(tried(0.99, 1, "pruned"))
    trials.append(tried(math.nan, 2, "failed"))
    found = {**dict.fromkeys(averaged(), f1), "loss": 0.5}
    best = int(np.argmax(scores))
    return SearchOutcome(
        "random",
        optimizer,
        fold // 2,
        fold % 2,
        trials,
        TunedSetting(best, found, CURVES, 3.0, 2.0),
    )


FOUND = [
    outcome(0, [0.5, 0.8, 0.805], 0.8), outcome(1, [0.9, 0.6, 0.7], 0.9),
    outcome(2, [0.7, 0.7, 0.9], 0.82), outcome(3, [0.8, 0.8, 0.8], 0.84),
]  # fmt: skip


def test_the_ledger_by_hand() -> None:
    trials, folds = tables.trials(FOUND, ["learning_rate"]), tables.folds(FOUND, ["learning_rate"])
    ranked = ledger.ledger(trials, folds, "macro_f1", 0.95)
    table = ledger.with_costs(
        ranked, tables.costs(FOUND, "macro_f1"), tables.train_costs(FOUND), "macro_f1"
    )
    (row,) = table.to_dict("records")
    counts = {"searches": 4, "trials": 20, "pruned": 4, "failed": 4, "epochs": 4 * (6 + 1 + 2)}
    assert {name: row[name] for name in counts} == counts
    assert row["best_inner"] == pytest.approx((0.805 + 0.9 + 0.9 + 0.8) / 4)
    assert row["macro_f1"] == pytest.approx(0.84)
    assert row["std_folds"] == pytest.approx((0.1 + 0.02) / 2 / math.sqrt(2))
    assert row["std_seeds"] == pytest.approx(0.02 / math.sqrt(2))
    variance = np.var([0.8, 0.9, 0.82, 0.84], ddof=1) * (1 / 4 + 1)
    half = stats.t.ppf(0.975, 3) * math.sqrt(variance)
    assert (row["low"], row["high"]) == pytest.approx((0.84 - half, min(1.0, 0.84 + half)))
    assert (row["loss"], row["epochs_to_convergence"]) == (0.5, 2)
    assert (row["search_seconds"], row["search_cpu_seconds"]) == (4 * 10.0, 4 * 7.5)
    assert row["seconds_to_near"] == pytest.approx((4.0 + 2.0 + 6.0 + 2.0) / 4)
    assert row["train_seconds"] == 12.0


def test_repeated_folds_by_hand() -> None:
    values = np.asarray([0.1, 0.2, 0.4, 0.1])
    variance = values.var(ddof=1) * (1 / 4 + 1)
    assert inference.p_value(values, 2) == pytest.approx(
        2 * stats.t.sf(values.mean() / math.sqrt(variance), 3)
    )
    assert inference.p_value(values, 4) == inference.p_value(values)
    assert inference.half_width(values, 0.9, 2) > inference.half_width(values, 0.9)


def test_convergence_and_the_best_so_far_by_hand() -> None:
    assert tables.converged({"val_loss": [2.0, 1.009, 1.0, 1.3]}) == 2
    costs = tables.costs(FOUND[:1], "macro_f1")
    assert costs["elapsed"].tolist() == [2.0, 4.0, 6.0, 8.0, 10.0]
    assert costs["best"].tolist() == [0.5, 0.8, 0.805, 0.805, 0.805]
    pruned_first = FOUND[0]._replace(trials=[tried(0.9, 1, "pruned"), tried(0.4)])
    assert np.isnan(tables.costs([pruned_first], "macro_f1")["best"][0])


def compared(same: list[bool]) -> pd.DataFrame:
    rows = [("grid", "adam", 0.9), ("random", "sgd", 0.89), ("random", "lion", 0.5)]
    table = pd.DataFrame(rows, columns=["method", "optimizer", "mean"])
    table = table.head(len(same)).assign(distinguishable=[not one for one in same])
    return table.assign(near=table["mean"] >= 0.8)


COSTS = pd.DataFrame(
    {"method": ["grid", "random", "random"], "optimizer": ["adam", "sgd", "lion"],
     "epochs": [2000, 500, 100]}
)  # fmt: skip


@pytest.mark.parametrize(
    ("same", "costs", "name", "words"),
    [
        ([True, True, False], COSTS, "random · sgd", "500 epochs against 2,000 for grid · adam"),
        ([True, False, False], COSTS, "grid · adam", "no other is within one standard error"),
        ([True, True, True], COSTS, "random · sgd", "of the 2 within one standard error"),
        ([True], COSTS, "grid · adam", "the only combination"),
        (
            [True, True, False],
            COSTS.assign(epochs=[500, 500, 100]),
            "grid · adam",
            "has the best macro F1, and no search of the 2",
        ),
    ],
)
def test_the_cheapest_that_is_not_distinguishable_is_recommended(
    same: list[bool], costs: pd.DataFrame, name: str, words: str
) -> None:
    choice = choose(compared(same), costs, "macro_f1")
    assert f"{choice.method} · {choice.optimizer}" == name
    assert choice.reason.startswith(name)
    assert words in choice.reason
    assert len(choice.same) == sum(same[:2])


def test_a_combination_that_found_nothing_on_a_fold_is_last_and_not_compared(
    tmp_path: Path,
) -> None:
    lost = [one._replace(optimizer="lion") for one in FOUND]
    lost[0] = lost[0]._replace(tuned=None)
    found = summarize(params(tmp_path), [*lost, *FOUND])
    assert found.ledger["optimizer"].tolist() == ["adam", "lion"]
    assert math.isnan(found.ledger["macro_f1"].iloc[1])
    assert found.comparison["optimizer"].tolist() == ["adam"]
    with pytest.raises(CantingError, match=r"`tune.space`.*Lower the learning rates"):
        summarize(params(tmp_path), lost)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a run with tuning: four methods, three optimizers of which one fails in a grid."""
    folder = tmp_path_factory.mktemp("study")
    base = load_tune(folder)
    report_run.make(folder, optimizer=["adam", "nadam"], tune=base)
    write(load(folder / "params.yaml"), folder)
    return folder


def load_tune(folder: Path) -> dict[str, Any]:
    made = params(folder / "params", tune__method=FOUR, tune__optimizer=["sgd", "adam", "lion"],
                  tune__seeds=2, tune__budget=12)  # fmt: skip
    content: dict[str, Any] = json.loads(made.tune.model_dump_json(exclude_none=True))
    return content


@pytest.mark.slow
def test_results_are_the_same_each_time_and_hold_no_seconds(study: Path, tmp_path: Path) -> None:
    write(load(study / "params.yaml"), tmp_path)
    names = sorted(path.relative_to(study) for path in (study / "results" / "tune").rglob("*.*"))
    assert {"ledger.csv", "metrics.json", "scores.png", "winners.png"} <= {
        one.name for one in names
    }
    for name in names:
        assert (study / name).read_bytes() == (tmp_path / name).read_bytes(), name
        assert name.suffix == ".png" or "seconds" not in (study / name).read_text()


def test_every_plot_is_drawn(study: Path) -> None:
    plots, measured = study / "results" / "tune" / "plots", study / "build" / "costs" / "tune"
    for name in ("scores", "winners", "parallel", "importance"):
        with Image.open(plots / f"{name}.png") as image:
            assert min(image.size) > 150
    for name in ("cost", "progress"):
        with Image.open(measured / f"{name}.png") as image:
            assert min(image.size) > 150


def test_the_ledger_has_what_a_reader_asks_for(study: Path) -> None:
    asked = {
        "method", "optimizer", "trials", "pruned", "failed", "epochs", "search_seconds",
        "search_cpu_seconds", "seconds_to_near", "best_inner", "macro_f1", "low", "high",
        "epochs_to_convergence", "loss", "std_folds", "std_seeds",
    }  # fmt: skip
    measured = study / "build" / "costs" / "tune"
    table = pd.read_csv(measured / "ledger.csv")
    assert asked <= set(table)
    assert len(table) == 12
    page = (measured / "ledger.md").read_text()
    timeless = (study / "build" / "tune" / "ledger.md").read_text()
    assert "search seconds" in page
    assert "search seconds" not in timeless
    assert timeless.splitlines()[-1] == page.splitlines()[-1]
    assert page.count("\n| ") == 13
    assert "distinguishable from the best" in page
    assert "Recommended: " in page
    metrics = files.read_json(study / "results" / "tune" / "metrics.json")
    assert set(metrics) == set(FOUR)
    assert metrics["random"]["sgd"]["macro_f1"] == pytest.approx(
        table.set_index(["method", "optimizer"]).loc[("random", "sgd"), "macro_f1"]
    )
    costs = files.read_json(measured / "costs.json")
    assert costs["random"]["sgd"]["search_cpu_seconds"] > 0


def test_the_report_tells_what_is_recommended_and_why(study: Path) -> None:
    run = load_run(load(study / "params.yaml"), study / "results", study / "build")
    report = assemble(run, provenance(study))
    (part,) = [one for one in report.sections if one.title == "Tuning"]
    kinds = [block.kind for block in part.blocks]
    assert (kinds.count("table"), kinds.count("figure")) == (3, 6)
    page = html(report)
    assert "are not distinguishable from the best" in page
    told = files.read_json(study / apply.FOUND)
    name = f"{told['method']} · {told['optimizer']}"
    assert f"<strong>{name}</strong>{told['reason'].removeprefix(name)}" in page
    assert "found nothing on a fold" in page
    assert any("of tuning method and optimizer" in "".join(map(str, one)) for one in findings(run))


def test_without_tuning_the_report_says_nothing_of_it(study: Path, tmp_path: Path) -> None:
    made = report_run.make(tmp_path)
    write_nothing_in(tmp_path)
    run = load_run(made, tmp_path / "results", tmp_path / "build")
    assert "Tuning" not in [one.title for one in assemble(run, provenance(study)).sections]


def write_nothing_in(folder: Path) -> None:
    names = ("results/tune", "build/tune", "build/costs/tune")
    for name in names:
        (folder / name).mkdir(parents=True)
    write_nothing(*(folder / name for name in names))


def test_apply_writes_the_setting_and_keeps_the_comments(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (study / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(before)
    (tmp_path / "dvc.yaml").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CantingError, match=r"recommendation.json.*run `dvc repro tune`"):
        apply.apply(Path("params.yaml"))
    files.write_text(tmp_path / apply.FOUND, (study / apply.FOUND).read_text())
    monkeypatch.setattr(sys, "argv", ["canting", "tune", "--apply"])
    main.main()
    told = load(tmp_path / "params.yaml")
    assert (told.learning_rate, told.batch_size, told.dropout) == ((0.0123,), (16,), (0.25,))
    assert told.epochs == (8,)
    after = (tmp_path / "params.yaml").read_text()
    assert [line.partition("#")[2] for line in after.splitlines() if "#" in line] == [
        line.partition("#")[2] for line in before.splitlines() if "#" in line
    ]
    assert "learning_rate: 0.0123" in capsys.readouterr().out


def test_apply_refuses_what_cannot_be_used(study: Path, tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text((study / "params.yaml").read_text())
    found = files.read_json(study / apply.FOUND)
    found["setting"]["dropout"] = 1.5
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        files.write_json(tmp_path / apply.FOUND, found)
        with pytest.raises(CantingError, match="`dropout`"):
            apply.apply(Path("params.yaml"))
    assert path.read_text() == (study / "params.yaml").read_text()
