"""Who is near to whom, and in which place: exact ranks of chosen points among all, block by block."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from explorer.space.placing import row_hashes

Rows = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.floating]
Told = Callable[[float], None]
"""Hears the share that is done."""

Report = Callable[[float, str], None]
"""Hears the share that is done and what is being done."""

_NUMBERS = 2**21
"""So many distances are held at once by each of the threads."""
_ROWS, _FEWEST = 256, 4
_THREADS = 4
_TIES = 2**23


class Space:
    """``points`` (n, d) without NaN, taken as float32, from which distances to all are told block by block.

    ``exact``: in float64, about a data value per axis, and identical points once, so that distances that are equal
    come out equal. Else float32, twice as fast; ``window`` then says how far a distance may be off.
    """

    def __init__(self, points: Vectors, *, exact: bool = True) -> None:
        kind = np.float64 if exact else np.float32
        points = np.ascontiguousarray(points, dtype=np.float32) + np.float32(0)  # -0 and 0 are one number
        n, d = points.shape
        self.n = n
        self.exact = exact
        # A value of the data as the origin keeps whole numbers whole.
        origin = np.partition(points, (n - 1) // 2, axis=0)[(n - 1) // 2]
        _, first, self._same = np.unique(row_hashes(points), return_index=True, return_inverse=True)
        self._repeated = len(first) < n
        one = np.sort(first) if self._repeated else np.arange(n)
        if self._repeated:  # in the order of the rows, so that memory is read forwards
            place = np.empty(len(first), dtype=np.int64)
            place[np.argsort(first)] = np.arange(len(first))
            self._same = place[self._same]
        moved = points.astype(np.float64)
        moved -= origin
        self._squares = np.einsum("ij,ij->i", moved, moved)
        # One product gives |y|^2 - 2xy: |x|^2 is the same for all of a row, and changes no order.
        self._left = np.empty((n, d + 1), dtype=kind)
        self._left[:, :d], self._left[:, d] = moved, 1
        self._left[:, :d] *= -2
        self._right = np.empty((len(one), d + 1), dtype=kind)
        self._right[:, :d], self._right[:, d] = moved[one], self._squares[one]

    def away(self, rows: Rows) -> npt.NDArray[np.floating]:
        """Squared distances of ``rows`` (b,) to all n, less a number for each row: (b, n); to itself -inf."""
        out = self._left[rows] @ self._right.T
        if self._repeated:
            out = out[:, self._same]
        out[np.arange(len(rows)), rows] = -np.inf
        return out

    def window(self, rows: Rows, values: npt.NDArray[np.floating]) -> npt.NDArray[np.floating] | float:
        """How far the ``values`` (b, q) of ``away`` for ``rows`` may be off from rounding: (b, q), 0 in float64.

        By the bound on a sum of d products (Higham, 2002, equation 3.5). Of points at that distance r from x, none is
        farther from the origin than |x| + r.
        """
        if self.exact:
            return 0.0
        own = self._squares[rows][:, None]
        apart = np.sqrt(np.maximum(values + own, 0))
        unit = (self._left.shape[1] + 2) * float(np.finfo(np.float32).eps) / 2
        return np.asarray(unit * (2 * np.sqrt(own) + apart) ** 2)


def nearest_rows(space: Space, rows: Rows, k: int, *, report: Told | None = None) -> npt.NDArray[np.int64]:
    """The ``k`` nearest others of each of ``rows`` (s,): int64 (s, k), by row number; of equally near the earlier."""

    def work(part: slice) -> npt.NDArray[np.int64]:
        return _smallest(space.away(rows[part]), k + 1, rows[part])

    return _joined(space, rows, work, (k,), np.int64, report)


def _smallest(away: npt.NDArray[np.floating], count: int, rows: Rows) -> npt.NDArray[np.int64]:
    """Columns of the ``count`` smallest of each row but the row's own: (b, count - 1)."""
    edge = np.partition(away, count - 1, axis=1)[:, count - 1]
    at, columns = np.nonzero(away <= edge[:, None])
    if len(at) > count * len(away):  # more at the same distance than there is room for
        equal = away[at, columns] == edge[at]
        room = count - np.bincount(at[~equal], minlength=len(away))
        before = np.cumsum(equal) - equal
        first = np.searchsorted(at, np.arange(len(away)))
        kept = ~equal | (before - before[first][at] < room[at])
        at, columns = at[kept], columns[kept]
    kept = columns != rows[at]
    return columns[kept].reshape(len(away), count - 1)


def ranks(
    space: Space,
    rows: Rows,
    columns: npt.NDArray[np.int64],
    *,
    decided: int | None = None,
    report: Told | None = None,
) -> npt.NDArray[np.float64]:
    """The place (1: nearest) that point ``columns[i, j]`` has among the others, seen from ``rows[i]``.

    ``rows`` is int64 (s,), ``columns`` int64 (s, q), none of them its own row; float64 (s, q) comes back. Of points
    equally near, the earlier row comes first in the first ``decided`` columns (None: all); in the others, and
    wherever float32 cannot tell, they share their middle rank.
    """
    settled = columns.shape[1] if decided is None else decided

    def work(part: slice) -> npt.NDArray[np.float64]:
        low, high, values = _counted(space, rows[part], columns[part])
        out = (low + high - 1) / 2
        if settled and space.exact:
            _decide(space, rows[part], columns[part, :settled], values[:, :settled], low, high, out)
        return out

    return _joined(space, rows, work, (columns.shape[1],), np.float64, report)


def _counted(
    space: Space, rows: Rows, columns: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.floating]]:
    """How many are surely nearer than each column, how many perhaps (itself counted), and its distance: each (b, q)."""
    away = space.away(rows)
    values = np.take_along_axis(away, columns, axis=1)
    slack = space.window(rows, values)
    away.sort(axis=1)
    at = np.repeat(np.arange(len(rows)), columns.shape[1])
    low = _below(away, at, (values - slack).ravel(), equal=False)
    upper = (values + slack).ravel()
    high = low + 1
    more = np.flatnonzero((high < space.n) & (away[at, np.minimum(high, space.n - 1)] <= upper))
    high[more] = _below(away, at[more], upper[more], equal=True)
    return low.reshape(columns.shape), high.reshape(columns.shape), values


def _below(
    ordered: npt.NDArray[np.floating], at: npt.NDArray[np.int64], values: npt.NDArray[np.floating], *, equal: bool
) -> npt.NDArray[np.int64]:
    """How many of row ``at`` (m,) of ``ordered`` (b, n) are smaller than ``values`` (m,), by bisection: int64 (m,)."""
    n = ordered.shape[1]
    flat, start = ordered.ravel(), at * n
    low, high = np.zeros(len(at), dtype=np.int64), np.full(len(at), n, dtype=np.int64)
    for _ in range(n.bit_length()):
        middle = (low + high) >> 1
        found = flat[start + np.minimum(middle, n - 1)]
        beyond = ((found <= values) if equal else (found < values)) & (middle < n)
        low, high = np.where(beyond, middle + 1, low), np.where(beyond, high, middle)
    return low


def _decide(
    space: Space,
    rows: Rows,
    columns: npt.NDArray[np.int64],
    values: npt.NDArray[np.floating],
    low: npt.NDArray[np.int64],
    high: npt.NDArray[np.int64],
    out: npt.NDArray[np.float64],
) -> None:
    """Where others are exactly as near as a column, put into ``out`` the rank by which the earlier row comes first."""
    contested = np.argwhere((high - low)[:, : columns.shape[1]] > 1)
    if not len(contested):
        return
    away = space.away(rows)
    earlier = np.arange(space.n)
    step = max(1, _TIES // space.n)
    for start in range(0, len(contested), step):
        at, column = contested[start : start + step].T
        same = away[at] == values[at, column][:, None]
        same &= earlier < columns[at, column][:, None]
        out[at, column] = low[at, column] + same.sum(axis=1)


def excess(
    space: Space,
    rows: Rows,
    columns: npt.NDArray[np.int64],
    k: int,
    *,
    report: Told | None = None,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The sum over ``columns`` (s, q) of max(0, rank - ``k``), seen from ``rows`` (s,), and how far it may be off.

    Both float64 (s,). Points that cannot be told apart share their middle rank.
    """

    def work(part: slice) -> npt.NDArray[np.float64]:
        low, high, _ = _counted(space, rows[part], columns[part])
        middle = (low + high - 1) / 2
        return np.stack([np.maximum(middle - k, 0).sum(axis=1), (high - low - 1).sum(axis=1) / 2], axis=1)

    found = _joined(space, rows, work, (2,), np.float64, report)
    return found[:, 0], found[:, 1]


def _joined(
    space: Space,
    rows: Rows,
    work: Callable[[slice], npt.NDArray[Any]],
    shape: tuple[int, ...],
    kind: type,
    report: Told | None,
) -> npt.NDArray[Any]:
    """What ``work`` makes of the rows, block by block on a few threads."""
    size = max(_FEWEST, min(_ROWS, _NUMBERS // space.n))
    parts = [slice(start, start + size) for start in range(0, len(rows), size)]
    out: npt.NDArray[Any] = np.empty((len(rows), *shape), dtype=kind)
    with _one_core_each() as run:
        for number, made in enumerate(run(work, parts)):
            out[parts[number]] = made
            if report is not None:
                report((number + 1) / len(parts))
    return out


def unheard(fraction: float, note: str) -> None:
    """A report for when nobody listens."""
    del fraction, note


@contextmanager
def _one_core_each() -> Iterator[Callable[..., Iterator[npt.NDArray[Any]]]]:
    """A map over blocks on a few threads; NumPy leaves the lock while it sorts and multiplies."""
    pool = ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1))
    try:
        with threadpool_limits(1):
            yield pool.map
    finally:
        pool.shutdown(cancel_futures=True)
