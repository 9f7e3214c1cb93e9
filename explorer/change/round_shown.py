"""What of a herd round a view shows: its day, some animals, one task, only what is new or nobody has resolved."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.change.alert_table import TOGETHER
from explorer.change.alerts import Alerts
from explorer.change.circumstances import events_about
from explorer.change.clock import Clock, clock_of
from explorer.change.figures import figures_of, last_row
from explorer.change.herd_round import RECENT, herd_round
from explorer.change.series import Series
from explorer.change.standing import first_day, last_day
from explorer.decisions.alert_verdicts import Verdicts, verdicts_at
from explorer.decisions.noted_events import events_with_noted
from explorer.errors import UserError
from explorer.space.shown import filter_mask
from explorer.study.exits import final_exits, told_exits
from explorer.study.study import Study
from explorer.view import Round, VariableFilter, View

COURSE = 12
"""Visits of a small chart."""

FULL = 3.0
"""Severity, in relevant changes, at which its bar is full."""

FALSE_DISCOVERY = 0.1
"""The share of false ones among what is picked out of a round at which alerts are counted."""

NOT_ALONE = "none by itself"
"""The change of an animal in what is followed when only several things together are alerted."""

NOTHING = "nothing beyond what it and its calendar explain"


@dataclass(frozen=True, eq=False)
class ShownRound:
    """``rows`` of ``herd_round`` on ``day``, those that are shown. ``verdict`` is a column more: what was said last of
    the run that an alert belongs to, "" for nothing; ``about``: events at the time of an alert, in a sentence.
    ``whole``: all rows of the round. ``among``: what was asked for, in words, "" for everything. ``left``, ``gone``,
    ``learning``: animals that have left for good, those not seen lately, and those seen too few times so far, which are
    no part of the round."""

    day: float
    rows: pd.DataFrame
    whole: pd.DataFrame
    among: str
    left: int
    gone: int
    learning: int

    @property
    def counts(self) -> dict[str, int]:
        """Animals in the round, with an alert, with a new one, and with one that stands among so many looked at."""
        alerted = self.whole[self.whole["alerted"].to_numpy(dtype=bool)]
        new = alerted[alerted["new"].to_numpy(dtype=bool)]
        stands = alerted[alerted["q"].to_numpy(dtype=np.float64) <= FALSE_DISCOVERY]
        return {
            "animals": self.whole["animal_id"].nunique(),
            "alerted": alerted["animal_id"].nunique(),
            "new": new["animal_id"].nunique(),
            "stands": stands["animal_id"].nunique(),
        }

    @property
    def sentence(self) -> str:
        """How many of the animals have an alert, and a new one."""
        counts = self.counts
        shown = f" Shown: {self.among}." if self.among else ""
        out = {"that have left": self.left, "not seen lately": self.gone, "seen too few times so far": self.learning}
        told = ", ".join(f"{count:,} {why}" for why, count in out.items() if count)
        shown += f" Not in the round: {told}." if told else ""
        return (
            f"{counts['alerted']:,} of {counts['animals']:,} animals that were seen in the last {RECENT:.0f} days, "
            f"often enough to be known, have an alert, {counts['new']:,} of them a new one; {counts['stands']:,} stand "
            f"if at most {FALSE_DISCOVERY:.0%} of what is picked out of this round may be false.{shown}"
        )


def shown_round(
    study: Study,
    alerts: Alerts,
    at: Round,
    *,
    filters: Sequence[VariableFilter] = (),
    verdicts: Verdicts | None = None,
    decisions: int | None = None,
) -> ShownRound:
    """The round that ``at`` asks for, of animals whose last observation by then passes ``filters``.

    A day before the first or after the last there is counts as that one. ``decisions``: events noted as they were after
    this event number (default: now).

    Raises UserError for a day before anything could be said, and for a filter that does not fit the study.
    """
    day = last_day(alerts) if at.as_of is None else min(max(at.as_of, first_day(alerts)), last_day(alerts))
    clock = clock_of(study)
    last = _last_days(alerts, day)
    left = _left(study, clock, day, last)
    whole = herd_round(alerts, day=day, without=left)
    if whole.empty:
        raise UserError(
            f"no animal had been seen often enough on {clock.say(day)} to be known",
            how="Choose a later day, or follow something that is measured more often",
        )
    whole = whole.assign(
        verdict=_verdicts(whole, verdicts or {}, day),
        about=_about(whole, events_with_noted(study, decisions), clock, day),
    )
    keep = np.ones(len(whole), dtype=bool)
    said = []
    if filters:
        keep &= whole["animal_id"].isin(_passing(study, filters, day)).to_numpy()
        said.append(
            "animals by " + " and ".join(study.variables[one.variable].label or one.variable for one in filters)
        )
    if at.task in alerts.followed:
        keep &= (whole["task"] == at.task).to_numpy()
        said.append(f"{alerts.followed[at.task].series.label} alone")
    if at.only != "all":
        alerted = whole["alerted"].to_numpy(dtype=bool)
        wanted = {"alerts": alerted, "new": whole["new"].to_numpy(dtype=bool), "open": alerted & ~_resolved(whole)}
        keep &= wanted[at.only]
        said.append({"alerts": "alerts alone", "new": "new alerts alone", "open": "unresolved alerts alone"}[at.only])
    here = last.drop(list(left))
    gone = here.index[day - here > RECENT]
    learning = len(here.index.difference(gone).difference(whole["animal_id"]))
    rows = whole[keep].reset_index(drop=True)
    return ShownRound(day, rows, whole, ", ".join(said), len(left), len(gone), learning)


def _left(study: Study, clock: Clock, day: float, last: pd.Series) -> set[str]:
    """The animals that had left for good by ``day``; one that was seen after it had left has not."""
    assert study.animal is not None  # they are followed
    names = study.animal.cat.categories
    out: set[str] = set()
    for codes, times in (told_exits(study), final_exits(study)):
        known = codes >= 0
        ends = pd.Series(clock.days(times[known]), index=names[codes[known]]).groupby(level=0).max()
        ends = ends[ends <= day]
        seen = last.reindex(ends.index)
        out |= set(ends.index[(seen <= ends + 1).to_numpy()])
    return out


def round_table(alerts: Alerts, shown: ShownRound) -> pd.DataFrame:
    """The rows that are shown as people read them, one each: animal, new, followed, value and change with their units,
    severity (of an alert; a large change that is usual in its animal is none), trend (an arrow), course (the last
    values), reason, about (events at its time), by_chance (of an alert: the share of false ones among all of the round
    that are as unusual; Benjamini and Hochberg), seen and age (of the value, in days), verdict."""
    parts = []
    courses = {task: _courses(one.series, shown.day) for task, one in alerts.followed.items()}
    for one in shown.rows.itertuples():
        followed = alerts.followed[one.task]
        row = last_row(followed, one.animal_id, shown.day)
        assert row is not None  # it is in the round
        said = figures_of(followed, row)
        parts.append(
            {
                "animal": one.animal_id,
                "new": "NEW" if one.new else "alert" if one.alerted else "",
                "followed": followed.series.label,
                "value": said.value,
                "change": NOT_ALONE if one.channel == TOGETHER else said.effect,
                "severity": float(one.severity) if one.alerted else np.nan,
                "trend": {-1: "↘", 0: "→", 1: "↗"}[int(one.trend)],
                "course": courses[one.task][one.animal_id],
                "reason": one.reason or NOTHING,
                "about": one.about,
                "by_chance": float(one.q) if one.alerted else np.nan,
                "seen": followed.series.clock.say(said.day),
                "age": float(one.age_days),
                "verdict": one.verdict,
            }
        )
    columns = ("animal", "new", "followed", "value", "change", "severity", "trend", "course", "reason", "about")
    return pd.DataFrame(parts, columns=[*columns, "by_chance", "seen", "age", "verdict"])


def round_of(study: Study, alerts: Alerts, view: View, decisions: int) -> ShownRound:
    """The round that ``view`` shows, with what had been decided after event number ``decisions``.

    Raises UserError as ``shown_round`` does.
    """
    verdicts = verdicts_at(study, decisions)
    return shown_round(study, alerts, view.round, filters=view.filters, verdicts=verdicts, decisions=decisions)


def shown_alerts(study: Study, alerts: Alerts, view: View, decisions: int) -> pd.DataFrame:
    """The alerts that ``view`` shows, with the columns of ``changes``: those of its animal, or of its round up to its
    day; all where it asks for nothing. Raises UserError as ``shown_round`` does."""
    if view.animal is not None:
        return alerts.exported[(alerts.table["animal_id"] == view.animal).to_numpy()]
    if view.round == Round() and not view.filters:
        return alerts.exported
    return _until(alerts, round_of(study, alerts, view, decisions))


def _until(alerts: Alerts, shown: ShownRound) -> pd.DataFrame:
    """The alerts of the animals and tasks that are shown, up to the day of the round."""
    table = alerts.table
    pairs = set(zip(shown.rows["animal_id"], shown.rows["task"], strict=True))
    of_them = [pair in pairs for pair in zip(table["animal_id"], table["task"], strict=True)]
    return alerts.exported[np.array(of_them, dtype=bool) & (table["day"] <= shown.day).to_numpy()]


def _courses(series: Series, day: float) -> dict[str, list[float]]:
    """The last values of each animal up to ``day``, first to last, as they were measured."""
    here = series.day <= day
    animal, value = series.animal[here], series.shown(series.value[here])
    cuts = np.flatnonzero(np.diff(animal)) + 1
    parts = np.split(value, cuts)
    names = [series.animals[place] for place in animal[np.append(0, cuts)]] if len(animal) else []
    return {name: part[-COURSE:].tolist() for name, part in zip(names, parts, strict=False)}


def _passing(study: Study, filters: Sequence[VariableFilter], day: float) -> set[str]:
    """Animals whose last observation up to ``day`` passes the filters."""
    clock = clock_of(study)
    assert study.animal is not None and study.time is not None  # the clock has asked
    days, codes = clock.days(study.time), study.animal.cat.codes.to_numpy()
    rows = np.flatnonzero((days <= day) & (codes >= 0))
    rows = rows[np.lexsort((rows, days[rows], codes[rows]))]
    last = rows[np.append(np.diff(codes[rows]) != 0, True)[: len(rows)]]
    passing = last[filter_mask(study, tuple(filters))[last]]
    return set(study.animal.iloc[passing].astype(str))


def _last_days(alerts: Alerts, day: float) -> pd.Series:
    """The last day up to ``day`` on which each animal was followed, by its name."""
    parts = []
    for one in alerts.followed.values():
        here = one.panel.day <= day
        parts.append(pd.Series(one.panel.day[here], index=np.array(one.series.animals)[one.panel.animal[here]]))
    return pd.concat(parts).groupby(level=0).max()


def _about(whole: pd.DataFrame, events: pd.DataFrame, clock: Clock, day: float) -> list[str]:
    """For each row what happened to its animal about the time of its alert."""
    of_alerted = events[events["animal"].isin(set(whole.loc[whole["alerted"].to_numpy(dtype=bool), "animal_id"]))]
    dated = of_alerted.assign(day=clock.days(of_alerted["time"].to_numpy()))
    by_animal = dict(list(dated.groupby("animal")))
    return [
        events_about(by_animal[one.animal_id], clock, one.since, day)
        if one.alerted and one.animal_id in by_animal
        else ""
        for one in whole.itertuples()
    ]


def _verdicts(whole: pd.DataFrame, verdicts: Verdicts, day: float) -> list[str]:
    """For each row what was said last of any alert of its run."""
    said: dict[tuple[str, str], tuple[float, str]] = {}
    for (animal, when, task), verdict in sorted(verdicts.items(), key=lambda item: item[0][1]):
        if when <= day:
            said[animal, task] = (when, verdict)
    out: list[str] = []
    for one in whole.itertuples():
        when, last = said.get((one.animal_id, one.task), (-np.inf, ""))
        out.append(last if one.alerted and when >= one.since else "")
    return out


def _resolved(whole: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Where somebody knows what an alert was; one that is watched is still open."""
    return whole["verdict"].isin(["confirmed", "false alarm"]).to_numpy()
