"""What the charts of one animal show, gathered from the alerts, the events and the decisions."""

import numpy as np
import pandas as pd

from explorer.change.alert_table import TOGETHER
from explorer.change.alerts import Alerts
from explorer.change.clock import Clock
from explorer.change.figures import visits_told
from explorer.change.following import Followed
from explorer.change.scale import LOG2
from explorer.decisions.alert_verdicts import Resolutions
from explorer.decisions.noted_events import events_with_noted
from explorer.study.study import Study
from explorer.ui.animal.beside_it import alerted_by
from explorer.ui.animal.course import Beside, Course


def courses_of(
    study: Study,
    alerts: Alerts,
    animal: str,
    labels: dict[str, str],
    decided: Resolutions,
    beside: dict[str, Beside],
    trends: dict[str, int],
    others: dict[str, Alerts],
    frozen: bool,
) -> dict[str, Course]:
    """One chart for each task followed that ``animal`` has values of, all over the same days.

    ``labels``: what the tasks are called. ``beside``: who it is compared with, and ``trends``: -1, 0 or 1, by task.
    ``others``: alerts by other methods. ``frozen``: what was expected of it by its first visits alone is drawn too.
    """
    visits = {task: visits_of(alerts, task, animal) for task in alerts.followed}
    visits = {task: frame for task, frame in visits.items() if len(frame)}
    if not visits:
        return {}
    every = np.concatenate([frame["day"].to_numpy(dtype=np.float64) for frame in visits.values()])
    air = max(1.0, 0.02 * float(np.ptp(every)))
    days = (float(every.min()) - air, float(every.max()) + air)
    clock = next(iter(alerts.followed.values())).series.clock
    events = events_of(study, clock, animal)
    within = events[events["day"].between(*days)]
    return {
        task: Course(
            title=labels.get(task, task),
            unit=alerts.followed[task].series.unit,
            visits=frame,
            clock=clock,
            herd=herd_size(alerts.followed[task]),
            days=days,
            events=within,
            together=together_of(alerts, task, animal),
            resolved=[one for one in decided.of(animal) if one.task == task],
            beside=beside.get(task),
            trend=trends.get(task, 0),
            factors=alerts.followed[task].series.scale == LOG2,
            frozen=frozen,
            others=alerted_by(others, task, animal),
        )
        for task, frame in visits.items()
    }


def herd_size(followed: Followed) -> int:
    """How many animals the herd's band is of; 0 before anything was learnt."""
    return 0 if followed.reference is None else followed.reference.baseline.animals


def visits_of(alerts: Alerts, task: str, animal: str) -> pd.DataFrame:
    """The visits of ``animal``, as a ``Course`` has them."""
    followed = alerts.followed[task]
    frame = visits_told(followed, animal).rename(columns={"own": "expected"})
    place = followed.series.animals.index(animal) if animal in followed.series.animals else -1
    frame["merged"] = followed.series.merged[followed.series.animal == place]
    frame["learning"] = ~frame["monitored"]
    told = _of(alerts, task, animal)
    own = told.loc[told["channel"] != TOGETHER, ["day", "reason"]]
    return frame.merge(own, on="day", how="left")


def together_of(alerts: Alerts, task: str, animal: str) -> pd.DataFrame:
    """Alerts of several tasks at once of which ``task`` gives most: ``day``, ``value``, ``reason``."""
    told = _of(alerts, task, animal)
    return told.loc[told["channel"] == TOGETHER, ["day", "value", "reason"]]


def _of(alerts: Alerts, task: str, animal: str) -> pd.DataFrame:
    return alerts.table[(alerts.table["animal_id"] == animal) & (alerts.table["task"] == task)]


def events_of(study: Study, clock: Clock, animal: str) -> pd.DataFrame:
    """The dated events of ``animal``: ``day``, ``kind``, ``detail``, ``who`` and ``seq``, by day."""
    events = events_with_noted(study)
    own = events[events["animal"] == animal].reset_index(drop=True)
    own.insert(0, "day", clock.days(own["time"].to_numpy()) if len(own) else np.empty(0))
    return own[np.isfinite(own["day"].to_numpy(dtype=np.float64))].sort_values("day", kind="stable")
