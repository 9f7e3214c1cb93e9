"""Ridge regression for many responses at once, the penalty chosen and the error found on animals held out.

Hoerl and Kennard (1970). Everything but the predictions comes from sums over the observations of a fold (Gram
matrices and cross products), so that a thousand permuted responses cost little more than one.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import scipy.linalg
from threadpoolctl import threadpool_limits

Floats = npt.NDArray[np.float64]

FOLDS = 5

PENALTIES: tuple[float, ...] = tuple(float(share) for share in np.logspace(-5, 2, 15))
"""Added to the eigenvalues of the vectors' scatter, in shares of their mean: no unit or scale matters."""

_RANK = 1e-10
"""Eigenvalues below this share of the largest are rounding: nothing is fitted along them."""


def one_thread() -> threadpool_limits:
    """For many small matrices: on a busy machine, threads that waited for each other took thirty times as long."""
    return threadpool_limits(limits=1)


def deal(units: npt.NDArray[np.integer], *, folds: int = FOLDS, seed: int = 0) -> npt.NDArray[np.int64]:
    """The fold of each observation, int64 (n,): ``units`` (n,) are dealt whole, as evenly as they come."""
    known, place = np.unique(units, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(known))
    return (order % min(folds, max(1, len(known))))[place]


@dataclass(frozen=True)
class Fitted:
    """A plane: ``level`` + (x - ``centre``) @ ``slope``; centre and slope float64 (d,). ``penalty`` is a share."""

    centre: Floats
    slope: Floats
    level: float
    penalty: float

    def predict(self, vectors: npt.NDArray[np.floating]) -> Floats:
        """Its height at ``vectors`` (n, d): float64 (n,); NaN for a row with NaN."""
        return self.level + (np.asarray(vectors, dtype=np.float64) - self.centre) @ self.slope


@dataclass(frozen=True)
class HeldOut:
    """What was predicted for observations whose animals took no part, float64 (n,), and the mean of the others."""

    predicted: Floats
    mean: Floats


@dataclass(frozen=True)
class _Sums:
    """Of one fold and q responses: sum of y (q,), x y (d, q), y y (q,)."""

    y: Floats
    xy: Floats
    yy: Floats


class _Basis:
    """The scatter of some folds' vectors about their mean, in its eigenvectors."""

    def __init__(self, count: float, total: Floats, gram: Floats) -> None:
        self.count = count
        self.mean = total / max(count, 1.0)
        scatter = gram - count * np.outer(self.mean, self.mean)
        values, self.axes = scipy.linalg.eigh((scatter + scatter.T) / 2)
        self.values = np.clip(values, 0.0, None)
        self.unit = float(self.values.mean()) if len(values) else 0.0

    def solve(self, cross: Floats, penalty: float) -> Floats:
        """Slopes in the eigenvectors, (d, q), for cross products ``cross`` in them."""
        held = self.values > _RANK * max(float(self.values.max(initial=0.0)), 1e-300)
        weights = np.where(held, 1 / np.where(held, self.values + penalty * self.unit, 1.0), 0.0)
        return weights[:, None] * cross


class GroupRidge:
    """Ridge on ``vectors`` (n, d) in folds (int (n,), codes from 0): whole animals, as ``deal`` gives them.

    Squared errors are summed over observations. ``penalties``: those to choose from, as in ``PENALTIES``; 0 alone is
    least squares.
    """

    def __init__(
        self,
        vectors: npt.NDArray[np.floating],
        folds: npt.NDArray[np.integer],
        penalties: tuple[float, ...] = PENALTIES,
    ) -> None:
        exact = np.asarray(vectors, dtype=np.float64)
        self.centre = exact.mean(axis=0)
        self._x = exact - self.centre
        self._rows = [np.flatnonzero(folds == fold) for fold in range(int(folds.max()) + 1)]
        self._counts = np.array([float(len(rows)) for rows in self._rows])
        self._totals = np.stack([self._x[rows].sum(axis=0) for rows in self._rows])
        self._grams = np.stack([self._x[rows].T @ self._x[rows] for rows in self._rows])
        self.penalties = penalties
        self._bases: dict[frozenset[int], _Basis] = {}
        self._turned: dict[tuple[frozenset[int], int], Floats] = {}

    @property
    def folds(self) -> int:
        """How many there are."""
        return len(self._rows)

    @cached_property
    def _all(self) -> range:
        return range(self.folds)

    def _basis(self, out: frozenset[int]) -> _Basis:
        if out not in self._bases:
            left = [fold for fold in self._all if fold not in out]
            self._bases[out] = _Basis(
                float(self._counts[left].sum()), self._totals[left].sum(axis=0), self._grams[left].sum(axis=0)
            )
        return self._bases[out]

    def _sums(self, responses: Floats) -> list[_Sums]:
        parts = []
        for rows in self._rows:
            y = responses[rows]
            parts.append(_Sums(y.sum(axis=0), self._x[rows].T @ y, (y * y).sum(axis=0)))
        return parts

    def _fit(self, out: frozenset[int], sums: list[_Sums]) -> tuple[_Basis, Floats, Floats]:
        """Basis of all folds but ``out``, mean response (q,) and cross products in that basis (d, q)."""
        basis = self._basis(out)
        left = [fold for fold in self._all if fold not in out]
        level = np.sum([sums[fold].y for fold in left], axis=0) / max(basis.count, 1.0)
        cross = np.sum([sums[fold].xy for fold in left], axis=0) - basis.count * np.outer(basis.mean, level)
        return basis, level, basis.axes.T @ cross

    def _errors(self, out: frozenset[int], fold: int, sums: list[_Sums]) -> tuple[Floats, Floats]:
        """Squared errors on ``fold`` of fits without ``out``: by penalty (p, q), and of the mean alone (q,)."""
        basis, level, cross = self._fit(out, sums)
        count, total, own = self._counts[fold], self._totals[fold], sums[fold]
        if (out, fold) not in self._turned:
            mixed = np.outer(basis.mean, total)
            gram = self._grams[fold] - mixed - mixed.T + count * np.outer(basis.mean, basis.mean)
            self._turned[out, fold] = basis.axes.T @ gram @ basis.axes
        gram = self._turned[out, fold]
        xy = own.xy - np.outer(basis.mean, own.y) - np.outer(total - count * basis.mean, level)
        xy = basis.axes.T @ xy
        yy = own.yy - 2 * level * own.y + count * level * level
        errors = np.empty((len(self.penalties), len(level)))
        for place, penalty in enumerate(self.penalties):
            slope = basis.solve(cross, penalty)
            errors[place] = yy - 2 * (slope * xy).sum(axis=0) + (slope * (gram @ slope)).sum(axis=0)
        return errors, yy

    def _chosen(self, sums: list[_Sums], without: int | None) -> npt.NDArray[np.intp]:
        """Place of the penalty with the least error over the folds but ``without``, each held out in turn: (q,)."""
        if len(self.penalties) == 1:
            return np.zeros(len(sums[0].y), dtype=np.intp)
        held = frozenset() if without is None else frozenset([without])
        inner = [fold for fold in self._all if fold != without]
        if len(inner) < 2:  # nothing is left to choose by: the middle of the road
            return np.full(len(sums[0].y), len(self.penalties) // 2, dtype=np.intp)
        errors = np.sum([self._errors(held | {fold}, fold, sums)[0] for fold in inner], axis=0)
        return np.asarray(errors.argmin(axis=0))

    def explained(self, responses: Floats) -> Floats:
        """R squared of each of ``responses`` (n, q) on animals held out, float64 (q,).

        1 - (squared error) / (squared error of the mean of the animals learnt from), both summed over the folds; the
        penalty is chosen within the folds learnt from. NaN for a response that does not vary.
        """
        missed, total = np.zeros(responses.shape[1]), np.zeros(responses.shape[1])
        with one_thread():
            sums = self._sums(responses - responses.mean(axis=0))
            for fold in self._all:
                chosen = self._chosen(sums, fold)
                errors, whole = self._errors(frozenset([fold]), fold, sums)
                missed += errors[chosen, np.arange(len(chosen))]
                total += whole
        return np.where(total > 0, 1 - missed / np.where(total > 0, total, 1.0), np.nan)

    def held_out(self, response: Floats) -> HeldOut:
        """Predictions of ``response`` (n,), each fold's by a fit to the others, as in ``explained``."""
        centre = response.mean()
        predicted, mean = np.empty(len(response)), np.empty(len(response))
        with one_thread():
            sums = self._sums((response - centre)[:, None])
            for fold, rows in enumerate(self._rows):
                penalty = self.penalties[self._chosen(sums, fold)[0]]
                basis, level, cross = self._fit(frozenset([fold]), sums)
                slope = basis.axes @ basis.solve(cross, penalty)[:, 0]
                predicted[rows] = centre + level[0] + (self._x[rows] - basis.mean) @ slope
                mean[rows] = centre + level[0]
        return HeldOut(predicted, mean)

    def fit(self, response: Floats) -> Fitted:
        """The plane of ``response`` (n,) over all observations, its penalty chosen by holding out each fold."""
        centre = response.mean()
        with one_thread():
            sums = self._sums((response - centre)[:, None])
            penalty = self.penalties[self._chosen(sums, None)[0]]
            basis, level, cross = self._fit(frozenset(), sums)
            slope = basis.axes @ basis.solve(cross, penalty)[:, 0]
        return Fitted(self.centre + basis.mean, slope, float(centre + level[0]), penalty)
