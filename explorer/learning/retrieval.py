"""Looking animals up among the others' observations: which come first, and how well they are ordered."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

_QUERIES_AT_ONCE = 512


@dataclass(frozen=True)
class Retrieved:
    """One entry per query that has anything to find; all arrays (q,).

    ``rows`` are the queries' rows, ``animals`` their codes. ``first``: the nearest in the gallery is the same animal
    (recall@1). ``precision``: average precision among the nearest R, where R, ``relevant``, is how many observations
    of the animal the gallery holds (mAP@R; Musgrave, Belongie & Lim 2020, equation 2). ``without`` counts queries
    left out since the gallery holds nothing of their animal.
    """

    rows: npt.NDArray[np.intp]
    animals: npt.NDArray[np.int64]
    first: npt.NDArray[np.bool_]
    precision: npt.NDArray[np.float64]
    relevant: npt.NDArray[np.int64]
    without: int


def retrieve(
    vectors: npt.NDArray[np.floating],
    animals: npt.NDArray[np.integer],
    dates: npt.NDArray[np.float64] | None,
    *,
    apart: float = 0.0,
    places: npt.NDArray[np.integer] | None = None,
    gallery: npt.NDArray[np.bool_] | None = None,
) -> Retrieved:
    """Look up every row among all others by Euclidean distance.

    vectors: (n, d) without NaN. animals: codes (n,). The gallery of a query is all rows but itself and but those of
    the same animal that were taken on the same date (equal ``dates``, (n,), no NaN), at most ``apart`` less a
    fraction away from it (``apart`` > 0: less than ``apart`` days), or at the same place (equal ``places``). Other
    animals' rows of that date stay. Without ``dates`` only the query itself is left out. gallery: bool (n,), only these
    rows can be found. Of equally distant rows the earlier comes first. Memory: a block of queries by n.
    """
    n = len(vectors)
    centred = np.asarray(vectors, dtype=np.float64)
    points = torch.from_numpy((centred - (centred.mean(axis=0) if n else 0.0)).astype(np.float32))
    squares = (points * points).sum(dim=1)
    codes = torch.from_numpy(np.asarray(animals, dtype=np.int64))
    days = None if dates is None else torch.from_numpy(np.asarray(dates, dtype=np.float64))
    where = None if places is None else torch.from_numpy(np.asarray(places, dtype=np.int64))
    absent = None if gallery is None else torch.from_numpy(~np.asarray(gallery))
    first = np.zeros(n, dtype=bool)
    precision = np.zeros(n)
    relevant = np.zeros(n, dtype=np.int64)
    for start in range(0, n, _QUERIES_AT_ONCE):
        block = slice(start, min(n, start + _QUERIES_AT_ONCE))
        same = codes[block, None] == codes[None, :]
        out = torch.zeros_like(same)
        if days is not None:
            gap = (days[block, None] - days[None, :]).abs()
            out |= (gap == 0) | (gap < apart)
        if where is not None:
            out |= where[block, None] == where[None, :]
        out &= same
        out[torch.arange(len(same)), torch.arange(block.start, block.stop)] = True
        if absent is not None:
            out |= absent[None, :]
        wanted = same & ~out
        counts = wanted.sum(dim=1)
        relevant[block] = counts.numpy()
        most = int(counts.max())
        if most == 0:
            continue
        distance = torch.addmm(squares[None, :], points[block], points.T, alpha=-2.0)  # less the query's own square
        distance.masked_fill_(out, torch.inf)
        hits = wanted.gather(1, _nearest(distance, most)).double()
        ranks = torch.arange(1, most + 1, dtype=torch.float64)
        counted = ranks[None, :] <= counts[:, None]
        of_each = hits.cumsum(dim=1) / ranks * hits * counted
        precision[block] = (of_each.sum(dim=1) / counts.clamp(min=1)).numpy()
        first[block] = hits[:, 0].numpy() > 0
    found = np.flatnonzero(relevant > 0)
    return Retrieved(
        found,
        np.asarray(animals, dtype=np.int64)[found],
        first[found],
        precision[found],
        relevant[found],
        n - len(found),
    )


def _nearest(distance: torch.Tensor, count: int) -> torch.Tensor:
    """Columns of the ``count`` smallest of each row in order, the earlier of equal ones first."""
    one_more = min(count + 1, distance.shape[1])  # shows whether the last place is contested
    values, columns = torch.topk(distance, one_more, dim=1, largest=False, sorted=True)
    if bool((values[:, 1:] == values[:, :-1]).any()):  # rare, and topk leaves their order open
        return torch.sort(distance, dim=1, stable=True).indices[:, :count]
    return columns[:, :count]
