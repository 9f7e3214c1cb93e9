"""How a variable varies, and what is then exchanged."""

import numpy as np
import pytest

from explorer.space.designs import orthonormal
from explorer.space.varying import Varying

RNG = np.random.default_rng(0)
UNITS = np.repeat(np.arange(30), 8)


def varying(values, units=UNITS):
    return Varying(orthonormal(np.asarray(values, dtype=float).reshape(len(units), -1)), units)


def test_what_is_exchanged_follows_from_how_it_varies():
    assert varying(RNG.normal(size=30)[UNITS]).how == "animals"
    assert varying(RNG.normal(size=240)).how == "visits"
    assert varying(np.tile(np.arange(8), 30)).how == "visits", "the same course in every animal"
    assert varying(RNG.normal(size=30)[UNITS] + RNG.normal(size=240)).how == "courses"
    assert varying(RNG.normal(size=240), np.arange(240)).how == "observations"


def test_the_share_between_animals_is_one_when_constant_and_none_on_average_for_random_visits():
    assert varying(RNG.normal(size=30)[UNITS]).share == pytest.approx(1)
    pairs = np.repeat(np.arange(40), 2)
    shares = [varying(RNG.normal(size=80), pairs).share for _ in range(300)]
    assert np.mean(shares) == pytest.approx(0, abs=0.03)


def test_exchanged_animals_go_whole_and_visits_only_change_their_sign():
    animals = varying(RNG.normal(size=30)[UNITS])
    blocks = list(animals.exchanges(25, 10, np.random.default_rng(1)))
    assert [one.shape for one in blocks] == [(30, 10), (30, 10), (30, 5)]
    assert all((np.sort(one, axis=0) == np.arange(30)[:, None]).all() for one in blocks)
    courses = varying(RNG.normal(size=30)[UNITS] + RNG.normal(size=240))
    (taken,) = courses.exchanges(20, 20, np.random.default_rng(1))
    for column in taken.T:
        assert (UNITS[column].reshape(30, 8) == UNITS[column].reshape(30, 8)[:, :1]).all()
        assert (column.reshape(30, 8) % 8 == np.arange(8)).all(), "the course keeps its order"
    signs = animals.mirrors(50, np.random.default_rng(1))
    assert signs.shape == (50, 30)
    assert set(np.unique(signs)) == {-1.0, 1.0}


def test_sums_and_means_of_animals_whose_rows_lie_apart():
    units = np.array([5, 2, 5, 9, 2, 5])
    values = np.arange(12.0).reshape(6, 2)
    found = varying(RNG.normal(size=6), units)
    np.testing.assert_allclose(found.sums(values), [[10, 12], [14, 17], [6, 7]])
    np.testing.assert_allclose(
        found.means(values)[found.place],
        [[14 / 3, 17 / 3], [5, 6]] * 1 + [[14 / 3, 17 / 3], [6, 7], [5, 6], [14 / 3, 17 / 3]],
    )
