"""Who the animal is and how it is doing: picture, facts, one sentence."""

import numpy as np
import streamlit as st

from explorer.change.alerts import Alerts
from explorer.change.circumstances import events_about, facts_of, in_a_sentence, picture_rows, rows_of
from explorer.change.clock import Clock, clock_of
from explorer.change.figures import figures_of, last_row
from explorer.change.standing import NOT_A_DIAGNOSIS, Standing
from explorer.errors import UserError
from explorer.study.study import Study
from explorer.ui.animal.courses import events_of
from explorer.ui.plain import count, for_markdown
from explorer.ui.simulated import simulated_badge
from explorer.ui.thumbnails import thumbnail

_SIDE = 260
_FACTS = 12


def header(study: Study, alerts: Alerts | None, standing: Standing | None, animal: str, labels: dict[str, str]) -> None:
    """Draw it; without ``alerts`` (they are being computed) only what is known of the animal."""
    clock = clock_of(study)
    left, right = st.columns([1, 3], gap="medium") if study.has_pictures else (None, st.container())
    if left is not None:
        with left:
            _picture(study, clock, animal)
    with right:
        st.title(for_markdown(animal))
        simulated_badge(study)
        if alerts is not None and standing is not None:
            events = events_of(study, clock, animal)
            _state(alerts, standing, clock, labels, events_about(events, clock, standing.since, standing.day))
        elif alerts is not None:
            st.info("Nothing of what is followed was ever measured of this animal.", icon=":material/info:")
        facts = [*facts_of(study, animal), *_seen(study, clock, animal)]
        st.markdown(" · ".join(_fact(*one) for one in facts[:_FACTS]))
        if len(facts) > _FACTS:
            with st.expander("More facts"):
                st.markdown("\n".join(f"- {_fact(*one)}" for one in facts[_FACTS:]))
        st.caption(f":material/medical_information: {NOT_A_DIAGNOSIS}")


def _fact(label: str, words: str) -> str:
    return f"{for_markdown(label)} **{for_markdown(words)}**"


def _seen(study: Study, clock: Clock, animal: str) -> list[tuple[str, str]]:
    rows = rows_of(study, animal)
    if not len(rows) or study.time is None:
        return []
    days = clock.days(study.time[rows])
    return [
        ("First seen", clock.say(float(days.min()))),
        ("Last seen", clock.say(float(days.max()))),
        ("Observations", f"{len(rows):,} on {count(len(np.unique(days)), 'day')}"),
    ]


def _picture(study: Study, clock: Clock, animal: str) -> None:
    row = picture_rows(study, animal, float("-inf"), float("inf"))[1]
    if row is None or study.time is None:
        st.caption("No picture.")
        return
    try:
        content = thumbnail(study, row, 2 * _SIDE)
    except UserError as error:
        st.caption(for_markdown(error))
        return
    when = clock.say(float(clock.days(study.time[row : row + 1])[0]))
    if content is not None:
        st.image(content, for_markdown(f"Latest picture, {when}"), width="stretch", alt=f"{animal} on {when}")


def _state(alerts: Alerts, standing: Standing, clock: Clock, labels: dict[str, str], about: str) -> None:
    """One sentence in a box whose icon says the same as its colour, and how old the last values are; ``about``: what
    happened about that time."""
    odd = _odd(alerts, standing.animal, labels)
    box, icon = (st.info, ":material/visibility:") if odd else (st.success, ":material/check_circle:")
    if standing.learning:
        box, icon = st.info, ":material/school:"
    if standing.since is not None:
        box, icon = st.warning, ":material/notification_important:"
    new = "**NEW** · " if standing.new else ""
    since = "" if standing.since is None else f" The alerts began on {clock.say(standing.since)}."
    look = f" No alert at this setting, but outside its own band: {', '.join(odd)}." if odd else ""
    box(new + for_markdown(f"{standing.sentence}{since}{look}{in_a_sentence(about)}"), icon=icon)
    ages: dict[str, list[str]] = {}
    for task, followed in alerts.followed.items():
        row = last_row(followed, standing.animal)
        if row is not None:
            old = standing.day - float(followed.panel.day[row])
            said = "on that day" if old < 1 else f"{_days(old)} before"
            ages.setdefault(said, []).append(labels.get(task, task))
    told = " · ".join(f"{said}: {for_markdown(', '.join(tasks))}" for said, tasks in ages.items())
    st.caption(f":material/history: Last measured, as of {for_markdown(clock.say(standing.day))}, {told}")


def _odd(alerts: Alerts, animal: str, labels: dict[str, str]) -> list[str]:
    """Tasks whose last value lies outside the animal's own band without being an alert: what it is, and the band."""
    found = []
    for task, followed in alerts.followed.items():
        row = last_row(followed, animal)
        if row is None or not followed.monitored[row] or followed.alerted[row]:
            continue
        value, low, high = (float(one[row]) for one in (followed.series.value, followed.low, followed.high))
        if not low <= value <= high:
            said = figures_of(followed, row)
            found.append(f"{labels.get(task, task)} {said.value}, expected {said.expected}")
    return found


def _days(days: float) -> str:
    return count(round(days), "day") if days < 120 else count(round(days / 30.44), "month")
