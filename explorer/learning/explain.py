"""Which part of a picture, or which feature, moves what an encoder says: integrated gradients, and a check on them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import spearmanr
from torch import Tensor

from explorer.engine import Report
from explorer.learning.encoders import Encoder, build_encoder
from explorer.learning.model_files import Model, to_tensor

STEPS = 128
"""Places along the way from the plain input to the real one; what their sum misses is told (``Explained.missed``)."""

CELL = 4
"""Pixels of a side of the cells whose sums are shown and compared: single pixels are noise."""

_AT_ONCE = 32

Score = Callable[[Encoder, Tensor], Tensor]
"""A number for each input of a batch (n, ...): float (n,), with a gradient."""


@dataclass(frozen=True)
class Explained:
    """What each part of an input adds to a number, compared with a plain input.

    ``parts`` float64: (side, side) of a picture, summed over its colours, or (features,). ``value`` is the number for
    the input, ``plain`` for the plain one; the parts sum up to their difference but for ``missed``. ``alike`` is the
    rank correlation of the parts' sizes with those of the same network with random weights, from -1 to 1: near 1, the
    parts show the input rather than what the encoder has learnt of it.
    """

    parts: npt.NDArray[np.float64]
    value: float
    plain: float
    missed: float
    alike: float


def task_score(dimension: int) -> Score:
    """The embedding's ``dimension`` before the vector is brought to unit length, where tasks are read."""
    return lambda encoder, batch: encoder.raw(batch)[:, dimension]


def nearness(other: npt.NDArray[np.floating]) -> Score:
    """The cosine of an input's vector with that of ``other``, a vector (dims,): 1 - d^2 / 2 of their distance d."""
    fixed = torch.from_numpy(np.asarray(other, dtype=np.float32))
    fixed = fixed / fixed.norm()
    return lambda encoder, batch: encoder(batch) @ fixed


def explain(
    model: Model,
    input_: npt.NDArray[np.uint8] | npt.NDArray[np.floating],
    score: Score,
    *,
    steps: int = STEPS,
    seed: int = 0,
    report: Report | None = None,
) -> Explained:
    """What moves ``score`` of one ``input_``: uint8 (3, side, side), or features float (f,) with NaN where missing.

    Integrated gradients (Sundararajan, Taly and Yan, 2017, equation 1) along the straight line from the plain input,
    by the midpoint rule. Plain is the mean that the model stores: one even colour, or each feature's average. A
    missing feature adds nothing. The check on random weights is that of Adebayo et al. (2018): all weights are drawn
    anew, with the ``seed``.
    """
    encoder = model.encoder.eval()
    target = to_tensor(input_[None])

    def tell(fraction: float, note: str) -> None:
        if report is not None:
            report(fraction, note)

    parts, value, plain = _integrated(encoder, target, score, steps, lambda share: tell(share / 2, "on the way"))
    other, _, _ = _integrated(
        _randomised(encoder, seed), target, score, steps, lambda share: tell((1 + share) / 2, "with random weights")
    )
    missed = value - plain - float(parts.sum())
    return Explained(parts, value, plain, missed, _alike(parts, other))


def _integrated(
    encoder: Encoder, target: Tensor, score: Score, steps: int, tell: Callable[[float], None]
) -> tuple[npt.NDArray[np.float64], float, float]:
    mean = encoder.get_buffer("mean")
    start = mean[:, None, None].expand_as(target) if target.ndim == 4 else mean.expand_as(target)
    start = torch.where(torch.isnan(target), torch.nan, start)
    way = torch.where(torch.isnan(target), 0.0, target - start)
    places = (torch.arange(steps) + 0.5) / steps
    total = torch.zeros_like(target, dtype=torch.float64)
    for begin in range(0, steps, _AT_ONCE):
        tell(begin / steps)
        share = places[begin : begin + _AT_ONCE].reshape(-1, *[1] * (target.ndim - 1))
        at = (start + share * way).requires_grad_(True)
        (slope,) = torch.autograd.grad(score(encoder, at).sum(), at)
        total += torch.where(torch.isnan(slope), 0.0, slope).double().sum(dim=0, keepdim=True)
    parts = (total / steps * way.double())[0]
    with torch.inference_mode():
        ends = score(encoder, torch.cat([target, start]))
    return (parts.sum(dim=0) if parts.ndim == 3 else parts).numpy(), float(ends[0]), float(ends[1])


def _randomised(encoder: Encoder, seed: int) -> Encoder:
    """A network of the same shape with random weights; what is known of the inputs' scale stays."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        other = build_encoder(encoder.config)
    for name in ("mean", "std"):
        other.get_buffer(name).copy_(encoder.get_buffer(name))
    return other.eval()


def _alike(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    first, second = (np.abs(cells(parts)).ravel() for parts in (one, other))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(spearmanr(first, second).statistic)


def cells(parts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The sums over cells of ``CELL`` pixels of a picture's parts (side, side); of features, the parts themselves."""
    if parts.ndim == 1:
        return parts
    side = len(parts) // CELL * CELL
    grid = parts[:side, :side].reshape(side // CELL, CELL, side // CELL, CELL)
    return np.asarray(grid.sum(axis=(1, 3)))


def overlay(picture: npt.NDArray[np.uint8], parts: npt.NDArray[np.float64], *, scale: int = 6) -> npt.NDArray[np.uint8]:
    """A picture uint8 (3, side, side) in grey with its ``parts`` over it, uint8 (h, w, 3), ``scale`` times as large.

    Orange raises the number, blue lowers it; the stronger, the more is hidden of the grey. The scale ends at the 99th
    percentile of the cells, so that one cell does not take all the colour.
    """
    from PIL import Image

    side = picture.shape[1] * scale
    sums = cells(parts)
    most = float(np.quantile(np.abs(sums), 0.99)) or 1.0
    smooth = Image.fromarray(np.clip(sums / most, -1, 1).astype(np.float32)).resize(
        (side, side), Image.Resampling.BICUBIC
    )
    strength = np.clip(np.asarray(smooth), -1, 1)[..., None]
    grey = Image.fromarray(picture.transpose(1, 2, 0)).convert("L").resize((side, side), Image.Resampling.BICUBIC)
    under = np.repeat(np.asarray(grey, dtype=np.float64)[..., None], 3, axis=2)
    colour = np.where(strength > 0, np.array([230.0, 159.0, 0.0]), np.array([0.0, 114.0, 178.0]))  # Okabe and Ito
    cover = 0.75 * np.abs(strength)
    return np.round(under * (1 - cover) + colour * cover).astype(np.uint8)
