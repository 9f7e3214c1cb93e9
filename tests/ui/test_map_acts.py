"""What the hand did on the map, and the view that follows from it."""

import numpy as np
import pandas as pd
import pytest
from herds import Herd
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.errors import UserError
from explorer.space.shown import filter_mask, inside_polygon, selection_mask
from explorer.ui.map.acts import after, rounded
from explorer.ui.map.columns import place_in_drawing
from explorer.view import MapChoice, Selection, Stroke, VariableFilter, View

HERE = ("features", MapChoice(), None)
SQUARE = [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)]


@pytest.fixture(scope="module")
def herd_study(tmp_path_factory):
    """Forty rows; breed has three labels and gaps, weight gaps, parity is a number, condition an order of words."""
    herd = Herd(tmp_path_factory.mktemp("acts") / "herd")
    herd.observations["breed"] = ["Jersey", "Holstein", None, "Angus"] * 10
    herd.observations.loc[:3, "weight"] = np.nan
    herd.observations["condition"] = ["thin", "good", "fat", "good"] * 10
    herd.spec["variables"]["condition"] = {
        "column": "condition",
        "kind": "ordinal",
        "order": ["thin", "good", "fat", "unseen"],
    }
    return herd.open()


@pytest.fixture
def does(herd_study):
    """``does(view, act, ...)``: the views after each of the acts in turn; the last one."""

    def done(view, *acts, on=HERE, colour=None):
        for act in acts:
            view = after(view, act, study=herd_study, on=on, colour=colour)
        return view

    return done


def drawn(study, row):
    """The number of the drawn point that shows observation ``row``."""
    return int(place_in_drawing(len(study))[row])


def stroke(how="replace", polygon=SQUARE):
    return {"do": "stroke", "how": how, "polygon": polygon}


def clicks(study, *rows, how="replace"):
    return [{"do": "click", "how": how, "index": drawn(study, row)} for row in rows]


def ids(view):
    return [(one.how, *one.ids) for one in view.selection.strokes]


def filters(view):
    return [one.model_dump(exclude_defaults=True) for one in view.filters]


# --- selecting ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "how", "strokes"),
    [
        ((), "replace", ["add"]),
        ((), "add", ["add"]),
        ((), "remove", []),  # nothing to take away from
        (("add",), "replace", ["add"]),
        (("add",), "add", ["add", "add"]),
        (("add",), "remove", ["add", "remove"]),
        (("add", "remove"), "add", ["add", "remove", "add"]),
        (("add", "remove", "add"), "replace", ["add"]),
    ],
)
def test_an_outline_replaces_adds_or_takes_away(does, before, how, strokes):
    old = tuple(Stroke(how=one, polygon=[(5, 5), (6, 5), (5, 6)], embedding="features") for one in before)
    view = does(View(selection=Selection(strokes=old)), stroke(how))
    assert [one.how for one in view.selection.strokes] == strokes
    if strokes:
        last = view.selection.strokes[-1]
        assert (last.embedding, last.on, last.within) == HERE
        assert list(last.polygon) == SQUARE


def test_clicks_pick_the_observation_whose_point_it_is(does, herd_study):
    for row in (0, 7, 39):
        assert ids(does(View(), *clicks(herd_study, row))) == [("add", f"o-{row:03}")]


def test_a_plain_click_picks_one_alone_and_shift_adds_and_alt_removes(does, herd_study):
    one, two, three = clicks(herd_study, 1), clicks(herd_study, 2, how="add"), clicks(herd_study, 1, how="remove")
    assert ids(does(View(), *one, *two)) == [("add", "o-001", "o-002")]
    view = does(View(), *one, *two, *three)
    mask, _ = selection_mask(herd_study, view.selection)
    assert np.flatnonzero(mask).tolist() == [2]
    assert ids(does(view, *clicks(herd_study, 9))) == [("add", "o-009")]


def test_many_clicks_in_a_row_are_one_stroke_and_count_each_point_once(does, herd_study):
    """Addresses stay short, and two hundred clicks are not too many."""
    view = does(View(), *clicks(herd_study, *range(40), *range(40), how="add"))
    assert ids(view) == [("add", *(f"o-{row:03}" for row in range(40)))]


def test_clicks_after_an_outline_do_not_disturb_it(does, herd_study):
    view = does(View(), stroke(), *clicks(herd_study, 1, how="remove"), *clicks(herd_study, 2, how="add"))
    assert [(one.how, one.ids, one.polygon is None) for one in view.selection.strokes] == [
        ("add", (), False),
        ("remove", ("o-001",), True),
        ("add", ("o-002",), True),
    ]


@pytest.mark.parametrize("index", [-1, 40, 10**9])
def test_a_click_on_a_point_that_there_is_not_changes_nothing(does, index):
    assert does(View(), {"do": "click", "how": "replace", "index": index}) == View()


def test_clearing_leaves_everything_but_the_selection(does, herd_study):
    view = View(colour="breed", animal="cow-1", filters=(VariableFilter(variable="parity", low=1),))
    assert does(view, stroke(), *clicks(herd_study, 3, how="add"), {"do": "clear"}) == view


def test_an_outline_belongs_to_the_map_on_which_it_was_drawn(does):
    """The hand may be quicker than the page: the view has gone on to t-SNE, the outline was drawn on PCA."""
    on = ("net", MapChoice(method="umap", seed=3), None)
    view = does(View(embedding="features", map=MapChoice(method="tsne")), stroke(), on=on)
    made = view.selection.strokes[0]
    assert (made.embedding, made.on, made.within) == on
    assert view.map.method == "tsne"
    assert does(View(), stroke(), on=None) == View()  # of a map that nobody knows no outline is taken


def test_a_selection_of_too_many_outlines_says_what_to_do(does, herd_study):
    view = does(View(), *[stroke("add")] * 200)
    with pytest.raises(UserError, match="at most 200 outlines") as refused:
        does(view, stroke("add"))
    assert "name" in str(refused.value)
    assert len(does(view, stroke("replace")).selection.strokes) == 1
    with pytest.raises(UserError, match="at most 200 outlines"):
        does(view, *clicks(herd_study, 3, how="add"))
    few = does(View(), *[stroke("add")] * 199, *clicks(herd_study, 3, how="add"), *clicks(herd_study, 4, how="add"))
    assert len(few.selection.strokes) == 200  # the second click joins the first


@pytest.mark.parametrize("polygon", [[], [(0, 0)], [(0, 0), (1, 1)], [(0, 0), (1, 1), (float("nan"), 0)]])
def test_what_is_no_outline_is_refused_in_a_sentence(does, polygon):
    with pytest.raises(UserError, match="three corners"):
        does(View(), stroke(polygon=polygon))


def test_a_very_long_outline_is_one_that_an_address_can_carry(does):
    turn = np.linspace(0, 2 * np.pi, 5_000)
    view = does(View(), stroke(polygon=np.column_stack([np.cos(turn), np.sin(turn)]).tolist()))
    assert len(view.selection.strokes[0].polygon) <= 2_000


def outlines():
    """Stars of any size anywhere: as a hand draws them, not as geometry would like them."""
    return st.tuples(
        st.integers(3, 60),
        st.integers(0, 10_000),
        st.sampled_from([1e-6, 1e-3, 0.5, 1.0, 40.0, 1e5]),
        st.floats(-1, 1),
        st.floats(-1, 1),
    )


@given(outlines())
@settings(max_examples=60, deadline=None)
def test_rounding_an_outline_moves_no_point_but_those_on_the_line(outline):
    corners, seed, size, x, y = outline
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
    reach = size * rng.uniform(0.2, 1, corners)
    drawn_ = np.column_stack([np.cos(angle) * reach, np.sin(angle) * reach]) + np.array([x, y]) * size
    kept = np.array(rounded(drawn_.tolist()))
    span = np.ptp(drawn_, axis=0).max()
    points = drawn_.mean(axis=0) + rng.uniform(-1, 1, size=(3_000, 2)) * span
    changed = inside_polygon(points, drawn_) != inside_polygon(points, kept)
    far = distance_to_line(points, drawn_) > span / 1_000
    assert not (changed & far).any()


def distance_to_line(points, corners):
    least = np.full(len(points), np.inf)
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = b - a
        share = np.clip(((points - a) @ along) / max(along @ along, 1e-300), 0, 1)
        least = np.minimum(least, np.hypot(*(points - a - share[:, None] * along).T))
    return least


def test_a_rounded_outline_is_short_in_the_address():
    assert rounded([(0.123456789, 1.0), (3.0, 2.0), (-1.0, 5.5555555)]) == ((0.123, 1.0), (3.0, 2.0), (-1.0, 5.556))
    assert rounded([(123456.789, 1.0), (3.0, 2.0), (-1.0, 5.5)])[0] == (123500.0, 0.0)


# --- the legend --------------------------------------------------------------------------------------------


def entry(value, *, add=False):
    return {"do": "categories", "value": value, "missing": value is None, "add": add}


def test_a_click_on_an_entry_shows_it_alone_and_another_click_shows_all(does):
    view = does(View(), entry("Jersey"), colour="breed")
    assert filters(view) == [{"variable": "breed", "values": ("Jersey",)}]
    assert does(view, entry("Jersey"), colour="breed") == View()
    other = does(view, entry("Angus"), colour="breed")
    assert filters(other) == [{"variable": "breed", "values": ("Angus",)}]


def test_shift_takes_an_entry_out_and_puts_it_back(does):
    view = does(View(), entry("Jersey", add=True), colour="breed")
    assert filters(view) == [{"variable": "breed", "values": ("Angus", "Holstein"), "missing": True}]
    assert does(view, entry("Jersey", add=True), colour="breed") == View()
    fewer = does(view, entry(None, add=True), colour="breed")
    assert filters(fewer) == [{"variable": "breed", "values": ("Angus", "Holstein")}]


def test_shift_joins_two_entries(does):
    view = does(View(), entry("Jersey"), entry("Angus", add=True), colour="breed")
    assert filters(view) == [{"variable": "breed", "values": ("Angus", "Jersey")}]


def test_the_last_entry_taken_out_shows_all_again_and_not_nothing(does):
    assert does(View(), entry("Jersey"), entry("Jersey", add=True), colour="breed") == View()


def test_a_click_on_missing_shows_what_has_no_value(does, herd_study):
    view = does(View(), entry(None), colour="breed")
    shown = filter_mask(herd_study, view.filters)
    assert np.flatnonzero(shown).tolist() == list(range(2, 40, 4))
    assert does(view, entry(None), colour="breed") == View()


def test_a_category_without_gaps_forgets_the_word_missing(does, herd_study):
    view = does(View(), *[entry(label, add=True) for label in ("thin", "fat")], colour="condition")
    assert filter_mask(herd_study, view.filters).sum() == 20
    assert does(view, entry("thin", add=True), entry("fat", add=True), colour="condition") == View()


def test_a_filter_keeps_its_place_among_the_others(does):
    others = (VariableFilter(variable="parity", low=1), VariableFilter(variable="weight", high=9))
    before = View(filters=(others[0], VariableFilter(variable="breed", values=("Angus",)), others[1]))
    view = does(before, entry("Jersey"), colour="breed")
    assert [one.variable for one in view.filters] == ["parity", "breed", "weight"]
    assert view.filters[1].values == ("Jersey",)
    assert does(view, entry("Jersey"), colour="breed").filters == others


@given(st.lists(st.tuples(st.sampled_from(["Jersey", "Holstein", "Angus", None]), st.booleans()), max_size=12))
@settings(deadline=None)
def test_whatever_is_clicked_in_the_legend_can_be_shown_and_shows_something(herd_study, clicked):
    view = View()
    for value, add in clicked:
        view = after(view, entry(value, add=add), study=herd_study, on=HERE, colour="breed")
        assert len(view.filters) <= 1
        assert filter_mask(herd_study, view.filters).any()
    if clicked:
        value, _ = clicked[-1]
        for _ in range(2):  # from anywhere: that entry alone, then all (or all at once, when it was alone already)
            alone = after(view, entry(value), study=herd_study, on=HERE, colour="breed")
            if alone.filters:
                known = herd_study.values("breed")
                expected = known.isna() if value is None else known == value
                np.testing.assert_array_equal(filter_mask(herd_study, alone.filters), expected.to_numpy())
            view = alone
            if not view.filters:
                break
        assert view.filters == ()


@given(st.lists(st.sampled_from(["Jersey", "Holstein", "Angus", None]), max_size=12))
@settings(deadline=None)
def test_shift_clicks_show_exactly_the_entries_that_are_on(herd_study, clicked):
    """A model of switches; the last one switched off switches all on."""
    view, on, every = View(), {"Jersey", "Holstein", "Angus", None}, {"Jersey", "Holstein", "Angus", None}
    for value in clicked:
        view = after(view, entry(value, add=True), study=herd_study, on=HERE, colour="breed")
        on = (on ^ {value}) or every
    labels = herd_study.values("breed").astype(object)
    expected = [(None if pd.isna(label) else label) in on for label in labels]
    assert filter_mask(herd_study, view.filters).tolist() == expected


@pytest.mark.parametrize(
    ("low", "high"), [(490.0, 510.0), (None, 500.0), (500.0, None)], ids=["both", "upper", "lower"]
)
def test_a_drag_along_the_scale_shows_that_part_without_what_is_missing(does, herd_study, low, high):
    view = does(View(), {"do": "range", "low": low, "high": high}, colour="weight")
    weight = herd_study.values("weight")
    expected = weight.notna() & ~(weight < (low or -1e9)) & ~(weight > (high or 1e9))
    np.testing.assert_array_equal(filter_mask(herd_study, view.filters), expected)
    assert does(view, {"do": "range", "low": None, "high": None}, colour="weight") == View()


def test_missing_beside_a_scale_goes_and_comes(does, herd_study):
    view = does(View(), entry(None), colour="weight")
    assert (~filter_mask(herd_study, view.filters)).sum() == 4
    assert does(view, entry(None), colour="weight") == View()
    part = does(View(), {"do": "range", "low": 500.0, "high": None}, entry(None), colour="weight")
    assert filters(part) == [{"variable": "weight", "low": 500.0, "missing": True}]
    assert filters(does(part, entry(None), colour="weight")) == [{"variable": "weight", "low": 500.0}]


def test_a_range_keeps_or_leaves_out_what_is_missing_as_the_legend_shows(does):
    """Switched on beside the scale, it stays on when the range is dragged anew."""
    view = does(
        View(),
        {"do": "range", "low": 500.0, "high": None},
        entry(None),
        {"do": "range", "low": 505.0, "high": None},
        colour="weight",
    )
    assert filters(view) == [{"variable": "weight", "low": 505.0, "missing": True}]


@pytest.mark.parametrize("before", [(), (VariableFilter(variable="breed", values=("Angus",)),)])
@pytest.mark.parametrize("act", [entry("autumn"), entry("autumn", add=True), {"do": "range", "low": 1.0, "high": 2.0}])
def test_a_click_on_a_legend_that_has_just_been_left_changes_nothing(does, before, act):
    """The hand may be quicker than the page: that legend was of another variable."""
    assert does(View(filters=before), act, colour="breed") == View(filters=before)


# --- the rest ----------------------------------------------------------------------------------------------


def test_a_click_on_an_arrow_of_the_compass_colours_by_its_task(does):
    assert does(View(), {"do": "colour", "name": "bcs"}) == View(colour="bcs")
    assert does(View(), {"do": "colour", "name": "no such task"}) == View()


@pytest.mark.parametrize(
    "act", [{}, {"do": "dance"}, {"do": None}, entry("Jersey"), {"do": "range", "low": 1, "high": 2}]
)
def test_what_the_map_cannot_mean_changes_nothing(does, act):
    assert does(View(animal="cow-1"), act, colour=None) == View(animal="cow-1")
