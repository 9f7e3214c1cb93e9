"""The events of one animal (calving, treatment, move), and a form that adds one."""

from datetime import date
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from explorer.change.clock import Clock, clock_of
from explorer.decisions.noted_events import MOST_DETAIL, note_event, noted_events
from explorer.decisions.undoing import undo
from explorer.study.study import Study
from explorer.ui.animal.alerts_panel import who
from explorer.ui.animal.courses import events_of
from explorer.ui.kept import trying
from explorer.ui.plain import for_markdown

_USUAL = ("calving", "treatment", "illness", "injury", "move", "feed change")
_LAST = 12


def events_panel(study: Study, animal: str) -> None:
    """Draw them, the last ones first."""
    st.subheader("Events")
    clock = clock_of(study)
    for trouble in noted_events(study)[1]:
        st.warning(for_markdown(trouble), icon=":material/warning:")
    events = events_of(study, clock, animal).iloc[::-1]
    if events.empty:
        st.caption("None are known of this animal.")
    lines = events.head(_LAST).to_dict("records")
    own = [one for one in lines if one["seq"] < 0]
    if own:
        st.markdown("\n".join(f"- {_said(clock, one)}" for one in own))
    for one in lines:
        if one["seq"] >= 0:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{_said(clock, one)}, noted by {for_markdown(one['who'])}")
                st.button(
                    "Undo",
                    key=f"event-undo-{one['seq']}",
                    on_click=partial(trying, partial(undo, study, int(one["seq"])), "Undone"),
                    icon=":material/undo:",
                    type="tertiary",
                )
    if len(events) > _LAST:
        st.caption(f"The last {_LAST} of {len(events):,}.")
    with st.popover("Add an event", icon=":material/event:"):
        _form(study, animal, clock, events)


def _said(clock: Clock, event: dict[str, object]) -> str:
    detail = f": {for_markdown(event['detail'])}" if event["detail"] else ""
    return f"{clock.say(float(str(event['day'])))} · **{for_markdown(event['kind'])}**{detail}"


def _form(study: Study, animal: str, clock: Clock, events: pd.DataFrame) -> None:
    kinds = list(dict.fromkeys([*study.events["kind"].dropna().astype(str), *events["kind"], *_USUAL]))
    last = _last_day(study, clock)
    if clock.unit is None:
        st.date_input("Day", pd.Timestamp(clock.write(last)).date(), key="event_time", min_value=date(1900, 1, 1))
    else:
        st.number_input(f"Time ({clock.unit})", value=float(clock.write(last)), key="event_time")
    st.selectbox("What", kinds, key="event_kind", accept_new_options=True, help="Choose one, or type another.")
    st.text_input("Detail", key="event_detail", max_chars=MOST_DETAIL)
    who("event_who")
    st.button("Add it", key="event_add", type="primary", icon=":material/add:", on_click=partial(_add, study, animal))


def _last_day(study: Study, clock: Clock) -> float:
    days = clock.days(study.time) if study.time is not None else np.empty(0)
    known = days[np.isfinite(days)]
    return float(known.max()) if len(known) else 0.0


def _add(study: Study, animal: str) -> None:
    said = {name: st.session_state[f"event_{name}"] for name in ("time", "kind", "detail", "who")}
    trying(
        lambda: note_event(study, animal, said["time"], str(said["kind"]), said["detail"], who=said["who"]),
        f"Noted: {said['kind']}",
    )
