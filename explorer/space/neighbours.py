"""The nearest neighbours of every vector of an embedding: found once, kept on disk, used by all that needs them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from explorer.space.pca import fit_pca
from explorer.study.atomic import atomic_file
from explorer.study.embeddings import Embedding
from explorer.study.fingerprint import hash_json
from explorer.study.spoilt import SPOILT
from explorer.study.study import Study

Report = Callable[[float, str], None]
Vectors = npt.NDArray[np.float32]

OWN_DIMENSIONS = 256
"""Neighbours are sought among the vectors themselves up to so many dimensions."""

REDUCED = 50
"""Above that, among so many principal components."""

LEAST_KEPT = 90
"""At least so many neighbours are found and kept where the search is exact: 90 take little longer than 15."""

STEPS = (30, 100, 300, 600)
"""So many, or the next of these, where it is approximate: 90 take five times as long as 30.

Each has a file of its own, so that a map made of them does not hang on what was asked for before.
"""

SAMPLE = 500
"""Recall of an approximate search is measured on so many vectors, against the exact one."""

# Seconds grow with n * n * (d + 150) when every pair is looked at: 2e12 takes about 20 s on two cores, which is what
# pynndescent takes to compile itself and to find as many neighbours (85,000 vectors of 128 dimensions).
_PAIRS = 2e12

_BLOCK = 4_096
_VERSION = 1


@dataclass(frozen=True)
class Neighbours:
    """The k nearest others of each of m vectors, by Euclidean distance.

    ``indices`` is int32 (m, k), rows of the array that was searched (of an embedding: of its complete rows, in their
    order); a vector is never its own neighbour, but an identical one may be. ``distances`` is float32 (m, k),
    ascending. ``recall`` is the share of the true neighbours among those found, measured on a sample of
    ``SAMPLE`` vectors where the search was approximate, else None.
    """

    indices: npt.NDArray[np.int32]
    distances: npt.NDArray[np.float32]
    recall: float | None = None

    @property
    def exact(self) -> bool:
        """Whether every pair was looked at."""
        return self.recall is None

    @property
    def k(self) -> int:
        """How many neighbours each vector has here."""
        return int(self.indices.shape[1])

    def nearest(self, k: int) -> "Neighbours":
        """The nearest ``k`` of them (all, where there are fewer)."""
        return replace(self, indices=self.indices[:, :k], distances=self.distances[:, :k])


def searched(embedding: Embedding) -> tuple[Vectors, tuple[str, ...]]:
    """The vectors (m, d) among which neighbours of the complete rows are sought, and a sentence where it needs one.

    They are the embedding's own up to ``OWN_DIMENSIONS`` dimensions, else their first ``REDUCED`` principal components.
    """
    used = embedding.complete
    if embedding.dims <= OWN_DIMENSIONS:
        return (np.asarray(embedding.vectors) if used.all() else embedding.vectors[used]), ()
    pca = fit_pca(embedding.vectors, used, REDUCED)
    reduced = np.asarray(pca.transform(embedding.vectors)[used])
    kept = float(pca.explained.sum())
    return reduced, (f"computed on the first {REDUCED} principal components, which hold {kept:.0%} of the variance",)


def neighbours(
    study: Study, embedding: Embedding, k: int, *, vectors: Vectors | None = None, report: Report | None = None
) -> Neighbours:
    """The ``k`` nearest others of each complete row of ``embedding``, from the cache where it has as many.

    ``vectors`` are those of ``searched``, where they are at hand. With m complete rows, at most m - 1 neighbours
    come back. Raises ValueError for fewer than two rows, UserError when the cache cannot be written.
    """
    m = int(embedding.complete.sum())
    if m < 2:
        raise ValueError(f"neighbours need at least two vectors, not {m}")
    k = min(k, m - 1)
    path = cache_path(study, embedding, k)
    found = _read(path, m)
    if found is None or found.k < k:
        if vectors is None:
            vectors, _ = searched(embedding)
        found = find(vectors, _kept(embedding, k), report=report)
        with atomic_file(path) as temporary, temporary.open("wb") as stream:
            facts = np.array(json.dumps({"recall": found.recall}))
            np.savez(stream, indices=found.indices, distances=found.distances, facts=facts)
    return found.nearest(k)


def neighbours_among(
    study: Study, embedding: Embedding, k: int, vectors: Vectors, report: Report | None = None
) -> Neighbours:
    """``neighbours`` among those complete rows only whose ``vectors`` (of ``searched``) these are, or among all."""
    if len(vectors) == int(embedding.complete.sum()):
        return neighbours(study, embedding, k, vectors=vectors, report=report)
    return find(vectors, k, report=report)


def cache_path(study: Study, embedding: Embedding, k: int) -> Path:
    """Where ``k`` neighbours are kept; the name follows from the vectors and our version of the search.

    One file serves all where the search is exact, else all up to the same of ``STEPS``.
    """
    key = hash_json([_VERSION, embedding.fingerprint])
    kind = "exact" if _searched_exactly(embedding) else f"{_kept(embedding, k)}"
    return study.cache / "neighbours" / f"{key[:20]}-{kind}.npz"


def _searched_exactly(embedding: Embedding) -> bool:
    return is_cheap(int(embedding.complete.sum()), embedding.dims if embedding.dims <= OWN_DIMENSIONS else REDUCED)


def _kept(embedding: Embedding, k: int) -> int:
    """How many neighbours are found where ``k`` are asked for."""
    return max(k, LEAST_KEPT) if _searched_exactly(embedding) else next((step for step in STEPS if step >= k), k)


def _read(path: Path, m: int) -> Neighbours | None:
    try:
        with np.load(path, allow_pickle=False) as stored:
            indices, distances, facts = stored["indices"], stored["distances"], json.loads(str(stored["facts"]))
        found = Neighbours(indices, distances, facts["recall"])
    except SPOILT:
        return None
    fits = indices.ndim == 2 and len(indices) == m and indices.shape == distances.shape
    return found if fits and indices.dtype == np.int32 and distances.dtype == np.float32 else None


def is_cheap(m: int, d: int) -> bool:
    """Whether neighbours of ``m`` vectors of ``d`` dimensions are found exactly: where that is not the slower way."""
    return m * m * (d + 150) <= _PAIRS


def find(vectors: Vectors, k: int, *, exact: bool | None = None, report: Report | None = None) -> Neighbours:
    """The ``k`` nearest others of each of ``vectors`` (m, d), float32 without NaN.

    ``exact`` None looks at every pair where that is quicker, and else descends to neighbours of neighbours (Dong,
    Moses and Li, 2011, by pynndescent; seeded, and on one core so that the result does not hang on their number).
    At most m - 1 neighbours come back. Raises ValueError for fewer than two vectors.
    """
    m, d = vectors.shape
    if m < 2:
        raise ValueError(f"neighbours need at least two vectors, not {m}")
    k = min(k, m - 1)
    if exact is None:
        exact = is_cheap(m, d)
    if exact:
        indices, distances = _all_pairs(vectors, np.arange(m), k, report)
        return Neighbours(indices, distances)
    if report is not None:
        report(0.0, "finding each point's neighbours, approximately")
    indices, distances = _descent(vectors, k)
    sample = np.sort(np.random.default_rng(0).choice(m, min(m, SAMPLE), replace=False))
    true, true_distances = _all_pairs(vectors, sample, k, None)
    # Counted by distance: of neighbours equally far, either is true.
    right = distances[sample] <= true_distances[:, -1:] * np.float32(1 + 1e-5)
    return Neighbours(indices, distances, float(right.sum() / true.size))


def find_among(known: Vectors, vectors: Vectors, k: int, *, report: Report | None = None) -> Neighbours:
    """The ``k`` nearest of ``known`` (m, d) to each of ``vectors`` (n, d), exactly; at most m come back.

    ``indices`` are rows of ``known``; one identical to the vector counts like any other.
    """
    k = min(k, len(known))
    search = _Search(known, k)
    indices = np.empty((len(vectors), k), dtype=np.int32)
    distances = np.empty((len(vectors), k), dtype=np.float32)
    for start in range(0, len(vectors), _BLOCK):
        if report is not None:
            report(start / len(vectors), "finding known neighbours of the new points")
        part = slice(start, start + _BLOCK)
        indices[part], distances[part] = search.of(vectors[part])
    return Neighbours(indices, distances)


def _all_pairs(
    points: Vectors, rows: npt.NDArray[np.int64], k: int, report: Report | None
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """The exact neighbours of some rows among all, in blocks."""
    search = _Search(points, k + 1)
    indices = np.empty((len(rows), k), dtype=np.int32)
    distances = np.empty((len(rows), k), dtype=np.float32)
    for start in range(0, len(rows), _BLOCK):
        if report is not None:
            report(start / len(rows), "finding each point's neighbours")
        part = rows[start : start + _BLOCK]
        near, far = without_self(*search.of(points[part]), part)
        indices[start : start + _BLOCK], distances[start : start + _BLOCK] = near, far
    return indices, distances


class _Search:
    """The ``k`` nearest of ``points`` to any vectors, every pair looked at.

    scikit-learn multiplies chunk by chunk in float64, on all cores, and keeps only the k best: what is lost in
    |x|^2 - 2xy + |y|^2 is then smaller than the rounding of the float32 vectors themselves.
    """

    def __init__(self, points: Vectors, k: int) -> None:
        from sklearn.neighbors import NearestNeighbors

        self._points = points
        self._squares = np.einsum("ij,ij->i", points, points, dtype=np.float64)
        self._search = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(points)

    def of(self, vectors: Vectors) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.floating]]:
        far, near = self._search.kneighbors(vectors)
        # Where next to nothing is left of the large squares, the distance is measured again; identical vectors get 0.
        squares = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
        doubtful = far * far <= 1e-9 * (squares[:, None] + self._squares[near])
        if doubtful.any():
            rows = np.repeat(np.arange(len(vectors)), doubtful.sum(axis=1))
            far[doubtful] = _apart(vectors, rows, self._points, near[doubtful])
            order = np.argsort(far, axis=1, kind="stable")
            near, far = np.take_along_axis(near, order, 1), np.take_along_axis(far, order, 1)
        return near, far


def _apart(
    ones: Vectors, rows: npt.NDArray[np.integer], others: Vectors, columns: npt.NDArray[np.integer]
) -> npt.NDArray[np.float64]:
    out = np.empty(len(rows))
    step = max(1, 2**24 // ones.shape[1])
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        out[part] = np.linalg.norm(ones[rows[part]] - others[columns[part]], axis=1)
    return out


def without_self(
    near: npt.NDArray[np.integer], far: npt.NDArray[np.floating], rows: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.floating]]:
    """All but one of the k + 1 neighbours (s, k + 1) of ``rows`` (s,): without the row itself.

    Among more identical vectors than that, the row itself may not have been found: then the last goes.
    """
    k = near.shape[1] - 1
    itself = near == rows[:, None]
    drop = np.where(itself.any(axis=1), itself.argmax(axis=1), k)
    kept = np.arange(k + 1) != drop[:, None]
    return near[kept].reshape(-1, k), far[kept].reshape(-1, k)


def _descent(points: Vectors, k: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    from pynndescent import NNDescent

    rows = np.arange(len(points))
    near, far = NNDescent(points, n_neighbors=k + 1, random_state=0, n_jobs=1).neighbor_graph
    near, far = without_self(near, far, rows)
    missed = rows[(near < 0).any(axis=1)]
    if len(missed):  # too few found: pynndescent leaves gaps there
        near[missed], far[missed] = _all_pairs(points, missed, k, None)
    return near.astype(np.int32), far.astype(np.float32)
