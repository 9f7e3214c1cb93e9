"""Bars that count what is there, under everybody else's filters, and filters that show what the bars counted."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.space.bins import MOST_BINS, MOST_CATEGORIES, bins_of
from explorer.space.histograms import after_bars, bars_on, count, narrows, without
from explorer.space.shown import Shown, filter_mask
from explorer.study.schema import Derive, Variable
from explorer.study.values import typed
from explorer.view import VariableFilter, View


class Made:
    """As much of a study as filters and histograms look at."""

    def __init__(self, **columns):
        """``name=(values, kind)`` or ``name=(values, kind, more of the variable)``."""
        self.variables, self._values = {}, {}
        for name, (values, kind, *more) in columns.items():
            origin = {"column": name} if not (more and "derive" in more[0]) else {}
            self.variables[name] = Variable(kind=kind, **origin, **(more[0] if more else {}))
            raw = pd.Series(values, dtype="category" if isinstance(values, pd.Categorical) else None)
            self._values[name] = typed(raw, name, self.variables[name], file="made")

    def __len__(self):
        return len(next(iter(self._values.values())))

    def values(self, name):
        return self._values[name]

    def variable(self, name):
        return self.variables[name]


def seen_of(study, view=View(), *, placed=None, selected=None):  # noqa: B008 - a view is frozen
    n = len(study)
    filtered = filter_mask(study, view.filters)
    placed = np.ones(n, dtype=bool) if placed is None else placed
    selected = np.zeros(n, dtype=bool) if selected is None else selected
    return Shown(placed, filtered, selected & filtered)


def counts_of(study, view, *names, **masks):
    bins = [bins_of(study, name) for name in names or study.variables]
    return dict(
        zip((one.variable for one in bins), count(study, view, bins, seen_of(study, view, **masks)), strict=True)
    )


def labels(bins):
    return [bar.label for bar in bins.bars]


def sizes(bins):
    return np.bincount(bins.codes, minlength=len(bins.bars)).tolist()


def numbers(values, kind="continuous", **more):
    study = Made(x=(np.asarray(values, dtype=float), kind, more))
    return study, bins_of(study, "x")


# --- bars --------------------------------------------------------------------------------------------------


def test_categories_have_a_bar_each_in_their_order_and_what_is_missing_the_last():
    study = Made(breed=(["b", None, "a", "b", "10", "9"], "nominal"))
    bins = bins_of(study, "breed")
    assert labels(bins) == ["9", "10", "a", "b", "missing"]
    assert sizes(bins) == [1, 1, 1, 2, 1]
    assert bins.codes.dtype == np.uint8
    assert bins.ends is None


def test_the_rarest_of_many_categories_share_a_bar_that_is_no_button():
    values = [f"c{number:02}" for number in range(20) for _ in range(1 + (number * 7) % 20)]
    study = Made(pen=(values, "nominal"))
    bins = bins_of(study, "pen")
    frequent = set(pd.Series(values).value_counts().index[:MOST_CATEGORIES])
    assert labels(bins) == [*sorted(frequent), "other (8 more)"]
    assert set(bins.bars[-1].values) == set(values) - frequent
    assert sum(sizes(bins)) == len(values)
    assert after_bars(study, View(), bins, 12, 12) == View()
    only_rare = VariableFilter(variable="pen", values=(bins.bars[-1].values[0],))
    assert bars_on(bins, only_rare) == [False] * 12 + [True]


def test_an_order_of_words_is_kept_with_what_was_never_seen():
    order = {"order": ("thin", "good", "fat", "unseen")}
    bins = bins_of(Made(c=(["fat", "thin", "fat", "good"], "ordinal", order)), "c")
    assert labels(bins) == ["thin", "good", "fat", "unseen"]
    assert sizes(bins) == [1, 1, 2, 0]


def test_few_whole_numbers_have_a_bar_each_and_the_steps_between_them_too():
    _, bins = numbers([1, 2, 2, 5, np.nan])
    assert labels(bins) == ["1", "2", "3", "4", "5", "missing"]
    assert sizes(bins) == [1, 2, 0, 0, 1, 1]
    assert bins.ends == ("1", "5")


def test_scores_in_quarters_have_a_bar_each():
    _, bins = numbers([2.0, 2.25, 3.0, 2.5], "ordinal")
    assert labels(bins) == ["2", "2.25", "2.5", "2.75", "3"]


def test_few_numbers_far_apart_are_not_filled_up():
    _, bins = numbers([0, 1, 10_000, 1e12])
    assert labels(bins) == ["0", "1", "10,000", "1,000,000,000,000"]


def test_huge_whole_numbers_stay_apart():
    values = [2.0**53 - 2, 2.0**53 - 1, 2.0**53, -(2.0**53)]
    study, bins = numbers(values)
    assert sorted(sizes(bins)) == [1, 1, 1, 1]
    assert len(set(labels(bins))) == 4
    for place in range(4):
        passing = filter_mask(study, after_bars(study, View(), bins, place, place).filters)
        assert passing.tolist() == (bins.codes == place).tolist()


@pytest.mark.parametrize("scale", [1e-12, 0.037, 1.0, 12.0, 1e9])
def test_measured_numbers_stand_between_round_edges_that_hold_them_all(scale):
    values = np.random.default_rng(0).uniform(3, 11, 3_000) * scale
    _, bins = numbers(values)
    low, high = np.array([bar.low for bar in bins.bars]), np.array([bar.high for bar in bins.bars])
    assert 8 <= len(bins.bars) <= MOST_BINS
    assert low[0] <= values.min()
    assert high[-1] >= values.max()
    steps = np.diff(low)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-9)
    leading = f"{steps[0]:.6e}".split("e")[0]
    assert float(leading) in (1, 2, 2.5, 5)
    assert all(len(label) < 48 for label in labels(bins))


def test_decimal_edges_are_the_decimals_they_say():
    values = np.round(np.random.default_rng(1).uniform(0, 2, 4_000), 1)
    _, bins = numbers(np.append(values, np.arange(30) / 17))
    assert "0.3 to under 0.4" in labels(bins)
    bar = labels(bins).index("0.3 to under 0.4")
    assert (bins.codes[: len(values)][values == 0.3] == bar).all()


@pytest.mark.parametrize(("grain", "highest"), [(1.0, 49), (0.125, 4.5), (0.1, 4.1), (0.5, 60)])
def test_every_bar_has_room_for_as_many_of_the_values_there_can_be(grain, highest):
    """Whole days in bars of two and a half days would make a comb."""
    values = np.arange(0, round(highest / grain)) * grain
    _, bins = numbers(np.tile(values, 3), "ordinal" if grain < 1 else "continuous")
    assert len(bins.bars) > 5
    assert len(set(sizes(bins)[:-1])) == 1


@pytest.mark.parametrize("grain", [1 / 336, 7.0])
def test_a_grain_that_no_round_number_fits_does_not_take_the_bars_away(grain):
    _, bins = numbers(np.arange(50) * grain)
    assert len(bins.bars) > 10


def test_a_short_upper_bound_does_not_reach_the_next_bar():
    values = np.concatenate([np.random.default_rng(6).uniform(0, 12, 500), [1.999999], np.full(50, 2.0)])
    study, bins = numbers(values)
    place = int(bins.codes[500])
    assert bins.codes[501] == place + 1
    passing = filter_mask(study, after_bars(study, View(), bins, place, place).filters)
    assert passing.tolist() == (bins.codes == place).tolist()


def test_whole_numbers_in_bins_are_named_as_whole_numbers():
    _, bins = numbers(np.arange(100))
    assert labels(bins)[0] == "0 to 4"
    assert labels(bins)[-1] in ("95 to 99", "95 to 100")


def test_a_few_far_away_have_bars_of_their_own():
    values = np.append(np.random.default_rng(2).normal(600, 40, 5_000), [6_500, 65_000, -3])
    study, bins = numbers(values)
    said = labels(bins)
    assert said[0].startswith("below ")
    assert said[-1].endswith(" and above")
    assert sizes(bins)[-1] < 60
    assert max(sizes(bins)) < 1_000
    assert len(said) <= MOST_BINS
    passing = filter_mask(study, after_bars(study, View(), bins, len(said) - 1, len(said) - 1).filters)
    assert passing.sum() == sizes(bins)[-1]
    assert passing[[-2, -3]].all()


@pytest.mark.parametrize(("values", "said"), [([7.3] * 9, ["7.3"]), ([np.nan] * 5, ["missing"]), ([], [])])
def test_constant_or_all_missing_or_nothing(values, said):
    study, bins = numbers(values)
    assert labels(bins) == said
    assert counts_of(study, View())["x"].passing.sum() == len(values)


def test_all_missing_categories():
    study = Made(breed=(pd.Categorical([None, None], categories=["a"]), "nominal"))
    bins = bins_of(study, "breed")
    assert labels(bins) == ["missing"]
    assert sizes(bins) == [2]


def test_a_cycle_has_bars_over_the_whole_of_it():
    _, bins = numbers([0, 5.5, 5.7], "cyclic", period=24)
    assert len(bins.bars) == 24
    assert bins.ends == ("0", "24")
    assert sizes(bins)[5] == 2
    rule = {"derive": Derive.model_validate({"from": "when", "as": "month"})}
    months = bins_of(Made(m=(np.array([0.2, 11.99]), "cyclic", rule)), "m")
    assert labels(months)[0] == "Jan"
    assert labels(months)[-1] == "Dec"
    assert sizes(months)[0] == sizes(months)[-1] == 1


# --- a click shows what the bar counted --------------------------------------------------------------------

_FLOATS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-100, 100).map(lambda x: round(x, 1)),
    st.integers(-30, 30).map(float),
    st.just(np.nan),
)
_WORDS = st.sampled_from(["a", "b", "c", *(f"w{number}" for number in range(15)), None])


@st.composite
def columns(draw):
    size = draw(st.integers(1, 60))
    kind = draw(st.sampled_from(["continuous", "ordinal", "cyclic", "nominal"]))
    if kind == "nominal":
        return Made(x=(draw(st.lists(_WORDS, min_size=size, max_size=size)), kind))
    more = {"period": draw(st.sampled_from([12.0, 24.0, 360.0, 0.7]))} if kind == "cyclic" else {}
    values = draw(st.lists(_FLOATS, min_size=size, max_size=size))
    return Made(x=(np.array(values), kind, more))


@given(columns())
@pytest.mark.slow
def test_a_click_on_a_bar_shows_as_many_as_it_counts(study):
    bins = bins_of(study, "x")
    assert sum(sizes(bins)) == len(study)
    for place, bar in enumerate(bins.bars):
        if not bar.clickable or (bar.missing and not bins.by_category):
            continue
        after = after_bars(study, View(), bins, place, place)
        passing = filter_mask(study, after.filters)
        np.testing.assert_array_equal(passing, bins.codes == place)
        if after.filters:  # else it is the only bar
            assert [on for on, size in zip(bars_on(bins, after.filters[0]), sizes(bins), strict=True) if size].count(
                True
            ) == (sizes(bins)[place] > 0)
            assert after_bars(study, after, bins, place, place) == View()


@given(columns(), st.data())
@pytest.mark.slow
def test_a_pull_over_bars_shows_as_many_as_they_count_together(study, data):
    bins = bins_of(study, "x")
    standing = sum(not bar.missing for bar in bins.bars)
    if bins.by_category or not standing:
        return
    first, last = (data.draw(st.integers(0, standing - 1)) for _ in range(2))
    after = after_bars(study, View(), bins, first, last)
    if first <= last:
        expected = (bins.codes >= first) & (bins.codes <= last)
    elif bins.cyclic:
        expected = ((bins.codes >= first) | (bins.codes <= last)) & (bins.codes < standing)
    else:
        expected = (bins.codes >= last) & (bins.codes <= first)
    np.testing.assert_array_equal(filter_mask(study, after.filters), expected)
    assert without(after, "x") == View()


def test_a_click_with_shift_makes_the_range_longer():
    study, bins = numbers(np.arange(10))
    view = after_bars(study, View(), bins, 3, 3)
    view = after_bars(study, view, bins, 5, 5, add=True)
    assert (view.filters[0].low, view.filters[0].high) == (3, 5)
    view = after_bars(study, view, bins, 1, 1, add=True)
    assert (view.filters[0].low, view.filters[0].high) == (1, 5)


def test_the_missing_among_numbers_go_and_come_back_like_in_the_legend():
    study, bins = numbers([1, 2, np.nan, 3])
    without_gaps = after_bars(study, View(), bins, 3, 3)
    assert filter_mask(study, without_gaps.filters).tolist() == [True, True, False, True]
    assert bars_on(bins, without_gaps.filters[0]) == [True, True, True, False]
    assert narrows(bins, without_gaps.filters[0])
    assert after_bars(study, without_gaps, bins, 3, 3) == View()
    both = after_bars(study, after_bars(study, View(), bins, 0, 0), bins, 3, 3)
    assert filter_mask(study, both.filters).tolist() == [True, False, True, False]


def test_the_missing_among_categories_are_one_more_category():
    study = Made(breed=(["a", None, "b"], "nominal"))
    bins = bins_of(study, "breed")
    view = after_bars(study, View(), bins, 2, 2)
    assert filter_mask(study, view.filters).tolist() == [False, True, False]
    view = after_bars(study, view, bins, 0, 0, add=True)
    assert filter_mask(study, view.filters).tolist() == [True, True, False]


def test_a_filter_with_nothing_chosen_yet_does_not_narrow():
    _, bins = numbers([1, 2, np.nan, 3])
    assert not narrows(bins, None)
    assert not narrows(bins, VariableFilter(variable="x", missing=True))
    assert narrows(bins, VariableFilter(variable="x", low=0.5, high=9, missing=True))


@pytest.mark.parametrize("place", [-1, 4, 99])
def test_a_bar_that_is_not_there_changes_nothing(place):
    study, bins = numbers([1, 2, np.nan, 3])
    assert after_bars(study, View(), bins, place, place) == View()
    assert after_bars(study, View(), bins, 0, place) == View()


# --- counts ------------------------------------------------------------------------------------------------


@cache
def herd_of(n=4_000):
    rng = np.random.default_rng(3)
    weight = rng.normal(600, 50, n)
    weight[rng.random(n) < 0.1] = np.nan
    breed = np.array(["Angus", "Jersey", "Holstein", None], dtype=object)[rng.integers(0, 4, n)]
    return Made(
        breed=(breed, "nominal"),
        parity=(rng.integers(1, 7, n).astype(float), "ordinal"),
        weight=(weight, "continuous"),
        month=(rng.uniform(0, 12, n), "cyclic", {"period": 12.0}),
    )


FILTERS = {
    "breed": VariableFilter(variable="breed", values=("Jersey",), missing=True),
    "parity": VariableFilter(variable="parity", low=2, high=4),
    "weight": VariableFilter(variable="weight", low=560, missing=True),
    "month": VariableFilter(variable="month", low=10.5, high=2),
}


def passes(frame, name):
    """By pandas alone."""
    column = frame[name]
    return {
        "breed": lambda: column.isin(["Jersey"]) | column.isna(),
        "parity": lambda: column.between(2, 4),
        "weight": lambda: (column >= 560) | column.isna(),
        "month": lambda: (column >= 10.5) | (column <= 2),
    }[name]()


@pytest.mark.parametrize(
    "filtered", [(), ("breed",), ("month",), ("breed", "weight"), ("breed", "parity", "weight", "month")]
)
def test_counts_are_those_of_a_crosstab_under_the_filters_of_the_others(filtered):
    study = herd_of()
    rng = np.random.default_rng(4)
    placed, picked = rng.random(len(study)) < 0.9, rng.random(len(study)) < 0.2
    view = View(filters=tuple(FILTERS[name] for name in filtered))
    found = counts_of(study, view, placed=placed, selected=picked)
    frame = pd.DataFrame({name: study.values(name) for name in study.variables})
    everything = np.logical_and.reduce([np.ones(len(frame), dtype=bool), *(passes(frame, name) for name in filtered)])
    for name, counts in found.items():
        bins = bins_of(study, name)
        others = [passes(frame, other) for other in filtered if other != name]
        passing = np.logical_and.reduce([placed, *others])
        selected = placed & everything & picked
        for row, count_ in ((placed, counts.placed), (passing, counts.passing), (selected, counts.selected)):
            table = pd.crosstab(pd.Series(bins.codes), pd.Series(row)).reindex(range(len(bins.bars)), fill_value=0)
            assert count_.tolist() == table.get(True, pd.Series(0, index=table.index)).tolist()
        assert counts.selected.sum() == selected.sum()


def test_a_filter_leaves_its_own_bars_and_empties_the_others():
    study = herd_of()
    bins = bins_of(study, "breed")
    before = counts_of(study, View())
    view = after_bars(study, View(), bins, 0, 0)
    after = counts_of(study, view)
    np.testing.assert_array_equal(after["breed"].passing, before["breed"].passing)
    for name in ("parity", "weight", "month"):
        assert after[name].passing.sum() == before["breed"].passing[0]
        np.testing.assert_array_equal(after[name].placed, before[name].placed)
