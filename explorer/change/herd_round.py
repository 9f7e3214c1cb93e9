"""A round of the herd: every animal as it stood at its last visit, what needs attention first."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from explorer.change.alert_table import TOGETHER
from explorer.change.alerts import Alerts
from explorer.change.effects import benjamini_hochberg, trends
from explorer.change.following import CHANNELS, Followed
from explorer.change.panel import Ints
from explorer.change.reasons import reason_of

RECENT = 90.0
"""Days after which an animal that was not seen is no part of a round."""


def herd_round(
    alerts: Alerts, *, day: float | None = None, recent: float = RECENT, without: Collection[str] = ()
) -> pd.DataFrame:
    """One row for each animal and task whose last visit up to ``day`` (default: the last there is) could be alerted and
    is at most ``recent`` days old; alerts first, new ones before others, then by severity. ``without``: animals that
    are left out.

    Columns: animal_id, task, time and day of the visit, age_days (how old it is), value, unit, expected, effect with
    effect_low and effect_high, probability_relevant, severity, trend (-1, 0, 1), channel, alerted, new, since (day on
    which this run of alerts began, NaN without one), p, q (the false discovery rate at which it would be called among
    all rows; Benjamini and Hochberg, 1995), n_visits, reason ("" without an alert). Of what is followed on a logarithm,
    the effect is a factor. Where only all tasks together are alerted at an animal's last visit, the row of the task
    that gives most of it is, with the channel ``TOGETHER``.
    """
    followed = alerts.followed
    end = max(float(one.panel.day.max()) for one in followed.values()) if day is None else day
    parts = [_of_task(name, one, end, recent) for name, one in followed.items()]
    whole = pd.concat([one for one in parts if len(one)] or parts, ignore_index=True)
    whole = whole[~whole["animal_id"].isin(list(without))].reset_index(drop=True)
    _mark_together(whole, alerts.table, end)
    whole["q"] = benjamini_hochberg(whole["p"].to_numpy(dtype=np.float64))
    order = np.lexsort((-whole["severity"].to_numpy(dtype=float), ~whole["new"], ~whole["alerted"]))
    return whole.iloc[order].reset_index(drop=True)


def _of_task(name: str, found: Followed, end: float, recent: float) -> pd.DataFrame:
    rows = _last_rows(found, end)
    rows = rows[found.monitored[rows] & (end - found.panel.day[rows] <= recent)]
    series, effects = found.series, found.effects
    trend = trends(found.panel, found.residual, rows, found.spread[rows])
    return pd.DataFrame(
        {
            "animal_id": [series.animals[place] for place in found.panel.animal[rows]],
            "task": name,
            "time": [series.clock.write(one) for one in found.panel.day[rows].tolist()],
            "day": found.panel.day[rows],
            "age_days": end - found.panel.day[rows],
            "value": series.shown(series.value[rows]),
            "unit": series.units,
            "expected": series.shown(found.own[rows]),
            "effect": series.shown(effects.estimate[rows]),
            "effect_low": series.shown(effects.low[rows]),
            "effect_high": series.shown(effects.high[rows]),
            "probability_relevant": effects.probability[rows],
            "severity": effects.severity[rows],
            "trend": trend,
            "channel": [CHANNELS[place] for place in found.channel[rows]],
            "alerted": found.alerted[rows],
            "new": found.new[rows],
            "since": np.where(found.alerted, found.panel.day[found.run_began], np.nan)[rows],
            "p": found.p[rows],
            "n_visits": found.panel.visit[rows] + 1,
            "reason": [reason_of(found, row) if found.alerted[row] else "" for row in rows.tolist()],
        }
    )


def _mark_together(whole: pd.DataFrame, table: pd.DataFrame, end: float) -> None:
    """Put alerts of several tasks together into their rows of the round ``whole``, in place."""
    together = table[(table["channel"] == TOGETHER) & (table["day"] <= end)]
    last = whole.groupby("animal_id")["day"].max()
    together = together[together["day"] == together["animal_id"].map(last)]
    keys = pd.MultiIndex.from_frame(whole[["animal_id", "task"]])
    rows = keys.get_indexer(pd.MultiIndex.from_frame(together[["animal_id", "task"]]))
    for row, (_, alert) in zip(rows, together.iterrows(), strict=True):
        if row >= 0 and not whole.loc[row, "alerted"]:
            whole.loc[row, ["alerted", "new", "channel", "reason"]] = [True, alert["new"], TOGETHER, alert["reason"]]
            whole.loc[row, ["severity", "since", "p"]] = [alert["severity"], alert["since"], alert["p"]]


def _last_rows(found: Followed, end: float) -> Ints:
    """The last visit of each animal up to ``end``."""
    rows = np.flatnonzero(found.panel.day <= end)
    animal = found.panel.animal[rows]
    return rows[np.append(np.diff(animal) != 0, True)[: len(rows)]]
