"""Which rows of the round are shown: its day, the task, what needs somebody's attention."""

from typing import Any

import pandas as pd
import streamlit as st

from explorer.change.alerts import Alerts
from explorer.change.clock import Clock
from explorer.change.standing import first_day, last_day
from explorer.ui.state import propose, view
from explorer.view import Round

_ONLY = {"all": "All", "alerts": "With an alert", "new": "New", "open": "Unresolved"}
_DAY, _TASK, _SHOWN = "round_day", "round_task", "round_only"


def which_rows(alerts: Alerts) -> None:
    """The controls. Each proposes a new view."""
    at = view().round
    clock = next(iter(alerts.followed.values())).series.clock
    first, end = first_day(alerts), last_day(alerts)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _day(clock, first, end, end if at.as_of is None else min(max(at.as_of, first), end))
        labels = {task: one.series.label for task, one in alerts.followed.items()}
        st.session_state[_TASK] = at.task if at.task in labels else None
        st.selectbox(
            "Followed",
            list(labels),
            index=None,
            key=_TASK,
            format_func=labels.__getitem__,
            placeholder="everything",
            on_change=lambda: _change(task=st.session_state[_TASK]),
            width=220,
        )
        st.session_state[_SHOWN] = at.only
        st.segmented_control(
            "Animals",
            list(_ONLY),
            key=_SHOWN,
            format_func=_ONLY.__getitem__,
            on_change=lambda: _change(only=st.session_state[_SHOWN] or "all"),
        )


def _day(clock: Clock, first: float, end: float, now: float) -> None:
    """The day of the round: a date, or a number in the study's unit. The last day is no choice: data may come."""

    def changed() -> None:
        given = st.session_state[_DAY]
        if given is not None:
            day = clock.read(str(given))
            _change(as_of=None if day >= end else max(day, first))

    says = "By what had been measured by that day, and by what people have said of the alerts until now"
    if clock.unit is None:
        dates = [pd.Timestamp(clock.write(day)).date() for day in (first, end, now)]
        st.session_state[_DAY] = dates[2]
        st.date_input(
            "As of", key=_DAY, min_value=dates[0], max_value=dates[1], on_change=changed, help=says, width=180
        )
        return
    low, high, at = (float(clock.write(day)) for day in (first, end, now))
    st.session_state[_DAY] = at
    st.number_input(f"As of ({clock.unit})", low, high, key=_DAY, on_change=changed, help=says, width=180)


def _change(**changes: Any) -> None:
    propose(view().but(round=Round.model_validate({**view().round.model_dump(), **changes})))
