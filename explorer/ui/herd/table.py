"""The rows of the round; a click on one opens its animal."""

import pandas as pd
import streamlit as st

from explorer.change.alerts import Alerts
from explorer.change.round_shown import FULL, ShownRound, round_table
from explorer.ui.navigation import go_to
from explorer.ui.palette import palette
from explorer.ui.plain import count
from explorer.ui.state import propose, view

_KEY, _OPEN = "round_rows", "round_open"
_COLUMNS = (
    "animal", "new", "severity", "reason", "trend", "course", "about", "followed", "value", "change", "by_chance",
    "seen", "verdict",
)  # fmt: skip

_ROW = 98  # pixels: five lines of a reason

_FLAG = 6
"""Letters of a flag, with spaces. The table guesses where a reason must break from the width of the letters that it has
drawn before: after a bare NEW it takes a whole reason for one line, and cuts it off."""


def table(alerts: Alerts, shown: ShownRound) -> None:
    """Draw it, what needs attention first; go to the Animal page when a row was clicked."""
    rows = round_table(alerts, shown)
    st.caption(
        f"{count(len(rows), 'row')} of {len(shown.whole):,} shown, one for each animal and what is followed in it."
    )
    if rows.empty:
        st.info("Nothing to show: no row passes what was chosen above.", icon=":material/check_circle:")
        return
    names = rows["animal"].tolist()
    frame = rows.assign(seen=_seen(rows), new=rows["new"].str.ljust(_FLAG))[list(_COLUMNS)]
    unresolved = frame["verdict"].eq("").all()
    picked = st.dataframe(
        frame.drop(columns="verdict") if unresolved else frame,
        key=_KEY,
        on_select="rerun",
        selection_mode="single-row",
        hide_index=True,
        height=min(720, 40 + _ROW * len(frame)),
        row_height=_ROW,
        alt=shown.sentence,
        column_config={
            "animal": st.column_config.ButtonColumn("animal", type="tertiary", key=_OPEN, width=100, pinned=True),
            "new": st.column_config.TextColumn("", width=62),
            "followed": st.column_config.TextColumn("followed", width=100),
            "value": st.column_config.TextColumn("value", width=90),
            "change": st.column_config.TextColumn(
                "change",
                width=150,
                help="Of alerts: from the animal's own level, its calendar set aside, with a 95 % interval",
            ),
            "severity": st.column_config.ProgressColumn(
                "severity",
                min_value=0,
                max_value=FULL,
                format="%.1f",
                width=80,
                help=f"The change in relevant changes (else in two own standard deviations); full at {FULL:g}",
            ),
            "trend": st.column_config.TextColumn(
                "trend", width=48, help="Over the last five visits; level unless it is clear"
            ),
            "course": st.column_config.LineChartColumn(
                "last values", width=90, color=palette().accent, help="Each from its own lowest to its own highest"
            ),
            "reason": st.column_config.TextColumn("reason", width=315),
            "about": st.column_config.TextColumn(
                "about that time", width=115, help="The last events from a month before the alerts began"
            ),
            "by_chance": st.column_config.NumberColumn(
                "false among as unusual",
                format="percent",
                width=90,
                help="Of all that is looked at in this round and is as unusual as this, the share to expect by chance "
                "alone (false discovery rate, Benjamini and Hochberg). An alert that has built up over many visits may "
                "be ordinary on its last day.",
            ),
            "seen": st.column_config.TextColumn("last value", width=130),
            "verdict": st.column_config.TextColumn("resolved as", width=100),
        },
    )
    clicked = st.session_state.get(_OPEN)
    row = clicked["row"] if clicked is not None else next(iter(picked["selection"]["rows"]), None)
    if row is not None and row < len(names):
        propose(view().but(animal=names[row]))
        go_to("animal")


def _seen(rows: pd.DataFrame) -> list[str]:
    """When the last values were measured, and how old they are on the day of the round."""
    ages = ["that day" if age < 1 else f"{count(round(age), 'day')} old" for age in rows["age"]]
    return [f"{seen}, {age}" for seen, age in zip(rows["seen"], ages, strict=True)]
