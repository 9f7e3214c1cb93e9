"""Batches for the magnet loss: neighbouring clusters of different animals, where the encoder has them at present."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from explorer.learning.batches import AnimalBatches
from explorer.learning.losses import lengths
from explorer.learning.losses.magnet import magnet_terms, spread

_ROUNDS = 20
"""Rounds of k-means at most; an animal's few vectors settle in fewer."""

_AT_ONCE = 1_024


class MagnetBatches(AnimalBatches):
    """Endless batches of rows: ``animals`` clusters that lie near each other, with ``each`` observations apiece.

    Each animal is of up to ``clusters`` clusters (k-means on its vectors; so many only that each could fill its part
    of a batch). A batch is a seed cluster, drawn with a probability in proportion to the mean magnet loss of its rows,
    and the clusters of other animals whose means are nearest to its own; of a cluster, rows are chosen as
    ``AnimalBatches`` chooses those of an animal. Whenever it is ``due``, before the first batch and then every
    ``refresh_every`` batches, ``see`` must be told where the vectors are.

    ``rows`` int (r,) are all that can be drawn; ``clusters`` int (n,) is the cluster of each row, -1 for the others.
    margin: the loss's. The same seed and vectors give the same batches; ``state_dict`` is where they stand.

    Source: Rippel, Paluri, Dollar & Bourdev 2016, section 3.2. There the losses that seeds are drawn by are those met
    in training since the clusters were found, over the clusters of a batch; here they are found with the clusters, over
    all of them, so that nothing has to be told from step to step.
    """

    def __init__(
        self,
        codes: npt.NDArray[np.integer],
        dates: npt.NDArray[np.float64],
        *,
        animals: int,
        each: int,
        seed: int,
        clusters: int = 3,
        refresh_every: int = 200,
        margin: float = 1.0,
    ) -> None:
        if clusters < 1 or refresh_every < 1:
            raise ValueError(f"clusters and refresh_every must be at least 1, not {clusters} and {refresh_every}")
        super().__init__(codes, dates, animals=animals, each=each, seed=seed)
        self.rows = np.sort(np.concatenate(list(self._rows.values())))
        self.clusters = np.full(len(codes), -1, dtype=np.int64)
        self._together, self._most, self._every, self._margin = animals, clusters, refresh_every, margin
        self._left = 0
        self._share: npt.NDArray[np.float64] = np.zeros(0)
        self._impostors: npt.NDArray[np.int64] = np.zeros((0, animals - 1), dtype=np.int64)
        self._members: list[npt.NDArray[np.intp]] = []

    @property
    def due(self) -> bool:
        """Whether the next batch needs to be told of the vectors first."""
        return self._left == 0

    def __next__(self) -> npt.NDArray[np.intp]:
        """Rows (clusters * each,), one cluster after the other, the seed first."""
        if self.due:
            raise RuntimeError("where the vectors are must be told first")
        self._left -= 1
        first = int(self._rng.choice(len(self._share), p=self._share))
        others = self._impostors[first]
        return np.concatenate([self._of(self._members[one]) for one in [first, *others[others >= 0].tolist()]])

    def see(self, vectors: npt.NDArray[np.floating]) -> None:
        """Find the clusters anew, of the vectors (r, d) of ``rows``."""
        if vectors.shape[:1] != self.rows.shape or not np.isfinite(vectors).all():
            raise ValueError(f"there must be {len(self.rows)} finite vectors")
        points = vectors.astype(np.float64)
        found = np.full(len(points), -1)
        owners: list[int] = []
        for name, rows in self._rows.items():
            places = np.searchsorted(self.rows, rows)
            own = _k_means(points[places], max(1, min(self._most, len(rows) // self.each)), self._rng)
            found[places] = len(owners) + own
            owners += [name] * (int(own.max()) + 1)
        self.clusters[self.rows] = found
        self._share, self._impostors = _neighbours(
            torch.from_numpy(points),
            torch.from_numpy(found),
            torch.tensor(owners),
            self._margin,
            self._together - 1,
        )
        self._settle()
        self._left = self._every

    def state_dict(self) -> dict[str, Any]:
        """What later batches depend on, as plain values that JSON can hold."""
        return super().state_dict() | {
            "left": self._left,
            "clusters": self.clusters[self.rows].tolist(),
            "share": self._share.tolist(),
            "impostors": self._impostors.tolist(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from ``state``, as batches of the same rows gave it."""
        super().load_state_dict(state)
        self._left = int(state["left"])
        self.clusters[self.rows] = state["clusters"]
        self._share = np.array(state["share"], dtype=np.float64)
        self._impostors = np.array(state["impostors"], dtype=np.int64).reshape(len(self._share), self._together - 1)
        self._settle()

    def _settle(self) -> None:
        found = self.clusters[self.rows]
        self._members = [self.rows[found == one] for one in range(len(self._share))]


def _neighbours(
    points: Tensor, found: Tensor, owners: Tensor, margin: float, count: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Of each cluster: its probability (c,) as a seed, and its ``count`` nearest of other animals (c, count).

    Where there are fewer such, -1 fills the rest. points: float64 (r, d) of ``found``'s clusters; owners: (c,).
    """
    sizes = torch.bincount(found, minlength=len(owners)).to(points.dtype)
    means = points.new_zeros(len(owners), points.shape[1]).index_add(0, found, points) / sizes[:, None]
    near = lengths.squared(points, means[found])
    variance = spread(near)
    losses = torch.cat(
        [
            magnet_terms(
                near[start : start + _AT_ONCE],
                lengths.matrix(points[start : start + _AT_ONCE], means).square(),
                owners[found[start : start + _AT_ONCE]][:, None] == owners,
                variance,
                margin,
            )
            for start in range(0, len(points), _AT_ONCE)
        ]
    )
    mean = (losses.new_zeros(len(owners)).index_add(0, found, losses) / sizes).numpy()
    share = mean / mean.sum() if mean.sum() > 0 else np.full(len(mean), 1 / len(mean))
    impostors = np.full((len(owners), count), -1, dtype=np.int64)
    for start in range(0, len(owners), _AT_ONCE):
        apart = lengths.matrix(means[start : start + _AT_ONCE], means)
        apart = apart.masked_fill(owners[start : start + _AT_ONCE, None] == owners, torch.inf)
        order = apart.argsort(dim=1, stable=True)[:, :count]
        nearest = torch.where(apart.gather(1, order).isfinite(), order, -1)
        impostors[start : start + _AT_ONCE, : nearest.shape[1]] = nearest.numpy()
    return share, impostors


def _k_means(points: npt.NDArray[np.float64], k: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """The cluster of each of ``points`` (n, d), int64 (n,): Lloyd's k-means from k-means++ centres.

    Written out, since a threaded one may differ in its last bits from run to run, and a resumed run must not. Fewer
    than ``k`` where not so many points differ; no cluster is empty.
    """
    centres = points[[int(rng.integers(len(points)))]]
    for _ in range(k - 1):
        apart = _squares(points, centres).min(axis=1)
        if not apart.sum() > 0:
            break
        centres = np.concatenate([centres, points[[int(rng.choice(len(points), p=apart / apart.sum()))]]])
    own = _squares(points, centres).argmin(axis=1)
    for _ in range(_ROUNDS):
        there, own = np.unique(own, return_inverse=True)
        centres = np.stack([points[own == one].mean(axis=0) for one in range(len(there))])
        after = _squares(points, centres).argmin(axis=1)
        if (after == own).all():
            break
        own = after
    return np.asarray(np.unique(own, return_inverse=True)[1], dtype=np.int64)


def _squares(points: npt.NDArray[np.float64], centres: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    away = points[:, None] - centres
    return np.asarray(np.einsum("ijk,ijk->ij", away, away))
