"""Scores by hand, and plots that a person looks at."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from canting.evaluate import scores, tables
from canting.evaluate.tables import AllFailedError
from canting.pictures import decode
from canting.plots.confusion import confusion
from canting.plots.contact_sheet import misclassified
from canting.plots.curves import learning_curves
from canting.plots.figure import save

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


def curves() -> pd.DataFrame:
    rows = [
        ("one", fold, epoch, 1 / epoch, 1 - 1 / epoch, abs(epoch - 3 - fold) + 0.5, 0.5)
        for fold in range(2)
        for epoch in range(1, 7)
    ]
    names = ["scenario", "fold", "epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
    return pd.DataFrame(rows, columns=names)


def test_confusion_counts_true_rows_and_predicted_columns() -> None:
    frame = predictions()
    assert np.array_equal(scores.confusion(frame["label"], frame["predicted"], LABELS), COUNTS)


def test_scores_of_classes_by_hand() -> None:
    rows = scores.per_class(COUNTS, LABELS).set_index("label")
    assert rows.loc["a", ["tp", "fp", "fn", "support"]].tolist() == [8, 4, 2, 10]
    assert rows.loc["b", ["tp", "fp", "fn", "support"]].tolist() == [9, 4, 1, 10]
    assert rows.loc["a", ["precision", "recall", "f1"]].tolist() == pytest.approx(
        [8 / 12, 0.8, 16 / 22]
    )
    assert rows.loc["c", ["precision", "recall", "f1"]].tolist() == [0, 0, 0]


def test_macro_scores_by_hand() -> None:
    macro = scores.macro(COUNTS)
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
    macro = scores.macro(counts)
    assert macro["macro_precision"] == pytest.approx(0.9514, abs=5e-5)
    assert macro["macro_recall"] == pytest.approx(0.9509, abs=5e-4)
    assert macro["macro_f1"] == pytest.approx(0.9511, abs=5e-4)


def test_a_class_that_nobody_has_or_names_gives_no_nan() -> None:
    counts = np.array([[100, 0, 0], [1, 0, 0], [0, 0, 0]])
    assert scores.macro(counts)["macro_f1"] == pytest.approx(200 / 201 / 3)
    assert not scores.per_class(counts, LABELS).isna().any().any()


def test_log_loss_by_hand() -> None:
    frame = pd.DataFrame({"label": ["a", "b"], "logit a": [0.0, 0.0], "logit b": [0.0, np.log(3)]})
    assert scores.log_loss(frame) == pytest.approx((np.log(2) + np.log(4 / 3)) / 2)


def test_scenarios_are_ranked_with_their_spread_and_failures_are_left_out() -> None:
    better = predictions("two").assign(predicted=lambda frame: frame["label"])
    both = pd.concat([predictions(), better])
    names = pd.DataFrame(
        {"scenario": ["one", "two", "three"], "failure": ["", "", "the loss became nan"]}
    )
    told = pd.concat([curves(), curves().assign(scenario="two")])
    ranking = tables.scenario_scores(names, both, told)
    assert ranking["scenario"].tolist() == ["two", "one"]
    one = ranking.set_index("scenario").loc["one"]
    folds = tables.fold_scores(predictions())
    assert one["macro_f1_std"] == pytest.approx(folds["macro_f1"].std())
    assert one["accuracy"] == 17 / 25
    assert one["epochs_to_best"] == 3.5
    metrics = tables.metrics(ranking, names)
    assert (metrics["scenarios"], metrics["failed"], metrics["accuracy"]) == (3, 1, 1)


def test_when_all_fail_the_cause_is_told() -> None:
    names = pd.DataFrame({"scenario": ["one"], "failure": ["the loss became nan in epoch 2"]})
    with pytest.raises(AllFailedError, match="the loss became nan in epoch 2"):
        tables.scenario_scores(names, predictions(), curves())


def test_plots_are_pictures_with_the_same_bytes_each_time(tmp_path: Path) -> None:
    frame = predictions()
    for path in frame["path"]:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        Image.new("RGB", (90, 60), (120, 60, 20)).save(tmp_path / path)
    for name in ("one", "two"):
        save(confusion(COUNTS, LABELS, "one"), tmp_path / name / "confusion.png")
        save(learning_curves(curves(), "one"), tmp_path / name / "curves.png")
        save(misclassified(frame, tmp_path, 5, "one"), tmp_path / name / "sheet.png")
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
        assert min(decode(path).size) > 250


def test_the_sheet_shows_the_surest_mistakes_first(tmp_path: Path) -> None:
    frame = predictions()
    for path in frame["path"]:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        Image.new("RGB", (90, 60)).save(tmp_path / path)
    figure = misclassified(frame, tmp_path, 5, "one")
    assert "8 of 25 misclassified, the 5 surest" in figure.get_suptitle()
    shares = [float(axes.get_title(loc="left").split()[-1].rstrip("%")) for axes in figure.axes[:5]]
    assert shares == sorted(shares, reverse=True)
    assert figure.axes[0].texts[0].get_text().startswith("is ")


def test_no_mistakes_is_a_sheet_too(tmp_path: Path) -> None:
    frame = predictions().assign(predicted=lambda rows: rows["label"])
    assert "0 of 25" in misclassified(frame, tmp_path, 5, "one").get_suptitle()
