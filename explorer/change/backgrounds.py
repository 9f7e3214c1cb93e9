"""What is known of a visit before its value is judged (age, season, calving, covariates) as columns of a baseline.

Only what was known by then: the age follows from the birth, covariates from the animal's latest observation at or
before the visit.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import qr

from explorer.change.panel import Bools, Floats, Panel

YEAR = 365.25
HARMONICS = 2
KNOTS = (0.05, 0.35, 0.65, 0.95)
"""Shares of visits below each knot of a curve (Harrell, 2001, table 2.3)."""

SURE = 0.2
"""Standard error of a season that is known, in standard deviations of an animal's errors. Where all animals are of an
age, age and season run on together for more than a year, and what either is made to explain goes wild after it."""

MOST_CATEGORIES = 64
_RANK = 1e-7


@dataclass(frozen=True, eq=False)
class Backgrounds:
    """Backgrounds of n visits.

    ``curves``: name to float64 (n,), NaN where unknown, entering as smooth curves (age is one). ``turn``: float64 (n,),
    place in the year from 0 to 1, or None without dates. ``categories``: name to text (n,), "" where unknown.
    """

    curves: dict[str, Floats] = field(default_factory=dict)
    turn: Floats | None = None
    categories: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    rows: int = 0

    def only(self, rows: Bools | npt.NDArray[np.integer]) -> "Backgrounds":
        """Those of some visits, bool (n,) or row numbers."""
        turn = None if self.turn is None else self.turn[rows]
        size = int(rows.sum()) if rows.dtype == np.bool_ else len(rows)
        return Backgrounds(
            {name: one[rows] for name, one in self.curves.items()},
            turn,
            {name: one[rows] for name, one in self.categories.items()},
            size,
        )


@dataclass(frozen=True, eq=False)
class Terms:
    """How backgrounds become columns, as found on the visits that a baseline is fitted on.

    ``knots``: by curve, with its middle, which stands where it is unknown, and its range: beyond it a curve goes on
    level, as nothing tells how it would go on. ``season``: whether the year is in it.
    ``levels``: categories by name, the first of each being the reference. ``kept``: columns that are independent.
    """

    knots: dict[str, tuple[Floats, float, float, float]]
    season: bool
    levels: dict[str, tuple[str, ...]]
    kept: npt.NDArray[np.int64]

    def columns(self, backgrounds: Backgrounds) -> Floats:
        """float64 (n, p), the first of ones."""
        return np.ascontiguousarray(self._all(backgrounds)[:, self.kept])

    def _all(self, backgrounds: Backgrounds) -> Floats:
        columns = [np.ones(backgrounds.rows)]
        for name, (knots, middle, low, high) in self.knots.items():
            values = backgrounds.curves[name]
            unknown = ~np.isfinite(values)
            inside = np.clip(np.where(unknown, middle, values), low, high)
            columns += [*_spline(inside, knots), unknown.astype(np.float64)]
        if self.season and backgrounds.turn is not None:
            columns += [*_waves(backgrounds.turn).T]
        for name, levels in self.levels.items():
            columns += [(backgrounds.categories[name] == level).astype(np.float64) for level in levels[1:]]
        return np.column_stack(columns)


def fit_terms(backgrounds: Backgrounds, panel: Panel) -> Terms:
    """The columns that ``backgrounds`` of the visits of ``panel`` can support: curves by how far they spread, the
    season once a year of visits tells it from the rest (``SURE``), categories that occur (unknown counts as one); of
    dependent ones the first."""
    knots = {}
    for name, values in backgrounds.curves.items():
        known = values[np.isfinite(values)]
        if len(known):
            ends = (float(known.min()), float(known.max()))
            knots[name] = (np.unique(np.quantile(known, KNOTS)), float(np.median(known)), *ends)
    levels = {}
    for name, texts in backgrounds.categories.items():
        found, counts = np.unique(texts, return_counts=True)
        by_size = found[np.argsort(-counts, kind="stable")][:MOST_CATEGORIES]
        levels[name] = tuple(str(one) for one in by_size)
    plain = Terms(knots, False, levels, np.arange(0))
    columns = plain._all(backgrounds)
    terms = Terms(knots, False, levels, _independent(columns))
    if backgrounds.turn is None or not len(panel) or float(np.ptp(panel.day)) < YEAR:
        return terms
    if not _is_known(_waves(backgrounds.turn), columns[:, terms.kept], panel):
        return terms
    everything = Terms(knots, True, levels, np.arange(0))._all(backgrounds)
    return Terms(knots, True, levels, _independent(everything))


def _waves(turn: Floats) -> Floats:
    angles = 2 * np.pi * np.arange(1, HARMONICS + 1) * turn[:, None]
    return np.column_stack([np.sin(angles), np.cos(angles)])


def _is_known(waves: Floats, columns: Floats, panel: Panel) -> bool:
    """Whether the season has a standard error of at most ``SURE`` all year, given the other ``columns`` and a level of
    its own for each animal. At no time is the variance above that of the direction least known."""
    first, counts = panel.first, panel.counts
    table = np.column_stack([waves, columns])
    table = table - np.repeat(np.add.reduceat(table, first) / counts[:, None], counts, axis=0)
    moment, p = table.T @ table, waves.shape[1]
    left = moment[:p, :p] - moment[:p, p:] @ np.linalg.pinv(moment[p:, p:], hermitian=True) @ moment[p:, :p]
    least = float(np.linalg.eigvalsh(left)[0])
    return least * SURE**2 >= HARMONICS


def _spline(values: Floats, knots: Floats) -> list[Floats]:
    """Restricted cubic spline (Harrell, 2001, section 2.4.5): straight outside the outer knots; one column per knot
    but the last; a straight line with fewer than three knots."""
    spread = float(knots[-1] - knots[0])
    if len(knots) < 2 or spread <= 0:
        return []
    place = (values - knots[0]) / spread
    columns = [place]
    if len(knots) < 3:
        return columns
    t = (knots - knots[0]) / spread

    def cube(from_knot: float) -> Floats:
        return np.maximum(place - from_knot, 0) ** 3

    last, second = t[-1], t[-2]
    columns += [
        cube(knot) - cube(second) * (last - knot) / (last - second) + cube(last) * (second - knot) / (last - second)
        for knot in t[:-2]
    ]
    return columns


def _independent(columns: Floats) -> npt.NDArray[np.int64]:
    """Columns that are not combinations of earlier ones, by number; the first is kept always."""
    lengths = np.sqrt((columns**2).sum(axis=0))
    scaled = columns / np.where(lengths > 0, lengths, 1.0)
    triangle = np.abs(np.diag(qr(scaled, mode="r")[0][: columns.shape[1]]))
    return np.flatnonzero(triangle > _RANK)
