"""Pictures of a study as one array, decoded once, or through an encoder. No torch here: workers start quickly."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from explorer.engine import Report, heard_as, map_partitions
from explorer.errors import UserError
from explorer.study.study import Study, open_study

_PART = 512

_AT_ONCE = 16_384
"""Observations whose pictures are in memory at the same time: 200 MB of 64-pixel pictures, fewer of larger ones."""

_READING = 0.7
"""Share of the time that reading the pictures takes, roughly, on two cores."""


@dataclass(frozen=True)
class Pictures:
    """``pixels`` is uint8 (n, 3, side, side), RGB; rows where ``readable`` (bool, (n,)) is False are black.

    ``trouble`` is the first reason why a picture could not be read, None when there was none.
    """

    pixels: npt.NDArray[np.uint8]
    readable: npt.NDArray[np.bool_]
    trouble: str | None


def letterbox(picture: Image.Image, side: int) -> npt.NDArray[np.uint8]:
    """``picture`` as uint8 (3, side, side): its proportions kept, the margin in its own mean colour."""
    colour = picture.convert("RGB")
    if colour.size != (side, side):
        mean = tuple(round(float(part)) for part in np.asarray(colour).mean(axis=(0, 1)))
        colour = ImageOps.pad(colour, (side, side), method=Image.Resampling.BOX, color=mean)
    return np.ascontiguousarray(np.asarray(colour).transpose(2, 0, 1))


def _read_part(rows: npt.NDArray[np.intp], rng: np.random.Generator, *, study: Path, side: int) -> Pictures:
    del rng  # nothing here is random
    opened = open_study(study)
    pixels = np.zeros((len(rows), 3, side, side), dtype=np.uint8)
    readable = np.zeros(len(rows), dtype=bool)
    trouble = None
    for place, row in enumerate(rows):
        try:
            picture = opened.picture(int(row))
        except UserError as error:
            trouble = trouble or str(error)
            continue
        if picture is not None:
            pixels[place], readable[place] = letterbox(picture, side), True
    return Pictures(pixels, readable, trouble)


def read_pictures(
    study: Study,
    side: int,
    *,
    rows: npt.NDArray[np.intp] | None = None,
    report: Report | None = None,
    workers: int | None = None,
) -> Pictures:
    """The pictures of the observations ``rows`` (from 0; all by default), letterboxed to ``side``.

    Raises UserError when the study has no pictures; one that is missing or broken is only marked.
    """
    if not study.has_pictures:
        raise UserError(f"{study.name} has no pictures", how="Name their column under [columns] as image = ...")
    wanted = np.arange(len(study)) if rows is None else np.asarray(rows)
    pieces = [wanted[start : start + _PART] for start in range(0, len(wanted), _PART)]
    read = partial(_read_part, study=study.path, side=side)
    parts = map_partitions(read, pieces, seed=0, progress=heard_as(report, "reading pictures"), workers=workers)
    if not parts:
        return Pictures(np.zeros((0, 3, side, side), np.uint8), np.zeros(0, bool), None)
    return Pictures(
        np.concatenate([part.pixels for part in parts]),
        np.concatenate([part.readable for part in parts]),
        next((part.trouble for part in parts if part.trouble), None),
    )


def encode_pictures(
    study: Study,
    side: int,
    encode: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]],
    *,
    encoder: str,
    report: Report | None = None,
    workers: int | None = None,
) -> tuple[npt.NDArray[np.float32], tuple[str, ...]]:
    """All pictures of a study through ``encode``, and sentences on those that cannot be read.

    encode: uint8 (k, 3, side, side) to vectors (k, d), k at most 1,024. encoder: its name. Returns float32 (n, d), NaN
    where there is no readable picture. Raises UserError when the study has no pictures, or none that can be read.
    """
    if not study.has_pictures:
        raise UserError(
            f"{study.name} has no pictures, which the encoder {encoder} reads",
            how="Choose an encoder of features, or name the pictures' column under [columns] as image = ...",
        )
    n, seen = len(study), 0
    out: npt.NDArray[np.float32] | None = None
    trouble: str | None = None
    at_once = min(_AT_ONCE, max(1_024, _AT_ONCE * 64**2 // side**2))
    for start in range(0, n, at_once):
        rows = np.arange(start, min(n, start + at_once))

        def tell(fraction: float, note: str, start: int = start, count: int = len(rows)) -> None:
            if report is not None:
                report((start + fraction * count) / n, note)

        def reading(fraction: float, note: str, tell: Report = tell) -> None:
            tell(_READING * fraction, note)

        read = read_pictures(study, side, rows=rows, report=reading, workers=workers)
        trouble = trouble or read.trouble
        usable = np.flatnonzero(read.readable)
        seen += len(usable)
        for place in range(0, len(usable), 1024):
            part = usable[place : place + 1024]
            tell(_READING + (1 - _READING) * place / len(usable), "encoding")
            vectors = encode(read.pixels[part])
            if out is None:
                out = np.full((n, vectors.shape[1]), np.nan, dtype=np.float32)
            out[rows[part]] = vectors
    if out is None:
        first = (trouble or "no row names a picture").rstrip(".")
        raise UserError(f"no picture of {study.name} could be read; the first trouble: {first}")
    first = f"; first: {trouble.rstrip('.')}" if trouble else ""
    lost = n - seen
    return out, ((f"{lost:,} of {n:,} observations have no readable picture{first}",) if lost else ())
