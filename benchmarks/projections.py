"""Our exact PCA beside scikit-learn's, on the same vectors in one run: seconds and agreement."""

import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.studies import make
from explorer.space.pca import fit_pca
from explorer.study.study import open_study

SIZES = ((70_000, 784), (1_000_000, 128))


def main() -> None:
    """Print a small table."""
    from sklearn.decomposition import PCA

    for rows, dims in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            vectors = open_study(make(Path(folder) / "study", rows, dims)).embedding("vectors").vectors
            start = time.perf_counter()
            pca = fit_pca(vectors, np.ones(rows, dtype=bool), 2)
            ours = pca.transform(vectors)
            middle = time.perf_counter()
            peer = PCA(2, random_state=0).fit_transform(np.asarray(vectors))
            end = time.perf_counter()
            agree = min(abs(np.corrcoef(ours[:, axis], peer[:, axis])[0, 1]) for axis in range(2))
            print(
                f"{rows:,} x {dims}: ours {middle - start:.2f} s, scikit-learn {end - middle:.2f} s, "
                f"ratio {(middle - start) / (end - middle):.2f}, smallest correlation of an axis {agree:.6f}"
            )
