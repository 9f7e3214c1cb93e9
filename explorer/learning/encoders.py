"""The networks: a small convolutional encoder for pictures, a multilayer one for measured features."""

from typing import Annotated, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

Architecture = Literal["small_conv", "multilayer"]

REACH = 10.0
"""Spreads of a task that a length of 1 along its dimension stands for.

So large that a task of usual values takes a hundredth of a vector's squared length, and leaves the rest to the others.
"""

_MOST = 0.95
"""Length that the task dimensions of a unit vector have at most, together: something is left to know the animal by."""


class EncoderConfig(BaseModel):
    """All that decides an encoder's tensors. It is read from files, so everything in it is bounded.

    ``input_size`` is the side of the square RGB picture in pixels, or the number of features; ``widths`` the
    channels of the convolutional stages (each halves the side) or the units of the hidden layers. The first
    ``task_dims`` of the ``dims`` dimensions say one task each.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    architecture: Architecture = "small_conv"
    input_size: Annotated[int, Field(ge=1, le=65_536)] = 64
    dims: Annotated[int, Field(ge=2, le=4_096)] = 128
    widths: Annotated[tuple[Annotated[int, Field(ge=1, le=4_096)], ...], Field(min_length=1, max_length=8)] = (
        32,
        64,
        128,
        128,
    )
    task_dims: Annotated[int, Field(ge=0, le=64)] = 0

    @model_validator(mode="after")
    def _fits(self) -> "EncoderConfig":
        if self.architecture == "small_conv":
            step = 2 ** len(self.widths)
            if self.input_size % step or not step <= self.input_size <= 512:
                raise ValueError(f"the side must be a multiple of {step} and at most 512 pixels, not {self.input_size}")
        if self.task_dims > self.dims - 2:
            raise ValueError(f"{self.task_dims} task dimensions leave fewer than 2 of {self.dims} to others")
        return self


def pictures_config(side: int = 64, dims: int = 128) -> EncoderConfig:
    """The usual encoder for square RGB pictures of ``side`` pixels: about 0.7 million parameters at 64."""
    return EncoderConfig(architecture="small_conv", input_size=side, dims=dims)


def features_config(features: int, dims: int = 128) -> EncoderConfig:
    """The usual encoder for vectors of measured ``features``."""
    return EncoderConfig(architecture="multilayer", input_size=features, dims=dims, widths=(256, 256))


class Encoder(nn.Module):
    """Turns a batch of inputs into unit vectors: float32 (n, dims), each of Euclidean length 1.

    The first ``task_dims`` dimensions say a task each, in a unit vector as well as before: of a raw vector they are the
    task in spreads, less its mean, and the unit vector holds them divided by ``REACH``, whatever the others are; these
    are scaled to fill the length up to 1. So ``task_mean + task_spread * dimension`` of a unit vector is the task in
    its own unit; both are buffers (task_dims,). Tasks are shortened where together they are longer than 0.95.
    """

    task_mean: Tensor
    task_spread: Tensor

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        if config.task_dims:
            self.register_buffer("task_mean", torch.zeros(config.task_dims))
            self.register_buffer("task_spread", torch.full((config.task_dims,), REACH))

    def forward(self, batch: Tensor) -> Tensor:
        """Unit vectors (n, dims)."""
        return self.unit(self.raw(batch))

    def raw(self, batch: Tensor) -> Tensor:
        """The vectors before they are brought to unit length."""
        raise NotImplementedError

    def unit(self, raw: Tensor) -> Tensor:
        """Raw vectors (n, dims) brought to unit length."""
        count = self.config.task_dims
        return self.fill(raw[:, :count] / REACH, raw[:, count:])

    def fill(self, tasks: Tensor, others: Tensor) -> Tensor:
        """Unit vectors of task dimensions as they are to stay (n, task_dims) and other dimensions of any length."""
        if not tasks.shape[1]:
            return functional.normalize(others, dim=1)
        length = torch.linalg.vector_norm(tasks, dim=1, keepdim=True)
        tasks = tasks * (_MOST / length.clamp(min=_MOST))
        room = (1 - tasks.square().sum(dim=1, keepdim=True)).sqrt()
        return torch.cat([tasks, functional.normalize(others, dim=1) * room], dim=1)


class SmallConv(Encoder):
    """Residual stages that each halve the side, then one linear layer over all places.

    Input: float32 (n, 3, side, side), RGB in 0..1. The places are kept apart at the end, not averaged: where on the
    body a patch lies is what tells one coat from another. The colour standardisation is part of the model.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(config)
        self.register_buffer("mean", torch.full((3,), 0.5))
        self.register_buffer("std", torch.full((3,), 0.25))
        stages: list[nn.Module] = [_convolution(3, config.widths[0], stride=2)]
        for number, (before, after) in enumerate(zip(config.widths[:-1], config.widths[1:], strict=True)):
            stages.append(_convolution(before, after, stride=2))
            if number < len(config.widths) - 2:
                stages.append(_Residual(after))
        self.stages = nn.Sequential(*stages)
        side = config.input_size // 2 ** len(config.widths)
        self.head = nn.Linear(config.widths[-1] * side * side, config.dims)

    def raw(self, batch: Tensor) -> Tensor:
        """The vectors before they are brought to unit length."""
        standard = (batch - self.mean[:, None, None]) / self.std[:, None, None]
        out = self.stages(standard.contiguous(memory_format=torch.channels_last))
        return self.head(torch.flatten(out.contiguous(), 1))


class Multilayer(Encoder):
    """Linear layers over measured features.

    Input: float32 (n, features) in the features' own units; NaN is a missing value. Each feature is standardised by
    the mean and spread that the model stores; a missing one counts as average, and the network is told which are
    missing by one more input for each feature.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(config)
        self.register_buffer("mean", torch.zeros(config.input_size))
        self.register_buffer("std", torch.ones(config.input_size))
        layers: list[nn.Module] = []
        before = 2 * config.input_size
        for width in config.widths:
            layers += [nn.Linear(before, width), nn.LayerNorm(width), nn.ReLU()]
            before = width
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(before, config.dims)

    def raw(self, batch: Tensor) -> Tensor:
        """The vectors before they are brought to unit length."""
        missing = torch.isnan(batch)
        standard = torch.where(missing, 0.0, (batch - self.mean) / self.std)
        return self.head(self.layers(torch.cat([standard, missing.to(standard.dtype)], dim=1)))


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.convolution = _convolution(width, width)

    def forward(self, batch: Tensor) -> Tensor:
        return batch + self.convolution(batch)


def _convolution(before: int, after: int, *, stride: int = 1) -> nn.Sequential:
    norm = nn.BatchNorm2d(after)
    norm.num_batches_tracked = None  # not needed with a fixed momentum, and the one tensor that is not float32
    convolution = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
    return nn.Sequential(convolution, norm, nn.ReLU(inplace=True))


def build_encoder(config: EncoderConfig) -> Encoder:
    """A new encoder with random weights, from PyTorch's own generator."""
    encoder = Multilayer(config) if config.architecture == "multilayer" else SmallConv(config)
    return settle(encoder).train()


def encoder_of(config: EncoderConfig, tensors: dict[str, Tensor]) -> Encoder:
    """The encoder with just these ``tensors`` as its state, in evaluation mode; nothing random is drawn.

    Raises KeyError or RuntimeError for tensors of other names or shapes.
    """
    with torch.device("meta"):  # no memory is taken, no chance used
        encoder = build_encoder(config)
    load_tensors(encoder, tensors, assign=True)
    return settle(encoder)


def load_tensors(module: nn.Module, tensors: dict[str, Tensor], *, assign: bool = False) -> None:
    """Put ``tensors``, by the names of its state, into ``module``. Raises KeyError or RuntimeError for others."""
    state = module.state_dict()  # it carries the layers' versions, which a plain dict has not
    if state.keys() != tensors.keys():
        raise KeyError(f"tensors {', '.join(sorted(state.keys() ^ tensors.keys()))}")
    state.update(tensors)
    module.load_state_dict(state, assign=assign)


def settle(encoder: Encoder) -> Encoder:
    """``encoder`` in evaluation mode, laid out in memory as it computes fastest."""
    if encoder.config.architecture == "small_conv":
        encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return encoder.eval()
