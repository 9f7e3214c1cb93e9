"""Courses of an animal on paper: bands as greys and dots, alerts as triangles, so that a grey copy loses nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from explorer.change.clock import Clock
from explorer.change.gaps import runs_of
from explorer.change.paper import BLACK, DARK, LIGHT, MIDDLE, PALE, Box, Sheet, lines_of, shortened, width_of
from explorer.change.reach import within_reach
from explorer.change.ticks import log_ticks, nice_ticks, tick_text

_AXIS = 30.0  # room for the numbers at the left
_FOOT = 19.0  # for the dates below
_HEAD = 33.0  # for the title and what stands below it
_TITLE = 10.0  # for a second line of the title
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)
_HEADROOM = 9.0  # above the highest value, where the marks of events stand
_APART = 11.0  # marks of events that are nearer would run into each other


@dataclass(frozen=True)
class Course:
    """What one chart shows: a title, what stands at its right, up to two lines below, the visits of one animal.

    ``visits``: a row a visit as ``visits_told`` gives them. ``events``: days with a mark of one or two letters each.
    ``together``: days with an alert of several tasks together in which this one has the largest part. ``factors``:
    equal factors are equally long on its axis, and effects are factors.
    """

    title: str
    right: str
    below: tuple[str, ...]
    visits: pd.DataFrame
    clock: Clock
    events: Sequence[tuple[float, str]] = ()
    together: Sequence[float] = ()
    factors: bool = False


def draw_course(sheet: Sheet, box: Box, course: Course, days: tuple[float, float]) -> None:
    """One chart in ``box``; all charts of a page share ``days``, so that they can be read down the page."""
    sheet.text(box.right, box.top + 9, course.right, size=8.5, align="right")
    titles = lines_of(course.title, box.width - width_of(course.right, 8.5) - 8, 9, bold=True)
    titles = [*titles[:1], *([shortened(" ".join(titles[1:]), box.width, 9, bold=True)] if titles[1:] else [])]
    for place, line in enumerate(titles):
        sheet.text(box.left, box.top + 9 + _TITLE * place, line, size=9, bold=True)
    down = _TITLE * (len(titles) - 1)
    box = Box(box.left, box.top + down, box.width, box.height - down)
    for place, words in enumerate(course.below[:2]):
        sheet.text(box.left, box.top + 19 + 9 * place, shortened(words, box.width, 7.5), size=7.5, grey=DARK)
    inner = Box(box.left + _AXIS, box.top + _HEAD, box.width - _AXIS, box.height - _HEAD - _FOOT)
    visits = course.visits.sort_values("day")
    frame = _Frame(inner, days, _span(visits, course.factors), course.factors)
    _value_axis(sheet, frame)
    _time_axis(sheet, frame, course.clock)
    runs = runs_of(visits["day"].to_numpy(dtype=np.float64))
    for run in runs:
        _bands(sheet, frame, visits.iloc[run])
    _events(sheet, frame, [(frame.x(day), mark) for day, mark in course.events if days[0] <= day <= days[1]])
    small = len(visits) > 120
    for run in runs:
        part = visits.iloc[run]
        part = part.assign(value=part["value"].clip(*frame.values))
        sheet.line(frame.points(part, "value"), width=0.5 if small else 0.8)
    for one in visits.itertuples():
        edge = min(max(one.value, frame.values[0]), frame.values[1])
        x, y = frame.x(one.day), frame.y(edge)
        if edge != one.value:
            sheet.text(x, y + (16 if edge < one.value else -10), one.said, size=6.5, align="middle")
        if one.alerted:
            _triangle(sheet, x, y, up=one.effect >= course.factors, new=bool(one.new))
        else:
            sheet.dot(x, y, 0.7 if small else 1.3)
    for day in course.together:
        last = visits[visits["day"] <= day].iloc[-1]
        sheet.dot(frame.x(day), frame.y(float(np.clip(last["value"], *frame.values))), 4, hollow=True)


def _events(sheet: Sheet, frame: "_Frame", marks: Sequence[tuple[float, str]]) -> None:
    """An upright line for each event with its letter above; of events close together the first and the last letter."""
    groups: list[list[tuple[float, str]]] = []
    for x, mark in sorted(marks):
        sheet.line([(x, frame.box.top + 7), (x, frame.box.bottom)], width=0.5, grey=MIDDLE, dashes=(3, 1.5))
        if groups and x - groups[-1][-1][0] < _APART:
            groups[-1].append((x, mark))
        else:
            groups.append([(x, mark)])
    for group in groups:
        (left, first), (right, last) = group[0], group[-1]
        said = first if first == last else f"{first}–{last}"
        sheet.text((left + right) / 2, frame.box.top + 4.5, said, size=6.5, grey=DARK, align="middle")


def legend(sheet: Sheet, box: Box) -> None:
    """What the lines and marks of all charts of a page mean, on one line."""
    y, x = box.top + 7, box.left
    grey, size = DARK, 7.0

    def said(words: str) -> None:
        nonlocal x
        sheet.text(x, y, words, size=size, grey=grey)
        x += width_of(words, size) + 9

    sheet.line([(x, y - 2.5), (x + 12, y - 2.5)], width=0.8)
    sheet.dot(x + 6, y - 2.5, 1.3)
    x += 15
    said("measured")
    sheet.line([(x, y - 2.5), (x + 12, y - 2.5)], width=0.7, dashes=(4, 2))
    x += 15
    said("expected of it")
    sheet.rectangle(Box(x, y - 6, 12, 7), grey=LIGHT)
    x += 15
    said("its own band (95 %)")
    for edge in (y - 6, y + 0.5):
        sheet.line([(x, edge), (x + 12, edge)], width=0.7, grey=MIDDLE, dashes=(0.8, 1.6))
    x += 15
    said("the herd's band (95 %)")
    _triangle(sheet, x + 4, y - 2.5, up=True, new=False)
    x += 11
    said("alert, above or below")
    _triangle(sheet, x + 5, y - 2.5, up=True, new=True)
    x += 13
    said("new")
    sheet.dot(x + 4, y - 2.5, 4, hollow=True)
    x += 11
    said("several tasks together")


def month_ticks(low: float, high: float, most: int) -> list[tuple[float, str, str]]:
    """Firsts of months within the days ``low`` .. ``high``: day, month, and the year at the first of each year."""
    start = np.datetime64(int(np.ceil(low)), "D").astype("datetime64[M]")
    end = np.datetime64(int(np.floor(high)), "D").astype("datetime64[M]")
    months = np.arange(start, end + 1)
    months = months[months.astype("datetime64[D]").astype(np.int64) >= low]
    of_year = months.astype(np.int64)  # since January 1970
    step = next((one for one in _MONTHS if (of_year % one == 0).sum() <= most), 240)
    ticks: list[tuple[float, str, str]] = []
    year_before = ""
    for month in months[of_year % step == 0]:
        stamp = pd.Timestamp(month)
        year = str(stamp.year)
        day = float(month.astype("datetime64[D]").astype(np.int64))
        ticks.append(
            (day, stamp.strftime("%b") if step < 12 else year, year if step < 12 and year != year_before else "")
        )
        year_before = year
    return ticks


class _Frame:
    """Where days and values are in a chart; equal ``factors`` are equally long, or equal differences are."""

    def __init__(self, box: Box, days: tuple[float, float], values: tuple[float, float], factors: bool) -> None:
        self.box, self.days, self.values, self.factors = box, days, values, factors

    def x(self, day: float) -> float:
        low, high = self.days
        share = (day - low) / (high - low) if high > low else 0.5
        return self.box.left + 5 + share * (self.box.width - 12)

    def y(self, value: float) -> float:
        low, high = self.values
        if self.factors:
            value, low, high = (float(np.log(one)) for one in (value, low, high))
        return self.box.bottom - (value - low) / (high - low) * (self.box.height - _HEADROOM)

    def points(self, visits: pd.DataFrame, column: str) -> list[tuple[float, float]]:
        known = visits[np.isfinite(visits[column].to_numpy(dtype=np.float64))]
        return [(self.x(day), self.y(value)) for day, value in zip(known["day"], known[column], strict=True)]


def _span(visits: pd.DataFrame, factors: bool) -> tuple[float, float]:
    """From the lowest to the highest of what is drawn, with a little air; bands of the first visits may be cut off, and
    values that are out of all proportion stand at the edge."""
    values = visits["value"].to_numpy(dtype=np.float64)
    bands = visits[["low", "high", "population_low", "population_high"]].to_numpy(dtype=np.float64)
    if factors:
        values, bands = np.log(values), np.log(bands)
    known, values = bands[np.isfinite(bands)], values[within_reach(values, bands.ravel())]
    low, high = float(values.min()), float(values.max())
    if len(known):
        low, high = min(low, float(np.quantile(known, 0.02))), max(high, float(np.quantile(known, 0.98)))
    air = 0.06 * (high - low) or max(1e-6, 0.05 * abs(high))
    low, high = low - air, high + air
    return (float(np.exp(low)), float(np.exp(high))) if factors else (low, high)


def _value_axis(sheet: Sheet, frame: _Frame) -> None:
    low, high = frame.values
    ticks = log_ticks(low, high) if frame.factors else nice_ticks(low, high)
    step = min(np.diff(ticks)) if len(ticks) > 1 else 1.0
    digits = max(0, int(np.ceil(-np.log10(step) - 1e-9))) if step < 1 else int(step % 1 > 0)
    for tick in ticks:
        said = tick_text(tick) if frame.factors else f"{tick + 0.0:,.{digits}f}"
        y = frame.y(tick)
        sheet.line([(frame.box.left, y), (frame.box.right, y)], width=0.3, grey=PALE)
        sheet.text(frame.box.left - 4, y + 2.3, said, size=6.5, grey=DARK, align="right")
    sheet.line([(frame.box.left, frame.box.bottom), (frame.box.right, frame.box.bottom)], width=0.5, grey=MIDDLE)


def _time_axis(sheet: Sheet, frame: _Frame, clock: Clock) -> None:
    bottom = frame.box.bottom
    most = max(3, int(frame.box.width // 30))
    if clock.unit is None:
        ticks = month_ticks(*frame.days, most)
    else:
        ticks = [(day, clock.write(day), "") for day in nice_ticks(*frame.days, max(2, most // 2))]
    for day, above, below in ticks:
        x = frame.x(day)
        sheet.line([(x, bottom), (x, bottom + 2)], width=0.5, grey=MIDDLE)
        sheet.text(x, bottom + 8.5, above, size=6.5, grey=DARK, align="middle")
        sheet.text(x, bottom + 15.5, below, size=6.5, grey=DARK, align="middle")


def _bands(sheet: Sheet, frame: _Frame, part: pd.DataFrame) -> None:
    own = part[
        np.isfinite(part["low"].to_numpy(dtype=np.float64)) & np.isfinite(part["high"].to_numpy(dtype=np.float64))
    ]
    clipped = own.assign(low=own["low"].clip(*frame.values), high=own["high"].clip(*frame.values))
    if len(clipped) > 1:
        sheet.area([*frame.points(clipped, "low"), *reversed(frame.points(clipped, "high"))], grey=LIGHT)
    elif len(clipped):
        (low,), (high,) = frame.points(clipped, "low"), frame.points(clipped, "high")
        sheet.line([low, high], width=2.5, grey=LIGHT)
    for column in ("population_low", "population_high"):
        within = part[part[column].between(*frame.values)]
        sheet.line(frame.points(within, column), width=0.7, grey=MIDDLE, dashes=(0.8, 1.6))
    expected = part[part["own"].between(*frame.values)]
    sheet.line(frame.points(expected, "own"), width=0.7, dashes=(4, 2))


def _triangle(sheet: Sheet, x: float, y: float, *, up: bool, new: bool) -> None:
    side = 3.6
    tip = -1 if up else 1
    sheet.area(
        [(x - side, y - tip * side * 0.7), (x + side, y - tip * side * 0.7), (x, y + tip * side * 1.1)], grey=BLACK
    )
    if new:
        sheet.dot(x, y, 6.2, hollow=True)
