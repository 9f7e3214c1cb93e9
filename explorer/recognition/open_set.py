"""Open-set recognition, scored per search: is this one of the animals in the gallery, and which?

Every animal counts the same, however many queries it has: shares are means over draws of one query per animal.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.recognition.counting import share_of
from explorer.recognition.one_per_animal import weights
from explorer.space.bootstrap import UNKNOWN, Interval

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Searches:
    """Queries against a gallery, arrays (q,), each query by what its best match was.

    ``score``: the distance, or another score of which less is nearer. ``animals``: codes. ``known``: the animal is in
    the gallery. ``right``: the best match is the same animal.
    """

    score: Floats
    animals: npt.NDArray[np.int64]
    known: Bools
    right: Bools

    def of(self, chosen: Bools) -> "Searches":
        """Some of them only, bool (q,)."""
        return Searches(self.score[chosen], self.animals[chosen], self.known[chosen], self.right[chosen])


@dataclass(frozen=True)
class Rates:
    """What a threshold came to.

    ``fpir``: of searches for animals that are not in the gallery, the share accepted (false positive identification
    rate). ``tar``: of searches for animals that are, the share accepted as themselves (true accept rate). ``baks`` and
    ``baus``: balanced accuracy on known and on unknown samples; here, where every animal counts the same, TAR and
    1 - FPIR. ``unknown`` and ``known``: how many animals each is of. Intervals are Clopper-Pearson, 95 %.
    """

    fpir: Interval
    tar: Interval
    unknown: int
    known: int

    @property
    def fnir(self) -> float:
        """Of searches for animals in the gallery, the share not accepted as themselves."""
        return 1 - self.tar.value

    @property
    def baks(self) -> float:
        """Balanced accuracy on known samples."""
        return self.tar.value

    @property
    def baus(self) -> float:
        """Balanced accuracy on unknown samples."""
        return 1 - self.fpir.value


def rates(searches: Searches, tau: Floats | float) -> Rates:
    """Accept each search whose score is below ``tau``, one for all or (q,)."""
    accepted = searches.score < tau
    fpir, unknown = _share(accepted, searches.animals, ~searches.known)
    tar, known = _share(accepted & searches.right, searches.animals, searches.known)
    return Rates(fpir, tar, unknown, known)


def _share(hit: Bools, animals: npt.NDArray[np.int64], among: Bools) -> tuple[Interval, int]:
    if not among.any():
        return UNKNOWN, 0
    n = len(np.unique(animals[among]))
    return share_of(float(hit[among] @ weights(animals[among])), n), n


@dataclass(frozen=True, eq=False)
class Curve:
    """Detection error trade-off: ``fpir`` rising and ``fnir`` falling, float64 (m,), for thresholds ``tau`` (m,)."""

    tau: Floats
    fpir: Floats
    fnir: Floats

    def fnir_at(self, fpir: float) -> float:
        """The least FNIR of the thresholds whose FPIR is at most ``fpir``; NaN without queries of either kind."""
        fine = self.fpir <= fpir + 1e-12
        return float(self.fnir[fine].min()) if fine.any() else float("nan")


def curve(searches: Searches) -> Curve:
    """FPIR and FNIR at every threshold that changes either, from accepting nothing to accepting everything."""
    tau = np.append(-np.inf, np.unique(np.append(searches.score, np.inf)))
    # Accepted is what lies below: at a threshold equal to a score, that score is not.
    fpir = _below(searches, ~searches.known, ~searches.known, tau)
    tar = _below(searches, searches.known, searches.known & searches.right, tau)
    return Curve(tau, fpir, 1 - tar)


def _below(searches: Searches, among: Bools, hits: Bools, tau: Floats) -> Floats:
    if not among.any():
        return np.full(len(tau), np.nan)
    each = np.zeros(len(among))
    each[among] = weights(searches.animals[among])
    order = np.argsort(searches.score[hits], kind="stable")
    gained = np.append(0.0, np.cumsum(each[hits][order]))
    return np.minimum(1.0, gained[np.searchsorted(searches.score[hits][order], tau, side="left")] / each.sum())
