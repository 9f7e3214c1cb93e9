"""How large a change is, how sure that is, whether it matters, where it is heading."""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from explorer.change.normal_inverse_gamma import State, Trace
from explorer.change.panel import Bools, Floats, Ints, Panel

LATELY, LONGEST_RUN = 6, 60
"""Visits that a change is averaged over at most, where none was alerted and where one was."""

_FURTHEST = 15.0
"""Own standard deviations that one of several visits counts in their mean: no illness goes so far (``slips``)."""

_SETTLED = 3
"""Visits of an animal that must lie before a change for its own level to be known."""

NOTABLE = 2.0
"""Own standard deviations that count as one unit of severity where the study names no relevant change."""


@dataclass(frozen=True, eq=False)
class Effects:
    """Changes against the animal's own baseline, float64 (n,) each; the unit is the value's.

    ``estimate`` with its 95 % credible interval ``low`` to ``high``. ``probability``: that the change is larger, either
    way, than what is relevant; NaN where nothing says what is. ``severity``: the change in relevant changes, else in
    two own standard deviations. ``since``: row of the visit it began with, int64.
    """

    estimate: Floats
    low: Floats
    high: Floats
    probability: Floats
    severity: Floats
    since: Ints


def effects(
    panel: Panel, residual: Floats, trace: Trace, relevant: float | None, *, run: Bools, alerted: Bools
) -> Effects:
    """The change at every visit: of that visit alone, or, where ``run`` bool (n,), of several against the baseline as
    it was before them. Of ``alerted`` ones since the visit with which a step of level most likely began; of others
    since the shift channel last changed sign, ``LATELY`` at most.

    With n visits the difference to the own mean follows t with 2a degrees of freedom, squared scale (b/a)(1/n + 1/k).
    The beginning is taken as known; how uncertain it is, is not in the interval.
    """
    here = np.arange(len(panel))
    since = np.where(run, _began(panel, trace), here)
    shifted = np.flatnonzero(run & alerted)
    since[shifted] = _likeliest(panel, residual, trace, shifted)
    n = (here - since + 1).astype(np.float64)
    before: State = trace.before[since]
    estimate = _means(residual, since, before) - before.m
    scale = np.sqrt(before.b / before.a * (1 / n + 1 / before.k))
    freedom = 2 * before.a
    half = stdtrit(freedom, 0.975) * scale
    if relevant is None:
        probability = np.full(len(panel), np.nan)
    else:
        probability = stdtr(freedom, (-relevant - estimate) / scale) + stdtr(freedom, (estimate - relevant) / scale)
    size = np.abs(estimate)
    severity = size / relevant if relevant is not None else size / (NOTABLE * before.spread)
    return Effects(estimate, estimate - half, estimate + half, probability, severity, since)


def _began(panel: Panel, trace: Trace) -> Ints:
    """Row where the present run of the shift channel on one side began."""
    here = np.arange(len(panel))
    side = np.sign(trace.shift)
    new = (panel.visit == 0) | (side != np.roll(side, 1))
    began = np.maximum.accumulate(np.where(new, here, 0)) if len(here) else here
    settled = here - panel.visit + _SETTLED
    return np.minimum(np.maximum(np.maximum(began, here - LATELY + 1), settled), here)


def _likeliest(panel: Panel, residual: Floats, trace: Trace, rows: Ints) -> Ints:
    """The row with which a step that lasts until each of ``rows`` (m,) most likely began: where the likelihood ratio of
    a step to none is largest (Hinkley, 1970), among steps to the side of the shift channel."""
    since, best, total = rows.copy(), np.full(len(rows), -np.inf), np.zeros(len(rows))
    side, settled = np.sign(trace.shift[rows]), rows - panel.visit[rows] + _SETTLED
    bounded = trace.before.bounded(residual)
    for lag in range(LONGEST_RUN):
        start = rows - lag
        able = (start >= settled) | (lag == 0)
        if not able.any():
            break
        start = np.where(able, start, rows)
        total += np.where(able, bounded[start], 0.0)
        before, n = trace.before[start], lag + 1
        away = side * (total - n * before.m)
        ratio = np.where(able & (away > 0), away**2 / (n * (1 + n / before.k) * before.b / before.a), -np.inf)
        since, best = np.where(ratio > best, start, since), np.maximum(ratio, best)
    return since


def _means(residual: Floats, since: Ints, before: State) -> Floats:
    """The mean of ``residual`` (n,) from ``since`` to each row; of one visit it is that visit."""
    n = np.arange(len(residual)) - since + 1
    total = np.zeros(len(residual))
    for lag in range(int(n.max(initial=0))):
        rows = np.flatnonzero(n > lag)
        far = np.where(n[rows] > 1, _FURTHEST * before.spread[rows], np.inf)
        total[rows] += np.clip(residual[rows - lag], before.m[rows] - far, before.m[rows] + far)
    return total / n


def trends(panel: Panel, residual: Floats, rows: Ints, spread: Floats, visits: int = 5) -> Ints:
    """Where the last ``visits`` up to each of ``rows`` (m,) head: -1, 0 or 1.

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
    return np.where(clear, np.sign(slope), 0).astype(np.int64)


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
