"""Whether chance would explain as much of the vectors, and whether the spread differs: tests by restricted shuffles."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

import numpy as np

from explorer.space.designs import Floats, orthonormal
from explorer.space.varying import Varying

PERMUTATIONS = 999

MOST = 5_000
"""Observations, drawn at random, whose distances from the fit are looked at where labels are exchanged."""

_AT_ONCE = 1_000_000
"""Numbers in a block of shuffled columns, or of products: 8 MB."""

Report = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class LabelTest:
    """What shuffled labels explain.

    ``p``: the share of shuffles that explain as much of the vectors as the labels do (counting the labels; Phipson and
    Smyth, 2010). ``spread_p``: the same of how far vectors lie from where their label puts them. ``explained``: R
    squared of the labels, ``null``: of each shuffle, float64 (b,); for ``visits``, both of their ups and downs only.
    ``spread``: R squared of those distances by the labels (of ``MOST`` observations, or of the ups and downs).
    """

    p: float
    spread_p: float
    explained: float
    null: Floats
    spread: float


def label_test(
    varying: Varying, x: Floats, *, permutations: int = PERMUTATIONS, seed: int = 0, report: Report | None = None
) -> LabelTest:
    """Test the variable ``varying`` on vectors ``x`` (n, d), float64, of the same rows.

    The spread is tested as PERMDISP does (Anderson, 2006): distances to the centroid of one's own category, or to the
    fitted curve, are themselves explained by the variable. Labels exchanged between animals are fitted anew in each
    shuffle, for small groups lie near their own centroid by construction (distances of ``MOST`` observations). For
    ``visits`` distances are divided by sqrt(1 - leverage) instead, and their ups and downs in each animal mirrored.
    Both p are NaN without ``permutations``, or where nothing varies.
    """
    x = x - x.mean(axis=0)
    rng = np.random.default_rng([seed, 1])
    if varying.how == "visits":
        explained, spread = _mirrored(varying, x, permutations, rng)
    else:
        explained, spread = _exchanged(varying, x, permutations, rng, report)
    return LabelTest(_p(explained), _p(spread), float(explained[0]), explained[1:], float(spread[0]))


def _p(values: Floats) -> float:
    if len(values) < 2 or not np.isfinite(values[0]):
        return float("nan")
    return float((values >= values[0] - 1e-12).mean())


def _exchanged(
    varying: Varying, x: Floats, count: int, rng: np.random.Generator, report: Report | None
) -> tuple[Floats, Floats]:
    """R squared of the vectors, and of their distances to the fit: of the labels, then of each shuffle, (1 + b,)."""
    by_animal = varying.how == "animals"
    z = varying.means(varying.columns) if by_animal else varying.columns
    sums = varying.sums(x) if by_animal else x
    weights = varying.counts if by_animal else np.ones(len(x))
    square = float((x**2).sum())
    rows = rng.permutation(len(x))[:MOST]
    some = np.ascontiguousarray(x[rows])
    lengths = (some**2).sum(axis=1)
    owners = varying.place[rows] if by_animal else rows
    u, k = z.shape
    at_once = max(1, _AT_ONCE // (max(u, len(rows)) * k))
    explained, spread = [], []
    done = 0
    for taken in chain([np.arange(u)[:, None]], varying.exchanges(count, at_once, rng)):
        b = taken.shape[1]
        labels = np.empty((b, k, u))
        for column in range(k):
            labels[:, column] = z[:, column][taken].T
        labels -= (labels @ weights / weights.sum())[:, :, None]
        turned = np.linalg.pinv((labels * weights) @ labels.transpose(0, 2, 1), rcond=1e-9, hermitian=True)
        cross = (labels.reshape(b * k, u) @ sums).reshape(b, k, -1)
        slopes = turned @ cross
        explained.append((cross * slopes).sum(axis=(1, 2)) / square)
        spread.append(_spread_explained(some, lengths, labels[:, :, owners], slopes))
        done += b
        if report:
            report(done / (count + 1), "shuffling labels")
    return np.concatenate(explained), np.concatenate(spread)


def _spread_explained(x: Floats, lengths: Floats, labels: Floats, slopes: Floats) -> Floats:
    """R squared (b,) of the distances of ``x`` (n, d), squared ``lengths``, from ``labels`` (b, k, n) by ``slopes``."""
    b, k, _ = labels.shape
    along = (slopes.reshape(b * k, -1) @ x.T).reshape(b, k, -1)
    fitted = slopes @ slopes.transpose(0, 2, 1) @ labels
    fitted -= 2 * along
    fitted *= labels
    distance = np.sqrt(np.clip(lengths + fitted.sum(axis=1), 0, None))
    moved = distance - distance.mean(axis=1, keepdims=True)
    labels = labels - labels.mean(axis=2, keepdims=True)
    cross = labels @ moved[:, :, None]
    turned = np.linalg.pinv(labels @ labels.transpose(0, 2, 1), rcond=1e-9, hermitian=True)
    total = (moved**2).sum(axis=1)
    flat = total <= 1e-20 * (distance**2).sum(axis=1)
    return np.where(flat, np.nan, (cross * (turned @ cross)).sum(axis=(1, 2)) / np.where(flat, 1.0, total))


def _mirrored(varying: Varying, x: Floats, count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """As ``_exchanged``, of the ups and downs within animals."""
    moves = orthonormal(varying.columns - varying.means(varying.columns)[varying.place])
    signs = np.vstack([np.ones((1, len(varying.counts))), varying.mirrors(count, rng)])
    leverage = (varying.columns**2).sum(axis=1) + 1 / len(x)
    left = x - varying.columns @ (varying.columns.T @ x)
    distance = np.sqrt((left**2).sum(axis=1) / np.clip(1 - leverage, 1e-9, None))
    return _of_signs(varying, moves, x, signs), _of_signs(varying, moves, distance[:, None], signs)


def _of_signs(varying: Varying, moves: Floats, x: Floats, signs: Floats) -> Floats:
    """The share of ``x`` (n, q) that ``moves`` (n, k) explain when animals' moves get ``signs`` (b, m): (b,)."""
    moved = x - varying.means(x)[varying.place]
    total = float((x**2).sum())
    if not float((moved**2).sum()) > 1e-20 * total:
        return np.full(len(signs), np.nan)
    out = np.zeros(len(signs))
    for column in moves.T:
        out += ((signs @ varying.sums(column[:, None] * moved)) ** 2).sum(axis=1)
    return out / total
