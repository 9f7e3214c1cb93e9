"""What a sweep says of its figures: intervals, what differs beyond the spread between seeds, sentences."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t, ttest_rel

from explorer.learning.sweep_folder import COLUMNS, Sweep, SweepFile
from explorer.learning.sweep_plan import SweepPlan
from explorer.learning.sweep_tables import NAMES, least_difference, said, shown, summary, t_interval


def test_intervals_are_those_of_student():
    found = t_interval([0.2, 0.5, 0.3, np.nan])
    mean, sd = np.mean([0.2, 0.5, 0.3]), np.std([0.2, 0.5, 0.3], ddof=1)
    assert (found.low, found.high) == pytest.approx(t.interval(0.95, 2, mean, sd / np.sqrt(3)))
    assert t_interval([0.4]).value == 0.4 and np.isnan(t_interval([0.4]).low)
    assert np.isnan(t_interval([]).value)


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    held = [found.low <= 1.0 <= found.high for found in (t_interval(rng.normal(1, 2, 3)) for _ in range(2_000))]
    assert 0.935 < np.mean(held) < 0.965


@pytest.mark.parametrize("seed", range(5))
def test_two_values_differ_just_when_the_paired_t_test_says_so(seed):
    values = np.random.default_rng(seed).normal(size=(2, 4)) + np.array([[0.0], [1.5]])
    differ = abs(values[0].mean() - values[1].mean())
    critical = t.ppf(0.975, 3) * (values[0] - values[1]).std(ddof=1) / 2
    assert least_difference(values) == pytest.approx(critical, rel=1e-4)
    assert (differ > least_difference(values)) == (ttest_rel(values[0], values[1]).pvalue < 0.05)


def test_what_seeds_have_in_common_is_no_noise_and_one_seed_says_nothing():
    values = np.random.default_rng(0).normal(size=(4, 3))
    assert least_difference(values + np.array([10.0, -5.0, 3.0])) == pytest.approx(least_difference(values))
    assert np.isnan(least_difference(values[:, :1]))


def test_equal_values_are_rarely_called_different():
    rng = np.random.default_rng(0)
    noise = [rng.normal(size=(6, 3)) + rng.normal(size=3) for _ in range(400)]
    wrong = [np.ptp(values.mean(axis=1)) > least_difference(values) for values in noise]
    assert np.mean(wrong) < 0.08


def made(best=None, seeds=3, drop=0):
    """A sweep with figures that are given: noise between values, ``best`` far above the others."""
    of = SweepPlan(
        over="matches", values=(2, 3, 4), methods=("opml",), seeds=seeds, tasks=("a", "b", "c", "d"), matches=3
    )
    rng = np.random.default_rng(1)
    rows = [
        dict.fromkeys(COLUMNS, 0)
        | {"method": cell.method, "n": cell.value, "alpha": np.nan if cell.value is None else 45.0, "seed": cell.seed}
        | {name: 0.5 + 0.01 * rng.random() + 0.3 * (cell.value == best) for name in NAMES}
        for cell in of.cells()
    ]
    table = pd.DataFrame(rows[: len(rows) - drop], columns=list(COLUMNS)).astype(COLUMNS)
    return Sweep(None, SweepFile(plan=of, study="s", data_hash="h", encoder={}), table)


def test_sentences_say_what_differs_and_what_does_not():
    assert sum("no n is better than the others beyond the spread between seeds" in one for one in said(made())) == 3
    winner = list(said(made(best=3)))
    assert sum("n = 3 is highest, beyond the spread between seeds above all others" in one for one in winner) == 3
    assert any(one.startswith("OPML less the untrained network") for one in winner)
    (alone,) = said(made(seeds=1))
    assert alone.startswith("Fewer than two seeds are finished")
    unfinished = list(said(made(best=3, drop=1)))
    assert unfinished[0] == "11 of 12 runs are finished." and any("2 seeds" in one for one in unfinished)


def test_the_summary_is_one_row_for_each_value():
    sweep = made()
    means = summary(sweep)
    assert len(means) == 4 and means["seeds"].tolist() == [3] * 4
    cells = sweep.table[(sweep.table["n"] == 3).fillna(False)]["map_at_r"]
    row = means[(means["n"] == 3).fillna(False)].iloc[0]
    assert row["map_at_r"] == pytest.approx(cells.mean())
    assert row["map_at_r_high"] - row["map_at_r"] == pytest.approx(t.ppf(0.975, 2) * cells.std() / np.sqrt(3))
    assert shown(means)["mAP@R"].str.fullmatch(r"\d\d\.\d ± \d\.\d %").all()
