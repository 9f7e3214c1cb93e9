"""The plain baseline for pictures: their downscaled grey pixels, reduced by PCA. No learning, no knowledge."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from explorer.engine import Report, heard_as, map_partitions, parts_of
from explorer.errors import UserError
from explorer.space.pca import fit_pca
from explorer.study.embeddings import EmbeddingNote, write_embedding
from explorer.study.study import Study, open_study

NAME = "pixels"
SIDE = 32
COMPONENTS = 64
_PART = 512


@dataclass(frozen=True)
class _Part:
    start: int
    grey: npt.NDArray[np.float32]
    trouble: str | None


def grey_pixels(picture: Image.Image) -> npt.NDArray[np.float32]:
    """``picture`` as SIDE x SIDE grey levels in 0..1, float32 (SIDE * SIDE,).

    It keeps its proportions; the margin has the picture's mean grey, so that it says nothing.
    """
    grey = picture.convert("L")
    mean = round(float(np.asarray(grey).mean()))
    square = ImageOps.pad(grey, (SIDE, SIDE), method=Image.Resampling.BOX, color=mean)
    return (np.asarray(square, dtype=np.float32) / 255.0).ravel()


def _read_part(rows: tuple[int, int], rng: np.random.Generator, *, study: Path) -> _Part:
    del rng  # nothing here is random
    opened = open_study(study)
    start, stop = rows
    out = np.full((stop - start, SIDE * SIDE), np.nan, dtype=np.float32)
    trouble = None
    for row in range(start, stop):
        try:
            picture = opened.picture(row)
        except UserError as error:
            trouble = trouble or str(error)
            continue
        if picture is not None:
            out[row - start] = grey_pixels(picture)
    return _Part(start, out, trouble)


def embed_pixels(study: Study, *, report: Report | None = None, workers: int | None = None) -> None:
    """Write the embedding ``pixels`` of a study with pictures: PCA of grey pixels, at most 64 dimensions.

    Observations without a readable picture get no vector and are counted in the embedding's remarks.
    Raises UserError when the study has no pictures, or hardly any that can be read.
    """
    if not study.has_pictures:
        raise UserError(f"{study.name} has no pictures", how="Name their column under [columns] as image = ...")
    heard = heard_as(parts_of(report, [0.95, 0.05])[0], "reading pictures")
    n = len(study)
    ranges = [(start, min(n, start + _PART)) for start in range(0, n, _PART)]
    read = partial(_read_part, study=study.path)
    parts = map_partitions(read, ranges, seed=0, progress=heard, workers=workers)
    grey = np.concatenate([part.grey for part in parts]) if parts else np.empty((0, SIDE * SIDE), np.float32)
    readable = np.isfinite(grey[:, 0])
    if readable.sum() < 2:
        first = next((part.trouble for part in parts if part.trouble), "no row names a picture")
        raise UserError(f"no picture of {study.name} could be read; the first trouble: {first.rstrip('.')}")
    pca = fit_pca(grey, readable, min(COMPONENTS, int(readable.sum()) - 1))
    remarks = [f"grey pixels at {SIDE} x {SIDE}, {pca.explained.sum():.0%} of their variance kept"]
    if not readable.all():
        trouble = next((f"; first: {part.trouble.rstrip('.')}" for part in parts if part.trouble), "")
        remarks.append(f"{int((~readable).sum()):,} of {n:,} observations have no readable picture{trouble}")
    note = EmbeddingNote(
        observations=study.ids_hash,
        encoder="grey pixels, PCA (a baseline without learning)",
        remarks=tuple(remarks),
    )
    write_embedding(study.path, NAME, pca.transform(grey), note)


def embed_pixels_at(study: Path, *, report: Report) -> None:
    """``embed_pixels`` by path, for a worker process."""
    embed_pixels(open_study(study), report=report)
