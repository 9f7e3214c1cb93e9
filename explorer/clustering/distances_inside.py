"""Whether one distance tells animals apart inside a stratum or a cluster: the largest of one, the smallest of two."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from explorer.clustering.clusters import Clusters
from explorer.clustering.conditioned import Assignment, assign
from explorer.clustering.decided import decided
from explorer.clustering.labels import NOISE
from explorer.engine import Report, parts_of
from explorer.errors import UserError
from explorer.study.study import Study, open_study

_BLOCK = 2_048


@dataclass(frozen=True)
class DistancesInside:
    """The observations of one ``group`` ("all", a stratum, or a cluster by its number) in the latent space.

    ``largest_within``: the largest Euclidean distance of two observations of the same animal, NaN where no animal is
    there twice; ``smallest_between``: the smallest of two animals, NaN with one animal. ``confused``: the share of
    pairs of one animal that lie further apart than the smallest distance between two. ``pairs``: how many pairs of one
    animal there are.
    """

    group: str
    observations: int
    animals: int
    pairs: int
    largest_within: float
    smallest_between: float
    confused: float

    @property
    def has_tau(self) -> bool | None:
        """Whether some threshold takes every animal for itself and none for another; None where it cannot be told."""
        if np.isnan(self.largest_within) or np.isnan(self.smallest_between):
            return None
        return self.largest_within < self.smallest_between


def distances_inside(study: Study, assignment: Assignment, report: Report | None = None) -> list[DistancesInside]:
    """All observations together, then each stratum where there are several, then each cluster; noise is left out.

    Figure 9 of the method asks that a threshold below the smallest distance of two animals, inside a group, still takes
    each animal for itself. Distances are those of the embedding itself, not of the vectors that clusters were made of.
    Extremes grow with the number of pairs, and a cluster leaves out the pairs across its border by construction: read
    it beside ``confused`` and with the threshold page, never alone. Raises UserError when the study does not say the
    animals.
    """
    if study.animal is None:
        raise UserError("the study does not say which animal is which", how="Name the column under [columns]")
    animals = study.animal.cat.codes.to_numpy().astype(np.int64)
    rows = assignment.rows[animals[assignment.rows] >= 0]
    vectors = np.asarray(study.embedding(assignment.wanted.embedding).vectors[rows], dtype=np.float64)
    groups = list(_groups(assignment, rows))
    steps = parts_of(report, [float(own.sum()) ** 2 for _, own in groups])
    out = []
    for (name, own), step in zip(groups, steps, strict=True):
        if step is not None:
            step(0.0, f"measuring distances in {name}")
        out.append(_inside(name, vectors[own], animals[rows][own]))
    if report is not None:
        report(1.0, "done")
    return out


def distances_inside_at(study: Path, wanted: Clusters, *, report: Report) -> list[DistancesInside]:
    """``distances_inside`` of the clusters ``wanted``, as decided, for a worker process."""
    opened = open_study(study)
    found, _ = decided(opened, assign(opened, wanted))
    return distances_inside(opened, found, report)


def _groups(assignment: Assignment, rows: npt.NDArray[np.int64]) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    yield "all", np.ones(len(rows), dtype=bool)
    codes = np.asarray(assignment.stratum.codes)[rows]
    strata = np.unique(codes)
    for code in strata.tolist() if len(strata) > 1 else []:
        yield str(assignment.stratum.categories[code]), codes == code
    labels = assignment.labels[rows]
    for label in np.unique(labels[labels > NOISE]).tolist():
        yield str(label + 1), labels == label


def _inside(name: str, vectors: npt.NDArray[np.float64], animals: npt.NDArray[np.int64]) -> DistancesInside:
    within = np.sort(_within(vectors, animals))
    between = _smallest_between(vectors, animals)
    return DistancesInside(
        name,
        len(vectors),
        len(np.unique(animals)),
        len(within),
        float(within[-1]) if len(within) else float("nan"),
        between,
        float((within > between).mean()) if len(within) and not np.isnan(between) else float("nan"),
    )


def _within(vectors: npt.NDArray[np.float64], animals: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The distances of all pairs of observations of the same animal, float64 (pairs,)."""
    from scipy.spatial.distance import pdist

    order = np.argsort(animals, kind="stable")
    ends = np.flatnonzero(np.diff(animals[order])) + 1
    parts = [pdist(vectors[own]) for own in np.split(order, ends) if len(own) > 1]
    return np.concatenate(parts) if parts else np.empty(0)


def _smallest_between(vectors: npt.NDArray[np.float64], animals: npt.NDArray[np.int64]) -> float:
    """The smallest distance of two observations of different animals; NaN with one animal."""
    squares = (vectors**2).sum(axis=1)
    best, found = np.inf, float("nan")
    for start in range(0, len(vectors), _BLOCK):
        some = slice(start, start + _BLOCK)
        apart = squares[some, None] - 2 * vectors[some] @ vectors[start:].T + squares[start:]
        apart[animals[some, None] == animals[start:]] = np.inf
        row, column = np.unravel_index(int(apart.argmin()), apart.shape)
        if apart[row, column] < best:
            best = float(apart[row, column])
            found = float(np.linalg.norm(vectors[start + row] - vectors[start + column]))
    return found
