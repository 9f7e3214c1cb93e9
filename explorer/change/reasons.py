"""One dated sentence for each alert: the value, what it was expected to be, since when, what to check."""

from explorer.change.following import CHANNELS, Followed

CHECK = {
    "spike": "check the measurement and the animal",
    "shift": "look at the animal and at what has changed since",
    "spike and shift": "look at the animal",
}


def reason_of(followed: Followed, row: int) -> str:
    """Why the visit in ``row`` was alerted, such as "14 May 2024: Weight 598 kg, expected 641 (612 to 670) from 10
    of its 12 earlier visits; its last 3 visits (since 30 Apr 2024) average 38 kg lower than its own level before; look
    at the animal and at what has changed since." The others of the 12 were alerts, and are left out."""
    series, effects = followed.series, followed.effects
    unit = f" {series.unit}" if series.unit else ""
    channel = CHANNELS[followed.channel[row]] or "spike"
    step = decimals_of(float(followed.spread[row]))
    own, low, high = (written(float(getattr(followed, one)[row]), step) for one in ("own", "low", "high"))
    estimate = float(effects.estimate[row])
    size, way = written(abs(estimate), step), "higher" if estimate > 0 else "lower"
    since = int(effects.since[row])
    visits, of = int(followed.panel.visit[row]), followed.learnt_from(row)
    rests = f"{of} of its {visits}" if of < visits else f"its {visits}"
    told = (
        f"its last {row - since + 1} visits (since {series.clock.say(float(followed.panel.day[since]))}) average "
        f"{size}{unit} {way} than its own level before"
        if since < row
        else f"{size}{unit} {way}"
    )
    return (
        f"{series.clock.say(float(followed.panel.day[row]))}: {series.label} "
        f"{written(float(series.value[row]), step)}{unit}, expected {own} ({low} to {high}) from {rests} earlier "
        f"visits; {told}; {CHECK[channel]}."
    )


def joint_reason(followed: list[Followed], shares: list[float], day: float) -> str:
    """Why several series together were alerted, the largest share first."""
    order = sorted((i for i in range(len(shares)) if shares[i] == shares[i]), key=lambda i: -shares[i])
    told = ", ".join(f"{followed[i].series.label} {max(shares[i], 0.0):.0%}" for i in order)
    return f"{followed[0].series.clock.say(day)}: unusual together though not each alone: {told}; look at the animal."


def decimals_of(spread: float) -> int:
    """Decimals with which a difference of a tenth of the animal's own spread can be seen."""
    decimals = 0
    while decimals < 6 and spread > 0 and spread / 10 < 0.5 * 10.0**-decimals:
        decimals += 1
    return decimals


def written(value: float, decimals: int) -> str:
    """``value`` with so many decimals, nothing without a sign."""
    return f"{round(value, decimals) + 0.0:.{decimals}f}"
