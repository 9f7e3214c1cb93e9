"""Drawing an animal's pictures: all of them at once, twice as large as needed, then halved."""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import uniform_filter

from explorer.study.simulating.body import Layers, Posture, lay_out
from explorer.study.simulating.cameras import CAMERAS, NEUTRAL, Camera, expose, floor_of, wet_patches
from explorer.study.simulating.coats import LONG, WIDE, Coat

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Pixels = npt.NDArray[np.uint8]

SIZE = 64
"""Pixels a side."""

QUALITY = 82
"""WebP quality: hair and patch edges survive, and 8,000 pictures take about 10 MB."""

_FINE = 2 * SIZE


@dataclass(frozen=True)
class Scene:
    """What an animal's k pictures show besides its coat; arrays are (k,).

    posture: where and how it stands. winter: 1 in January, -1 in July, 0 where the season has no effect.
    camera: which of ``CAMERAS``, or -1 where the camera has no effect. sun: -1 to 1, where the light comes from.
    glow: brightness of the moment, about 1.
    """

    posture: Posture
    winter: Floats
    camera: npt.NDArray[np.int64]
    sun: Floats
    glow: Floats


def draw(coat: Coat, scene: Scene, rng: np.random.Generator) -> Pixels:
    """The pictures of one animal, (k, SIZE, SIZE, 3) uint8. ``rng`` draws dirt and noise."""
    cameras = (*CAMERAS, NEUTRAL)  # the last is what -1 points at
    count = len(scene.winter)
    winter = scene.winter.astype(np.float32)
    layers = lay_out(_through(cameras, scene), size=_FINE, softness=0.03 + 0.022 * np.clip(winter, -0.5, 1))

    picture = np.stack([_floor(camera) for camera in cameras])[scene.camera]
    picture *= wet_patches(rng, count, _FINE)[..., None]
    picture *= (1 - _shadow(layers, scene))[..., None]
    _cover(picture, layers.legs, lambda _: coat.dark * np.float32(0.55) + np.float32(0.06))
    hair = rng.standard_normal((count, _FINE, _FINE), dtype=np.float32)
    _cover(picture, layers.trunk, lambda seen: _trunk_colour(coat, scene, layers, hair, seen))
    _cover(picture, layers.tail, lambda seen: _tail_colour(coat, layers.tail_along.ravel()[seen]))
    _cover(picture, layers.ears, lambda _: coat.dark * np.float32(0.94))
    _cover(picture, layers.head, lambda seen: _head_colour(coat, layers, seen))

    small = picture.reshape(count, SIZE, 2, SIZE, 2, 3).mean(axis=(2, 4))
    small *= _daylight(scene)
    noise = rng.standard_normal(small.shape, dtype=np.float32)
    return expose(small, cameras, scene.camera, noise)


def encode(picture: Pixels) -> bytes:
    """One (SIZE, SIZE, 3) picture as lossy WebP."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "WEBP", quality=QUALITY, method=4)
    return stream.getvalue()


def _wide(values: Floats) -> Floats:
    return np.asarray(values, dtype=np.float32)[:, None, None]


@cache
def _floor(camera: Camera) -> Floats:
    return floor_of(camera, _FINE)


def _through(cameras: tuple[Camera, ...], scene: Scene) -> Posture:
    """The posture as its camera frames it."""
    zoom = np.array([camera.zoom for camera in cameras], dtype=np.float32)[scene.camera]
    shift = np.array([camera.shift for camera in cameras], dtype=np.float32)[scene.camera]
    posture = scene.posture
    return replace(
        posture,
        frame=posture.frame * zoom,
        shift_x=posture.shift_x * zoom + shift[:, 0],
        shift_y=posture.shift_y * zoom + shift[:, 1],
    )


def _cover(picture: Floats, covering: Floats, colour: Callable[[Ints], Floats]) -> None:
    """Lay a colour over the pixels that are covered. colour: (m,) flat pixel numbers to (m, 3), or one (3,)."""
    seen = np.flatnonzero(covering)
    pixels = picture.reshape(-1, 3)
    under = pixels[seen]
    pixels[seen] = under + covering.ravel()[seen][:, None] * (colour(seen) - under)


def _shadow(layers: Layers, scene: Scene) -> Floats:
    """Darkening of the floor: sharp and aside under the summer sun, faint and all around in winter."""
    cast = np.maximum(layers.trunk, layers.head)
    out = np.empty_like(cast)
    for i, (winter, sun) in enumerate(zip(scene.winter, scene.sun, strict=True)):
        blur = 5 if winter < 0 else 9
        aside = round(float(sun) * (5 - 3 * float(winter)))
        out[i] = uniform_filter(np.roll(cast[i], (3, aside), (0, 1)), blur, mode="nearest")
    return out * _wide(0.36 - 0.14 * scene.winter)


@cache
def _reliefs() -> tuple[Floats, Floats, Floats]:
    """(LONG * WIDE,) each: how light falls on any back, what bones add on a thin one, what fat adds on a fat one."""
    u, q = np.linspace(0, 1, LONG)[:, None], np.linspace(-1, 1, WIDE)[None, :]
    side = np.abs(q)

    def spot(at_u: float, at_q: float, size_u: float, size_q: float) -> npt.NDArray[np.float64]:
        found: npt.NDArray[np.float64] = np.exp(-(((u - at_u) / size_u) ** 2) - ((side - at_q) / size_q) ** 2)
        return found

    back = np.clip(u / 0.05, 0, 1) * np.clip((1.02 - u) / 0.1, 0, 1)
    round_ = np.sqrt(np.clip(1 - side**2, 0, 1))
    base = 0.50 + 0.52 * round_ + 0.07 * spot(0.71, 0.35, 0.09, 0.3) - 0.10 * spot(0.84, 0.5, 0.05, 0.6)
    base = base * (0.75 + 0.25 * back) + 0.05 * spot(0.19, 0.55, 0.05, 0.2)

    trunk = np.clip((u - 0.04) / 0.06, 0, 1) * np.clip((0.8 - u) / 0.1, 0, 1)
    ribs = np.clip((u - 0.40) / 0.05, 0, 1) * np.clip((0.70 - u) / 0.05, 0, 1) * np.exp(-(((side - 0.62) / 0.25) ** 2))
    thin = (
        trunk * (0.20 * np.exp(-((q / 0.07) ** 2)) - 0.20 * np.exp(-(((side - 0.24) / 0.13) ** 2)))
        + 0.22 * spot(0.19, 0.72, 0.03, 0.2)
        - 0.32 * spot(0.31, 0.62, 0.055, 0.28)
        - 0.24 * spot(0.085, 0.42, 0.04, 0.22)
        + 0.15 * spot(0.03, 0.55, 0.02, 0.25)
        + 0.12 * ribs * np.cos(2 * np.pi * u / 0.052)
    )
    fat = (
        0.16 * trunk * np.exp(-(((side - 0.3) / 0.22) ** 2))
        - 0.13 * trunk * np.exp(-((q / 0.06) ** 2))
        + 0.14 * spot(0.06, 0.35, 0.04, 0.2)
        + 0.08 * spot(0.31, 0.6, 0.08, 0.3)
    )
    return tuple(part.astype(np.float32).ravel() for part in (base, thin, fat))  # type: ignore[return-value]


def _trunk_colour(coat: Coat, scene: Scene, layers: Layers, hair: Floats, seen: Ints) -> Floats:
    """(m, 3): the coat under the light that the body's form gives it; bones show below 3 points, pads above."""
    condition, winter = scene.posture.condition, scene.winter
    which, cell = seen // _FINE**2, layers.cell.ravel()[seen]
    base, thin, fat = _reliefs()
    bony, padded = np.clip((3.2 - condition) / 1.2, 0, 1.4), np.clip((condition - 3.1) / 1.2, 0, 1.2)
    light = base[cell] + bony[which] * thin[cell] + padded[which] * fat[cell]
    rough = np.float32(0.025) + np.float32(0.04) * np.clip(winter, 0, 1)
    light *= 1 + rough[which] * hair.ravel()[seen]
    light -= np.float32(0.14) * scene.sun[which] * (cell % WIDE * np.float32(2 / WIDE) - 1)

    # A winter coat is long, so its patches run into each other, and dull: dark parts paler, light parts greyer.
    fluff, dull = np.clip(0.5 + 0.6 * winter, 0, 1)[which], 0.05 * np.clip(winter, 0, 1)[which][:, None]
    pale = coat.sharp.ravel()[cell]
    pale += fluff * (coat.soft.ravel()[cell] - pale)
    colour: Floats = coat.dark + dull + pale[:, None] * (coat.light - coat.dark - 2 * dull)
    return colour * light[:, None]


def _tail_colour(coat: Coat, along: Floats) -> Floats:
    """(m, 3): the colour of the rump, then a tassel."""
    start = coat.dark + (coat.light - coat.dark) * coat.sharp[2:8, WIDE // 2 - 4 : WIDE // 2 + 4].mean()
    tassel = coat.dark * np.float32(0.5) + np.float32(0.35) * coat.light
    way = np.clip((along - np.float32(0.55)) * 5, 0, 1)[:, None]
    return (start * (1 - way) + tassel * way) * np.float32(0.8)


_PINK, _SLATE = (0.80, 0.52, 0.46), (0.13, 0.11, 0.11)
"""Muzzles, linear RGB: of white heads, and of all others."""


def _head_colour(coat: Coat, layers: Layers, seen: Ints) -> Floats:
    """(m, 3): a blaze that widens with the coat's white until it covers the head, eyes, and a muzzle."""
    along, side = layers.head_along.ravel()[seen], np.abs(layers.head_across.ravel()[seen])
    reach = np.float32(1.5 * coat.blaze)
    white = np.clip((reach * (np.float32(0.75) + np.float32(0.4) * along) - side) * 6, 0, 1)
    colour = coat.dark + white[:, None] * (coat.light - coat.dark)
    shade = np.float32(0.52) + np.float32(0.5) * np.sqrt(np.clip(1 - side**2, 0, 1))
    eyes = np.exp(-(((along - 0.34) / 0.08) ** 2) - ((side - 0.78) / 0.22) ** 2)
    colour *= (shade * (1 - np.float32(0.85) * eyes))[:, None]
    muzzle = np.clip((along - np.float32(0.74)) * 9, 0, 1)[:, None]
    colour += muzzle * (np.array(_PINK if coat.blaze > 0.8 else _SLATE, dtype=np.float32) - colour) * np.float32(0.8)
    return colour


def _daylight(scene: Scene) -> Floats:
    """(k, 1, 1, 3) factors: summer bright and warm, winter dim and cold."""
    winter = scene.winter.astype(np.float32)[:, None]
    colour = 1 + winter * np.array([-0.14, -0.10, -0.03], dtype=np.float32)
    bright: Floats = (colour * scene.glow[:, None]).astype(np.float32)[:, None, None, :]
    return bright
