"""How many clusters there are by the gap statistic: more of a fall in scatter than in a cloud without clusters."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from explorer.clustering.centres import kmeans
from explorer.clustering.clusters import Clusters
from explorer.clustering.spaces import space_of
from explorer.engine import Report, parts_of
from explorer.errors import UserError
from explorer.study.study import Study, open_study

Floats = npt.NDArray[np.float64]

UP_TO = 10
"""The largest number of clusters that is tried."""

REFERENCES = 20
"""Clouds without clusters that each number is held against."""

SAMPLE = 2_000
"""So many vectors, drawn at random, are looked at: the gap hangs on where they lie, hardly on how many there are."""


_LEAST = 6  # vectors, of which two clusters are tried: of fewer, one cloud would be all that could be found


@dataclass(frozen=True, eq=False)
class Gap:
    """The gap statistic of 1, 2, ... clusters: ``gaps`` and its standard ``errors``, float64 (up_to,).

    ``k``: the smallest number whose gap is not below that of the next by more than its error; 1: no clusters.
    ``settled`` is False when no number was (k is then the one with the largest gap). ``observations``: how many were
    looked at.
    """

    k: int
    gaps: Floats
    errors: Floats
    observations: int
    settled: bool

    @property
    def sentence(self) -> str:
        """What it comes to, for people."""
        found = "one cloud, no clusters" if self.k == 1 else f"{self.k} clusters"
        doubt = "" if self.settled else "; the gap still grows at the largest number tried, so this is a guess"
        return f"gap statistic: {found} (1 to {len(self.gaps)} tried on {self.observations:,} observations){doubt}"


def gap_statistic(
    vectors: npt.NDArray[np.floating],
    up_to: int = UP_TO,
    references: int = REFERENCES,
    seed: int = 0,
    report: Report | None = None,
) -> Gap:
    """The gap statistic (Tibshirani, Walther and Hastie, 2001) of ``vectors`` (n, d) for 1 to ``up_to`` clusters.

    gap(k) = mean of log W over references - log W, W(k) the summed squared Euclidean distances to the nearest of k
    centres (their equation 2, up to a constant), by ``kmeans``. The references are uniform in the box along the
    principal components (their choice b). The error is the references' standard deviation (ddof 0) times
    sqrt(1 + 1/references); k is the smallest with gap(k) >= gap(k + 1) - error(k + 1). At most ``SAMPLE`` vectors
    are looked at, and at most a third as many clusters as there are vectors tried. Raises ValueError for fewer than
    four vectors.
    """
    if len(vectors) < 4:
        raise ValueError(f"a number of clusters needs at least four vectors, not {len(vectors)}")
    rng = np.random.default_rng(seed)
    some: Floats = np.asarray(vectors, dtype=np.float64)
    if len(some) > SAMPLE:
        some = some[np.sort(rng.choice(len(some), SAMPLE, replace=False))]
    up_to = max(1, min(up_to, len(some) // 3))
    some = some - some.mean(axis=0)
    axes = np.linalg.svd(some, full_matrices=False)[2]
    placed = some @ axes.T
    low, high = placed.min(axis=0), placed.max(axis=0)
    steps = parts_of(report, [1.0] * (references + 1))
    with threadpool_limits(1):  # threads that wait for each other cost more than these sums
        own = _log_scatter(placed, up_to, seed, steps[0])
        theirs = np.stack(
            [_log_scatter(rng.uniform(low, high, size=placed.shape), up_to, seed, step) for step in steps[1:]]
        )
    gaps = theirs.mean(axis=0) - own
    errors = theirs.std(axis=0) * np.sqrt(1 + 1 / references)
    fine = np.flatnonzero(gaps[:-1] >= gaps[1:] - errors[1:])
    if report is not None:
        report(1.0, "done")
    return Gap(
        int(fine[0] if len(fine) else np.argmax(gaps)) + 1, gaps, errors, len(some), bool(len(fine)) or up_to == 1
    )


def _log_scatter(vectors: Floats, up_to: int, seed: int, report: Report | None) -> Floats:
    """log W of 1 to ``up_to`` clusters; -inf is kept away where all vectors of a cluster coincide."""
    out = np.empty(up_to)
    for k in range(1, up_to + 1):
        if report is not None:
            report((k - 1) / up_to, f"comparing 1 to {up_to} clusters with clouds that have none")
        labels = np.zeros(len(vectors), dtype=np.int32) if k == 1 else kmeans(vectors, k, seed=seed)
        sizes = np.bincount(labels)
        means = np.stack([np.bincount(labels, weights=column) / sizes for column in vectors.T], axis=1)
        out[k - 1] = np.log(max(float(((vectors - means[labels]) ** 2).sum()), np.finfo(float).tiny))
    return out


def number_by_gap(study: Study, wanted: Clusters, report: Report | None = None) -> tuple[int, tuple[str, ...]]:
    """How many clusters k-means shall make for ``wanted`` (whatever its size), and sentences that say why.

    In the space that they are made in (without the variables, or with them beside). In strata, the median, rounded
    down, over the strata that say so and have vectors enough, since each is to have as many. Raises UserError when
    there are no clusters to be found.
    """
    space = space_of(study, wanted, study.embedding(wanted.embedding))
    codes, sizes = np.unique(space.codes, return_counts=True)
    codes, sizes = codes[sizes >= _LEAST], sizes[sizes >= _LEAST]
    if not len(codes):
        raise UserError("there are too few vectors to tell how many clusters there are", how="Give a number")
    names = space.strata.table["label"].tolist()
    found = []
    for code, step in zip(codes.tolist(), parts_of(report, sizes.tolist()), strict=True):
        found.append((names[code], gap_statistic(space.vectors[space.codes == code], seed=wanted.seed, report=step)))
    said = tuple((f"{name}: " if wanted.way == "strata" else "") + gap.sentence for name, gap in found)
    several = sorted(gap.k for _, gap in found if gap.k > 1)
    if not several:
        raise UserError(
            "the gap statistic finds no clusters, only one cloud"
            + (" in each stratum" if wanted.way == "strata" else ""),
            how="Give a number of clusters to cut the cloud into, or use HDBSCAN",
        )
    return several[(len(several) - 1) // 2], said


def number_at(study: Path, wanted: Clusters, *, report: Report) -> tuple[int, tuple[str, ...]]:
    """``number_by_gap`` by names, for a worker process."""
    return number_by_gap(open_study(study), wanted, report)
