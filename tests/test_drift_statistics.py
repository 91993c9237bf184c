"""The comparisons of drift by hand and against SciPy."""

import numpy as np
import pytest
from scipy import stats

from canting.drift import curves, mix, needed, shares

UNIT = np.linspace(0, 1, 101)
"""Quantiles of the uniform distribution."""


def test_a_rise_by_hand() -> None:
    found = curves.rise([0, 1], np.array([0.5, 0.75, 1.0, 1.0]))
    assert found == curves.Rise(0.5, 0.5, 1.0)
    assert curves.rise([0, 1], np.array([0.0, 0.25])).gap == 0
    assert curves.rise([0, 1], np.array([3.0])) == curves.Rise(1.0, 0.0, 1.0)


def test_equal_quantiles_are_a_jump() -> None:
    ties = [0.0, 0.5, 0.5, 0.5, 1.0]
    assert curves.rise(ties, np.array([0.5, 0.5])) == curves.Rise(0.5, 0.75, 1.0)
    assert curves.rise([1.0, 1.0, 1.0], np.ones(5)).gap == 0
    assert curves.rise([-1.0, -1.0, -0.5], np.full(4, -0.5)).gap == 1


@pytest.mark.parametrize("count", [1, 7, 60, 500])
def test_a_rise_is_that_of_kolmogorov_and_smirnov(count: int) -> None:
    values = np.random.default_rng(count).beta(2, 1.5, count)
    found = curves.rise(UNIT.tolist(), values)
    expected = stats.ks_1samp(values, stats.uniform.cdf, alternative="less")
    assert found.gap == pytest.approx(expected.statistic, abs=1e-9)
    assert (values >= found.place).mean() == pytest.approx(found.now)
    assert 1 - found.place == pytest.approx(found.before)


def test_the_chance_of_a_rise_is_smirnovs() -> None:
    generator = np.random.default_rng(0)
    first, second = generator.random(400), generator.random(300) ** 0.8
    expected = stats.ks_2samp(second, first, alternative="less", method="asymp")
    found = curves.p_value(float(expected.statistic), 300, 400)
    assert found == pytest.approx(expected.pvalue, rel=0.35)
    assert curves.p_value(0, 300, 400) == 1


@pytest.mark.parametrize("counts", [(5, 5, 9, 180), (0, 40, 9, 180), (12, 90, 3, 60), (9, 9, 0, 9)])
def test_the_chance_of_a_share_is_fishers(counts: tuple[int, int, int, int]) -> None:
    hits, count, before, known = counts
    table = [[hits, count - hits], [before, known - before]]
    expected = stats.fisher_exact(table, alternative="greater").pvalue
    assert shares.p_value(*counts) == pytest.approx(expected, rel=1e-9)


def test_the_chance_of_a_mix_is_that_of_chi_square() -> None:
    now, before = np.array([40, 30, 20]), np.array([60, 55, 65])
    expected = stats.chi2_contingency([now, before], correction=False).pvalue
    assert mix.p_value(now, before) == pytest.approx(expected, rel=0.15)
    assert mix.p_value(now, before) == mix.p_value(now, before)
    assert mix.p_value(np.array([0, 200, 0]), before) == 1e-4
    assert mix.p_value(np.array([3, 3, 0]), np.array([30, 30, 0])) == 1
    assert mix.change(np.array([1, 1, 0]), np.array([1, 0, 1])) == 0.5


@pytest.mark.parametrize("classes", [2, 3, 6])
def test_the_largest_chance_of_a_mix_is_about_right(classes: int) -> None:
    square = 4 * 0.2**2 * 100 * 180 / 280
    expected = stats.chi2.sf(square, classes - 1)
    assert mix.approximate_p_value(0.2, 100, 180, classes) == pytest.approx(expected, rel=0.2)


def test_what_is_needed_is_the_fewest_that_tell() -> None:
    number = needed.smallest(lambda count: curves.p_value(0.2, count, 180), 0.01)
    assert number == 85
    assert curves.p_value(0.2, 85, 180) <= 0.01 < curves.p_value(0.2, 84, 180)
    assert needed.smallest(lambda count: curves.p_value(0.2, count, 50), 0.01) is None
    assert needed.smallest(lambda _: 0.0, 0.01) == 1
