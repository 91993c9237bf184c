"""Figures with the digits that processors share."""

import pandas as pd

from canting.core.digits import bound, reproducible


def test_figures_from_probabilities_have_five_decimals_and_counts_all() -> None:
    here = pd.DataFrame({"scenario": ["a"], "loss": [0.1521942478], "macro_f1": [2 / 3]})
    there = here.assign(loss=[0.1521942480])
    pd.testing.assert_frame_equal(reproducible(here), reproducible(there), check_exact=True)
    assert reproducible(here).loc[0, "loss"] == 0.15219
    assert reproducible(here).loc[0, "macro_f1"] == 2 / 3


def test_a_difference_is_written_as_a_bound() -> None:
    assert [bound(value) for value in (3.7e-7, 3.9e-7, 1e-6, 0.0)] == [1e-6, 1e-6, 1e-6, 0.0]
