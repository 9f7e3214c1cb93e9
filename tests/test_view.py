import json
import string
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from explorer.errors import UserError
from explorer.view import MapChoice, Selection, VariableFilter, View, from_query, to_query

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
COORDINATES = st.floats(-3e38, 3e38)
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
CHOICES = st.builds(
    MapChoice,
    method=st.sampled_from(["pca", "tsne", "umap"]),
    dims=st.sampled_from([2, 3]),
    scale=st.sampled_from(["local", "balanced", "global"]),
    seed=st.integers(0, 2**31 - 1),
)
FILTERS = st.one_of(
    st.builds(
        VariableFilter, variable=TEXT, values=st.lists(TEXT, max_size=3).map(tuple) | st.none(), missing=st.booleans()
    ),
    st.builds(VariableFilter, variable=TEXT, low=NUMBERS, high=NUMBERS, missing=st.booleans()),
)
POLYGONS = st.lists(st.tuples(COORDINATES, COORDINATES), min_size=3, max_size=5).map(tuple)
SELECTIONS = st.builds(
    Selection,
    embedding=st.none() | TEXT,
    on=CHOICES,
    polygons=st.lists(POLYGONS, max_size=2).map(tuple),
    ids=st.lists(TEXT, max_size=3).map(tuple),
)
VIEWS = st.builds(
    View,
    study=st.none() | TEXT,
    embedding=st.none() | TEXT,
    map=CHOICES,
    colour=st.none() | TEXT,
    filters=st.lists(FILTERS, max_size=3).map(tuple),
    selection=SELECTIONS.filter(lambda chosen: not chosen.is_empty) | st.just(Selection()),
    animal=st.none() | TEXT,
)


@given(VIEWS)
def test_a_view_reads_back_from_its_address(view):
    query = to_query(view)
    assert from_query(query) == view
    assert from_query(dict(parse_qsl(urlencode(query), keep_blank_values=True))) == view


def test_the_default_view_has_an_empty_address():
    assert to_query(View()) == {}
    assert from_query({}) == View()


def test_parameters_that_are_not_ours_are_passed_over():
    assert from_query({"utm_source": "mail", "filters": "{", "embedding": "net"}) == View(embedding="net")


def polygons(*given):
    return json.dumps({"polygons": given})


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
        ({"select": polygons([[0, 0], [1, 1]])}, "select.polygons.0"),
        ({"select": polygons([[0, 0]] * 2_001)}, "select.polygons.0"),
        ({"select": polygons([[0, 0], [1, 1], [2]])}, "select.polygons.0.2.1"),
        ({"select": polygons([[0, 0], [1, 1], [2, "x"]])}, "select.polygons.0.2.1"),
        ({"select": '{"polygons": [[[0, 0], [1, 1], [Infinity, 1]]]}'}, "select.polygons.0.2.0"),
        ({"select": polygons([[0, 0], [1, 1], [1, 1e300]])}, "select.polygons.0.2.1"),
        ({"select": '{"on": {"method": "isomap"}}'}, "select.on.method"),
        ({"method": "isomap"}, "method"),
        ({"dims": "4"}, "dims"),
        ({"dims": "²"}, "dims"),
        ({"dims": ""}, "dims"),
        ({"seed": "-1"}, "seed"),
        ({"seed": "1.5"}, "seed"),
        ({"seed": str(2**31)}, "seed"),
        ({"seed": "9" * 5_000}, "seed"),
        ({"scale": "huge"}, "scale"),
    ],
)
def test_an_address_that_cannot_be_read_names_its_parameter(query, place):
    with pytest.raises(UserError) as caught:
        from_query(query)
    assert f"cannot be read at '{place}': " in str(caught.value)
    assert len(str(caught.value)) < 400


@given(st.dictionaries(st.sampled_from(["filter", "select", "dims", "seed", "method", "embedding"]), st.text()))
def test_any_address_is_a_view_or_one_sentence(query):
    try:
        assert isinstance(from_query(query), View)
    except UserError as error:
        assert str(error).startswith("the address cannot be read at ")


@given(st.text(string.punctuation + string.digits + "aNIn ", max_size=30))
def test_any_selection_is_a_view_or_one_sentence(text):
    test_any_address_is_a_view_or_one_sentence.hypothesis.inner_test({"select": text, "filter": text})


def test_a_changed_view_is_checked_and_the_old_one_stays():
    view = View(embedding="net")
    assert view.but(animal="7") == View(embedding="net", animal="7")
    assert view == View(embedding="net")
    for change in ({"animals": "7"}, {"map": {"dims": 5}}, {"filters": 3}):
        with pytest.raises(ValidationError):
            view.but(**change)
    with pytest.raises(ValidationError):
        view.animal = "7"
