"""What is drawn, where, and in which words."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from canting.evaluation.plots import contact_sheet
from canting.evaluation.plots.confusion import confusion
from canting.evaluation.plots.contact_sheet import misclassified
from canting.evaluation.plots.curves import reliability
from canting.evaluation.plots.figure import INDIGO, SOGA, save
from canting.evaluation.plots.ranking import effects, ranking
from canting.imaging.pictures import decode

WRONG = {("plastic", "glass"): 7, ("glass", "metal"): 2, ("metal", "glass"): 1}


def predictions(wrong: dict[tuple[str, str], int] | None = None) -> pd.DataFrame:
    """Return 10 pictures of each class, so many of them misclassified, and their probabilities."""
    rows = []
    for label in ("plastic", "glass", "metal"):
        taken = [
            name
            for (true, name), count in (wrong or {}).items()
            for _ in range(count)
            if true == label
        ]
        rows += [
            (f"{label}/{place}.png", label, name, 0.5 + place / 25)
            for place, name in enumerate(taken + [label] * (10 - len(taken)))
        ]
    return pd.DataFrame(rows, columns=["path", "label", "predicted", "probability"])


def test_pairs_of_classes_come_by_count_and_share_the_places() -> None:
    first, second, third = contact_sheet.share_out(predictions(WRONG), 6)
    assert (first.label, first.predicted, first.mistakes, first.support) == (
        "plastic",
        "glass",
        7,
        10,
    )
    # Sainte-Laguë: 7, 7/3, 2, 7/5, 7/7 and 1/1
    assert [len(pair.shown) for pair in (first, second, third)] == [4, 1, 1]
    assert [one.path for one in first.shown] == [f"plastic/{place}.png" for place in (6, 5, 4, 3)]


def test_everything_is_shown_where_there_is_room_and_nothing_where_there_is_none() -> None:
    assert [len(pair.shown) for pair in contact_sheet.share_out(predictions(WRONG), 30)] == [
        7,
        2,
        1,
    ]
    assert [len(pair.shown) for pair in contact_sheet.share_out(predictions(WRONG), 0)] == [0, 0, 0]
    assert contact_sheet.share_out(predictions(), 30) == []


def test_groups_stand_beside_each_other_where_they_fit_whole() -> None:
    assert contact_sheet.arrange([4, 2, 1]) == [
        [(0, 0), (0, 1), (0, 2), (0, 3)],
        [(0, 4), (0, 5)],
        [(1, 0)],
    ]
    assert contact_sheet.arrange([4, 3]) == [
        [(0, 0), (0, 1), (0, 2), (0, 3)],
        [(1, 0), (1, 1), (1, 2)],
    ]
    long, after = contact_sheet.arrange([7, 1])
    assert (long[-1], after) == ((1, 0), [(2, 0)])
    assert contact_sheet.arrange([]) == []


def test_a_heading_breaks_at_the_arrow() -> None:
    pair = contact_sheet.Pair("mega_mendung", "sekar_jagad", 3, 60, [])
    assert contact_sheet.heading(pair, 2) == ["mega_mendung → sekar_jagad", "3 of 60"]
    assert contact_sheet.heading(pair, 1) == ["mega_mendung →", "sekar_jagad", "3 of 60"]


def words(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def draw(frame: pd.DataFrame, most: int, folder: Path) -> Figure:
    for path in frame["path"]:
        (folder / path).parent.mkdir(exist_ok=True)
        Image.new("RGB", (90, 60)).save(folder / path)
    return misclassified(frame, folder, most, "one")


def test_the_sheet_names_pairs_counts_and_what_is_left_out(tmp_path: Path) -> None:
    figure = draw(predictions(WRONG), 3, tmp_path)
    said = words(figure)
    assert said[0] == "one: 10 of 30 misclassified"
    assert said[1:3] == ["plastic → glass", "7 of 10"]
    assert "74%  6.png" in said
    assert said[-1] == "Without a picture here: metal → glass 1"
    assert len(figure.axes[0].images) == 3


def test_no_mistakes_is_a_sheet_too(tmp_path: Path) -> None:
    assert words(draw(predictions(), 5, tmp_path))[0] == "one: 0 of 30 misclassified"


COMPARED = pd.DataFrame(
    {
        "scenario": ["s1", "s2", "s3"],
        "mean": [0.95, 0.94, 0.7],
        "low": [0.0, -0.03, -0.3],
        "high": [0.0, 0.01, -0.2],
        "p_holm": [1.0, 0.4, 0.0002],
        "distinguishable": [False, False, True],
    }
)


def test_the_ranking_joins_what_is_not_distinguishable_and_says_so() -> None:
    names = {"s1": "resnet50 · adam", "s2": "vgg19 · adam", "s3": "vgg19 · sgd"}
    figure = ranking(COMPARED, names, "macro_f1", 0.95)
    axes, right = figure.axes
    assert "1 of the 2 other scenarios is not distinguishable" in figure.get_suptitle()
    assert [label.get_text() for label in axes.get_yticklabels()] == list(names.values())
    assert [label.get_text() for label in right.get_yticklabels()] == [
        "0.9500   best",
        "0.9400   p 0.400",
        "0.7000   p < 0.001",
    ]
    lines = next(each for each in axes.collections if isinstance(each, LineCollection))
    ends = np.array([segment[:, 0] for segment in lines.get_segments()])
    assert ends == pytest.approx(np.array([[0.95, 0.95], [0.92, 0.96], [0.65, 0.75]]))
    bars = [line for line in axes.lines if line.get_linewidth() == 4]
    assert [np.asarray(bar.get_ydata()).tolist() for bar in bars] == [[-0.5, 0.5], [0.5, 1.5]]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "not distinguishable from the best",
        "distinguishable from the best",
    ]
    keys = [line.get_color() for line in figure.legends[0].get_lines()]
    assert keys == [INDIGO, SOGA]


EFFECTS = pd.DataFrame(
    {
        "factor": ["backbone", "backbone", "dropout", "dropout"],
        "level": ["resnet50", "vgg19", "0", "0.5"],
        "effect": [0.02, -0.02, 0.001, -0.001],
        "low": [0.01, -0.03, -0.002, -0.004],
        "high": [0.03, -0.01, 0.004, 0.002],
    }
)


def test_effects_have_a_panel_a_factor() -> None:
    figure = effects(EFFECTS, "accuracy", 0.9)
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in panels] == ["backbone", "dropout"]
    assert [label.get_text() for label in panels[1].get_yticklabels()] == ["0", "0.5"]
    assert "90 % interval" in panels[1].get_xlabel()
    assert figure.get_suptitle() == "Effect of each factor on accuracy"


RELIABILITY = pd.DataFrame(
    {
        "low": [0.0, 0.5],
        "high": [0.5, 1.0],
        "pictures": [0, 9],
        "confidence": [np.nan, 0.9],
        "accuracy": [np.nan, 0.7],
        "pictures_scaled": [4, 5],
        "confidence_scaled": [0.4, 0.8],
        "accuracy_scaled": [0.4, 0.8],
    }
)
CALIBRATION = pd.Series({"temperature": 1.734, "ece": 0.2, "ece_scaled": 0.01})


def heights(axes: Axes) -> list[float]:
    return [bar.get_height() for bar in axes.patches if isinstance(bar, Rectangle)]


def test_reliability_shows_both_sides_and_no_empty_bin() -> None:
    figure = reliability(RELIABILITY, CALIBRATION, "one")
    before, after = figure.axes[:2]
    assert before.get_title(loc="left") == "as trained: expected calibration error 0.2000"
    assert after.get_title(loc="left") == "divided by the temperature 1.73: 0.0100"
    assert heights(before) == [0.7]
    assert heights(after) == [0.4, 0.8]


def test_names_with_signs_of_formulas_are_drawn_as_they_are(tmp_path: Path) -> None:
    labels = ["a$b", "c_{d}$", "\\frac"]
    save(confusion(np.eye(3, dtype=np.int64), labels, "one $x"), tmp_path / "confusion.png")
    assert min(decode(tmp_path / "confusion.png").size) > 400
