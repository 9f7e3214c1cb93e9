"""Ways to decide whether a search has found its animal, all fitted with the same animals and times."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.clustering.centres import kmeans
from explorer.errors import UserError
from explorer.recognition import mondrian
from explorer.recognition.adaptive import own_taus
from explorer.recognition.conformal import threshold
from explorer.recognition.groups import Groups, of_labels, together
from explorer.recognition.learnt import Learnt, less_own, nearest_centre, normalised
from explorer.recognition.mondrian import Taus
from explorer.recognition.normalising import cohort_of
from explorer.recognition.one_per_animal import DRAWS, draw
from explorer.recognition.open_set import Searches
from explorer.recognition.pairs import NotCompared
from explorer.recognition.promise import Promise
from explorer.recognition.protocol import Split
from explorer.recognition.search import Matches, search
from explorer.space.adjusting import Adjustment

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

GLOBAL, STRATUM, CLUSTERS, SNORM = "global", "stratum", "clusters", "s-norm"
RESIDUALISED, RESIDUALISED_STRATUM = "residualised", "residualised + stratum"
PER_ANIMAL, SHUFFLED = "per-animal", "shuffled stratum"

CONDITIONED = (STRATUM, CLUSTERS, RESIDUALISED, RESIDUALISED_STRATUM)
"""Those that know something of the background, or of a cluster in its place."""

BY_STRATUM, WITHOUT_BACKGROUND = (STRATUM, RESIDUALISED_STRATUM), (RESIDUALISED, RESIDUALISED_STRATUM)

DECIDES = {
    GLOBAL: "one threshold for all",
    STRATUM: "one for each combination of the background",
    CLUSTERS: "one for each cluster",
    SNORM: "one, of distances normalised by a cohort of other animals",
    RESIDUALISED: "one, with the background taken from the vectors",
    RESIDUALISED_STRATUM: "one for each, with the background taken from the vectors",
    PER_ANIMAL: "each known animal's own",
}
"""Arms that recognition can decide by, and what they are."""

MOST_CLUSTERS = 25


def deciding(name: str) -> str:
    """``name`` when recognition can decide by that arm. Raises UserError for the control, and for what is no arm."""
    if name == SHUFFLED:
        raise UserError(
            f"the arm {SHUFFLED!r} is a control, whose strata were dealt at random, so nothing is decided by it",
            how=f"Choose one of: {', '.join(DECIDES)}",
        )
    if name not in DECIDES:
        raise UserError(f"there is no arm {name!r}", how=f"The arms are: {', '.join(DECIDES)}")
    return name


@dataclass(frozen=True, eq=False)
class Arm:
    """One way: the searches of the split's queries (calibration, known, test) by its own score, and its thresholds.

    ``tau`` float64 (q,): the threshold of each query. ``item`` int64 (q,): the row of the study that each search found,
    -1 for none. ``learnt``: what it judges with beside the thresholds.
    """

    name: str
    searches: Searches
    taus: Taus
    tau: Floats
    animals: int
    item: Ints
    learnt: Learnt

    @property
    def slack(self) -> Floats:
        """Score less threshold, (q,): accepted below 0. One number added to all thresholds moves the arm's FPIR."""
        return self.searches.score - self.tau


@dataclass(frozen=True, eq=False)
class Fitting:
    """What all arms share.

    ``plain`` float64 or float32 (n, d): the vectors; ``adjusted`` (n, d): without their background, as ``adjustment``
    says, which was fitted on adjustment animals. ``strata``: of the n observations.
    """

    split: Split
    rule: NotCompared
    plain: npt.NDArray[np.floating]
    adjusted: Floats
    adjustment: Adjustment
    strata: Groups
    promise: Promise
    seed: int


def fit_arms(fitting: Fitting, tell: Callable[[float, str], None]) -> list[Arm]:
    """All arms, the global one first."""
    split, n = fitting.split, len(fitting.plain)
    one = together(n)
    tell(0.0, "searching the gallery")
    matches = search(fitting.plain, split.queries, split.gallery, fitting.rule)
    tell(0.2, "searching the gallery without the background")
    residual = search(fitting.adjusted, split.queries, split.gallery, fitting.rule)
    arms = [_arm(GLOBAL, fitting, matches, one), _arm(STRATUM, fitting, matches, fitting.strata)]
    tell(0.3, "clusters")
    groups, centres = _clusters(fitting)
    arms.append(_arm(CLUSTERS, fitting, matches, groups, centres))
    tell(0.5, "normalising by a cohort")
    scores, cohort = _normalised(fitting)
    arms.append(_arm(SNORM, fitting, scores, one, cohort))
    arms.append(_arm(RESIDUALISED, fitting, residual, one))
    arms.append(_arm(RESIDUALISED_STRATUM, fitting, residual, fitting.strata))
    tell(0.8, "a threshold of each animal")
    scores, own = _by_animal(fitting, matches)
    arms.append(_arm(PER_ANIMAL, fitting, scores, one, own))
    rng = np.random.default_rng([fitting.seed, 1])
    arms.append(_arm(SHUFFLED, fitting, matches, fitting.strata.shuffled(rng)))
    return arms


def _arm(name: str, fitting: Fitting, matches: Matches, groups: Groups, learnt: Learnt | None = None) -> Arm:
    split = fitting.split
    queries, found = split.queries, matches.item >= 0
    animals = split.animals[queries]
    is_known = np.zeros(len(queries), dtype=bool)
    is_known[len(split.calibration) : len(split.calibration) + len(split.known)] = True
    right = is_known & found & (split.animals[matches.item] == animals)
    searches = Searches(matches.score, animals, is_known, right)
    count = len(split.calibration)
    taus = mondrian.fit(
        matches.score[:count],
        animals[:count],
        split.calibration,
        groups,
        fpir=fitting.promise.fpir,
        confidence=fitting.promise.confidence,
        seed=fitting.seed,
    )
    tau = taus.values[groups.levels[0][queries]]
    return Arm(name, searches, taus, tau, split.count(split.calibration), matches.item, learnt or Learnt())


def _clusters(fitting: Fitting) -> tuple[Groups, Learnt]:
    """k-means of adjustment animals (FairCal, 2022): as many clusters as strata, if animals suffice for each."""
    split = fitting.split
    afford = split.count(split.calibration) // fitting.promise.least
    learnt = np.asarray(fitting.plain[split.adjustment], dtype=np.float32)
    k = int(np.clip(min(fitting.strata.count, afford), 2, min(MOST_CLUSTERS, len(learnt))))
    labels = kmeans(learnt, k, seed=fitting.seed)
    k = int(labels.max()) + 1  # of fewer different vectors, fewer come out
    centres = np.stack([learnt[labels == label].mean(axis=0) for label in range(k)]).astype(np.float64)
    codes = np.zeros(len(fitting.plain), dtype=np.int64)
    rows = split.queries
    codes[rows] = nearest_centre(fitting.plain[rows], centres)
    return of_labels(codes, [f"cluster {label + 1}" for label in range(k)]), Learnt(centres=centres)


def _normalised(fitting: Fitting) -> tuple[Matches, Learnt]:
    split = fitting.split
    cohort = cohort_of(split.adjustment, split.animals[split.adjustment], fitting.seed)
    matches = normalised(fitting.plain, split.queries, split.gallery, fitting.rule, cohort)
    return matches, Learnt(cohort=np.asarray(fitting.plain[cohort]))


def _by_animal(fitting: Fitting, matches: Matches) -> tuple[Matches, Learnt]:
    """Distances less the threshold of the animal found."""
    split, fpir = fitting.split, fitting.promise.fpir
    # What all have in common is taken from adjustment animals: calibration animals decide the last number only.
    met = split.adjustment[fitting.rule.days[split.adjustment] >= split.t0]
    met = met if len(met) else split.adjustment
    places = draw(split.animals[met], DRAWS, np.random.default_rng(fitting.seed))
    far = search(fitting.plain, met, split.gallery, fitting.rule).score
    common = threshold(far[places], max(fpir, 1 / (places.shape[1] + 1)))
    own = own_taus(fitting.plain, split.gallery, fitting.rule, common, int(split.animals.max()) + 1)
    return less_own(matches, own, fitting.rule), Learnt(own=own, common=common)
