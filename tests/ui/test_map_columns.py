"""What travels to the page: columns in an order of their own, known by their content."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.ui.map import columns
from explorer.ui.map.columns import PASSES, SELECTED, Columns, drawing_order, flags, place_in_drawing, places


@pytest.mark.parametrize("n", [0, 1, 2, 100, 70_000])
def test_every_row_is_drawn_once_and_found_again(n):
    order, place = drawing_order(n), place_in_drawing(n)
    assert sorted(order) == list(range(n))
    np.testing.assert_array_equal(place[order], np.arange(n))
    np.testing.assert_array_equal(order[place], np.arange(n))


def test_the_order_is_the_same_each_time_and_cannot_be_spoilt():
    """A link to a point, a card's address and a picture's all count in this order."""
    before = drawing_order(5_000).copy()
    drawing_order.cache_clear()
    np.testing.assert_array_equal(drawing_order(5_000), before)
    for kept in (drawing_order(5_000), place_in_drawing(5_000)):
        with pytest.raises(ValueError, match="read-only"):
            kept[0] = 7


def test_the_first_points_are_a_fair_sample_of_a_sorted_table():
    """A map in motion draws only those."""
    group = np.repeat(np.arange(10), 2_000)
    first = np.bincount(group[drawing_order(20_000)[:1_000]], minlength=10)
    assert first.min() > 60
    assert first.max() < 140


def test_with_too_many_rows_some_are_not_drawn_and_say_so(monkeypatch):
    monkeypatch.setattr(columns, "MAX_DRAWN", 30)
    for kept in (drawing_order, place_in_drawing):
        kept.cache_clear()
    order, place = drawing_order(100), place_in_drawing(100)
    assert len(order) == len(set(order)) == 30
    assert (place >= 0).sum() == 30
    np.testing.assert_array_equal(place[order], np.arange(30))
    assert len(places(np.zeros((100, 2), dtype=np.float32)).table) == 30
    for kept in (drawing_order, place_in_drawing):
        kept.cache_clear()


def test_columns_are_sent_as_small_as_they_can_be():
    n = 50
    at = places(np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32)).table
    assert at.schema == pa.schema([("x", pa.float32()), ("y", pa.float32())])
    code = columns.colours(np.arange(n, dtype=np.uint8)).table
    assert code.schema == pa.schema([("code", pa.uint8())])
    flag = flags(np.ones(n, dtype=bool), np.zeros(n, dtype=bool)).table
    assert flag.schema == pa.schema([("flag", pa.uint8())])
    for table in (at, code, flag):
        assert len(table) == n
        assert all(column.num_chunks == 1 and column.null_count == 0 for column in table.columns)


def test_all_columns_speak_of_the_same_point_in_the_same_line():
    n = 200
    coordinates = np.column_stack([np.arange(n), -np.arange(n)]).astype(np.float32)
    codes = np.arange(n, dtype=np.uint8)
    passes, selected = np.arange(n) % 2 == 0, np.arange(n) % 3 == 0
    at = places(coordinates).table.to_pandas()
    row = at["x"].to_numpy().astype(int)
    np.testing.assert_array_equal(at["y"], -row)
    np.testing.assert_array_equal(columns.colours(codes).table.column("code").to_numpy(), row)
    flag = flags(passes, selected).table.column("flag").to_numpy()
    np.testing.assert_array_equal((flag & PASSES) > 0, row % 2 == 0)
    np.testing.assert_array_equal((flag & SELECTED) > 0, row % 3 == 0)
    assert flag.max() < 4


def test_points_without_a_place_stay_without_one():
    coordinates = np.zeros((10, 2), dtype=np.float32)
    coordinates[[2, 5]] = np.nan
    x = places(coordinates).table.column("x").to_numpy()
    assert set(drawing_order(10)[np.isnan(x)]) == {2, 5}


@given(st.lists(st.floats(width=32, allow_nan=True), min_size=1, max_size=6), st.data())
def test_a_hash_tells_content_apart_and_nothing_else(values, data):
    one = np.array(values, dtype=np.float32)
    assert Columns(x=one).hash == Columns(x=one.copy()).hash
    assert Columns(x=one).hash == Columns(x=np.repeat(one, 2)[::2]).hash  # not where it lies in memory
    place = data.draw(st.integers(0, len(one) - 1))
    other = one.copy()
    other[place] = data.draw(st.floats(width=32, allow_nan=False).filter(lambda value: value != one[place]))
    assert Columns(x=one).hash != Columns(x=other).hash
    assert Columns(x=one).hash != Columns(y=one).hash
    assert Columns(x=one).hash != Columns(x=one.astype(np.float64)).hash
    assert Columns(x=one).hash != Columns(x=one.view(np.int32)).hash
    assert Columns(x=one, y=other).hash != Columns(x=other, y=one).hash
    assert Columns(x=one).hash != Columns(x=np.append(one, one[:1])).hash


def test_content_cannot_be_moved_from_one_column_to_the_next_unseen():
    both = np.arange(6, dtype=np.uint8)
    split = {Columns(a=both[:cut], b=both[cut:]).hash for cut in range(1, 6)}
    assert len(split) == 5
