"""What is followed for alerts, on the pages Herd round and Animal: the settings, their controls, and the alerts.

The settings are part of the view (``view().follow``), so that they are in the address and can be undone. The alerts are
computed by a worker and kept in the study's cache under a hash of the data, the settings and what people decided.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from explorer.change.alerts import Alerts
from explorer.change.arms import MEANING, METHODS
from explorer.change.clock import clock_of
from explorer.change.false_alerts import KEPT
from explorer.change.kept import alerts_at, compute_at, read_alerts
from explorer.change.known_events import Noted, noted_at
from explorer.change.series import DIFFERENCE, OWN_BASELINE, followable, logarithms_of
from explorer.change.usual import nothing_to_follow, usual_variables
from explorer.decisions.alert_verdicts import Verdicts, verdicts_at
from explorer.decisions.noted_events import noted_events
from explorer.study.study import Study
from explorer.ui import jobs
from explorer.ui.state import propose, view
from explorer.ui.studies import stamp
from explorer.view import Follow

RATES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
"""False-alarm rates to choose from: how likely a healthy animal has a false alert in a year."""

MEMORIES: tuple[int | str, ...] = ("held-back", 5, 10, 14, 20, 30, "all")

_TITLE = "Looking for changes"


@st.cache_data(max_entries=16, show_spinner=False)
def _followable(path: str, stamped: tuple[object, ...], _study: Study) -> dict[str, str]:
    """Of a task dimension also its change, which is no series of the study but of two visits each."""
    del path, stamped
    found = followable(_study)
    for name, label in list(found.items()):
        embedding, _, task = name.partition(":")
        if task and task != OWN_BASELINE and embedding in _study.embedding_names:
            found[f"{embedding}:{DIFFERENCE}:{task}"] = f"{label}: change a day"  # as ``series_of`` calls it
    return found


def choices(study: Study) -> dict[str, str]:
    """Everything in ``study`` that can be followed: its label, by name; of logarithms those of lopsided variables and
    those that the view names. Raises UserError when nothing can."""
    clock_of(study)
    found = _followable(str(study.path), stamp(str(study.path)), study)
    if not found:
        raise nothing_to_follow(study)
    asked = {name: label for name, label in logarithms_of(study).items() if name in view().follow.variables}
    return found | asked


def usual(study: Study) -> tuple[str, ...]:
    """What is followed unless a person says otherwise: the tasks whose relevant change is known, else the first ones.

    Measured values only; a task dimension of an embedding is followed when it is asked for. Never empty.
    """
    offered = choices(study)
    return usual_variables(study, offered)


def settings(study: Study) -> Follow:
    """The settings of the view, made whole: what this study does not have is left out, and nothing means the usual."""
    asked = view().follow
    offered = choices(study)
    kept = tuple(name for name in asked.variables if name in offered)
    return asked.model_copy(
        update={
            "variables": kept or usual(study),
            "method": asked.method if asked.method in METHODS else Follow().method,
            "covariates": tuple(name for name in asked.covariates if name in study.variables),
            "unhealthy": tuple(kind for kind in asked.unhealthy if kind in _kinds(study)),
        }
    )


def _kinds(study: Study) -> list[str]:
    """Kinds of events, of the study's table or noted."""
    return sorted({*study.events["kind"].dropna().astype(str), *(one.kind for one in noted_events(study)[0])})


def change_settings(**changes: Any) -> None:
    """Follow with some settings changed: a step that can be undone. For callbacks."""
    propose(view().but(follow=Follow.model_validate({**view().follow.model_dump(), **changes})))


@st.cache_resource(max_entries=6, show_spinner=False)
def _read(path: str, written: int) -> Alerts | None:
    del written
    return read_alerts(Path(path))


def _at(path: Path) -> Alerts | None:
    return _read(str(path), path.stat().st_mtime_ns) if path.is_file() else None


def following(study: Study) -> Alerts | None:
    """The alerts of ``study`` under the settings of the view, all animals; None while there are none to show.

    Sees to it that they are made: starts the worker, and draws at this place of the page its progress with a button
    that stops it, or what went wrong with one that tries again. While what a person decided is being worked in, the
    alerts from before are given, and the page says so. Raises UserError when nothing can be followed.
    """
    asked = _asked(study)
    path = alerts_at(study, *asked)
    if path.is_file():
        return _made(study, *asked, _TITLE)
    before = _before(path)
    found = _made(study, *asked, _TITLE if before is None else f"{_TITLE}, with what was decided")
    if found is None and before is not None:
        st.caption("Below, the alerts as they were before the last decision.")
    return before if found is None else found


def following_by(study: Study, method: str) -> Alerts | None:
    """As ``following``, by another ``method``; None while there are none."""
    follow, verdicts, noted = _asked(study)
    return _made(study, follow.model_copy(update={"method": method}), verdicts, noted, f"{_TITLE} by {method}")


def _made(study: Study, follow: Follow, verdicts: Verdicts, noted: Noted, title: str) -> Alerts | None:
    path = alerts_at(study, follow, verdicts, noted)
    found = _at(path)
    if found is not None:
        return found
    key = f"changes-{path}"
    if jobs.state(key) is None:
        jobs.start(key, compute_at, study.path, follow, verdicts, path, noted, lane="changes")
    if not jobs.watched(key, title):
        if jobs.state(key) == "done":
            jobs.forget(key)
            found = _at(path)
            if found is not None:
                return found
        jobs.try_again(key, jobs.trouble(key) or "What was computed could not be read again.")
    return None


def is_current(study: Study) -> bool:
    """Whether ``following`` gives the alerts of this moment, and not those from before the last decision."""
    return alerts_at(study, *_asked(study)).is_file()


def _asked(study: Study) -> tuple[Follow, Verdicts, Noted]:
    """The settings, and what people decided and noted so far."""
    follow = settings(study)
    return follow, verdicts_at(study), noted_at(study, follow.unhealthy)


def _before(path: Path) -> Alerts | None:
    """The alerts under the same settings that were made last, whatever had been decided."""
    kept = sorted(path.parent.glob("*.npz"), key=lambda one: one.stat().st_mtime_ns, reverse=True)
    return next((found for one in kept if (found := _at(one)) is not None), None)


# --- controls --------------------------------------------------------------------------------------------


def rate_slider() -> None:
    """The false-alarm rate: how likely a healthy animal has a false alert in a year, all that is followed together."""
    now = view().follow.rate
    offered = sorted({*RATES, now})
    st.session_state["follow_rate"] = now
    st.select_slider(
        "Healthy animals with a false alert in a year",
        offered,
        key="follow_rate",
        format_func=lambda one: f"{100 * one:g} %",
        on_change=_from("follow_rate", "rate"),
        width=420,
        help="Fewer false alerts, and changes are found later or not at all; more, and you look at more healthy "
        f"animals. This is what the limits are set for: {KEPT}. The Herd round says how many that is in a month.",
    )


def follow_controls(study: Study) -> None:
    """What is followed and how: a popover with the variables, the method, the memory and the covariates."""
    with st.popover("What is followed", icon=":material/tune:", help="Variables, method, memory"):
        offered, follow = choices(study), settings(study)
        st.session_state["follow_variables"] = list(follow.variables)
        st.multiselect(
            "Follow",
            list(offered),
            key="follow_variables",
            format_func=lambda one: offered.get(one, one),
            on_change=_from("follow_variables", "variables", tuple),
            help="The false-alarm rate is for all of them together: each one more makes the others less sensitive.",
        )
        st.session_state["follow_method"] = follow.method
        st.selectbox(
            "Method",
            list(METHODS),
            key="follow_method",
            format_func=method_name,
            on_change=_from("follow_method", "method"),
            help="All are calibrated to the same false-alarm rate; those beside the first are for comparison.",
        )
        st.session_state["follow_memory"] = follow.memory
        st.selectbox(
            "An animal's baseline remembers",
            list(dict.fromkeys([*MEMORIES, follow.memory])),
            key="follow_memory",
            format_func=lambda one: _MEMORY.get(one, f"{one} visits"),
            on_change=_from("follow_memory", "memory"),
            help="A baseline that never forgets loses to slow drift; a short one follows an illness.",
        )
        variables = [name for name, one in study.variables.items() if one.role == "background"]
        st.session_state["follow_covariates"] = list(follow.covariates)
        st.multiselect(
            "The herd's baseline also knows (beside age, season and days since calving)",
            variables,
            key="follow_covariates",
            format_func=lambda one: study.variables[one].label or one,
            on_change=_from("follow_covariates", "covariates", tuple),
        )
        kinds = _kinds(study)
        if kinds:
            st.session_state["follow_unhealthy"] = list(follow.unhealthy)
            st.multiselect(
                "No visit is healthy around",
                kinds,
                key="follow_unhealthy",
                on_change=_from("follow_unhealthy", "unhealthy", tuple),
                help="Visits near such events are left out when the limits are calibrated.",
            )


_MEMORY: dict[int | str, str] = {"held-back": "as much as serves best on held-back animals", "all": "all visits"}
_MEANING: dict[str, str] = {str(name): said for name, said in MEANING.items()}


def method_name(name: str) -> str:
    """What a method is called on the screen."""
    return f"{name}: {_MEANING.get(name, name)}"


def _from(key: str, field: str, through: Callable[[Any], Any] = lambda one: one) -> Callable[[], None]:
    return lambda: change_settings(**{field: through(st.session_state[key])})
