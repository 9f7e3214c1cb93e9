"""Histograms of oriented gradients: what pictures were compared by before networks. A baseline; it learns nothing."""

import numpy as np
import numpy.typing as npt

from explorer.engine import Report
from explorer.learning.pictures import read_pictures
from explorer.study.study import Study

Floats = npt.NDArray[np.float32]

SIDE = 64
CELL = 8
BINS = 9
BLOCK = 2
_CLIP = 0.2
_EPSILON = 1e-2
"""Beside lengths of histograms of gradients in 0..1: a block that is all but flat is not blown up to length 1."""
_AT_ONCE = 256

HOG = f"HOG ({SIDE} x {SIDE}, cells of {CELL})"


def hog(pictures: npt.NDArray[np.uint8]) -> Floats:
    """HOG descriptors of ``pictures``, uint8 (n, channels, side, side): float32 (n, dims). side: a multiple of 8.

    Dalal and Triggs (2005), their default but for the Gaussian weighting within blocks: gradients by [-1, 0, 1] (at
    the border the picture is continued by its edge), of the colour channel with the largest; votes of their length,
    shared linearly between the neighbouring of 9 directions over 0..180 degrees and between the neighbouring cells of
    8 x 8 pixels; every 2 x 2 cells one block, scaled to length 1, cut off at 0.2 and scaled again (L2-Hys). Blocks
    come row by row, dims = (side / 8 - 1)^2 * 36: 1,764 for 64 pixels.
    """
    n, _, side, width = pictures.shape
    if side != width or side % CELL or side < BLOCK * CELL:
        raise ValueError(f"pictures must be square, with sides of a multiple of {CELL} from {BLOCK * CELL}")
    blocks = side // CELL - BLOCK + 1
    out = np.empty((n, blocks * blocks * BLOCK * BLOCK * BINS), dtype=np.float32)
    for start in range(0, n, _AT_ONCE):
        out[start : start + _AT_ONCE] = _blocks(_cells(pictures[start : start + _AT_ONCE]))
    return out


def _cells(pictures: npt.NDArray[np.uint8]) -> Floats:
    """Histograms of the cells: (n, cells, cells, BINS)."""
    n, _, side, _ = pictures.shape
    # In whole numbers: of two channels that change alike, rounding must not choose.
    grey = np.pad(pictures.astype(np.int32), ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    of_all = (grey[:, :, 2:, 1:-1] - grey[:, :, :-2, 1:-1], grey[:, :, 1:-1, 2:] - grey[:, :, 1:-1, :-2])
    strongest = (of_all[0] ** 2 + of_all[1] ** 2).argmax(axis=1)[:, None]
    down, right = (
        np.take_along_axis(one, strongest, axis=1)[:, 0].astype(np.float32) / np.float32(255) for one in of_all
    )
    length = np.hypot(down, right)
    # Bin b is centred at (b + 1/2) * 180 / BINS degrees, and the last is the first one's neighbour.
    place = np.mod(np.arctan2(down, right), np.pi) * np.float32(BINS / np.pi) - np.float32(0.5)
    lower = np.floor(place)
    share = place - lower
    first = np.mod(lower.astype(np.int64), BINS)
    second = np.mod(first + 1, BINS)
    votes = np.zeros((n, BINS, side, side), dtype=np.float32)
    np.put_along_axis(votes, first[:, None], (length * (1 - share))[:, None], axis=1)
    np.put_along_axis(votes, second[:, None], (length * share)[:, None], axis=1)
    towards = _sharing(side)
    return np.asarray((towards @ votes @ towards.T).transpose(0, 2, 3, 1), dtype=np.float32)


def _sharing(side: int) -> Floats:
    """How much each pixel of a line gives to each cell, (cells, side): 1 at its centre, 0 at the next one's."""
    centres = (np.arange(side // CELL) + 0.5) * CELL - 0.5
    return np.maximum(0, 1 - np.abs(np.arange(side) - centres[:, None]) / CELL).astype(np.float32)


def _blocks(cells: Floats) -> Floats:
    n, across = cells.shape[:2]
    last = across - BLOCK + 1
    parts = [cells[:, i : i + last, j : j + last] for i in range(BLOCK) for j in range(BLOCK)]
    blocks = np.concatenate(parts, axis=3)
    blocks = np.minimum(_scaled(blocks), np.float32(_CLIP))
    return _scaled(blocks).reshape(n, -1)


def _scaled(blocks: Floats) -> Floats:
    lengths = np.sqrt((blocks * blocks).sum(axis=3, keepdims=True) + np.float32(_EPSILON**2))
    return np.asarray(blocks / lengths, dtype=np.float32)


def hog_of_pictures(study: Study, *, report: Report | None = None, workers: int | None = None) -> Floats:
    """HOG descriptors of a study's pictures at 64 x 64, float32 (n, 1764); NaN where there is no readable picture."""
    read = read_pictures(study, SIDE, report=report, workers=workers)
    out = hog(read.pixels)
    out[~read.readable] = np.nan
    return out
