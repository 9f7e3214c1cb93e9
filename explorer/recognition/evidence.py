"""What the test of a threshold came to, search by search: all that its page and its tables show, and no more.

It is kept on disk, so that who comes back sees it at once.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from explorer.recognition.analysis import Analysis
from explorer.recognition.arms import GLOBAL
from explorer.recognition.open_set import Curve, Rates, Searches, curve, rates
from explorer.recognition.separation import TOGETHER, Separation, separation
from explorer.recognition.threshold_file import encoded
from explorer.space.bootstrap import Interval
from explorer.study.embeddings import Embedding

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ArmSeen:
    """One arm on the q searches of the test, arrays (q,).

    ``searches``: its scores, and which found their own animal; ``tau`` float64: the threshold of each, in the same
    scores; ``item`` int64: the row of the study that each found, -1 for none. ``at``: the TAR where all arms accept the
    promised share of unknown animals.
    """

    searches: Searches
    tau: Floats
    item: Ints
    at: Interval

    @property
    def accepted(self) -> Bools:
        """Whether what was found is taken for the same animal."""
        return self.searches.score < self.tau

    @property
    def curve(self) -> Curve:
        """The detection error trade-off, all its thresholds moved by one number."""
        searches = self.searches
        return curve(Searches(searches.score - self.tau, searches.animals, searches.known, searches.right))

    def rates(self, inside: Bools | None = None) -> Rates:
        """What its own thresholds came to, among the searches ``inside`` (q,)."""
        chosen = np.ones(len(self.tau), dtype=bool) if inside is None else inside
        return rates(self.searches.of(chosen), self.tau[chosen])


@dataclass(frozen=True, eq=False)
class Evidence:
    """The file of the threshold, and the searches of the test that it was scored on.

    ``content``: the bytes of the file. ``rows`` int64 (q,): the observations looked up. ``strata`` int64 (q,): the
    place of each one's stratum in ``labels``. ``arms`` by name, the global one first.
    """

    content: bytes
    rows: Ints
    strata: Ints
    labels: tuple[str, ...]
    arms: dict[str, ArmSeen]
    separation: Separation

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What the file says."""
        found: dict[str, Any] = json.loads(self.content)
        return found

    @property
    def known(self) -> Bools:
        """Which searches are for animals of the gallery, bool (q,)."""
        return self.arms[GLOBAL].searches.known

    def taus(self, arm: str) -> dict[str, float]:
        """The thresholds of ``arm`` by its own groups; those that all together share under ``TOGETHER``."""
        found: dict[str, float] = next(one["tau"] for one in self.facts["arms"] if one["name"] == arm)
        return found

    @property
    def figure_taus(self) -> dict[str, float]:
        """The threshold of each stratum, and of all together, in plain distances."""
        return {**self.taus("stratum"), TOGETHER: self.taus(GLOBAL)[TOGETHER]}


def evidence_of(found: Analysis, embedding: Embedding) -> Evidence:
    """The part of an analysis that is worth keeping."""
    split, fitting, at = found.split, found.fitting, found.of_test
    labels = tuple(found.strata.table["label"])
    rows = split.queries[at]
    return Evidence(
        encoded(found, embedding),
        rows,
        found.strata.codes[rows],
        labels,
        {
            one.arm.name: ArmSeen(one.arm.searches.of(at), one.arm.tau[at], one.arm.item[at], found.at[one.arm.name])
            for one in found.tested
        },
        separation(
            fitting.plain,
            np.flatnonzero(found.used),
            fitting.rule,
            found.strata.codes,
            labels,
            seed=fitting.seed,
        ),
    )
