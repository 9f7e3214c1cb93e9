"""Miners that draw: one seeded source of chance each, which can be saved."""

from typing import Any

import torch
from torch import Tensor

from explorer.learning.miners.base import Miner


class ChanceMiner(Miner):
    """A miner that draws. The same seed and calls give the same triplets, on any device."""

    def __init__(self, *, seed: int = 0) -> None:
        # On the CPU, wherever the embeddings are: a GPU's own generator draws other numbers.
        self._generator = torch.Generator().manual_seed(seed)

    def state_dict(self) -> dict[str, Any]:
        """The state of the source of chance."""
        return {"generator": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Draw from here on what the miner that gave ``state`` would have drawn."""
        self._generator.set_state(state["generator"])

    def _uniform(self, count: int, device: torch.device) -> Tensor:
        """Float32 (count,), 0 <= u < 1."""
        return torch.rand(count, generator=self._generator).to(device)

    def _draw(self, weights: Tensor, rows: Tensor) -> Tensor:
        """For each of ``rows`` int64 (t,) a column of ``weights`` (n, n), with a probability in proportion to them.

        Weights are 0 or more; each drawn row has one above 0. By inverting one cumulative sum over all rows.
        """
        up_to = weights.double().cumsum(dim=1)
        total = up_to[:, -1:]
        up_to.div_(total.where(total > 0, 1.0)).add_(torch.arange(len(weights), device=weights.device)[:, None])
        # float32 stays so far below 1 that adding the row in float64 does not reach the next row.
        wanted = rows + self._uniform(len(rows), rows.device).double()
        return torch.searchsorted(up_to.flatten(), wanted, right=True) - rows * weights.shape[1]
