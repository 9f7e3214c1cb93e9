"""Vectors without what background variables add to them: residuals of a least-squares fit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.space.conditions import Condition

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LinearColumns:
    """Columns of a linear model, float64 (n, p), NaN where missing: one per category, of numbers their value, of cycles
    sine and cosine. ``owner`` int64 (p,): of which variable each is; ``category`` bool (p,): whether of a category.
    """

    names: tuple[str, ...]
    columns: Floats
    owner: npt.NDArray[np.int64]
    category: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Adjustment:
    """What each of ``LinearColumns`` adds to a vector: ``names`` (p,), ``centre`` (p,), ``slopes`` float64 (p, d).

    ``unseen`` bool (p,): categories that no observation learnt from has; who has one is adjusted by the others only.
    """

    names: tuple[str, ...]
    centre: Floats
    slopes: Floats
    unseen: npt.NDArray[np.bool_]

    def residuals(
        self, vectors: npt.NDArray[np.floating], chosen: Sequence[Condition], rows: npt.NDArray[np.int64] | None = None
    ) -> Floats:
        """``vectors`` (n, d) less what their background adds beyond that of the mean observation learnt from.

        Of the ``rows`` (m,) only, if they are given: float64 (m, d), else (n, d).
        """
        made = linear_columns(chosen)
        columns, vectors = (made.columns, vectors) if rows is None else (made.columns[rows], vectors[rows])
        for place in np.flatnonzero(self.unseen):
            columns[np.ix_(columns[:, place] == 1, made.owner == made.owner[place])] = np.nan
        out: Floats = np.asarray(vectors, dtype=np.float64) - _moved(columns, self.centre) @ self.slopes
        return out


def _moved(columns: Floats, centre: Floats) -> Floats:
    """What is missing is taken for the mean: nothing is taken away."""
    return np.where(np.isnan(columns), 0.0, columns - centre)


def linear_columns(chosen: Sequence[Condition]) -> LinearColumns:
    """The columns of the variables ``chosen``."""
    names: list[str] = []
    columns: list[Floats] = []
    owner: list[int] = []
    for place, one in enumerate(chosen):
        before = len(names)
        if one.numbers is None:
            codes = np.asarray(one.values.codes)
            for code, label in enumerate(one.values.categories):
                names.append(f"{one.name} = {label}")
                columns.append(np.where(codes < 0, np.nan, (codes == code).astype(float)))
        elif one.variable.cycle is not None:
            angle = 2 * np.pi * one.numbers / one.variable.cycle
            names += [f"sine of {one.name}", f"cosine of {one.name}"]
            columns += [np.sin(angle), np.cos(angle)]
        else:
            names.append(one.name)
            columns.append(one.numbers)
        owner += [place] * (len(names) - before)
    owners = np.array(owner, dtype=np.int64)
    category = np.array([one.numbers is None for one in chosen])[owners]
    return LinearColumns(tuple(names), np.stack(columns, axis=1), owners, category)


def fit_adjustment(
    vectors: npt.NDArray[np.floating],
    chosen: Sequence[Condition],
    rows: npt.NDArray[np.bool_],
    animals: npt.NDArray[np.integer] | None = None,
) -> Adjustment:
    """Least squares of ``vectors`` (n, d), without NaN in ``rows``, on their background; only ``rows`` (n,) are learnt
    from.

    With ``animals`` (n,), both are taken less each animal's mean (the within estimator; Mundlak, 1978): how the
    background moves an animal, whatever animals happen to be seen under it. What never changes in an animal is then
    left in its vectors. Of the many fits that are equally good (categories sum to one), that of least norm. Raises
    ValueError for no rows.
    """
    if not rows.any():
        raise ValueError("there is nothing to learn from")
    made = linear_columns(chosen)
    used = made.columns[rows]
    known = ~np.isnan(used)
    centre = np.where(known, used, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    units = np.zeros(len(used), dtype=np.int64) if animals is None else animals[rows]
    moved = _less_means(_moved(used, centre), units)
    # Of least norm in the spread of each column, so that no unit matters.
    spread = moved.std(axis=0)
    varies = spread > 1e-9 * np.maximum(1.0, np.abs(centre))
    scaled = moved[:, varies] / spread[varies]
    targets = _less_means(np.asarray(vectors[rows], dtype=np.float64), units)
    inverse = np.linalg.pinv(scaled.T @ scaled, rcond=1e-10, hermitian=True)
    slopes = np.zeros((len(made.names), vectors.shape[1]))
    slopes[varies] = (inverse @ (scaled.T @ targets)) / spread[varies, None]
    return Adjustment(made.names, centre, slopes, made.category & ~(used == 1).any(axis=0))


def _less_means(values: Floats, units: npt.NDArray[np.integer]) -> Floats:
    """``values`` (m, k) less the mean of each of the ``units`` (m,)."""
    _, place, counts = np.unique(units, return_inverse=True, return_counts=True)
    sums = np.stack([np.bincount(place, weights=column) for column in values.T], axis=1)
    return values - (sums / counts[:, None])[place]
