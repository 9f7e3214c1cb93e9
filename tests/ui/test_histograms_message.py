"""What Python says to the histograms, and what it makes of an answer."""

import json

import numpy as np
import pytest

from explorer.space.bins import bins_of
from explorer.space.histograms import count
from explorer.space.projections import project
from explorer.space.shown import shown
from explorer.ui.colouring import Colouring
from explorer.ui.histograms.acts import after
from explorer.ui.histograms.message import message
from explorer.ui.map.legend import painted
from explorer.ui.palette import palette
from explorer.view import MapChoice, Selection, Stroke, VariableFilter, View


@pytest.fixture
def study(herd):
    herd.observations.loc[[1, 4], "weight"] = np.nan
    herd.observations.loc[[2, 5], "breed"] = None
    herd.observations.loc[7, [f"p_{place}" for place in range(4)]] = np.nan  # has no place on the map
    return herd.open()


def said_of(study, view=View(), *names, colour=None):  # noqa: B008 - a view is frozen
    projection = project(study, study.embedding("features"), MapChoice())
    bins = [bins_of(study, name) for name in names or study.variables]
    seen = shown(study, view, projection)
    colours = None if colour is None else Colouring(colour, study.variable(colour), study.values(colour))
    told = message(study, view, bins, count(study, view, bins, seen), projection, colours, palette())
    return told, {plot["name"]: plot for plot in told["plots"]}


def acted(study, view, act, *names):
    return after(view, act, study=study, bins=[bins_of(study, name) for name in names or study.variables])


@pytest.mark.parametrize("colour", [None, "breed", "parity", "weight", "month", "season", "bcs"])
def test_everything_said_is_small_plain_json_with_one_entry_a_bar(study, colour):
    view = View(
        filters=(VariableFilter(variable="parity", low=2),), selection=Selection(strokes=(Stroke(ids=("o-003",)),))
    )
    told, plots = said_of(study, view, colour=colour)
    assert json.loads(json.dumps(told, allow_nan=False)) == json.loads(json.dumps(told))
    assert len(json.dumps(told)) < 16_000
    assert list(plots) == list(study.variables)
    for name, plot in plots.items():
        bars = len(bins_of(study, name).bars)
        assert {len(plot[key]) for key in ("labels", "spans", "placed", "passing", "selected", "on")} == {bars}
        assert plot["colours"] is None if name != colour else len(plot["colours"]) == bars
        assert sum(plot["placed"]) == 39
    assert told["selecting"]


def test_own_filter_is_marked_and_leaves_its_own_bars(study):
    view = View(filters=(VariableFilter(variable="breed", values=("Jersey",)),))
    _, plots = said_of(study, view)
    assert [name for name, plot in plots.items() if plot["filtered"]] == ["breed"]
    assert dict(zip(plots["breed"]["labels"], plots["breed"]["on"], strict=True)) == {
        "Holstein": False,
        "Jersey": True,
        "missing": False,
    }
    assert plots["breed"]["passing"] == plots["breed"]["placed"]
    jerseys = plots["breed"]["passing"][1]
    assert sum(plots["weight"]["passing"]) == jerseys < sum(plots["weight"]["placed"])


def test_titles_units_and_what_lies_below_the_bars(study):
    _, plots = said_of(study)
    weight = plots["weight"]
    assert (weight["title"], weight["unit"], weight["gap"]) == ("weight", "kg", True)
    assert all(float(end) % 5 == 0 for end in weight["ends"])
    assert plots["season"]["ends"] is None
    assert plots["month"]["cyclic"]
    assert not plots["parity"]["gap"]


@pytest.mark.parametrize("colour", ["breed", "season"])
def test_bars_of_categories_have_the_colours_of_the_legend(study, colour):
    projection = project(study, study.embedding("features"), MapChoice())
    colouring = Colouring(colour, study.variable(colour), study.values(colour))
    everything = np.ones(len(study), dtype=bool)
    legend = painted(colouring, palette(), placed=projection.placed, passing=everything, chosen=None).legend
    in_legend = {entry["label"]: entry["colour"] for entry in legend["entries"]}
    _, plots = said_of(study, View(), colour=colour)
    found = dict(zip(plots[colour]["labels"], plots[colour]["colours"], strict=True))
    assert {label: found[label] for label in in_legend} == in_legend


def test_bars_of_numbers_go_along_the_scale_of_the_map(study):
    _, plots = said_of(study, View(), colour="weight")
    colouring = Colouring("weight", study.variable("weight"), study.values("weight"))
    *bars, missing = plots["weight"]["colours"]
    ramp = colouring.ramp(palette(), 64)
    assert missing == palette().missing
    places = [ramp.index(colour) for colour in bars]
    assert places == sorted(places)
    assert places[0] < 8
    assert places[-1] > 55


def test_the_version_follows_what_is_said(study):
    view = View(filters=(VariableFilter(variable="breed", values=("Jersey",)),))
    assert said_of(study)[0]["version"] == said_of(study)[0]["version"]
    assert said_of(study)[0]["version"] != said_of(study, view)[0]["version"]


def test_what_the_hand_does(study):
    click = {"do": "bars", "name": "breed", "first": 1, "last": 1, "add": False}
    view = acted(study, View(), click)
    assert view.filters == (VariableFilter(variable="breed", values=("Jersey",)),)
    assert acted(study, view, click) == View()
    both = acted(study, view, {**click, "first": 0, "last": 0, "add": True})
    assert set(both.filters[0].values) == {"Holstein", "Jersey"}
    pulled = acted(study, view, {"do": "bars", "name": "parity", "first": 0, "last": 1, "add": False})
    assert (pulled.filters[1].low, pulled.filters[1].high) == (1, 2)
    assert acted(study, pulled, {"do": "clear", "name": "breed"}).filters == pulled.filters[1:]
    assert acted(study, View(), {"do": "colour", "name": "season"}).colour == "season"


@pytest.mark.parametrize(
    "act",
    [
        {"do": "bars", "name": "gone", "first": 0, "last": 0, "add": False},
        {"do": "bars", "name": "breed", "first": 9, "last": 9, "add": False},
        {"do": "colour", "name": "gone"},
        {"do": "dance", "name": "breed"},
        {},
    ],
)
def test_what_cannot_be_meant_changes_nothing(study, act):
    view = View(filters=(VariableFilter(variable="parity", low=2),))
    assert acted(study, view, act) == view
