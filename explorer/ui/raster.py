"""A still picture of a map, drawn here: it is on the screen before the browser has loaded a chart library."""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor

from explorer.space.projections import Projection
from explorer.ui.colouring import Colouring, groups, scale_colours, split_missing
from explorer.ui.palette import Palette

_STEPS = 256
_OPACITY = 0.75


def still(
    projection: Projection,
    rows: npt.NDArray[np.int64],
    colouring: Colouring | None,
    palette: Palette,
    size: tuple[int, int],
) -> Image.Image:
    """The points ``rows`` of a two-dimensional map as a picture of ``size`` pixels, on a transparent ground.

    Both axes have the same scale. Later points cover earlier ones; they are drawn in the table's order.
    """
    width, height = size
    points = projection.coordinates[rows].astype(np.float64)
    canvas = np.zeros((height, width, 4), dtype=np.float32)
    if not len(rows):
        return Image.fromarray(canvas.astype(np.uint8), "RGBA")
    low, high = points.min(axis=0), points.max(axis=0)
    radius = float(np.clip(8.0 - 1.5 * np.log10(max(len(rows), 100) / 100), 1.4, 8.0))
    room = np.array([width, height]) - 2 * (radius + 2)
    zoom = float((room / np.maximum(high - low, 1e-12)).min())
    centre = np.array([width, height]) / 2
    places = (points - (low + high) / 2) * [zoom, -zoom] + centre
    _splat(canvas, places, _rgb(rows, colouring, palette), radius)
    canvas[..., :3] *= 255
    canvas[..., 3] *= 255
    return Image.fromarray(canvas.round().astype(np.uint8), "RGBA")


def _rgb(rows: npt.NDArray[np.int64], colouring: Colouring | None, palette: Palette) -> npt.NDArray[np.float32]:
    """The colour of each point, float32 (n, 3) in 0..1."""
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
    ramp = _parsed(scale_colours(colouring.scale, np.linspace(0, 1, _STEPS)))
    shares = (colouring.values.to_numpy(dtype=np.float64)[known] - low) / max(high - low, 1e-12)
    out[place[known]] = ramp[np.clip(shares * (_STEPS - 1), 0, _STEPS - 1).astype(int)]
    return out


def _parsed(colours: list[str]) -> npt.NDArray[np.float32]:
    return np.array([ImageColor.getrgb(_whole(colour)) for colour in colours], dtype=np.float32) / np.float32(255)


def _whole(colour: str) -> str:
    """Plotly's ``rgb(1.5, 2, 3)`` with whole numbers, which is all that Pillow reads."""
    if not colour.startswith("rgb("):
        return colour
    return "rgb(" + ",".join(str(round(float(part))) for part in colour[4:-1].split(",")) + ")"


def _splat(
    canvas: npt.NDArray[np.float32],
    places: npt.NDArray[np.float64],
    rgb: npt.NDArray[np.float32],
    radius: float,
) -> None:
    """Draw a disc at each place. One pass per pixel of a disc over all points at once, blended over what is there."""
    height, width, _ = canvas.shape
    corner = np.floor(places).astype(int)
    reach = int(np.ceil(radius))
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            pixel = corner + np.array([dx, dy])
            away = np.hypot(*(pixel + 0.5 - places).T)
            cover = np.clip(radius - away + 0.5, 0, 1) * _OPACITY
            use = (cover > 0) & (pixel >= 0).all(axis=1) & (pixel < [width, height]).all(axis=1)
            x, y = pixel[use].T
            alpha = cover[use].astype(np.float32)[:, None]
            under = canvas[y, x]
            total = alpha + under[:, 3:] * (1 - alpha)
            colour = (rgb[use] * alpha + under[:, :3] * under[:, 3:] * (1 - alpha)) / np.maximum(total, 1e-6)
            canvas[y, x] = np.concatenate([colour, total], axis=1)
