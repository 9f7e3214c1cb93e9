"""Training throughput beside a bare PyTorch loop with the same network, batch and loss; speed of embedding."""

import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.miners import TripletMarginMiner

from explorer.learning.batches import AnimalBatches
from explorer.learning.embed import embed_study
from explorer.learning.encoders import build_encoder, pictures_config
from explorer.learning.material import Material, read_material
from explorer.learning.train import Recipe, steps_of
from explorer.places import shipped
from explorer.study.simulating import simulate_herd
from explorer.study.study import open_study

_STEPS = 20
_ROUNDS = 5


def main() -> None:
    """Print a small table."""
    with tempfile.TemporaryDirectory() as folder:
        study = open_study(simulate_herd(Path(folder) / "herd", animals=235, seed=9))
        print(f"{len(study):,} pictures of 64 px; {os.cpu_count()} cores, torch with {torch.get_num_threads()} threads")
        config = pictures_config()
        material = read_material([study], config)
        recipe = Recipe()
        torch.manual_seed(0)
        ours = _ours(material, recipe)
        bare = _bare(material, recipe)
        times: dict[str, list[float]] = {"ours": [], "bare": []}
        for _ in range(_ROUNDS):  # in turn, so that a busy machine slows both
            for name, steps in (("ours", ours), ("bare", bare)):
                times[name].append(_seconds(lambda steps=steps: list(itertools.islice(steps, _STEPS))))
        pictures = _STEPS * recipe.animals * recipe.each
        for name, label in (("ours", "ours, changing the pictures anew each time"), ("bare", "bare PyTorch loop")):
            print(f"  {label:52} {pictures / statistics.median(times[name]):,.0f} pictures/s")
        ratios = [mine / theirs for mine, theirs in zip(times["ours"], times["bare"], strict=True)]
        print(f"  {'time of ours over that of the bare loop, median':52} {statistics.median(ratios):.2f}")
        seconds = _seconds(lambda: embed_study(study, shipped("pretrained") / "herd", "herd"))
        print(f"  {f'embedding {len(study):,} pictures, reading and writing too':52} {seconds:.1f} s")


def _ours(material: Material, recipe: Recipe) -> Iterator[torch.Tensor]:
    batches = AnimalBatches(material.codes, material.dates, animals=recipe.animals, each=recipe.each, seed=0)
    return steps_of(build_encoder(pictures_config()), material, batches, recipe, 0, torch.device("cpu"))


def _bare(material: Material, recipe: Recipe) -> Iterator[torch.Tensor]:
    """As short as it gets: random animals, no changes to the pictures, no schedule."""
    encoder = build_encoder(pictures_config())
    optimiser = torch.optim.AdamW(encoder.parameters(), lr=recipe.rate)
    miner, loss_of = TripletMarginMiner(recipe.margin, "semihard"), TripletMarginLoss(recipe.margin)
    rows_of = [np.flatnonzero(material.codes == code) for code in range(len(material.labels))]
    rng = np.random.default_rng(0)
    while True:
        chosen = rng.choice(len(rows_of), recipe.animals, replace=False)
        rows = np.concatenate([rng.choice(rows_of[code], recipe.each, replace=False) for code in chosen])
        inputs = torch.from_numpy(material.inputs[rows]).float() / 255
        labels = torch.from_numpy(material.codes[rows])
        vectors = encoder(inputs)
        loss = loss_of(vectors, labels, miner(vectors, labels))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        yield loss.detach()


def _seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
