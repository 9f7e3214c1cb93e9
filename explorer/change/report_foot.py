"""The foot of every printed page: what it rests on, how often it is wrong, versions, and that it is no diagnosis."""

from collections.abc import Sequence

from explorer import __version__
from explorer.change.alerts import Alerts
from explorer.change.circumstances import encoders_said
from explorer.change.false_alerts import ENOUGH, false_alerts
from explorer.change.paper import DARK, MIDDLE, Box, Sheet
from explorer.change.series import vectors_of
from explorer.change.standing import NOT_A_DIAGNOSIS
from explorer.study.study import Study

FOOT = 68.0
"""Its height in points."""

_HASH = 12
_MOST = 4
"""Series whose herds are told one by one; of more, from the fewest to the most animals and visits."""


def foot(sheet: Sheet, study: Study, alerts: Alerts, *, page: str = "") -> None:
    """Draw it at the bottom of the page; ``page`` says which one it is."""
    inner = sheet.inner
    top = inner.bottom - FOOT + 6
    sheet.line([(inner.left, top), (inner.right, top)], width=0.6, grey=MIDDLE)
    y = sheet.paragraph(Box(inner.left, top + 4, inner.width - 60, 0), NOT_A_DIAGNOSIS, size=8.5, bold=True)
    sheet.text(inner.right, top + 12, page, size=7.5, grey=DARK, align="right")
    y = sheet.paragraph(Box(inner.left, y + 1, inner.width, 0), versions(study, alerts), size=6.8, grey=DARK, most=2)
    words = f"{promise(alerts)} {rests_on(alerts)} Intervals are of 95 %."
    sheet.paragraph(Box(inner.left, y, inner.width, 0), words, size=6.8, grey=DARK, most=4)


def rests_on(alerts: Alerts) -> str:
    """Of how many animals and visits the herd's bands are."""
    known = [
        (one.series.label, one.reference.baseline) for one in alerts.followed.values() if one.reference is not None
    ]
    if not known:
        return "Too little was seen for a herd's band."
    animals, visits = [one.animals for _, one in known], [one.observations for _, one in known]
    if len(known) <= _MOST:
        said = "; ".join(f"{label} {one.animals:,} animals, {one.observations:,} visits" for label, one in known)
    else:
        said = f"{_between(animals)} animals, {_between(visits)} visits"
    few = f"; {ENOUGH} animals are needed for one that holds" if min(animals) < ENOUGH else ""
    return f"The herd's bands are of: {said}{few}."


def _between(counts: Sequence[int]) -> str:
    return " to ".join(f"{one:,}" for one in sorted({min(counts), max(counts)}))


def promise(alerts: Alerts) -> str:
    """How often a healthy animal is alerted: what was asked for, and what that comes to in this herd."""
    rates, said = alerts.facts["false_alarms"], false_alerts(alerts.facts)
    return (
        f"{said[0].upper()}{said[1:]}. {rates['alerted_share']:.1%} of {rates['animal_years']:,.0f} animal-years had "
        "an alert, sick animals among them."
    )


def versions(study: Study, alerts: Alerts) -> str:
    """Which data, encoders and program the page was made of."""
    vectors = vectors_of(study, alerts.followed)
    encoders = [f"vectors {name} ({fingerprint[:_HASH]})" for name, fingerprint in vectors.items()]
    if made_by := encoders_said(study, vectors):
        encoders.append(f"{made_by[0].lower()}{made_by[1:]}")
    return f"Latent Explorer {__version__}; data {study.data_hash[:_HASH]}; {'; '.join(encoders or ['no encoder'])}."
