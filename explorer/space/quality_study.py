"""How far a map of a study can be believed: measured once for what is shown, kept on disk."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from explorer.engine import parts_of
from explorer.errors import UserError
from explorer.space.neighbours import neighbours_among, searched
from explorer.space.parts import part_of
from explorer.space.projections import NAMES, Projection, project
from explorer.space.quality import FEWEST, LOCAL, NEAREST, Quality, measure_map, most_neighbours, sample_size
from explorer.space.quality_bands import Measure
from explorer.space.quality_cache import Arrays, Facts, animal_codes, keep, kept_at, read_as
from explorer.space.quality_points import PointErrors, point_errors
from explorer.space.quality_ranks import Report
from explorer.study.embeddings import Embedding
from explorer.study.study import Study, open_study
from explorer.view import MapChoice

Mask = npt.NDArray[np.bool_]


def quality_path(
    study: Study,
    embedding: Embedding,
    projection: Projection,
    *,
    shown: Mask | None = None,
    k: int = NEAREST,
    sample: int | None = None,
    seed: int = 0,
) -> Path:
    """Where the measures are kept: the name follows from the vectors, the places, who is shown, whose they are."""
    used = _used(embedding, projection, shown)
    wanted = min(int(used.sum()), sample_size(int(used.sum())) if sample is None else max(1, sample))
    animals = animal_codes(study)
    owners = None if animals is None else animals[used]
    return kept_at(study, "map", embedding.fingerprint, projection.coordinates, used, owners, k, wanted, seed)


def read_quality(path: Path) -> Quality | None:
    """The measures kept at ``path`` (of ``quality_path``); None when they are not there."""
    return read_as(path, _quality)


def _quality(facts: Facts, arrays: Arrays) -> Quality:
    measures = {name: Measure(**one) for name, one in facts.pop("measures").items()}
    points = {name: arrays[name] for name in LOCAL}
    return Quality(measures, rows=arrays["rows"], points=points, remarks=tuple(facts.pop("remarks")), **facts)


def quality_of(
    study: Study,
    embedding: Embedding,
    projection: Projection,
    *,
    shown: Mask | None = None,
    k: int = NEAREST,
    sample: int | None = None,
    seed: int = 0,
    report: Report | None = None,
) -> Quality:
    """The measures of a map of ``embedding`` (see ``measure_map``), from the cache where they are there.

    Taken among the observations that have a place and, where ``shown`` bool (n,) is given, are shown: the others do
    not count as neighbours either. The latent space is that of ``searched``: the vectors themselves, or their
    principal components, which a remark says. ``rows`` are rows of the study. Where there are not twice ``k`` points,
    k is the most they allow, and a remark says so. Raises UserError for fewer than ``FEWEST`` points.
    """
    path = quality_path(study, embedding, projection, shown=shown, k=k, sample=sample, seed=seed)
    found = read_quality(path)
    if found is not None:
        return found
    used, vectors, k, remarks = _material(embedding, projection, shown, k)
    rows = np.flatnonzero(used)
    animals = animal_codes(study)
    made = measure_map(
        vectors,
        projection.coordinates[rows],
        k=k,
        sample=sample,
        groups=None if animals is None else animals[rows],
        seed=seed,
        report=report,
    )
    made = replace(made, rows=rows[made.rows], remarks=remarks)
    facts: dict[str, Any] = asdict(replace(made, rows=rows[:0], points={}))
    del facts["rows"], facts["points"]
    keep(path, facts, {"rows": made.rows, **made.points})
    return made


def quality_at(
    study: Path,
    embedding: str,
    choice: MapChoice,
    shown: Mask | None = None,
    members: Mask | None = None,
    *,
    k: int = NEAREST,
    report: Report,
) -> None:
    """``quality_of`` by names, for a worker process: the result is found in the cache afterwards.

    ``members``, bool (n,), says that the map is one of these observations only.
    """
    opened, vectors, projection = opened_map(study, embedding, choice, members)
    quality_of(opened, vectors, projection, shown=shown, k=k, report=report)


def points_path(
    study: Study, embedding: Embedding, projection: Projection, *, shown: Mask | None = None, k: int = NEAREST
) -> Path:
    """Where each point's own measures are kept."""
    return kept_at(
        study, "points", embedding.fingerprint, projection.coordinates, _used(embedding, projection, shown), k
    )


def read_points(path: Path) -> PointErrors | None:
    """Each point's own measures kept at ``path`` (of ``points_path``); None when they are not there."""
    return read_as(
        path,
        lambda facts, arrays: PointErrors(
            arrays["trustworthiness"], arrays["continuity"], arrays["knn_overlap"], facts["k"], facts["off"]
        ),
    )


def points_of(
    study: Study,
    embedding: Embedding,
    projection: Projection,
    *,
    shown: Mask | None = None,
    k: int = NEAREST,
    report: Report | None = None,
) -> PointErrors:
    """Every observation's own measures (see ``point_errors``), from the cache where they are there: float64 (n,) each.

    NaN where an observation has no place or is not shown. Raises UserError for fewer than ``FEWEST`` points.
    """
    path = points_path(study, embedding, projection, shown=shown, k=k)
    found = read_points(path)
    if found is not None:
        return found
    used, vectors, k, _ = _material(embedding, projection, shown, k)
    looking, measuring = parts_of(report, [0.3, 0.7])
    near = neighbours_among(study, embedding, k, vectors, looking).indices
    made = point_errors(vectors, projection.coordinates[used], near, report=measuring)
    whole = {}
    for name in LOCAL:
        whole[name] = np.full(len(used), np.nan)
        whole[name][used] = getattr(made, name)
    keep(path, {"k": made.k, "off": made.off}, dict(whole))
    if report is not None:
        report(1.0, "done")
    return PointErrors(**whole, k=made.k, off=made.off)


def points_at(
    study: Path,
    embedding: str,
    choice: MapChoice,
    members: Mask | None = None,
    shown: Mask | None = None,
    *,
    k: int = NEAREST,
    report: Report,
) -> None:
    """``points_of`` by names, for a worker process: the result is found in the cache afterwards."""
    opened, vectors, projection = opened_map(study, embedding, choice, members)
    points_of(opened, vectors, projection, shown=shown, k=k, report=report)


def opened_map(
    study: Path, embedding: str, choice: MapChoice, members: Mask | None
) -> tuple[Study, Embedding, Projection]:
    """A study, an embedding (of ``members`` only, bool (n,), where given) and its map, by names."""
    opened = open_study(study)
    vectors = opened.embedding(embedding)
    if members is not None:
        vectors = part_of(vectors, members, "the part")
    return opened, vectors, project(opened, vectors, choice)


def _used(embedding: Embedding, projection: Projection, shown: Mask | None) -> Mask:
    used = embedding.complete & projection.placed
    return used if shown is None else used & shown


def _material(
    embedding: Embedding, projection: Projection, shown: Mask | None, k: int
) -> tuple[Mask, npt.NDArray[np.float32], int, tuple[str, ...]]:
    """Who is measured, bool (n,), their vectors, among how many neighbours, and sentences on it."""
    used = _used(embedding, projection, shown)
    n = int(used.sum())
    if n < FEWEST:
        which = "observations have a place on the map" if shown is None else "of the observations shown have a place"
        raise UserError(
            f"only {n} {which}, and how far the {NAMES[projection.choice.method]} map can be believed is measured "
            f"among {FEWEST} at least",
            how=None if shown is None else "Loosen the filters",
        )
    vectors, remarks = searched(embedding)
    most = most_neighbours(n)
    if k > most:
        remarks = (*remarks, f"measured among {most} neighbours instead of {k}, the most that {n:,} observations allow")
    without = int((~embedding.complete).sum())
    if without:
        remarks = (*remarks, f"{without:,} of {len(used):,} observations have no vector and were left out")
    return used, vectors[used[embedding.complete]], min(k, most), remarks
