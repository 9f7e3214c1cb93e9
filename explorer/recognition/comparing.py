"""Arms compared at equal realised false accepts, with a bootstrap over animals of the paired difference.

A tighter threshold is no evidence: it accepts fewer of all. Each arm's thresholds are moved by one number until the
share of unknown animals accepted is the same, and the shares of known animals accepted as themselves are compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.recognition.arms import GLOBAL, SHUFFLED, Arm
from explorer.recognition.one_per_animal import weights
from explorer.space.bootstrap import BOOTSTRAPS, Interval

Floats = npt.NDArray[np.float64]

FEWEST = 10
"""Known and unknown animals in the test, each, below which a bootstrap of them tells nothing."""

_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Delta:
    """How many more known animals an arm accepts as themselves than one threshold for all does, as a share.

    ``at``: its TAR at the common FPIR. ``tar``: the difference, with ``low`` and ``high``; the interval is so wide that
    all arms' intervals together hold with 95 % confidence (Bonferroni). ``beats_shuffled``: the same interval of the
    difference to the arm of shuffled strata lies above 0. With less than ``FEWEST`` animals the interval is all that is
    possible.
    """

    at: float
    tar: float
    low: float
    high: float
    beats_shuffled: bool

    @property
    def helps(self) -> bool:
        """Better than one threshold for all beyond its interval, and than chance."""
        return self.low > 0 and self.beats_shuffled


@dataclass(frozen=True, eq=False)
class Compared:
    """All arms at the common FPIR. ``at``: the TAR of each with its own 95 % interval; ``deltas``: of each but the
    global one, against it.
    """

    at: dict[str, Interval]
    deltas: dict[str, Delta]


def compare(arms: Sequence[Arm], fpir: float, *, tested: npt.NDArray[np.bool_], seed: int) -> Compared:
    """All arms at a realised ``fpir``, and each but the global one against it.

    ``tested`` bool (q,): which of the arms' searches are of the test. The thresholds are taken as they are: intervals
    are over the animals of the test, drawn with replacement, known and unknown ones apart, the same for all arms.
    """
    known = tested & arms[0].searches.known
    unknown = tested & ~arms[0].searches.known
    animals = arms[0].searches.animals
    places, sizes, drawn = [], [], []
    rng = np.random.default_rng([seed, 2])
    for chosen in (unknown, known):
        names, place = np.unique(animals[chosen], return_inverse=True)
        places.append(place)
        sizes.append(weights(animals[chosen]))
        often = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=BOOTSTRAPS)
        drawn.append(np.vstack([np.ones(len(names)), often.astype(float)]))  # the first draw is the animals themselves
    step = max(1, _AT_ONCE // max(int(known.sum()), int(unknown.sum())))
    tars: dict[str, Floats] = {}
    for arm in arms:
        trade = _Trade(arm, unknown, known, sizes[0], sizes[1])
        tars[arm.name] = np.concatenate(
            [
                trade.tar(drawn[0][part][:, places[0]], drawn[1][part][:, places[1]], fpir)
                for part in (slice(start, start + step) for start in range(0, BOOTSTRAPS + 1, step))
            ]
        )
    few = min(one.shape[1] for one in drawn) < FEWEST
    tail = 0.05 / 2 / max(1, len(arms) - 2)
    at, out = {}, {}
    for arm in arms:
        own, start = tars[arm.name], float(tars[GLOBAL][0])
        at[arm.name] = Interval(float(own[0]), *([0.0, 1.0] if few else np.quantile(own[1:], [0.025, 0.975]).tolist()))
        if arm.name == GLOBAL:
            continue
        more, beyond = own - tars[GLOBAL], own - tars[SHUFFLED]
        low, high = (-start, 1 - start) if few else np.quantile(more[1:], [tail, 1 - tail])
        beats = not few and bool(np.quantile(beyond[1:], tail) > 0)
        out[arm.name] = Delta(float(own[0]), float(more[0]), float(low), float(high), beats)
    return Compared(at, out)


class _Trade:
    """TAR of one arm at any FPIR, for many weightings of the animals at once: sorted once."""

    def __init__(
        self,
        arm: Arm,
        unknown: npt.NDArray[np.bool_],
        known: npt.NDArray[np.bool_],
        unknown_sizes: Floats,
        known_sizes: Floats,
    ) -> None:
        slack = arm.slack
        self._unknown = np.argsort(slack[unknown], kind="stable")
        self._cuts = np.append(slack[unknown][self._unknown], np.inf)
        self._unknown_sizes = unknown_sizes[self._unknown]
        self._total_sizes = known_sizes
        right = np.flatnonzero(arm.searches.right[known])
        self._known = right[np.argsort(slack[known][right], kind="stable")]
        self._slack = slack[known][self._known]
        self._known_sizes = known_sizes[self._known]

    def tar(self, unknown: Floats, known: Floats, fpir: float) -> Floats:
        """float64 (b,), for how often each unknown (b, u) and known (b, k) query's animal is there."""
        accepted = np.cumsum(unknown[:, self._unknown] * self._unknown_sizes, axis=1)
        # As many as may be accepted; the next one is where the threshold lies, and is not.
        most = (accepted <= fpir * accepted[:, -1:] + 1e-9).sum(axis=1)
        place = np.searchsorted(self._slack, self._cuts[most], side="left")
        gained = np.cumsum(known[:, self._known] * self._known_sizes, axis=1)
        gained = np.concatenate([np.zeros((len(gained), 1)), gained], axis=1)
        share = gained[np.arange(len(gained)), place] / (known @ self._total_sizes)
        return np.asarray(np.minimum(share, 1.0))  # two sums of the same, in another order
