"""Intervals over animals against plain loops: each animal drawn as often as its draw says, all its rows with it."""

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from explorer.space.bootstrap import AnimalBootstrap, Interval

SIZES = [1, 7, 3, 12, 5, 2, 9, 4]
ANIMALS = np.repeat(np.arange(8) * 10, SIZES)
N = len(ANIMALS)
DRAWS, SEED = 50, 3


def data(seed=0):
    rng = np.random.default_rng(seed)
    own = rng.normal(size=8)[ANIMALS // 10]
    x = np.round(own + rng.normal(size=N), 1)  # ties
    return rng, x, x + own + rng.normal(size=N)


def drawn_rows():
    """The rows of each draw, written out."""
    counts = np.random.default_rng(SEED).multinomial(8, np.full(8, 1 / 8), size=DRAWS)
    for draw in counts:
        yield np.concatenate([np.repeat(np.flatnonzero(10 * a == ANIMALS), times) for a, times in enumerate(draw)])


def quantiles(statistic):
    values = np.array([statistic(rows) for rows in drawn_rows()])
    return np.nanquantile(values, [0.025, 0.975])


def assert_like(found, value, statistic):
    assert found.value == pytest.approx(value, abs=1e-12)
    assert (found.low, found.high) == pytest.approx(quantiles(statistic), abs=1e-10)


def residual(y, given):
    table = np.column_stack([np.ones(len(y)), given])
    return y - table @ np.linalg.lstsq(table, y, rcond=None)[0]


def test_means_shares_and_correlations_are_those_of_the_rows_drawn():
    _, x, y = data()
    boot = AnimalBootstrap(ANIMALS, SEED, DRAWS)
    assert boot.animals == 8
    assert_like(boot.mean(x), x.mean(), lambda rows: x[rows].mean())
    missed, total = x**2, y**2
    assert_like(
        boot.explained(missed, total),
        1 - missed.sum() / total.sum(),
        lambda rows: 1 - missed[rows].sum() / total[rows].sum(),
    )
    assert_like(boot.correlation(x, y), np.corrcoef(x, y)[0, 1], lambda rows: np.corrcoef(x[rows], y[rows])[0, 1])
    assert_like(boot.spearman(x, y), spearmanr(x, y)[0], lambda rows: spearmanr(x[rows], y[rows])[0])


@pytest.mark.parametrize("columns", [1, 3])
def test_a_partial_correlation_is_that_of_the_residuals(columns):
    rng, x, y = data()
    given = np.column_stack([x + rng.normal(size=N) for _ in range(columns)])

    def partial(rows):
        return np.corrcoef(residual(x[rows], given[rows]), residual(y[rows], given[rows]))[0, 1]

    assert_like(AnimalBootstrap(ANIMALS, SEED, DRAWS).correlation(x, y, given), partial(np.arange(N)), partial)


def test_a_partial_correlation_by_hand():
    """r_xy.z = (r_xy - r_xz r_yz) / sqrt((1 - r_xz^2)(1 - r_yz^2))."""
    rng, x, y = data()
    z = x + rng.normal(size=N)
    r = np.corrcoef([x, y, z])
    by_hand = (r[0, 1] - r[0, 2] * r[1, 2]) / np.sqrt((1 - r[0, 2] ** 2) * (1 - r[1, 2] ** 2))
    found = AnimalBootstrap(ANIMALS, 0).correlation(1e6 + 1e3 * x, -5 * y, z[:, None])
    assert found.value == pytest.approx(-by_hand, abs=1e-9)


def test_the_shuffled_correlation_is_the_mean_over_shuffles():
    rng, x, y = data()
    shuffles = []
    for _ in range(4_000):
        order = np.lexsort((rng.random(N), ANIMALS))
        shuffles.append(np.corrcoef(x, y[order])[0, 1])
    found = AnimalBootstrap(ANIMALS, 0).shuffled_correlation(x, y)
    assert found.value == pytest.approx(np.mean(shuffles), abs=4 * np.std(shuffles) / np.sqrt(4_000))
    assert abs(found.value - np.corrcoef(x, y)[0, 1]) > 0.05, "else this test could not fail"
    assert found.low < found.value < found.high


def test_dates_seen_three_times_are_shuffled_as_dates():
    _, x, y = data()
    once = AnimalBootstrap(ANIMALS, 0).shuffled_correlation(x, y)
    thrice = AnimalBootstrap(np.repeat(ANIMALS, 3), 0).shuffled_correlation(np.repeat(x, 3), np.repeat(y, 3))
    assert (thrice.value, thrice.low, thrice.high) == pytest.approx((once.value, once.low, once.high))


def test_ranks_do_not_mind_order_or_scale():
    _, x, y = data()
    boot = AnimalBootstrap(ANIMALS, 0)
    assert boot.spearman(np.exp(x), y**3) == boot.spearman(rankdata(x), rankdata(y))


def test_what_is_not_defined_is_not_told():
    _, x, y = data()
    boot = AnimalBootstrap(ANIMALS, 0)
    flat = np.full(N, 0.1)
    for found in (boot.correlation(flat, y), boot.spearman(x, flat), boot.shuffled_correlation(x, flat)):
        assert not found.known and np.isnan([found.low, found.high]).all()
    assert not boot.correlation(2 * x + 1, y, x[:, None]).known, "nothing is left of a predictor that is the given"
    assert not boot.explained(x**2, np.zeros(N)).known
    one = AnimalBootstrap(np.zeros(5), 0)
    assert one.mean(np.arange(5.0)).value == 2 and np.isnan(one.mean(np.arange(5.0)).low)
    assert one.spearman(np.arange(5.0), np.arange(5.0)).value == pytest.approx(1)
    none = AnimalBootstrap(np.zeros(0), 0)
    empty = np.zeros(0)
    assert not none.mean(empty).known and not none.spearman(empty, empty).known
    assert not none.correlation(empty, empty).known and not none.shuffled_correlation(empty, empty).known


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        animals = np.repeat(np.arange(40), 5)
        values = rng.normal(size=40)[animals] + 0.3 * rng.normal(size=200)
        found = AnimalBootstrap(animals, seed, 400).mean(values)
        held += found.low <= 0 <= found.high
    assert 0.89 <= held / 200 <= 0.99


def test_numbers_are_said_with_their_interval():
    assert str(Interval(0.12345, 0.1, 0.2)) == "0.123 (0.1 to 0.2)"
    assert str(Interval(3.0, np.nan, np.nan)) == "3"
    assert str(Interval(np.nan, np.nan, np.nan)) == "–"
