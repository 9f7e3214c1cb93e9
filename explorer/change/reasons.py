"""One dated sentence for each alert: the value, what it was expected to be, since when, what to check."""

from explorer.change.digits import value_said, with_unit
from explorer.change.following import CHANNELS, Followed
from explorer.change.scale import LOG2, TIMES
from explorer.change.series import Series

CHECK = {
    "spike": "check the measurement and the animal",
    "shift": "look at the animal and at what has changed since",
    "spike and shift": "look at the animal",
}


def reason_of(followed: Followed, row: int) -> str:
    """Why the visit in ``row`` was alerted, such as "14 May 2024: Weight 598 kg, expected 641 (612 to 670) from 10
    of its 12 earlier visits; its last 3 visits (since 30 Apr 2024) average 38 kg lower than its own level before; look
    at the animal and at what has changed since." The others of the 12 were alerts, and are left out. On a logarithm
    the change is a factor, such as "3.2 times what was expected"."""
    series, effects = followed.series, followed.effects
    channel = CHANNELS[followed.channel[row]] or "spike"
    spread = float(followed.spread[row])
    own, low, high = (value_said(series, float(getattr(followed, one)[row]), spread) for one in ("own", "low", "high"))
    estimate = float(effects.estimate[row])
    since = int(effects.since[row])
    visits, of = int(followed.panel.visit[row]), followed.learnt_from(row)
    rests = f"{of} of its {visits}" if of < visits else f"its {visits}"
    began = int(followed.run_began[row])
    told = (
        f"its last {row - since + 1} visits (since {series.clock.say(float(followed.panel.day[since]))}) average "
        f"{_away(series, estimate, spread, 'its own level before')}"
        if since < row
        else _away(series, estimate, spread)
    )
    if followed.alerted[row] and began < since:
        told += f"; alerted since {series.clock.say(float(followed.panel.day[began]))}"
    return (
        f"{series.clock.say(float(followed.panel.day[row]))}: {series.label} "
        f"{with_unit(value_said(series, float(series.value[row]), spread), series.unit)}, expected {own} "
        f"({low} to {high}) from {rests} earlier visits; {told}; {CHECK[channel]}."
    )


def _away(series: Series, change: float, spread: float, level: str = "") -> str:
    """How far it is away from ``level``; from what was expected where none is named."""
    if series.scale == LOG2:
        return f"{value_said(series, change, spread)} {TIMES} {level or 'what was expected'}"
    size = with_unit(value_said(series, abs(change), spread), series.unit)
    return f"{size} {'higher' if change > 0 else 'lower'}{f' than {level}' if level else ''}"


def joint_reason(followed: list[Followed], shares: list[float], day: float) -> str:
    """Why several series together were alerted, the largest share first."""
    order = sorted((i for i in range(len(shares)) if shares[i] == shares[i]), key=lambda i: -shares[i])
    told = ", ".join(f"{followed[i].series.label} {max(shares[i], 0.0):.0%}" for i in order)
    return f"{followed[0].series.clock.say(day)}: unusual together though not each alone: {told}; look at the animal."
