"""Intervals, tests, comparisons and effects by hand; how often chance is taken for a difference."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from canting.config.tables import CONTRASTS
from canting.evaluation.statistics import effects, factors, inference
from canting.evaluation.statistics.comparison import by_fold, compare, verdict
from canting.evaluation.statistics.inference import holm

SCORES = np.array([0.9, 0.8, 0.85, 0.95, 0.9])
"""Mean 0.88, variance 0.013 / 4."""

BASE = {
    "backbone": "resnet50",
    "fine_tune_from": "",
    "optimizer": "adam",
    "dropout": 0.2,
    "learning_rate": 1e-4,
    "batch_size": 32,
    "epochs": 10,
}


def grid(**lists: list[object]) -> pd.DataFrame:
    """Return a scenario for every combination."""
    rows = [dict(zip(lists, values, strict=True)) for values in product(*lists.values())]
    table = pd.DataFrame([{**BASE, **row} for row in rows])
    return table.assign(scenario=[f"s{place}" for place in range(len(table))])


def long(values: dict[str, list[float]]) -> pd.DataFrame:
    rows = [(name, fold, x) for name, row in values.items() for fold, x in enumerate(row)]
    return pd.DataFrame(rows, columns=["scenario", "fold", "macro_f1"])


def test_corrected_t_test_by_hand() -> None:
    differences = np.array([0.1, 0, 0.1, 0.1, 0])
    # mean 0.06, variance 0.003; corrected 0.003 (1/5 + 1/4)
    t = 0.06 / np.sqrt(0.003 * 0.45)
    assert inference.p_value(differences) == pytest.approx(2 * stats.t.sf(t, 4))
    assert inference.p_value(-differences) == inference.p_value(differences)
    assert inference.p_value(differences) > stats.ttest_1samp(differences, 0).pvalue


def test_interval_by_hand() -> None:
    mean, low, high = inference.interval(SCORES, 0.95)
    half = 2.776445 * np.sqrt(0.00325 * 0.45)  # t of a table: 97.5 %, 4 degrees of freedom
    assert (mean, low, high) == pytest.approx((0.88, 0.88 - half, 0.88 + half), abs=1e-6)
    assert inference.half_width(SCORES, 0.9) == pytest.approx(half * 2.131847 / 2.776445)


def test_an_interval_touches_zero_where_the_p_value_is_what_confidence_leaves() -> None:
    p_value = inference.p_value(SCORES - 0.8)
    assert inference.interval(SCORES - 0.8, 1 - p_value).low == pytest.approx(0)


def test_equal_and_constantly_different_scores() -> None:
    assert inference.p_value(SCORES - SCORES) == 1
    assert inference.p_value(SCORES - (SCORES - 0.1)) == 0
    assert inference.half_width(np.full(5, 0.7), 0.95) == pytest.approx(0)


def test_folds_that_share_training_pictures_are_covered_as_promised() -> None:
    rng, folds, draws = np.random.default_rng(0), 5, 3000
    # A correlation of 1/k among the folds, as Nadeau and Bengio assume
    shared = rng.normal(size=(draws, 1)) * np.sqrt(1 / folds)
    values = shared + rng.normal(size=(draws, folds)) * np.sqrt(1 - 1 / folds)
    corrected = [inference.p_value(row) for row in values]
    naive = stats.ttest_1samp(values, 0, axis=1).pvalue
    assert np.mean(np.array(corrected) < 0.05) == pytest.approx(0.05, abs=0.012)
    assert np.mean(naive < 0.05) > 0.12


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.7]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


FOLDS = long({"low": [0.5, 0.6, 0.55], "best": [0.9, 0.92, 0.94], "near": [0.9, 0.9, 0.93]})


def test_comparison_by_hand() -> None:
    table = compare(FOLDS, "macro_f1", confidence=0.95, alpha=0.05)
    assert table["scenario"].tolist() == ["best", "near", "low"]
    assert table["mean"].tolist() == pytest.approx([0.92, 0.91, 0.55])
    assert table["difference"].tolist() == pytest.approx([0, -0.01, -0.37])
    assert table[["low", "high", "p_value", "p_holm"]].iloc[0].tolist() == [0, 0, 1, 1]
    # near: 0, -0.02, -0.01: variance 0.0001, times 1/3 + 1/2; t of 2 degrees 4.302653
    half = 4.302653 * np.sqrt(0.0001 * 5 / 6)
    assert table[["low", "high"]].iloc[1].tolist() == pytest.approx([-0.01 - half, -0.01 + half])
    _, near, low = table["p_value"].tolist()
    assert near == pytest.approx(2 * stats.t.sf(0.01 / np.sqrt(0.0001 * 5 / 6), 2))
    assert table["p_holm"].tolist() == pytest.approx([1, near, 2 * low])
    assert table["distinguishable"].tolist() == [False, False, True]
    # best: variance 0.0004, times 1/3 + 1/2: a standard error of 0.0183
    assert table["near"].tolist() == [True, True, False]


def test_scenarios_with_the_same_mean_stay_in_their_order() -> None:
    equal = long({"one": [0.5, 0.7], "two": [0.7, 0.5], "three": [0.6, 0.8]})
    assert by_fold(equal, "macro_f1").index.tolist() == ["three", "one", "two"]


@pytest.mark.parametrize(
    ("distinguishable", "words"),
    [
        ([False], "nothing to compare"),
        ([False, True], "Every other scenario is distinguishable"),
        ([False, False, False], "No other scenario is distinguishable"),
        ([False, False, True], "1 of the 2 other scenarios is not distinguishable"),
        ([False, False, False, True], "2 of the 3 other scenarios are not distinguishable"),
    ],
)
def test_the_verdict_in_words(distinguishable: list[bool], words: str) -> None:
    assert words in verdict(pd.DataFrame({"distinguishable": distinguishable}))


def scored(scenarios: pd.DataFrame) -> pd.DataFrame:
    """Return scores of two folds that are sums of what backbone, dropout and fold add."""
    add = {"vgg19": 0.0, "resnet50": 0.3, "densenet121": 0.0, "0": 0.0, "0.5": 0.1}
    values = {}
    for row in scenarios.to_dict("records"):
        both = add[str(row["backbone"])] + add[f"{row['dropout']:g}"]
        values[str(row["scenario"])] = [0.4 + both, 0.5 + both]
    return long(values)


FULL = grid(backbone=["vgg19", "resnet50", "densenet121"], dropout=[0.0, 0.5])


def test_effects_on_a_full_grid_are_marginal_means_by_hand() -> None:
    two = grid(optimizer=["adam", "nadam"], dropout=[0.0, 0.5])
    folds = long({"s0": [0.9, 0.7], "s1": [0.8, 0.8], "s2": [0.7, 0.5], "s3": [0.6, 0.4]})
    table = effects.effects(two, folds, "macro_f1", 0.95).set_index(["factor", "level"])
    # fold 1: adam 0.85 of 0.75; fold 2: adam 0.75 of 0.6; dropout 0: 0.8 and 0.6
    assert table["effect"].to_dict() == pytest.approx(
        {
            ("optimizer", "adam"): 0.125,
            ("optimizer", "nadam"): -0.125,
            ("dropout", "0"): 0.025,
            ("dropout", "0.5"): -0.025,
        }
    )
    # adam by fold 0.1 and 0.15: variance 0.00125, times 1/2 + 1/1; t of 1 degree 12.7062
    half = 12.7062 * np.sqrt(0.00125 * 1.5)
    ends = table["low"].loc["optimizer", "adam"], table["high"].loc["optimizer", "adam"]
    assert ends == pytest.approx((0.125 - half, 0.125 + half), rel=1e-5)


def test_effects_stay_fair_where_scenarios_are_missing() -> None:
    whole = effects.effects(FULL, scored(FULL), "macro_f1", 0.95)
    fewer = FULL.drop(index=[3, 4])
    part = effects.effects(fewer, scored(fewer), "macro_f1", 0.95)
    pd.testing.assert_frame_equal(whole, part)
    assert whole["effect"].tolist() == pytest.approx([-0.1, 0.2, -0.1, -0.05, 0.05])


def test_what_cannot_be_told_apart_has_no_effect() -> None:
    aliased = FULL.drop(index=[1, 2, 5])  # vgg19 and densenet121 without, resnet50 with dropout
    assert effects.effects(aliased, scored(aliased), "macro_f1", 0.95).empty
    pairs = effects.contrasts(aliased, scored(aliased), "macro_f1", confidence=0.95, alpha=0.05)
    assert pairs[["level", "other"]].to_numpy().tolist() == [["vgg19", "densenet121"]]


def test_contrasts_by_hand_with_holm_within_a_factor() -> None:
    scenarios = grid(optimizer=["adam", "nadam", "adamw"])
    folds = long({"s0": [0.9, 0.92, 0.9], "s1": [0.8, 0.82, 0.81], "s2": [0.79, 0.83, 0.8]})
    table = effects.contrasts(scenarios, folds, "macro_f1", confidence=0.95, alpha=0.05)
    assert table[["level", "other"]].to_numpy().tolist() == [
        ["adam", "nadam"],
        ["adam", "adamw"],
        ["nadam", "adamw"],
    ]
    # adam less nadam: 0.1, 0.1, 0.09
    t = (0.29 / 3) / np.sqrt(np.var([0.1, 0.1, 0.09], ddof=1) * 5 / 6)
    assert table.loc[0, "difference"] == pytest.approx(0.29 / 3)
    assert table.loc[0, "p_value"] == pytest.approx(2 * stats.t.sf(t, 2))
    assert table["p_holm"].tolist() == pytest.approx(holm(table["p_value"].tolist()))
    assert table["distinguishable"].tolist() == [True, True, False]


def test_one_scenario_has_no_effects_but_tables_with_their_columns() -> None:
    alone, folds = grid(), long({"s0": [0.5, 0.6]})
    assert list(effects.effects(alone, folds, "macro_f1", 0.95)) == [
        *("factor", "level", "effect", "low", "high")
    ]
    pairs = effects.contrasts(alone, folds, "macro_f1", confidence=0.95, alpha=0.05)
    assert list(pairs) == CONTRASTS
    assert pairs.empty


def test_a_cut_for_each_backbone_is_no_factor_of_its_own() -> None:
    own = grid(backbone=["resnet50", "vgg19"], dropout=[0.0, 0.2])
    own["fine_tune_from"] = own["backbone"].map({"resnet50": "conv5", "vgg19": ""})
    assert list(factors.levels(own)) == ["backbone", "dropout"]
    crossed = grid(backbone=["resnet50", "vgg19"], fine_tune_from=["", "last"])
    assert list(factors.levels(crossed)) == ["backbone", "fine_tune_from"]


def test_short_names_hold_what_varies() -> None:
    names = factors.short_names(grid(backbone=["resnet50", "vgg19"], dropout=[0.0, 0.2]))
    assert names["s1"] == "resnet50 · dropout 0.2"
    cut = factors.short_names(grid(fine_tune_from=["", "top_conv"], learning_rate=[1e-3, 1e-4]))
    assert list(cut.values()) == [
        "rate 0.001",
        "rate 0.0001",
        "from top_conv · rate 0.001",
        "from top_conv · rate 0.0001",
    ]
    only = factors.short_names(grid(fine_tune_from=[None, "top_conv"]))
    assert list(only.values()) == ["from none", "from top_conv"]
    assert factors.short_names(grid())["s0"] == (
        "resnet50 · adam · dropout 0.2 · rate 0.0001 · batch 32 · 10 epochs"
    )
