"""The embedding of a picture as the mean of several views of it."""

from collections.abc import Iterator
from typing import Literal

from torch import Tensor
from torch.nn import functional

from explorer.learning.encoders import Encoder

Views = Literal["ten", "five"]
"""Which views are averaged: five crops, and with "ten" those of the mirrored picture as well."""

CROP = 0.9
"""Side of a crop as a share of the picture's."""


def views(batch: Tensor, which: Views) -> Iterator[Tensor]:
    """The views of a batch of pictures (n, 3, s, s), one after the other: five crops as it is, then five mirrored.

    The crops are the four corners and the middle, ``CROP`` of the side, brought back to it by linear interpolation.
    """
    side = batch.shape[-1]
    part = max(1, round(CROP * side))
    far, middle = side - part, (side - part) // 2
    for flipped in (batch, batch.flip(-1)) if which == "ten" else (batch,):
        for top, left in ((0, 0), (0, far), (far, 0), (far, far), (middle, middle)):
            crop = flipped[..., top : top + part, left : left + part]
            yield functional.interpolate(crop, size=(side, side), mode="bilinear", align_corners=False)


def averaged_units(encoder: Encoder, batch: Tensor, which: Views) -> Tensor:
    """Unit vectors (n, dims): the mean of those of the ``views``, brought to unit length again.

    Task dimensions keep their mean, so that they are read as ever; the others fill the length. Costs as many passes as
    there are views. The ten are those of O'Mahony et al. on dependent variables, section 3.4 (2 flips x 5 crops). To
    our encoders mirrored coats are two animals (``Augmentation``): for them the ten find animals less well than no
    average at all, and the five better.
    """
    total: Tensor | None = None
    number = 0
    for view in views(batch, which):
        unit = encoder(view)
        total = unit if total is None else total + unit
        number += 1
    assert total is not None
    mean = total / number
    count = encoder.config.task_dims
    return encoder.fill(mean[:, :count], mean[:, count:])
