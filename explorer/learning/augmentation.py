"""Harmless changes of whole batches: what may differ between two observations of one animal."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Augmentation:
    """How strong each change is; every one is drawn anew for every observation.

    Pictures (float32 (n, 3, s, s) in 0..1): turned by up to ``degrees``, moved by up to ``shift`` of the side,
    scaled by up to ``scale`` (a larger picture is thereby cropped), brightness, contrast and colour balance changed,
    blurred up to the mean of 3 x 3 pixels, noise added. They are never mirrored: two mirrored coats are two animals.
    Features: ``feature_noise`` of each one's spread is added, ``feature_loss`` of them are made missing.
    """

    degrees: float = 20.0
    shift: float = 0.08
    scale: float = 0.15
    brightness: float = 0.2
    contrast: float = 0.35
    colour: float = 0.12
    noise: float = 0.05
    feature_noise: float = 0.1
    feature_loss: float = 0.05

    def pictures(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        """A changed copy of ``batch``; ``generator`` must live on the batch's device."""
        n, device = len(batch), batch.device

        def between(low: float, high: float, *shape: int) -> Tensor:
            return low + (high - low) * torch.rand(n, *shape, generator=generator, device=device)

        angle = between(-self.degrees, self.degrees) * (torch.pi / 180)
        zoom = torch.exp(between(-self.scale, self.scale))
        cos, sin = torch.cos(angle) / zoom, torch.sin(angle) / zoom
        moves = between(-2 * self.shift, 2 * self.shift, 2)
        theta = torch.stack([cos, -sin, moves[:, 0], sin, cos, moves[:, 1]], dim=1).view(n, 2, 3)
        grid = functional.affine_grid(theta, list(batch.shape), align_corners=False)
        out = functional.grid_sample(batch, grid, padding_mode="border", align_corners=False)
        blurred = functional.avg_pool2d(out, 3, stride=1, padding=1, count_include_pad=False)
        out = torch.lerp(out, blurred, between(0.0, 1.0, 1, 1, 1))
        mean = out.mean(dim=(1, 2, 3), keepdim=True)
        gain = torch.exp(between(-self.contrast, self.contrast, 1, 1, 1) + between(-self.colour, self.colour, 3, 1, 1))
        level = mean + between(-self.brightness, self.brightness, 1, 1, 1)
        out = (out - mean).mul_(gain).add_(level)
        spread = between(0.0, self.noise, 1, 1, 1)
        out.add_(torch.randn(out.shape, generator=generator, device=device).mul_(spread))
        return out.clamp_(0.0, 1.0)

    def features(self, batch: Tensor, spread: Tensor, generator: torch.Generator) -> Tensor:
        """A changed copy of ``batch`` (n, features); ``spread`` (features,) is each feature's standard deviation."""
        noise = torch.randn(batch.shape, generator=generator, device=batch.device)
        lost = torch.rand(batch.shape, generator=generator, device=batch.device) < self.feature_loss
        return torch.where(lost, torch.nan, batch + self.feature_noise * spread * noise)
