"""The Herd round page: all animals by what needs attention, and how often such an alert is false."""

import streamlit as st

from explorer.change.alerts import Alerts
from explorer.change.false_alerts import ENOUGH, false_alerts
from explorer.change.round_shown import ShownRound, round_of
from explorer.change.standing import NOT_A_DIAGNOSIS
from explorer.decisions.alert_verdicts import resolutions
from explorer.errors import UserError
from explorer.study.study import Study
from explorer.ui.alerts_saving import alerts_saving
from explorer.ui.filters import drop_unfit_filters, filter_controls
from explorer.ui.following import choices, follow_controls, following, rate_slider
from explorer.ui.herd.choosing import which_rows
from explorer.ui.herd.table import table
from explorer.ui.observers import observers_panel
from explorer.ui.plain import count, for_markdown
from explorer.ui.simulated import simulated_badge
from explorer.ui.state import view


def show(study: Study) -> None:
    """Draw the page."""
    st.title("Herd round")
    simulated_badge(study)
    try:
        choices(study)
    except UserError as error:
        st.info(str(error), icon=":material/checklist:")
        return
    drop_unfit_filters(study)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        follow_controls(study)
        filter_controls(study)
        rate_slider()
    alerts = following(study)
    if alerts is None:
        return
    which_rows(alerts)
    decisions = resolutions(study).as_of
    shown = round_of(study, alerts, view(), decisions)
    _summary(alerts, shown)
    table(alerts, shown)
    st.caption(f":material/medical_information: {NOT_A_DIAGNOSIS}")
    alerts_saving(study, alerts, view().but(animal=None), decisions, report="The round (PDF)")
    _remarks(alerts)
    observers_panel(study)


def _summary(alerts: Alerts, shown: ShownRound) -> None:
    """The numbers of the round."""
    counts = shown.counts
    rates = alerts.facts["false_alarms"]
    with st.container(horizontal=True, gap="medium"):
        st.metric("Animals in the round", f"{counts['animals']:,}", width="content", help=shown.sentence)
        st.metric("With an alert", f"{counts['alerted']:,}", width="content")
        st.metric("With a new one", f"{counts['new']:,}", width="content")
        st.metric(
            "False alerts to expect in a month",
            f"{rates['expected_per_month']:.2g}",
            width="content",
            help=f"If all animals seen in the data's last two months were healthy, all that is followed together: "
            f"{false_alerts(alerts.facts)}.",
        )
    st.caption(f"{for_markdown(shown.sentence)} In the whole study: {for_markdown(alerts.summary)}.")


def _remarks(alerts: Alerts) -> None:
    """What the bands rest on, and what was left out."""
    few = [
        f"{one.series.label} ({count(one.reference.baseline.animals, 'animal')})"
        for one in alerts.followed.values()
        if one.reference is not None and one.reference.baseline.animals < ENOUGH
    ]
    if few:
        st.caption(
            f":material/info: The herd's band needs {ENOUGH} animals to be relied on; it has fewer for "
            f"{for_markdown(', '.join(few))}."
        )
    if alerts.remarks:
        with st.expander("What else was noticed"):
            st.markdown("\n".join(f"- {for_markdown(one)}" for one in alerts.remarks))
