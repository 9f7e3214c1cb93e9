"""Which values one chart can show together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from explorer.change.reach import within_reach

NONE = np.empty(0)


@pytest.mark.parametrize("bands", [NONE, np.array([20.0, 21.0, 30.0, np.nan])])
def test_a_slip_of_the_pen_is_not_shown_and_an_illness_is(bands):
    weights = np.array([25.0, 26, 24, 25, 27, 2_530, 26, 14, 25])
    assert within_reach(weights, bands).tolist() == [one != 2_530 for one in weights]


@given(arrays.arrays(float, st.integers(1, 30), elements=st.floats(-1e9, 1e9) | st.just(np.nan)), st.booleans())
def test_most_of_what_is_there_is_shown_and_nothing_that_is_not(values, banded):
    shown = within_reach(values, np.array([0.0, 1.0]) if banded else NONE)
    there = np.isfinite(values)
    assert not shown[~there].any() and 2 * shown.sum() >= there.sum()


def test_equal_values_are_all_shown():
    assert within_reach(np.array([3.0, 3, 3, 3, 90]), NONE).all()
