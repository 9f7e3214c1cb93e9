"""t-SNE by openTSNE, with progress."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

PERPLEXITY = {"local": 10.0, "balanced": 30.0, "global": 100.0}
"""How many neighbours each point keeps close, in effect."""

_EXAGGERATED, _PLAIN = 250, 500

_FEW = 1_000
"""With fewer points the threads wait for each other longer than they work: measured up to 30 times slower."""


def tsne(
    vectors: npt.NDArray[np.float32],
    *,
    dims: int,
    scale: str,
    seed: int,
    report: Callable[[float, str], None],
) -> npt.NDArray[np.float32]:
    """t-SNE coordinates (van der Maaten and Hinton, 2008) of ``vectors`` (n, d): float32 (n, dims).

    Started from principal components (Kobak and Berens, 2019), learning rate n / exaggeration (Belkina et al.,
    2019), reproducible for a seed. ``dims`` 3 uses the Barnes-Hut gradient, which is slower.
    """
    from openTSNE import TSNE

    perplexity = min(PERPLEXITY[scale], (len(vectors) - 1) / 3)
    done = 0

    def heard(*_: object) -> None:  # it is told the iteration of the phase, not of the whole
        nonlocal done
        done += 10
        report(0.3 + 0.7 * min(1.0, done / (_EXAGGERATED + _PLAIN)), "moving the points")

    report(0.0, "finding each point's neighbours")
    layout = TSNE(
        n_components=dims,
        perplexity=perplexity,
        early_exaggeration_iter=_EXAGGERATED,
        n_iter=_PLAIN,
        initialization="pca",
        negative_gradient_method="fft" if dims == 2 and len(vectors) > 10_000 else "bh",
        random_state=seed,
        n_jobs=1 if len(vectors) < _FEW else -1,
        callbacks=heard,
        callbacks_every_iters=10,
    ).fit(np.pad(vectors, ((0, 0), (0, max(0, dims - vectors.shape[1])))))  # its start needs one axis a dimension
    return np.asarray(layout, dtype=np.float32)
