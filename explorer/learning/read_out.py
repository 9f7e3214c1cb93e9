"""Reading a task off an embedding without a dimension for it: kernel regression among the training animals.

Nadaraya (1964) and Watson (1964): the mean of the labels, weighted by a Gaussian kernel of the distance. It says what
the whole latent space knows of a task, beside what one dimension of it was taught to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.engine import Report
from explorer.errors import UserError

Floats = npt.NDArray[np.float64]

BANDWIDTHS: tuple[float, ...] = tuple(float(share) for share in np.logspace(-1.5, 0.5, 13))
"""Kernel widths to choose from, in shares of the median distance between observations of two training animals."""

TRIED = 2_000
"""Training observations on which bandwidths are tried, at most; drawn at random from more."""

_AT_ONCE = 8_000_000
"""Distances in memory at the same time: 64 MB."""


@dataclass(frozen=True, eq=False)
class ReadOut:
    """``predicted``: by task, float64 (n,), in the task's unit; NaN where the vector is missing.

    ``bandwidths``: the standard deviation of the kernel chosen for each task, in units of distance. ``remarks``:
    sentences on tasks that could not be read out.
    """

    predicted: dict[str, Floats]
    bandwidths: dict[str, float]
    remarks: tuple[str, ...]


def read_out(
    vectors: npt.NDArray[np.floating],
    values: Mapping[str, npt.NDArray[np.floating]],
    animals: npt.NDArray[np.integer],
    train: npt.NDArray[np.bool_],
    *,
    seed: int = 0,
    report: Report | None = None,
) -> ReadOut:
    """Read each task of ``values`` off ``vectors`` (n, d) for all rows, from the labels of the ``train`` rows.

    values: float (n,) by task, NaN where missing; only those of training rows are looked at. animals: int (n,). train:
    bool (n,). Distances are Euclidean. A row is never read off its own animal, so that training rows are told as
    unseen ones are; for the same reason each task's bandwidth is the one with the least squared error on training
    rows read off the other training animals. A task needs two training animals. Where all neighbours are so far that
    their weights vanish, the nearest decides. Raises UserError when no training row has a vector.
    """
    tell = report or (lambda _fraction, _note: None)
    complete = np.isfinite(vectors).all(axis=1)
    gallery = np.flatnonzero(complete & train)
    if not len(gallery):
        raise UserError("no training observation has a vector, so nothing can be read off the others")
    middle = np.asarray(vectors[gallery], dtype=np.float64).mean(axis=0)
    points = (np.asarray(vectors, dtype=np.float64) - middle).astype(np.float32)
    remarks: list[str] = []
    usable: list[str] = []
    for name, task in values.items():
        labelled = gallery[np.isfinite(task[gallery])]
        if len(np.unique(animals[labelled])) < 2:
            remarks.append(f"{name} cannot be read out: fewer than two training animals have a label and a vector")
        else:
            usable.append(name)
    out = {name: np.full(len(points), np.nan) for name in values}
    if not usable:
        return ReadOut(out, {}, tuple(remarks))
    labels = np.stack([np.asarray(values[name], dtype=np.float64)[gallery] for name in usable], axis=1)
    level = np.nanmean(labels, axis=0)
    known = np.isfinite(labels)
    there = np.where(known, labels - level, 0.0)
    space = _Gallery(points[gallery], animals[gallery], there, known.astype(np.float64))

    rng = np.random.default_rng(seed)
    tried = np.sort(rng.choice(gallery, min(TRIED, len(gallery)), replace=False))
    scale = space.median_distance(points[tried], animals[tried])
    widths = scale * np.array(BANDWIDTHS)
    missed = np.zeros((len(widths), len(usable)))
    truth = np.stack([np.asarray(values[name], dtype=np.float64)[tried] for name in usable], axis=1) - level
    blocks = space.blocks(len(tried))
    for number, block in enumerate(blocks):
        tell(0.5 * number / len(blocks), "choosing how far neighbours count")
        squares = space.squares(points[tried[block]], animals[tried[block]])
        for place, width in enumerate(widths):
            missed[place] += np.nansum((space.read(squares, float(width)) - truth[block]) ** 2, axis=0)
    best = missed.argmin(axis=0)
    asked = np.flatnonzero(complete)
    blocks = space.blocks(len(asked))
    for number, block in enumerate(blocks):
        tell(0.5 + 0.5 * number / len(blocks), "reading tasks off neighbours")
        rows = asked[block]
        squares = space.squares(points[rows], animals[rows])
        for place in np.unique(best):
            read = space.read(squares, float(widths[place]))
            for column in np.flatnonzero(best == place):
                out[usable[column]][rows] = read[:, column] + level[column]
    return ReadOut(out, {name: float(widths[best[column]]) for column, name in enumerate(usable)}, tuple(remarks))


class _Gallery:
    """Training rows: float32 (g, d), their animals (g,), labels less their mean (g, k), and which are known."""

    def __init__(
        self, points: npt.NDArray[np.float32], animals: npt.NDArray[np.integer], labels: Floats, known: Floats
    ) -> None:
        self._points = points
        self._lengths = (points * points).sum(axis=1)
        self._animals = animals
        self._columns = np.hstack([labels, known]).astype(np.float32)
        self._known = known

    def blocks(self, rows: int) -> list[slice]:
        step = max(1, _AT_ONCE // len(self._points))
        return [slice(start, min(rows, start + step)) for start in range(0, rows, step)]

    def squares(self, points: npt.NDArray[np.float32], animals: npt.NDArray[np.integer]) -> npt.NDArray[np.float32]:
        """Squared distances (q, g), infinite to the same animal."""
        found = (points * points).sum(axis=1)[:, None] + self._lengths - 2 * (points @ self._points.T)
        np.maximum(found, 0, out=found)
        found[animals[:, None] == self._animals] = np.inf
        return found

    def median_distance(self, points: npt.NDArray[np.float32], animals: npt.NDArray[np.integer]) -> float:
        """Of (some) training rows to those of other animals; 1 when all lie at one place."""
        step = max(1, len(points) // 200)
        found = self.squares(points[::step], animals[::step])
        apart = found[np.isfinite(found)]
        return (float(np.sqrt(np.median(apart))) if len(apart) else 0.0) or 1.0

    def read(self, squares: npt.NDArray[np.float32], width: float) -> Floats:
        """Weighted means of the labels, (q, k); NaN where no other animal has one."""
        nearest = squares.min(axis=1, keepdims=True)
        nearest[~np.isfinite(nearest)] = 0.0
        # Less the nearest's: the same means, and never nothing by nothing.
        weights = np.exp((nearest - squares) / np.float32(2 * width * width))
        sums = (weights @ self._columns).astype(np.float64)
        k = self._known.shape[1]
        weight = sums[:, k:]
        out = np.where(weight > 1e-20, sums[:, :k] / np.where(weight > 1e-20, weight, 1.0), np.nan)
        for column in np.flatnonzero((weight <= 1e-20).any(axis=0)):  # its labelled neighbours are all far
            lost = np.flatnonzero(weight[:, column] <= 1e-20)
            labelled = np.flatnonzero(self._known[:, column])
            far = squares[lost][:, labelled]
            nearest_one = far.argmin(axis=1)
            value = self._columns[labelled[nearest_one], column].astype(np.float64)
            out[lost, column] = np.where(np.isfinite(far.min(axis=1)), value, np.nan)
        return out
