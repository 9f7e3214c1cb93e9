import json
import string
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from explorer.errors import UserError
from explorer.view import Follow, Group, MapChoice, Round, Selection, Stroke, VariableFilter, View, from_query, to_query

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
COORDINATES = st.floats(-3e38, 3e38)
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
CHOICES = st.builds(
    MapChoice,
    method=st.sampled_from(["pca", "tsne", "umap"]),
    dims=st.sampled_from([2, 3]),
    scale=st.sampled_from(["local", "balanced", "global"]),
    neighbours=st.none() | st.integers(2, 200),
    min_dist=st.floats(0, 1),
    seed=st.integers(0, 2**31 - 1),
    fast=st.booleans(),
)
FILTERS = st.one_of(
    st.builds(
        VariableFilter, variable=TEXT, values=st.lists(TEXT, max_size=3).map(tuple) | st.none(), missing=st.booleans()
    ),
    st.builds(VariableFilter, variable=TEXT, low=NUMBERS, high=NUMBERS, missing=st.booleans()),
)
POLYGONS = st.lists(st.tuples(COORDINATES, COORDINATES), min_size=3, max_size=5).map(tuple)
HOW = st.sampled_from(["add", "remove", "keep"])
STROKES = st.builds(Stroke, how=HOW, polygon=POLYGONS, embedding=st.none() | TEXT, on=CHOICES) | st.builds(
    Stroke, how=HOW, ids=st.lists(TEXT, min_size=1, max_size=3).map(tuple)
)
GROUPED = st.recursive(
    STROKES,
    lambda inner: st.builds(
        Stroke,
        how=HOW,
        group=st.builds(
            Group,
            strokes=st.lists(inner, max_size=3).map(tuple),
            filters=st.lists(FILTERS, max_size=2).map(tuple),
            name=st.none() | TEXT,
        ),
    ),
    max_leaves=6,
)
SELECTIONS = st.builds(Selection, strokes=st.lists(GROUPED, max_size=4).map(tuple))
VIEWS = st.builds(
    View,
    study=st.none() | TEXT,
    embedding=st.none() | TEXT,
    map=CHOICES,
    colour=st.none() | TEXT,
    filters=st.lists(FILTERS, max_size=3).map(tuple),
    selection=SELECTIONS,
    animal=st.none() | TEXT,
    card=st.lists(TEXT, max_size=12).map(tuple),
    clusters=st.none() | TEXT,
    against=st.none() | TEXT,
    follow=st.builds(
        Follow,
        variables=st.lists(TEXT, max_size=3).map(tuple),
        rate=st.floats(1e-6, 0.999),
        method=TEXT,
        memory=st.sampled_from(["held-back", "all"]) | st.integers(2, 1_000),
        covariates=st.lists(TEXT, max_size=2).map(tuple),
        unhealthy=st.lists(TEXT, max_size=2).map(tuple),
    ),
    round=st.builds(
        Round,
        as_of=NUMBERS,
        task=st.none() | TEXT,
        only=st.sampled_from(["all", "alerts", "new", "open"]),
    ),
)


@given(VIEWS)
@pytest.mark.slow
def test_a_view_reads_back_from_its_address(view):
    query = to_query(view)
    assert from_query(query) == view
    assert from_query(dict(parse_qsl(urlencode(query), keep_blank_values=True))) == view


def test_the_default_view_has_an_empty_address():
    assert to_query(View()) == {}
    assert from_query({}) == View()


def test_parameters_that_are_not_ours_are_passed_over():
    assert from_query({"utm_source": "mail", "filters": "{", "embedding": "net"}) == View(embedding="net")


def test_the_address_of_a_view_says_only_what_is_not_usual():
    view = View(
        map=MapChoice(method="umap", neighbours=40, min_dist=0.25, fast=True),
        selection=Selection(strokes=(Stroke(ids=("a",)), Stroke(how="remove", ids=("b",)))),
        card=("breed", "weight"),
    )
    assert to_query(view) == {
        "method": "umap",
        "neighbours": "40",
        "min_dist": "0.25",
        "fast": "True",
        "card": '["breed","weight"]',
        "select": '{"strokes":[{"ids":["a"]},{"how":"remove","ids":["b"]}]}',
    }


def strokes(*given):
    return json.dumps({"strokes": given})


def polygon(*corners):
    return strokes({"polygon": corners})


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({"filter": "[{"}, "filter"),
        ({"select": ""}, "select"),
        ({"select": "[" * 100_000}, "select"),
        ({"filter": "{}"}, "filter"),
        ({"filter": "[{}]"}, "filter.0.variable"),
        ({"filter": '[{"variable": "a", "colour": 1}]'}, "filter.0.colour"),
        ({"filter": '[{"variable": "a", "low": NaN}]'}, "filter.0.low"),
        ({"filter": '[{"variable": "a", "high": 1e999}]'}, "filter.0.high"),
        ({"filter": '[{"variable": "a", "high": 1, "values": ["b"]}]'}, "filter.0"),
        ({"filter": '[{"variable": "\\ud800"}]'}, "filter.0.variable"),
        ({"study": "\ud800"}, "study"),
        ({"select": '{"polygons": []}'}, "select.polygons"),
        ({"select": "null"}, "select"),
        ({"select": strokes({})}, "select.strokes.0"),
        ({"select": strokes({"ids": []})}, "select.strokes.0"),
        ({"select": strokes({"ids": ["a"]}, {"polygon": [[0, 0], [1, 1], [0, 1]], "ids": ["a"]})}, "select.strokes.1"),
        ({"select": strokes({"ids": ["a"], "how": "toggle"})}, "select.strokes.0.how"),
        ({"select": strokes({"ids": "a"})}, "select.strokes.0.ids"),
        ({"select": strokes({"ids": ["a", 7]})}, "select.strokes.0.ids.1"),
        ({"select": strokes({"ids": ["\ud800"]})}, "select.strokes.0.ids.0"),
        ({"select": strokes(*[{"ids": ["a"]}] * 201)}, "select.strokes"),
        ({"select": polygon([0, 0], [1, 1])}, "select.strokes.0.polygon"),
        ({"select": polygon(*[[0, 0]] * 2_001)}, "select.strokes.0.polygon"),
        ({"select": polygon([0, 0], [1, 1], [2])}, "select.strokes.0.polygon.2.1"),
        ({"select": polygon([0, 0], [1, 1], [2, "x"])}, "select.strokes.0.polygon.2.1"),
        ({"select": '{"strokes": [{"polygon": [[0, 0], [1, 1], [Infinity, 1]]}]}'}, "select.strokes.0.polygon.2.0"),
        ({"select": polygon([0, 0], [1, 1], [1, 1e300])}, "select.strokes.0.polygon.2.1"),
        ({"select": polygon([0, 0], [1, 1], [1, 10**400])}, "select.strokes.0.polygon.2.1"),
        ({"select": strokes({"ids": ["a"], "on": {"method": "isomap"}})}, "select.strokes.0.on.method"),
        ({"select": strokes({"ids": ["a"], "on": {"neighbours": 1}})}, "select.strokes.0.on.neighbours"),
        ({"card": "breed"}, "card"),
        ({"card": '{"breed": 1}'}, "card"),
        ({"card": '["breed", 1]'}, "card.1"),
        ({"card": json.dumps(["breed"] * 13)}, "card"),
        ({"method": "isomap"}, "method"),
        ({"dims": "4"}, "dims"),
        ({"dims": "²"}, "dims"),
        ({"dims": ""}, "dims"),
        ({"seed": "-1"}, "seed"),
        ({"seed": "1.5"}, "seed"),
        ({"seed": str(2**31)}, "seed"),
        ({"seed": "9" * 5_000}, "seed"),
        ({"scale": "huge"}, "scale"),
        ({"neighbours": "1"}, "neighbours"),
        ({"neighbours": "201"}, "neighbours"),
        ({"neighbours": "many"}, "neighbours"),
        ({"neighbours": "None"}, "neighbours"),
        ({"neighbours": "9" * 4_000}, "neighbours"),
        ({"neighbours": "9" * 5_000}, "neighbours"),
        ({"min_dist": "2"}, "min_dist"),
        ({"min_dist": "-0.1"}, "min_dist"),
        ({"min_dist": "nan"}, "min_dist"),
        ({"min_dist": "9" * 5_000}, "min_dist"),
        ({"fast": "maybe"}, "fast"),
        ({"fast": ""}, "fast"),
    ],
)
def test_an_address_that_cannot_be_read_names_its_parameter(query, place):
    with pytest.raises(UserError) as caught:
        from_query(query)
    assert f"cannot be read at '{place}': " in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_long_place_is_cut_short():
    with pytest.raises(UserError) as caught:
        from_query({"select": strokes({"ids": ["a"], "k" * 100_000: 1})})
    assert "cannot be read at 'select.strokes.0.kkk" in str(caught.value)
    assert len(str(caught.value)) < 400


PARAMETERS = ["filter", "select", "card", "dims", "seed", "neighbours", "min_dist", "fast", "method", "embedding"]


@pytest.mark.parametrize("depth", [300, 900, 30_000])
def test_groups_nested_too_deeply_are_refused(depth):
    inner = '{"group": {"strokes": [' * depth + '{"ids": ["a"]}' + "]}}" * depth
    with pytest.raises(UserError, match="cannot be read at 'select"):
        from_query({"select": f'{{"strokes": [{inner}]}}'})


@given(st.dictionaries(st.sampled_from(PARAMETERS), st.text()))
@pytest.mark.slow
def test_any_address_is_a_view_or_one_sentence(query):
    try:
        assert isinstance(from_query(query), View)
    except UserError as error:
        assert str(error).startswith("the address cannot be read at ")


@given(st.text(string.punctuation + string.digits + "aNIn ", max_size=30))
def test_any_selection_is_a_view_or_one_sentence(text):
    test_any_address_is_a_view_or_one_sentence.hypothesis.inner_test({"select": text, "filter": text, "card": text})


def test_a_changed_view_is_checked_and_the_old_one_stays():
    view = View(embedding="net")
    assert view.but(animal="7") == View(embedding="net", animal="7")
    assert view == View(embedding="net")
    for change in ({"animals": "7"}, {"map": {"dims": 5}}, {"filters": 3}):
        with pytest.raises(ValidationError):
            view.but(**change)
    with pytest.raises(ValidationError):
        view.animal = "7"
