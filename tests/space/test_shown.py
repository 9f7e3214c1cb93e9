import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import UserError
from explorer.space.projections import project
from explorer.space.shown import filter_mask, inside_polygon, row_numbers, selection_mask, shown
from explorer.view import Group, MapChoice, Selection, Stroke, VariableFilter, View

# --- polygons ----------------------------------------------------------------------------------------------

# Points lie on odd multiples of 0.5 and corners on whole numbers, so that no point is on a corner's height.
CORNERS = st.lists(st.tuples(st.integers(-6, 6), st.integers(-6, 6)), min_size=3, max_size=9)
POINTS = np.array([(x + 0.5, y + 0.5) for x in range(-7, 7) for y in range(-7, 7)])


def crossings(point, corners):
    """How many edges a ray to the right of the point crosses, edge by edge; None on an edge."""
    x, y = point
    count = 0
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        if min(y1, y2) < y < max(y1, y2):
            side = (x - x1) * (y2 - y1) - (y - y1) * (x2 - x1)
            if side == 0:
                return None
            count += (side < 0) == (y2 > y1)
    return count


@given(CORNERS)
@pytest.mark.slow
def test_inside_is_an_odd_number_of_crossings(corners):
    inside = inside_polygon(POINTS, np.array(corners, dtype=float))
    for point, found in zip(POINTS, inside, strict=True):
        count = crossings(point, corners)
        assert count is None or found == bool(count % 2)


@given(st.lists(st.floats(0, 6.28), min_size=3, max_size=12, unique=True), st.floats(0.1, 100), st.integers(0, 11))
def test_inside_a_convex_polygon_is_left_of_all_its_edges(angles, size, start):
    angles = sorted(angles)
    corners = size * np.array([(np.cos(angle), np.sin(angle)) for angle in np.roll(angles, start)])
    points = np.random.default_rng(0).uniform(-size, size, size=(200, 2))
    edges = np.roll(corners, -1, axis=0) - corners
    away = points[:, None] - corners
    side = edges[:, 0] * away[:, :, 1] - edges[:, 1] * away[:, :, 0]
    clear = np.abs(side).min(axis=1) > 1e-9 * size**2
    np.testing.assert_array_equal(inside_polygon(points, corners)[clear], (side > 0).all(axis=1)[clear])


def test_points_without_a_place_lie_nowhere():
    square = np.array([(-1e6, -1e6), (1e6, -1e6), (1e6, 1e6), (-1e6, 1e6)])
    points = np.array([(np.nan, np.nan), (0, np.nan), (np.nan, 0), (np.inf, 0), (0, 0)], dtype=np.float32)
    assert inside_polygon(points, square).tolist() == [False, False, False, False, True]


# --- filters -----------------------------------------------------------------------------------------------


def kept(herd, *filters):
    return np.flatnonzero(filter_mask(herd.open(), tuple(VariableFilter(**one) for one in filters))).tolist()


def test_no_filter_keeps_all(herd):
    assert kept(herd) == list(range(40))


def test_categories_and_ranges_with_their_missing_values(herd):
    herd.observations["breed"] = ["Jersey", "Holstein", None, "Angus"] * 10
    herd.observations["weight"] = [np.nan, *range(1, 40)]
    breed, weight = herd.observations["breed"], herd.observations["weight"]
    for missing in (False, True):
        for values in ((), ("Jersey",), ("Jersey", "Angus"), ("Zebu",)):
            expected = breed.isin(values) | (breed.isna() & missing)
            got = kept(herd, {"variable": "breed", "values": values, "missing": missing})
            assert got == np.flatnonzero(expected).tolist()
        for low, high in ((None, 5), (5, None), (5, 5), (5, 12), (1000, None)):
            inside = weight.ge(-1 if low is None else low) & weight.le(1e9 if high is None else high)
            got = kept(herd, {"variable": "weight", "low": low, "high": high, "missing": missing})
            assert got == np.flatnonzero(inside | (weight.isna() & missing)).tolist()
    assert kept(herd, {"variable": "breed"}) == np.flatnonzero(breed.notna()).tolist()
    assert kept(herd, {"variable": "weight"}) == list(range(1, 40))


def test_filters_work_together(herd):
    both = kept(herd, {"variable": "breed", "values": ("Jersey",)}, {"variable": "parity", "low": 1, "high": 2})
    frame = herd.observations
    assert both == np.flatnonzero((frame["breed"] == "Jersey") & (frame["parity"] <= 2)).tolist()
    assert both


def test_ordered_categories_and_numbers_as_categories_are_named(herd):
    herd.observations["parity"] = ["low", "high"] * 20
    herd.spec["variables"]["parity"]["order"] = ["low", "high"]
    herd.observations["breed"] = [2, 10] * 20
    assert kept(herd, {"variable": "parity", "values": ("high",)}) == list(range(1, 40, 2))
    assert kept(herd, {"variable": "breed", "values": ("2",)}) == list(range(0, 40, 2))


def test_a_cyclic_range_goes_across_its_end(herd):
    herd.observations["captured_at"] = pd.to_datetime([f"2023-{1 + row % 12:02}-15" for row in range(40)])
    month = np.arange(40) % 12
    got = kept(herd, {"variable": "month", "low": 10.0, "high": 2.0})  # from November to the end of February
    assert got == np.flatnonzero((month >= 10) | (month < 2)).tolist()
    assert kept(herd, {"variable": "month", "low": 2.0, "high": 10.0}) == [row for row in range(40) if row not in got]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"variable": "weight", "values": ("500",)}, "weight is a number, so it is filtered by a range"),
        ({"variable": "breed", "low": 1.0}, "breed has categories, so it is filtered by naming them"),
        ({"variable": "breed", "high": 1.0}, "breed has categories"),
        ({"variable": "weight", "low": 3.0, "high": 2.0}, "the range of weight begins at 3, above its end at 2"),
        ({"variable": "nothing", "low": 3.0}, "no variable 'nothing'"),
    ],
)
def test_a_filter_that_does_not_fit_is_refused(herd, given, sentence):
    with pytest.raises(UserError, match=sentence):
        kept(herd, given)


# --- selections --------------------------------------------------------------------------------------------

ALL = ((-1e6, -1e6), (1e6, -1e6), (1e6, 1e6), (-1e6, 1e6))
RIGHT = ((0.0, -1e6), (1e6, -1e6), (1e6, 1e6), (0.0, 1e6))


def drawn(polygon, how="add", *, embedding="features", **on):
    return Stroke(how=how, polygon=polygon, embedding=embedding, on=MapChoice(**on))


def picked(*ids, how="add"):
    return Stroke(how=how, ids=ids)


def rows_of(study, *strokes):
    mask, unresolved = selection_mask(study, Selection(strokes=strokes))
    assert unresolved is None
    return np.flatnonzero(mask).tolist()


def test_ids_select_their_rows(herd):
    study = herd.open()
    assert row_numbers(study, ("o-007", "nobody", "o-002")).tolist() == [2, 7]
    assert row_numbers(study, ()).tolist() == []
    assert rows_of(study) == []
    assert rows_of(study, picked("o-007")) == [7]


def test_strokes_count_in_their_order(herd):
    study = herd.open()
    add, remove = picked("o-001", "o-002"), picked("o-002", "o-003", how="remove")
    assert rows_of(study, add, remove) == [1]
    assert rows_of(study, remove, add) == [1, 2]
    assert rows_of(study, add, remove, picked("o-002")) == [1, 2]
    assert rows_of(study, drawn(ALL), remove, drawn(ALL, "remove"), add) == [1, 2]
    assert rows_of(study, drawn(ALL), add, remove) == [row for row in range(40) if row not in (2, 3)]


def test_a_polygon_selects_on_its_own_map(herd):
    study = herd.open()
    places = project(study, study.embedding("features"), MapChoice()).coordinates
    chosen = Selection(strokes=(drawn(RIGHT), picked("o-000")))
    mask, unresolved = selection_mask(study, chosen)
    expected = places[:, 0] > 0
    expected[0] = True
    np.testing.assert_array_equal(mask, expected)
    assert unresolved is None
    # Another map on the screen does not change what is selected.
    view = View(embedding="features", map=MapChoice(dims=3), selection=chosen)
    other = project(study, study.embedding("features"), MapChoice(dims=3))
    np.testing.assert_array_equal(shown(study, view, other).selected, expected)


def test_strokes_may_be_drawn_on_several_maps(herd):
    study = herd.embed("net", np.random.default_rng(3).normal(size=(40, 5)))
    right = {
        name: project(study, study.embedding(name), MapChoice()).coordinates[:, 0] > 0 for name in ("features", "net")
    }
    both = rows_of(study, drawn(RIGHT), drawn(RIGHT, embedding="net"))
    assert both == np.flatnonzero(right["features"] | right["net"]).tolist()
    less = rows_of(study, drawn(RIGHT), drawn(RIGHT, "remove", embedding="net"))
    assert less == np.flatnonzero(right["features"] & ~right["net"]).tolist()
    assert len(less) < len(both)


JERSEY = VariableFilter(variable="breed", values=("Jersey",))


def grouped(*strokes, how="add", filters=()):
    return Stroke(how=how, group=Group(strokes=strokes, filters=filters))


def test_a_group_is_taken_as_one_among_what_its_filters_show(herd):
    study = herd.open()
    jersey = (herd.observations["breed"] == "Jersey").to_numpy()
    right = inside_polygon(project(study, study.embedding("features"), MapChoice()).coordinates, np.asarray(RIGHT))
    own = (drawn(ALL), drawn(RIGHT, "remove"))  # what is left, whatever the selection around it held before
    for how, expected in (("add", jersey | ~right), ("remove", jersey & right), ("keep", jersey & ~right)):
        strokes = (grouped(drawn(ALL), filters=(JERSEY,)), grouped(*own, how=how))
        assert rows_of(study, *strokes) == np.flatnonzero(expected).tolist()
    nested = grouped(grouped(drawn(RIGHT), filters=(JERSEY,)), picked("o-001"))
    jersey_right = set(np.flatnonzero(jersey & right)) | {1}
    assert rows_of(study, drawn(ALL), nested.model_copy(update={"how": "keep"})) == sorted(jersey_right)


def test_a_group_on_a_map_that_is_not_at_hand_says_so(herd):
    mask, unresolved = selection_mask(herd.open(), Selection(strokes=(grouped(grouped(drawn(ALL, method="tsne"))),)))
    assert "t-SNE map of features that has not been computed here yet" in unresolved
    assert not mask.any()


def test_ids_in_groups_are_counted_where_the_study_does_not_have_them(herd):
    view = View(selection=Selection(strokes=(picked("nobody"), grouped(grouped(picked("nowhere", "o-001"))))))
    assert shown(herd.open(), view, None).unknown_ids == 2


def test_what_the_filters_hide_of_a_selection_is_counted(herd):
    seen = shown(herd.open(), View(selection=Selection(strokes=(drawn(ALL),)), filters=(JERSEY,)), None)
    assert (int(seen.selected.sum()), seen.hidden) == (20, 20)


def test_settings_that_a_method_does_not_use_make_no_other_map(herd):
    study = herd.open()
    assert rows_of(study, drawn(RIGHT, seed=7, neighbours=40, fast=True)) == rows_of(study, drawn(RIGHT))


@pytest.mark.parametrize(
    ("stroke", "sentence"),
    [
        (drawn(ALL, embedding=None), "a map that this study does not have"),
        (drawn(ALL, embedding="gone"), "a map that this study does not have"),
        (drawn(ALL, dims=3), "a map that this study does not have"),
        (drawn(ALL, method="tsne"), "drawn on a t-SNE map of features that has not been computed here yet"),
        (drawn(ALL, method="umap"), "drawn on a UMAP map of features that has not been computed here yet"),
    ],
)
@pytest.mark.parametrize("how", ["add", "remove"])
def test_a_selection_on_a_map_that_is_not_at_hand_says_so(herd, stroke, sentence, how):
    stroke = stroke.model_copy(update={"how": how})
    mask, unresolved = selection_mask(herd.open(), Selection(strokes=(picked("o-001"), stroke)))
    assert sentence in unresolved
    assert not mask.any()  # half of a selection would be another one
    seen = shown(herd.open(), View(selection=Selection(strokes=(stroke,))), None)
    assert sentence in seen.unresolved


def test_selected_ids_that_the_study_does_not_have_are_counted_once(herd):
    strokes = (picked("o-001", "nobody"), picked("nobody", "nowhere", "o-002", how="remove"))
    seen = shown(herd.open(), View(selection=Selection(strokes=strokes)), None)
    assert seen.unknown_ids == 2
    assert np.flatnonzero(seen.selected).tolist() == [1]


def test_what_is_shown_has_a_place_and_passes_the_filters(herd):
    herd.observations.loc[[0, 1], "p_0"] = np.nan
    study = herd.open()
    view = View(
        embedding="features",
        filters=(VariableFilter(variable="breed", values=("Jersey",)),),
        selection=Selection(strokes=(drawn(ALL), picked("o-000", "o-005"))),
    )
    seen = shown(study, view, project(study, study.embedding("features"), view.map))
    jersey = (herd.observations["breed"] == "Jersey").to_numpy()
    placed = np.arange(40) > 1
    np.testing.assert_array_equal(seen.placed, placed)
    np.testing.assert_array_equal(seen.filtered, jersey)
    np.testing.assert_array_equal(seen.visible, jersey & placed)
    np.testing.assert_array_equal(seen.selected, jersey & (placed | (np.arange(40) == 0)))
    assert (seen.total, seen.unresolved) == (40, None)
