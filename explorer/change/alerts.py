"""Alerts of a study: which animals have changed, in what, by how much, how sure that is, and why it is said.

Nothing but what was known by the day of a visit decides on it, so a rerun with later visits repeats earlier alerts.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.change.alert_table import COLUMNS, TOGETHER, alert_table
from explorer.change.arms import METHODS, Method
from explorer.change.backgrounds import YEAR
from explorer.change.clock import clock_of
from explorer.change.false_alerts import ENOUGH, false_alerts
from explorer.change.following import Followed, follow_series
from explorer.change.joint import Joint, joined
from explorer.change.known_backgrounds import backgrounds_of
from explorer.change.known_events import Noted, events_known
from explorer.change.normal_inverse_gamma import LEARNING, Side
from explorer.change.panel import Bools, Floats
from explorer.change.reference import Memory, Settings
from explorer.change.scale import LOG2, is_lopsided
from explorer.change.series import Series, logarithms_of, series_of
from explorer.change.slips import bounded
from explorer.decisions.alert_verdicts import Verdicts
from explorer.errors import UserError
from explorer.study.study import Study

__all__ = ["COLUMNS", "TOGETHER", "Alerts", "Verdicts", "alerts_of"]

AROUND = 60.0
"""Days about an event in which an animal does not count as healthy."""

PRESENT = 60.0
"""Days back from the last visit of all in which an animal was seen that is still there."""

_MUCH_ALIKE = 30.0
"""Visits that the herd's level counts like from which on an animal has hardly a level of its own."""


@dataclass(frozen=True, eq=False)
class Alerts:
    """All alerts of a study up to ``as_of`` (day; None for all).

    ``table``: one row for each alerted visit, in time: ``COLUMNS``, then ``day``, ``since`` (the first day of its run
    of alerts), ``p`` and ``verdict``. ``severity`` is the change in relevant changes. ``new``: the first of a run.
    ``followed``: by task, what every visit was judged by. ``joint``: several series together; None with one. ``facts``:
    rates, limits and counts for a manifest.
    """

    table: pd.DataFrame
    followed: dict[str, Followed]
    joint: Joint | None
    as_of: float | None
    facts: dict[str, Any]
    remarks: tuple[str, ...]

    @property
    def exported(self) -> pd.DataFrame:
        """The table as it is written to a file."""
        return self.table.loc[:, list(COLUMNS)]

    @property
    def summary(self) -> str:
        """What it comes to, in one sentence."""
        rates = self.facts["false_alarms"]
        animals = self.table["animal_id"].nunique()
        new = int(self.table["new"].sum())
        return (
            f"{new:,} new alerts of {animals:,} animals; "
            f"{rates['alerted_share']:.1%} of {rates['animal_years']:,.0f} animal-years with one "
            f"(sick animals among them); {false_alerts(self.facts)}"
        )


def alerts_of(
    study: Study,
    variables: Sequence[str],
    *,
    rate: float = 0.05,
    as_of: float | None = None,
    method: Method = "two-channel",
    memory: Memory = "held-back",
    covariates: Sequence[str] = (),
    unhealthy: Sequence[str] = (),
    around: float = AROUND,
    learning: int = LEARNING,
    side: Side = "both",
    verdicts: Verdicts | None = None,
    noted: Noted = (),
    seed: int = 0,
    report: Callable[[float, str], None] | None = None,
) -> Alerts:
    """Alerts on ``variables``, names as ``series.followable`` gives them.

    rate: of healthy animal-years with any new alert, all variables together; each gets an equal share, and so do, from
    two variables on, all of them together. memory: visits that a baseline remembers, None for all, "held-back" to
    choose. unhealthy: kinds of events; visits within ``around`` days of one do not count as healthy. verdicts: a false
    alarm joins the baseline of its animal again. noted: events beside those of the study's table. as_of: nothing later
    is read.

    Raises UserError for what the study has not, a name given twice, and when nothing can be learnt.
    """
    _check(variables, rate, method, learning)
    _check_kinds(study, unhealthy, noted)
    several = len(variables) > 1 and method == "two-channel"
    shares = len(variables) + several
    calendar = clock_of(study).unit is None
    settings = Settings(method, 1 - (1 - rate) ** (1 / shares), memory, learning, side, calendar, seed)
    followed: dict[str, Followed] = {}
    for place, name in enumerate(variables):
        series = series_of(study, name, as_of=as_of)
        backgrounds = backgrounds_of(study, series, covariates, noted)
        followed[name] = follow_series(
            series,
            backgrounds,
            settings,
            healthy=_healthy(study, unhealthy, noted, around) if unhealthy else None,
            decided=_decided(series, verdicts or {}),
            report=_part(report, place, len(variables)),
        )
    remarks = tuple(one for found in followed.values() for one in (*found.series.remarks, *_said(study, found)))
    if not any(found.references for found in followed.values()):
        raise UserError(
            f"{' and '.join(variables)}: too few animals have been seen too few times to know what is usual",
            how="Alerts need about 60 visits of 10 animals before the first",
        )
    joint = joined(list(followed.values()), rate=settings.rate) if several else None
    table = alert_table(followed, joint, verdicts or {})
    if report:
        report(1.0, "done")
    facts = _facts(followed, table, rate)
    return Alerts(table, followed, joint, as_of, facts, remarks)


def _check(variables: Sequence[str], rate: float, method: str, learning: int) -> None:
    if not variables:
        raise UserError("no variable was given", how="Give one or more with --variable")
    twice = next((one for one in variables if list(variables).count(one) > 1), None)
    if twice is not None:
        raise UserError(f"{twice!r} was given twice", how="Give each variable once")
    if not 0 < rate < 1:
        raise UserError(f"the rate of false alarms must lie between 0 and 1, not {rate}", how="Take 0.05, or 0.01")
    if method not in METHODS:
        raise UserError(f"there is no method {method!r}", how=f"There are: {', '.join(METHODS)}")
    if learning < 2:
        raise UserError("an animal needs at least two visits to learn from", how="Take 5")


def _check_kinds(study: Study, unhealthy: Sequence[str], noted: Noted) -> None:
    kinds = set(study.events["kind"].dropna().astype(str)) | {kind for _, _, kind in noted}
    for kind in unhealthy:
        if kind not in kinds:
            known = ", ".join(sorted(kinds)) or "none"
            raise UserError(f"there are no events of kind {kind!r}", how=f"Kinds of events: {known}")


def _part(report: Callable[[float, str], None] | None, place: int, of: int) -> Callable[[float, str], None] | None:
    if report is None:
        return None
    return lambda fraction, note: report((place + fraction) / of, note)


def _healthy(study: Study, kinds: Sequence[str], noted: Noted, around: float) -> Callable[[Series, float], Bools]:
    """Which visits of a series are not near an event of ``kinds``, by the events known on a day."""
    codes, days = events_known(study, kinds, noted)

    def healthy(series: Series, until: float) -> Bools:
        known = (codes >= 0) & (days <= until)
        order = np.lexsort((days[known], codes[known]))
        animal, day = codes[known][order], days[known][order]
        out = np.ones(len(series), dtype=bool)
        if not len(day):
            return out
        width = float(max(np.ptp(day), np.ptp(series.day), around)) * 4 + 1
        base = min(float(day.min()), float(series.day.min()))
        keys, own = animal * width + (day - base), series.animal * width + (series.day - base)
        low, high = np.searchsorted(keys, own - around, "left"), np.searchsorted(keys, own + around, "right")
        return np.asarray(low == high)

    return healthy


def _decided(series: Series, verdicts: Verdicts) -> npt.NDArray[np.int8] | None:
    """0 where a person called the visit a false alarm, 1 where it was confirmed or is watched, else -1."""
    if not verdicts:
        return None
    place = {
        (series.animals[a], float(d)): row for row, (a, d) in enumerate(zip(series.animal, series.day, strict=True))
    }
    out = np.full(len(series), -1, dtype=np.int8)
    for (animal, day, task), verdict in verdicts.items():
        row = place.get((animal, float(day)))
        if task == series.name and row is not None:
            out[row] = 0 if verdict == "false alarm" else 1
    return out


def _said(study: Study, found: Followed) -> list[str]:
    reference, name = found.reference, found.series.name
    if reference is None:
        return [f"{name}: too little to learn from, so nothing is alerted"]
    said = []
    if reference.baseline.animals < ENOUGH:
        said.append(
            f"{name}: a population band of {reference.baseline.animals:,} animals; "
            f"{ENOUGH} are needed for one that holds"
        )
    weight = reference.herd.prior.k
    if weight > _MUCH_ALIKE:
        said.append(
            f"{name}: beside their ups and downs animals hardly differ in level, so what is expected of one is nearly "
            f"the herd's, which counts like {weight:,.0f} visits of its own; let the baseline know what moves all of "
            "them, such as the days since calving"
        )
    log = f"{LOG2}:{name}"
    label = logarithms_of(study).get(log)
    if label is not None and is_lopsided(found.series.value):
        said.append(
            f"{name}: most values are low and a few very high; follow its logarithm ({label!r} on the pages, {log} "
            "elsewhere) for bands that fit both"
        )
    slips = int((bounded(found.panel, found.series.value) != found.series.value).sum())
    if slips:
        lie = "1 value lies" if slips == 1 else f"{slips:,} values lie"
        said.append(f"{name}: {lie} so far from the animal's others that little is learnt from it; check for slips")
    learning = int(np.sum(np.bincount(found.panel.animal)[np.unique(found.panel.animal)] <= found.settings.learning))
    if learning:
        animals = "1 animal" if learning == 1 else f"{learning:,} animals"
        said.append(f"{name}: {animals} still learning (alerts begin after {found.settings.learning} visits)")
    return said


def _facts(followed: Mapping[str, Followed], table: pd.DataFrame, rate: float) -> dict[str, Any]:
    present, per_task = 0, {}
    for name, found in followed.items():
        hit, span = _alerted_years([found], found.panel.animal[found.new], found.panel.day[found.new])
        latest = found.reference
        per_task[name] = {
            "scale": found.series.scale,
            "visits": len(found.series),
            "animals": len(np.unique(found.panel.animal)),
            "animal_years": span,
            "animal_years_alerted": hit,
            "learnt": len(found.references),
        } | ({} if latest is None else {"expected_rate": found.promise} | _of(latest))
        recent = found.panel.day > found.panel.day.max() - PRESENT
        present = max(present, len(np.unique(found.panel.animal[recent])))
    new = table[table["new"]]
    animals = pd.Index(next(iter(followed.values())).series.animals).get_indexer(new["animal_id"])
    hit, years = _alerted_years(list(followed.values()), animals, new["day"].to_numpy())
    return {
        "tasks": per_task,
        "false_alarms": {
            "promised": rate,
            "animal_years": years,
            "alerted_share": hit / years if years > 0 else 0.0,
            "expected_per_month": -math.log1p(-rate) * present / 12,  # alerts by chance, a year without any at 1 - rate
        },
    }


def _alerted_years(followed: Sequence[Followed], animal: npt.NDArray[np.integer], day: Floats) -> tuple[int, float]:
    """Animal-years with one of the new alerts of ``animal`` on ``day``, and how many there were in all. An animal's
    first begins with its last visit before one that could be alerted, as in ``years_of``."""
    watched = []
    for found in followed:
        ahead = np.append(found.monitored[1:] & (found.panel.visit[1:] > 0), False)
        rows = found.monitored | ahead
        watched.append(pd.DataFrame({"animal": found.panel.animal[rows], "day": found.panel.day[rows]}))
    spans = pd.concat(watched).groupby("animal")["day"].agg(["min", "max"])
    since = day - spans["min"].reindex(animal).to_numpy()
    year = np.maximum(np.ceil(np.round(since / YEAR, 9)) - 1, 0)
    return len(set(zip(animal, year, strict=True))), float((spans["max"] - spans["min"]).sum() / YEAR)


def _of(latest: Any) -> dict[str, Any]:
    baseline = latest.baseline
    return {
        "limits": list(latest.limits),
        "limits_raised": list(latest.raised),
        "memory": latest.herd.memory,
        "variance_between": baseline.between,
        "variance_within": baseline.within,
        "autocorrelation": baseline.phi,
        "autocorrelation_days": baseline.gap,
        "index_of_individuality": baseline.index_of_individuality,
        "fitted_on_animals": baseline.animals,
        "fitted_on_visits": baseline.observations,
    }
