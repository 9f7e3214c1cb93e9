"""Looking back on one animal: the levels its values had, by all that is known today. Apart from the alerts."""

import re
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from explorer.change.digits import change_said, value_said, with_unit
from explorer.change.levels import NOISE, Amount, Level, levels_of
from explorer.change.levels_table import export_levels
from explorer.change.retrospective import FEWEST
from explorer.change.series import Series, series_of
from explorer.errors import UserError
from explorer.space.bootstrap import Interval
from explorer.study.study import Study
from explorer.ui.alerts_saving import file_and_how
from explorer.ui.animal.levels_chart import levels_chart
from explorer.ui.following import settings
from explorer.ui.palette import palette
from explorer.ui.plain import count, for_markdown

SEEN, BACK = "As it was seen", "Looking back"


def which_charts() -> bool:
    """Draw the choice between what was seen day by day, with alerts, and looking back; True for the latter."""
    chosen = st.segmented_control(
        "Charts",
        (SEEN, BACK),
        default=SEEN,
        required=True,
        key="animal_charts",
        label_visibility="collapsed",
    )
    return bool(chosen == BACK)


def looking_back(study: Study, stamped: tuple[object, ...], animal: str, labels: dict[str, str]) -> None:
    """Draw the levels of ``animal`` in all that is followed. ``labels``: what that is called."""
    st.info(
        "This uses what came after each visit, so nobody could have seen it on the day: it never raises an alert. "
        "A level is a mean (on a log scale the geometric one). Growth, a slow rise and a season look like steps here: "
        "neither age nor season is set aside.",
        icon=":material/history:",
    )
    amount: Amount = st.segmented_control(
        "Changes of level shown",
        list(NOISE),
        default="usual",
        required=True,
        key="animal_amount",
        help="How large a change must be to be drawn. " + _noise("few") + " " + _noise("usual") + " " + _noise("many"),
    )
    shown = {}
    for name in settings(study).variables:
        try:
            series = _series(str(study.path), stamped, name, study)
        except UserError as error:
            st.caption(for_markdown(error))
            continue
        if animal in series.animals:
            shown[name] = series.only(series.animal == series.animals.index(animal))
    if not shown:
        st.caption("Nothing of what is followed was ever measured of this animal.")
        return
    every = np.concatenate([series.day for series in shown.values()])
    air = max(1.0, 0.02 * float(np.ptp(every)))
    for name, series in shown.items():
        _told(series, labels.get(name, name), amount, (float(every.min()) - air, float(every.max()) + air))
    st.caption(
        "Intervals (95 %) take the days of the changes as known and the visits of a level as independent; the days "
        "were chosen so that the levels differ most, so the intervals are too narrow."
    )
    _saving(study, tuple(shown), animal, amount)


def _noise(amount: Amount) -> str:
    short, long, alike = NOISE[amount]
    return (
        f"{amount.capitalize()}: of 100 made series in which nothing changes, {short} show a change in 12 visits, "
        f"{long} in 40, and {alike} in 40 whose neighbours are alike."
    )


@st.cache_resource(max_entries=16, show_spinner=False)
def _series(path: str, stamped: tuple[object, ...], name: str, _study: Study) -> Series:
    del path, stamped
    return series_of(_study, name)


@st.cache_data(max_entries=256, show_spinner=False)
def _levels(values: tuple[float, ...], amount: Amount) -> tuple[Level, ...]:
    return levels_of(np.array(values), amount)


def _told(series: Series, label: str, amount: Amount, span: tuple[float, float]) -> None:
    """One series: a heading, the chart, and the levels in figures."""
    levels = _levels(tuple(series.value.tolist()), amount)
    visits = count(len(series), "visit")
    title = f"**{for_markdown(label)}**"
    if not levels:
        st.markdown(f"{title} · :gray[{visits}: too few to tell of a change, which takes {FEWEST}]")
        return
    changes = count(len(levels) - 1, "change") if len(levels) > 1 else "no change"
    mean = f", mean {with_unit(_level(series, levels[0].mean), series.unit)}" if len(levels) == 1 else ""
    st.markdown(f"{title} · {changes} of level :gray[in {visits}{for_markdown(mean)}]")
    clock = series.clock
    table = pd.DataFrame(
        {
            "from": [clock.say(float(series.day[level.first])) for level in levels],
            "to": [clock.say(float(series.day[level.last])) for level in levels],
            "visits": [level.n for level in levels],
            f"level{f' ({series.unit})' if series.unit else ''}": [_level(series, level.mean) for level in levels],
            "change from the level before": [
                "" if level.change is None else _change(series, level.change) for level in levels
            ],
        }
    )
    said = "; ".join(f"{row[0]} to {row[1]} {row[3]} of {count(row[2], 'visit')}" for row in table.to_numpy().tolist())
    st.plotly_chart(
        levels_chart(series, levels, span, palette()),
        theme=None,
        config={"displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d"]},
        key=f"levels-{series.name}",
        alt=f"{label}, looking back, {changes} of level in {visits}: {said}",
    )
    if len(levels) > 1:
        st.dataframe(table, hide_index=True, width="content")


def _level(series: Series, found: Interval) -> str:
    spread = float(np.std(series.value))
    value, low, high = (value_said(series, one, spread) for one in (found.value, found.low, found.high))
    return f"{value} ({low} to {high})"


def _change(series: Series, found: Interval) -> str:
    return change_said(series, found.value, found.low, found.high, float(np.std(series.value)))


def _saving(study: Study, names: tuple[str, ...], animal: str, amount: Amount) -> None:
    file = re.sub(r"[^\w.-]+", "-", f"{study.path.name}-{animal}") + "-levels.csv"

    def made() -> tuple[bytes, dict[str, Any]]:
        export = export_levels(study, names, [animal], amount=amount, file=file)
        return export.content, export.facts

    with st.container(horizontal=True):
        file_and_how("Levels as CSV", made, file, ":material/download:")
