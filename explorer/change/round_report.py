"""A round of the herd on paper: who needs attention, what first, with the reason; readable without colour."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from explorer.change.alert_table import TOGETHER
from explorer.change.alerts import Alerts
from explorer.change.circumstances import in_a_sentence
from explorer.change.clock import clock_of
from explorer.change.figures import figures_of, last_row
from explorer.change.paper import BLACK, DARK, LIGHT, MIDDLE, PALE, Box, Paper, Sheet, lines_of, shortened
from explorer.change.report_foot import FOOT, foot
from explorer.change.round_shown import COURSE, FULL, NOT_ALONE, ShownRound
from explorer.study.study import Study

_SHARES = (30, 74, 84, 84, 132, 50, 20, 62, 58)
_HEADS = ("", "Animal", "Followed", "Value", "Change (95 %)", "Severity", "", "Last values", "Seen")
_LINE, _SMALL = 13.0, 9.6


def round_pdf(
    study: Study,
    alerts: Alerts,
    shown: ShownRound,
    *,
    paper: Paper = "A4",
) -> bytes:
    """The alerts that ``shown`` has, each with its reason, as a PDF of as many pages as it takes."""
    at, clock = shown.day, clock_of(study)
    alerted = shown.rows[shown.rows["alerted"].to_numpy(dtype=bool)]
    sheet = Sheet(paper, title=f"{study.name}, {clock.say(at)}", subject=f"Herd round of {study.name}")
    parts = [
        (one, lines_of(one.reason + in_a_sentence(one.about), sheet.inner.width - 40, 8))
        for one in alerted.itertuples()
    ]
    pages = _paged([_height(lines) for _, lines in parts], sheet)
    for number, page in enumerate(pages):
        if number:
            sheet.turn()
        y = _header(sheet, study, clock.say(at), "" if number else shown.sentence)
        columns = _columns(sheet, y)
        _heads(sheet, columns)
        y += 16
        for one, lines in [parts[place] for place in page]:
            _row(sheet, Box(sheet.inner.left, y, sheet.inner.width, 0), alerts, one, lines, at)
            y += _height(lines)
        if not parts:
            sheet.text(sheet.inner.left, y + 12, "No alert is to be shown.", size=10, bold=True)
        foot(sheet, study, alerts, page=f"page {number + 1} of {len(pages)}")
    return sheet.content()


_TOP = 84.0  # of a page, with the heads of the columns


def _height(lines: Sequence[str]) -> float:
    return _LINE + _SMALL * len(lines) + 9


def _paged(heights: Sequence[float], sheet: Sheet) -> list[list[int]]:
    """Which rows stand on which page."""
    room = sheet.inner.height - FOOT - _TOP
    pages: list[list[int]] = [[]]
    used = 0.0
    for place, height in enumerate(heights):
        if used + height > room and pages[-1]:
            pages.append([])
            used = 0.0
        pages[-1].append(place)
        used += height
    return pages


def _header(sheet: Sheet, study: Study, when: str, sentence: str) -> float:
    page = sheet.inner
    sheet.text(page.left, page.top + 7, shortened(study.name, page.width * 0.6, 8), size=8, grey=DARK)
    sheet.text(page.right, page.top + 7, f"State of {when}", size=8, grey=DARK, align="right")
    sheet.line([(page.left, page.top + 12), (page.right, page.top + 12)], width=1.2)
    sheet.text(page.left, page.top + 33, "Herd round", size=18, bold=True)
    if study.spec.study.simulated:
        sheet.label(page.left + 112, page.top + 32, "SIMULATED: NO REAL ANIMALS")
    sheet.paragraph(Box(page.left, page.top + 40, page.width, 0), sentence, most=2)
    return page.top + 66


def _columns(sheet: Sheet, y: float) -> list[Box]:
    return Box(sheet.inner.left, y, sheet.inner.width, 12).columns(_SHARES, 5)


def _heads(sheet: Sheet, columns: Sequence[Box]) -> None:
    for box, words in zip(columns, _HEADS, strict=True):
        sheet.text(box.left, box.top + 8, words, size=7.5, bold=True, grey=DARK)
    sheet.line([(columns[0].left, columns[0].bottom), (columns[-1].right, columns[-1].bottom)], width=0.6)


def _row(sheet: Sheet, box: Box, alerts: Alerts, one: Any, lines: Sequence[str], day: float) -> None:
    animal, task = str(one.animal_id), str(one.task)
    followed = alerts.followed[task]
    row = last_row(followed, animal, day)
    assert row is not None  # it is in the round
    said = figures_of(followed, row)
    columns = Box(box.left, box.top, box.width, 12).columns(_SHARES, 5)
    y = box.top + 10
    if one.new:
        sheet.label(columns[0].left, y, "NEW", size=7)
    change = NOT_ALONE if one.channel == TOGETHER else said.effect
    words = (animal, followed.series.label, said.value, change)
    for place, text in enumerate(words, start=1):
        at = columns[place]
        sheet.text(at.left, y, shortened(text, at.width, 8.5, bold=place == 1), size=8.5, bold=place == 1)
    _bar(sheet, columns[5], float(one.severity))
    _arrow(sheet, columns[6], int(one.trend))
    own = followed.panel.animal[: row + 1] == followed.panel.animal[row]
    _course(sheet, columns[7], followed.series.shown(followed.series.value[: row + 1][own][-COURSE:]))
    sheet.text(columns[8].left, y, followed.series.clock.say(said.day), size=8)
    y = box.top + _LINE
    for line in lines:
        sheet.text(columns[1].left, y + 8, line, size=8, grey=DARK)
        y += _SMALL
    sheet.line([(box.left, y + 5), (box.right, y + 5)], width=0.3, grey=LIGHT)


def _bar(sheet: Sheet, box: Box, severity: float) -> None:
    bar = Box(box.left, box.top + 3.5, box.width - 4, 7)
    sheet.rectangle(bar, grey=PALE, edge=MIDDLE)
    share = min(1.0, severity / FULL)
    sheet.rectangle(Box(bar.left, bar.top, bar.width * share, bar.height), grey=DARK)


def _arrow(sheet: Sheet, box: Box, trend: int) -> None:
    x, y = box.left + 6, box.top + 7
    rise = -4.0 * trend
    tip, tail = (x + 6, y + rise), (x - 6, y - rise)
    sheet.line([tail, tip], width=1)
    way = np.array([tip[0] - tail[0], tip[1] - tail[1]])
    way = way / np.hypot(*way)
    side = np.array([-way[1], way[0]])
    wings = [tuple(np.array(tip) - 4.5 * way + 2.4 * sign * side) for sign in (1, -1)]
    sheet.area([tip, *[(float(a), float(b)) for a, b in wings]], grey=BLACK)


def _course(sheet: Sheet, box: Box, values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    low, high = float(values.min()), float(values.max())
    x = np.linspace(box.left + 2, box.right - 4, len(values)) if len(values) > 1 else np.array([box.right - 4])
    y = box.top + 11 - (values - low) / ((high - low) or 1.0) * 9
    sheet.line(list(zip(x.tolist(), y.tolist(), strict=True)), width=0.7)
    sheet.dot(float(x[-1]), float(y[-1]), 1.6)
