"""All that an animal is judged by on one day, learnt from earlier days: baseline, prior, memory, limits."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from explorer.change.arms import Herd, Method, beyond, channels
from explorer.change.backgrounds import Backgrounds
from explorer.change.baseline import Baseline, fit_baseline
from explorer.change.calendar import shared
from explorer.change.calibrating import alarm_rate, healthy_of, limits_at, made_healthy, raised
from explorer.change.memory import choose_memory, held_back
from explorer.change.normal_inverse_gamma import LEARNING, Side, follow, sizes
from explorer.change.panel import Bools, Floats, Panel
from explorer.change.prior import fit_prior
from explorer.change.slips import bounded

AGAIN = 1_000
"""Healthy series made anew, to see whether the limits keep their promise."""

Memory = Literal["held-back"] | float | None


@dataclass(frozen=True)
class Settings:
    """How changes are looked for.

    ``rate``: at most this share of healthy animal-years with a new alert, of one series. ``memory``: visits remembered,
    None for all, "held-back" to choose. ``side``: which changes count. ``calendar``: whether what the whole herd shows
    at a time is taken off, as it is where times are dates.
    """

    method: Method = "two-channel"
    rate: float = 0.05
    memory: Memory = "held-back"
    learning: int = LEARNING
    side: Side = "both"
    calendar: bool = True
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Reference:
    """Learnt from visits up to ``until`` (day).

    ``baseline``: of values less what the herd shares at their time, where that is asked for. ``herd``: what the arms
    know. ``limits``: those of made healthy series, each ``raised`` so many times as real animals go further than made
    ones. ``chance``: sorted ratios of statistic to limit in made healthy series, float64, for p values.
    """

    until: float
    settings: Settings
    baseline: Baseline
    herd: Herd
    limits: tuple[float, ...]
    raised: tuple[float, ...]
    chance: Floats

    def expected(self, panel: Panel, values: Floats, backgrounds: Backgrounds) -> Floats:
        """What background and time of each visit let expect, float64 (n,); ``panel``: all visits up to some day."""
        expected = self.baseline.expected(backgrounds)
        if not self.settings.calendar:
            return expected
        return expected + shared(panel, values - expected)

    def ratios(self, statistics: tuple[Floats, ...]) -> Floats:
        """The largest statistic in units of its limit, float64 (n,); above 1 it alerts."""
        parts = [sizes(one, self.settings.side) / limit for one, limit in zip(statistics, self.limits, strict=True)]
        return np.asarray(np.max(parts, axis=0), dtype=np.float64)

    def p_values(self, ratios: Floats) -> Floats:
        """Share of healthy visits with as large a ratio, the visit itself counted (Phipson and Smyth, 2010)."""
        larger = len(self.chance) - np.searchsorted(self.chance, ratios, side="left")
        return np.asarray((1.0 + larger) / (1.0 + len(self.chance)), dtype=np.float64)


def fit_reference(
    panel: Panel, values: Floats, backgrounds: Backgrounds, healthy: Bools, settings: Settings, until: float
) -> Reference:
    """Learn from the ``healthy`` visits, bool (n,), of ``panel``. Raises ValueError for too few or equal ones."""
    values = bounded(panel, values)
    well, known = panel.only(healthy), backgrounds.only(healthy)
    baseline = fit_baseline(well, values[healthy], known, autocorrelated=not settings.calendar)
    if settings.calendar:
        less = values - shared(panel, values - baseline.expected(backgrounds))
        baseline = fit_baseline(well, less[healthy], known)
        # Once more by the baseline that remains, as visits are judged: what it gets wrong of a time is shared, too.
        values = values - shared(panel, values - baseline.expected(backgrounds))
    panel, values, backgrounds = well, values[healthy], known
    residual = values - baseline.expected(backgrounds)
    prior = fit_prior(panel, residual, baseline)
    chosen = settings.memory
    memory = _held_back_memory(panel, values, backgrounds, settings) if chosen == "held-back" else chosen
    herd = Herd(baseline.between, baseline.within, prior, memory, settings.learning)
    if settings.method == "never":
        return Reference(until, settings, baseline, herd, (np.inf,), (1.0,), np.zeros(1))
    made = made_healthy(panel, residual, baseline, prior, learning=settings.learning, seed=2 * settings.seed)
    statistics = channels(settings.method, made.panel, made.values, herd)
    limits = limits_at([sizes(one, settings.side) for one in statistics], made, settings.rate)
    reference = Reference(until, settings, baseline, herd, limits, (1.0,) * len(limits), np.empty(0))
    chance = np.sort(reference.ratios(statistics)[made.year >= 0])
    higher = raised(
        limits,
        [sizes(one, settings.side) for one in channels(settings.method, panel, residual, herd)],
        healthy_of(panel, residual, learning=settings.learning),
        [sizes(one, settings.side) for one in statistics],
        made,
        settings.rate,
    )
    times = tuple(high / low if low > 0 else 1.0 for high, low in zip(higher, limits, strict=True))
    return replace(reference, limits=higher, raised=times, chance=chance)


def promise_kept(reference: Reference, panel: Panel, values: Floats, backgrounds: Backgrounds, healthy: Bools) -> float:
    """Share of healthy animal-years with an alert, on series made anew, by the limits before they were raised.

    Of what ``reference`` was learnt from, as ``fit_reference`` takes it.
    """
    settings, herd = reference.settings, reference.herd
    if settings.method == "never":
        return 0.0
    values = bounded(panel, values)
    residual = (values - reference.expected(panel, values, backgrounds))[healthy]
    fresh = made_healthy(
        panel.only(healthy),
        residual,
        reference.baseline,
        herd.prior,
        learning=settings.learning,
        series=AGAIN,
        seed=2 * settings.seed + 1,
    )
    limits = tuple(limit / times for limit, times in zip(reference.limits, reference.raised, strict=True))
    if settings.method == "two-channel":
        alerted = follow(
            fresh.panel,
            fresh.values,
            herd.prior,
            memory=herd.memory,
            limits=(limits[0], limits[1]),
            learning=settings.learning,
            side=settings.side,
        ).alerted
    else:
        statistics = channels(settings.method, fresh.panel, fresh.values, herd)
        alerted = beyond(statistics, limits, fresh.panel, settings.learning, settings.side)
    return alarm_rate(alerted, fresh)


def _held_back_memory(panel: Panel, values: Floats, backgrounds: Backgrounds, settings: Settings) -> float | None:
    """The memory chosen on a third of the animals, by what the others tell."""
    out = held_back(panel)
    try:
        others = fit_baseline(panel.only(~out), values[~out], backgrounds.only(~out))
    except ValueError:
        return None
    residual = values - others.expected(backgrounds)
    prior = fit_prior(panel.only(~out), residual[~out], others)
    return choose_memory(
        panel.only(out),
        residual[out],
        prior,
        others.within,
        rate=settings.rate,
        learning=settings.learning,
        seed=settings.seed,
    )
