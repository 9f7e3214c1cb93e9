"""Pictures of a study as one array, decoded once. Nothing here needs torch, so that workers start quickly."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from explorer.engine import Progress, Report, map_partitions
from explorer.errors import UserError
from explorer.study.study import Study, open_study

_PART = 512


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
    heard: Callable[[Progress], None] | None = None
    if report is not None:
        tell = report

        def heard(progress: Progress) -> None:
            tell(progress.fraction, "reading pictures")

    wanted = np.arange(len(study)) if rows is None else np.asarray(rows)
    pieces = [wanted[start : start + _PART] for start in range(0, len(wanted), _PART)]
    read = partial(_read_part, study=study.path, side=side)
    parts = map_partitions(read, pieces, seed=0, progress=heard, workers=workers)
    if not parts:
        return Pictures(np.zeros((0, 3, side, side), np.uint8), np.zeros(0, bool), None)
    return Pictures(
        np.concatenate([part.pixels for part in parts]),
        np.concatenate([part.readable for part in parts]),
        next((part.trouble for part in parts if part.trouble), None),
    )
