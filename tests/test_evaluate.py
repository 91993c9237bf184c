"""Scores and tables by hand, and the files of the stage."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from canting.config.metrics import METRICS, ends_of, mean_of
from canting.config.sections import Evaluate, SelectBest
from canting.core import files
from canting.core.errors import CantingError
from canting.core.frames import row_of
from canting.evaluation.evaluate import tables, trained, writing
from canting.evaluation.evaluate.evaluation import Evaluation, evaluate, with_costs
from canting.evaluation.evaluate.paper_table import paper_table
from canting.evaluation.evaluate.trained import AllFailedError
from canting.evaluation.statistics import inference
from canting.models import scores
from canting.models.scores import Answers

LABELS = ["a", "b", "c"]
COUNTS = np.array([[8, 2, 0], [1, 9, 0], [3, 2, 0]])
"""Class c is never predicted."""


def predictions(scenario: str = "one") -> pd.DataFrame:
    """Return 25 predictions in two folds whose confusion matrix is `COUNTS`."""
    cells = [(*cell, number) for cell, count in np.ndenumerate(COUNTS) for number in range(count)]
    logits = np.array([np.eye(3)[guess] * (2 + number % 3) for _, guess, number in cells])
    frame = pd.DataFrame(
        {
            "path": [f"{LABELS[true]}/{place}.png" for place, (true, _, _) in enumerate(cells)],
            "label": [LABELS[true] for true, _, _ in cells],
            "scenario": scenario,
            "fold": [place % 2 for place in range(len(cells))],
            **{f"logit {label}": logits[:, place] for place, label in enumerate(LABELS)},
        }
    )
    return tables.predicted(frame)


def answers(counts: "np.ndarray[Any, Any]") -> Answers:
    """Return answers with such a confusion matrix; the logits of a class are its one-hot row."""
    cells = [cell for cell, count in np.ndenumerate(counts) for _ in range(count)]
    true, guessed = np.array(cells).T
    return Answers(counts, np.eye(len(counts))[guessed], true)


def log_loss(frame: pd.DataFrame) -> float:
    return scores.values(scores.answers_of(tables.predicted(frame)), ["loss"])["loss"]


def curves(scenario: str = "one") -> pd.DataFrame:
    rows = [
        (scenario, fold, epoch, 1 / epoch, 1 - 1 / epoch, abs(epoch - 3 - fold) + 0.5, 0.5)
        for fold in range(2)
        for epoch in range(1, 7)
    ]
    names = ["scenario", "fold", "epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
    return pd.DataFrame(rows, columns=names)


def scenarios(*names: str, **changes: object) -> pd.DataFrame:
    keys = {
        "backbone": "small_cnn",
        "fine_tune_from": "",
        "optimizer": list(OPTIMIZERS[: len(names)]),
        "dropout": 0.2,
        "learning_rate": 1e-3,
        "batch_size": 32,
        "epochs": 6,
    }
    return pd.DataFrame({"scenario": list(names), **keys, **changes})


OPTIMIZERS = ("adam", "nadam", "sgd")


def better() -> pd.DataFrame:
    """Return predictions of the scenario two, all right."""
    right = {f"logit {label}": predictions()["label"].eq(label) * 3.0 for label in LABELS}
    return tables.predicted(predictions("two").assign(**right))


def test_confusion_counts_true_rows_and_predicted_columns() -> None:
    frame = predictions()
    assert np.array_equal(scores.confusion(frame["label"], frame["predicted"], LABELS), COUNTS)


def test_scores_of_classes_by_hand() -> None:
    table = scores.per_class(COUNTS, LABELS)
    a, b, c = (row_of(table, name, "label") for name in "abc")
    assert a[["tp", "fp", "fn", "support"]].tolist() == [8, 4, 2, 10]
    assert b[["tp", "fp", "fn", "support"]].tolist() == [9, 4, 1, 10]
    assert a[["precision", "recall", "f1"]].tolist() == pytest.approx([8 / 12, 0.8, 16 / 22])
    assert c[["precision", "recall", "f1"]].tolist() == [0, 0, 0]


def test_macro_scores_by_hand() -> None:
    macro = scores.values(answers(COUNTS))
    assert macro["accuracy"] == 17 / 25
    assert macro["macro_recall"] == pytest.approx((0.8 + 0.9 + 0) / 3)
    assert macro["macro_f1"] == pytest.approx((16 / 22 + 18 / 23) / 3)


def test_the_published_counts_give_the_published_scores() -> None:
    hits = np.array([393, 479, 392, 578, 453, 124])
    false_positives = np.array([9, 25, 25, 16, 21, 12])
    false_negatives = np.array([10, 22, 18, 16, 29, 13])
    counts = np.diag(hits)
    rest_rows, rest_columns = false_negatives.copy(), false_positives.copy()
    for row in range(6):
        for column in np.argsort(-rest_columns):
            if column != row:
                moved = min(rest_rows[row], rest_columns[column])
                counts[row, column] += moved
                rest_rows[row] -= moved
                rest_columns[column] -= moved
    assert rest_rows.sum() == 0
    macro = scores.values(answers(counts))
    assert macro["macro_precision"] == pytest.approx(0.9514, abs=5e-5)
    assert macro["macro_recall"] == pytest.approx(0.9509, abs=5e-4)
    assert macro["macro_f1"] == pytest.approx(0.9511, abs=5e-4)


def test_a_class_that_nobody_has_or_names_gives_no_nan() -> None:
    counts = np.array([[100, 0, 0], [1, 0, 0], [0, 0, 0]])
    assert scores.values(answers(counts))["macro_f1"] == pytest.approx(200 / 201 / 3)
    assert not scores.per_class(counts, LABELS).isna().any().any()


def test_log_loss_by_hand() -> None:
    frame = pd.DataFrame({"label": ["a", "b"], "logit a": [0.0, 0.0], "logit b": [0.0, np.log(3)]})
    assert log_loss(frame) == pytest.approx((np.log(2) + np.log(4 / 3)) / 2)


def test_log_loss_of_hopeless_logits_is_not_cut_off() -> None:
    frame = pd.DataFrame({"label": ["a"], "logit a": [0.0], "logit b": [2000.0]})
    assert log_loss(frame) == 2000


def test_scenarios_are_ranked_with_their_spread_and_interval() -> None:
    told = pd.concat([curves(), curves("two")])
    both = pd.concat([predictions(), better()])
    ranking = tables.scenario_scores(scenarios("one", "two"), both, told, 0.95)
    assert ranking["scenario"].tolist() == ["two", "one"]
    two, one = (ranking.iloc[place] for place in range(2))
    folds = tables.fold_scores(predictions())["accuracy"].to_numpy()
    assert one["accuracy"] == 17 / 25
    assert one["accuracy_std"] == pytest.approx(folds.std(ddof=1))
    half = inference.half_width(folds, 0.95)
    assert one["accuracy_mean"] == folds.mean() != one["accuracy"]
    low, high = max(0, folds.mean() - half), min(1, folds.mean() + half)
    assert one[["accuracy_mean_low", "accuracy_mean_high"]].tolist() == pytest.approx([low, high])
    assert one["epochs_to_best"] == 3.5
    columns = ["macro_f1", "macro_f1_mean", "macro_f1_mean_low", "macro_f1_mean_high"]
    assert two[[*columns, "macro_f1_std"]].tolist() == [1, 1, 1, 1, 0]


def test_classes_of_every_scenario_in_the_order_of_the_ranking() -> None:
    both = pd.concat([predictions(), better()])
    table = tables.class_scores(both, pd.Series(["two", "one"]))
    assert table["scenario"].tolist() == ["two"] * 3 + ["one"] * 3
    assert table["tp"].tolist() == [10, 10, 5, 8, 9, 0]
    assert table["fn"].tolist() == [0, 0, 0, 2, 1, 5]


def failing(tmp_path: Path) -> Path:
    """Write what the train stage leaves of three scenarios, of which one failed in a fold."""
    lost = predictions("three")
    lost.loc[lost["fold"] == 1, [f"logit {label}" for label in LABELS]] = np.nan
    told = [predictions(), better(), lost]
    raw = pd.concat(told).drop(columns=["predicted", "probability"])
    raw.to_parquet(tmp_path / "predictions.parquet", index=False)
    names = scenarios("one", "two", "three", failure=["", "", "the loss became nan | in epoch 2"])
    names.to_csv(tmp_path / "scenarios.csv", index=False)
    epochs = pd.concat([curves(), curves("two"), curves("three")])
    epochs.to_csv(tmp_path / "curves.csv", index=False)
    return tmp_path


def test_what_failed_enters_nowhere(tmp_path: Path) -> None:
    kept = trained.read(failing(tmp_path))
    assert kept.scenarios["scenario"].tolist() == ["one", "two"]
    assert kept.failed["scenario"].tolist() == ["three"]
    for table in (kept.predictions, kept.curves):
        assert sorted(table["scenario"].unique()) == ["one", "two"]
    assert "failure" not in kept.scenarios


def test_when_all_fail_the_cause_is_told() -> None:
    names = scenarios("one", failure=["the loss became nan in epoch 2"])
    with pytest.raises(AllFailedError, match="the loss became nan in epoch 2"):
        trained.split(names, predictions(), curves())


def backbones(tmp_path: Path, name: str = "small_cnn", start: str = "") -> Path:
    path = tmp_path / "backbones.csv"
    row = {"backbone": name, "fine_tune_from": start}
    cost = {"parameters": 1234567, "multiply_adds": 89_000_000, "model_bytes": 4_938_268}
    pd.DataFrame([{**row, **cost}]).to_csv(path, index=False)
    return path


def test_costs_of_the_backbones_are_joined_or_asked_for(tmp_path: Path) -> None:
    with pytest.raises(CantingError, match="dvc repro features"):
        with_costs(scenarios("one"), tmp_path / "backbones.csv")
    assert with_costs(scenarios("one"), backbones(tmp_path)).loc[0, "model_bytes"] == 4_938_268
    cut = scenarios("one", fine_tune_from="conv2")
    assert with_costs(cut, backbones(tmp_path, start="conv2")).loc[0, "parameters"] == 1234567
    with pytest.raises(CantingError, match="none for 'small_cnn'"):
        with_costs(scenarios("one"), backbones(tmp_path, name="vgg19"))


def test_the_table_of_a_paper() -> None:
    spread = {end: 0.9 for name in METRICS for end in ends_of(name)}
    means = {mean_of(name): 0.95114 for name in METRICS}
    numbers = {**dict.fromkeys(METRICS, 0.94), **means, **spread, "epochs_to_best": 9.5}
    costs = {"parameters": 23587712, "multiply_adds": 3_858_000_000, "model_bytes": 94_000_000}
    ranking = scenarios("one", "two", learning_rate=[1e-3, 1e-4]).assign(**numbers, **costs)
    failed = scenarios("x|y", failure=["the loss became nan"])
    lines = paper_table(ranking, failed, 0.95).splitlines()
    assert lines[0] == "Mean over the folds [low, high], the 95 % interval of the mean:"
    named = "| backbone | optimizer | dropout | learning rate | accuracy | macro precision "
    assert lines[2].startswith(named)
    assert lines[2].endswith(
        "| log-loss | epochs to best | parameters | multiply-adds | model bytes |"
    )
    score = " | ".join(["0.9511 [0.900, 0.900]"] * len(METRICS))
    assert lines[5] == (
        f"| small_cnn | nadam | 0.2 | 0.0001 | {score} | 9.5 "
        "| 23,587,712 | 3,858,000,000 | 94,000,000 |"
    )
    assert lines[7] == "Pooled, from the predictions of all folds together:"
    assert lines[9].startswith(named)
    pooled = " | ".join(["0.9400"] * len(METRICS))
    assert lines[12] == f"| small_cnn | nadam | 0.2 | 0.0001 | {pooled} |"
    assert lines[-1] == r"| x\|y | the loss became nan |"


def evaluated(tmp_path: Path) -> Evaluation:
    settings = Evaluate(misclassified=5, confidence=0.95, calibration_bins=5)
    selecting = SelectBest(metric="macro_f1", alpha=0.05)
    return evaluate(trained.read(failing(tmp_path)), settings, selecting, backbones(tmp_path))


def write(found: Evaluation, raw: Path, folder: Path) -> dict[str, bytes]:
    writing.write_tables(found, 0.95, folder / "evaluate", "folds")
    writing.draw_leader(found, raw, 5, folder / "evaluate")
    writing.draw_comparison(found, "macro_f1", 0.95, folder / "evaluate" / "comparison", "folds")
    writing.draw_confusions(found, folder / "confusions", folder / "evaluate" / "confusion.png")
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.mark.slow
def test_all_files_are_written_the_same_each_time_and_say_what_failed(tmp_path: Path) -> None:
    for path in predictions()["path"]:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        Image.new("RGB", (90, 60), (120, 60, 20)).save(tmp_path / path)
    once = write(evaluated(tmp_path), tmp_path, tmp_path / "once")
    assert write(evaluated(tmp_path), tmp_path, tmp_path / "twice") == once
    folder = tmp_path / "once" / "evaluate"
    metrics = files.read_json(folder / "metrics.json")
    assert (metrics["scenario"], metrics["scenarios"], metrics["failed"]) == ("two", 3, 1)
    two = files.read_json(folder / "scenarios.json")["two"]
    assert (two["macro_f1"], two["macro_f1_mean"], two["macro_f1_std"]) == (1, 1, 0)
    assert (
        r"| three | the loss became nan \| in epoch 2 |" in once["evaluate/scenarios.md"].decode()
    )
    tabled = [
        content.decode() for name, content in once.items() if name.endswith((".csv", ".json"))
    ]
    assert not any("three" in text or "NaN" in text for text in tabled)
    assert {Path(name).name for name in once if name.startswith("confusions")} == {
        "one.png",
        "two.png",
    }
    assert once["evaluate/confusion.png"] == once["confusions/two.png"]
    compared = pd.read_csv(folder / "comparison" / "comparison.csv")
    assert compared["scenario"].tolist() == ["two", "one"]
    levels = pd.read_csv(folder / "comparison" / "effects.csv")
    assert levels[["factor", "level"]].to_numpy().tolist() == [
        ["optimizer", "adam"],
        ["optimizer", "nadam"],
    ]
    assert (folder / "comparison" / "ranking.png").exists()


def test_one_scenario_has_no_comparison_to_draw(tmp_path: Path) -> None:
    alone = trained.split(scenarios("one", failure=[""]), predictions(), curves())
    settings = Evaluate(misclassified=0, confidence=0.95, calibration_bins=5)
    selecting = SelectBest(metric="accuracy", alpha=0.05)
    found = evaluate(alone, settings, selecting, backbones(tmp_path))
    writing.draw_comparison(found, "accuracy", 0.95, tmp_path / "comparison", "folds")
    assert not (tmp_path / "comparison").exists()
    assert (len(found.comparison), len(found.effects), len(found.contrasts)) == (1, 0, 0)
