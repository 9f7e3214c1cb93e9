from fractions import Fraction
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.study.labels import fill_nearest, gradients, inherit

ANIMALS = st.sampled_from(["a", "b", "c", None])
# Whole times on a short range: repeats and ties are common, and arithmetic is exact.
TIMES = st.one_of(st.integers(-12, 12).map(float), st.just(np.nan))
VALUES = st.one_of(st.sampled_from([1.0, 2.25, 3.1, 0.1, -4.7]), st.just(np.nan))
OBSERVATIONS = st.lists(st.tuples(ANIMALS, TIMES), max_size=15)
SCORES = st.lists(st.tuples(ANIMALS, TIMES, VALUES), max_size=15)
GAPS = st.one_of(st.none(), st.integers(0, 10).map(float))


def columns(rows, width):
    """Rows as one array per column, animals as objects."""
    animals = np.array([row[0] for row in rows], dtype=object)
    return [animals, *(np.array([row[i] for row in rows], dtype=np.float64) for i in range(1, width))]


def fill(observations, scores, **options):
    return fill_nearest(*columns(observations, 2), *columns(scores, 3), **options)


def scored_dates(scores):
    """{animal: {time: [(row, value), ...]}} of the complete scores."""
    dates = {}
    for row, (animal, time, value) in enumerate(scores):
        if animal is not None and not np.isnan(time) and not np.isnan(value):
            dates.setdefault(animal, {}).setdefault(time, []).append((row, value))
    return dates


def mean(repeats):
    return float(sum(Fraction(value) for _, value in repeats) / len(repeats))


def plain_fill(observations, scores, max_gap=None):
    """The rule as written, one observation at a time."""
    dates = scored_dates(scores)
    filled = []
    for animal, time in observations:
        best = None
        for at, repeats in sorted(dates.get(animal, {}).items()):
            gap = abs(time - at)
            if (max_gap is None or gap <= max_gap) and (best is None or gap < abs(time - best[0])):
                best = at, repeats
        if best is None or np.isnan(time):
            filled.append((np.nan, False, np.nan, -1))
        else:
            filled.append((mean(best[1]), best[0] == time, time - best[0], best[1][0][0]))
    return filled


def plain_gradients(scores):
    forward, backward = np.full(len(scores), np.nan), np.full(len(scores), np.nan)
    for dates in scored_dates(scores).values():
        ordered = sorted(dates)
        for earlier, later in pairwise(ordered):
            slope = (mean(dates[later]) - mean(dates[earlier])) / (later - earlier)
            forward[[row for row, _ in dates[earlier]]] = slope
            backward[[row for row, _ in dates[later]]] = slope
    return forward, backward


def same(one, other):
    for name in ("values", "observed", "age", "source"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def test_nearest_tie_exact_and_missing_by_hand():
    filled = fill_nearest(
        ["a", "a", "a", "a", "b", None, "a"],
        [0.0, 5.0, 6.0, 10.0, 5.0, 5.0, np.nan],
        ["a", "a"],
        [10.0, 0.0],
        [4.0, 3.0],
    )
    np.testing.assert_array_equal(filled.values, [3.0, 3.0, 4.0, 4.0, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(filled.age, [0.0, 5.0, -4.0, 0.0, np.nan, np.nan, np.nan])
    assert filled.observed.tolist() == [True, False, False, True, False, False, False]
    assert filled.source.tolist() == [1, 1, 0, 0, -1, -1, -1]


def test_result_dtypes():
    filled = fill_nearest(["a"], [0.0], ["a"], [0.0], [1])
    assert [filled.values.dtype, filled.observed.dtype, filled.age.dtype, filled.source.dtype] == [
        np.float64,
        np.bool_,
        np.float64,
        np.int64,
    ]


def test_several_observers_count_as_their_mean_and_incomplete_scores_are_ignored():
    filled = fill_nearest(
        ["a", "a"],
        [1.0, 9.0],
        ["a", "a", "a", "a", None, "a"],
        [1.0, 1.0, 1.0, 9.0, 9.0, np.nan],
        [np.nan, 2.0, 3.0, np.nan, 7.0, 8.0],
    )
    assert filled.values.tolist() == [2.5, 2.5]
    assert filled.source.tolist() == [1, 1]
    assert filled.observed.tolist() == [True, False]


def test_the_mean_of_equal_scores_is_that_score():
    # 0.1 + 0.1 + 0.1 divided by 3 is not 0.1 in float64.
    assert fill_nearest(["a"], [0.0], ["a"] * 3, [0.0] * 3, [0.1] * 3).values.tolist() == [0.1]


def test_max_gap_is_inclusive_in_days_and_in_the_unit_of_numbers():
    captured = np.array(["2024-03-08", "2024-03-08T00:00:01"], dtype="M8[s]")
    scored = np.array(["2024-03-01"], dtype="M8[D]")
    filled = fill_nearest(["a", "a"], captured, ["a"], scored, [3.0], max_gap=7)
    np.testing.assert_array_equal(filled.values, [3.0, np.nan])
    np.testing.assert_array_equal(filled.source, [0, -1])
    np.testing.assert_array_equal(filled.age, [7.0, np.nan])
    filled = fill_nearest(["a", "a"], [7.0, 7.5], ["a"], [0.0], [3.0], max_gap=7)
    np.testing.assert_array_equal(filled.values, [3.0, np.nan])


@given(OBSERVATIONS, SCORES, GAPS)
def test_fill_agrees_with_plain_loops(observations, scores, max_gap):
    filled = fill(observations, scores, max_gap=max_gap)
    expected = plain_fill(observations, scores, max_gap)
    np.testing.assert_allclose(filled.values, [row[0] for row in expected], rtol=1e-14)
    np.testing.assert_array_equal(filled.observed, [row[1] for row in expected])
    np.testing.assert_array_equal(filled.age, [row[2] for row in expected])
    np.testing.assert_array_equal(filled.source, [row[3] for row in expected])


@given(SCORES)
def test_gradients_agree_with_plain_loops(scores):
    result = gradients(*columns(scores, 3))
    forward, backward = plain_gradients(scores)
    np.testing.assert_allclose(result.forward, forward, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(result.backward, backward, rtol=1e-12, atol=1e-14)


@given(OBSERVATIONS, SCORES, GAPS)
def test_values_are_the_animals_own_and_within_the_gap(observations, scores, max_gap):
    filled = fill(observations, scores, max_gap=max_gap)
    dates = scored_dates(scores)
    for (animal, time), value in zip(observations, filled.values, strict=True):
        if not np.isnan(value):
            assert np.isclose([mean(repeats) for repeats in dates[animal].values()], value, rtol=1e-14).any()
        else:
            assert max_gap is not None or animal not in dates or np.isnan(time)
    if max_gap is not None:
        assert (np.abs(filled.age[filled.source >= 0]) <= max_gap).all()


@given(OBSERVATIONS, SCORES, st.integers(0, 10), st.integers(0, 10))
def test_a_wider_gap_loses_and_changes_nothing(observations, scores, gap, more):
    narrow = fill(observations, scores, max_gap=gap)
    wide = fill(observations, scores, max_gap=gap + more)
    kept = narrow.source >= 0
    np.testing.assert_array_equal(narrow.values[kept], wide.values[kept])
    np.testing.assert_array_equal(narrow.source[kept], wide.source[kept])


@given(OBSERVATIONS, SCORES, GAPS, st.data())
def test_the_order_of_the_rows_does_not_matter(observations, scores, max_gap, data):
    order = data.draw(st.permutations(range(len(observations))))
    score_order = data.draw(st.permutations(range(len(scores))))
    filled = fill(observations, scores, max_gap=max_gap)
    moved_scores = [scores[i] for i in score_order]
    moved = fill([observations[i] for i in order], moved_scores, max_gap=max_gap)
    np.testing.assert_array_equal(moved.values, filled.values[order])
    np.testing.assert_array_equal(moved.observed, filled.observed[order])
    np.testing.assert_array_equal(moved.age, filled.age[order])
    # The source may be another row of the same date, with the same gradients.
    before, after = gradients(*columns(scores, 3)), gradients(*columns(moved_scores, 3))
    for name in ("forward", "backward"):
        inherited = inherit(getattr(before, name), filled.source)
        np.testing.assert_array_equal(inherit(getattr(after, name), moved.source), inherited[order])


@given(OBSERVATIONS, SCORES, GAPS, st.integers(-1000, 1000))
def test_moving_all_times_changes_nothing(observations, scores, max_gap, shift):
    later = [(animal, time + shift) for animal, time in observations]
    later_scores = [(animal, time + shift, value) for animal, time, value in scores]
    same(fill(later, later_scores, max_gap=max_gap), fill(observations, scores, max_gap=max_gap))
    one, other = gradients(*columns(later_scores, 3)), gradients(*columns(scores, 3))
    np.testing.assert_array_equal(one.forward, other.forward)


@given(
    OBSERVATIONS,
    SCORES,
    GAPS,
    st.sampled_from(["D", "h", "s", "ms", "us", "ns"]),
    st.sampled_from(["D", "s", "ns"]),
)
def test_datetimes_of_any_unit_agree_with_days_as_numbers(observations, scores, max_gap, unit, score_unit):
    def dated(days, unit):
        stamps = np.array(["NaT" if np.isnan(day) else int(day) for day in days], dtype="m8[D]")
        return (np.datetime64("2024-02-20", "D") + stamps).astype(f"M8[{unit}]")

    animals, times = columns(observations, 2)
    score_animals, score_times, values = columns(scores, 3)
    dates = fill_nearest(
        animals,
        dated(times, unit),
        score_animals,
        dated(score_times, score_unit),
        values,
        max_gap=max_gap,
    )
    same(dates, fill(observations, scores, max_gap=max_gap))
    by_date = gradients(score_animals, dated(score_times, score_unit), values)
    by_number = gradients(score_animals, score_times, values)
    np.testing.assert_array_equal(by_date.forward, by_number.forward)
    np.testing.assert_array_equal(by_date.backward, by_number.backward)


@given(st.floats(-5, 5), st.floats(-5, 5), st.lists(st.integers(-500, 500), min_size=2, unique=True))
def test_linear_scores_have_their_slope_as_both_gradients(slope, start, times):
    times = np.array(times, dtype=np.float64)
    result = gradients(["a"] * len(times), times, start + slope * times)
    first, last = times.argmin(), times.argmax()
    assert np.isnan(result.backward[first]) and np.isnan(result.forward[last])
    np.testing.assert_allclose(np.delete(result.forward, last), slope, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(np.delete(result.backward, first), slope, rtol=1e-9, atol=1e-9)


def test_gradients_are_per_day_and_repeats_share_theirs():
    scored = np.array(["2024-01-01", "2024-01-01", "2024-01-22", "2024-01-22", "NaT"], dtype="M8[ms]")
    result = gradients(["a", "a", "a", "b", "a"], scored, [2.0, 3.0, 4.6, 9.0, 1.0])
    np.testing.assert_allclose(result.forward, [0.1, 0.1, np.nan, np.nan, np.nan])
    np.testing.assert_allclose(result.backward, [np.nan, np.nan, 0.1, np.nan, np.nan])


def test_an_observation_inherits_the_gradient_of_the_score_it_was_filled_from():
    inherited = inherit([0.5, np.nan, 0.25], np.array([2, -1, 0, 1]))
    np.testing.assert_array_equal(inherited, [0.25, np.nan, 0.5, np.nan])
    np.testing.assert_array_equal(inherit([], [-1, -1]), [np.nan, np.nan])


@pytest.mark.parametrize("source", [[3], [-2], [0.0], [[0]]])
def test_inherit_refuses_rows_that_are_not_there(source):
    with pytest.raises(ValueError, match="source"):
        inherit([1.0, 2.0, 3.0], source)


def test_nanoseconds_centuries_apart_do_not_wrap():
    captured = np.array(["2250-01-01"], dtype="M8[ns]")
    scored = np.array(["1700-01-01", "2249-12-31"], dtype="M8[ns]")
    filled = fill_nearest(["a"], captured, ["a", "a"], scored, [1.0, 2.0])
    assert filled.values.tolist() == [2.0] and filled.age.tolist() == [1.0]
    filled = fill_nearest(["a"], captured, ["a"], scored[:1], [1.0])
    days = np.datetime64("2250-01-01", "D") - np.datetime64("1700-01-01", "D")
    assert filled.age.tolist() == [days.astype(np.int64)]


def test_animals_may_be_numbers_text_or_categories_and_long_tags_keep_their_digits():
    tags = [9007199254740993, 9007199254740992]
    filled = fill_nearest(tags, [0.0, 0.0], np.array([tags[1], np.nan]), [0.0, 0.0], [1.0, 2.0])
    np.testing.assert_array_equal(filled.values, [np.nan, 1.0])
    filled = fill_nearest(pd.Series([1, 2]), [0.0, 0.0], pd.Series([2.0, np.nan]), [0.0, 0.0], [1.0, 2.0])
    np.testing.assert_array_equal(filled.values, [np.nan, 1.0])
    named = pd.Categorical(["b", "a"], categories=["b", "a"])
    filled = fill_nearest(named, [0.0, 0.0], np.array(["a", "c"]), [0.0, 0.0], [1.0, 2.0])
    np.testing.assert_array_equal(filled.values, [np.nan, 1.0])
    filled = fill_nearest(["1"], [0.0], [1], [0.0], [1.0])
    assert filled.source.tolist() == [-1]


def test_nothing_to_fill_and_nothing_to_fill_from():
    captured = np.array(["2024-03-08"], dtype="M8[s]")
    assert fill_nearest(["a"], captured, [], [], []).source.tolist() == [-1]
    assert len(fill_nearest([], [], ["a"], captured, [1.0]).values) == 0
    assert len(gradients([], [], []).forward) == 0


DAY = np.array(["2024-03-08"], dtype="M8[s]")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((["a", "b"], [0.0], ["a"], [0.0], [1.0]), "animals has 2, times has 1"),
        ((["a"], [0.0], ["a"], [0.0], [1.0, 2.0]), "score_values has 2"),
        ((["a"], DAY, ["a"], [0.0], [1.0]), "all datetimes or all numbers"),
        ((["a"], [[0.0]], ["a"], [0.0], [1.0]), "times must be 1-d, not 2-d"),
        (([["a"]], [0.0], ["a"], [0.0], [1.0]), "animals must be 1-d, not 2-d"),
        ((["a"], [0.0], ["a"], [0.0], [[1.0]]), "score_values must be 1-d, not 2-d"),
        ((["a"], ["2024"], ["a"], [0.0], [1.0]), "times must hold datetimes"),
        ((["a"], pd.Series(DAY).dt.tz_localize("UTC"), ["a"], [0.0], [1.0]), "without a time zone"),
        ((["a"], DAY.astype("M8[ps]"), ["a"], DAY, [1.0]), "nanoseconds or coarser"),
        ((["a"], [np.inf], ["a"], [0.0], [1.0]), "times must be finite"),
        ((["a"], [0.0], ["a"], [0.0], ["3"]), "score_values must hold numbers"),
        ((["a"], [0.0], ["a"], [0.0], [np.inf]), "score_values must be finite"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        fill_nearest(*arguments)


@pytest.mark.parametrize("max_gap", [-1, -0.001, np.nan])
def test_a_gap_below_zero_is_refused(max_gap):
    with pytest.raises(ValueError, match="max_gap must be zero or more"):
        fill_nearest(["a"], [0.0], ["a"], [0.0], [1.0], max_gap=max_gap)


def test_a_time_that_does_not_fit_the_finer_clock_is_refused_not_wrapped():
    with pytest.raises(ValueError, match="1500-01-01"):
        fill_nearest(["a"], DAY.astype("M8[ns]"), ["a"], np.array(["1500-01-01"], dtype="M8[D]"), [1.0])
