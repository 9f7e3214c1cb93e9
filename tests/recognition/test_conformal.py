"""Thresholds that keep their promise, by the sheet's table and by simulation."""

import numpy as np
import pytest
from scipy.stats import binom

from explorer.recognition.conformal import least_animals, place, threshold
from explorer.recognition.one_per_animal import draw, weights

RUNS = 200


@pytest.mark.parametrize(
    ("fpir", "average", "confident"), [(0.10, 9, 22), (0.05, 19, 45), (0.02, 49, 114), (0.01, 99, 230)]
)
def test_the_least_number_of_animals_is_that_of_the_sheet(fpir, average, confident):
    for least, confidence in ((average, 0.0), (confident, 0.9)):
        assert least_animals(fpir, confidence) == least
        assert place(least, fpir, confidence) == 1
        assert place(least - 1, fpir, confidence) == 0
        assert np.isnan(threshold(np.ones(least - 1), fpir, confidence))


def test_the_confident_place_is_the_largest_that_is_confident_enough():
    rng = np.random.default_rng(0)
    for n, fpir in ((30, 0.1), (100, 0.1), (400, 0.05)):
        j = place(n, fpir, 0.9)
        assert 1 <= j < place(n, fpir)
        # The true share below the j-th of n is the j-th of n uniform numbers.
        uniform = np.sort(rng.random((20_000, n)), axis=1)
        assert (uniform[:, j - 1] <= fpir).mean() >= 0.9 - 0.007
        assert (uniform[:, j] <= fpir).mean() < 0.9 + 0.007


def accepted_shares(n, fpir, confidence, *, rule=threshold, seed=0):
    """The true share of unknown animals accepted, in each run of n calibration animals seen twelve times.

    An animal's distances are its own plus something of each picture; over animals and pictures together they are
    normal, so the true share is known.
    """
    from scipy.stats import norm

    rng = np.random.default_rng(seed)
    animals = np.repeat(np.arange(n), 12)
    shares = []
    for _ in range(RUNS):
        distances = 10 + rng.normal(size=n)[animals] + 0.5 * rng.normal(size=len(animals))
        tau = rule(distances[draw(animals, 50, rng)], fpir, confidence)
        shares.append(norm.cdf((tau - 10) / np.sqrt(1.25)))
    return np.array(shares)


def similarity_rule(distances, fpir, confidence):
    """The rule for similarities, as it stands in textbooks: right for them, wrong for distances."""
    n = distances.shape[1]
    return np.median(np.sort(distances, axis=1)[:, int(np.ceil((n + 1) * (1 - fpir))) - 1])


def keeps_on_average(shares, fpir):
    return shares.mean() <= fpir + 2.33 * shares.std(ddof=1) / np.sqrt(len(shares))


@pytest.mark.parametrize(("n", "fpir"), [(9, 0.10), (57, 0.10), (60, 0.05), (400, 0.01)])
def test_the_promise_holds_on_average_and_is_not_wasted(n, fpir):
    shares = accepted_shares(n, fpir, 0.0)
    assert keeps_on_average(shares, fpir)
    assert shares.mean() > 0.3 * fpir


@pytest.mark.parametrize(("n", "fpir"), [(22, 0.10), (57, 0.10), (120, 0.05)])
def test_the_promise_holds_with_its_confidence(n, fpir):
    held = int((accepted_shares(n, fpir, 0.9) <= fpir).sum())
    assert held >= binom.ppf(0.01, RUNS, 0.9)


def test_the_rule_for_similarities_fails_on_distances():
    shares = accepted_shares(57, 0.10, 0.0, rule=similarity_rule)
    assert not keeps_on_average(shares, 0.10)
    assert shares.mean() > 0.8


def test_bad_promises_are_refused():
    for fpir, confidence in ((0, 0), (1, 0), (0.1, 1), (0.1, -0.1)):
        with pytest.raises(ValueError, match="no promise"):
            place(50, fpir, confidence)


def test_one_query_of_each_animal_is_drawn_evenly():
    animals = np.array([7, 3, 7, 7, 9, 3])
    places = draw(animals, 6_000, np.random.default_rng(0))
    assert places.shape == (6_000, 3)
    assert (animals[places] == [3, 7, 9]).all()
    found = np.bincount(places.ravel(), minlength=6) / 6_000
    np.testing.assert_allclose(found, weights(animals), atol=0.03)
    np.testing.assert_allclose(weights(animals), [1 / 3, 1 / 2, 1 / 3, 1 / 3, 1, 1 / 2])
