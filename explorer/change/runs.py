"""The alerts of one animal as runs: alerts of one task that follow one another are one thing to look into."""

from dataclasses import dataclass

import pandas as pd

from explorer.change.alert_table import TOGETHER
from explorer.change.alerts import Alerts
from explorer.change.figures import figures_of, last_row
from explorer.decisions.alert_verdicts import Resolutions, Resolved


@dataclass(frozen=True)
class Run:
    """Alerts of ``task`` on ``days``, one after another. ``reason``: what is said of the last one.

    ``effect``: how far from the animal's own level at the last one, of what, with its interval; ``relevant``: how
    likely that is more than what matters. Both in words, empty where there is nothing to say. ``resolved``: the
    decision about its last day, None where there is none.
    """

    task: str
    days: tuple[float, ...]
    channel: str
    reason: str
    effect: str
    relevant: str
    resolved: Resolved | None


def runs_of_alerts(alerts: Alerts, animal: str, decided: Resolutions) -> list[Run]:
    """The runs of ``animal``, the one that ended last at the front."""
    own = alerts.table[alerts.table["animal_id"] == animal]
    said = {(one.task, day): one for one in decided.of(animal) for day in one.days}
    runs = [
        _run(alerts, animal, str(task), part, said)
        for task, rows in own.groupby("task", sort=False)
        for _, part in rows.sort_values("day", kind="stable").groupby(rows["new"].cumsum())
    ]
    return sorted(runs, key=lambda run: run.days[-1], reverse=True)


def _run(alerts: Alerts, animal: str, task: str, part: pd.DataFrame, said: dict[tuple[str, float], Resolved]) -> Run:
    last = part.iloc[-1]
    days = tuple(float(day) for day in part["day"])
    followed, channel = alerts.followed[task], str(last["channel"])
    row = None if channel == TOGETHER else last_row(followed, animal, days[-1])
    figures = None if row is None else figures_of(followed, row)
    return Run(
        task=task,
        days=days,
        channel=channel,
        reason=str(last["reason"]),
        effect="" if figures is None else f"{figures.effect}, {figures.of}",
        relevant="" if figures is None else figures.relevant,
        resolved=said.get((task, days[-1])),
    )


def unseen(runs: list[Run], decided: Resolutions, animal: str) -> list[Resolved]:
    """Decisions about alerts of ``animal`` that are no alerts any more, under other settings or after a decision."""
    shown = {(run.task, day) for run in runs for day in run.days}
    return [one for one in decided.of(animal) if not any((one.task, day) in shown for day in one.days)]
