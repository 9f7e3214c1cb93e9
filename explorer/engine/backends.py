"""Where the calls of a map are run: each backend takes calls and yields (index, result) as they are done.

A backend is a generator function `(function, calls, ..., cancel)`. It draws calls no faster than it can
run them, raises Cancelled once `cancel` is set, and leaves nothing running when it is closed.
"""

import os
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from explorer.engine import wire
from explorer.engine.process import WorkerProcess, error_of
from explorer.engine.progress import Cancelled

_HEED = 0.1  # seconds after which a cancel is heeded, at most
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Call:
    """One partition, and the random numbers that are its own."""

    index: int
    partition: Any
    rng: np.random.Generator


Results = Generator[tuple[int, Any], None, None]


def in_process(function: Callable[..., Any], calls: Iterator[Call], cancel: threading.Event | None) -> Results:
    """Run the calls here, one after another; a cancel is heeded between two."""
    for call in calls:
        _heed(cancel)
        with threadpool_limits(limits=1):  # BLAS rounds by its number of threads, and a worker has one
            result = function(call.partition, call.rng)
        yield call.index, result


def in_workers(
    function: Callable[..., Any], calls: Iterator[Call], workers: int, cancel: threading.Event | None
) -> Results:
    """Run the calls in worker processes, each with one at a time; they are started as calls come.

    Raises UserError for a function that a worker cannot find, and for a worker ended from outside.
    """
    how = "define it in a module, or pass workers=0"
    packed = wire.pack_function(function, False, how=how)
    environment = os.environ | dict.fromkeys(_THREADS, "1")
    heard: SimpleQueue[tuple[WorkerProcess, wire.Message]] = SimpleQueue()
    started: list[WorkerProcess] = []
    idle: list[WorkerProcess] = []
    busy: dict[WorkerProcess, int] = {}

    def next_result() -> tuple[int, Any]:
        while True:
            _heed(cancel)
            try:
                worker, message = heard.get(timeout=_HEED)
            except Empty:
                continue
            index = busy.pop(worker, None)  # None: an idle worker was ended
            if isinstance(message, wire.Returned) and index is not None:
                idle.append(worker)
                return index, message.value
            assert isinstance(message, wire.Raised | wire.Gone)
            raise error_of(message, worker, f"partition {index} of {wire.name_of(function)}")

    try:
        for call in calls:
            _heed(cancel)
            if not idle and len(started) < workers:
                started.append(WorkerProcess(packed, lambda *pair: heard.put(pair), environment=environment))
                idle.append(started[-1])
            worker = idle.pop()
            busy[worker] = call.index
            worker.send(wire.pack_arguments(function, (call.partition, call.rng), {}))
            if len(busy) == workers:
                yield next_result()
        while busy:
            yield next_result()
    finally:
        for worker in started:
            worker.kill()


def cpu_count() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _heed(cancel: threading.Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise Cancelled("the work was cancelled")
