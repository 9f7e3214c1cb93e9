"""Columns of the map: made in the order in which they are drawn, sent once, known by the hash of their content."""

import functools
import hashlib

import numpy as np
import numpy.typing as npt
import pyarrow as pa

MAX_DRAWN = 3_000_000
"""Points drawn at most: each costs a browser some 30 bytes, and without a graphics card a frame takes seconds."""

PASSES, SELECTED = 1, 2  # bits of a flag; points.js has the same


@functools.lru_cache(maxsize=8)
def drawing_order(n: int) -> npt.NDArray[np.int64]:
    """The row of each drawn point, for a study of ``n`` rows; always the same, at random.

    Tables are often sorted by group: in their order the last group would cover the others. And the first points drawn
    are a fair sample, which is what a map in motion shows. At most ``MAX_DRAWN``.
    """
    order = np.random.default_rng(0).permutation(n)[:MAX_DRAWN]
    order.setflags(write=False)
    return order


@functools.lru_cache(maxsize=8)
def place_in_drawing(n: int) -> npt.NDArray[np.int64]:
    """The other way round: where each row is drawn; -1 for one that is not."""
    place = np.full(n, -1, dtype=np.int64)
    order = drawing_order(n)
    place[order] = np.arange(len(order))
    place.setflags(write=False)
    return place


class Columns:
    """One or more columns of the same points, as the browser gets them."""

    def __init__(self, **arrays: npt.NDArray[np.generic]) -> None:
        self._arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        digest = hashlib.blake2b(digest_size=12)
        for name, array in self._arrays.items():
            digest.update(f"{name} {array.dtype.str} {array.shape};".encode())
            digest.update(array.tobytes())
        self.hash = digest.hexdigest()

    @property
    def table(self) -> pa.Table:
        """As an Arrow table of one batch."""
        return pa.table({name: pa.array(array) for name, array in self._arrays.items()})


def places(coordinates: npt.NDArray[np.float32]) -> Columns:
    """Where the points are: float32 x and y of ``coordinates`` (n, 2), NaN for one without a place."""
    drawn = coordinates[drawing_order(len(coordinates))]
    return Columns(x=drawn[:, 0], y=drawn[:, 1])


def colours(codes: npt.NDArray[np.uint8]) -> Columns:
    """Which of 256 colours each point has, from one code a row."""
    return Columns(code=codes[drawing_order(len(codes))])


def flags(passes: npt.NDArray[np.bool_], selected: npt.NDArray[np.bool_]) -> Columns:
    """Which points pass the filters and which are selected, from one of each a row."""
    bits = passes.astype(np.uint8) * PASSES + selected.astype(np.uint8) * SELECTED
    return Columns(flag=bits[drawing_order(len(bits))])
