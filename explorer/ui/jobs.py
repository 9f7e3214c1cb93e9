"""Long work in worker processes, shared by everybody who looks: started once, watched, cancelled.

Jobs of one lane run one after another: two maps at once on a small machine would both take twice as long.
"""

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import streamlit as st

from explorer.engine import Job
from explorer.engine import State as JobState
from explorer.errors import UserError
from explorer.ui.failures import in_the_app

State = Literal["waiting"] | JobState

NO_SNAPSHOTS = object()

_log = logging.getLogger(__name__)


class _Jobs:
    """Jobs by key, one a key. A finished one stays until it is forgotten."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job[Any]] = {}
        self._lanes: dict[str, str] = {}
        self._waiting: dict[str, Callable[[], Job[Any]]] = {}  # in the order in which they came
        self._never_begun: set[str] = set()  # cancelled while they waited
        self._lock = threading.Lock()

    def get(self, key: str) -> Job[Any] | None:
        return self._jobs.get(key)

    def state(self, key: str) -> State | None:
        with self._lock:
            if key in self._waiting:
                return "waiting"
            if key in self._never_begun:
                return "cancelled"
            job = self._jobs.get(key)
        return None if job is None else job.state

    def keys(self) -> list[str]:
        with self._lock:
            return [*self._jobs, *self._waiting, *self._never_begun]

    def start(self, key: str, lane: str, make: Callable[[], Job[Any]]) -> None:
        with self._lock:
            if key not in self._jobs and key not in self._waiting and key not in self._never_begun:
                self._lanes[key] = lane
                self._waiting[key] = make
        self._advance(lane)

    def cancel(self, key: str) -> None:
        with self._lock:
            if self._waiting.pop(key, None) is not None:
                self._never_begun.add(key)
        if (job := self.get(key)) is not None:
            job.cancel()

    def forget(self, key: str) -> None:
        with self._lock:
            self._jobs.pop(key, None)
            self._never_begun.discard(key)

    def _advance(self, lane: str) -> None:
        """Start the first job that waits in a lane without a running one."""
        with self._lock:
            busy = any(self._lanes[key] == lane and job.state == "running" for key, job in self._jobs.items())
            first = next((key for key in self._waiting if self._lanes[key] == lane), None)
            if busy or first is None:
                return
            job = self._jobs[first] = self._waiting.pop(first)()
        threading.Thread(target=self._follow, args=(job, lane), daemon=True).start()

    def _follow(self, job: Job[Any], lane: str) -> None:
        job.wait()
        self._advance(lane)


@st.cache_resource(show_spinner=False)
def _jobs() -> _Jobs:
    return _Jobs()


def job(key: str) -> Job[Any] | None:
    """The job under ``key``, running or ended; None when there is none or it still waits."""
    return _jobs().get(key)


def state(key: str) -> State | None:
    """How the job under ``key`` stands; None when there is none."""
    return _jobs().state(key)


def known(beginning: str) -> list[str]:
    """The keys with this ``beginning`` of all jobs that wait, run, or have ended and are not forgotten."""
    return [key for key in _jobs().keys() if key.startswith(beginning)]  # noqa: SIM118 - no mapping


def trouble(key: str) -> str | None:
    """Why the job under ``key`` has no result, in a sentence; None while it waits or runs, and when it has one.

    What the user cannot mend goes to the log: it must not take the page with it.
    """
    ended = job(key)
    if state(key) == "cancelled":
        return "It was cancelled."
    if ended is None or ended.state != "failed":
        return None
    try:
        ended.result()
    except UserError as error:
        return str(error)
    except Exception:  # noqa: BLE001 - whatever the worker raised
        _log.exception("the job %s failed", key)
    return "It could not be done, which is our fault; the terminal where the app was started says more."


def start(
    key: str,
    function: Callable[..., Any],
    *args: Any,
    lane: str | None = None,
    through: Callable[..., Job[Any]] = Job,
) -> None:
    """Run ``function(*args, report=...)`` in a worker, unless it is there already; after the others of its lane.

    ``through`` makes the job: in a new process, or in one that has been got ready.
    """
    _jobs().start(key, lane or key, partial(through, function, *args))


def start_anew(key: str, function: Callable[..., Any], *args: Any, lane: str | None = None) -> None:
    """``start``, also when there is one under ``key`` that has ended."""
    forget(key)
    start(key, function, *args, lane=lane)


def cancel(key: str) -> None:
    """Stop the job under ``key``, if there is one, or take it off those that wait."""
    _jobs().cancel(key)


def forget(key: str) -> None:
    """Drop a job that has ended."""
    _jobs().forget(key)


def busy(key: str) -> bool:
    """Whether there is a job under ``key`` that waits or runs."""
    return state(key) in ("waiting", "running")


@st.fragment(run_every=1.0)
def await_quietly(key: str) -> None:
    """Draw the whole page again when the job has ended; shows nothing."""
    if not busy(key):
        st.rerun()


@st.fragment(run_every=0.5)
def watch(key: str, title: str, *, snapshot: object = NO_SNAPSHOTS) -> None:
    """Show a job: what it does, how far it is, how long it still takes, and a button that stops it.

    Draws the whole page again when the job has ended, and when it has an unfinished result that is another than
    ``snapshot``, the one on the page; a page that shows none gives ``NO_SNAPSHOTS``.
    """
    stands, running = state(key), job(key)
    if stands == "waiting":
        fraction, said = 0.0, "waits until the one before it is done"
    elif stands == "running" and running is not None:
        fraction, said = running.progress.fraction, running.progress.sentence
    else:
        st.rerun()
    if running is not None and snapshot is not NO_SNAPSHOTS and running.snapshot is not snapshot:
        st.rerun()
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.progress(fraction, text=f"**{title}** · {said}", width="stretch")
        st.button("Cancel", key=f"cancel-{key}", on_click=partial(cancel, key), icon=":material/close:")


def watched(key: str, title: str) -> bool:
    """``watch`` a job that waits or runs; whether there is one."""
    if not busy(key):
        return False
    watch(key, title)
    return True


def try_again(key: str, said: str) -> None:
    """Show why there is no result, and a button that forgets the job, so that the page starts it anew."""
    st.warning(in_the_app(said), icon=":material/error:")
    st.button("Try again", key=f"again-{key}", on_click=partial(forget, key), icon=":material/refresh:")


def on_request(
    key: str, title: str, function: Callable[..., Any], *args: Any, lane: str, label: str, icon: str, note: str
) -> bool:
    """A button that starts the job under ``key``, with a ``note`` on what it costs; once started, how it stands.

    For a page that lacks the result: a job that is done is forgotten, and the page drawn again, which finds it now.
    Whether the job waits or runs.
    """
    if watched(key, title):
        return True
    stands = state(key)
    if stands == "done":
        forget(key)
        st.rerun()
    if stands is not None:
        st.warning(in_the_app(str(trouble(key))), icon=":material/error:")
    st.button(
        label if stands is None else "Try again",
        key=f"start-{key}",
        type="primary",
        icon=icon,
        on_click=partial(start_anew, key, function, *args, lane=lane),
    )
    st.caption(note)
    return False
