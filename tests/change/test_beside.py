"""Gaps that are too long for a line, and bands of other animals."""

import numpy as np
import pytest
from change.watched import watched

from explorer.change.beside import BAND, FEWEST, OLDEST, band_of
from explorer.change.gaps import runs_of
from explorer.change.series import series_of


@pytest.mark.parametrize(
    ("days", "runs"),
    [
        ([], []),
        ([3], [[3]]),
        ([0, 7, 14, 21], [[0, 7, 14, 21]]),
        ([0, 7, 14, 35, 42], [[0, 7, 14, 35, 42]]),  # three times as long is not too long
        ([0, 7, 14, 36, 43], [[0, 7, 14], [36, 43]]),
        ([0, 7, 14, 100, 200, 207, 214], [[0, 7, 14], [100], [200, 207, 214]]),
    ],
)
def test_runs_end_where_a_gap_is_more_than_three_times_the_usual(days, runs):
    days = np.array(days, dtype=float)
    assert [days[run].tolist() for run in runs_of(days)] == runs


def test_a_band_is_what_a_loop_over_animals_and_days_gives(herd):
    series = series_of(watched(herd, animals=12, visits=10).open(), "weight")
    names = [*series.animals[:9], "nobody"]
    days = np.append(np.unique(series.day)[::5] - 5, series.day.max() + np.array([100, 200]))
    found = band_of(series, names, days)
    told = {}
    for day in days:
        values = []
        for name in names[:9]:
            own = series.animal == series.animals.index(name)
            past = own & (series.day <= day) & (day - series.day <= OLDEST)
            if past.any():
                values.append(series.value[past][-1])
        if len(values) >= FEWEST:
            told[day] = (*np.quantile(values, [BAND[0], 0.5, BAND[1]]), len(values))
    assert 0 < len(told) < len(days), "too early a day has no band, nor too late a one"
    np.testing.assert_allclose(found[["low", "middle", "high", "animals"]].to_numpy(), list(told.values()))
    assert found["day"].tolist() == list(told)


def test_too_few_others_give_no_band(herd):
    series = series_of(watched(herd, animals=12, visits=10).open(), "weight")
    assert band_of(series, series.animals[: FEWEST - 1], series.day).empty
    assert band_of(series, [], series.day).empty
