"""PCA, neighbours, t-SNE and UMAP beside their peers, on the same vectors in one run: seconds and agreement.

The two with 200,000 vectors take a quarter of an hour and are left out unless LATENT_EXPLORER_BENCH_LARGE=1.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from benchmarks.studies import make
from explorer.engine import Job
from explorer.space import warm
from explorer.space.neighbours import find
from explorer.space.pca import fit_pca
from explorer.space.projections import Projection, compute, project_at
from explorer.space.quality import SAMPLE, knn_overlap
from explorer.study.embeddings import Embedding, EmbeddingNote
from explorer.study.study import Study, open_study
from explorer.view import MapChoice

LARGE = os.environ.get("LATENT_EXPLORER_BENCH_LARGE") == "1"
PCA_SIZES = ((70_000, 784), (1_000_000, 128))
NEIGHBOUR_SIZES = (10_000, 20_000, 100_000)
MAP_ROWS, LARGE_ROWS = 20_000, 200_000


def main() -> None:
    """Print what was measured."""
    _pca()
    _neighbours()
    _maps()
    _standby()
    if LARGE:
        _landmarks()
    else:
        print(f"\nlandmarks at {LARGE_ROWS:,} left out: LATENT_EXPLORER_BENCH_LARGE=1 measures them")


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    made = work()
    return time.perf_counter() - start, made


def _pca() -> None:
    from sklearn.decomposition import PCA

    for rows, dims in PCA_SIZES:
        with tempfile.TemporaryDirectory() as folder:
            vectors = open_study(make(Path(folder) / "study", rows, dims)).embedding("vectors").vectors

            def ours(given: Any = vectors) -> Any:
                return fit_pca(given, np.ones(len(given), dtype=bool), 2).transform(given)

            def theirs(given: Any = vectors) -> Any:
                return PCA(2, random_state=0).fit_transform(np.asarray(given))

            seconds, found = _timed(ours)
            peer, expected = _timed(theirs)
            agree = min(abs(np.corrcoef(found[:, axis], expected[:, axis])[0, 1]) for axis in range(2))
            print(
                f"PCA of {rows:,} x {dims}: ours {seconds:.2f} s, scikit-learn {peer:.2f} s, "
                f"ratio {seconds / peer:.2f}, smallest correlation of an axis {agree:.6f}"
            )


def cloud(rows: int, dims: int = 128) -> np.ndarray:
    """Vectors near a curved sheet of ten dimensions in ``dims``, as encoders give: float32 (rows, dims)."""
    rng = np.random.default_rng(0)
    inner = rng.standard_normal((rows, 10), dtype=np.float32)
    turn, bend = (rng.standard_normal((10, dims), dtype=np.float32) for _ in range(2))
    return inner @ turn + np.sin(2 * inner) @ bend + 0.3 * rng.standard_normal((rows, dims), dtype=np.float32)


def _neighbours() -> None:
    print()
    seconds, _ = _timed(lambda: find(cloud(1_000), 15, exact=False))
    print(f"pynndescent: imported and compiled, in each process, in {seconds:.1f} s")
    for rows in NEIGHBOUR_SIZES:
        vectors = cloud(rows)
        for k in (15, 90):
            exact, _ = _timed(lambda v=vectors, k=k: find(v, k, exact=True))
            near, found = _timed(lambda v=vectors, k=k: find(v, k, exact=False))
            print(
                f"{k} neighbours of {rows:,} x 128: exact {exact:.1f} s, approximate {near:.1f} s "
                f"(recall {found.recall:.4f})",
                flush=True,
            )


def _embedding(vectors: np.ndarray) -> Embedding:
    return Embedding("made up", vectors, EmbeddingNote(observations="", encoder="made up"), "made up")


def _overlap(vectors: np.ndarray, coordinates: np.ndarray, rows: np.ndarray | None = None) -> float:
    among = np.arange(len(vectors)) if rows is None else np.flatnonzero(rows)
    sample = np.random.default_rng(1).permutation(among)[:SAMPLE]
    return knn_overlap(vectors, np.asarray(coordinates, dtype=np.float32), sample).share


def _maps() -> None:
    from openTSNE import TSNE
    from umap import UMAP

    print()
    vectors = cloud(MAP_ROWS)
    embedding = _embedding(vectors)
    warm.prepare()
    UMAP(n_neighbors=5, n_epochs=2, random_state=0, n_jobs=1).fit(vectors[:5_000])  # compiles what it uses
    with tempfile.TemporaryDirectory() as folder:
        study = cast(Study, SimpleNamespace(cache=Path(folder)))
        for name in ("t-SNE", "UMAP"):
            choice = MapChoice(method="tsne" if name == "t-SNE" else "umap")
            seconds, made = _timed(lambda c=choice: compute(study, embedding, c))
            peer: Any = TSNE(n_jobs=-1, random_state=0) if name == "t-SNE" else UMAP(random_state=0, n_jobs=1)
            theirs, places = _timed(lambda p=peer: p.fit(vectors) if isinstance(p, TSNE) else p.fit_transform(vectors))
            again, _ = _timed(lambda c=choice: compute(study, embedding, c.model_copy(update={"seed": 1})))
            print(
                f"{name} of {MAP_ROWS:,} x 128: ours {seconds:.1f} s, with the neighbours there {again:.1f} s, "
                f"{'openTSNE' if name == 't-SNE' else 'umap-learn'} {theirs:.1f} s; overlap of neighbours "
                f"{_overlap(vectors, made.coordinates):.3f} and {_overlap(vectors, places):.3f}",
                flush=True,
            )
        fast, made = _timed(lambda: compute(study, embedding, MapChoice(method="umap", fast=True)))
        print(f"UMAP, fast (compiling included): {fast:.1f} s, overlap {_overlap(vectors, made.coordinates):.3f}")


def _standby() -> None:
    print()
    with tempfile.TemporaryDirectory() as folder:
        path = make(Path(folder) / "study", 2_000, 50)
        choice = MapChoice(method="umap")
        cold = _until_moving(lambda: Job(project_at, path, "vectors", choice))
        warm.warm()
        ready, _ = _timed(_wait_for_standby)
        other = choice.model_copy(update={"seed": 1})
        prepared = _until_moving(lambda: warm.map_job(project_at, path, "vectors", other))
        print(
            f"UMAP of 2,000 x 50, asked for until it moves points: {cold:.1f} s; "
            f"with a process that stood by (ready after {ready:.1f} s): {prepared:.1f} s"
        )
    warm.close()


def _wait_for_standby() -> None:
    while not warm.ready():
        time.sleep(0.05)


def _until_moving(begin: Callable[[], Job[None]]) -> float:
    start = time.perf_counter()
    job = begin()
    while job.progress.note != "moving the points" and job.state == "running":
        time.sleep(0.01)
    seconds = time.perf_counter() - start
    job.result()
    return seconds


def _landmarks() -> None:
    print()
    vectors = cloud(LARGE_ROWS)
    for method in ("umap", "tsne"):
        choice = MapChoice(method=method)
        for above, label in ((LARGE_ROWS - 1, "with landmarks"), (LARGE_ROWS, "all laid out")):
            with tempfile.TemporaryDirectory() as folder:
                study = cast(Study, SimpleNamespace(cache=Path(folder)))
                seconds, made = _timed(
                    lambda c=choice, a=above, s=study: compute(s, _embedding(vectors), c, landmarks_above=a)
                )
            print(f"{method} of {LARGE_ROWS:,} x 128, {label}: {seconds:.0f} s; {_told(vectors, made)}", flush=True)


def _told(vectors: np.ndarray, made: Projection) -> str:
    if made.landmarks is None:
        return f"overlap of neighbours {_overlap(vectors, made.coordinates):.3f}"
    laid_out, placed = (_overlap(vectors, made.coordinates, rows) for rows in (made.landmarks, ~made.landmarks))
    return f"overlap of neighbours {laid_out:.3f} laid out, {placed:.3f} placed"
