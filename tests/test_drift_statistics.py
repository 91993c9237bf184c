"""The comparisons of drift by hand and against SciPy."""

import numpy as np
import pytest
from scipy import stats

from canting.serving.drift import proportions, quantiles

UNIT = np.linspace(0, 1, 101)
"""Quantiles of the uniform distribution."""


def test_a_rise_by_hand() -> None:
    found = quantiles.rise([0, 1], np.array([0.5, 0.75, 1.0, 1.0]))
    assert found == quantiles.Rise(0.5, 0.5, 1.0)
    assert quantiles.rise([0, 1], np.array([0.0, 0.25])).gap == 0
    assert quantiles.rise([0, 1], np.array([3.0])) == quantiles.Rise(1.0, 0.0, 1.0)


def test_equal_quantiles_are_a_jump() -> None:
    ties = [0.0, 0.5, 0.5, 0.5, 1.0]
    assert quantiles.rise(ties, np.array([0.5, 0.5])) == quantiles.Rise(0.5, 0.75, 1.0)
    assert quantiles.rise([1.0, 1.0, 1.0], np.ones(5)).gap == 0
    assert quantiles.rise([-1.0, -1.0, -0.5], np.full(4, -0.5)).gap == 1


@pytest.mark.parametrize("count", [1, 7, 60, 500])
def test_a_rise_is_that_of_kolmogorov_and_smirnov(count: int) -> None:
    values = np.random.default_rng(count).beta(2, 1.5, count)
    found = quantiles.rise(UNIT.tolist(), values)
    expected = stats.ks_1samp(values, stats.uniform.cdf, alternative="less")
    assert found.gap == pytest.approx(expected.statistic, abs=1e-9)
    assert (values >= found.place).mean() == pytest.approx(found.now)
    assert 1 - found.place == pytest.approx(found.before)


def test_the_chance_of_a_rise_is_smirnovs() -> None:
    generator = np.random.default_rng(0)
    first, second = generator.random(400), generator.random(300) ** 0.8
    expected = stats.ks_2samp(second, first, alternative="less", method="asymp")
    found = quantiles.p_value(float(expected.statistic), 300, 400)
    assert found == pytest.approx(expected.pvalue, rel=0.35)
    assert quantiles.p_value(0, 300, 400) == 1


@pytest.mark.parametrize("counts", [(5, 5, 9, 180), (0, 40, 9, 180), (12, 90, 3, 60), (9, 9, 0, 9)])
def test_the_chance_of_a_share_is_fishers(counts: tuple[int, int, int, int]) -> None:
    hits, count, before, known = counts
    table = [[hits, count - hits], [before, known - before]]
    expected = stats.fisher_exact(table, alternative="greater").pvalue
    assert proportions.share_p_value(*counts) == pytest.approx(expected, rel=1e-9)


def test_the_chance_of_a_mix_is_that_of_chi_square() -> None:
    now, before = np.array([40, 30, 20]), np.array([60, 55, 65])
    expected = stats.chi2_contingency([now, before], correction=False).pvalue
    assert proportions.mix_p_value(now, before) == pytest.approx(expected, rel=0.15)
    assert proportions.mix_p_value(now, before) == proportions.mix_p_value(now, before)
    assert proportions.mix_p_value(np.array([0, 200, 0]), before) == 1e-4
    assert proportions.mix_p_value(np.array([3, 3, 0]), np.array([30, 30, 0])) == 1
    assert proportions.change(np.array([1, 1, 0]), np.array([1, 0, 1])) == 0.5


@pytest.mark.parametrize("classes", [2, 3, 6])
def test_the_largest_chance_of_a_mix_is_about_right(classes: int) -> None:
    square = 4 * 0.2**2 * 100 * 180 / 280
    expected = stats.chi2.sf(square, classes - 1)
    assert proportions.approximate_mix_p_value(0.2, 100, 180, classes) == pytest.approx(
        expected, rel=0.2
    )


def test_what_is_needed_is_the_fewest_that_tell() -> None:
    number = proportions.smallest(lambda count: quantiles.p_value(0.2, count, 180), 0.01)
    assert number == 85
    assert quantiles.p_value(0.2, 85, 180) <= 0.01 < quantiles.p_value(0.2, 84, 180)
    assert proportions.smallest(lambda count: quantiles.p_value(0.2, count, 50), 0.01) is None
    assert proportions.smallest(lambda _: 0.0, 0.01) == 1
