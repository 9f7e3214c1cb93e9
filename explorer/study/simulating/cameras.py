"""The two cameras, and the floors they look down on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Camera:
    """One camera over one passage.

    gain: (red, green, blue) factors. contrast: about middle grey. noise: sd of each pixel, 0 to 1 scale.
    zoom: 1 for a picture that shows the whole cow just so. shift: where its middle lies, picture units.
    floor: linear RGB. grooves: distance between the floor's grooves in picture units; 0 for a rubber mat.
    """

    name: str
    gain: tuple[float, float, float]
    contrast: float
    noise: float
    zoom: float
    shift: tuple[float, float]
    floor: tuple[float, float, float]
    grooves: float


CAMERAS = (
    Camera("camera 1", (1.0, 1.0, 1.0), 1.0, 0.012, 1.0, (0.0, 0.0), (0.47, 0.46, 0.44), 0.25),
    Camera("camera 2", (1.05, 1.0, 0.88), 0.86, 0.03, 0.94, (0.06, -0.03), (0.40, 0.36, 0.32), 0.0),
)

NEUTRAL = Camera("camera", (1.0, 1.0, 1.0), 0.94, 0.02, 0.97, (0.03, -0.015), (0.44, 0.41, 0.38), 0.25)
"""The one camera of a herd whose pictures know no camera."""


def floor_of(camera: Camera, size: int) -> Floats:
    """(size, size, 3) float32: the empty passage with a rail on either side."""
    rng = np.random.default_rng([20210302, *camera.name.encode()])
    grid = (np.arange(size) + 0.5) * 2 / size - 1
    x, y = (grid[None, :] - camera.shift[0]) / camera.zoom, -(grid[:, None] - camera.shift[1]) / camera.zoom
    speckle = gaussian_filter(rng.standard_normal((size, size)), size / 100, mode="wrap")
    stains = gaussian_filter(rng.standard_normal((size, size)), size / 12, mode="wrap")
    level = 1 + 0.035 * speckle / speckle.std() + 0.05 * stains / stains.std()
    if camera.grooves:
        level = level - 0.16 * np.exp(-(((np.mod(y + x * 0.02, camera.grooves) - camera.grooves / 2) / 0.02) ** 2))
    picture = level[:, :, None] * np.array(camera.floor)
    for side in (-0.93, 0.93):
        rail = np.exp(-(((x - side) / 0.045) ** 4))[:, :, None]
        sheen = 0.62 + 0.25 * np.exp(-(((x - side + 0.012) / 0.018) ** 2))[:, :, None]
        picture = picture * (1 - rail) + rail * sheen * np.array([0.93, 0.97, 1.0])
    return picture.astype(np.float32)


_PATCHES = 5


def wet_patches(rng: np.random.Generator, count: int, size: int) -> Floats:
    """(count, size, size) float32 around 1: how the floor happens to be wetted and dirtied each time."""
    coarse = rng.standard_normal((count, _PATCHES, _PATCHES), dtype=np.float32)
    way = np.linspace(0, _PATCHES - 1, size, dtype=np.float32)
    linear = np.clip(1 - np.abs(way[:, None] - np.arange(_PATCHES, dtype=np.float32)), 0, 1)
    fine: Floats = linear @ coarse @ linear.T
    return 1 - np.float32(0.06) * fine


def expose(
    pictures: Floats, cameras: tuple[Camera, ...], of: npt.NDArray[np.int64], noise: Floats
) -> npt.NDArray[np.uint8]:
    """What the cameras make of the light: colour, contrast, noise, and 256 steps.

    pictures: (k, h, w, 3) linear-ish 0 to 1. of: (k,) which camera. noise: (k, h, w, 3) standard normal.
    """
    gain = np.array([camera.gain for camera in cameras], dtype=np.float32)[of][:, None, None, :]
    contrast = np.array([camera.contrast for camera in cameras], dtype=np.float32)[of][:, None, None, None]
    spread = np.array([camera.noise for camera in cameras], dtype=np.float32)[of][:, None, None, None]
    seen = (pictures * gain - np.float32(0.45)) * contrast + np.float32(0.45) + spread * noise
    bytes_: npt.NDArray[np.uint8] = (np.clip(seen, 0, 1) * 255 + np.float32(0.5)).astype(np.uint8)
    return bytes_
