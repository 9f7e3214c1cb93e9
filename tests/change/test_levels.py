"""Levels looking back: what is found of made steps, their intervals, short series, the table."""

import numpy as np
import pytest
from change.watched import FROM, ILL, watched
from scipy import stats

from explorer.change.levels import NOISE, PENALTIES, levels_of
from explorer.change.levels_table import COLUMNS, levels_table
from explorer.change.series import series_of
from explorer.errors import UserError


def test_a_step_is_two_levels_with_the_intervals_of_a_pooled_t_test():
    rng = np.random.default_rng(1)
    values = np.append(10 + rng.normal(size=20), 16 + rng.normal(size=15))
    first, second = levels_of(values)
    assert (first.first, first.last, second.first, second.last) == (0, 19, 20, 34)
    assert first.change is None and first.n == 20 and second.n == 15
    assert second.mean.value == pytest.approx(values[20:].mean())
    theirs = stats.ttest_ind(values[20:], values[:20]).confidence_interval(0.95)
    assert second.change.value == pytest.approx(values[20:].mean() - values[:20].mean())
    assert (second.change.low, second.change.high) == pytest.approx((theirs.low, theirs.high))
    assert second.mean.low < second.mean.value < second.mean.high


@pytest.mark.parametrize("seed", range(6))
def test_the_levels_part_the_series_and_more_are_asked_for_by_a_smaller_penalty(seed):
    values = np.cumsum(np.random.default_rng(seed).normal(size=60))
    found = {amount: levels_of(values, amount) for amount in ("few", "usual", "many")}
    for levels in found.values():
        assert [one.first for one in levels] == [0, *(one.last + 1 for one in levels[:-1])]
        assert levels[-1].last == 59 and sum(one.n for one in levels) == 60
    assert len(found["few"]) <= len(found["usual"]) <= len(found["many"])
    assert len(found["many"]) > 1, "a walk has levels"


def test_a_constant_series_has_one_level_and_a_short_one_none():
    (only,) = levels_of(np.full(12, 3.0))
    assert (only.mean.value, only.mean.low, only.mean.high) == (3.0, 3.0, 3.0)
    assert levels_of(np.array([1.0, 2.0, 9.0])) == ()


def test_a_long_series_is_searched_in_no_time():
    values = np.random.default_rng(0).normal(size=5_000)
    values[2_000:] += 5
    assert [one.first for one in levels_of(values)] == [0, 2_000]


@pytest.mark.parametrize("amount", sorted(PENALTIES))
@pytest.mark.slow
def test_what_is_told_of_noise_is_what_noise_shows(amount):
    for told, n, alike in zip(NOISE[amount], (12, 40, 40), (0.0, 0.0, 0.3), strict=True):
        shown = 0
        for seed in range(150):
            rng = np.random.default_rng(10_000 + seed)
            steps = rng.normal(size=n + 30) * np.sqrt(1 - alike**2)
            values = np.zeros(n + 30)
            for place in range(1, n + 30):
                values[place] = alike * values[place - 1] + steps[place]
            shown += len(levels_of(values[30:], amount)) > 1
        # 2.6 standard errors of both simulations
        spread = np.sqrt(max(told / 100, 0.02) * (1 - told / 100) * (1 / 150 + 1 / 200))
        assert shown / 150 == pytest.approx(told / 100, abs=2.6 * spread)


@pytest.mark.parametrize(
    ("values", "amount", "sentence"),
    [([1, 2, 3, 4, 5.0], "some", "no amount 'some'"), ([1, 2, np.nan, 4, 5], "usual", "missing or infinite")],
)
def test_what_cannot_be_used_is_refused(values, amount, sentence):
    with pytest.raises(UserError, match=sentence):
        levels_of(np.array(values), amount)


def test_the_table_tells_when_the_ill_cow_lost_weight(herd):
    study = watched(herd).open()
    series = series_of(study, "weight")
    table = levels_table([series, series_of(study, "milk")], [ILL, "nobody"])
    assert tuple(table.columns) == COLUMNS and set(table["animal_id"]) == {ILL}
    weight = table[table["task"] == "weight"]
    own = series.only(series.animal == series.animals.index(ILL))
    assert weight["start"].tolist()[-1] == series.clock.write(own.day[FROM])
    assert weight["n"].sum() == 30 and weight["change_high"].iloc[-1] < -40 and weight["unit"].eq("kg").all()
    assert weight["change"].isna().tolist() == [True, False]
