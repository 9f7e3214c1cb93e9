"""Several series of an animal together: a change too small in each may be plain in all (MEWMA; Lowry et al., 1992).

On each day on which any of them was measured, the shift channels of all as they stood then are one vector u, and
T2 = u' R^-1 u with R their correlation in the herd's earlier days. What each series gives of it is u_i (R^-1 u)_i: the
parts add up to T2. Where a series was not measured lately, the others are judged alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammainc, gammaincc, ndtri

from explorer.change.calibrating import FEWEST_YEARS, healthy_of, limits_at
from explorer.change.following import Followed, refits
from explorer.change.panel import Bools, Floats, Ints, Panel, panel_of

_LATELY = 1.5
"""Usual gaps between visits of a series after which its last value says nothing of today."""


@dataclass(frozen=True, eq=False)
class Joint:
    """n animal-days. ``score``: T2 as a normal score, float64; ``parts``: float64 (n, k), shares of each series, NaN
    where there is none; ``rows``: int64 (n, k), the visit of each series, -1 for none; ``alerted``: bool; ``limit``;
    ``p``: how often earlier days without an alert of their own have as large a score, NaN before there are enough."""

    panel: Panel
    score: Floats
    parts: Floats
    rows: Ints
    alerted: Bools
    limit: Floats
    p: Floats


def joined(followed: Sequence[Followed], *, rate: float) -> Joint:
    """All of ``followed`` together; at most a share ``rate`` of the earlier animal-years would have been alerted by
    this alone. Years in which a series alerted by itself have their alert, and many of them are years of illness, whose
    size no limit should be learnt from."""
    animal = np.concatenate([one.panel.animal for one in followed])
    day = np.concatenate([one.panel.day for one in followed])
    days = np.unique(np.stack([animal.astype(np.float64), day], axis=1), axis=0)
    panel = panel_of(days[:, 0].astype(np.int64), days[:, 1])
    latest = [_latest(one, panel) for one in followed]
    score, p, limit = np.full(len(panel), np.nan), np.full(len(panel), np.nan), np.full(len(panel), np.inf)
    parts, rows = np.full((len(panel), len(followed)), np.nan), np.full((len(panel), len(followed)), -1)
    ends = refits(panel.day)
    for place, until in enumerate(ends):
        last = ends[place + 1] if place + 1 < len(ends) else np.inf
        row = np.stack([_lately(one, *found, until) for one, found in zip(followed, latest, strict=True)], axis=1)
        u = _shifts(followed, row)
        correlation = _correlation(u[panel.day <= until])
        here = np.flatnonzero((panel.day <= last) & (np.isfinite(u).sum(axis=1) >= 2))
        value, share = _combined(u[here], correlation)
        now = panel.day[here] > until
        score[here[now]], parts[here[now]] = value[now], share[now]
        judged = (panel.day > until) & (panel.day <= last)
        rows[judged] = row[judged]
        earlier = panel.only(np.isin(np.arange(len(panel)), here[~now]))
        past = healthy_of(earlier, value[~now], learning=1)  # the series have learnt by themselves
        if past.years < FEWEST_YEARS:
            continue
        before = row[here[~now]].T
        by_itself = np.any(
            [(mine >= 0) & one.alerted[mine] for one, mine in zip(followed, before, strict=True)], axis=0
        )
        calm = ~np.isin(past.year, past.year[by_itself])
        (found,) = limits_at([np.where(calm, past.values, -np.inf)], past, rate, careful=False)
        limit[here[now]] = found if np.isfinite(found) else np.inf
        chance = np.sort(past.values[calm & (past.year >= 0)])
        larger = len(chance) - np.searchsorted(chance, value[now], side="left")
        p[here[now]] = (1 + larger) / (1 + len(chance))
    alerted = np.nan_to_num(score, nan=-np.inf) > limit
    return Joint(panel, score, parts, rows, alerted, limit, p)


def _shifts(followed: Sequence[Followed], rows: Ints) -> Floats:
    """The shift channel of each series at its visit in ``rows`` (n, k), NaN without one that could be alerted."""
    out = np.full(rows.shape, np.nan)
    for place, one in enumerate(followed):
        row = rows[:, place]
        known = (row >= 0) & one.monitored[row]
        out[known, place] = one.shift[row[known]]
    return out


def _lately(one: Followed, row: Ints, age: Floats, until: float) -> Ints:
    """``row`` (n,) where it is no older than is usual between the visits up to the day ``until``; else -1."""
    gaps = one.panel.gaps[one.panel.day <= until]
    gaps = gaps[np.isfinite(gaps)]
    return np.where(age <= (_LATELY * float(np.median(gaps)) if len(gaps) else 0.0), row, -1)


def _latest(one: Followed, panel: Panel) -> tuple[Ints, Floats]:
    """The visit of ``one`` at or before each day of ``panel``, and how many days before, infinity for none."""
    ranks = np.unique(np.concatenate([one.panel.day, panel.day]))
    stride = len(ranks) + 1
    keys = one.panel.animal * stride + np.searchsorted(ranks, one.panel.day)
    place = np.searchsorted(keys, panel.animal * stride + np.searchsorted(ranks, panel.day), side="right") - 1
    found = np.maximum(place, 0)
    there = (place >= 0) & (one.panel.animal[found] == panel.animal)
    return found, np.where(there, panel.day - one.panel.day[found], np.inf)


def _correlation(u: Floats) -> Floats:
    """Rank correlations of the columns, pairwise where both are known, shrunk towards none: few sick animals do not
    bend it."""
    k = u.shape[1]
    out = np.eye(k)
    for i in range(k):
        for j in range(i):
            both = np.isfinite(u[:, i]) & np.isfinite(u[:, j])
            n = int(both.sum())
            if n < 20:
                continue
            ranks = [np.argsort(np.argsort(u[both, place])).astype(np.float64) for place in (i, j)]
            out[i, j] = out[j, i] = np.corrcoef(ranks[0], ranks[1])[0, 1] * n / (n + 20)
    return 0.95 * out + 0.05 * np.eye(k)


def _combined(u: Floats, correlation: Floats) -> tuple[Floats, Floats]:
    """T2 of each row of ``u`` (n, k) by the series it has, as a normal score, and what each gives of it (n, k)."""
    score, parts = np.full(len(u), np.nan), np.full(u.shape, np.nan)
    known = np.isfinite(u)
    for pattern in np.unique(known, axis=0):
        if not pattern.any():
            continue
        rows = (known == pattern).all(axis=1)
        part = u[np.ix_(rows, pattern)]
        gives = part * np.linalg.solve(correlation[np.ix_(pattern, pattern)], part.T).T
        total = gives.sum(axis=1)
        half = int(pattern.sum()) / 2
        tail = np.maximum(gammaincc(half, total / 2), 1e-300)
        # Of a small T2 the lower tail keeps its digits, of a large one the upper.
        score[rows] = np.where(tail < 0.5, -ndtri(tail), ndtri(np.maximum(gammainc(half, total / 2), 1e-300)))
        parts[np.ix_(rows, pattern)] = gives / np.where(total > 0, total, 1.0)[:, None]
    return score, parts
