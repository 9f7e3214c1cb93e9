"""Alerts as a table: one row for each alerted visit, with its reason in one sentence."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from explorer.change.following import CHANNELS, Followed, began_with
from explorer.change.joint import Joint
from explorer.change.reasons import joint_reason, reason_of
from explorer.decisions.alert_verdicts import Verdicts

COLUMNS = (
    "animal_id", "time", "task", "channel", "value", "unit", "effect", "effect_low", "effect_high",
    "probability_relevant", "severity", "new", "n_visits", "reason",
)  # fmt: skip
"""Columns of the exported table: a contract."""

TOGETHER = "together"
"""The channel of an alert of several series at once; its task is the one that gives most of it."""


def alert_table(followed: Mapping[str, Followed], joint: Joint | None, verdicts: Verdicts) -> pd.DataFrame:
    """The table of all alerts in time: ``COLUMNS``, then ``day``, ``since``, ``p`` and ``verdict``; see ``Alerts``.

    ``value`` is as it was measured; ``effect`` with its interval is in the same unit, or, where ``unit`` says so,
    a factor, so that no change is 1.
    """
    rows = [_row(one, name, row, CHANNELS[one.channel[row]]) for name, one in followed.items() for row in _rows(one)]
    if joint is not None:
        rows += _joint_rows(list(followed.items()), joint)
    table = pd.DataFrame(rows, columns=[*COLUMNS, "day", "since", "p"])
    table["verdict"] = [
        verdicts.get((animal, float(day), task), "")
        for animal, day, task in zip(table["animal_id"], table["day"], table["task"], strict=True)
    ]
    types = {"new": bool, "n_visits": "int64", "day": float, "since": float, "p": float}
    table = table.astype(types | dict.fromkeys(("value", *COLUMNS[6:11]), float))
    return table.sort_values(["day", "animal_id", "task", "channel"], kind="stable", ignore_index=True)


def _rows(found: Followed) -> list[int]:
    return [int(row) for row in np.flatnonzero(found.alerted)]


def _row(found: Followed, name: str, row: int, channel: str) -> dict[str, Any]:
    series, effects = found.series, found.effects
    told = (series.value[row], effects.estimate[row], effects.low[row], effects.high[row])
    value, effect, low, high = series.shown(np.array(told)).tolist()
    return {
        "animal_id": series.animals[found.panel.animal[row]],
        "time": series.clock.write(float(found.panel.day[row])),
        "task": name,
        "channel": channel,
        "value": value,
        "unit": series.units,
        "effect": effect,
        "effect_low": low,
        "effect_high": high,
        "probability_relevant": effects.probability[row],
        "severity": effects.severity[row],
        "new": found.new[row],
        "n_visits": int(found.panel.visit[row]) + 1,
        "reason": reason_of(found, row),
        "day": found.panel.day[row],
        "since": found.panel.day[found.run_began[row]],
        "p": found.p[row],
    }


def _joint_rows(followed: list[tuple[str, Followed]], joint: Joint) -> list[dict[str, Any]]:
    """Alerts of all series together on days when none is alerted by itself; ``new``: the first of a run."""
    alone = np.zeros(len(joint.panel), dtype=bool)
    for place, (_, one) in enumerate(followed):
        row = joint.rows[:, place]
        alone |= (row >= 0) & one.alerted[np.maximum(row, 0)]
    either = joint.alerted | alone
    before = np.roll(either, 1)
    before[joint.panel.visit == 0] = False
    began = began_with(either & ~before)
    out = []
    for at in np.flatnonzero(joint.alerted & ~alone):
        shares = joint.parts[at]
        most = int(np.nanargmax(shares))
        name, one = followed[most]
        told = _row(one, name, int(joint.rows[at, most]), TOGETHER)
        day = float(joint.panel.day[at])
        told |= {"new": not before[at], "p": joint.p[at], "day": day, "time": one.series.clock.write(day)}
        told["since"] = float(joint.panel.day[began[at]])
        told["reason"] = joint_reason([found for _, found in followed], shares.tolist(), day)
        out.append(told)
    return out
