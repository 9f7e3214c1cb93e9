"""How one animal stands at the end of what was followed: in a sentence, and the rows of the round that it rests on."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

import pandas as pd

from explorer.change.alert_table import TOGETHER
from explorer.change.alerts import Alerts
from explorer.change.figures import last_row
from explorer.change.herd_round import RECENT, herd_round
from explorer.errors import UserError
from explorer.study.study import Study

NOT_A_DIAGNOSIS = "An alert is a reason to look at the animal, not a diagnosis."

_SUGGESTED = 3


@dataclass(frozen=True, eq=False)
class Standing:
    """How ``animal`` stands on ``day``: ``rows`` of the herd round, what needs attention first; ``sentence`` says it.

    ``since``: the first day of the oldest run of alerts that goes on, None without one. ``learning``: too few visits
    for an alert in everything followed. ``new``: an alert is new.
    """

    animal: str
    day: float
    sentence: str
    rows: pd.DataFrame
    new: bool
    learning: bool
    since: float | None


def first_day(alerts: Alerts) -> float:
    """The first day on which any animal was seen, in days."""
    return min(float(one.panel.day.min()) for one in alerts.followed.values())


def last_day(alerts: Alerts) -> float:
    """The last day on which any animal was seen, in days."""
    return max(float(one.panel.day.max()) for one in alerts.followed.values())


def standing_of(alerts: Alerts, animal: str) -> Standing:
    """How ``animal`` stands on the last day of the herd, or on its own last one if it has not been seen lately.

    Raises UserError, naming animals that are called much the same, when nothing of it was followed.
    """
    last = {task: last_row(one, animal) for task, one in alerts.followed.items()}
    seen = {task: float(alerts.followed[task].panel.day[row]) for task, row in last.items() if row is not None}
    if not seen:
        names = {name for one in alerts.followed.values() for name in one.series.animals}
        raise UserError(f"nothing is followed of an animal called {animal!r}", how=_names_like(animal, names))
    end, own = last_day(alerts), max(seen.values())
    lately = end - own <= RECENT
    day = end if lately else own
    whole = herd_round(alerts, day=day)
    rows = whole[(whole["animal_id"] == animal).to_numpy()].reset_index(drop=True)
    alerted = rows[rows["alerted"].to_numpy(dtype=bool)]
    clock = next(iter(alerts.followed.values())).series.clock
    table = alerts.table
    together = table[
        (table["animal_id"] == animal).to_numpy()
        & (table["channel"] == TOGETHER).to_numpy()
        & (table["day"] == own).to_numpy()
    ]
    new = bool(rows["new"].any())
    if len(alerted):
        others = [alerts.followed[task].series.label for task in alerted["task"].iloc[1:]]
        sentence = str(alerted["reason"].iloc[0]) + (f" Alerts also in: {', '.join(others)}." if others else "")
    elif len(together):
        sentence, new = str(together["reason"].iloc[-1]), bool(together["new"].iloc[-1])
    elif len(rows):
        when = f", as of {clock.say(own)}" if lately else ""
        sentence = f"Nothing beyond what it and its calendar explain{when}."
    else:
        learning = next(iter(alerts.followed.values())).settings.learning
        sentence = f"Learning: too few visits so far to say what is usual for it; alerts begin after {learning}."
    if not lately:
        sentence += f" It has not been seen since {clock.say(own)}."
    return Standing(
        animal=animal,
        day=day,
        sentence=sentence,
        rows=rows,
        new=new,
        learning=not len(rows),
        since=float(alerted["since"].min()) if len(alerted) else None,
    )


def check_animal(study: Study, animal: str) -> None:
    """Raises UserError, naming animals that are called much the same, when the study has no such one."""
    names = () if study.animal is None else study.animal.cat.categories.astype(str)
    if animal not in names:
        raise UserError(f"there is no animal {animal!r} in this study", how=_names_like(animal, names))


def _names_like(animal: str, names: Iterable[str]) -> str:
    known = {name.casefold(): name for name in sorted(names)}
    near = get_close_matches(animal.casefold(), known, _SUGGESTED, 0.5) or list(known)[:_SUGGESTED]
    return f"Choose one of its animals, such as {', '.join(known[one] for one in near)}"
