"""Temperatures and calibration errors by hand."""

import numpy as np
import pandas as pd
import pytest

from canting.bundle.logits import cross_entropy, softmax
from canting.evaluation.evaluate import calibration
from canting.evaluation.evaluate.calibration import COLDEST, HOTTEST


def logits(*sure: float) -> np.ndarray:
    """Return two-class logits whose first class has these probabilities."""
    chance = np.array(sure)
    return np.stack([np.log(chance), np.log(1 - chance)], axis=1)


def test_temperature_by_hand() -> None:
    # Three of four are right, at logits 2 and 0: 3/4 = 1 / (1 + exp(-2 / T)), so T = 2 / ln 3
    four = np.tile([2.0, 0.0], (4, 1))
    assert calibration.temperature(four, np.array([0, 0, 0, 1])) == pytest.approx(2 / np.log(3))


def test_the_temperature_that_logits_were_heated_by_is_found() -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(size=(20_000, 3)) * 2
    codes = np.array([rng.choice(3, p=row) for row in softmax(honest)])
    assert calibration.temperature(honest, codes) == pytest.approx(1, abs=0.03)
    assert calibration.temperature(honest * 2.5, codes) == pytest.approx(2.5, abs=0.08)


def test_no_other_temperature_has_a_smaller_loss() -> None:
    rng = np.random.default_rng(1)
    values, codes = rng.normal(size=(50, 4)), rng.integers(0, 4, 50)
    values[np.arange(50), codes] += 1
    best = calibration.temperature(values, codes)
    losses = [cross_entropy(values / t, codes) for t in (best * 0.99, best, best * 1.01)]
    assert losses[1] == min(losses)


@pytest.mark.parametrize(
    ("codes", "expected"), [([0, 0], COLDEST), ([1, 1], HOTTEST), ([0, 1], HOTTEST)]
)
def test_temperatures_have_bounds(codes: list[int], expected: float) -> None:
    assert calibration.temperature(np.array([[2.0, 0], [2.0, 0]]), np.array(codes)) == expected


def test_one_picture_is_enough() -> None:
    assert calibration.temperature(np.array([[1.0, 0.5]]), np.array([0])) == COLDEST


def test_a_fold_is_scaled_by_the_others_alone() -> None:
    values = np.tile([2.0, 0.0], (8, 1))
    codes = np.array([0, 0, 0, 1, 1, 1, 1, 1])
    folds = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    scaled = calibration.cross_fitted(values, codes, folds)
    assert scaled[0, 0] == 2 / HOTTEST  # the other fold is all wrong
    assert scaled[4, 0] == pytest.approx(np.log(3))  # three of four are right in the other fold


def test_a_class_may_be_missing_from_a_fold() -> None:
    values = logits(0.9, 0.9, 0.2, 0.3)
    scaled = calibration.cross_fitted(values, np.array([0, 0, 1, 0]), np.array([0, 0, 1, 1]))
    assert np.isfinite(scaled).all()


def test_bins_and_expected_calibration_error_by_hand() -> None:
    values, codes = logits(0.7, 0.25, 0.9, 0.95), np.array([0, 0, 0, 0])
    table = calibration.reliability(values, codes, 5)
    assert table["low"].tolist() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
    # 0.7 is right, 0.75 wrong; 0.9 and 0.95 are right
    assert table["pictures"].tolist() == [0, 0, 0, 2, 2]
    assert table["confidence"].tolist()[3:] == pytest.approx([0.725, 0.925])
    assert table["accuracy"].tolist()[3:] == [0.5, 1]
    assert calibration.expected_error(table) == pytest.approx((2 * 0.225 + 2 * 0.075) / 4)


def test_expected_calibration_error_of_one_bin_is_sureness_less_accuracy() -> None:
    values, codes = logits(0.9, 0.8, 0.7, 0.6), np.array([0, 0, 0, 1])
    assert calibration.expected_error(calibration.reliability(values, codes, 1)) == pytest.approx(0)
    # 0.6 and 0.7, one right; 0.8 and 0.9, both right
    assert calibration.expected_error(calibration.reliability(values, codes, 4)) == pytest.approx(
        (2 * 0.15 + 2 * 0.15) / 4
    )


def test_ends_of_bins_belong_below_and_empty_bins_stay_empty() -> None:
    table = calibration.reliability(np.zeros((3, 2)), np.array([0, 0, 1]), 4)
    assert table["pictures"].tolist() == [0, 3, 0, 0]
    assert table[["confidence", "accuracy"]].iloc[1].tolist() == pytest.approx([0.5, 2 / 3])
    assert table.loc[[0, 2, 3], ["confidence", "accuracy"]].isna().to_numpy().all()


def frame(heat: float) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    honest = rng.normal(size=(3000, 3)) * 2
    codes = np.array([rng.choice(3, p=row) for row in softmax(honest)])
    labels = np.array(["a", "b", "c"])
    columns = {f"logit {name}": honest[:, place] * heat for place, name in enumerate(labels)}
    folds = np.arange(3000) % 3
    return pd.DataFrame({"label": labels[codes], "scenario": f"x{heat}", "fold": folds, **columns})


def test_scaling_mends_a_model_that_is_too_sure() -> None:
    table = calibration.calibrations(pd.concat([frame(1), frame(3)]), 15)
    honest, hot = table.to_dict("records")
    assert [honest["scenario"], hot["scenario"]] == ["x1", "x3"]
    assert hot["temperature"] == pytest.approx(3 * honest["temperature"])
    assert hot["ece"] > 3 * hot["ece_scaled"]
    assert hot["loss"] > hot["loss_scaled"] + 0.1
    assert hot["loss_scaled"] == pytest.approx(honest["loss_scaled"])
    bins = calibration.reliability_table(frame(3), 10)
    assert bins["pictures"].sum() == bins["pictures_scaled"].sum() == 3000
    assert bins["confidence"].iloc[-1] > bins["accuracy"].iloc[-1]
