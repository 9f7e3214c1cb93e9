"""The alerts of one animal, each with its reason, and what people found out about it."""

from datetime import UTC
from functools import partial

import streamlit as st

from explorer.change.alerts import Alerts
from explorer.change.clock import Clock
from explorer.change.runs import Run, runs_of_alerts, unseen
from explorer.decisions.alert_verdicts import MOST_NOTE, Resolutions, Resolved, Verdict, resolve_alert
from explorer.decisions.names import checked_who
from explorer.decisions.undoing import undo
from explorer.study.study import Study
from explorer.ui.kept import trying
from explorer.ui.plain import count, for_markdown

NAME = "animal_who"
"""Key of the name under which a person decides, for the whole page."""

_SHOWN = 5
_WAYS: tuple[tuple[Verdict, str, str, str], ...] = (
    ("confirmed", "Confirmed", ":material/check:", "The change is real. Its visits stay out of the animal's normal."),
    ("false alarm", "False alarm", ":material/close:", "Nothing was wrong. Its visits join the animal's normal again."),
    ("watch", "Watch", ":material/visibility:", "Not known yet. Its visits stay out of the animal's normal."),
)
_ICONS = {verdict: icon for verdict, _, icon, _ in _WAYS}


def alerts_panel(study: Study, alerts: Alerts, animal: str, labels: dict[str, str], decided: Resolutions) -> None:
    """Draw them, the latest first, with buttons that resolve them."""
    st.subheader("Alerts")
    for trouble in decided.troubles:
        st.warning(for_markdown(trouble), icon=":material/warning:")
    clock = next(iter(alerts.followed.values())).series.clock
    runs = runs_of_alerts(alerts, animal, decided)
    if not runs:
        st.markdown("None so far.")
    for run in runs[:_SHOWN]:
        _shown(study, animal, run, labels, clock)
    if len(runs) > _SHOWN:
        with st.expander(f"{count(len(runs) - _SHOWN, 'earlier alert')}"):
            for run in runs[_SHOWN:]:
                _shown(study, animal, run, labels, clock)
    for one in unseen(runs, decided, animal):
        with st.container(horizontal=True, vertical_alignment="center"):
            days = ", ".join(clock.say(day) for day in one.days[:3]) + (" ..." if len(one.days) > 3 else "")
            st.caption(f"{for_markdown(labels.get(one.task, one.task))}, {days}: no alert any more. {_decision(one)}")
            _undo(study, one)


def _shown(study: Study, animal: str, run: Run, labels: dict[str, str], clock: Clock) -> None:
    span = clock.say(run.days[0]) + (f" to {clock.say(run.days[-1])}" if len(run.days) > 1 else "")
    label = for_markdown(labels.get(run.task, run.task))
    with st.container(border=True):
        st.markdown(
            f"**{label}** · {for_markdown(span)} · {count(len(run.days), 'visit')} · {for_markdown(run.channel)}"
        )
        st.markdown(for_markdown(run.reason))
        if run.effect:
            matters = f", {run.relevant}, which is what matters" if run.relevant else ""
            st.caption(for_markdown(f"Away from its own level (95 %): {run.effect}{matters}."))
        with st.container(horizontal=True, vertical_alignment="center"):
            if run.resolved is not None:
                st.markdown(_decision(run.resolved))
                _undo(study, run.resolved)
            _resolve(study, animal, run)


def _decision(one: Resolved) -> str:
    when = one.when.astimezone(UTC)
    note = f": {for_markdown(one.note)}" if one.note else ""
    said = f"{_ICONS[one.verdict]} **{one.verdict}** by {for_markdown(one.who)}, {when.day} {when:%b %Y, %H:%M} UTC"
    return f"{said}{note}"


def _undo(study: Study, one: Resolved) -> None:
    st.button(
        "Undo",
        key=f"alert-undo-{one.seq}-{one.task}-{one.days[0]}",
        on_click=partial(trying, partial(undo, study, one.seq), "Undone"),
        icon=":material/undo:",
        type="tertiary",
    )


def _resolve(study: Study, animal: str, run: Run) -> None:
    key = f"{animal}-{run.task}-{run.days[0]}"
    label = "Resolve" if run.resolved is None else "Change"
    menu = st.popover(label, icon=":material/fact_check:", key=f"alert-menu-{key}", on_change="rerun")
    if not menu.open:
        return
    with menu:
        st.text_area("Note", key=f"alert-note-{key}", max_chars=MOST_NOTE, height=80)
        who(f"alert-who-{key}")
        with st.container(horizontal=True):
            for verdict, said, icon, help_ in _WAYS:
                st.button(
                    said,
                    key=f"alert-{verdict}-{key}",
                    on_click=partial(_resolved, study, animal, run, verdict, key),
                    icon=icon,
                    help=help_,
                )


def who(key: str) -> None:
    """The name under which a person decides: asked where it is needed, and the same in the whole page."""
    st.session_state[key] = st.session_state.get(NAME) or checked_who(None)
    st.text_input(
        "Your name", key=key, max_chars=80, on_change=lambda: st.session_state.update({NAME: st.session_state[key]})
    )


def _resolved(study: Study, animal: str, run: Run, verdict: Verdict, key: str) -> None:
    note = str(st.session_state[f"alert-note-{key}"])
    name = str(st.session_state[f"alert-who-{key}"])
    trying(lambda: resolve_alert(study, animal, run.days, run.task, verdict, note=note, who=name), f"Kept: {verdict}")
