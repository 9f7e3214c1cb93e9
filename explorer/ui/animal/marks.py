"""The marks on the chart of one animal: measurements, alerts, what was decided, events.

An alert is told by its shape as well as by its colour: a triangle points to where the value went.
"""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from explorer.ui.animal.course import Course
from explorer.ui.palette import Palette
from explorer.ui.plain import for_plotly

ALERT = "#D55E00"
"""Okabe and Ito's vermilion, in light and dark."""

VERDICT_MARKS = {"confirmed": "✓", "false alarm": "✗", "watch": "◔"}
"""What stands beside a visit whose alert was resolved."""

_TOP = 0.96  # where the marks of events stand, as a share of the chart's height
_LINE = 70  # characters


def measured(fig: go.Figure, course: Course, colours: Palette) -> None:
    """A dot for each visit without an alert; open while the animal is still being learnt."""
    visits = course.visits[~course.visits["alerted"].astype(bool)]
    for learning, symbol in ((False, "circle"), (True, "circle-open")):
        part = visits[visits["learning"].astype(bool) == learning]
        if part.empty:
            continue
        fig.add_scatter(
            x=course.x(part["day"]),
            y=course.drawn(part["value"]),
            mode="markers+text" if course.off(part["value"]).any() else "markers",
            text=_beyond(course, part),
            textposition="bottom center",
            textfont={"color": colours.text, "size": 10},
            marker={"symbol": symbol, "size": 6, "color": colours.text},
            name="still learning" if learning else "measured",
            customdata=_told(course, part),
            hovertemplate="%{customdata}<extra></extra>",
        )


def alerts(fig: go.Figure, course: Course, colours: Palette) -> None:
    """Triangles; a new alert is larger, ringed, and says so. Diamonds where only several tasks together are unusual."""
    alerted = course.visits[course.visits["alerted"].astype(bool)]
    for new, name, size in ((False, "alert", 11), (True, "new alert", 15)):
        part = alerted[alerted["new"].astype(bool) == new]
        if part.empty:
            continue
        up, off = part["value"].to_numpy() >= part["expected"].to_numpy(), course.off(part["value"])
        fig.add_scatter(
            x=course.x(part["day"]),
            y=course.drawn(part["value"]),
            mode="markers+text" if new or off.any() else "markers",
            text=[f"{'<b>NEW</b> ' if new else ''}{one}".strip() for one in _beyond(course, part)],
            textposition=[
                "top center" if above != beyond else "bottom center" for above, beyond in zip(up, off, strict=True)
            ],
            textfont={"color": colours.text, "size": 10},
            marker={
                "symbol": np.where(up, "triangle-up", "triangle-down"),
                "size": size,
                "color": ALERT,
                "line": {"color": colours.text, "width": 2 if new else 0.5},
            },
            name=name,
            customdata=_told(course, part),
            hovertemplate="%{customdata}<extra></extra>",
        )
    if len(course.together):
        fig.add_scatter(
            x=course.x(course.together["day"]),
            y=course.drawn(course.together["value"]),
            mode="markers",
            marker={"symbol": "diamond-open", "size": 11, "color": ALERT, "line": {"width": 2}},
            name="alert, tasks together",
            customdata=[
                "<br>".join([f"<b>{for_plotly(course.clock.say(one['day']))}</b>", *_folded(str(one["reason"]))])
                for one in course.together.to_dict("records")
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )


def _beyond(course: Course, visits: pd.DataFrame) -> list[str]:
    """Of each visit whose mark stands at the edge what it would be, else nothing."""
    return [
        f"{for_plotly(said)}, off the chart" if off else ""
        for said, off in zip(visits["said"], course.off(visits["value"]), strict=True)
    ]


def _told(course: Course, visits: pd.DataFrame) -> list[str]:
    """What is said of each visit under the pointer."""
    lines = []
    for one in visits.to_dict("records"):
        said = [
            f"<b>{for_plotly(course.clock.say(one['day']))}</b>",
            for_plotly(one["said"]),
        ]
        if one["merged"] > 1:
            said[-1] += f" ({'geometric ' if course.factors else ''}mean of {one['merged']:,})"
        if one["usual"]:
            said.append(f"expected, with its own band: {for_plotly(one['usual'])}")
        if one["learning"]:
            said.append("learning: no alert in an animal's first visits")
        if one["alerted"]:
            said += _folded(str(one["reason"]))
        lines.append("<br>".join(said))
    return lines


def _folded(text: str) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > _LINE:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return [for_plotly(line) for line in lines]


def others(fig: go.Figure, course: Course, colours: Palette, axis: str) -> None:
    """A row of small marks for each other method: the visits that it alerts, with its reason."""
    for place, (method, told) in enumerate(course.others.items()):
        fig.add_scatter(
            x=course.x(told["day"]),
            y=[place] * len(told),
            mode="markers",
            marker={
                "symbol": ["diamond-open" if one else "square" for one in told["together"]],
                "size": 7,
                "color": colours.text,
            },
            yaxis=axis,
            name=f"alert by {method}",
            customdata=[
                "<br>".join([f"<b>{for_plotly(course.clock.say(day))}</b>, by {method}", *_folded(str(reason))])
                for day, reason in zip(told["day"], told["reason"], strict=True)
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )


def verdicts(fig: go.Figure, course: Course, colours: Palette) -> None:
    """A sign beside each visit whose alert was resolved: what was decided, by whom."""
    value = dict(zip(course.visits["day"], course.drawn(course.visits["value"]), strict=True))
    marks = [(day, one) for one in course.resolved for day in one.days if day in value]
    if not marks:
        return
    fig.add_scatter(
        x=course.x([day for day, _ in marks]),
        y=[value[day] for day, _ in marks],
        mode="text",
        text=[VERDICT_MARKS[one.verdict] for _, one in marks],
        textposition="middle right",
        textfont={"color": colours.text, "size": 14},
        name="resolved",
        hovertext=[for_plotly(f"{one.verdict}, by {one.who}. {one.note}") for _, one in marks],
        hoverinfo="text",
    )


def events(fig: go.Figure, course: Course, colours: Palette) -> None:
    """Upright lines with a diamond on top that says what happened."""
    if course.events.empty:
        return
    x = course.x(course.events["day"])
    fig.add_scatter(
        x=[one for place in x for one in (place, place, None)],
        y=[0, _TOP, None] * len(x),
        mode="lines",
        line={"color": colours.missing, "width": 1, "dash": "dot"},
        yaxis="y2",
        hoverinfo="skip",
    )
    said = [
        f"<b>{for_plotly(course.clock.say(one['day']))}</b><br>{for_plotly(one['kind'])}"
        + (f": {for_plotly(one['detail'])}" if one["detail"] else "")
        for one in course.events.to_dict("records")
    ]
    fig.add_scatter(
        x=x,
        y=[_TOP] * len(x),
        mode="markers",
        marker={"symbol": "diamond", "size": 8, "color": colours.missing, "line": {"color": colours.text, "width": 1}},
        yaxis="y2",
        cliponaxis=False,  # one on the last day is seen whole
        name="event",
        hovertext=said,
        hoverinfo="text",
    )
