"""Open-set scores against plain loops, and intervals against those of statsmodels' definition."""

import numpy as np
import pytest
from scipy.stats import binom

from explorer.recognition.counting import share_of
from explorer.recognition.open_set import Searches, curve, rates


def searches(seed=0, n=60):
    rng = np.random.default_rng(seed)
    animals = rng.integers(0, 12, n)
    known = animals < 6
    score = np.round(rng.gamma(2.0, size=n) - 0.8 * known, 1)  # ties
    return Searches(score, animals, known, known & (rng.random(n) < 0.8))


def loop(found, tau):
    """FPIR and TAR as means over animals of their own shares."""
    accepted = found.score < tau
    shares = {True: [], False: []}
    for animal in np.unique(found.animals):
        own = found.animals == animal
        hit = accepted & (found.right | ~found.known)
        shares[bool(found.known[own][0])].append(hit[own].mean())
    return np.mean(shares[False]), np.mean(shares[True])


def test_rates_are_means_over_animals():
    found = searches()
    for tau in (-1.0, 0.7, 1.0, 1.5, 9.0):
        got = rates(found, tau)
        fpir, tar = loop(found, tau)
        assert (got.fpir.value, got.tar.value) == pytest.approx((fpir, tar))
        assert (got.baks, got.baus, got.fnir) == pytest.approx((tar, 1 - fpir, 1 - tar))
        assert (got.known, got.unknown) == (6, 6)
    each = np.where(found.animals % 2, 1.0, 1.5)
    assert rates(found, each).fpir.value == pytest.approx(loop(found, each)[0])


def test_repeating_an_animals_queries_changes_nothing():
    found = searches()
    again = np.append(np.arange(60), np.repeat(np.flatnonzero(found.animals == 8), 9))
    more = Searches(found.score[again], found.animals[again], found.known[again], found.right[again])
    a, b = rates(more, 1.0), rates(found, 1.0)
    assert (a.fpir.value, a.fpir.low, a.tar.high) == pytest.approx((b.fpir.value, b.fpir.low, b.tar.high))


def test_the_curve_passes_through_every_threshold():
    found = searches()
    whole = curve(found)
    assert (np.diff(whole.fpir) >= 0).all() and (np.diff(whole.fnir) <= 0).all()
    assert (whole.fpir[0], whole.fnir[0], whole.fpir[-1]) == pytest.approx((0, 1, 1))
    for tau, fpir, fnir in zip(whole.tau, whole.fpir, whole.fnir, strict=True):
        expected = loop(found, tau)
        assert (fpir, fnir) == pytest.approx((expected[0], 1 - expected[1]))
    allowed = whole.fpir <= 0.1
    assert whole.fnir_at(0.1) == whole.fnir[allowed].min()


def test_without_queries_of_a_kind_nothing_is_told():
    found = searches().of(searches().known)
    got = rates(found, 1.0)
    assert not got.fpir.known and got.unknown == 0 and got.tar.known
    assert np.isnan(curve(found).fnir_at(0.1))


def test_intervals_are_those_of_clopper_and_pearson():
    for count, n in ((0, 20), (3, 20), (20, 20), (57, 228)):
        found = share_of(count, n)
        assert found.value == count / n
        if count:
            assert binom.sf(count - 1, n, found.low) == pytest.approx(0.025, abs=1e-9)
        if count < n:
            assert binom.cdf(count, n, found.high) == pytest.approx(0.025, abs=1e-9)
    assert share_of(0, 20).low == 0 and share_of(20, 20).high == 1
    assert share_of(2, 20).low < share_of(2.5, 20).low < share_of(3, 20).low
    assert not share_of(0, 0).known
