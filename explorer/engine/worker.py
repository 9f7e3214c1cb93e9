"""The far side: a process that runs what is sent to it, and ends when whoever started it does."""

import fcntl
import io
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from queue import SimpleQueue
from typing import cast

from explorer.engine import wire

NICENESS = 5
"""How far a worker steps back where processors are scarce: the page that waits for it must still answer the hand."""


def main(lifeline: int) -> None:
    """Take a function, then arguments one call after another, from stdin until it ends; answer on stdout.

    `lifeline` is the read end of a pipe on which nothing is ever written and whose other end dies
    with the program that started this one.
    """
    os.nice(NICENESS)
    inbox, outbox = _take_streams()
    messages: SimpleQueue[wire.Parts] = SimpleQueue()
    threading.Thread(target=_listen, args=(inbox, messages), daemon=True).start()
    _end_with(lifeline)
    answers = _Answers(outbox)
    try:
        function, reports = wire.unpack(messages.get())
    except Exception as error:  # noqa: BLE001 (raised again in the caller)
        answers.raised(error)
        return
    extra: dict[str, object] = {"report": answers.report} if reports else {}
    while True:
        _run(function, messages.get(), extra, answers)


def _run(function: Callable[..., object], call: wire.Parts, extra: dict[str, object], to: "_Answers") -> None:
    """One call, in a frame of its own: nothing large is kept while waiting for the next."""
    try:
        args, kwargs = wire.unpack(call)
        value = function(*args, **kwargs, **extra)
    except BaseException as error:  # noqa: BLE001 (raised again in the caller)
        to.raised(error)
    else:
        to.returned(value)


def _take_streams() -> tuple[io.FileIO, io.FileIO]:
    """The two pipes, out of reach of everything else in the process and of its children.

    A library that prints writes to stderr instead, and one that reads stdin (or starts a program that
    does) finds it empty.
    """
    inbox, outbox = io.FileIO(os.dup(0), "rb"), io.FileIO(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    # The process ends by being killed, which would lose what is buffered.
    cast(io.TextIOWrapper, sys.stdout).reconfigure(line_buffering=True)
    return inbox, outbox


def _listen(inbox: io.FileIO, messages: "SimpleQueue[wire.Parts]") -> None:
    """Read always, so that the end of the stream, hence of the program, is seen during a call too."""
    try:
        while True:
            messages.put(wire.receive(inbox))
    except EOFError:
        os._exit(0)
    except BaseException:  # noqa: BLE001 (no memory for the message, say: without us, no call ever comes)
        traceback.print_exc()
        os._exit(1)


def _end_with(lifeline: int) -> None:
    """Let the kernel end this process when the lifeline breaks.

    Native code may hold the interpreter lock for minutes, and then `_listen` cannot act. Linux sends
    SIGIO, whose default is to end the process, without asking the interpreter. (Elsewhere there is
    only `_listen`. PR_SET_PDEATHSIG will not do: it fires when the *thread* that started us ends.)
    """
    if sys.platform == "linux":
        signal.signal(signal.SIGIO, signal.SIG_DFL)
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC)


class _Answers:
    """The way back to the caller; safe to use from several threads."""

    _INTERVAL = 0.05  # seconds between two reports that differ in nothing but the fraction

    def __init__(self, outbox: io.FileIO) -> None:
        self._outbox = outbox
        self._lock = threading.Lock()
        self._note: str | None = None
        self._told = 0.0

    def report(self, fraction: float, note: str, *, snapshot: object = None) -> None:
        now = time.monotonic()
        if snapshot is None and note == self._note and now - self._told < self._INTERVAL:
            return
        self._note, self._told = note, now
        self._send(wire.pack(wire.Reported(float(fraction), note, snapshot)))

    def returned(self, value: object) -> None:
        try:
            parts = wire.pack(wire.Returned(value))
        except Exception as error:  # noqa: BLE001 (a __reduce__ may raise anything)
            self.raised(TypeError(f"the result cannot be sent back from the worker: {error}"))
        else:
            self._send(parts)

    def raised(self, error: BaseException) -> None:
        text = "".join(traceback.format_exception(error)).rstrip()
        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301 (some exceptions pickle, but cannot be made again)
            parts = wire.pack(wire.Raised(error, text))
        except Exception:  # noqa: BLE001
            parts = wire.pack(wire.Raised(RuntimeError(f"{type(error).__qualname__}: {error}"), text))
        self._send(parts)

    def _send(self, parts: wire.Parts) -> None:
        try:
            with self._lock:
                wire.send(self._outbox, parts)
        except BrokenPipeError:
            os._exit(0)  # nobody waits for an answer any more
