"""Whether clusters come back when other animals of the same kind are looked at: stability under a bootstrap."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from explorer.clustering.clusters import Clusters, Labels
from explorer.clustering.conditioned import assign, cluster_in, clusters_path
from explorer.clustering.spaces import space_of
from explorer.engine import Report, parts_of
from explorer.errors import UserError
from explorer.space.parts import part_of
from explorer.space.task_values import units_of
from explorer.study.atomic import atomic_file
from explorer.study.embeddings import Embedding
from explorer.study.fingerprint import hash_json
from explorer.study.spoilt import SPOILT
from explorer.study.study import Study, open_study

Floats = npt.NDArray[np.float64]
Reading = Literal["stable", "doubtful", "dissolved", "unknown"]

DRAWS = 30
STABLE, DISSOLVED = 0.75, 0.6
"""Hennig's reading (2007, 2008): from the one on a cluster is stable, below the other it should not be trusted."""

READINGS: dict[Reading, str] = {
    "stable": "comes back with other animals",
    "doubtful": "there is something, but who belongs to it changes with the animals",
    "dissolved": "does not come back with other animals: do not trust it",
    "unknown": "in no draw was there any of it",
}

_VERSION = 2


@dataclass(frozen=True, eq=False)
class Stability:
    """How well each of k clusters is found again. ``jaccard``: float64 (draws, k), in each draw the largest Jaccard
    similarity of the cluster with one of the draw's; NaN where none of its observations was drawn. ``animals``: how
    many there are to draw from; each draw holds about 63 % of them. ``told_apart``: whether the study says which animal
    is which; else each observation was drawn as an animal of its own.
    """

    jaccard: Floats
    animals: int
    told_apart: bool = True

    @property
    def whom(self) -> str:
        """What was drawn from, in words."""
        return f"{self.animals:,} {'animals' if self.told_apart else 'observations'}"

    @property
    def mean(self) -> Floats:
        """The mean over draws, float64 (k,)."""
        known = np.isfinite(self.jaccard)
        with np.errstate(invalid="ignore"):
            return np.where(known, self.jaccard, 0.0).sum(axis=0) / known.sum(axis=0)

    def interval(self, cluster: int) -> tuple[float, float]:
        """Between which values 95 % of the draws lie."""
        values = self.jaccard[:, cluster]
        values = values[np.isfinite(values)]
        if not len(values):
            return float("nan"), float("nan")
        low, high = np.quantile(values, [0.025, 0.975])
        return float(low), float(high)

    @property
    def readings(self) -> tuple[Reading, ...]:
        """What the mean of each cluster says; see ``READINGS``."""
        return tuple(_reading(value) for value in self.mean.tolist())

    @property
    def sentence(self) -> str:
        """What it comes to, for people."""
        told = [
            f"{self.readings.count(one)} {one}"
            for one in ("stable", "doubtful", "dissolved", "unknown")
            if one in self.readings
        ]
        return (
            f"found again in {len(self.jaccard)} draws of {self.whom} (mean Jaccard from {STABLE} on is "
            f"stable, below {DISSOLVED} dissolved): {', '.join(told) or 'there are no clusters'}"
        )


def _reading(value: float) -> Reading:
    if np.isnan(value):
        return "unknown"
    return "stable" if value >= STABLE else "doubtful" if value >= DISSOLVED else "dissolved"


def stability(
    study: Study,
    wanted: Clusters,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    embedding: Embedding | None = None,
    report: Report | None = None,
) -> Stability:
    """How well the clusters ``wanted`` (as they are made) are found again, from the cache where that is there.

    Cluster-wise stability by the bootstrap (Hennig, 2007, section 3), with animals in place of points: all observations
    of the animals drawn, each once (many copies of a point would be dense places of their own), are clustered in the
    same way, background variables learnt anew; HDBSCAN's least size shrinks with the share of observations drawn. A
    space without clusters can be cut in a stable way too: this says that a cluster is not chance, not that it has
    edges. ``embedding`` as in ``assign``. Raises UserError as ``assign`` does, and for fewer than four animals.
    """
    found = read_stability(study, wanted, draws=draws, seed=seed)
    if found is not None:
        return found
    embedding = study.embedding(wanted.embedding) if embedding is None else embedding
    first, rest = parts_of(report, [1, draws])
    made = assign(study, wanted, first, embedding=embedding)
    units = units_of(study)
    animals = np.unique(units[made.rows])
    if len(animals) < 4:
        n = len(animals)
        raise UserError(
            f"stability is told by drawing animals anew, and {n} {'is' if n == 1 else 'are'} too few",
            how="Use a study with at least 4 animals",
        )
    rng = np.random.default_rng(seed)
    jaccard = np.full((draws, made.count), np.nan)
    for draw, step in enumerate(parts_of(rest, [1.0] * draws)):
        drawn = np.isin(units, rng.choice(animals, len(animals)))
        if step is not None:
            step(0.0, f"clustering the animals of draw {draw + 1} of {draws}")
        space = space_of(study, wanted, part_of(embedding, drawn, "the animals drawn"))
        labels, _ = cluster_in(space, wanted, share=len(space.rows) / len(made.rows))
        jaccard[draw] = best_jaccard(made.labels[space.rows], labels, made.count)
    out = Stability(jaccard, len(animals), study.animal is not None)
    with atomic_file(_path(study, wanted, draws, seed)) as temporary, temporary.open("wb") as stream:
        np.savez(stream, jaccard=jaccard, animals=np.array(len(animals)))
    if report is not None:
        report(1.0, "done")
    return out


def best_jaccard(labels: Labels, again: Labels, count: int) -> Floats:
    """The largest Jaccard similarity of each cluster of ``labels`` (m,) with one of ``again`` (m,): float64 (count,).

    Noise (below 0) is no cluster. NaN for clusters without observations.
    """
    others = int(again.max(initial=-1)) + 1
    both = np.zeros((count + 1, others + 1))
    np.add.at(both, (np.maximum(labels, -1), np.maximum(again, -1)), 1.0)  # noise is the last of each
    sizes, theirs = both.sum(axis=1)[:count], both.sum(axis=0)[:others]
    shared = both[:count, :others]
    with np.errstate(invalid="ignore"):
        found = (shared / (sizes[:, None] + theirs - shared)).max(axis=1, initial=0.0)
    return np.where(sizes > 0, found, np.nan)


def _path(study: Study, wanted: Clusters, draws: int, seed: int) -> Path:
    made = clusters_path(study, wanted)
    whose = hash_json([_VERSION, study.data_hash])[:20]  # which animal is which may be corrected later
    return made.with_name(f"{made.stem}-again-{whose}-{draws}-{seed}.npz")


def read_stability(study: Study, wanted: Clusters, *, draws: int = DRAWS, seed: int = 0) -> Stability | None:
    """The stability from the cache, or None when it is not there."""
    try:
        with np.load(_path(study, wanted, draws, seed), allow_pickle=False) as stored:
            jaccard, animals = stored["jaccard"], int(stored["animals"])
    except SPOILT:
        return None
    return (
        Stability(jaccard, animals, study.animal is not None) if jaccard.ndim == 2 and len(jaccard) == draws else None
    )


def stability_at(
    study: Path,
    wanted: Clusters,
    members: npt.NDArray[np.bool_] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    *,
    report: Report,
) -> None:
    """``stability`` by names, for a worker process: the result is found in the cache afterwards.

    ``members``, bool (n,), are those of the part that ``wanted`` names.
    """
    opened = open_study(study)
    embedding = opened.embedding(wanted.embedding)
    if members is not None:
        embedding = part_of(embedding, members, "the part")
    stability(opened, wanted, draws=draws, seed=seed, embedding=embedding, report=report)
