"""Would another seed have given the same map? Maps of other seeds, laid onto the one shown."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from explorer.errors import UserError
from explorer.space.procrustes import align
from explorer.space.projections import Projection, cache_path, project, quick, settled
from explorer.space.quality_bands import SHUFFLES, Groups, Measure, Numbers, band, mean_errors, within
from explorer.space.quality_cache import Arrays, Facts, animal_codes, keep, kept_at, read_as
from explorer.space.quality_ranks import Report
from explorer.space.quality_study import opened_map
from explorer.study.embeddings import Embedding
from explorer.study.study import Study
from explorer.view import MapChoice

Places = npt.NDArray[np.floating]

SEEDS = 3
"""So many other maps are made."""


@dataclass(frozen=True)
class Stability:
    """How far points move between maps of other seeds, each laid onto the map shown.

    ``displacement`` float64 (n,): the root mean square, over the other maps, of the distance between a point's places,
    in units of the map's own spread (the median distance to its centre). ``stability`` float64 (n,): 1 less the
    displacement over ``unrelated``, that of maps whose points are shuffled; not below 0. 1: always at the same place;
    0: as far away as if it had been placed at random. Both NaN without a place. ``overall`` is the mean of
    ``stability``, with its interval and what shuffled maps reach (more than 0, since some points come near by chance).
    ``seeds`` are those of the other maps, none for PCA, which has no seed. ``disparity`` is Procrustes' for each.
    """

    displacement: Numbers
    stability: Numbers
    overall: Measure
    unrelated: float
    seeds: tuple[int, ...]
    disparity: tuple[float, ...]


def measure_stability(
    shown: Places, others: Sequence[Places], *, groups: Groups | None = None, seed: int = 0, shuffles: int = SHUFFLES
) -> Stability:
    """The stability of the map ``shown`` (n, dims) beside ``others``, each (n, dims), in the same order.

    Each is turned, mirrored and brought to the same size (``align``), which a seed leaves open. Rows without a place on
    any of them are left out. Islands that change places count as moved, though they hold together: read it beside the
    measures of neighbours. ``groups`` int64 (n,) are the animals for the interval. Without ``others``, nothing moves.
    Raises ValueError when all points of a map lie at one place.
    """
    placed = np.isfinite(shown).all(axis=1)
    for other in others:
        placed &= np.isfinite(other).all(axis=1)
    own = np.asarray(shown[placed], dtype=np.float64)
    theirs = [np.asarray(other[placed], dtype=np.float64) for other in others]
    spread = float(np.median(np.linalg.norm(own - own.mean(axis=0), axis=1)))
    if not spread:  # more than half of the points at the centre
        spread = float(np.sqrt(np.square(own - own.mean(axis=0)).sum(axis=1).mean())) or np.nan
    alignments = [align(own, other) for other in theirs]
    moved = _root_mean([fit.apply(other) - own for fit, other in zip(alignments, theirs, strict=True)], own) / spread
    rng = np.random.default_rng(seed)
    drawn = [_shuffled(own, theirs or [own], rng) / spread for _ in range(shuffles)]
    unrelated = float(np.sqrt(np.mean([np.square(one).mean() for one in drawn])))
    stable = np.maximum(1 - moved / unrelated, 0)
    nulls = np.array([np.maximum(1 - one / unrelated, 0).mean() for one in drawn])
    half = float(mean_errors(stable[:, None], None if groups is None else groups[placed], seed=seed)[0][0])
    value = float(stable.mean())
    out = []
    for one in (moved, stable):
        whole = np.full(len(shown), np.nan)
        whole[placed] = one
        out.append(whole)
    overall = Measure(value, *within(value, half), *band(nulls))
    return Stability(out[0], out[1], overall, unrelated, (), tuple(fit.disparity for fit in alignments))


def _shuffled(own: Places, others: Sequence[Places], rng: np.random.Generator) -> Numbers:
    """How far points move to maps whose points are shuffled: float64 (n,)."""
    mixed = [other[rng.permutation(len(other))] for other in others]
    return _root_mean([align(own, one).apply(one) - own for one in mixed], own)


def _root_mean(moves: Sequence[Places], own: Places) -> Numbers:
    if not moves:
        return np.zeros(len(own))
    return np.asarray(np.sqrt(np.mean([np.square(one).sum(axis=1) for one in moves], axis=0)))


def other_choices(choice: MapChoice, seeds: int = SEEDS) -> tuple[MapChoice, ...]:
    """The same map with the next ``seeds`` seeds; none for PCA, which has no seed."""
    if quick(choice):
        return ()
    anew = {"keep_places": False}
    return tuple(
        settled(choice).model_copy(update={**anew, "seed": (choice.seed + more) % 2**31})
        for more in range(1, seeds + 1)
    )


def stability_path(study: Study, embedding: Embedding, projection: Projection, *, seeds: int = SEEDS) -> Path:
    """Where the stability is kept; the name follows from the vectors, the places, the other maps, whose they are."""
    others = [cache_path(study, embedding, one).name for one in other_choices(projection.choice, seeds)]
    return kept_at(study, "stability", embedding.fingerprint, projection.coordinates, others, animal_codes(study))


def read_stability(path: Path) -> Stability | None:
    """The stability kept at ``path`` (of ``stability_path``); None when it is not there."""
    return read_as(path, _stability)


def _stability(facts: Facts, arrays: Arrays) -> Stability:
    overall = Measure(**facts["overall"])
    seeds, disparity = (tuple(facts[name]) for name in ("seeds", "disparity"))
    return Stability(arrays["displacement"], arrays["stability"], overall, facts["unrelated"], seeds, disparity)


def stability_of(
    study: Study,
    embedding: Embedding,
    projection: Projection,
    *,
    seeds: int = SEEDS,
    report: Report | None = None,
) -> Stability:
    """How stable the map is: the same choice is computed with the next ``seeds`` seeds, from the cache where it is.

    Takes as long as those maps. What was made stays in the cache when it is stopped. Raises ValueError for no
    seeds, UserError when all points of a map lie at one place.
    """
    if seeds < 1:
        raise ValueError("stability needs at least one other seed")
    path = stability_path(study, embedding, projection, seeds=seeds)
    found = read_stability(path)
    if found is not None:
        return found
    choices = other_choices(projection.choice, seeds)
    others = [
        project(study, embedding, choice, _part(report, number, len(choices))).coordinates
        for number, choice in enumerate(choices)
    ]
    try:
        made = measure_stability(projection.coordinates, others, groups=animal_codes(study))
    except ValueError as error:
        raise UserError(f"the stability of the map cannot be told: {error}") from None
    made = replace(made, seeds=tuple(choice.seed for choice in choices))
    facts = asdict(made)
    arrays = {name: facts.pop(name) for name in ("displacement", "stability")}
    keep(path, facts, arrays)
    if report is not None:
        report(1.0, "done")
    return made


def stability_at(
    study: Path,
    embedding: str,
    choice: MapChoice,
    members: npt.NDArray[np.bool_] | None = None,
    *,
    seeds: int = SEEDS,
    report: Report,
) -> None:
    """``stability_of`` by names, for a worker process: the result is found in the cache afterwards.

    ``members``, bool (n,), says that the map is one of these observations only.
    """
    stability_of(*opened_map(study, embedding, choice, members), seeds=seeds, report=report)


def _part(report: Report | None, number: int, of: int) -> Report | None:
    if report is None:
        return None
    return lambda fraction, note: report(
        min(0.99, (number + fraction) / of), f"map {number + 1} of {of} with another seed: {note}"
    )
