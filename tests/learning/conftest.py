"""A herd that can be learnt from in seconds."""

import io

import numpy as np
import pytest
from PIL import Image

from explorer.learning.encoders import EncoderConfig
from explorer.learning.train import Recipe


def coat(animal: int, visit: int, side: int = 16) -> bytes:
    """A picture of an animal: its own blocks of colour, with a little noise of the visit."""
    blocks = np.random.default_rng(animal).integers(0, 256, (4, 4, 3)).repeat(side // 4, 0).repeat(side // 4, 1)
    noise = np.random.default_rng([animal, visit]).normal(scale=12, size=blocks.shape)
    stream = io.BytesIO()
    Image.fromarray(np.clip(blocks + noise, 0, 255).astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def coats(herd):
    """The small herd with pictures by which its animals can be told apart."""
    herd.observations["image"] = [coat(row // 5, row % 5) for row in range(len(herd.observations))]
    herd.spec["columns"]["image"] = "image"
    return herd


@pytest.fixture
def pictures() -> EncoderConfig:
    return EncoderConfig(architecture="small_conv", input_size=16, dims=8, widths=(8, 8))


@pytest.fixture
def features() -> EncoderConfig:
    return EncoderConfig(architecture="multilayer", input_size=4, dims=8, widths=(16,))


@pytest.fixture
def recipe() -> Recipe:
    return Recipe(steps=40, animals=4, each=4, warm_up=4, look_every=20, shares=(0.5, 0.25, 0.25))
