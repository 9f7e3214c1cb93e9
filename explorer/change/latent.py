"""The way of one animal through the latent space: how far it went, how far from itself it is, whom it is like."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.change.clock import clock_of
from explorer.change.panel import Floats, Ints, panel_of
from explorer.study.embeddings import Embedding
from explorer.study.study import Study

BAND = (0.05, 0.95)
_AT_ONCE = 65_536


@dataclass(frozen=True, eq=False)
class LatentPath:
    """One animal on k days, the vectors of a day averaged; distances are Euclidean, in the embedding's own units.

    ``days``: float64 (k,). ``rows``: int64 (k,), its last observation of each day. ``step``: to the day before;
    ``from_own``: to the mean of all earlier days; NaN on the first. ``alike``: the other animal that any observation
    up to that day shows nearest to it, "" where there is none, and ``alike_away``: how far that is. ``usual``: the 5 %,
    50 % and 95 % quantiles of ``from_own`` of all animals' visits, NaN where there are none.
    """

    animal: str
    days: Floats
    rows: Ints
    step: Floats
    from_own: Floats
    alike: tuple[str, ...]
    alike_away: Floats
    usual: tuple[float, float, float]

    @property
    def travelled(self) -> float:
        """The length of the way from day to day."""
        return float(np.nansum(self.step))

    @property
    def apart(self) -> float:
        """How far the last day is from the mean of those before; NaN with one day."""
        return float(self.from_own[-1]) if len(self.days) else float("nan")


def path_of(study: Study, embedding: Embedding, animal: str) -> LatentPath:
    """The way of ``animal`` through ``embedding``; nothing on a day depends on a later one, but ``usual``.

    Raises UserError when the study does not tell animals or times.
    """
    clock = clock_of(study)
    assert study.animal is not None and study.time is not None  # the clock has asked
    codes = study.animal.cat.codes.to_numpy().astype(np.int64)
    days = clock.days(study.time)
    used = np.flatnonzero((codes >= 0) & np.isfinite(days) & embedding.complete)
    used = used[np.lexsort((used, days[used], codes[used]))]
    begins = np.flatnonzero(np.append(True, (np.diff(codes[used]) != 0) | (np.diff(days[used]) != 0))[: len(used)])
    means = _means(embedding.vectors, used, begins)
    animals, day = codes[used][begins], days[used][begins]
    from_own = _from_own(means, animals, day)
    names = study.animal.cat.categories
    code = int(names.get_loc(animal)) if animal in names else -2
    own = np.flatnonzero(animals == code)
    known = from_own[np.isfinite(from_own)]
    usual = np.quantile(known, [BAND[0], 0.5, BAND[1]]) if len(known) else np.full(3, np.nan)
    steps = np.append(np.nan, np.linalg.norm(np.diff(means[own], axis=0), axis=1))[: len(own)]
    nearest, away = _nearest_other(means[own], day[own], embedding.vectors, used[codes[used] != code], days)
    ends = np.append(begins[1:], len(used)) - 1
    return LatentPath(
        animal=animal,
        days=day[own],
        rows=used[ends[own]],
        step=steps,
        from_own=from_own[own],
        alike=tuple("" if row < 0 else str(names[codes[row]]) for row in nearest.tolist()),
        alike_away=away,
        usual=(float(usual[0]), float(usual[1]), float(usual[2])),
    )


def _means(vectors: npt.NDArray[np.float32], rows: Ints, begins: Ints) -> Floats:
    """Means of the vectors of ``rows``, one for each group that begins at ``begins``; float64 (k, d)."""
    if not len(rows):
        return np.empty((0, vectors.shape[1]))
    sizes = np.diff(begins, append=len(rows))
    totals = np.add.reduceat(np.asarray(vectors[rows], dtype=np.float64), begins, axis=0)
    return totals / sizes[:, None]


def _from_own(means: Floats, animals: Ints, day: Floats) -> Floats:
    """Of each visit to the mean of the animal's earlier ones, float64 (k,); NaN at its first."""
    if not len(means):
        return np.empty(0)
    visit = panel_of(animals, day).visit
    before = np.cumsum(means, axis=0) - means
    first = np.flatnonzero(visit == 0)[np.cumsum(visit == 0) - 1]
    earlier = (before - before[first]) / np.maximum(visit, 1)[:, None]
    return np.where(visit > 0, np.linalg.norm(means - earlier, axis=1), np.nan)


def _nearest_other(
    points: Floats, on: Floats, vectors: npt.NDArray[np.float32], others: Ints, days: Floats
) -> tuple[Ints, Floats]:
    """For each of ``points`` (k, d), seen ``on`` a day, the row among ``others`` nearest to it of those seen by then.

    Returns rows, -1 where there is none, and distances.
    """
    nearest, best = np.full(len(points), -1, dtype=np.int64), np.full(len(points), np.inf)
    for start in range(0, len(others), _AT_ONCE):
        part = others[start : start + _AT_ONCE]
        block = np.asarray(vectors[part], dtype=np.float64)
        squares = (block**2).sum(axis=1)[None, :] - 2 * points @ block.T + (points**2).sum(axis=1)[:, None]
        squares[days[part][None, :] > on[:, None]] = np.inf
        place = squares.argmin(axis=1)
        found = squares[np.arange(len(points)), place]
        closer = found < best
        nearest[closer], best[closer] = part[place[closer]], found[closer]
    return nearest, np.where(nearest >= 0, np.sqrt(np.maximum(best, 0)), np.nan)
