"""Coats: what an animal's identity looks like on its back, in coordinates of its own body."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

Floats = npt.NDArray[np.float32]

IDENTITY = 24
"""Numbers that make an animal unlike any other; standard normal."""

LONG, WIDE = 192, 96
"""Texture size: along the body from tail (0) to poll (191), across it from left (0) to right (95)."""

_ACROSS = 0.42
"""Width of the back over its length: patches are as long as they are wide."""


@dataclass(frozen=True)
class Breed:
    """What all animals of a breed share. Colours are linear RGB in 0 to 1; the rest are factors or additions."""

    name: str
    share: float
    dark: tuple[float, float, float]
    light: tuple[float, float, float]
    light_share: tuple[float, float]
    """Range of the share of the back that is light."""
    contrast: float
    """1: patches as different as the two colours; 0: one colour."""
    blaze: tuple[float, float]
    """Range of the white of the head: 0 none, 0.5 a blaze, 1 the whole head."""
    frame: float
    milk: float
    condition: float


BREEDS = (
    Breed("Holstein", 0.42, (0.07, 0.065, 0.07), (0.90, 0.88, 0.84), (0.2, 0.75), 1.0, (0.0, 0.55), 1.02, 1.06, -0.1),
    Breed("Red Holstein", 0.22, (0.42, 0.17, 0.08), (0.90, 0.87, 0.81), (0.2, 0.75), 1.0, (0.0, 0.6), 1.0, 1.0, 0.0),
    Breed("Fleckvieh", 0.2, (0.57, 0.35, 0.19), (0.93, 0.89, 0.80), (0.15, 0.5), 1.0, (0.85, 1.0), 1.03, 0.9, 0.2),
    Breed("Brown Swiss", 0.16, (0.31, 0.25, 0.20), (0.66, 0.59, 0.50), (0.3, 0.7), 0.65, (0.0, 0.2), 0.97, 0.92, 0.05),
)


@dataclass(frozen=True)
class Coat:
    """One animal's coat.

    sharp, soft: (LONG, WIDE) float32 in 0 (dark colour) to 1 (light colour), in summer and in winter.
    dark, light: (3,) float32 linear RGB. blaze: how white the head is, 0 to 1.
    """

    sharp: Floats
    soft: Floats
    dark: Floats
    light: Floats
    blaze: float


def _waves() -> npt.NDArray[np.float64]:
    """(IDENTITY, LONG, WIDE): smooth waves whose weighted sum is a field of patches.

    They are the same in every herd: an identity is the weights, so animals with like identities look alike.
    """
    rng = np.random.default_rng(20210301)
    along = np.linspace(0, 1, LONG)[:, None]
    across = np.linspace(-_ACROSS / 2, _ACROSS / 2, WIDE)[None, :]
    pace = rng.uniform(1.0, 3.6, IDENTITY)
    # The directions are spread evenly, so that no animal gets only stripes.
    angle = np.pi * (np.arange(IDENTITY) + rng.uniform(0, 1, IDENTITY)) / IDENTITY
    phase = rng.uniform(0, 2 * np.pi, IDENTITY)
    turns = pace[:, None, None] * (np.cos(angle)[:, None, None] * along + np.sin(angle)[:, None, None] * across)
    waves: npt.NDArray[np.float64] = np.cos(2 * np.pi * turns + phase[:, None, None])
    return waves


_WAVES = _waves()


def make_coat(identity: npt.NDArray[np.float64], breed: Breed) -> Coat:
    """The coat of an animal; the same identity in another breed keeps its patches and changes its colours.

    identity: (IDENTITY,) standard normal.
    """
    # A bend of the field by itself gives patches ragged, unequal outlines instead of ripples.
    field = np.tensordot(identity, _WAVES, axes=1) / np.sqrt(IDENTITY / 2)
    field = field + 0.35 * np.sin(2.6 * field + np.tensordot(identity[::-1], _WAVES[:, ::-1], axes=1) / 2)
    low, high = breed.light_share
    share = low + (high - low) * _share(identity[0] + identity[1])
    edge = np.quantile(field, 1 - share)
    patches = 1 / (1 + np.exp(-np.clip((field - edge) * 9, -30, 30)))
    if breed.contrast < 1:
        # One colour, shaded from dark shoulders to a pale back line, with the patches as a faint marking.
        back_line = np.exp(-((np.linspace(-1, 1, WIDE)[None, :] / 0.28) ** 2)) * (0.25 + 0.5 * _share(identity[2]))
        patches = breed.contrast * patches + (1 - breed.contrast) * back_line
    shade = 1 + 0.14 * np.tanh(identity[3])
    narrow, broad = breed.blaze
    return Coat(
        sharp=patches.astype(np.float32),
        soft=gaussian_filter(patches, (3.0, 3.5)).astype(np.float32),
        dark=(np.array(breed.dark) * shade).astype(np.float32),
        light=np.array(breed.light, dtype=np.float32),
        blaze=float(narrow + (broad - narrow) * _share(identity[4])),
    )


def _share(normal: float) -> float:
    """A normal number squeezed into 0 to 1."""
    return float(0.5 + 0.5 * np.tanh(0.9 * normal))
