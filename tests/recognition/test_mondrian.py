"""Groups of queries: each keeps its promise, small ones fall back, unknown ones are the strictest."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from explorer.recognition.groups import of_labels, of_strata, together
from explorer.recognition.mondrian import STRICTEST, fit
from explorer.study.strata import strata

RUNS = 200


def season_and_camera(missing=()):
    """Strata of 400 observations, five of each of 80 animals; the last animals only in autumn."""
    animals = np.repeat(np.arange(80), 5)
    season = pd.Series(np.where(animals < 60, np.tile(["winter", "summer"], 200), "autumn"))
    camera = pd.Series(np.where(np.arange(400) % 4 < 2, "one", "two"))
    season[list(missing)] = np.nan
    columns = {"season": pd.Categorical(season), "camera": pd.Categorical(camera)}
    nested = [strata(columns), strata({"season": columns["season"]}), strata({}, size=400)]
    return animals, of_strata(nested)


def fitted(animals, groups, score, **options):
    rows = np.arange(len(animals))
    return fit(score, animals, rows, groups, **{"fpir": 0.1, "confidence": 0.9, **options})


def test_each_stratum_has_the_threshold_of_its_own_animals():
    animals, groups = season_and_camera()
    score = np.random.default_rng(0).gamma(5, size=400) + 10 * (groups.levels[1] == 2)
    taus = fitted(animals, groups, score, fpir=0.05, confidence=0)
    own = groups.levels[0] == 3
    alone = fitted(animals[own], together(int(own.sum())), score[own], fpir=0.05, confidence=0)
    assert taus.values[3] == alone.values[0]
    assert taus.animals[3] == len(np.unique(animals[own]))
    assert taus.taken_from[3] is None


def test_a_small_stratum_takes_that_of_the_next_larger_one_and_says_so():
    animals, groups = season_and_camera()
    score = np.random.default_rng(0).gamma(5, size=400)
    taus = fitted(animals, groups, score)
    sources = dict(zip(taus.labels, taus.taken_from, strict=True))
    assert sources["season = winter, camera = one"] is None
    # Twenty animals of autumn: 22 are needed.
    assert sources["season = autumn, camera = one"] == "all"
    place = taus.labels.index("season = autumn, camera = one")
    assert (taus.animals[place], taus.missing[place]) == (20, 2)
    assert taus.values[place] == fitted(animals, together(400), score).values[0]
    # On average 9 are enough.
    assert set(fitted(animals, groups, score, confidence=0).taken_from) == {None}
    winter = groups.labels[0].index("season = winter, camera = one")
    kept = (groups.levels[0] != winter) | (animals < 10)
    cut = fit(score[kept], animals[kept], np.flatnonzero(kept), groups, fpir=0.1, confidence=0.9)
    assert cut.taken_from[winter] == "season = winter"
    assert cut.missing[winter] == 12


def test_too_few_animals_for_all_together_are_refused():
    animals, groups = season_and_camera()
    with pytest.raises(ValueError, match="80 animals cannot keep this promise, 99 could"):
        fitted(animals, groups, np.ones(400), fpir=0.01, confidence=0)


def test_what_is_unknown_gets_the_strictest_threshold_it_may_have():
    animals, groups = season_and_camera(missing=[0, 1, 2, 3, 7])
    score = np.random.default_rng(0).gamma(5, size=400) + 5 * (groups.levels[0] % 2)
    taus = fitted(animals, groups, score)
    known = {label: tau for label, tau in taus.by_label().items() if "unknown" not in label}
    for camera in ("one", "two"):
        place = taus.labels.index(f"season = unknown, camera = {camera}")
        assert taus.values[place] == min(tau for label, tau in known.items() if label.endswith(camera))
        assert taus.taken_from[place] == STRICTEST
    assert taus.values[taus.labels.index("season = unknown, camera = two")] > min(known.values())


def test_shuffled_groups_keep_their_sizes_and_their_nesting():
    _, groups = season_and_camera()
    mixed = groups.shuffled(np.random.default_rng(0))
    for before, after in zip(groups.levels, mixed.levels, strict=True):
        assert np.array_equal(np.bincount(before), np.bincount(after))
    assert len(np.unique(np.stack(mixed.levels), axis=1).T) == groups.count
    assert (mixed.levels[0] != groups.levels[0]).mean() > 0.5


@pytest.mark.parametrize("confidence", [0.0, 0.9])
def test_the_promise_holds_in_every_stratum(confidence):
    """Where one threshold for all would accept 19 % in the one and 1 % in the other."""
    fpir, n, strata_count = 0.1, 60, 2
    rng = np.random.default_rng(0)
    animals = np.repeat(np.arange(n), 8)
    codes = np.tile(np.arange(8) % strata_count, n)
    shares = np.empty((RUNS, strata_count))
    for run in range(RUNS):
        score = 10 + 2 * codes + rng.normal(size=n)[animals] + 0.5 * rng.normal(size=len(animals))
        groups = of_labels(codes, ["near", "far"])
        taus = fit(score, animals, np.arange(len(animals)), groups, fpir=fpir, confidence=confidence, seed=run)
        shares[run] = norm.cdf((taus.values - 10 - 2 * np.arange(strata_count)) / np.sqrt(1.25))
    # One-sided 1 % for both strata together (Bonferroni).
    beyond = norm.isf(0.01 / strata_count)
    if confidence:
        held = (shares <= fpir).mean(axis=0)
        assert (held >= confidence - beyond * np.sqrt(confidence * (1 - confidence) / RUNS)).all()
    else:
        assert (shares.mean(axis=0) <= fpir + beyond * shares.std(axis=0) / np.sqrt(RUNS)).all()
    together_tau = fit(score, animals, np.arange(len(animals)), together(len(animals)), fpir=fpir).values[0]
    assert norm.cdf((together_tau - 10) / np.sqrt(1.25)) > 0.15


@pytest.mark.slow
def test_a_herd_of_two_thousand_can_promise_one_per_cent():
    rng = np.random.default_rng(0)
    animals = np.repeat(np.arange(500), 10)  # a quarter of them, to calibrate with
    codes = np.tile(np.arange(10) % 2, 500)
    shares = []
    for run in range(RUNS):
        score = 10 + codes + rng.normal(size=500)[animals] + 0.5 * rng.normal(size=5_000)
        taus = fit(score, animals, np.arange(5_000), of_labels(codes, "ab"), fpir=0.01, confidence=0.9, seed=run)
        assert set(taus.taken_from) == {None}
        shares.append(norm.cdf((taus.values - 10 - np.arange(2)) / np.sqrt(1.25)))
    held = (np.array(shares) <= 0.01).mean(axis=0)
    assert (held >= 0.9 - norm.isf(0.005) * np.sqrt(0.09 / RUNS)).all()
