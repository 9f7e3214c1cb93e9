"""p values by restricted shuffles: what is found, and that null variables are not."""

import warnings
from itertools import permutations

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from scipy.stats import binom

from explorer.space.designs import orthonormal
from explorer.space.label_tests import label_test
from explorer.space.varying import Varying

try:
    import skbio.stats.distance as skbio
except ImportError:
    skbio = None
    warnings.warn(
        "scikit-bio is not installed: the spread is compared with a plain analysis of variance only", stacklevel=1
    )

MANY = 1_000


def most_false(runs):
    """Significant null variables at 5 % that a one-sided binomial test at 1 % still allows."""
    return int(binom.ppf(0.99, runs, 0.05))


def herd(rng, m=24, visits=6, d=4, slow=False):
    """Vectors with strong animals; with ``slow``, each wanders over its visits."""
    steps = rng.normal(size=(m, visits, d))
    moves = np.cumsum(steps, axis=1) * 0.5 if slow else steps
    return (1.5 * rng.normal(size=(m, 1, d)) + moves).reshape(m * visits, d), np.repeat(np.arange(m), visits)


def trial(values, x, units, permutations=99, seed=0):
    z = np.asarray(values, dtype=float)
    return label_test(Varying(orthonormal(z.reshape(len(x), -1)), units), x, permutations=permutations, seed=seed)


def on_a_circle(angles):
    return np.column_stack([np.sin(angles), np.cos(angles)])


def with_squares(ranks):
    return np.column_stack([ranks, ranks**2])


NULL = {
    "constant, categories": lambda rng, units: np.eye(3)[rng.integers(0, 3, units.max() + 1)[units]],
    "constant, a number": lambda rng, units: rng.normal(size=units.max() + 1)[units],
    "constant, a rank": lambda rng, units: with_squares(rng.integers(0, 4, units.max() + 1)[units]),
    "constant, an angle": lambda rng, units: on_a_circle(rng.uniform(0, 2 * np.pi, units.max() + 1)[units]),
    "by visit, categories": lambda rng, units: np.eye(3)[rng.integers(0, 3, len(units))],
    "by visit, a number": lambda rng, units: rng.exponential(size=len(units)),
    "by visit, a rank": lambda rng, units: with_squares(rng.integers(0, 4, len(units))),
    "by visit, an angle": lambda rng, units: on_a_circle(rng.uniform(0, 2 * np.pi, len(units))),
    "the week of the study": lambda rng, units: np.arange(len(units)) % (len(units) // (units.max() + 1)),
    "mixed, a walk": lambda rng, units: np.cumsum(
        rng.normal(size=(units.max() + 1, len(units) // (units.max() + 1))), axis=1
    ),
}


@pytest.mark.parametrize("runs", [100, pytest.param(MANY, marks=pytest.mark.slow)])
@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("name", NULL)
@pytest.mark.slow
def test_null_variables_are_not_significant_more_often_than_they_should(name, slow, runs, capsys):
    """Permuting rows calls nearly all of the constant ones significant; turning courses, half of the weeks (slow)."""
    rng = np.random.default_rng(7)
    false = spread = 0
    for run in range(runs):
        x, units = herd(rng, slow=slow)
        found = trial(NULL[name](rng, units), x, units, seed=run)
        false += found.p <= 0.05
        spread += found.spread_p <= 0.05
    if runs == MANY:
        with capsys.disabled():
            wander = ", vectors that wander" if slow else ""
            print(f"\n{runs:,} null variables ({name}{wander}): {false / runs:.1%} significant at 5 %")
    assert false <= most_false(runs)
    if not (slow and name == "the week of the study"):  # vectors that wander do scatter more each week
        assert spread <= most_false(runs)


def test_permuting_rows_would_call_null_variables_significant():
    """Why shuffles are restricted."""
    rng = np.random.default_rng(3)
    false = 0
    for _ in range(40):
        x, units = herd(rng)
        false += trial(rng.normal(size=24)[units], x, np.arange(len(x))).p <= 0.05
    assert false > 20


@pytest.mark.parametrize("name", ["animals", "visits", "courses", "observations"])
def test_an_effect_is_found(name):
    rng = np.random.default_rng(5)
    x, units = herd(rng)
    if name == "observations":
        units = np.arange(len(units))
    own, each = rng.normal(size=24)[np.repeat(np.arange(24), 6)], rng.normal(size=len(x))
    values = {"animals": own, "visits": each, "courses": own + each, "observations": each}[name]
    assert Varying(orthonormal(values[:, None]), units).how == name
    x[:, 1] += 4 * values
    found = trial(values, x, units, permutations=199)
    assert found.p == 1 / 200
    assert found.null.shape == (199,)
    assert found.explained > found.null.max()


@pytest.mark.parametrize("by_visit", [False, True])
def test_a_difference_in_spread_is_told_from_one_in_place(by_visit):
    rng = np.random.default_rng(8)
    m, visits = 40, 8
    units = np.repeat(np.arange(m), visits)
    group = np.arange(m * visits) % 2 if by_visit else (np.arange(m) % 2)[units]
    x = (0.2 if by_visit else 1) * rng.normal(size=(m, 3))[units] + 0.3 * rng.normal(size=(len(units), 3))
    wider = trial(group, x * (1 + 2 * group[:, None]), units, permutations=199)
    assert wider.spread_p == 1 / 200
    moved = trial(group, x + 3 * group[:, None], units, permutations=199)
    assert moved.p == 1 / 200
    assert moved.spread_p > 0.05


def test_the_spread_is_that_of_distances_to_centroids():
    """R squared of an analysis of variance of them (Anderson, 2006)."""
    rng = np.random.default_rng(9)
    group = rng.integers(0, 3, 24)[np.repeat(np.arange(24), 6)]
    x, units = herd(rng)
    x *= 1 + group[:, None]
    far = np.empty(len(x))
    for one in range(3):
        own = x[group == one]
        far[group == one] = np.linalg.norm(own - own.mean(axis=0), axis=1)
    between = sum((group == one).sum() * (far[group == one].mean() - far.mean()) ** 2 for one in range(3))
    found = trial(np.eye(3)[group], x, units)
    assert found.spread == pytest.approx(between / ((far - far.mean()) ** 2).sum(), rel=1e-9)
    if skbio is not None:
        f = found.spread / 2 / ((1 - found.spread) / (len(x) - 3))
        matrix = skbio.DistanceMatrix(squareform(pdist(x)))
        theirs = skbio.permdisp(matrix, group, test="centroid", permutations=0, dimensions=4)
        assert theirs["test statistic"] == pytest.approx(f, rel=1e-6)


def test_animals_of_unequal_length_are_exchanged_and_fitted_anew():
    units = np.repeat(np.arange(4), [2, 5, 3, 9])
    values = np.array([1.0, 2.0, 5.0, 11.0])
    x = np.random.default_rng(3).normal(size=(19, 2))
    possible = []
    for order in permutations(values):
        z = orthonormal(np.array(order)[units][:, None])
        possible.append(((z.T @ (x - x.mean(axis=0))) ** 2).sum() / ((x - x.mean(axis=0)) ** 2).sum())
    null = trial(values[units], x, units, permutations=300).null
    assert np.abs(null[:, None] - np.array(possible)).min(axis=1).max() < 1e-9
    assert len(np.unique(null.round(9))) == 24


def test_p_of_whole_animals_by_hand():
    """Four animals in two groups of two: of the 24 exchanges, 8 keep or swap the groups."""
    units = np.repeat(np.arange(4), 3)
    group = (units >= 2).astype(float)
    x = np.random.default_rng(0).normal(size=(12, 2)) * 0.01 + 5 * group[:, None]
    found = trial(group, x, units, permutations=2_000)
    assert found.p == pytest.approx(8 / 24, abs=0.03)


def test_what_is_explained_is_r_squared_and_for_visits_that_of_ups_and_downs():
    rng = np.random.default_rng(2)
    x, units = herd(rng)
    moved = x - x.mean(axis=0)
    for values in (rng.normal(size=24)[units], rng.normal(size=24)[units] + rng.normal(size=len(x))):
        z = orthonormal(values[:, None])
        assert trial(values, x, units).explained == pytest.approx(((z.T @ moved) ** 2).sum() / (moved**2).sum())
    values = rng.normal(size=len(x))
    ups = orthonormal((values - np.repeat(values.reshape(24, 6).mean(axis=1), 6))[:, None])
    assert trial(values, x, units).explained == pytest.approx(((ups.T @ moved) ** 2).sum() / (moved**2).sum())


def test_the_same_seed_gives_the_same_p_and_no_permutations_give_none():
    rng = np.random.default_rng(6)
    x, units = herd(rng)
    values = rng.normal(size=24)[units]
    assert trial(values, x, units, seed=4).null.tolist() == trial(values, x, units, seed=4).null.tolist()
    assert trial(values, x, units, seed=4).null.tolist() != trial(values, x, units, seed=5).null.tolist()
    assert np.isnan(trial(values, x, units, permutations=0).p)
    still = np.repeat(x[::6], 6, axis=0)
    assert np.isnan(trial(rng.normal(size=len(x)), still, units).p), "nothing moves within an animal"
