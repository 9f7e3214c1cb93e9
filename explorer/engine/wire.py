"""What a program and its worker say to each other, and how it crosses the pipe.

A message is one pickle followed by the buffers of its arrays, each with its size in front. So arrays are
neither copied into the pickle nor out of it, and an object that cannot be pickled fails before the first
byte is sent: the stream is never left in the middle of a message.
"""

import io
import pickle
import struct
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from explorer.errors import UserError

Parts = list[memoryview]
"""A packed message: the pickle, then the buffers of its arrays."""


@dataclass(frozen=True)
class Reported:
    """The function called `report`."""

    fraction: float
    note: str
    snapshot: object


@dataclass(frozen=True)
class Returned:
    """The function returned."""

    value: Any


@dataclass(frozen=True)
class Raised:
    """The function raised; `text` is the traceback as the worker saw it."""

    error: BaseException
    text: str


@dataclass(frozen=True)
class Gone:
    """The worker has ended without an answer. Not sent: made at the end of its stream."""

    returncode: int


Message = Reported | Returned | Raised | Gone


class _Pickler(pickle.Pickler):
    """Refuses what lives in `__main__`: it pickles, but the other side has another `__main__`."""

    def reducer_override(self, obj: object) -> Any:
        if isinstance(obj, FunctionType | type) and obj.__module__ == "__main__":
            raise pickle.PicklingError(f"{obj.__qualname__} is defined in the script or notebook being run")
        return NotImplemented


def pack(message: object) -> Parts:
    """Pickle a message; the parts refer to its arrays, so send them before anyone changes those.

    Raises PicklingError, AttributeError or TypeError, as pickle does.
    """
    head = io.BytesIO()
    buffers: list[pickle.PickleBuffer] = []
    _Pickler(head, protocol=5, buffer_callback=buffers.append).dump(message)
    return [head.getbuffer(), *(buffer.raw() for buffer in buffers)]


def pack_function(function: Callable[..., Any], reports: bool, *, how: str) -> Parts:
    """The first message to a worker: what it is to call, and whether it passes `report`.

    Raises UserError, with `how` as the remedy, where a worker could not find the function.
    """
    try:
        return pack((function, reports))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UserError(f"A worker cannot find {name_of(function)} ({error})", how=how) from error


def pack_arguments(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Parts:
    """One call's arguments. Raises UserError where they cannot be sent."""
    try:
        return pack((args, kwargs))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UserError(
            f"What {name_of(function)} is given cannot be sent to a worker ({error})",
            how="pass plain data and arrays, and objects of classes defined in a module",
        ) from error


def name_of(function: Callable[..., Any]) -> str:
    """What to call a function in a message: its name, or that of what a partial wraps."""
    function = getattr(function, "func", function)
    return getattr(function, "__qualname__", None) or repr(function)


def unpack(parts: Parts) -> Any:
    """The message again; its arrays live in the parts, uncopied and writable where they were."""
    return pickle.loads(parts[0], buffers=parts[1:])  # noqa: S301 (from our own process)


def send(stream: io.FileIO, parts: Parts) -> None:
    """Write a packed message. Raises BrokenPipeError when nobody listens."""
    _write(stream, memoryview(struct.pack(f"<Q{len(parts)}Q", len(parts), *(part.nbytes for part in parts))))
    for part in parts:
        _write(stream, part)


def receive(stream: io.FileIO) -> Parts:
    """Wait for a message, still packed. Raises EOFError at the end of the stream."""
    (count,) = struct.unpack("<Q", _read(stream, 8))
    sizes = struct.unpack(f"<{count}Q", _read(stream, 8 * count))
    return [_read(stream, size) for size in sizes]


def _write(stream: io.FileIO, data: memoryview) -> None:
    while data.nbytes:  # one write takes 2 GB at most
        data = data[stream.write(data) :]


def _read(stream: io.FileIO, size: int) -> memoryview:
    whole = rest = memoryview(bytearray(size))
    while rest.nbytes:
        count = stream.readinto(rest)
        if not count:
            raise EOFError
        rest = rest[count:]
    return whole
