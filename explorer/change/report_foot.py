"""The foot of every printed page: what it rests on, how often it is wrong, versions, and that it is no diagnosis."""

from explorer import __version__
from explorer.change.alerts import ENOUGH, Alerts
from explorer.change.paper import DARK, MIDDLE, Box, Sheet
from explorer.change.series import vectors_of
from explorer.change.standing import NOT_A_DIAGNOSIS
from explorer.study.study import Study

FOOT = 58.0
"""Its height in points."""

_HASH = 12


def foot(sheet: Sheet, study: Study, alerts: Alerts, *, page: str = "") -> None:
    """Draw it at the bottom of the page; ``page`` says which one it is."""
    inner = sheet.inner
    top = inner.bottom - FOOT + 6
    sheet.line([(inner.left, top), (inner.right, top)], width=0.6, grey=MIDDLE)
    y = sheet.paragraph(Box(inner.left, top + 4, inner.width - 60, 0), NOT_A_DIAGNOSIS, size=8.5, bold=True)
    sheet.text(inner.right, top + 12, page, size=7.5, grey=DARK, align="right")
    words = f"Intervals are of 95 %. {rests_on(alerts)} {false_alerts(alerts)} {versions(study, alerts)}"
    sheet.paragraph(Box(inner.left, y + 1, inner.width, 0), words, size=6.8, grey=DARK, most=4)


def rests_on(alerts: Alerts) -> str:
    """Of how many animals and visits the herd's band is, task by task."""
    parts = []
    for one in alerts.followed.values():
        if one.reference is not None:
            baseline = one.reference.baseline
            few = f" ({ENOUGH} animals are needed for a band that holds)" if baseline.animals < ENOUGH else ""
            parts.append(f"{one.series.label} {baseline.animals:,} animals, {baseline.observations:,} visits{few}")
    return f"The herd's bands are of: {'; '.join(parts)}." if parts else "Too little was seen for a herd's band."


def false_alerts(alerts: Alerts) -> str:
    """How often a healthy animal is alerted: what was asked for, and what that comes to in this herd."""
    rates = alerts.facts["false_alarms"]
    return (
        f"Of healthy animals at most {rates['promised']:.1%} a year are expected to be alerted falsely, about "
        f"{rates['expected_per_month']:.2g} a month in this herd; {rates['alerted_share']:.1%} of "
        f"{rates['animal_years']:,.0f} animal-years had an alert, sick animals among them."
    )


def versions(study: Study, alerts: Alerts) -> str:
    """Which data, encoders and program the page was made of."""
    vectors = vectors_of(study, alerts.followed)
    encoders = [f"vectors {name} ({fingerprint[:_HASH]})" for name, fingerprint in vectors.items()]
    return f"Data {study.data_hash[:_HASH]}; {'; '.join(encoders or ['no encoder'])}; Latent Explorer {__version__}."
