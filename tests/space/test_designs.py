"""Background variables as columns, by their kind."""

import numpy as np
import pandas as pd
import pytest

from explorer.errors import UserError
from explorer.space.designs import MOST_CATEGORIES, design_of, orthonormal
from explorer.study.schema import Variable


def made(values, kind, **more):
    series = pd.Series(values)
    if kind == "nominal":
        series = series.astype("category")
    return design_of("v", series, Variable(column="v", kind=kind, **more))


def spans(columns, wanted):
    """Whether both span the same space beside a constant."""
    a, b = orthonormal(columns), orthonormal(wanted)
    return a.shape == b.shape and np.allclose(a @ a.T, b @ b.T, atol=1e-8)


RNG = np.random.default_rng(0)


def test_columns_are_orthonormal_and_centred_over_the_known_rows_and_nothing_elsewhere():
    numbers = RNG.exponential(size=60)
    numbers[[3, 40]] = np.nan
    for kind, values, more in (
        ("continuous", numbers, {}),
        ("ordinal", np.round(numbers), {}),
        ("cyclic", numbers * 5, {"period": 24.0}),
        ("nominal", [None if np.isnan(one) else "abc"[int(one) % 3] for one in numbers], {}),
    ):
        found = made(values, kind, **more)
        assert np.flatnonzero(~found.known).tolist() == [3, 40]
        known = found.columns[found.known]
        np.testing.assert_allclose(known.T @ known, np.eye(known.shape[1]), atol=1e-9)
        np.testing.assert_allclose(known.sum(axis=0), 0, atol=1e-9)
        assert not found.columns[~found.known].any()
        assert not found.places[~found.known].any()
        assert found.varies


def test_each_kind_spans_what_it_says():
    x = RNG.uniform(2, 9, size=200)
    assert spans(
        made(x, "cyclic", period=12.0).columns, np.column_stack([np.sin(x * np.pi / 6), np.cos(x * np.pi / 6)])
    )
    letters = np.array(list("abcd"))[RNG.integers(0, 4, 200)]
    assert spans(made(letters, "nominal").columns, np.eye(4)[np.unique(letters, return_inverse=True)[1]])
    grades = RNG.integers(0, 5, 200).astype(float)
    rank = np.array([(grades < one).mean() + (grades == one).mean() / 2 for one in grades])
    assert spans(made(grades, "ordinal").columns, np.column_stack([rank, rank**2]))
    assert spans(made(1000**grades, "ordinal").columns, made(grades, "ordinal").columns), "steps have no width"


def test_a_number_is_a_straight_line_and_a_curve_that_is_straight_at_its_ends():
    x = np.sort(RNG.normal(size=400))
    columns = made(x, "continuous").columns
    assert columns.shape == (400, 3)
    assert np.abs(x - x.mean() - columns @ (columns.T @ (x - x.mean()))).max() < 1e-9, "a line is in it"
    for end in (slice(0, 18), slice(-18, None)):  # beyond the outer knots, at 5 and 95 %
        for column in columns[end].T:
            slope, level = np.polyfit(x[end], column, 1)
            np.testing.assert_allclose(column, slope * x[end] + level, atol=1e-9)
    bend = np.abs(x)
    assert (columns.T @ (bend - bend.mean())) @ (columns.T @ (bend - bend.mean())) > 0.8 * (
        (bend - bend.mean()) ** 2
    ).sum()


def test_two_values_are_one_column_and_one_value_none():
    assert made([0.0, 1.0] * 20, "continuous").columns.shape[1] == 1
    assert made([0.0, 1.0] * 20, "ordinal").columns.shape[1] == 1
    for kind, values in (("continuous", [5.0] * 9), ("ordinal", [5.0] * 9), ("nominal", ["a"] * 9), ("continuous", [])):
        assert not made(values, kind).varies
    assert not made([np.nan] * 9, "continuous").varies
    assert not made([5.0] * 9, "cyclic", period=12.0).varies


def test_too_many_categories_are_refused_by_name():
    with pytest.raises(UserError, match=f"'v' has {MOST_CATEGORIES + 1} categories"):
        made([f"c{one}" for one in range(MOST_CATEGORIES + 1)], "nominal")
