"""Two latent spaces of one study, or two maps, beside each other: who keeps his neighbours?"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from explorer.engine import parts_of
from explorer.errors import UserError
from explorer.space.neighbours import SAMPLE, neighbours_among, searched
from explorer.space.projections import Projection
from explorer.space.quality import FEWEST, NEAREST
from explorer.space.quality_bands import SHUFFLES, Groups, Measure, Numbers, band, mean_errors, within
from explorer.space.quality_cache import Arrays, Facts, animal_codes, keep, kept_at, read_as
from explorer.space.quality_pairs import pair_measures
from explorer.space.quality_points import kept, map_neighbours
from explorer.space.quality_ranks import Report, unheard
from explorer.study.embeddings import Embedding
from explorer.study.study import Study


@dataclass(frozen=True)
class Comparison:
    """What two latent spaces (or maps) a and b have in common, among the ``n`` observations that both have.

    ``neighbours_kept`` float64 (all,): the share of an observation's ``k`` nearest in a that are among its k nearest in
    b (the same from b to a); NaN where one of the two has no vector. ``overall`` is their mean with its interval, and
    what shuffled ones reach, which is ``chance`` on average: k / (n - 1). ``distances`` is the rank correlation of the
    distances of ``pairs`` pairs. ``only_a`` and ``only_b`` count observations that one of them alone has; ``units``
    the animals (or, with ``by_animal`` false, points) the interval of ``overall`` rests on. ``remarks`` are sentences.
    """

    neighbours_kept: Numbers
    overall: Measure
    distances: Measure
    k: int
    n: int
    pairs: int
    chance: float
    only_a: int
    only_b: int
    units: int
    by_animal: bool
    remarks: tuple[str, ...]


def compare_points(
    a: npt.NDArray[np.floating],
    b: npt.NDArray[np.floating],
    near_a: npt.NDArray[np.integer],
    near_b: npt.NDArray[np.integer],
    *,
    groups: Groups | None = None,
    seed: int = 0,
    shuffles: int = SHUFFLES,
    report: Report | None = None,
) -> Comparison:
    """Compare ``a`` (n, d) and ``b`` (n, e), row by row the same observations, by their neighbour graphs (n, k) each.

    All observations are looked at. ``groups`` int64 (n,) are the animals for the intervals.
    """
    n, k = near_a.shape
    tell = report or unheard
    own = kept(near_a, near_b)
    rng = np.random.default_rng(seed)
    nulls = np.empty(shuffles)
    for number in range(shuffles):
        places = rng.permutation(n)
        back = np.argsort(places)
        nulls[number] = kept(near_a, places[near_b[back]]).mean()
        tell(0.4 * (number + 1) / shuffles, "comparing with shuffled ones")
    halves, units = mean_errors(own[:, None], groups, seed=seed)
    value = float(own.mean())
    pairs, _, count = pair_measures(
        a,
        b,
        groups=groups,
        rng=rng,
        shuffles=shuffles,
        report=lambda share: tell(0.4 + 0.6 * share, "comparing distances of pairs"),
    )
    overall = Measure(value, *within(value, float(halves[0])), *band(nulls))
    by_animal = groups is not None
    return Comparison(own, overall, pairs["shepard"], k, n, count, k / (n - 1), 0, 0, units, by_animal, ())


def comparison_path(study: Study, a: Embedding, b: Embedding, *, k: int = NEAREST) -> Path:
    """Where a comparison is kept; the name follows from both sets of vectors, and whose they are."""
    return kept_at(study, "comparison", a.fingerprint, b.fingerprint, animal_codes(study), k)


def read_comparison(path: Path) -> Comparison | None:
    """The comparison kept at ``path`` (of ``comparison_path``); None when it is not there."""
    return read_as(path, _comparison)


def _comparison(facts: Facts, arrays: Arrays) -> Comparison:
    overall, distances = (Measure(**facts.pop(name)) for name in ("overall", "distances"))
    remarks = tuple(facts.pop("remarks"))
    return Comparison(arrays["neighbours_kept"], overall, distances, **facts, remarks=remarks)


def compare_of(
    study: Study, a: Embedding, b: Embedding, *, k: int = NEAREST, report: Report | None = None
) -> Comparison:
    """Two embeddings of a study compared (see ``compare_points``), from the cache where they were compared before.

    Neighbours are sought in the space that ``searched`` gives, among the observations with a vector in both; k is at
    most half of those that are not the point itself. Raises UserError for fewer than ``FEWEST`` of them.
    """
    path = comparison_path(study, a, b, k=k)
    found = read_comparison(path)
    if found is not None:
        return found
    both = a.complete & b.complete
    n = int(both.sum())
    if n < FEWEST:
        raise UserError(
            f"only {n} observations have a vector in both {a.name!r} and {b.name!r}, and {FEWEST} at least are needed"
        )
    used = min(k, (n - 1) // 2)
    remarks = [] if used == k else [f"compared among {used} neighbours instead of {k}, the most that make sense"]
    points, graphs = [], []
    *looking, measuring = parts_of(report, [0.35, 0.35, 0.3])
    for embedding, part in zip((a, b), looking, strict=True):
        vectors, said = searched(embedding)
        vectors = vectors[both[embedding.complete]]
        remarks += [f"{embedding.name}: {one}" for one in said]
        graph = neighbours_among(study, embedding, used, vectors, part)
        if graph.recall is not None:
            remarks.append(
                f"{embedding.name}: neighbours were found approximately, {graph.recall:.1%} of the true ones, measured "
                f"on {SAMPLE} points"
            )
        points.append(vectors)
        graphs.append(graph.indices)
    animals = animal_codes(study)
    made = compare_points(
        points[0],
        points[1],
        graphs[0],
        graphs[1],
        groups=None if animals is None else animals[both],
        report=measuring,
    )
    whole = np.full(len(both), np.nan)
    whole[both] = made.neighbours_kept
    made = replace(
        made,
        neighbours_kept=whole,
        only_a=int((a.complete & ~both).sum()),
        only_b=int((b.complete & ~both).sum()),
        remarks=tuple(remarks),
    )
    facts = asdict(made)
    keep(path, facts, {"neighbours_kept": facts.pop("neighbours_kept")})
    if report is not None:
        report(1.0, "done")
    return made


def compare_maps(
    a: Projection, b: Projection, *, k: int = NEAREST, groups: Groups | None = None, report: Report | None = None
) -> Comparison:
    """Two maps of one study compared like two latent spaces: neighbours on one that are neighbours on the other.

    ``groups`` int64 (n,) are the animals. Raises UserError when fewer than ``FEWEST`` have a place on both.
    """
    both = a.placed & b.placed
    n = int(both.sum())
    if n < FEWEST:
        raise UserError(f"only {n} observations have a place on both maps, and {FEWEST} at least are needed")
    k = min(k, (n - 1) // 2)
    places = [one.coordinates[both] for one in (a, b)]
    made = compare_points(
        places[0],
        places[1],
        map_neighbours(places[0], k),
        map_neighbours(places[1], k),
        groups=None if groups is None else groups[both],
        report=report,
    )
    whole = np.full(len(both), np.nan)
    whole[both] = made.neighbours_kept
    return replace(
        made, neighbours_kept=whole, only_a=int((a.placed & ~both).sum()), only_b=int((b.placed & ~both).sum())
    )
