"""Fitting OPML to triplets, beside pymanopt with the same objective, gradient and start."""

import os
import statistics
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch

from explorer.learning.losses.opml import OpmlObjective, first_maps
from explorer.learning.opml import OpmlFit, fit_opml

_TRIPLETS, _DIMS, _SIZE, _STEPS, _ROUNDS = 5_000, 64, 16, 30, 5


def main() -> None:
    """Print a small table."""
    parts = _triplets()
    print(f"{_TRIPLETS:,} triplets, {_DIMS} -> {_SIZE}, {_STEPS} steps; {os.cpu_count()} cores, median of {_ROUNDS}")
    runs: dict[str, Callable[[], tuple[float, int]]] = {
        "ours, A free": lambda: _end(fit_opml(*parts, _SIZE, steps=_STEPS)),
        "ours, A fixed": lambda: _end(fit_opml(*parts, _SIZE, steps=_STEPS, weighting="fixed")),
        "ours, unweighted": lambda: _end(fit_opml(*parts, _SIZE, steps=_STEPS, weighting="none")),
    }
    peer = _peer(parts)
    if peer is None:
        print("  pymanopt is not installed: nothing to compare with")
    else:
        runs["pymanopt, A free"] = peer
    times: dict[str, list[float]] = {name: [] for name in runs}
    ends: dict[str, tuple[float, int]] = {}
    for _ in range(_ROUNDS):  # in turn, so that a busy machine slows all
        for name, run in runs.items():
            start = time.perf_counter()
            ends[name] = run()
            times[name].append(time.perf_counter() - start)
    for name, (end, steps) in ends.items():
        print(f"  {name:20} {statistics.median(times[name]):6.3f} s   J {end:.7f} after {steps} steps")


def _triplets() -> tuple[npt.NDArray[np.float64], ...]:
    """Unit vectors of 50 noisy classes."""
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(50, _DIMS))
    classes = rng.integers(0, 50, _TRIPLETS)
    others = (classes + rng.integers(1, 50, _TRIPLETS)) % 50
    parts = [centers[rows] + rng.normal(size=(_TRIPLETS, _DIMS)) for rows in (classes, classes, others)]
    return tuple(part / np.linalg.norm(part, axis=1, keepdims=True) for part in parts)


def _end(fit: OpmlFit) -> tuple[float, int]:
    return float(fit.history[-1]), len(fit.history) - 1


def _peer(parts: tuple[npt.NDArray[np.float64], ...]) -> Callable[[], tuple[float, int]] | None:
    try:
        import pymanopt
    except ImportError:
        return None
    from pymanopt.manifolds import Euclidean, Product, Stiefel
    from pymanopt.optimizers import ConjugateGradient

    objective = OpmlObjective(*(torch.from_numpy(part) for part in parts), alpha=45.0)
    manifold = Product([Stiefel(_DIMS, _SIZE), Euclidean(_DIMS, _SIZE)])
    start = [part.numpy() for part in first_maps(_DIMS, _SIZE, "free", 0) if part is not None]

    @pymanopt.function.numpy(manifold)
    def cost(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> float:
        return float(objective.terms(torch.from_numpy(first), torch.from_numpy(second)).mean())

    @pymanopt.function.numpy(manifold)
    def gradient(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> list[npt.NDArray[np.float64]]:
        found = objective.gradients(torch.from_numpy(first), torch.from_numpy(second))
        return [part.numpy() for part in found if part is not None]

    problem = pymanopt.Problem(manifold, cost, euclidean_gradient=gradient)

    def run() -> tuple[float, int]:
        found = ConjugateGradient(max_iterations=_STEPS, verbosity=0).run(problem, initial_point=start)
        return float(found.cost), int(found.iterations)

    return run


if __name__ == "__main__":
    main()
