"""The body of a cow from above: its outline and its relief, for every pixel of a batch of pictures.

Picture units: the picture reaches from -1 to 1 both ways, y upwards, towards the head.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from explorer.study.simulating.coats import LONG, WIDE

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

TAIL, POLL = -0.76, 0.54
"""Where the trunk and neck of a cow of frame 1 begin and end, picture units."""

_PLACES = np.array([0, 0.006, 0.02, 0.05, 0.10, 0.19, 0.31, 0.47, 0.60, 0.71, 0.79, 0.87, 0.94, 1.0])
"""Places along the body: tail, pins, hooks (0.19), flank, belly (0.47), ribs, shoulder (0.71), neck, poll (1)."""

_HALF_WIDTH = np.array([0, 0.12, 0.19, 0.245, 0.285, 0.335, 0.315, 0.345, 0.335, 0.295, 0.235, 0.175, 0.14, 0.12])
_PER_POINT = np.array([0, 0.10, 0.12, 0.14, 0.12, 0.06, 0.23, 0.20, 0.17, 0.12, 0.13, 0.14, 0.10, 0.04])
"""Relative gain in width per point of body condition: least over the bones, most in flank and belly."""
_PER_BARREL = np.array([0, 0, 0, 0, 0, 0.2, 0.7, 1, 0.8, 0.3, 0, 0, 0, 0])
"""Where a belly that has carried calves is wider."""


def _table(values: npt.NDArray[np.float64]) -> Floats:
    """Values at the places along the body, read off smoothly at LONG points."""
    along = np.linspace(0, 1, LONG)
    rough = np.interp(along, _PLACES, values)
    kernel = np.hanning(15)
    smooth = np.convolve(np.pad(rough, 7, mode="edge"), kernel / kernel.sum(), mode="valid")
    # The rounding of the rump is narrower than the kernel, which would cut it flat.
    blend = np.clip((along - 0.03) / 0.05, 0, 1)
    return (rough * (1 - blend) + smooth * blend).astype(np.float32)


_BASE, _CONDITION, _BARREL = _table(_HALF_WIDTH), _table(_PER_POINT), _table(_PER_BARREL)
_HEAD = np.interp(
    np.linspace(0, 1, LONG), [0, 0.12, 0.3, 0.6, 0.8, 0.93, 1.0], [0.125, 0.14, 0.145, 0.105, 0.095, 0.07, 0.0]
).astype(np.float32)
"""Half width of the head from poll to muzzle, widest at the eyes, picture units."""
_HIP = np.exp(-(((np.linspace(0, 1, LONG) - 0.17) / 0.13) ** 2)).astype(np.float32)


@dataclass(frozen=True)
class Posture:
    """How a body stands in each of k pictures; every array is (k,) float32.

    condition: points. barrel: relative widening of the belly. frame: size, 1 for a grown cow.
    bend: sideways curvature of the spine, picture units. drop: how far one hip hangs, relative.
    turn: angle of the head, radians. nod: length of the head as seen, 1 when level.
    rotation: radians. shift_x, shift_y: picture units. step: stride of the legs, picture units. sway: of the tail.
    """

    condition: Floats
    barrel: Floats
    frame: Floats
    bend: Floats
    drop: Floats
    turn: Floats
    nod: Floats
    rotation: Floats
    shift_x: Floats
    shift_y: Floats
    step: Floats
    sway: Floats


@dataclass(frozen=True)
class Layers:
    """What covers each pixel; all arrays are (k, size, size), coverings are 0 to 1.

    cell: int32, which cell of a (LONG, WIDE) texture the trunk shows there. across: -1 left to 1 right.
    head_along: 0 poll to 1 muzzle; head_across: -1 to 1.
    """

    trunk: Floats
    cell: Ints
    head: Floats
    head_along: Floats
    head_across: Floats
    ears: Floats
    tail: Floats
    tail_along: Floats
    legs: Floats


def half_widths(posture: Posture) -> Floats:
    """(k, LONG) half width of trunk and neck along the body, for a frame of 1, in picture units."""
    points = (posture.condition - 3.0)[:, None]
    widths: Floats = _BASE * (1 + points * _CONDITION) * (1 + posture.barrel[:, None] * _BARREL)
    return widths


def lay_out(posture: Posture, *, size: int, softness: Floats) -> Layers:
    """Place the body in k pictures of ``size`` pixels. softness: (k,) width of the outline, picture units."""
    step = np.float32(2.0 / size)
    grid: Floats = (np.arange(size, dtype=np.float32) + np.float32(0.5)) * step - np.float32(1.0)
    right, up = grid[None, None, :] - _wide(posture.shift_x), -grid[None, :, None] - _wide(posture.shift_y)
    cos, sin = _wide(np.cos(posture.rotation)), _wide(np.sin(posture.rotation))
    frame = _wide(posture.frame)
    x: Floats = np.divide(cos * right + sin * up, frame)
    y: Floats = np.divide(cos * up - sin * right, frame)
    soft = _wide(np.maximum(softness, step) / posture.frame)

    along = (y - TAIL) / (POLL - TAIL)
    place = np.clip(along * (LONG - 1), 0, LONG - 1).astype(np.int32)
    spine, widths = _spine(posture), half_widths(posture)
    row = (np.arange(len(widths), dtype=np.int32) * LONG)[:, None, None]
    width = widths.ravel()[row + place]
    off = x - spine.ravel()[row + place]
    width = width * (1 + _wide(posture.drop) * np.sign(off) * _HIP[place])
    across = np.clip(off / np.maximum(width, 1e-3), -1, 1)
    trunk = _covering(np.where((along >= 0) & (along <= 1), width - np.abs(off), np.float32(-1)), soft)
    cell = place * WIDE + np.clip((across + 1) * (WIDE / 2), 0, WIDE - 1).astype(np.int32)

    head, head_along, head_across, ears = _head(posture, spine, x, y, soft)
    tail, tail_along = _tail(posture, spine, x, y, soft)
    legs = _legs(posture, x, y, spine, soft)
    return Layers(trunk, cell, head, head_along, head_across, ears, tail, tail_along, legs)


def _wide(values: npt.NDArray[np.floating[Any]]) -> Floats:
    wide: Floats = values.astype(np.float32)[:, None, None]
    return wide


def _covering(inside: Floats, soft: Floats) -> Floats:
    """0 to 1 from a distance to the outline, positive inside."""
    covering: Floats = np.clip(np.float32(0.5) + inside / soft, 0, 1)
    return covering


def _ellipse(x: Floats, y: Floats, radius_x: float, radius_y: float, soft: Floats) -> Floats:
    reach = np.sqrt((x / np.float32(radius_x)) ** 2 + (y / np.float32(radius_y)) ** 2)
    return _covering((1 - reach) * np.float32(min(radius_x, radius_y)), soft)


def _spine(posture: Posture) -> Floats:
    """(k, LONG) sideways place of the spine: an arc of the trunk, and the neck following the head."""
    along = np.linspace(0, 1, LONG, dtype=np.float32)[None, :]
    arc = 1 - ((along - 0.42) / 0.42) ** 2
    neck = np.clip(along - 0.72, 0, None) ** 2
    bent: Floats = posture.bend[:, None] * arc - posture.turn[:, None] * neck * np.float32(1.1)
    return bent


def _head(posture: Posture, spine: Floats, x: Floats, y: Floats, soft: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    angle = posture.turn * np.float32(1.0)
    cos, sin = _wide(np.cos(angle)), _wide(np.sin(angle))
    dx, dy = x - _wide(spine[:, -1]), y - np.float32(POLL - 0.02)
    across, forward = cos * dx + sin * dy, cos * dy - sin * dx
    length = np.float32(0.35) * _wide(posture.nod)
    along = forward / length
    place = np.clip(along, 0, 1)
    width = _HEAD[(place * (LONG - 1)).astype(np.int32)]
    head = _covering(np.where((along > -0.1) & (along < 1), width - np.abs(across), np.float32(-1)), soft)
    side = np.abs(across)
    lean = np.float32(0.35)
    ear_x, ear_y = side - np.float32(0.20), forward - np.float32(0.045) + lean * (side - np.float32(0.20))
    ears = _ellipse(ear_x, ear_y, 0.105, 0.042, soft)
    return head, place, np.clip(across / np.maximum(width, 1e-3), -1, 1), ears


def _tail(posture: Posture, spine: Floats, x: Floats, y: Floats, soft: Floats) -> tuple[Floats, Floats]:
    along = (np.float32(TAIL + 0.07) - y) / np.float32(0.30)
    reach = np.clip(along, 0, 1)
    off = np.abs(x - _wide(spine[:, 0]) - _wide(posture.sway) * reach**2)
    thick = np.float32(0.022) + np.float32(0.022) * np.clip((reach - 0.6) * 4, 0, 1)
    tail = _covering(np.where((along > 0) & (along < 1), thick - off, np.float32(-1)), soft)
    return tail, reach


def _legs(posture: Posture, x: Floats, y: Floats, spine: Floats, soft: Floats) -> Floats:
    """Feet that show beside the trunk: a walking cow sets left and right, front and hind, in turn."""
    found = np.zeros(np.broadcast_shapes(x.shape, y.shape), dtype=np.float32)
    for place, way in ((0.15, 1), (0.73, -1)):
        cell = int(place * (LONG - 1))
        level = TAIL + place * (POLL - TAIL)
        for side in (-1, 1):
            # Feet stand under the bones: they do not move out when the animal fattens.
            reach = side * (_BASE[cell] + np.float32(0.012)) + spine[:, cell]
            foot_y = np.float32(level) + np.float32(side * way) * posture.step
            found = np.maximum(found, _ellipse(x - _wide(reach), y - _wide(foot_y), 0.05, 0.075, soft))
    return found
