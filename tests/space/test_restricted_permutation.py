"""Shuffles that keep what belongs together."""

import numpy as np
import pytest

from explorer.space.restricted_permutation import share_between, shuffled

UNITS = np.array([7, 7, 7, 3, 3, 9, 9, 9, 9, 5])


def test_the_share_between_animals_by_hand():
    values = np.array([1.0, 3.0, 5.0, 7.0])
    assert share_between(values, np.array([0, 0, 1, 1])) == pytest.approx(16 / 20)
    assert share_between(values, np.array([0, 1, 2, 3])) == pytest.approx(1)
    assert share_between(np.array([1.0, 3.0, 3.0, 1.0]), np.array([0, 0, 1, 1])) == 0
    assert np.isnan(share_between(np.ones(4), np.arange(4)))


def test_labels_of_animals_stay_whole_and_go_to_every_animal():
    values = UNITS * 10.0
    out = shuffled(values, UNITS, 500, np.random.default_rng(0))
    first = {unit: np.flatnonzero(unit == UNITS)[0] for unit in (3, 5, 7, 9)}
    for unit in first:
        own = out[unit == UNITS]
        assert (own == own[0]).all(), "constant in each animal"
        counts = [(own[0] == 10 * other).mean() for other in first]
        assert counts == pytest.approx([0.25] * 4, abs=0.07)
    assert (np.sort(out[list(first.values())], axis=0).T == [30, 50, 70, 90]).all(), "each animal's labels go once"


def test_courses_of_equal_length_are_exchanged_as_they_are_and_others_stretched():
    units = np.repeat([0, 1, 2], 4)
    values = np.arange(12.0)
    out = shuffled(values, units, 50, np.random.default_rng(1))
    blocks = {(0, 1, 2, 3), (4, 5, 6, 7), (8, 9, 10, 11)}
    assert {tuple(column[start : start + 4]) for column in out.T for start in (0, 4, 8)} == blocks
    out = shuffled(np.arange(6.0), np.array([0, 0, 1, 1, 1, 1]), 40, np.random.default_rng(1))
    assert {tuple(column) for column in out.T} == {(0, 1, 2, 3, 4, 5), (3, 5, 0, 0, 1, 1)}


def test_rows_of_an_animal_need_not_stand_together():
    values, order = np.arange(10.0), np.random.default_rng(5).permutation(10)
    out = shuffled(values[order], UNITS[order], 30, np.random.default_rng(0))
    for unit in np.unique(UNITS):
        for column in out[UNITS[order] == unit].T:
            assert len(set(UNITS[column.astype(int)])) == 1, "all of it comes from one animal"
