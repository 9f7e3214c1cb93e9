"""How the background variables hang together among themselves, and which of them cannot be told apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from explorer.space.designs import Design, Floats, orthonormal

INSEPARABLE = 0.9
"""Two variables cannot be separated when one explains this share of the other (a variance inflation of 10)."""


@dataclass(frozen=True)
class Pair:
    """How two variables hang together: ``value`` 0 (not at all) to 1, as ``measure`` has it.

    Cramér's V (corrected for chance; Bergsma, 2013) of two nominal variables; the correlation ratio eta of a number,
    rank or angle by the categories of a nominal one; the size of Spearman's correlation of two numbers or ranks; the
    multiple correlation of a number or rank with the sine and cosine of an angle; of two angles, the largest canonical
    correlation. ``first_by_second``: the share of the columns of ``first`` (``Design``) that those of ``second``
    explain, and the other way round. ``n``: observations with both. NaN where one does not vary among them.
    """

    first: str
    second: str
    measure: str
    value: float
    first_by_second: float
    second_by_first: float
    n: int

    @property
    def overlaps(self) -> bool:
        """Whether both vary among the observations that have both."""
        return bool(np.isfinite(self.first_by_second) and np.isfinite(self.second_by_first))

    @property
    def separable(self) -> bool:
        """Whether they overlap, and neither explains ``INSEPARABLE`` of the other."""
        return self.overlaps and max(self.first_by_second, self.second_by_first) < INSEPARABLE


@dataclass(frozen=True)
class Association:
    """All pairs, and by variable its variance inflation given all others together (``inflation``)."""

    pairs: tuple[Pair, ...]
    inflation: dict[str, float]


def association(designs: Mapping[str, Design], blocks: Mapping[str, Floats]) -> Association:
    """How variables hang together.

    ``designs``: those of n observations. ``blocks``: float64 (n, k), the columns by which each is adjusted for, gaps a
    category of their own (``saliency``). The inflation is the generalised one (Fox and Monette, 1992) as a share: 1 /
    (1 - r), r the mean share of a variable's columns that all others' columns explain, among its known rows; with one
    column, the usual VIF. It is infinite when nothing is left.
    """
    pairs = tuple(_pair(designs[one], designs[other]) for one, other in combinations(designs, 2))
    inflation = {}
    for name, design in designs.items():
        known = design.known
        others = [block[known] for other, block in blocks.items() if other != name]
        share = _share(design.columns[known], np.column_stack(others)) if others else 0.0
        inflation[name] = float("inf") if share > 1 - 1e-9 else 1 / (1 - share)
    return Association(pairs, inflation)


def _pair(one: Design, other: Design) -> Pair:
    both = one.known & other.known
    n = int(both.sum())
    a, b = orthonormal(one.columns[both]), orthonormal(other.columns[both])
    if not (a.shape[1] and b.shape[1]):
        return Pair(one.name, other.name, "", np.nan, np.nan, np.nan, n)
    measure, value = _measured(one, other, one.places[both], other.places[both], a, b)
    return Pair(one.name, other.name, measure, value, _share(a, b), _share(b, a), n)


def _measured(one: Design, other: Design, x: Floats, y: Floats, a: Floats, b: Floats) -> tuple[str, float]:
    kinds = {one.kind, other.kind}
    if kinds == {"nominal"}:
        return "Cramér's V", cramers_v(x.T @ y)
    if "nominal" in kinds:
        groups, numbers = (b, x) if other.kind == "nominal" else (a, y)
        return "correlation ratio", _multiple(numbers, groups)
    if kinds == {"cyclic"}:
        return "canonical correlation", float(min(1.0, np.linalg.svd(a.T @ b, compute_uv=False)[0]))
    if "cyclic" in kinds:
        circle, numbers = (b, x) if other.kind == "cyclic" else (a, y)
        return "multiple correlation", _multiple(numbers, circle)
    ranks = orthonormal(_ranks(x[:, 0])[:, None]), orthonormal(_ranks(y[:, 0])[:, None])
    return "rank correlation", float(min(1.0, abs((ranks[0].T @ ranks[1]).item())))


def cramers_v(table: Floats) -> float:
    """Cramér's V of counts (r, c), corrected for chance (Bergsma, 2013, equation 3); NaN with one row or column."""
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    n = table.sum()
    r, c = table.shape
    if min(r, c) < 2 or n < 2:
        return float("nan")
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    phi = ((table - expected) ** 2 / expected).sum() / n
    phi = max(0.0, phi - (r - 1) * (c - 1) / (n - 1))
    rows, columns = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    least = min(rows, columns) - 1
    return float(min(1.0, np.sqrt(phi / least))) if least > 0 else float("nan")


def _multiple(numbers: Floats, basis: Floats) -> float:
    """Root of the share of the variance of ``numbers`` (n, c) that the orthonormal ``basis`` (n, k) explains."""
    moved = numbers - numbers.mean(axis=0)
    return float(min(1.0, np.sqrt(((basis.T @ moved) ** 2).sum() / (moved**2).sum())))


def _share(columns: Floats, by: Floats) -> float:
    """Mean share of the variance of ``columns`` (n, k), orthonormal, that ``by`` (n, p) explain, 0..1."""
    return float(min(1.0, ((orthonormal(by).T @ columns) ** 2).sum() / columns.shape[1]))


def _ranks(values: Floats) -> Floats:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - counts / 2)[place]
