"""One animal on one page, for the file of a clinic: how it is, what changed, since when, how sure that is.

Every figure comes from the ``Alerts`` that the screen shows, and every date from the data: the same study and decisions
give the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from explorer.change.alert_table import TOGETHER
from explorer.change.alerts import Alerts
from explorer.change.circumstances import (
    circumstances,
    events_about,
    facts_of,
    in_a_sentence,
    picture_rows,
)
from explorer.change.clock import Clock, clock_of
from explorer.change.figures import Figures, figures_of, last_row, visits_told
from explorer.change.paper import DARK, MIDDLE, PALE, Box, Paper, Sheet, lines_of, shortened, width_of
from explorer.change.report_charts import Course, draw_course, legend
from explorer.change.report_foot import FOOT, foot
from explorer.change.runs import runs_of_alerts
from explorer.change.scale import LOG2
from explorer.change.standing import Standing, standing_of
from explorer.decisions.alert_verdicts import Resolutions, resolutions
from explorer.decisions.noted_events import events_with_noted
from explorer.study.study import Study

MOST_CHARTS = 6

_GAP = 10.0
_REASONS, _LISTS = 100.0, 70.0  # heights of the blocks below the charts
_TALLEST = 150.0  # of a chart
_PORTRAIT = 72.0
_FACTS = 9


@dataclass(frozen=True)
class _Known:
    """What the page shows of one animal; ``events`` with their ``day``, ``reference``: the day to compare with."""

    study: Study
    alerts: Alerts
    standing: Standing
    clock: Clock
    events: pd.DataFrame
    decided: Resolutions
    figures: dict[str, Figures]
    reference: float

    @property
    def animal(self) -> str:
        return self.standing.animal


def report_pdf(
    study: Study, animal: str, alerts: Alerts, *, paper: Paper = "A4", decisions: int | None = None
) -> bytes:
    """The report of ``animal`` as a PDF of one page.

    ``decisions``: events noted and alerts resolved as they were after this event number (default: now).
    Raises UserError for an animal of which nothing was followed, and when a picture or a decision cannot be read.
    """
    known = _known(study, alerts, standing_of(alerts, animal), decisions)
    clock, day = known.clock, known.standing.day
    sheet = Sheet(paper, title=f"{animal}, {clock.say(day)}", subject=f"Report on one animal of {study.name}")
    page = sheet.inner
    y = _header(sheet, page, known)
    y = _state(sheet, Box(page.left, y, page.width, 0), known)
    end = page.bottom - FOOT
    charts = Box(page.left, y, page.width, end - _REASONS - _LISTS - 2 * _GAP - y)
    y = _charts(sheet, charts, known) + _GAP
    _reasons_and_pictures(sheet, Box(page.left, y, page.width, _REASONS), known)
    _lists(sheet, Box(page.left, y + _REASONS + _GAP, page.width, _LISTS), known)
    foot(sheet, study, alerts)
    return sheet.content()


def reference_day(alerts: Alerts, standing: Standing) -> float:
    """The day to compare with: that of the last visit before the change, or of the first where nothing changed."""
    days = np.unique(np.concatenate([one.frame(standing.animal)["day"] for one in alerts.followed.values()]))
    earlier = days if standing.since is None else days[days < standing.since]
    return float(earlier[-1] if standing.since is not None and len(earlier) else days[0])


def _known(study: Study, alerts: Alerts, standing: Standing, decisions: int | None) -> _Known:
    clock = clock_of(study)
    events = events_with_noted(study, decisions)
    days = clock.days(events["time"].to_numpy())
    own = (events["animal"] == standing.animal).to_numpy() & (days <= standing.day)
    rows = {task: last_row(one, standing.animal, standing.day) for task, one in alerts.followed.items()}
    found = {task: figures_of(alerts.followed[task], row) for task, row in rows.items() if row is not None}
    ranked = [task for task in standing.rows["task"] if task in found]
    return _Known(
        study=study,
        alerts=alerts,
        standing=standing,
        clock=clock,
        events=events[own].assign(day=days[own]),
        decided=resolutions(study, decisions),
        figures={task: found[task] for task in dict.fromkeys([*ranked, *found])},
        reference=reference_day(alerts, standing),
    )


def _header(sheet: Sheet, page: Box, known: _Known) -> float:
    """Name, facts and the last picture; returns where it ends."""
    study, clock, animal, day = known.study, known.clock, known.animal, known.standing.day
    sheet.text(page.left, page.top + 7, shortened(study.name, page.width * 0.6, 8), size=8, grey=DARK)
    sheet.text(page.right, page.top + 7, f"State of {clock.say(day)}", size=8, grey=DARK, align="right")
    sheet.line([(page.left, page.top + 12), (page.right, page.top + 12)], width=1.2)
    top = page.top + 20
    row = picture_rows(study, animal, known.reference, day)[1]
    width = page.width
    if row is not None and (image := study.picture(row)) is not None:
        width -= _PORTRAIT + 12
        sheet.picture(Box(page.right - _PORTRAIT, top, _PORTRAIT, _PORTRAIT), image)
    name = shortened(animal, width - 150, 20, bold=True)
    sheet.text(page.left, top + 18, name, size=20, bold=True)
    if study.spec.study.simulated:
        sheet.label(page.left + width_of(name, 20, bold=True) + 10, top + 17, "SIMULATED: NO REAL ANIMAL")
    told = facts_of(study, animal, day)
    left = len(told) - _FACTS
    more = [("", f"and {left:,} more")] if left > 0 else []
    facts = [*told[:_FACTS], *more, *_seen(known)]
    columns = Box(page.left, top + 28, width, 0).columns([1, 1, 1, 1], 8)
    lines = -(-len(facts) // len(columns))
    for place, (label, words) in enumerate(facts):
        box = columns[place // lines]
        y = box.top + 9 + 11.5 * (place % lines)
        said = shortened(label, box.width * 0.45, 7.5)
        sheet.text(box.left, y, said, size=7.5, grey=DARK)
        start = box.left + (width_of(said, 7.5) + 4 if said else 0)
        sheet.text(start, y, shortened(words, box.right - start, 8.5, bold=True), size=8.5, bold=True)
    return max(top + 28 + 11.5 * lines, top + _PORTRAIT) + 8


def _seen(known: _Known) -> list[tuple[str, str]]:
    visits = max((one.visits for one in known.figures.values()), default=0)
    last = max((one.day for one in known.figures.values()), default=known.standing.day)
    return [("Last seen", known.clock.say(last)), ("Visits", f"{visits:,}")]


def _state(sheet: Sheet, box: Box, known: _Known) -> float:
    """How the animal is, in a frame; returns where that ends."""
    standing = known.standing
    about = events_about(known.events, known.clock, standing.since, standing.day)
    sentence = standing.sentence + in_a_sentence(about)
    lines = lines_of(sentence, box.width - 20 - 34 * standing.new, 10, bold=True)
    height = 12.8 * len(lines) + 10
    sheet.rectangle(Box(box.left, box.top, box.width, height), grey=PALE, edge=MIDDLE)
    left = box.left + 10
    if standing.new:
        left = sheet.label(left, box.top + 14.5, "NEW") + 8
    sheet.paragraph(Box(left, box.top + 5, box.right - left - 8, 0), sentence, size=10, bold=True)
    return box.top + height + _GAP


def _charts(sheet: Sheet, box: Box, known: _Known) -> float:
    """A chart for each task, at most ``MOST_CHARTS``, and what their marks mean; returns where they end."""
    tasks = list(known.figures)
    shown = tasks[:MOST_CHARTS]
    frames = {task: visits_told(known.alerts.followed[task], known.animal) for task in shown}
    frames = {task: frame[frame["day"] <= known.standing.day] for task, frame in frames.items()}
    days = np.concatenate([frame["day"] for frame in frames.values()])
    span = (float(days.min()), float(days.max()))
    columns = 1 if len(shown) == 1 else 2
    lines = -(-len(shown) // columns)
    legends = 14.0 + 10.0 * (len(tasks) > len(shown))
    height = min(_TALLEST, (box.height - legends) / lines)
    for place, task in enumerate(shown):
        across = Box(box.left, box.top + height * (place // columns), box.width, height - 6).columns([1] * columns, 18)
        draw_course(sheet, across[place % columns], _course(known, task, frames[task]), span)
    y = box.top + height * lines
    legend(sheet, Box(box.left, y, box.width, 10))
    if len(tasks) > len(shown):
        rest = ", ".join(known.alerts.followed[task].series.label for task in tasks[len(shown) :])
        sheet.text(box.left, y + 19, shortened(f"Also followed, with less to say: {rest}.", box.width, 7.5), size=7.5)
    return y + legends


def _course(known: _Known, task: str, visits: pd.DataFrame) -> Course:
    followed, figures = known.alerts.followed[task], known.figures[task]
    table = known.alerts.table
    together = table[(table["animal_id"] == known.animal) & (table["task"] == task) & (table["channel"] == TOGETHER)][
        "day"
    ]
    below: tuple[str, ...] = (f"expected {figures.expected}",)
    if figures.effect:
        relevant = f"; {figures.relevant}" if figures.relevant else ""
        below = (*below, f"change, {figures.of}: {figures.effect}{relevant}")
    if figures.visits <= followed.settings.learning:
        below = (f"learning: alerts begin after {followed.settings.learning} visits, {figures.visits} so far",)
    elif not figures.expected:
        below = ("too early in the study to say what is usual",)
    return Course(
        title=followed.series.label,
        right=f"{figures.value}, {known.clock.say(figures.day)}",
        below=below,
        visits=visits,
        clock=known.clock,
        events=[(day, mark) for day, mark, _ in _marks(known)],
        together=[float(day) for day in together if day <= known.standing.day],
        factors=followed.series.scale == LOG2,
    )


def _marks(known: _Known) -> list[tuple[float, str, str]]:
    """Events by day: the day, the letter that stands for it on the charts, and what it was, in words."""
    marks = []
    for place, one in enumerate(known.events.sort_values("day", kind="stable").to_dict("records")):
        mark = chr(ord("a") + place) if place < 26 else "·"
        said = f"{mark}  {known.clock.say(one['day'])}: {one['kind']}"
        said += f", {one['detail']}" if one["detail"] else ""
        marks.append((float(one["day"]), mark, said + (f" (noted by {one['who']})" if one["who"] else "")))
    return marks


def _reasons_and_pictures(sheet: Sheet, box: Box, known: _Known) -> None:
    rows = picture_rows(known.study, known.animal, known.reference, known.standing.day)
    pictures = [(row, known.study.picture(row)) for row in dict.fromkeys(rows) if row is not None]
    left, right = box.columns([3, 2]) if pictures else (box, None)
    _listed(sheet, left, "Alerts, the latest first", _runs(known), "None so far.")
    if right is None:
        return
    columns = right.columns([1] * len(pictures))
    for place, (row, image) in enumerate(pictures):
        at = columns[place]
        assert known.study.time is not None  # an animal is followed in time
        when = known.clock.say(float(known.clock.days(known.study.time[row : row + 1])[0]))
        sheet.text(
            at.left, at.top + 8, ("Before: " if place + 1 < len(pictures) else "Now: ") + when, size=8, bold=True
        )
        if image is not None:
            sheet.picture(Box(at.left, at.top + 14, at.width, at.height - 16), image)


def _runs(known: _Known) -> list[str]:
    """The runs of alerts, the latest first: the last reason of each, and since when it went on."""
    said = []
    for run in runs_of_alerts(known.alerts, known.animal, known.decided):
        n, first = len(run.days), known.clock.say(run.days[0])
        said.append(run.reason + (f" Alerted since {first}, {n:,} times." if n > 1 else ""))
    return said


def _lists(sheet: Sheet, box: Box, known: _Known) -> None:
    """What else changed, events, and what people said of alerts, side by side."""
    first, second, third = box.columns([1, 1, 1])
    clock, labels = known.clock, {task: one.series.label for task, one in known.alerts.followed.items()}
    found = circumstances(known.study, known.animal, known.reference, known.standing.day)
    since = f"What else changed since {clock.say(known.reference)}"
    _listed(sheet, first, since, [f"{one.label}: {one.before}, now {one.after}" for one in found], "Nothing known.")
    _listed(sheet, second, "Events", [said for _, _, said in reversed(_marks(known))], "None known.")
    said = [
        f"{labels.get(one.task, one.task)}, {clock.say(max(one.days))}: {one.verdict}, {one.who}, {one.when:%Y-%m-%d}"
        + (f": {one.note}" if one.note else "")
        for one in reversed(known.decided.of(known.animal))
        if min(one.days) <= known.standing.day
    ]
    _listed(sheet, third, "Resolved by", said, "Nobody yet.")


def _listed(sheet: Sheet, box: Box, title: str, items: Sequence[str], nothing: str) -> None:
    """A heading and as many of ``items`` as the box holds; how many were left out stands below them."""
    sheet.text(box.left, box.top + 8, shortened(title, box.width, 8.5, bold=True), size=8.5, bold=True)
    y = box.top + 13
    if not items:
        sheet.text(box.left, y + 8, nothing, size=8, grey=DARK)
        return
    for place, item in enumerate(items):
        height = 10.24 * len(lines_of(item, box.width, 8))
        room = box.bottom - y - (10.24 if place + 1 < len(items) else 0)
        if height > room and place:
            sheet.text(box.left, y + 8, f"and {len(items) - place:,} more", size=8, grey=DARK)
            return
        y = sheet.paragraph(Box(box.left, y, box.width, 0), item, size=8, most=max(1, int(room / 10.24))) + 2
