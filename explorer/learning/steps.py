"""The steps of training, one after the other, and all that the next one depends on."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from explorer.learning.batches import AnimalBatches
from explorer.learning.encoders import Encoder, load_tensors
from explorer.learning.magnet_batches import MagnetBatches
from explorer.learning.material import Material
from explorer.learning.model_files import encode, to_tensor
from explorer.learning.objectives import Objective, Outcome
from explorer.learning.recipe import Recipe, rate_at
from explorer.learning.targets import no_targets

Tensors = dict[str, Tensor]


class Steps:
    """Each ``next`` trains ``encoder`` by one step on one batch, and gives its ``Outcome``, detached, not waited for.

    Adam with decoupled weight decay; the rate follows ``rate_at``. ``tensors`` and ``values`` are together all that
    later steps depend on beside the arguments: steps made of the same arguments, after ``restore``, go on bit for bit
    as these would have (on the same processor, with as many threads).
    """

    def __init__(
        self,
        encoder: Encoder,
        objective: Objective,
        material: Material,
        batches: AnimalBatches,
        recipe: Recipe,
        seed: int,
        device: torch.device,
    ) -> None:
        self.encoder, self.objective, self.batches, self.recipe = encoder, objective, batches, recipe
        self.taken = 0
        self._material, self._device = material, device
        self._parameters = [*encoder.parameters(), *objective.parameters()]
        self._optimiser = torch.optim.AdamW(self._parameters, lr=recipe.rate, weight_decay=recipe.weight_decay)
        self._generator = torch.Generator(device).manual_seed(seed)

    def __iter__(self) -> Iterator[Outcome]:
        """Itself, without an end."""
        return self

    def __next__(self) -> Outcome:
        """Take one step."""
        rows, clusters = self._batch()
        inputs = to_tensor(self._material.inputs[rows], self._device)
        augmentation = self.recipe.augmentation
        if self._material.inputs.dtype == np.uint8:
            inputs = augmentation.pictures(inputs, self._generator)
        else:
            inputs = augmentation.features(inputs, self.encoder.get_buffer("std"), self._generator)
        self.encoder.train()
        self.objective.train()
        for group in self._optimiser.param_groups:
            group["lr"] = self.recipe.rate * rate_at(self.taken, self.recipe)
        outcome = self.objective(self.encoder, inputs, torch.from_numpy(rows).to(self._device), clusters=clusters)
        self._optimiser.zero_grad(set_to_none=True)
        outcome.loss.backward()
        self._optimiser.step()
        self.taken += 1
        return Outcome(outcome.loss.detach(), outcome.parts, outcome.counts)

    def _batch(self) -> tuple[npt.NDArray[np.intp], Tensor | None]:
        """The next rows, and the cluster of each where the batches are made of clusters."""
        if not isinstance(self.batches, MagnetBatches):
            return next(self.batches), None
        if self.batches.due:
            inputs = self._material.inputs[self.batches.rows]
            self.batches.see(encode(self.encoder, inputs, device=self._device))
        rows = next(self.batches)
        return rows, torch.from_numpy(self.batches.clusters[rows]).to(self._device)

    def tensors(self) -> Tensors:
        """Weights, moments and sources of chance as they stand, by name; on the CPU, sharing nothing."""
        found = {f"encoder/{name}": tensor for name, tensor in self.encoder.state_dict().items()}
        found |= {f"objective/{name}": tensor for name, tensor in self.objective.state_dict().items()}
        for number, state in self._optimiser.state_dict()["state"].items():
            found |= {f"optimiser/{number}/{name}": tensor for name, tensor in state.items()}
        found["generator"] = self._generator.get_state()
        found["torch"] = torch.random.get_rng_state()
        if self.objective.metric is not None:
            found |= {f"miner/{name}": tensor for name, tensor in self.objective.metric.miner.state_dict().items()}
        return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in found.items()}

    def values(self) -> dict[str, Any]:
        """The rest, as plain values that JSON can hold."""
        return {"taken": self.taken, "batches": self.batches.state_dict()}

    def restore(self, tensors: Tensors, values: dict[str, Any]) -> None:
        """Stand where other steps stood. Raises KeyError, RuntimeError or ValueError for what does not fit."""
        load_tensors(self.encoder, part(tensors, "encoder/"))
        load_tensors(self.objective, part(tensors, "objective/"))
        states: dict[int, dict[str, Tensor]] = {}
        for name, tensor in part(tensors, "optimiser/").items():
            number, _, what = name.partition("/")
            states.setdefault(int(number), {})[what] = tensor
        for place, state in states.items():
            for what in state.keys() - {"step"}:  # laid out in memory as the weights are: computed in the same order
                state[what] = torch.empty_like(self._parameters[place]).copy_(state[what])
        groups = self._optimiser.state_dict()["param_groups"]
        self._optimiser.load_state_dict({"state": states, "param_groups": groups})
        self._generator.set_state(tensors["generator"])
        torch.random.set_rng_state(tensors["torch"])
        if self.objective.metric is not None:
            self.objective.metric.miner.load_state_dict(part(tensors, "miner/"))
        self.batches.load_state_dict(values["batches"])
        self.taken = int(values["taken"])


def part(tensors: Tensors, prefix: str) -> Tensors:
    """Those whose name begins with ``prefix``, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def steps_of(
    encoder: Encoder, material: Material, batches: AnimalBatches, recipe: Recipe, seed: int, device: torch.device
) -> Iterator[Tensor]:
    """Train ``encoder`` on animals alone, step by step; each gives its loss, a scalar on ``device``, not waited for."""
    targets = no_targets(len(material.codes))
    objective = Objective(recipe, encoder.config, targets, material.codes, seed=seed).to(device)
    for outcome in Steps(encoder, objective, material, batches, recipe, seed, device):
        yield outcome.loss
