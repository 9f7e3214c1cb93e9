"""How large a change is, how sure that is, whether it matters, where it is heading."""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from explorer.change.normal_inverse_gamma import State, Trace
from explorer.change.panel import Bools, Floats, Ints, Panel

LONGEST_RUN = 6
"""Visits that one change is averaged over at most."""

_SETTLED = 3
"""Visits of an animal that must lie before a change for its own level to be known."""

NOTABLE = 2.0
"""Own standard deviations that count as one unit of severity where the study names no relevant change."""


@dataclass(frozen=True, eq=False)
class Effects:
    """Changes against the animal's own baseline, float64 (n,) each; the unit is the value's.

    ``estimate`` with its 95 % credible interval ``low`` to ``high``; ``deviations``: the same in the animal's own
    standard deviations. ``probability``: that the change is larger, either way, than what is relevant; NaN where
    nothing says what is. ``severity``: the change in relevant changes, else in two own standard deviations.
    ``since``: row of the visit it began with, int64.
    """

    estimate: Floats
    low: Floats
    high: Floats
    deviations: Floats
    probability: Floats
    severity: Floats
    since: Ints


def effects(panel: Panel, residual: Floats, trace: Trace, relevant: float | None, run: Bools) -> Effects:
    """The change at every visit: of that visit alone, or, where ``run`` bool (n,), of the visits since the shift
    channel last changed sign, ``LONGEST_RUN`` at most, against the baseline as it was before them.

    With n visits the difference to the own mean follows t with 2a degrees of freedom, squared scale (b/a)(1/n + 1/k).
    """
    here = np.arange(len(panel))
    since = np.where(run, _began(panel, trace), here)
    n = (here - since + 1).astype(np.float64)
    total = np.append(0.0, np.cumsum(residual))
    before: State = trace.before[since]
    estimate = (total[here + 1] - total[since]) / n - before.m
    scale = np.sqrt(before.b / before.a * (1 / n + 1 / before.k))
    freedom = 2 * before.a
    half = stdtrit(freedom, 0.975) * scale
    if relevant is None:
        probability = np.full(len(panel), np.nan)
    else:
        probability = stdtr(freedom, (-relevant - estimate) / scale) + stdtr(freedom, (estimate - relevant) / scale)
    size = np.abs(estimate)
    severity = size / relevant if relevant is not None else size / (NOTABLE * before.spread)
    return Effects(estimate, estimate - half, estimate + half, estimate / before.spread, probability, severity, since)


def _began(panel: Panel, trace: Trace) -> Ints:
    """Row where the present run of the shift channel on one side began."""
    here = np.arange(len(panel))
    side = np.sign(trace.shift)
    new = (panel.visit == 0) | (side != np.roll(side, 1))
    began = np.maximum.accumulate(np.where(new, here, 0)) if len(here) else here
    settled = here - panel.visit + _SETTLED
    return np.minimum(np.maximum(np.maximum(began, here - LONGEST_RUN + 1), settled), here)


def trends(panel: Panel, residual: Floats, rows: Ints, spread: Floats, visits: int = 5) -> tuple[Floats, Ints]:
    """Slope per day over the last ``visits`` up to each of ``rows`` (m,), float64, and its direction, -1, 0 or 1.

    Least squares on residuals, so age and season are no trend. 0 where the slope is less than two standard errors,
    by the animal's own ``spread`` (m,), or there are fewer than three visits.
    """
    back = np.arange(visits)
    places = rows[:, None] - back
    there = back <= panel.visit[rows][:, None]
    places = np.where(there, places, rows[:, None])
    day = np.where(there, panel.day[places], 0.0)
    value = np.where(there, residual[places], 0.0)
    n = there.sum(axis=1)
    day = np.where(there, day - (day.sum(axis=1) / n)[:, None], 0.0)
    width = (day**2).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.where(n >= 3, (day * value).sum(axis=1) / width, np.nan)
        clear = np.abs(slope) > 2 * spread / np.sqrt(width)
    return slope, np.where(clear, np.sign(slope), 0).astype(np.int64)


def benjamini_hochberg(p: Floats) -> Floats:
    """The smallest false discovery rate at which each of ``p`` (n,) would be called (Benjamini and Hochberg, 1995).

    NaN stays NaN and does not count.
    """
    out = np.full(len(p), np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(-p[known], kind="stable")]
    ranks = np.arange(len(order), 0, -1)
    out[order] = np.minimum(np.minimum.accumulate(p[order] * len(order) / ranks), 1.0) if len(order) else 0.0
    return out
