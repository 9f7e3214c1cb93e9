"""t-SNE by openTSNE, on neighbours that are found already, with progress and pictures of the way."""

import math

import numpy as np
import numpy.typing as npt

from explorer.engine import SnapshotReport
from explorer.space.neighbours import Neighbours
from explorer.space.pca import fit_pca

PERPLEXITY = {"local": 10.0, "balanced": 30.0, "global": 100.0}
"""How many neighbours each point keeps close, in effect."""

_EXAGGERATED, _PLAIN = 250, 500

_FEW = 1_000
"""With fewer points the threads wait for each other longer than they work: measured up to 30 times slower."""

_MANY = 10_000
"""With more points in the plane the forces are interpolated on a grid, which costs the same for any number.

Affinities are then uniform: on 20,000 digits that is quicker and keeps a little more than Gaussian ones do.
"""


def perplexity_of(scale: str, neighbours: int | None, points: int) -> float:
    """The perplexity that a scale or a number of neighbours asks for, as far as ``points`` allow: a third of them."""
    wanted = PERPLEXITY[scale] if neighbours is None else float(neighbours)
    return min(wanted, (points - 1) / 3)


def wanted_neighbours(perplexity: float, points: int) -> int:
    """How many neighbours the layout is given: three per unit of perplexity for few points, half of one for many."""
    return math.ceil(3 * perplexity) if points <= _MANY else max(5, round(perplexity / 2))


def tsne(
    vectors: npt.NDArray[np.float32],
    near: Neighbours,
    *,
    dims: int,
    perplexity: float,
    seed: int,
    report: SnapshotReport,
) -> npt.NDArray[np.float32]:
    """t-SNE coordinates (van der Maaten and Hinton, 2008) of ``vectors`` (n, d) with neighbours ``near``: (n, dims).

    Affinities are Gaussian of the given perplexity up to 10,000 points. Beyond, they are the same for the nearest
    ``perplexity`` / 2 neighbours (Böhm, Berens and Kobak, 2022), which on 20,000 digits kept as many neighbours
    together (41 % for 40 %) in less time. Started from principal components (Kobak and
    Berens, 2019), learning rate n / exaggeration (Belkina et al., 2019).

    The same seed gives the same coordinates on any number of cores: openTSNE sums each point's forces on one of them,
    in one order. ``dims`` 3 uses the Barnes-Hut gradient, which is slower. ``report`` is handed the places so far.
    """
    from openTSNE import TSNE, initialization
    from openTSNE.affinity import Affinities, PerplexityBasedNN, Uniform
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    n = len(vectors)
    interpolated = dims == 2 and n > _MANY
    threads = 1 if n < _FEW else -1
    near = near.nearest(wanted_neighbours(perplexity, n))
    index = PrecomputedNeighbors(near.indices, near.distances.astype(np.float64))
    affinities: Affinities = (
        PerplexityBasedNN(perplexity=perplexity, knn_index=index, n_jobs=threads)
        if n <= _MANY
        else Uniform(knn_index=index, k_neighbors=near.k, symmetrize="max", n_jobs=threads)
    )
    components = fit_pca(vectors, np.ones(n, dtype=bool), dims).transform(vectors)
    start = np.pad(components, ((0, 0), (0, dims - components.shape[1]))).astype(np.float64)
    start = initialization.jitter(initialization.rescale(start), random_state=seed)
    done = 0

    def heard(iteration: int, error: float, places: npt.NDArray[np.float64]) -> None:
        nonlocal done
        del iteration, error  # of the phase, not of the whole
        done += 10
        report(min(1.0, done / (_EXAGGERATED + _PLAIN)), "moving the points", snapshot=places)

    report(0.0, "moving the points")
    layout = TSNE(
        n_components=dims,
        early_exaggeration_iter=_EXAGGERATED,
        n_iter=_PLAIN,
        initialization=start,
        negative_gradient_method="fft" if interpolated else "bh",
        random_state=seed,
        n_jobs=threads,
        callbacks=heard,
        callbacks_every_iters=10,
    ).fit(affinities=affinities)
    return np.asarray(layout, dtype=np.float32)
