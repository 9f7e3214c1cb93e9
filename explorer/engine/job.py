"""One slow function in a process of its own, watched and if need be killed."""

import threading
from collections.abc import Callable
from typing import Any, Generic, Literal, TypeVar, cast

from explorer.engine import wire
from explorer.engine.process import Deliver, WorkerProcess, error_of
from explorer.engine.progress import Cancelled, Clock, Progress

State = Literal["running", "done", "failed", "cancelled"]
R = TypeVar("R")

HOW = "define it in a module"
"""The remedy for a function that a worker cannot find."""


class Job(Generic[R]):
    """Runs `function(*args, report=report, **kwargs)` in a process of its own, from now on.

    `report(fraction, note, snapshot=None)` is a `SnapshotReport`. The function must be one that another
    process can import, and the arguments must pickle; they are copied before this returns. All of it may
    be used from any thread. Once the state is not "running", the process is gone.

    Raises UserError, before anything is started, for a function that a worker cannot find (a lambda, one
    defined in a script or a notebook) and for arguments that cannot be sent.
    """

    def __init__(self, function: Callable[..., R], /, *args: Any, **kwargs: Any) -> None:
        packed = wire.pack_function(function, True, how=HOW)
        arguments = wire.pack_arguments(function, args, kwargs)
        self._begin(wire.name_of(function), lambda hear: WorkerProcess(packed, hear), arguments)

    @classmethod
    def in_process(cls, name: str, worker: Callable[[Deliver], WorkerProcess], arguments: wire.Parts) -> "Job[R]":
        """A job in a process that is there already: ``worker`` hands it over, given what shall hear its messages.

        ``name`` stands for the function in messages; ``arguments`` are packed as the process expects them.
        """
        job = cls.__new__(cls)
        job._begin(name, worker, arguments)
        return job

    def _begin(self, name: str, worker: Callable[[Deliver], WorkerProcess], arguments: wire.Parts) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._finished = threading.Event()
        self._clock = Clock("starting")
        self._last: Progress | None = None
        self._snapshot: Any = None
        self._outcome: wire.Returned | BaseException | None = None
        self._worker = worker(self._hear)
        self._worker.send(arguments)

    @property
    def pid(self) -> int:
        """The id of its process, also after the end."""
        return self._worker.pid

    @property
    def state(self) -> State:
        """How it stands."""
        if not self._finished.is_set():
            return "running"
        if isinstance(self._outcome, wire.Returned):
            return "done"
        return "cancelled" if isinstance(self._outcome, Cancelled) else "failed"

    @property
    def progress(self) -> Progress:
        """How far it has come, at this moment; at the end, as it stood then."""
        with self._lock:
            return self._last or self._clock.read()

    @property
    def snapshot(self) -> Any:
        """The last unfinished result that the function handed to `report`, or None."""
        return self._snapshot

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, at most `timeout` seconds; whether it has come."""
        return self._finished.wait(timeout)

    def result(self, timeout: float | None = None) -> R:
        """Wait for what the function returns.

        Raises what the function raised (with the traceback in the worker as its cause), Cancelled,
        UserError where the process was ended from outside, TimeoutError after `timeout` seconds.
        """
        if not self.wait(timeout):
            raise TimeoutError(f"{self._name} is not done after {timeout} s")
        if isinstance(self._outcome, wire.Returned):
            return cast(R, self._outcome.value)
        assert self._outcome is not None
        raise self._outcome

    def cancel(self) -> None:
        """Kill it, whatever it is doing, and wait for its end. Does nothing after the end."""
        self._settle(Cancelled(f"{self._name} was cancelled"))

    def _hear(self, worker: WorkerProcess, message: wire.Message) -> None:
        if isinstance(message, wire.Reported):
            with self._lock:
                self._clock.update(message.fraction, message.note)
                if message.snapshot is not None:
                    self._snapshot = message.snapshot
        elif isinstance(message, wire.Returned):
            self._settle(message, worker)
        else:
            self._settle(error_of(message, worker, self._name), worker)

    def _settle(self, outcome: wire.Returned | BaseException, worker: WorkerProcess | None = None) -> None:
        """The first outcome counts; whoever brings one also makes sure that the process is gone."""
        with self._lock:
            if self._outcome is None:
                self._outcome = outcome
                if isinstance(outcome, wire.Returned):
                    self._clock.update(1.0, "done")
                self._last = self._clock.read()
        (worker or self._worker).kill()
        self._finished.set()
