"""A worker process that gets ready before it is needed, so that the next job of its kind begins at once."""

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from explorer.engine import wire
from explorer.engine.job import HOW, Job
from explorer.engine.process import Deliver, WorkerProcess
from explorer.engine.progress import SnapshotReport

R = TypeVar("R")

_NICENESS = 10


class Standby:
    """Keeps one process in which ``prepare()`` has been run, for the next job.

    ``prepare`` imports and compiles what the jobs will use; it must be a function that another process can import.
    On Linux it runs at a low priority, its job at that of any worker. Where it fails, its traceback goes to the
    terminal and jobs run unprepared. The process ends with the program, like that of a ``Job``. All of it may be used
    from any thread.
    """

    def __init__(self, prepare: Callable[[], object]) -> None:
        self._prepare = prepare
        self._lock = threading.Lock()
        self._wanted = False
        self._waiting: _Prepared | None = None

    def start(self) -> None:
        """Begin to get ready, unless a process has been started already; returns at once.

        Raises UserError for a ``prepare`` that a worker cannot find.
        """
        with self._lock:
            self._wanted = True
            self._have_one()

    def close(self) -> None:
        """End the process that waits, and start no other. Jobs that run go on."""
        with self._lock:
            self._wanted = False
            waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.worker.kill()

    @property
    def pid(self) -> int | None:
        """The id of the process that waits or gets ready; None when there is none."""
        waiting = self._waiting
        return None if waiting is None else waiting.worker.pid

    @property
    def ready(self) -> bool:
        """Whether a process waits in which everything is prepared."""
        waiting = self._waiting
        return waiting is not None and waiting.alive and waiting.prepared.is_set()

    def job(self, function: Callable[..., R], /, *args: Any, **kwargs: Any) -> Job[R]:
        """``Job(function, *args, **kwargs)``, in the process that waits if there is one.

        A process that is still getting ready does the job afterwards. One that has died is passed over. When the
        job has ended, another process gets ready.
        """
        wire.pack_function(function, True, how=HOW)  # refuses what no worker can find
        arguments = wire.pack_arguments(function, (function, *args), kwargs)
        with self._lock:
            waiting, self._waiting = self._waiting, None
        if waiting is not None and waiting.alive:
            name = wire.name_of(function)
            job: Job[R] = Job.in_process(name, waiting.hand_to, arguments)
        else:
            job = Job(function, *args, **kwargs)
        threading.Thread(target=self._renew_after, args=(job,), name=f"standby after {job.pid}", daemon=True).start()
        return job

    def _renew_after(self, job: Job[Any]) -> None:
        job.wait()  # not before: on few cores the preparing would slow the job
        # Asked and done in one hold of the lock: a close() in between would leave a process behind.
        with self._lock, contextlib.suppress(OSError):  # no memory for a process: jobs then start unprepared
            if self._wanted:
                self._have_one()

    def _have_one(self) -> None:
        if self._waiting is None or not self._waiting.alive:
            self._waiting = _Prepared(self._prepare)


class _Prepared:
    """One process: it prepares, then hears for the one job it is handed to."""

    def __init__(self, prepare: Callable[[], object]) -> None:
        self.prepared = threading.Event()
        self._hears: Deliver | None = None
        self._lock = threading.Lock()
        wire.pack_function(prepare, False, how=HOW)
        self.worker = WorkerProcess(wire.pack_function(_call, True, how=HOW), self._hear)
        self.worker.send(wire.pack_arguments(prepare, (_get_ready, prepare), {}))

    @property
    def alive(self) -> bool:
        return self.worker.alive

    def hand_to(self, hears: Deliver) -> WorkerProcess:
        with self._lock:
            self._hears = hears
        return self.worker

    def _hear(self, worker: WorkerProcess, message: wire.Message) -> None:
        with self._lock:
            hears = self._hears
            if not isinstance(message, wire.Gone) and not self.prepared.is_set():
                # Of the preparing, only its end is of interest, whatever it was.
                if not isinstance(message, wire.Reported):
                    self.prepared.set()
                return
        if hears is not None:
            hears(worker, message)
        elif isinstance(message, wire.Gone):
            worker.kill()  # closes our ends of its pipes


def _call(function: Callable[..., R], /, *args: Any, report: SnapshotReport, **kwargs: Any) -> R:
    """Runs in the worker, call after call: the preparing first, then the job."""
    return function(*args, report=report, **kwargs)


def _get_ready(prepare: Callable[[], object], *, report: SnapshotReport) -> None:
    """``prepare`` in a thread of its own: a lowered priority cannot be raised again, but Linux has one per thread."""
    del report

    def work() -> None:
        if sys.platform == "linux":
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        prepare()

    thread = threading.Thread(target=work, name="getting ready")
    thread.start()
    thread.join()
