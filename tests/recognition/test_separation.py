"""Figure 9 of S2 against plain loops, and on made-up animals of which its answer is known."""

import numpy as np
import pytest
from returning import Returning

from explorer.recognition import separation as module
from explorer.recognition.pairs import NotCompared
from explorer.recognition.separation import TOGETHER, said, separation

LABELS = ("day", "dusk", "night", "empty")


@pytest.fixture
def made():
    rng = np.random.default_rng(0)
    animals = rng.integers(0, 9, 80).astype(np.int64)
    vectors = (rng.normal(size=(9, 4))[animals] + 0.5 * rng.normal(size=(80, 4))).astype(np.float32)
    rule = NotCompared(animals, rng.integers(0, 30, 80).astype(float), apart=3)
    return vectors, rule, rng.integers(0, 3, 80).astype(np.int64)


def loop(vectors, rule, rows, first, second):
    """Farthest own, the hardest of the nearest own, nearest other, animals; of all pairs of two lists of rows."""
    far, near, other, animals = [], {}, [], set()
    for i in first:
        for j in second:
            distance = np.linalg.norm(vectors[i].astype(float) - vectors[j].astype(float))
            if rule.animals[i] != rule.animals[j]:
                other.append(distance)
            elif abs(rule.days[i] - rule.days[j]) >= 3:
                far.append(distance)
                near[i] = min(near.get(i, np.inf), distance)
                animals.add(rule.animals[i])
    return max(far, default=np.nan), max(near.values(), default=np.nan), min(other, default=np.nan), len(animals)


def test_every_pair_of_strata_is_that_of_a_loop(made, monkeypatch):
    from explorer.recognition import distances

    monkeypatch.setattr(distances, "_AT_ONCE", 700)  # several blocks
    vectors, rule, codes = made
    rows = np.arange(5, 80)
    found = separation(vectors, rows, rule, codes, LABELS)
    assert found.labels == ("day", "dusk", "night", TOGETHER) and (found.left_out, found.rows, found.of) == (0, 75, 75)
    members = [*(rows[codes[rows] == code] for code in range(3)), rows]
    for i, first in enumerate(members):
        for j, second in enumerate(members):
            got = [found.farthest_own[i, j], found.hardest_own[i, j], found.nearest_other[i, j], found.animals[i, j]]
            assert got == pytest.approx(loop(vectors, rule, rows, first, second), rel=1e-5, nan_ok=True)


def test_strata_and_animals_beyond_the_limits_are_counted(made, monkeypatch):
    vectors, rule, codes = made
    monkeypatch.setattr(module, "MOST", 2)
    rows = np.arange(80)
    found = separation(vectors, rows, rule, codes, LABELS)
    whole = loop(vectors, rule, rows, rows, rows)
    assert len(found.labels) == 3 and found.left_out == 1
    assert found.farthest_own[-1, -1] == pytest.approx(whole[0]), "the stratum left out counts among all"
    monkeypatch.setattr(module, "MOST_ROWS", 40)
    some = separation(vectors, rows, rule, codes, LABELS)
    assert some.rows <= 40 and some.of == 80
    sizes = np.bincount(rule.animals)
    assert some.rows in {sum(sizes[list(part)]) for part in _parts(9)}, "whole animals"


def _parts(n):
    return [[one for one in range(n) if bits >> one & 1] for bits in range(2**n)]


def test_a_tau_may_tell_animals_apart_within_a_stratum_and_not_over_all():
    """A night that moves every animal farther than animals lie apart: figure 9."""
    herd = Returning(0, animals=30, effect=3.0, noise=0.02, visits=40)
    strata = herd.night.astype(np.int64)
    found = separation(herd.vectors, np.arange(len(strata)), herd.rule(), strata, ("day", "night"))
    assert found.holds[0, 0] and found.holds[1, 1] and not found.holds[2, 2]
    assert not found.holds[0, 1]
    assert found.finds[2, 2], "each animal was seen by day and by night"
    whole, within = said(found, {"day": 0.1, "night": 9.0, TOGETHER: 9.0})
    assert whole.startswith("Over all strata no tau tells all animals apart") and "is not smaller than that" in whole
    assert "in 2 of 2 every two sightings of one animal are nearer" in within
    assert "in 1 of 2 (day) the fitted tau is smaller" in within
    alone = separation(herd.vectors, np.arange(1), herd.rule(), strata, ("day", "night"))
    assert said(alone, {TOGETHER: 1.0}) == [
        "There are no two observations of one animal, and of two, that could be compared."
    ]
