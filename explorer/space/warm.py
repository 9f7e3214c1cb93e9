"""A process in which the map libraries are imported and compiled before anybody asks for a map."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from explorer.engine import Job, SnapshotReport, Standby

R = TypeVar("R")


def prepare() -> None:
    """Import and compile what t-SNE and UMAP use, on a few points; seconds, and some hundred megabytes."""
    from explorer.space.neighbours import find
    from explorer.space.tsne_layout import tsne
    from explorer.space.umap_layout import umap

    def unheard(fraction: float, note: str, *, snapshot: object = None) -> None:
        del fraction, note, snapshot

    told: SnapshotReport = unheard
    vectors = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    near = find(vectors, 30)
    umap(vectors, near, dims=2, neighbours=15, min_dist=0.1, seed=0, fast=False, report=told)
    tsne(vectors, near, dims=2, perplexity=10, seed=0, report=told)


_maps = Standby(prepare)


def warm() -> None:
    """Begin to get ready in the background, in a process that waits for the next map; returns at once."""
    _maps.start()


def map_job(function: Callable[..., R], /, *args: Any, **kwargs: Any) -> Job[R]:
    """``Job(function, *args, **kwargs)``, in the process that ``warm`` has got ready, if it has."""
    return _maps.job(function, *args, **kwargs)


def ready() -> bool:
    """Whether a process waits in which everything is prepared."""
    return _maps.ready


def close() -> None:
    """Let the process that waits go, and keep none after this."""
    _maps.close()
