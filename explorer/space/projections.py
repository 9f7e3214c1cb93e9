"""Maps of an embedding: projected once, kept on disk under a name made of what went in."""

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from explorer.errors import UserError
from explorer.space.pca import fit_pca
from explorer.study.atomic import atomic_file
from explorer.study.embeddings import FEATURES, Embedding
from explorer.study.fingerprint import hash_json
from explorer.study.study import Study, open_study
from explorer.view import MapChoice

Report = Callable[[float, str], None]

NAMES = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}

REDUCED = 50
"""t-SNE and UMAP look for neighbours among this many principal components where there are more dimensions."""

MIN_ROWS = {"pca": 2, "tsne": 8, "umap": 8}
"""Fewer vectors than this make no map."""

_VERSION = 2  # raised when a method's result changes, so that old files are not read as new ones


@dataclass(frozen=True)
class Projection:
    """Places of the observations on a map.

    ``coordinates`` is float32 (n, dims), NaN where the observation has no vector. ``explained`` holds the share of
    variance along each axis (PCA only). ``remarks`` are sentences for the screen and the exports.
    """

    choice: MapChoice
    coordinates: npt.NDArray[np.float32]
    explained: tuple[float, ...]
    remarks: tuple[str, ...]

    @functools.cached_property
    def placed(self) -> npt.NDArray[np.bool_]:
        """Which observations have a place; bool (n,)."""
        return np.isfinite(self.coordinates[:, 0])


def quick(choice: MapChoice) -> bool:
    """Whether a map of this kind is made at once, without a worker."""
    return choice.method == "pca"


def settled(choice: MapChoice) -> MapChoice:
    """``choice`` without the settings that its method does not use (PCA has no scale and no seed)."""
    return MapChoice(method="pca", dims=choice.dims) if choice.method == "pca" else choice


def cache_path(study: Study, embedding: Embedding, choice: MapChoice) -> Path:
    """Where the map is kept; the name follows from the vectors, the settings and our version of the method."""
    key = hash_json([_VERSION, embedding.fingerprint, settled(choice).model_dump()])
    return study.cache / "projections" / f"{choice.method}-{choice.dims}d-{key[:20]}.npz"


def read_projection(study: Study, embedding: Embedding, choice: MapChoice) -> Projection | None:
    """The map from the cache, or None when it is not there (or spoilt, which is the same)."""
    path = cache_path(study, embedding, choice)
    try:
        with np.load(path, allow_pickle=False) as stored:
            coordinates = stored["coordinates"]
            facts = json.loads(str(stored["facts"]))
        explained, remarks = tuple(facts["explained"]), tuple(facts["remarks"])
    except (OSError, ValueError, KeyError, TypeError, EOFError, NotImplementedError, RuntimeError, BadZipFile):
        return None
    if coordinates.shape != (len(embedding.vectors), choice.dims) or coordinates.dtype != np.float32:
        return None
    return Projection(settled(choice), coordinates, explained, remarks)


def project(study: Study, embedding: Embedding, choice: MapChoice, report: Report | None = None) -> Projection:
    """The map of ``embedding`` that ``choice`` asks for, from the cache where it is there.

    Raises UserError when too few observations have a vector.
    """
    found = read_projection(study, embedding, choice)
    if found is not None:
        return found
    made = _compute(embedding, settled(choice), report or _nobody)
    path = cache_path(study, embedding, choice)
    facts = json.dumps({"explained": made.explained, "remarks": made.remarks})
    with atomic_file(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, coordinates=made.coordinates, facts=np.array(facts))
    return made


def project_at(study: Path, embedding: str, choice: MapChoice, *, report: Report) -> None:
    """``project`` by names, for a worker process: the result is found in the cache afterwards."""
    opened = open_study(study)
    project(opened, opened.embedding(embedding), choice, report)


def _nobody(fraction: float, note: str) -> None:
    """Hears the progress when nobody asks for it."""
    del fraction, note


def _compute(embedding: Embedding, choice: MapChoice, report: Report) -> Projection:
    used = embedding.complete
    n = int(used.sum())
    if n < MIN_ROWS[choice.method]:
        raise UserError(
            f"only {n} observations have a vector in {embedding.name!r}, and {NAMES[choice.method]} needs at least "
            f"{MIN_ROWS[choice.method]}",
            how="Choose another method or embedding",
        )
    remarks = []
    if n < len(used) and embedding.name != FEATURES:  # whose own remarks count them, with the reason
        remarks.append(f"{len(used) - n:,} of {len(used):,} observations have no vector and no place on the map")
    explained: tuple[float, ...] = ()
    if choice.method == "pca":
        pca = fit_pca(embedding.vectors, used, min(choice.dims, embedding.dims))
        coordinates = _padded(pca.transform(embedding.vectors), choice.dims)
        explained = tuple(float(share) for share in pca.explained)
        coordinates[~used] = np.nan
        if not sum(explained):
            remarks.append("all vectors are the same, so every point lies at one place")
    else:
        vectors = embedding.vectors[used] if n < len(used) else np.asarray(embedding.vectors)
        if (vectors == vectors[0]).all():
            raise UserError(f"all vectors in {embedding.name!r} are the same, so there is nothing to lay out")
        if embedding.dims > REDUCED:
            pca = fit_pca(vectors, np.ones(n, dtype=bool), REDUCED)
            vectors = pca.transform(vectors)
            kept = float(pca.explained.sum())
            remarks.append(
                f"computed on the first {REDUCED} principal components, which hold {kept:.0%} of the variance"
            )
        coordinates = np.full((len(used), choice.dims), np.nan, dtype=np.float32)
        coordinates[used] = _layout(choice)(
            vectors, dims=choice.dims, scale=choice.scale, seed=choice.seed, report=report
        )
    return Projection(choice, coordinates, explained, tuple(remarks))


def _layout(choice: MapChoice) -> Callable[..., npt.NDArray[np.float32]]:
    if choice.method == "tsne":
        from explorer.space.tsne_layout import tsne

        return tsne
    from explorer.space.umap_layout import umap

    return umap


def _padded(coordinates: npt.NDArray[np.float32], dims: int) -> npt.NDArray[np.float32]:
    """With fewer dimensions than the map has axes, the missing axes are zero."""
    return np.pad(coordinates, ((0, 0), (0, dims - coordinates.shape[1])))
