"""Long work in worker processes, shared by everybody who looks: started once, watched, cancelled."""

import threading
from collections.abc import Callable
from typing import Any

import streamlit as st

from explorer.engine import Job


class _Jobs:
    """Jobs by key. One at a time per key; a finished one is forgotten when its outcome has been read."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job[Any]] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Job[Any] | None:
        return self._jobs.get(key)

    def start(self, key: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        with self._lock:
            if key not in self._jobs:
                self._jobs[key] = Job(function, *args, **kwargs)

    def forget(self, key: str) -> None:
        with self._lock:
            self._jobs.pop(key, None)


@st.cache_resource(show_spinner=False)
def _jobs() -> _Jobs:
    return _Jobs()


def job(key: str) -> Job[Any] | None:
    """The job under ``key``, running or just ended; None when there is none."""
    return _jobs().get(key)


def start(key: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Run ``function(*args, report=..., **kwargs)`` in a worker, unless it is running already."""
    _jobs().start(key, function, *args, **kwargs)


def forget(key: str) -> None:
    """Drop a job that has ended."""
    _jobs().forget(key)


@st.fragment(run_every=0.5)
def watch(key: str, title: str) -> None:
    """Show a running job: what it does, how far it is, how long it still takes, and a button that stops it.

    Draws the whole page again when the job has ended.
    """
    running = job(key)
    if running is None or running.state != "running":
        st.rerun()
    with st.container(border=True):
        left, right = st.columns([5, 1], vertical_alignment="center")
        left.progress(running.progress.fraction, text=f"**{title}** · {running.progress.sentence}")
        right.button("Cancel", key=f"cancel-{key}", on_click=running.cancel, icon=":material/close:", width="stretch")
