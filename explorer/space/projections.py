"""Maps of an embedding: projected once, kept on disk under a name made of what went in."""

import functools
import inspect
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from explorer.engine import SnapshotReport
from explorer.errors import UserError
from explorer.space import landmarks as landmarking
from explorer.space.neighbours import SAMPLE, Neighbours, find, neighbours, searched
from explorer.space.parts import part_of
from explorer.space.pca import fit_pca
from explorer.space.placing import place, row_hashes, same_rows
from explorer.study.atomic import atomic_file
from explorer.study.embeddings import FEATURES, Embedding
from explorer.study.fingerprint import hash_json
from explorer.study.spoilt import SPOILT
from explorer.study.study import Study, open_study
from explorer.view import MapChoice

Report = Callable[[float, str], None]

NAMES = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}

MIN_ROWS = {"pca": 2, "tsne": 8, "umap": 8}
"""Fewer vectors than this make no map."""

KEPT = 0.5
"""A map is made of an older one when at least this share of what the older one placed is there unchanged."""

_VERSION = 4  # raised when a method's result changes, so that old files are not read as new ones
_SNAPSHOTS = 2.0  # seconds between two pictures of an unfinished map


@dataclass(frozen=True)
class Projection:
    """Places of the observations on a map.

    ``coordinates`` is float32 (n, dims), NaN where the observation has no vector. ``explained`` holds the share of
    variance along each axis (PCA only). ``remarks`` are sentences for the screen and the exports. ``landmarks`` is
    bool (n,): which observations shaped the map; those that have a place without were placed beside them. None where
    all did.
    """

    choice: MapChoice
    coordinates: npt.NDArray[np.float32]
    explained: tuple[float, ...]
    remarks: tuple[str, ...]
    landmarks: npt.NDArray[np.bool_] | None = None

    @functools.cached_property
    def placed(self) -> npt.NDArray[np.bool_]:
        """Which observations have a place; bool (n,)."""
        return np.isfinite(self.coordinates[:, 0])


def quick(choice: MapChoice) -> bool:
    """Whether a map of this kind is made at once, without a worker."""
    return choice.method == "pca"


def settled(choice: MapChoice) -> MapChoice:
    """``choice`` without the settings that its method does not use, so that equal maps have equal choices.

    PCA has dimensions only (and places that are kept); a given number of neighbours takes the place of the scale;
    ``min_dist`` is UMAP's, and so is ``fast``: t-SNE uses all cores in any case, and sums in an order that does not
    hang on them.
    """
    if choice.method == "pca":
        return MapChoice(method="pca", dims=choice.dims, keep_places=choice.keep_places)
    plain = MapChoice()
    unused: dict[str, object] = {} if choice.neighbours is None else {"scale": plain.scale}
    if choice.method == "tsne":
        unused |= {"min_dist": plain.min_dist, "fast": plain.fast}
    return choice.model_copy(update=unused)


def cache_path(study: Study, embedding: Embedding, choice: MapChoice) -> Path:
    """Where the map is kept; the name follows from the vectors, the settings and our version of the method."""
    key = hash_json([_VERSION, embedding.fingerprint, settled(choice).model_dump()])
    return study.cache / "projections" / f"{choice.method}-{choice.dims}d-{key[:20]}.npz"


def read_projection(study: Study, embedding: Embedding, choice: MapChoice) -> Projection | None:
    """The map from the cache, or None when it is not there (or spoilt, which is the same)."""
    stored = _read(cache_path(study, embedding, choice))
    if stored is not None and stored.projection.coordinates.shape == (len(embedding.vectors), choice.dims):
        return stored.projection
    return None


def project(
    study: Study,
    embedding: Embedding,
    choice: MapChoice,
    report: Report | None = None,
) -> Projection:
    """The map of ``embedding`` that ``choice`` asks for, from the cache where it is there.

    With ``choice.keep_places``, and when the cache has the same map of this embedding as it was before it grew, the
    old observations keep their places and only the new ones are placed; a remark counts them. ``report`` is called as a
    ``SnapshotReport`` where it takes snapshots: coordinates so far, float32 (n, dims), NaN where there are none.
    Raises UserError when too few observations have a vector.
    """
    found = read_projection(study, embedding, choice)
    if found is not None:
        return found
    hashes = row_hashes(embedding.vectors)
    before = _before(study, embedding, choice, hashes) if choice.keep_places else None
    if before is not None:
        made = replace(extend(*before, embedding, report), choice=settled(choice))
    elif choice.keep_places:  # with nothing to keep, it is the map made anew
        made = replace(project(study, embedding, _anew(choice), report), choice=settled(choice))
    else:
        made = compute(study, embedding, choice, report)
    path = cache_path(study, embedding, choice)
    facts = {
        "explained": made.explained,
        "remarks": made.remarks,
        "version": _VERSION,
        "embedding": embedding.name,
        "choice": made.choice.model_dump(),
    }
    arrays: dict[str, Any] = {"coordinates": made.coordinates, "hashes": hashes, "facts": np.array(json.dumps(facts))}
    if made.landmarks is not None:
        arrays["landmarks"] = made.landmarks
    with atomic_file(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **arrays)
    return made


def project_at(
    study: Path, embedding: str, choice: MapChoice, members: npt.NDArray[np.bool_] | None = None, *, report: Report
) -> None:
    """``project`` by names, for a worker process: the result is found in the cache afterwards.

    ``members``, bool (n,), makes it a map of these observations only.
    """
    opened = open_study(study)
    found = opened.embedding(embedding)
    project(opened, found if members is None else part_of(found, members, "the part"), choice, report)


# --- making ----------------------------------------------------------------------------------------------


def compute(
    study: Study,
    embedding: Embedding,
    choice: MapChoice,
    report: Report | None = None,
    *,
    landmarks_above: int = landmarking.ABOVE,
    landmarks: int = landmarking.NUMBER,
) -> Projection:
    """The map, made anew (only the neighbours come from the cache).

    With more than ``landmarks_above`` complete vectors, t-SNE and UMAP lay out ``landmarks`` of them, drawn with the
    seed, and place the rest beside them; a remark tells how well. Raises UserError when too few observations have a
    vector, or all have the same.
    """
    choice = settled(choice)
    used = embedding.complete
    n = int(used.sum())
    if n < MIN_ROWS[choice.method]:
        raise UserError(
            f"only {n} observations have a vector in {embedding.name!r}, and {NAMES[choice.method]} needs at least "
            f"{MIN_ROWS[choice.method]}",
            how="Choose another method or embedding",
        )
    remarks = _without_vector(embedding)
    if choice.method == "pca":
        pca = fit_pca(embedding.vectors, used, min(choice.dims, embedding.dims))
        coordinates = _padded(pca.transform(embedding.vectors), choice.dims)
        coordinates[~used] = np.nan
        if not pca.explained.any():
            remarks.append("all vectors are the same, so every point lies at one place")
        return Projection(choice, coordinates, tuple(float(share) for share in pca.explained), tuple(remarks))
    vectors, said = searched(embedding)
    if (vectors == vectors[0]).all():
        raise UserError(f"all vectors in {embedding.name!r} are the same, so there is nothing to lay out")
    remarks.extend(said)
    rows = np.flatnonzero(used)
    tell = _Teller(report, len(used), choice.dims)
    coordinates = np.full((len(used), choice.dims), np.nan, dtype=np.float32)
    if n <= landmarks_above:

        def near(k: int) -> Neighbours:
            return neighbours(study, embedding, k, vectors=vectors, report=tell.part(0.0, 0.3))

        coordinates[rows], notes = _lay_out(vectors, near, choice, tell.part(0.3, 1.0, rows))
        return Projection(choice, coordinates, (), (*remarks, *notes))
    chosen = landmarking.draw(n, landmarks, choice.seed)
    own = vectors[chosen]

    def near_landmarks(k: int) -> Neighbours:
        return find(own, k, report=tell.part(0.0, 0.1))

    laid_out, notes = _lay_out(own, near_landmarks, choice, tell.part(0.1, 0.7, rows[chosen]))
    coordinates[rows] = placed = landmarking.place_rest(vectors, chosen, laid_out, choice, tell.part(0.7, 0.95))
    tell(0.95, "measuring how well neighbours are kept together")
    quality = landmarking.measured(vectors, placed, chosen, others="points placed beside them", seed=choice.seed)
    remarks.extend(notes)
    remarks.append(
        f"laid out with {len(own):,} observations drawn at random (seed {choice.seed}); the other {n - len(own):,} "
        "were placed beside their nearest neighbours among them"
    )
    remarks.extend([quality] if quality else [])
    tell(1.0, "done")
    mask = np.zeros(len(used), dtype=bool)
    mask[rows[chosen]] = True
    return Projection(choice, coordinates, (), tuple(remarks), mask)


def _lay_out(
    vectors: npt.NDArray[np.float32],
    near: Callable[[int], Neighbours],
    choice: MapChoice,
    report: SnapshotReport,
) -> tuple[npt.NDArray[np.float32], list[str]]:
    """Coordinates of complete vectors (n, d) whose ``k`` neighbours ``near(k)`` finds, and remarks."""
    n = len(vectors)
    remarks = []
    if choice.method == "tsne":
        from explorer.space.tsne_layout import PERPLEXITY, perplexity_of, tsne, wanted_neighbours

        wanted = PERPLEXITY[choice.scale] if choice.neighbours is None else choice.neighbours
        perplexity = perplexity_of(choice.scale, choice.neighbours, n)
        if perplexity < wanted:
            remarks.append(f"perplexity {perplexity:.3g} instead of {wanted:.3g}, the most that {n:,} vectors allow")
        found = near(wanted_neighbours(perplexity, n))
        places = tsne(vectors, found, dims=choice.dims, perplexity=perplexity, seed=choice.seed, report=report)
    else:
        from explorer.space.umap_layout import NEIGHBOURS, neighbours_of, umap

        wanted = NEIGHBOURS[choice.scale] if choice.neighbours is None else choice.neighbours
        count = neighbours_of(choice.scale, choice.neighbours, n)
        if count < wanted:
            remarks.append(f"{count} neighbours instead of {wanted}, the most that {n:,} vectors allow")
        found = near(count - 1)
        places = umap(
            vectors,
            found,
            dims=choice.dims,
            neighbours=count,
            min_dist=choice.min_dist,
            seed=choice.seed,
            fast=choice.fast,
            report=report,
        )
    if found.recall is not None:
        remarks.append(
            f"neighbours were found approximately: {found.recall:.1%} of the true ones, measured on {SAMPLE} points"
        )
    return places, remarks


def _without_vector(embedding: Embedding) -> list[str]:
    about = np.ones(len(embedding.complete), dtype=bool) if embedding.members is None else embedding.members
    missing, n = int((about & ~embedding.complete).sum()), int(about.sum())
    if not missing or embedding.name == FEATURES:  # whose own remarks count them, with the reason
        return []
    return [f"{missing:,} of {n:,} observations have no vector and no place on the map"]


def _padded(coordinates: npt.NDArray[np.float32], dims: int) -> npt.NDArray[np.float32]:
    """With fewer dimensions than the map has axes, the missing axes are zero."""
    return np.pad(coordinates, ((0, 0), (0, dims - coordinates.shape[1])))


# --- growing ---------------------------------------------------------------------------------------------


def extend(
    projection: Projection, same: npt.NDArray[np.int64], embedding: Embedding, report: Report | None = None
) -> Projection:
    """``projection`` of an embedding as it was, made into one of ``embedding`` as it is now.

    ``same`` (n,) has for each observation its row in ``projection``, -1 where it is new or has changed. The others
    keep their places to the bit; the new ones are placed beside them (for PCA: by the same axes).
    """
    used = embedding.complete
    kept = (same >= 0) & used
    kept[kept] = projection.placed[same[kept]]
    new = used & ~kept
    coordinates = np.full((len(used), projection.choice.dims), np.nan, dtype=np.float32)
    coordinates[kept] = projection.coordinates[same[kept]]
    vectors, said = searched(embedding) if projection.choice.method != "pca" else (embedding.vectors[used], ())
    known = kept[used]
    tell = _Teller(report, len(used), projection.choice.dims)
    if new.any():
        places = place(
            vectors[known], coordinates[kept], vectors[~known], projection.choice, report=tell.part(0.0, 0.9)
        )
        coordinates[new] = places
    shaped = kept.copy()
    if projection.landmarks is not None:
        shaped[kept] = projection.landmarks[same[kept]]
    remarks = [
        *_without_vector(embedding),
        *said,
        f"{int(kept.sum()):,} observations keep their places from the map made before; {int(new.sum()):,} new ones "
        "were placed " + ("along the same axes" if projection.choice.method == "pca" else "beside their neighbours"),
    ]
    if projection.choice.method != "pca":
        tell(0.9, "measuring how well neighbours are kept together")
        quality = landmarking.measured(
            vectors, coordinates[used], shaped[used], others="points placed", seed=projection.choice.seed
        )
        remarks.extend([quality] if quality else [])
    tell(1.0, "done")
    return replace(projection, coordinates=coordinates, remarks=tuple(remarks), landmarks=shaped)


def grown(study: Study, embedding: Embedding, choice: MapChoice) -> int | None:
    """How many observations of an older map are in ``embedding`` unchanged; None when there is no older map to keep."""
    found = _before(study, embedding, choice, row_hashes(embedding.vectors))
    return None if found is None else int(found[0].placed[found[1][found[1] >= 0]].sum())


def _anew(choice: MapChoice) -> MapChoice:
    """The same map without places that are kept: what it goes on from may itself have kept some."""
    return settled(choice).model_copy(update={"keep_places": False})


def _before(
    study: Study, embedding: Embedding, choice: MapChoice, hashes: npt.NDArray[np.uint64]
) -> tuple[Projection, npt.NDArray[np.int64]] | None:
    """The cached map, from before the embedding grew, that shares most vectors, and where each row was in it."""
    best: tuple[int, Projection, npt.NDArray[np.int64]] | None = None
    for path in sorted((study.cache / "projections").glob(f"{choice.method}-{choice.dims}d-*.npz")):
        stored = _read(path)
        if stored is None or stored.made_of != (_VERSION, embedding.name, _anew(choice)):
            continue
        same = same_rows(stored.hashes, hashes)
        if (same[embedding.complete] >= 0).all():  # not an older map: nothing has come since
            continue
        placed = stored.projection.placed
        shared = int(placed[same[same >= 0]].sum())
        if shared >= max(1, KEPT * placed.sum()) and (best is None or shared > best[0]):
            best = shared, stored.projection, same
    return None if best is None else best[1:]


# --- the cache and the progress --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Stored:
    """A map as it lies in the cache: with what it was made of, and a hash of each vector."""

    projection: Projection
    made_of: tuple[int, str, MapChoice]
    hashes: npt.NDArray[np.uint64]


def _read(path: Path) -> _Stored | None:
    try:
        with np.load(path, allow_pickle=False) as stored:
            coordinates, hashes = stored["coordinates"], stored["hashes"]
            facts = json.loads(str(stored["facts"]))
            shaped = stored.get("landmarks")
        choice = MapChoice.model_validate(facts["choice"])
        projection = Projection(choice, coordinates, tuple(facts["explained"]), tuple(facts["remarks"]), shaped)
        made_of = (int(facts["version"]), str(facts["embedding"]), _anew(choice))
    except SPOILT:
        return None
    n = len(coordinates)
    fits = coordinates.shape == (n, choice.dims) and coordinates.dtype == np.float32
    fits = fits and hashes.shape == (n,) and hashes.dtype == np.uint64
    fits = fits and (shaped is None or (shaped.shape == (n,) and shaped.dtype == np.bool_))
    return _Stored(projection, made_of, hashes) if fits else None


class _Teller:
    """Hands progress on to a report of any kind; pictures only where it takes them, and not too often."""

    def __init__(self, report: Report | None, length: int, dims: int) -> None:
        self._report = report
        self._shape = (length, dims)
        self._shown = time.monotonic()
        self._pictures = report is not None and "snapshot" in inspect.signature(report).parameters

    def __call__(self, fraction: float, note: str) -> None:
        if self._report is not None:
            self._report(fraction, note)

    def part(self, low: float, high: float, rows: npt.NDArray[np.int64] | None = None) -> SnapshotReport:
        """A report for the step from ``low`` to ``high``, whose pictures are of the observations ``rows``."""

        def told(fraction: float, note: str, *, snapshot: Any = None) -> None:
            at = low + (high - low) * fraction
            now = time.monotonic()
            if snapshot is None or rows is None or not self._pictures or now - self._shown < _SNAPSHOTS:
                self(at, note)
                return
            whole = np.full(self._shape, np.nan, dtype=np.float32)
            whole[rows] = snapshot
            cast(SnapshotReport, self._report)(at, note, snapshot=whole)
            self._shown = time.monotonic()

        return told
