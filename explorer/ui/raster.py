"""A still picture of a map, drawn here: it is on the screen before the browser has loaded a chart library."""

import numpy as np
import numpy.typing as npt
from PIL import Image

from explorer.space.projections import Projection
from explorer.ui.colouring import Colouring, groups, rgb, split_missing
from explorer.ui.palette import Palette

_STEPS = 256


def still(
    projection: Projection,
    rows: npt.NDArray[np.int64],
    colouring: Colouring | None,
    palette: Palette,
    size: tuple[int, int],
) -> Image.Image:
    """The points ``rows`` of a two-dimensional map as a picture of ``size`` pixels, on a transparent ground.

    Both axes have the same scale. Points cover each other in a random order, which is always the same.
    """
    width, height = size
    points = projection.coordinates[rows].astype(np.float64)
    if not len(rows):
        return Image.new("RGBA", size)
    low, high = points.min(axis=0), points.max(axis=0)
    radius = float(np.clip(8.5 - 1.9 * np.log10(max(len(rows), 100) / 100), 2.0, 8.5))
    room = np.array([width, height]) - 2 * (radius + 2)
    zoom = float((room / np.maximum(high - low, 1e-12)).min())
    centre = np.array([width, height]) / 2
    places = (points - (low + high) / 2) * [zoom, -zoom] + centre
    # Tables are often sorted by group: in their order, the last group would cover the others.
    shuffled = np.random.default_rng(0).permutation(len(rows))
    top = _uppermost(places[shuffled], radius, size)
    canvas = np.zeros((height, width, 4), dtype=np.uint8)
    drawn = top >= 0
    canvas[drawn, :3] = _rgb(rows, colouring, palette)[shuffled[top[drawn]]]
    canvas[drawn, 3] = 255
    return Image.fromarray(canvas, "RGBA")


def _rgb(rows: npt.NDArray[np.int64], colouring: Colouring | None, palette: Palette) -> npt.NDArray[np.uint8]:
    """The colour of each point, uint8 (n, 3)."""
    if colouring is None:
        return np.tile(_parsed([palette.accent]), (len(rows), 1))
    out = np.tile(_parsed([palette.missing]), (len(rows), 1))
    place = np.full(int(rows.max()) + 1, -1)
    place[rows] = np.arange(len(rows))
    known, _ = split_missing(colouring, rows)
    if colouring.by_category:
        for group in groups(colouring, known, palette):
            out[place[group.rows]] = _parsed([group.colour])
        return out
    low, high = colouring.limits(known)
    ramp = _parsed(colouring.ramp(palette, _STEPS))
    shares = (colouring.values.to_numpy(dtype=np.float64)[known] - low) / max(high - low, 1e-12)
    out[place[known]] = ramp[np.clip(shares * (_STEPS - 1), 0, _STEPS - 1).astype(int)]
    return out


def _parsed(colours: list[str]) -> npt.NDArray[np.uint8]:
    return np.array([rgb(colour) for colour in colours], dtype=np.uint8)


def _uppermost(places: npt.NDArray[np.float64], radius: float, size: tuple[int, int]) -> npt.NDArray[np.int64]:
    """Which point covers each pixel, int64 (height, width), -1 for none; of several the last.

    One pass per pixel of a disc, over all points at once. The edges are hard: the browser shows the picture at less
    than half its size, which smooths them.
    """
    width, height = size
    top = np.full((height, width), -1)
    pixel = np.floor(places).astype(np.int64)
    order = np.arange(len(places))
    reach = int(radius)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            if dx * dx + dy * dy > radius * radius:
                continue
            x, y = pixel[:, 0] + dx, pixel[:, 1] + dy
            inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
            layer = np.full((height, width), -1)
            layer[y[inside], x[inside]] = order[inside]  # of equal places the last is kept
            np.maximum(top, layer, out=top)
    return top
