"""UMAP, t-SNE, HDBSCAN, trustworthiness and continuity from one neighbour graph, beside four libraries in turn.

Vectors come from LATENT_EXPLORER_BENCH_VECTORS, a ``.npy`` file or an ``.npz`` with ``X`` (MNIST's 70,000 digits, for
the project's goals); without it, made-up ones stand in, and that is said. They are reduced to 50 principal components.
On 20,000 of them both sides run in turn in one process, part by part, after a smaller run of each that compiles what
it uses; the libraries with their defaults, ours as the app's fast way; the median of three for parts of a few seconds,
where the sides would else differ by chance. Then ours alone on all of them.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from explorer.clustering.density import hdbscan
from explorer.space.neighbours import Neighbours, neighbours
from explorer.space.pca import fit_pca
from explorer.space.quality import measure_map
from explorer.space.quality_points import point_errors
from explorer.space.tsne_layout import tsne
from explorer.space.umap_layout import umap
from explorer.study.embeddings import Embedding, EmbeddingNote
from explorer.study.study import Study

ROWS, DIMS, GRAPH, K = 20_000, 50, 90, 15
COMPILING = 5_000
"""Rows of the run that compiles: umap-learn looks for neighbours in another way, compiled anew, above 4,096."""
TIMES = {"t-SNE": 1, "UMAP": 3, "HDBSCAN": 3}
PATIENCE = 1_200.0
VARIABLE = "LATENT_EXPLORER_BENCH_VECTORS"

Vectors = np.ndarray[Any, np.dtype[np.float32]]


def main() -> None:
    """Print the tables."""
    vectors, whose = _vectors()
    print(f"{whose}; {DIMS} principal components; load before {os.getloadavg()[0]:.1f}")
    few = np.sort(np.random.default_rng(0).choice(len(vectors), min(ROWS, len(vectors)), replace=False))
    _side_by_side(vectors[few])
    if len(vectors) > ROWS:
        _alone(vectors)
    print(f"load after {os.getloadavg()[0]:.1f}")


def _vectors() -> tuple[Vectors, str]:
    path = os.environ.get(VARIABLE)
    if path is None:
        from benchmarks.projections import cloud

        raw, whose = cloud(ROWS), f"made-up vectors ({VARIABLE} is not set: this says nothing of the goals)"
    else:
        loaded = np.load(path, allow_pickle=False)
        raw = (loaded if isinstance(loaded, np.ndarray) else loaded["X"]).astype(np.float32)
        whose = f"{len(raw):,} vectors of {raw.shape[1]} dimensions from {Path(path).name}"
    dims = min(DIMS, raw.shape[1])
    return np.ascontiguousarray(fit_pca(raw, np.ones(len(raw), dtype=bool), dims).transform(raw)), whose


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    made = work()
    return time.perf_counter() - start, made


def _quiet(_fraction: float, _note: str, *, snapshot: object = None) -> None:
    del snapshot


def _graph(vectors: Vectors) -> Neighbours:
    """As the app finds it, without what it may have kept from before."""
    embedding = Embedding("vectors", vectors, EmbeddingNote(observations="", encoder="made up"), "made up")
    with tempfile.TemporaryDirectory() as folder:
        return neighbours(cast(Study, SimpleNamespace(cache=Path(folder))), embedding, GRAPH, vectors=vectors)


def _ours(vectors: Vectors, near: Neighbours) -> dict[str, Callable[[], Any]]:
    return {
        "t-SNE": lambda: tsne(vectors, near, dims=2, perplexity=30, seed=0, report=_quiet),
        "UMAP": lambda: umap(vectors, near, dims=2, neighbours=15, min_dist=0.1, seed=0, fast=True, report=_quiet),
        "HDBSCAN": lambda: hdbscan(vectors, near, min_cluster_size=5)[0],
    }


def _theirs(vectors: Vectors) -> dict[str, Callable[[], Any]]:
    import hdbscan as library
    from openTSNE import TSNE
    from umap import UMAP

    return {
        "t-SNE": lambda: np.asarray(TSNE().fit(vectors), dtype=np.float32),
        "UMAP": lambda: UMAP().fit_transform(vectors),
        "HDBSCAN": lambda: library.HDBSCAN().fit(vectors).labels_,
    }


def _in_turn(name: str, *works: Callable[[], Any]) -> list[tuple[float, list[Any]]]:
    """Of each the median of its seconds, and all that it made."""
    runs = [[_timed(work) for work in works] for _ in range(TIMES[name])]
    return [(median(run[side][0] for run in runs), [run[side][1] for run in runs]) for side in range(len(works))]


def _zadu(vectors: Vectors, places: Vectors, queue: Any) -> None:
    from zadu import ZADU

    start = time.perf_counter()
    found = ZADU([{"id": "tnc", "params": {"k": K}}], vectors).measure(places)[0]
    queue.put((time.perf_counter() - start, found))


def _patiently(vectors: Vectors, places: Vectors) -> tuple[float, str]:
    """Seconds that zadu takes for trustworthiness and continuity, in a process that can be stopped; and a remark."""
    context = get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_zadu, args=(vectors, places, queue))
    process.start()
    deadline = time.monotonic() + PATIENCE
    while process.is_alive() and queue.empty() and time.monotonic() < deadline:
        time.sleep(0.2)
    if not queue.empty():
        seconds, found = queue.get()
        process.join()
        return seconds, ", ".join(f"{name} {value:.4f}" for name, value in found.items())
    ended = not process.is_alive()
    process.kill()
    process.join()
    return (np.nan, "ended without a result, most likely for want of memory") if ended else (PATIENCE, "not done")


def _side_by_side(vectors: Vectors) -> None:
    n = len(vectors)
    sys.stderr.write("compiling\n")
    few = vectors[:COMPILING]
    for work in (*_ours(few, _graph(few)).values(), *_theirs(few).values()):
        work()
    sys.stderr.write(f"{n:,} rows\n")
    graph, near = _timed(lambda: _graph(vectors))
    ours: dict[str, tuple[float, list[Any]]] = {"neighbour graph": (graph, [near])}
    theirs: dict[str, tuple[float, list[Any]]] = {}
    libraries = _theirs(vectors)
    for name, work in _ours(vectors, near).items():
        ours[name], theirs[name] = _in_turn(name, work, libraries[name])
    measuring, _ = _timed(lambda: point_errors(vectors, ours["UMAP"][1][-1], near.nearest(K).indices))
    peer, remark = _patiently(vectors, theirs["UMAP"][1][-1])
    print(f"\n| {n:,} rows | ours | library | ratio |\n|---|---|---|---|")
    print(f"| neighbour graph, {GRAPH} of each, for all of them | {ours['neighbour graph'][0]:.1f} s | within each | |")
    for name in ("t-SNE", "UMAP", "HDBSCAN"):
        a, b = ours[name][0], theirs[name][0]
        print(f"| {name} | {a:.1f} s | {b:.1f} s | {a / b:.2f} |")
    measured = f"{measuring:.1f} s | {peer:.1f} s ({remark}) | {measuring / peer:.2f} |"
    print(f"| trustworthiness and continuity, all points | {measured}")
    ours_sum = sum(seconds for seconds, _ in ours.values())
    theirs_sum = sum(seconds for seconds, _ in theirs.values())
    print(f"| sum without the measures | {ours_sum:.1f} s | {theirs_sum:.1f} s | {ours_sum / theirs_sum:.2f} |")
    both = (ours_sum + measuring, theirs_sum + peer)
    print(f"| sum | {both[0]:.1f} s | {both[1]:.1f} s | {both[0] / both[1]:.2f} |")
    print(f"\n| map of {n:,} rows, all points measured | ours | library |\n|---|---|---|")
    for name in ("t-SNE", "UMAP"):
        errors = [
            [point_errors(vectors, places, near.nearest(K).indices) for places in side[name][1]]
            for side in (ours, theirs)
        ]
        for measure in ("trustworthiness", "continuity", "knn_overlap"):
            said = []
            for runs in errors:
                values = [float(getattr(one, measure).mean()) for one in runs]
                among = f" ({min(values):.4f} to {max(values):.4f})" if len(values) > 1 else ""
                said.append(f"{np.mean(values):.4f}{among}")
            print(f"| {name}, {measure} | {' | '.join(said)} |")
    for side, found in (("ours", ours), ("library", theirs)):
        labels = found["HDBSCAN"][1][-1]
        print(f"HDBSCAN, {side}: {labels.max() + 1} clusters, {np.mean(labels < 0):.1%} noise")


def _alone(vectors: Vectors) -> None:
    sys.stderr.write(f"{len(vectors):,} rows\n")
    graph, near = _timed(lambda: _graph(vectors))
    found = {"neighbour graph": (graph, near)} | {name: _timed(work) for name, work in _ours(vectors, near).items()}
    found["trustworthiness and continuity of both maps, 2,000 points against all, with intervals"] = _timed(
        lambda: [measure_map(vectors, found[name][1], k=K) for name in ("UMAP", "t-SNE")]
    )
    print(f"\n| {len(vectors):,} rows, ours alone | |\n|---|---|")
    for name, (seconds, _) in found.items():
        print(f"| {name} | {seconds:.1f} s |")
    print(f"| sum | {sum(seconds for seconds, _ in found.values()):.1f} s |")


if __name__ == "__main__":
    main()
