import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.study.strata import Binning, arc_edges, arcs, bin_values, edges, quantiles, strata

ANY_NUMBER = st.floats(allow_nan=True, allow_infinity=True)
# Sixteenths: sums with whole periods are exact, so a bin may not change by rounding.
SIXTEENTHS = st.integers(-1600, 1600).map(lambda i: i / 16)
PERIODS = st.sampled_from([1.0, 7.0, 12.0, 24.0, 365.0])
TEXTS = st.lists(st.sampled_from(["winter", "summer", "unknown", "1", None]), max_size=30)


def series(values):
    return pd.Series(values, dtype=np.float64)


def labels(values, binning):
    return list(bin_values(series(values), binning))


def same_partition(one, other):
    table = pd.crosstab(np.asarray(one), np.asarray(other))
    return bool(((table > 0).sum(axis=0) == 1).all() and ((table > 0).sum(axis=1) == 1).all())


# Bins of numbers


def test_edges_are_half_open_and_the_outer_bins_take_everything():
    found = labels([-np.inf, 1.9, 2, 3.9, 4, np.inf, np.nan], edges((2, 4)))
    assert found[:6] == ["below 2", "below 2", "2 to 4", "2 to 4", "4 or more", "4 or more"]
    assert pd.isna(found[6])


def test_bins_of_numbers_are_ordered_and_keep_bins_nobody_is_in():
    binned = bin_values(series([5.0]), edges((2, 4)))
    assert binned.ordered
    assert list(binned.categories) == ["below 2", "2 to 4", "4 or more"]


@given(
    st.lists(ANY_NUMBER, max_size=30),
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6, unique=True).map(sorted),
)
def test_every_number_is_in_the_bin_that_holds_it(values, cuts):
    codes = bin_values(series(values), edges(cuts)).codes
    bounds = [-np.inf, *cuts, np.inf]
    for value, code in zip(values, codes, strict=True):
        if np.isnan(value):
            assert code == -1
        else:
            assert bounds[code] <= value
            assert value < bounds[code + 1] or value == np.inf


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200, unique=True), st.integers(1, 12))
def test_quantile_bins_without_ties_differ_in_size_by_one_at_most(values, n):
    binned = bin_values(series(values), quantiles(n))
    sizes = np.bincount(binned.codes)
    assert len(binned.categories) == len(sizes) == min(n, len(values))
    assert sizes.max() - sizes.min() <= 1


@given(st.lists(st.one_of(st.integers(0, 5).map(float), ANY_NUMBER), max_size=60), st.integers(1, 8))
def test_quantile_bins_are_never_empty_or_split_equal_values_or_lose_any(values, n):
    binned = bin_values(series(values), quantiles(n))
    here = np.isfinite(values)
    assert (binned.codes[~np.isnan(values)] >= 0).all() and (binned.codes[np.isnan(values)] == -1).all()
    assert 1 <= len(binned.categories) <= n
    if here.any():
        # Infinite values get no say in the cuts, so the finite ones alone fill every bin.
        assert set(binned.codes[here]) == set(range(len(binned.categories)))
    assert (np.diff(binned.codes[~np.isnan(values)][np.argsort(series(values).dropna())]) >= 0).all()
    for value in set(values):
        assert len(set(binned.codes[np.equal(values, value)])) <= 1


def test_heavy_ties_leave_fewer_bins_and_the_cut_goes_beside_the_run():
    binned = bin_values(series([0] * 90 + list(range(1, 11))), quantiles(4))
    assert list(binned.categories) == ["below 1", "1 or more"]
    assert np.bincount(binned.codes).tolist() == [90, 10]
    assert bin_values(series([1, 2, 2, 3]), quantiles(2)).codes.tolist() == [0, 1, 1, 1]
    assert list(bin_values(series([3.0, 3.0]), quantiles(4)).categories) == ["all values"]


def test_nothing_to_bin():
    assert list(bin_values(series([]), quantiles(3)).categories) == ["all values"]
    assert bin_values(series([np.nan]), quantiles(3)).codes.tolist() == [-1]
    assert len(bin_values(series([]), arcs(4, 24))) == 0


def test_whole_numbers_with_gaps_can_be_binned():
    binned = bin_values(pd.Series([1, None, 3], dtype="Int64"), edges((2,)))
    assert binned.codes.tolist() == [0, -1, 1]


# Labels


@pytest.mark.parametrize(
    ("cuts", "expected"),
    [
        ((2.1,), ["below 2.1", "2.1 or more"]),
        ((2.25, 30), ["below 2.25", "2.25 to 30", "30 or more"]),
        ((-0.0, 600), ["below 0", "0 to 600", "600 or more"]),
        ((2.1234567, 3.4123456), ["below 2.1", "2.1 to 3.4", "3.4 or more"]),
        ((612.3333333, 612.3366667), ["below 612.3333", "612.3333 to 612.3367", "612.3367 or more"]),
        ((1234567, 1234568), ["below 1234567", "1234567 to 1234568", "1234568 or more"]),
        ((-0.2001234567, 30.1), ["below 0", "0 to 30", "30 or more"]),
        ((1e-300, 1e300), ["below 1e-300", "1e-300 to 1e+300", "1e+300 or more"]),
    ],
)
def test_labels_are_written_with_as_many_digits_as_they_need(cuts, expected):
    assert list(bin_values(series([]), edges(cuts)).categories) == expected


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8).map(set).map(sorted))
def test_different_bins_have_different_labels(cuts):
    assert len(set(bin_values(series([]), edges(cuts)).categories)) == len(cuts) + 1


# Arcs


def test_arcs_by_hand_wrap_through_midnight():
    binned = bin_values(series([22, 23.99, 0, 24, 5.99, 6, 14, 21.99, -1, np.nan]), arc_edges((22, 6, 14), 24))
    assert list(binned.categories) == ["22 to 6", "6 to 14", "14 to 22"]
    assert binned.codes.tolist() == [0, 0, 0, 0, 0, 1, 2, 2, 0, -1]
    assert not binned.ordered


def test_equal_arcs_begin_at_start():
    binned = bin_values(series([23, 1, 3, 20.9]), arcs(4, 24, start=21))
    assert list(binned.categories) == ["21 to 3", "3 to 9", "9 to 15", "15 to 21"]
    assert binned.codes.tolist() == [0, 0, 1, 3]


def test_a_value_on_the_cut_of_an_inexact_arc_belongs_to_the_arc_beginning_there():
    assert bin_values(series([0.3, 0.7]), arcs(10, 1)).codes.tolist() == [3, 7]


def test_a_hair_before_the_turn_is_in_the_last_arc():
    assert bin_values(series([-1e-20]), arcs(4, 24)).codes.tolist() == [3]
    assert arcs(4, 24, start=-1e-20).cuts == (0.0, 6.0, 12.0, 18.0)


def test_one_arc_goes_all_round():
    assert labels([0, 23], arcs(1, 24)) == ["all round", "all round"]


@given(st.lists(SIXTEENTHS, min_size=1), PERIODS, st.integers(1, 9), SIXTEENTHS, st.data())
def test_whole_turns_never_change_the_arc(values, period, n, start, data):
    turns = data.draw(st.lists(st.integers(-1000, 1000), min_size=len(values), max_size=len(values)).map(np.array))
    binning = arcs(n, period, start)
    turned = bin_values(series(np.array(values) + turns * period), binning)
    assert turned.codes.tolist() == bin_values(series(values), binning).codes.tolist()


@given(st.lists(SIXTEENTHS, min_size=1), PERIODS, st.sampled_from([1, 2, 4, 8]), SIXTEENTHS, SIXTEENTHS)
def test_turning_start_and_values_together_gives_the_same_partition(values, period, n, start, turn):
    there = bin_values(series(np.array(values) + turn), arcs(n, period, start + turn))
    here = bin_values(series(values), arcs(n, period, start))
    assert there.codes.tolist() == here.codes.tolist()


@given(st.lists(SIXTEENTHS, min_size=1), st.sets(st.integers(0, 23), min_size=2), st.data())
def test_where_the_list_of_arcs_starts_does_not_change_the_partition(values, cuts, data):
    cuts = sorted(cuts)
    first = data.draw(st.integers(0, len(cuts) - 1))
    rolled = labels(values, arc_edges(cuts[first:] + cuts[:first], 24))
    assert rolled == labels(values, arc_edges(cuts, 24))


@given(SIXTEENTHS, st.sets(st.integers(0, 23), min_size=2).map(sorted))
def test_a_value_is_less_than_one_arc_past_where_its_arc_begins(value, cuts):
    code = bin_values(series([value]), arc_edges(cuts, 24)).codes[0]
    length = (cuts[(code + 1) % len(cuts)] - cuts[code]) % 24
    assert (value - cuts[code]) % 24 < length


# Strata


def test_strata_follow_the_order_of_the_categories_first_variable_slowest():
    season = pd.Categorical(["summer", "winter", "summer", "winter"], categories=["winter", "summer", "spring"])
    parity = pd.Series([1, 10, 2, 10], index=[9, 9, 7, 5])
    found = strata({"season": season, "parity": parity})
    assert found.codes.dtype == np.int64
    assert found.codes.tolist() == [1, 0, 2, 0]
    assert list(found.table.columns) == ["season", "parity", "n", "label"]
    assert found.table["label"].tolist() == [
        "season = winter, parity = 10",
        "season = summer, parity = 1",
        "season = summer, parity = 2",
    ]
    assert found.table["n"].tolist() == [2, 1, 1]
    assert found.table["n"].dtype == np.int64
    assert found.table["season"].tolist() == ["winter", "summer", "summer"]
    assert found.table["parity"].tolist() == ["10", "1", "2"]


def test_missing_is_a_stratum_of_its_own_and_the_last():
    found = strata({"breed": pd.Series(["x", None, "a", np.nan])})
    assert found.codes.tolist() == [1, 2, 0, 2]
    assert found.table["label"].tolist() == ["breed = a", "breed = x", "breed = unknown"]


def test_missing_is_told_from_a_category_called_unknown():
    found = strata({"breed": pd.Series(["unknown", None, "zebu", "unknown (missing)"])})
    assert found.table["breed"].tolist() == [
        "unknown",
        "unknown (missing)",
        "zebu",
        "unknown (missing) (missing)",
    ]
    assert found.codes.tolist() == [0, 3, 2, 1]


def test_categories_that_read_alike_stay_apart():
    found = strata({"pen": pd.Series([1, "1", 1], dtype=object)})
    assert found.codes.tolist() == [0, 1, 0]
    assert found.table["label"].is_unique


def test_no_variables_are_one_stratum():
    found = strata({}, size=3)
    assert found.codes.tolist() == [0, 0, 0]
    assert found.table.to_dict("records") == [{"n": 3, "label": "all"}]


def test_no_observations_are_no_strata():
    found = strata({"season": pd.Series([], dtype=object), "age": bin_values(series([]), quantiles(2))})
    assert len(found.codes) == len(found.table) == 0
    assert list(found.table.columns) == ["season", "age", "n", "label"]


@given(TEXTS, st.data())
@pytest.mark.slow
def test_every_observation_is_in_one_stratum_as_pandas_groups_them(seasons, data):
    n = len(seasons)
    same_length = {"min_size": n, "max_size": n}
    ages = data.draw(st.lists(ANY_NUMBER, **same_length))
    hours = data.draw(st.lists(st.one_of(SIXTEENTHS, st.just(np.nan)), **same_length))
    frame = pd.DataFrame(
        {
            "season": pd.Series(seasons, dtype="str"),
            "age": bin_values(series(ages), quantiles(3)),
            "hour": bin_values(series(hours), arcs(3, 24, 22)),
        }
    )
    found = strata({name: frame[name] for name in frame})
    assert len(found.codes) == n == found.table["n"].sum()
    assert set(found.codes) == set(range(len(found.table)))
    assert np.bincount(found.codes, minlength=len(found.table)).tolist() == found.table["n"].tolist()
    groups = frame.groupby(list(frame), dropna=False, observed=True, sort=True)
    # Row for row: pandas too sorts by category and puts missing last.
    assert groups.ngroup().tolist() == found.codes.tolist()
    assert groups.size().tolist() == found.table["n"].tolist()
    assert not found.table[list(frame)].duplicated().any()
    for name in frame:
        table = found.table[name].take(found.codes)
        known = frame[name].notna().to_numpy()
        assert table[known].astype(str).tolist() == frame[name][known].astype(str).tolist()
        assert table[~known].astype(str).str.startswith("unknown").all()


@given(TEXTS, st.data())
def test_the_order_of_the_observations_does_not_matter(seasons, data):
    order = data.draw(st.permutations(range(len(seasons))))
    column = pd.Series(seasons, dtype=object)
    here, there = strata({"season": column}), strata({"season": column.iloc[order]})
    assert there.codes.tolist() == here.codes[order].tolist()
    pd.testing.assert_frame_equal(there.table, here.table)


def test_many_variables_do_not_overflow():
    # 101 ** 12 does not fit an int64.
    column = pd.Series(range(100))
    found = strata({f"v{i}": column for i in range(12)})
    assert found.codes.tolist() == list(range(100))


# Refusals


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: quantiles(0), "bins must be 1 or more, not 0"),
        (lambda: edges(()), "at least one edge"),
        (lambda: edges((1, 1)), "Edges must increase .* 1, 1"),
        (lambda: edges((2, 1)), "Edges must increase"),
        (lambda: edges((1, np.inf)), "finite"),
        (lambda: edges((np.nan,)), "finite"),
        (lambda: arcs(0, 24), "arcs must be 1 or more, not 0"),
        (lambda: arcs(4, 0), "period must be a positive number"),
        (lambda: arcs(4, np.nan), "period must be a positive number"),
        (lambda: arcs(4, 24, np.inf), "finite"),
        (lambda: arc_edges((22, 14, 6), 24), "in order within one turn"),
        (lambda: arc_edges((0, 12, 24), 24), "in order within one turn"),
        (lambda: Binning("arcs", cuts=(0.0, 24.0), period=24.0), "begin in 0 to 24"),
        (lambda: Binning("arcs", cuts=(0.0,)), "period must be a positive number"),
        (lambda: bin_values(series([np.inf]), arcs(4, 24)), "no place on a circle"),
        (lambda: bin_values(pd.Series(["1"], name="age"), edges((1,))), "age holds str"),
        (lambda: strata({}), "how many observations"),
        (lambda: strata({"age": series([1.5])}), "age holds numbers with decimals: bin them first"),
        (lambda: strata({"a": pd.Series(["x"]), "b": pd.Series(["x", "y"])}), "a has 1, b has 2"),
        (lambda: strata({"a": pd.Series(["x"])}, size=2), "each of 2 observations: a has 1"),
        (lambda: strata({"n": pd.Series(["x"])}), "Rename the variable 'n'"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
