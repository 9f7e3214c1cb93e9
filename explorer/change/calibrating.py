"""Limits that keep a promise on false alarms: block bootstrap of healthy series with the fitted autocorrelation.

Textbook limits alert far more healthy animals than they say: visits are many, correlated and not normal. Here healthy
animals are made again and again from what healthy animals did, in blocks of consecutive visits (Kunsch, 1989) of
whitened errors, coloured again by the fitted autocorrelation, with the gaps of real animals; the limits are those that
few of them reach.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtr

from explorer.change.backgrounds import YEAR
from explorer.change.baseline import Baseline, carried, whitened
from explorer.change.normal_inverse_gamma import LEARNING, Prior
from explorer.change.panel import Bools, Floats, Ints, Panel, panel_of

SERIES = 4_000
"""Made animals; at 5 % the share alerted is known to about 0.3 points."""

BLOCK = 5
"""Visits in a block: long enough for runs that the autocorrelation alone does not tell of."""

FEWEST_YEARS = 60.0
"""Animal-years before a limit is read off what a herd really did; at 5 % that is three alarms."""

_FEWEST = 4
_QUARTILE = 0.75
_MOST_VISITS = 60


@dataclass(frozen=True, eq=False)
class Healthy:
    """Healthy series: ``panel`` and ``values`` float64 (n,), and the animal-years that ``year_of`` numbers.

    ``year``: int64 (n,), which animal-year each monitored visit is in, -1 while learning. ``years``: how many there
    are in all, parts of one counted as parts.
    """

    panel: Panel
    values: Floats
    year: Ints
    years: float


def healthy_of(panel: Panel, values: Floats, *, learning: int = LEARNING) -> Healthy:
    """Real series of animals taken to be healthy, as they are."""
    year, years = years_of(panel, learning)
    return Healthy(panel, values, year, years)


def years_of(panel: Panel, learning: int) -> tuple[Ints, float]:
    """Animal-years after learning: a number for each visit, -1 before, int64 (n,); and how many years they span.

    An animal's first begins with its last learning visit.
    """
    first, counts = panel.first, panel.counts
    start = panel.day[first + np.minimum(max(learning - 1, 0), counts - 1)]
    end = panel.day[first + counts - 1]
    since = panel.day - np.repeat(start, counts)
    watched = panel.visit >= learning
    # A visit a full year after the start still belongs to that year: (0, 1] rather than [0, 1).
    within = np.maximum(np.ceil(np.round(since / YEAR, 9)).astype(np.int64) - 1, 0)
    rows = np.flatnonzero(watched)
    changed = (np.diff(panel.animal[rows]) != 0) | (np.diff(within[rows]) != 0)
    year = np.full(len(panel), -1, dtype=np.int64)
    year[rows] = np.append(0, np.cumsum(changed))[: len(rows)]
    return year, float(np.maximum(end - start, 0.0).sum() / YEAR)


def made_healthy(
    panel: Panel,
    residual: Floats,
    baseline: Baseline,
    prior: Prior,
    *,
    learning: int = LEARNING,
    series: int = SERIES,
    seed: int = 0,
) -> Healthy:
    """``series`` healthy animals, made from ``residual`` float64 (n,) of healthy visits of ``panel``.

    Each gets the gaps of a real animal, a level and a variance from the herd's distribution, and blocks of errors of
    one real animal after the other. An error is scored against the animal's other errors, so that an animal with few
    visits does not hide its own outliers in its own variance. Raises ValueError when no animal has enough visits.
    """
    rng = np.random.default_rng([seed, 8])
    errors = _errors(panel, residual, baseline, prior)
    days, animal = _dates(panel, learning, series, rng)
    made = panel_of(animal, days)
    longest = len(made.sizes)
    block = min(BLOCK, int(errors.remaining.max(initial=0)))
    if block < 1:
        raise ValueError("no animal has enough visits to make healthy series from")
    starts = rng.choice(np.flatnonzero(errors.remaining >= block), (series, -(-longest // block)))
    rows = starts[:, :, None] + np.arange(block)
    noise = errors.score[rows] + errors.lost[rows] * rng.standard_normal(starts.shape)[:, :, None]
    noise = noise.reshape(series, -1)
    restless = np.sqrt(prior.b / rng.gamma(prior.a, size=series))
    level = np.sqrt(baseline.between) * rng.standard_normal(series)
    correlation = carried(made.gaps / baseline.gap, baseline.phi)
    ordered_animal, ordered_correlation = animal[made.order], correlation[made.order]
    values = np.empty(len(made))
    error = np.zeros(series)
    for visit, here, _ in made.steps():
        who = ordered_animal[here]
        rho = ordered_correlation[here]
        error[who] = rho * error[who] + np.sqrt(1 - rho**2) * noise[who, visit]
        values[here] = level[who] + restless[who] * error[who]
    return healthy_of(made, np.asarray(made.back_in_rows(values), dtype=np.float64), learning=learning)


@dataclass(frozen=True, eq=False)
class _Errors:
    """Whitened errors of n healthy visits in standard deviations, to draw blocks from.

    ``score``: about the animal's own mean. ``lost``: standard deviation of what that mean took from each of them; a
    block without it would hang about its mean more closely than animals do, and sums over visits would look calm.
    ``remaining``: int64, visits of the same animal from each on, itself included; 0 where the animal has too few.
    """

    score: Floats
    lost: Floats
    remaining: Ints


def _errors(panel: Panel, residual: Floats, baseline: Baseline, prior: Prior) -> _Errors:
    first, counts = panel.first, panel.counts

    def total(values: Floats) -> Floats:
        return np.repeat(np.add.reduceat(values, first), counts)

    white, ones = (whitened(one, panel, baseline.phi, baseline.gap) for one in (residual, np.ones(len(panel))))
    information = total(ones**2)
    left = white - ones * total(ones * white) / information
    seen = np.maximum(1 - ones**2 / information, 1e-6)
    parts = left**2 / seen
    visits = np.repeat(counts, counts).astype(np.float64)
    a = prior.a + np.maximum(visits - 2, 0) / 2
    b = prior.b + np.maximum(total(left**2) - parts, 0.0) / 2
    away = np.sign(left) * np.sqrt(parts * a / b)
    score = -np.sign(away) * ndtri(np.maximum(stdtr(2 * a, -np.abs(away)), 1e-300))
    remaining = np.where(visits >= _FEWEST, visits.astype(np.int64) - panel.visit, 0)
    return _Errors(score * np.sqrt(seen), ones / np.sqrt(information), remaining)


def _dates(panel: Panel, learning: int, series: int, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Dates of ``series`` animals for about a year after learning, with the gaps of one real animal each, drawn."""
    first, counts = panel.first, panel.counts
    able = np.flatnonzero(counts > 1)
    if not len(able):
        raise ValueError("no animal has been seen twice")
    gaps = panel.gaps
    usual = float(np.median(gaps[np.isfinite(gaps)]))
    visits = learning + int(np.clip(np.ceil(YEAR / usual), _FEWEST, _MOST_VISITS))
    drawn = rng.choice(able, series)
    places = 1 + np.floor(rng.random((series, visits - 1)) * (counts[drawn] - 1)[:, None]).astype(np.int64)
    days = np.cumsum(gaps[first[drawn][:, None] + places], axis=1)
    return np.column_stack([np.zeros(series), days]).ravel(), np.repeat(np.arange(series), visits)


def limits_at(channels: Sequence[Floats], healthy: Healthy, rate: float, *, careful: bool = True) -> tuple[float, ...]:
    """The limit of each of ``channels``, float64 (n,) sizes of a statistic, so that at most a share ``rate`` of
    healthy animal-years has any channel beyond its limit. Each channel takes an equal share of the alarms.

    careful: keep a standard error below ``rate``, as the share itself is only known from so many series.
    """
    if not 0 < rate < 1:
        raise ValueError(f"the rate must lie between 0 and 1, not {rate}")
    tops = [_largest(one, healthy.year) for one in channels]
    allowed = rate * healthy.years
    if careful:
        # x + sqrt(x) <= allowed, solved for x.
        allowed = (np.sqrt(allowed + 0.25) - 0.5) ** 2
    falling = [np.sort(one)[::-1] for one in tops]
    fewest, most = 0, min(int(allowed), len(tops[0]) - 1) if len(tops[0]) else 0

    def at(count: int) -> tuple[float, ...]:
        return tuple(float(one[count]) if len(one) else float("inf") for one in falling)

    while fewest < most:
        middle = (fewest + most + 1) // 2
        beyond = np.any([one > limit for one, limit in zip(tops, at(middle), strict=True)], axis=0).sum()
        fewest, most = (middle, most) if beyond <= allowed else (fewest, middle - 1)
    return at(fewest)


def raised(
    limits: Sequence[float],
    real: Sequence[Floats],
    past: Healthy,
    made: Sequence[Floats],
    healthy: Healthy,
    rate: float,
) -> tuple[float, ...]:
    """``limits`` of the ``made`` sizes, raised where the ``real`` ones, float64 (n,) of the visits of ``past``, go
    further: real animals do what no made one does, each grows its own way.

    Upper quartiles of both are compared, as medians are in genomic control (Devlin and Roeder, 1999): sick visits are
    few and hardly move them. Of the quotient a standard error is taken off, that of a quartile over so many animals.
    No limit is raised beyond the one that keeps the promise on all that the herd did, its sick animals included.
    """
    watched, own = past.year >= 0, healthy.year >= 0
    animals = len(np.unique(past.panel.animal[watched]))
    if not animals or not own.any():
        return tuple(limits)
    most = limits_at(real, past, rate, careful=False) if past.years >= FEWEST_YEARS else [np.inf] * len(limits)
    out = []
    for limit, theirs, ours, enough in zip(limits, real, made, most, strict=True):
        further, usual = (np.quantile(np.abs(one), _QUARTILE) for one in (theirs[watched], ours[own]))
        times = further / usual / (1 + 1 / np.sqrt(animals)) if usual > 0 else 1.0
        out.append(float(max(limit, min(limit * times, enough))))
    return tuple(out)


def _largest(sizes: Floats, year: Ints) -> Floats:
    """The largest of ``sizes`` in each animal-year."""
    out = np.full(int(year.max(initial=-1)) + 1, -np.inf)
    watched = year >= 0
    np.maximum.at(out, year[watched], sizes[watched])
    return out


def alarm_rate(alerted: Bools, healthy: Healthy) -> float:
    """Share of animal-years with any of ``alerted`` bool (n,) in it; NaN without a year."""
    if not healthy.years > 0:
        return float("nan")
    return len(np.unique(healthy.year[alerted & (healthy.year >= 0)])) / healthy.years
