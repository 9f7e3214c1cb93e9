"""One function over many partitions, with the same results wherever they are run."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import chain, islice
from operator import length_hint
from typing import Any, TypeVar

import numpy as np

from explorer.engine.backends import Call, cpu_count, in_process, in_workers
from explorer.engine.progress import Clock, Progress

P = TypeVar("P")
R = TypeVar("R")


def map_partitions(
    function: Callable[[P, np.random.Generator], R],
    partitions: Iterable[P],
    *,
    seed: int,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> list[R]:
    """Call `function(partition, rng)` for each partition; the results, in the order of the partitions.

    Partition i always gets the i-th child of `SeedSequence(seed)`, and native libraries get one thread
    everywhere, so the number of workers does not change the results by a single bit.

    `workers`: 0 or 1 runs everything in this process; None chooses, this process for a single partition
    and else one worker for each processor. The partitions are drawn as they are needed. `progress` is
    called in this thread, at the start and after each partition; without a known number of partitions
    its fraction stays 0 until the end.

    Raises what the function raises (from a worker with its traceback as the cause); Cancelled soon after
    `cancel` is set, where in this process only the end of the current partition is soon; UserError for a
    function that a worker cannot find and for a worker that was ended from outside.
    """
    total = length_hint(partitions)
    items = iter(partitions)
    if workers is None:
        head = list(islice(items, 2))
        items = chain(head, items)
        workers = cpu_count() if len(head) > 1 else 0
        del head
    calls = _calls(items, seed)
    run = in_workers(function, calls, workers, cancel) if workers > 1 else in_process(function, calls, cancel)

    clock = Clock()
    results: dict[int, Any] = {}

    def tell(fraction: float, note: str) -> None:
        clock.update(fraction, note)
        if progress is not None:
            progress(clock.read())

    with closing(run):
        tell(0.0, "starting")
        for index, result in run:
            results[index] = result
            if total:
                tell(len(results) / total, f"{len(results)} of {total}")
            else:
                tell(0.0, f"{len(results)} done")
    if len(results) != total or not total:  # the number was not known, or there was nothing to do
        tell(1.0, f"{len(results)} done")
    return [results[index] for index in range(len(results))]


def _calls(partitions: Iterator[Any], seed: int) -> Iterator[Call]:
    root = np.random.SeedSequence(seed)
    for index, partition in enumerate(partitions):
        yield Call(index, partition, np.random.default_rng(root.spawn(1)[0]))
