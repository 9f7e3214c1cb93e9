"""The near side of a worker: start it, send it calls, hear from it, kill it."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import cast

from explorer.engine import wire
from explorer.errors import UserError

# Not multiprocessing: its spawn runs __main__ again, which inside a Streamlit server is the page, and its
# fork is unsafe with threads. -P, and sys.path before anything of ours is imported, so that the worker
# finds exactly the modules that the program finds, whatever lies in the current folder.
_START = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); "  # Ctrl-C is for the program to heed
    "lifeline = int(sys.argv[1]); sys.path[:] = sys.argv[2:]; del sys.argv[1:]; "
    "from explorer.engine.worker import main; main(lifeline)"
)


class WorkerTraceback(Exception):
    """The traceback of an error as it was in the worker; shown as the cause of the error."""

    def __str__(self) -> str:
        return f"in the worker\n\n{self.args[0]}"


class WorkerProcess:
    """One worker that runs one function, call after call.

    `deliver` is called with this worker and each message, from a thread of its own; after the last one
    with `Gone`. All of it may be used from any thread.
    """

    def __init__(
        self,
        function: wire.Parts,
        deliver: "Deliver",
        *,
        environment: dict[str, str] | None = None,
    ) -> None:
        theirs, self._lifeline = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _START, str(theirs), *map(str, sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                pass_fds=(theirs,),
                env=environment,
            )
        except BaseException:
            os.close(self._lifeline)
            raise
        finally:
            os.close(theirs)
        self._stdin = cast(io.FileIO, self._process.stdin)
        self._stdout = cast(io.FileIO, self._process.stdout)
        self._deliver = deliver
        self._writing = threading.Lock()  # so that no pipe is closed while another thread writes to it
        threading.Thread(target=self._listen, name=f"worker {self.pid}", daemon=True).start()
        self.send(function)

    @property
    def pid(self) -> int:
        """The process id, also after its end."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process has not ended yet."""
        return self._process.poll() is None

    def send(self, parts: wire.Parts) -> None:
        """Hand over a packed message. A worker that is gone says so by `deliver`, not here."""
        with self._writing, contextlib.suppress(BrokenPipeError):
            if not self._stdin.closed:
                wire.send(self._stdin, parts)

    def kill(self) -> None:
        """End it, whatever it is doing, and wait until it has ended; its own workers end with it."""
        self._process.kill()
        self._process.wait()
        with self._writing:  # free soon: a write to a process that has ended fails
            if not self._stdin.closed:
                self._stdin.close()
                os.close(self._lifeline)

    def _listen(self) -> None:
        with self._stdout:
            while True:
                try:
                    parts = wire.receive(self._stdout)
                except EOFError:
                    break
                except Exception as error:  # noqa: BLE001 (no memory for it: raised in the caller)
                    self._deliver(self, wire.Raised(error, "(its answer could not be read)"))
                    break
                try:
                    message: wire.Message = wire.unpack(parts)
                except Exception as error:  # noqa: BLE001 (raised again in the caller)
                    message = wire.Raised(error, "(its answer could not be read)")
                self._deliver(self, message)
        self._deliver(self, wire.Gone(self._process.wait()))


Deliver = Callable[[WorkerProcess, wire.Message], None]
"""What hears the messages of a worker."""


def error_of(message: wire.Raised | wire.Gone, worker: WorkerProcess, doing: str) -> BaseException:
    """What to raise in the caller for a call that did not return."""
    if isinstance(message, wire.Raised):
        message.error.__cause__ = WorkerTraceback(message.text)
        return message.error
    how = "see the terminal for its last words"
    if message.returncode >= 0:
        end = f"ended by itself with exit code {message.returncode}"
    elif -message.returncode in (signal.SIGKILL, signal.SIGTERM):
        end = f"was ended from outside ({signal.Signals(-message.returncode).name})"
        how = "most often the memory was full: close other programs, or use fewer workers or less data"
    else:
        end = f"crashed ({signal.strsignal(-message.returncode)})"
    return UserError(f"The worker process {worker.pid} {end} during {doing}", how=how)
