"""The best match of each query in a gallery, every pair looked at, in blocks of bounded size."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.recognition.distances import distances
from explorer.recognition.pairs import NotCompared

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Terms:
    """How distances become scores: distance * (``scale`` of the query + of the item) + ``shift`` of both.

    Both float64, one for each observation of the study. Plain distances have scales of 1/2 and no shift.
    """

    scale: Floats
    shift: Floats


@dataclass(frozen=True, eq=False)
class Matches:
    """The best match of q queries: its ``score`` (inf without any), ``item`` (row of the study, -1 without any) and
    whether the query has an item of its own animal that it may be compared with (``has_own``).
    """

    score: Floats
    item: Ints
    has_own: npt.NDArray[np.bool_]


def search(
    vectors: npt.NDArray[np.floating],
    queries: Ints,
    gallery: Ints,
    rule: NotCompared,
    *,
    terms: Terms | None = None,
    own: bool = True,
) -> Matches:
    """Look up the rows ``queries`` (q,) of ``vectors`` (n, d) among the rows ``gallery`` (g,).

    Scores are Euclidean distances, or what ``terms`` make of them; less is better. Pairs that ``rule`` forbids are
    passed over; ``own`` False passes over all items of the query's own animal. Of equal scores the earlier item.
    """
    score = np.full(len(queries), np.inf)
    item = np.full(len(queries), -1, dtype=np.int64)
    has_own = np.zeros(len(queries), dtype=bool)
    if not len(gallery):
        return Matches(score, item, has_own)
    for block, far in distances(vectors, queries, gallery):
        rows = queries[block]
        if terms is not None:
            far *= terms.scale[rows][:, None] + terms.scale[gallery][None, :]
            far += terms.shift[rows][:, None] + terms.shift[gallery][None, :]
        same = rule.animals[rows][:, None] == rule.animals[gallery][None, :]
        i, j = np.nonzero(same)
        out = rule.pairs(rows[i], gallery[j]) if own else np.ones(len(i), dtype=bool)
        far[i[out], j[out]] = np.inf
        has_own[block.start + i[~out]] = True
        best = far.argmin(axis=1)
        found = np.isfinite(far[np.arange(len(rows)), best])
        score[block] = far[np.arange(len(rows)), best]
        item[block] = np.where(found, gallery[best], -1)
    if terms is None:
        there = item >= 0
        # What the multiplication lost of small distances between large vectors is measured again.
        gap = np.asarray(vectors[queries[there]], dtype=np.float64) - np.asarray(vectors[item[there]], dtype=np.float64)
        score[there] = np.linalg.norm(gap, axis=1)
    return Matches(score, item, has_own)


def own_distances(vectors: npt.NDArray[np.floating], gallery: Ints, rule: NotCompared) -> Floats:
    """From each row of ``gallery`` (g,) to the nearest other one of its own animal that it may be compared with.

    float64 (g,), NaN where there is none.
    """
    out = np.full(len(gallery), np.nan)
    order = np.argsort(rule.animals[gallery], kind="stable")
    ends = np.flatnonzero(np.diff(rule.animals[gallery][order])) + 1
    for places in np.split(order, ends):
        rows = gallery[places]
        if len(rows) < 2:
            continue
        points = np.asarray(vectors[rows], dtype=np.float64)
        far = np.linalg.norm(points[:, None] - points[None], axis=2)
        far[rule.among(rows, rows)] = np.inf
        nearest = far.min(axis=1)
        out[places] = np.where(np.isfinite(nearest), nearest, np.nan)
    return out
