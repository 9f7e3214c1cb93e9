"""R squared against n x n matrices, scikit-bio and ANOVA; its intervals against the truth."""

import warnings

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from scipy.stats import f_oneway

from explorer.space.designs import orthonormal
from explorer.space.permanova import Permanova

try:
    import skbio.stats.distance as skbio
except ImportError:
    skbio = None
    warnings.warn("scikit-bio is not installed: PERMANOVA is compared with n x n matrices only", stacklevel=1)


def herd(seed, m=20, visits=6, d=5):
    """Vectors, animals and three variables that hang together, as orthonormal columns."""
    rng = np.random.default_rng(seed)
    units = np.repeat(np.arange(m), visits)
    n = len(units)
    age = rng.normal(size=m)[units] + 0.3 * rng.normal(size=n)
    season = (rng.integers(0, 3, n) + (age > 0)) % 3
    breed = rng.integers(0, 2, m)[units]
    x = rng.normal(size=(m, d))[units] + rng.normal(size=(n, d)) + np.outer(age, rng.normal(size=d))
    x[:, 0] += season
    blocks = {"age": np.column_stack([age, age**2]), "season": np.eye(3)[season], "breed": breed[:, None] * 1.0}
    return x, units, {name: orthonormal(block) for name, block in blocks.items()}, season


def by_gower(x, *columns):
    """tr(H G) / tr(G), from distances: Anderson (2001)."""
    n = len(x)
    centre = np.eye(n) - 1 / n
    gower = centre @ (-(squareform(pdist(x)) ** 2) / 2) @ centre
    z = np.column_stack([np.ones(n), *columns])
    hat = z @ np.linalg.pinv(z) - 1 / n
    return np.trace(hat @ gower) / np.trace(gower)


@pytest.mark.parametrize("seed", range(3))
def test_as_from_the_matrix_of_all_distances(seed):
    x, units, blocks, _ = herd(seed)
    found = Permanova(blocks, x, units)
    full = by_gower(x, *blocks.values())
    for name, block in blocks.items():
        rest = [one for other, one in blocks.items() if other != name]
        assert found.marginal(name).value == pytest.approx(by_gower(x, block), abs=1e-10)
        assert found.conditional(name).value == pytest.approx(full - by_gower(x, *rest), abs=1e-10)


def pseudo_f(r2, groups, n):
    return r2 / (groups - 1) / ((1 - r2) / (n - groups))


@pytest.mark.skipif(skbio is None, reason="scikit-bio IS NOT INSTALLED: pip install scikit-bio")
@pytest.mark.parametrize("seed", range(3))
def test_as_scikit_bio_has_it(seed):
    x, units, blocks, season = herd(seed)
    theirs = skbio.permanova(skbio.DistanceMatrix(squareform(pdist(x))), season, permutations=0)
    ours = Permanova(blocks, x, units).marginal("season").value
    assert pseudo_f(ours, 3, len(x)) == pytest.approx(theirs["test statistic"], rel=1e-9)


def test_in_one_dimension_it_is_anova():
    x, units, blocks, season = herd(4, d=1)
    theirs = f_oneway(*(x[season == one, 0] for one in range(3))).statistic
    assert pseudo_f(Permanova(blocks, x, units).marginal("season").value, 3, len(x)) == pytest.approx(theirs, rel=1e-9)


def test_nothing_is_left_of_what_another_variable_says_too():
    x, units, blocks, _ = herd(0)
    found = Permanova(blocks | {"again": orthonormal(blocks["season"] @ [[1.0, 2.0], [0.5, -3.0]])}, x, units)
    assert found.conditional("season").value == pytest.approx(0, abs=1e-9)
    assert found.marginal("again").value == pytest.approx(found.marginal("season").value, abs=1e-12)
    alone = Permanova({"season": blocks["season"]}, x, units)
    assert alone.conditional("season").value == alone.marginal("season").value


def test_unit_scale_place_and_order_do_not_matter():
    x, units, blocks, _ = herd(1)
    order = np.random.default_rng(0).permutation(len(x))
    turned = np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0]
    one = Permanova(blocks, x, units)
    other = Permanova(
        {name: block[order] for name, block in blocks.items()}, 1e6 + 1e3 * x[order] @ turned, units[order]
    )
    for name in blocks:
        assert other.marginal(name).value == pytest.approx(one.marginal(name).value, rel=1e-6)
        assert other.conditional(name).low == pytest.approx(one.conditional(name).low, abs=1e-6)


def test_without_spread_nothing_is_explained_and_one_animal_has_no_interval():
    x, units, blocks, _ = herd(2)
    assert not Permanova(blocks, np.ones_like(x), units).marginal("age").known
    found = Permanova(blocks, x, np.zeros(len(x), dtype=int)).marginal("age")
    assert found.known
    assert np.isnan(found.low)


@pytest.mark.parametrize(
    ("m", "groups", "effect", "by_visit"), [(50, 2, 0.0, False), (50, 6, 0.7, False), (450, 3, 0.3, True)]
)
def test_the_interval_holds_what_is_true_of_all_animals(m, groups, effect, by_visit):
    """Plain percentiles hold it in none of the first two; above 400 animals, groups of them are drawn."""
    rng = np.random.default_rng(0)
    d, visits, runs = 5, 4, 60 if m < 100 else 20
    middle = rng.normal(size=(groups, d)) * effect
    middle -= middle.mean(axis=0)
    between = (middle**2).sum(axis=1).mean()
    truth = between / (between + 2 * d)
    units = np.repeat(np.arange(m), visits)
    held = 0
    for run in range(runs):
        group = rng.integers(0, groups, len(units)) if by_visit else rng.integers(0, groups, m)[units]
        x = rng.normal(size=(m, d))[units] + rng.normal(size=(len(units), d)) + middle[group]
        found = Permanova({"v": orthonormal(np.eye(groups)[group])}, x, units, seed=run).marginal("v")
        held += found.low - 1e-12 <= truth <= found.high
    assert held >= 0.8 * runs


@pytest.mark.parametrize("effect", [0.2, 1.0])
def test_the_interval_of_what_only_one_explains_holds_it(effect):
    """Breed and camera hang together; beyond breed, camera has 3/16 of a variance of its own to explain with."""
    rng = np.random.default_rng(1)
    m, visits, d, runs = 40, 4, 5, 60
    truth = effect**2 * 3 / 16 / (2 + (1 + effect**2) / 4 + 2 * effect / 8)
    units = np.repeat(np.arange(m), visits)
    held = 0
    for run in range(runs):
        breed = rng.integers(0, 2, m)[units]
        camera = np.where(rng.random(len(units)) < 0.75, breed, 1 - breed)
        x = rng.normal(size=(m, d))[units] + rng.normal(size=(len(units), d)) + (breed + effect * camera)[:, None]
        blocks = {name: orthonormal(one[:, None] * 1.0) for name, one in (("breed", breed), ("camera", camera))}
        found = Permanova(blocks, x, units, seed=run).conditional("camera")
        held += found.low - 1e-12 <= truth <= found.high
    assert held >= 0.85 * runs


def test_a_draw_is_the_sample_with_its_animals_repeated():
    x, units, blocks, _ = herd(3)
    found = Permanova(blocks, x + 50, units)
    for draw in (1, 2):
        times = found._weights[draw].astype(int)
        rows = np.concatenate([np.flatnonzero(units == one) for one in range(20) for _ in range(times[one])])
        wanted = by_gower(x[rows], blocks["season"][rows])
        assert found._explained(("season",))[draw] == pytest.approx(wanted, abs=1e-9)
