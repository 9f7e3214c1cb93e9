"""What the colours mean, and that they mean the same in the legend, on the map and in Plotly's drawing of it."""

import numpy as np
import pandas as pd
import pytest

from explorer.space.projections import Projection
from explorer.space.shown import Shown
from explorer.study.schema import Variable
from explorer.ui.colouring import Colouring, rgb
from explorer.ui.map.legend import UNKNOWN, painted
from explorer.ui.palette import palette
from explorer.ui.scatter import figure
from explorer.view import MapChoice, VariableFilter


def colouring(values, kind="nominal", **said):
    series = pd.Series(values)
    if kind == "nominal" and not isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype("category")
    return Colouring("task", Variable.model_validate({"column": "task", "kind": kind, **said}), series)


def words(labels, n=600, seed=0, gaps=0.1):
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.ones(len(labels)) * 2)
    values = rng.choice(np.array(labels, dtype=object), size=n, p=weights)
    values[rng.random(n) < gaps] = None
    return values


def paint(colours, *, placed=None, passing=None, chosen=None):
    n = len(colours.values)
    everywhere = np.ones(n, dtype=bool)
    return painted(
        colours,
        palette(),
        placed=everywhere if placed is None else placed,
        passing=everywhere if passing is None else passing,
        chosen=chosen,
    )


def entries(look):
    return {entry["label"]: entry for entry in look.legend["entries"]}


def colours_of_rows(look):
    """What colour each row is drawn in."""
    return [look.colours[code] for code in look.codes]


# --- categories --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3, 6, 7, 16, 17, 40, 300])
@pytest.mark.parametrize("ordered", [False, True])
def test_each_point_has_the_colour_and_shape_that_the_legend_says(count, ordered):
    labels = [f"group {i:03}" for i in range(count)]
    values = pd.Series(pd.Categorical(words(labels, n=4_000), categories=labels, ordered=ordered))
    look = paint(colouring(values, "ordinal" if ordered else "nominal"))
    said = entries(look)
    for label, code in zip(values.astype(object), look.codes, strict=True):
        name = "missing" if pd.isna(label) else label if label in said else next(one for one in said if "other" in one)
        assert look.colours[code] == rgb(said[name]["colour"])
        assert ["circle", "square", "diamond", "triangle-up", "cross", "x"][look.shapes[code]] == said[name]["shape"]


@pytest.mark.parametrize("count", [3, 8, 40])
def test_both_drawings_colour_a_point_alike(count):
    """Three dimensions are Plotly's; who turns to them must not learn the colours anew."""
    n = 500
    colours = colouring(words([f"group {i:02}" for i in range(count)], n))
    placed = np.ones(n, dtype=bool)
    projection = Projection(MapChoice(), np.zeros((n, 2), dtype=np.float32), (), ())
    seen = Shown(placed, placed, np.zeros(n, dtype=bool))
    drawn = {}
    for trace in figure(projection, seen, np.arange(n), colours, palette(), drawing="SVG").data:
        if trace.customdata is not None:
            drawn |= {int(row): rgb(trace.marker.color) for row in trace.customdata}
    assert [drawn[row] for row in range(n)] == colours_of_rows(paint(colours))


def test_entries_count_what_passes_the_other_filters_and_has_a_place():
    values = words(["a", "b", "c"])
    rng = np.random.default_rng(1)
    placed, passing = rng.random(600) < 0.9, rng.random(600) < 0.5
    frame = pd.Series(values)[placed & passing]
    chosen = VariableFilter(variable="task", values=("b",))
    for own in (None, chosen):  # the filter on the variable itself does not change what a click would show
        said = entries(paint(colouring(values), placed=placed, passing=passing, chosen=own))
        assert {label: entry["count"] for label, entry in said.items() if label != "missing"} == dict(
            frame.value_counts()
        )
        assert said["missing"]["count"] == frame.isna().sum()


def test_entries_that_are_switched_off_are_marked():
    look = paint(colouring(words(["a", "b", "c"])), chosen=VariableFilter(variable="task", values=("a", "c")))
    assert {label: entry["on"] for label, entry in entries(look).items()} == {
        "a": True,
        "b": False,
        "c": True,
        "missing": False,
    }


@pytest.mark.parametrize("kind", ["nominal", "continuous"])
def test_a_filter_changes_no_colour(kind):
    rng = np.random.default_rng(2)
    values = words([f"g{i}" for i in range(20)]) if kind == "nominal" else rng.normal(size=600)
    colours = colouring(values, kind)
    plain = paint(colours)
    chosen = (
        VariableFilter(variable="task", values=("g3",))
        if kind == "nominal"
        else VariableFilter(variable="task", low=0.0, high=0.1)
    )
    filtered = paint(colours, passing=rng.random(600) < 0.05, chosen=chosen)
    assert colours_of_rows(filtered) == colours_of_rows(plain)


def test_with_very_many_categories_the_rarest_share_one_grey_entry_that_cannot_be_clicked():
    labels = [f"g{i:02}" for i in range(40)]
    values = pd.Series(words(labels, n=3_000, gaps=0))
    look = paint(colouring(values))
    said = look.legend["entries"]
    assert len(said) == 16
    other = said[-1]
    assert (other["label"], other["value"], other["colour"]) == ("other (25 more)", None, palette().missing)
    named = [entry["value"] for entry in said[:-1]]
    assert set(named) == set(values.value_counts().index[:15])
    assert named == sorted(named)
    assert other["count"] == (~values.isin(named)).sum()
    assert len({entry["colour"] for entry in said}) == 16


def test_up_to_six_categories_differ_in_shape_too():
    """Colour alone is lost on some eyes and on every black-and-white printer."""
    for count, shapes in ((6, 6), (7, 1)):
        look = paint(colouring(words([f"g{i}" for i in range(count)], gaps=0)))
        assert len({entry["shape"] for entry in look.legend["entries"]}) == shapes


def test_categories_that_no_point_has_are_not_in_the_legend():
    values = pd.Categorical(["a", "c"] * 10, categories=["a", "b", "c"])
    assert list(entries(paint(colouring(pd.Series(values))))) == ["a", "c"]
    nowhere = np.array([False, True] * 10)
    assert list(entries(paint(colouring(pd.Series(values)), placed=nowhere))) == ["c"]


def test_where_nothing_is_known_missing_is_all_that_there_is():
    values = pd.Series(pd.Categorical([None] * 5, categories=["a"]))
    look = paint(colouring(values))
    assert list(entries(look)) == ["missing"]
    assert entries(look)["missing"]["count"] == 5
    assert colours_of_rows(look) == [rgb(palette().missing)] * 5


def test_a_category_that_is_called_missing_is_another_entry_than_the_missing():
    values = pd.Series(["missing", None, "seen"] * 4, dtype=object)
    said = paint(colouring(values)).legend["entries"]
    assert [(entry["label"], entry["value"], entry.get("missing", False)) for entry in said] == [
        ("missing", "missing", False),
        ("seen", "seen", False),
        ("missing", None, True),
    ]


# --- numbers -----------------------------------------------------------------------------------------------


def test_larger_numbers_lie_farther_up_the_scale_and_those_beyond_have_the_ends_colour():
    values = np.append(np.random.default_rng(3).normal(size=2_000), [-50, 50])
    look = paint(colouring(values, "continuous"))
    order = np.argsort(values)
    assert (np.diff(look.codes[order].astype(int)) >= 0).all()
    assert UNKNOWN not in look.codes
    painted_in = colours_of_rows(look)
    assert painted_in[-2] == rgb(look.legend["ramp"][0])
    assert painted_in[-1] == rgb(look.legend["ramp"][-1])
    assert len(set(painted_in)) > 100
    low, *_, high = look.legend["ticks"]
    assert low["label"].startswith("≤ ")
    assert high["label"].startswith("≥ ")


def test_the_colour_of_a_number_is_the_one_beside_it_on_the_scale():
    values = np.linspace(10, 20, 1_001)
    look = paint(colouring(values, "continuous"))
    low, high, ramp = look.legend["from"], look.legend["to"], [rgb(one) for one in look.legend["ramp"]]
    for value, colour in zip(values, colours_of_rows(look), strict=True):
        share = min(max((value - low) / (high - low), 0), 1) * (len(ramp) - 1)
        below, above = np.array(ramp[int(share)]), np.array(ramp[min(int(share) + 1, len(ramp) - 1)])
        expected = below + (above - below) * (share % 1)
        assert np.abs(expected - colour).max() < 6


def test_numbers_without_outliers_have_plain_ends():
    look = paint(colouring(np.repeat([1.0, 2.0, 4.0], 50), "ordinal"))
    assert [tick["label"] for tick in (look.legend["ticks"][0], look.legend["ticks"][-1])] == ["1", "4"]
    assert (look.legend["from"], look.legend["to"]) == (1, 4)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 37.0, 1e12])
def test_ticks_are_round_in_order_and_not_too_many(scale):
    values = np.random.default_rng(4).uniform(0.13, 1.1, size=500) * scale
    legend = paint(colouring(values, "continuous")).legend
    at = [tick["value"] for tick in legend["ticks"]]
    assert at == sorted(set(at))
    assert 3 <= len(at) <= 8
    assert (at[0], at[-1]) == (legend["from"], legend["to"])
    for tick in legend["ticks"][1:-1]:
        assert float(tick["label"]) == pytest.approx(tick["value"], rel=1e-9)


@pytest.mark.parametrize("values", [np.full(30, 7.0), np.append(np.full(29, 7.0), np.nan)])
def test_a_constant_column_is_one_colour_and_one_tick(values):
    look = paint(colouring(values, "continuous"))
    assert len(look.legend["ticks"]) == 1
    known = np.isfinite(values)
    assert len(set(look.codes[known])) == 1


def test_missing_numbers_are_grey_and_counted_beside_the_scale():
    values = np.random.default_rng(5).normal(size=100)
    values[::10] = np.nan
    passing = np.arange(100) < 50
    look = paint(colouring(values, "continuous"), passing=passing)
    missing = look.legend["missing"]
    assert (missing["label"], missing["count"], missing["on"]) == ("missing", 5, True)
    assert {colours_of_rows(look)[row] for row in range(0, 100, 10)} == {rgb(palette().missing)}
    assert paint(colouring(np.arange(9.0), "continuous")).legend["missing"] is None


def test_nothing_but_missing_numbers_is_still_a_legend():
    look = paint(colouring(np.full(8, np.nan), "continuous"))
    assert look.legend["missing"]["count"] == 8
    assert set(look.codes) == {UNKNOWN}


def test_a_cyclic_scale_is_the_whole_cycle_and_closes():
    look = paint(colouring([0.0, 6.0, 12.0, 23.99], "cyclic", period=24))
    assert (look.legend["from"], look.legend["to"]) == (0, 24)
    first, last = colours_of_rows(look)[0], colours_of_rows(look)[-1]
    assert np.abs(np.array(first) - last).max() < 8
    assert np.abs(np.array(first) - colours_of_rows(look)[2]).max() > 60


def test_the_part_of_the_scale_that_is_shown_is_marked():
    chosen = VariableFilter(variable="task", low=0.5)
    assert paint(colouring(np.arange(9.0), "continuous"), chosen=chosen).legend["range"] == [0.5, None]
    assert paint(colouring(np.arange(9.0), "continuous")).legend["range"] is None


def test_points_without_a_place_do_not_stretch_the_scale():
    values = np.append(np.linspace(0, 1, 50), [1e9])
    placed = np.arange(51) < 50
    assert paint(colouring(values, "continuous"), placed=placed).legend["to"] <= 1
