"""A value that was just measured, judged on the spot; nothing of it is kept."""

from datetime import date
from weakref import WeakKeyDictionary

import pandas as pd
import streamlit as st

from explorer.change.alerts import Alerts
from explorer.change.clock import Clock
from explorer.change.following import Followed
from explorer.change.herd_round import RECENT
from explorer.change.known_backgrounds import backgrounds_of
from explorer.change.known_events import Noted, noted_at
from explorer.change.monitor import Monitor, monitor_of
from explorer.change.one_more import one_more
from explorer.change.scale import LOG2
from explorer.errors import UserError
from explorer.study.study import Study
from explorer.ui.following import settings
from explorer.ui.plain import for_markdown


def one_more_panel(study: Study, alerts: Alerts, animal: str, labels: dict[str, str]) -> None:
    """Draw what asks for the value, and what it would come to; nothing where no value can be typed or judged."""
    offered = [
        task
        for task, one in alerts.followed.items()
        if task.removeprefix(f"{LOG2}:") in study.variables
        and one.reference is not None
        and one.settings.method == "two-channel"
        and animal in one.series.animals
    ]
    if not offered:
        return
    with st.popover("Judge a new value", icon=":material/straighten:"):
        task = st.selectbox("What was measured", offered, format_func=lambda one: labels.get(one, one), key="more_task")
        followed = alerts.followed[task]
        series = followed.series
        own = series.day[series.animal == series.animals.index(animal)]
        day = _day(series.clock, float(own.max()) if len(own) else 0.0)
        value = st.number_input(
            f"Value ({series.unit})" if series.unit else "Value", value=None, format="%g", key="more_value"
        )
        if value is None:
            st.caption("It is judged by what was learnt so far. Nothing is kept: new values come in by an import.")
            return
        try:
            asked = settings(study)
            noted = noted_at(study, asked.unhealthy)
            monitor = _monitor(study, followed, asked.covariates, noted)
            said, alerted = one_more(
                study, followed, monitor, animal, float(value), day, covariates=asked.covariates, noted=noted
            )
        except UserError as error:
            st.warning(for_markdown(error), icon=":material/warning:")
            return
        (st.error if alerted else st.success)(
            for_markdown(said), icon=":material/notification_important:" if alerted else ":material/check:"
        )
        st.caption("Nothing of this is kept: new values come in by an import.")


def _day(clock: Clock, last: float) -> float:
    """The day of the value, after the ``last``: to begin with today, where the animal was seen lately."""
    if clock.unit is None:
        least = pd.Timestamp(clock.write(last + 1)).date()
        begin = date.today() if 0 <= (date.today() - least).days < RECENT else least
        return clock.read(str(st.date_input("On", begin, min_value=least, key=f"more_day_{least}")))
    step = 1.0 if clock.unit == "visits" else float(clock.write(last + 1)) - float(clock.write(last))
    begin = float(clock.write(last)) + step
    return clock.read(str(st.number_input(f"At ({clock.unit})", value=begin, key=f"more_day_{last}")))


_MONITORS: WeakKeyDictionary[Followed, Monitor] = WeakKeyDictionary()


def _monitor(study: Study, followed: Followed, covariates: tuple[str, ...], noted: Noted) -> Monitor:
    if followed not in _MONITORS:
        _MONITORS[followed] = monitor_of(followed, backgrounds_of(study, followed.series, covariates, noted))
    return _MONITORS[followed]
