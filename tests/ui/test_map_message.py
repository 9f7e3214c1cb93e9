"""What Python says to the map: words and numbers that travel each time, columns that travel once."""

import json

import numpy as np
import pandas as pd
import pytest

from explorer.space.compass import Direction
from explorer.space.path import animal_path
from explorer.space.projections import project
from explorer.space.shown import shown
from explorer.ui.colouring import Colouring
from explorer.ui.map import columns
from explorer.ui.map.columns import PASSES, SELECTED, drawing_order
from explorer.ui.map.message import drawn_count, geometry_of, message
from explorer.ui.palette import palette
from explorer.view import MapChoice, Selection, Stroke, VariableFilter, View

SQUARE = ((-1e3, -1e3), (1e3, -1e3), (1e3, 1e3), (-1e3, 1e3))
PICKED = Selection(strokes=(Stroke(ids=("o-003", "o-011")),))


def said_of(study, view=View(), *, compass=(), animal=None, **changed):  # noqa: B008 - a view is frozen
    view = view.but(embedding="features")
    projection = project(study, study.embedding("features"), MapChoice())
    name = view.colour
    colours = None if name is None else Colouring(name, study.variable(name), study.values(name))
    path = None if animal is None else animal_path(study, animal, projection.coordinates)
    given = {"card": "/card/{row}", "pictures": "", "foot": ["One line."], "height": 640} | changed
    return message(
        study,
        view,
        projection,
        shown(study, view, projection),
        colours,
        palette(),
        geometry=geometry_of(projection),
        compass=list(compass),
        path=path,
        **given,
    )


def sure(name, x=0.6, y=0.8, share=0.42, low=0.3, high=0.5):
    return Direction(name, x, y, share, low, high, 40, 8)


def plain(value):
    if isinstance(value, dict):
        return all(type(key) is str and plain(one) for key, one in value.items())
    if isinstance(value, list):
        return all(plain(one) for one in value)
    return value is None or type(value) in (str, int, float, bool)


@pytest.mark.parametrize("colour", [None, "breed", "parity", "weight", "month", "season", "bcs"])
def test_everything_said_is_json_and_every_column_is_named_by_its_hash(herd, colour):
    herd.observations.loc[[1, 4], ["weight", "p_0"]] = np.nan
    herd.observations.loc[[2, 5], "breed"] = None
    filters = (VariableFilter(variable="parity", low=np.float32(1.5)),)
    outline = Stroke(polygon=SQUARE, embedding="features")
    view = View(colour=colour, filters=filters, selection=Selection(strokes=(outline,)))
    told = said_of(herd.open(), view, animal="cow-3", compass=[sure("bcs", x=np.float64(0.6))])
    assert plain(told.said)
    assert json.loads(json.dumps(told.said, allow_nan=False)) == told.said
    expected = {"geometry", "flags"} | ({"colour"} if colour else set())
    assert set(told.columns) == expected
    assert {kind: told.said[kind]["hash"] for kind in expected} == {
        kind: one.hash for kind, one in told.columns.items()
    }
    assert {len(one.table) for one in told.columns.values()} == {40}
    assert len(told.said["colours"]) == len(told.said["shapes"]) == 256


def test_what_the_page_does_not_need_is_not_sent(herd):
    """No flags where everything passes and nothing is selected; no colour where there is none."""
    told = said_of(herd.open())
    assert set(told.columns) == {"geometry"}
    assert "flags" not in told.said
    assert told.said["legend"] is None
    assert not told.said["selecting"]


def test_a_change_of_colour_filter_or_selection_leaves_the_geometry_as_it_was(herd):
    study = herd.open()
    filtered = View(filters=(VariableFilter(variable="breed", values=("Jersey",)),))
    views = [View(), View(colour="breed"), View(colour="weight"), filtered, View(selection=PICKED)]
    told = [said_of(study, view) for view in views]
    assert len({one.columns["geometry"].hash for one in told}) == 1
    assert len({one.said["version"] for one in told}) == len(views)
    both = said_of(study, filtered.but(colour="breed"))
    assert both.columns["colour"].hash == told[1].columns["colour"].hash


def test_the_version_is_the_same_for_the_same_picture(herd):
    study = herd.open()
    view = View(colour="breed", selection=PICKED)
    assert said_of(study, view).said["version"] == said_of(study, view).said["version"]
    assert said_of(study, view).said["version"] != said_of(study, view, foot=["Another."]).said["version"]


def test_flags_say_which_points_pass_and_which_are_selected(herd):
    study = herd.open()
    view = View(filters=(VariableFilter(variable="breed", values=("Jersey",)),), selection=PICKED)
    told = said_of(study, view)
    flags = told.columns["flags"].table.column("flag").to_numpy()
    row = drawing_order(40)
    jersey = (herd.observations["breed"] == "Jersey").to_numpy()
    np.testing.assert_array_equal((flags & PASSES) > 0, jersey[row])
    np.testing.assert_array_equal((flags & SELECTED) > 0, np.isin(row, [3, 11]) & jersey[row])
    assert told.said["selecting"]
    assert told.said["heard"] == "2 observations selected" if jersey[11] else "1 observation selected"


def test_a_selection_of_nothing_still_greys_the_others(herd):
    """Someone who drew around an empty corner has selected nothing, which is not the same as not having selected."""
    empty = Stroke(polygon=((900, 900), (901, 900), (901, 901)), embedding="features")
    told = said_of(herd.open(), View(selection=Selection(strokes=(empty,))))
    assert told.said["selecting"]
    assert told.said["heard"] == "0 observations selected"
    assert said_of(herd.open()).said["heard"] == "Nothing selected"


def test_only_outlines_that_were_drawn_on_this_map_are_drawn_on_it(herd):
    here = Stroke(polygon=SQUARE, embedding="features")
    strokes = (
        here,
        Stroke(polygon=SQUARE, embedding="features", on=MapChoice(method="tsne")),
        Stroke(polygon=SQUARE, embedding="other"),
        Stroke(ids=("o-001",)),
        here.model_copy(update={"how": "remove"}),
    )
    outlines = said_of(herd.open(), View(selection=Selection(strokes=strokes))).said["outlines"]
    assert [one["how"] for one in outlines] == ["add", "remove"]
    assert outlines[0]["points"] == [list(corner) for corner in SQUARE]


def test_a_path_names_its_points_by_their_number_on_the_map(herd):
    herd.observations.loc[17, "captured_at"] = pd.NaT
    told = said_of(herd.open(), animal="cow-3")
    row = drawing_order(40)
    assert [int(row[i]) for i in told.said["path"]["indices"]] == [15, 16, 18, 19]
    assert len(told.said["path"]["dates"]) == 4
    assert [int(row[i]) for i in told.said["rings"]] == [17]
    nobody = said_of(herd.open(), animal="nobody")
    assert nobody.said["path"] is None
    assert nobody.said["rings"] == []


def test_the_compass_is_said_in_sentences_and_keeps_doubt_apart(herd):
    directions = [sure("bcs"), sure("trend", share=-0.2, low=-0.4, high=0.1)]
    first, second = said_of(herd.open(), compass=directions).said["compass"]
    assert (first["x"], first["y"], first["share"]) == (0.6, 0.8, 0.42)
    assert "42%" in first["sentence"]
    assert "30% to 50%" in first["sentence"]
    assert "8 animals" in first["sentence"]
    assert second["share"] is None  # no arrow for what is not sure
    assert "nothing sure" in second["sentence"]


def test_text_from_data_travels_as_it_is(herd):
    """Escaping is the page's business, which writes text as text."""
    name = "<img src=x onerror=alert(1)>"
    herd.spec["study"]["name"] = name
    herd.spec["variables"]["breed"]["label"] = name
    herd.observations["breed"] = [name, "b"] * 20
    told = said_of(herd.open(), View(colour="breed")).said
    assert told["legend"]["title"] == name
    assert name in {entry["label"] for entry in told["legend"]["entries"]}
    assert told["picture"]["title"].startswith(name)


def test_a_screen_reader_is_told_what_is_on_the_map(herd):
    herd.observations.loc[[1, 4], "p_0"] = np.nan
    told = said_of(herd.open(), View(colour="weight")).said
    assert told["alt"].startswith("PCA map of 38 observations, coloured by weight (kg).")


def test_points_with_a_place_that_are_drawn_are_counted(herd, monkeypatch):
    herd.observations.loc[[1, 4], "p_0"] = np.nan
    study = herd.open()
    projection = project(study, study.embedding("features"), MapChoice())
    assert drawn_count(study, projection) == 38
    monkeypatch.setattr(columns, "MAX_DRAWN", 10)
    drawing_order.cache_clear()
    try:
        assert drawn_count(study, projection) == (~np.isin(drawing_order(40), [1, 4])).sum() <= 10
    finally:
        drawing_order.cache_clear()
