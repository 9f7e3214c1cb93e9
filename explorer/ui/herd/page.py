"""The Herd round page: all animals by what needs attention, and how often such an alert is false."""

import streamlit as st

from explorer.change.alerts import Alerts
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
from explorer.ui.plain import count, for_markdown
from explorer.ui.state import view

_FEW = 120  # animals below which a population interval is a guess (CLSI EP28)


def show(study: Study) -> None:
    """Draw the page."""
    st.title("Herd round")
    if study.spec.study.simulated:
        st.badge("simulated: no real animals", icon=":material/science:", color="orange")
    try:
        choices(study)
    except UserError as error:
        st.info(str(error), icon=":material/checklist:")
        return
    drop_unfit_filters(study)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        follow_controls(study)
        filter_controls(study)
        rate_slider(study)
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
            help=f"At this setting, if all animals were healthy: at most {100 * rates['promised']:g} % of them have a "
            "false alert in a year, all that is followed together.",
        )


def _remarks(alerts: Alerts) -> None:
    """What the bands rest on, and what was left out."""
    few = [
        f"{one.series.label} ({count(one.reference.baseline.animals, 'animal')})"
        for one in alerts.followed.values()
        if one.reference is not None and one.reference.baseline.animals < _FEW
    ]
    if few:
        st.caption(
            f":material/info: The herd's band needs {_FEW} animals to be relied on; it has fewer for "
            f"{for_markdown(', '.join(few))}."
        )
    if alerts.remarks:
        with st.expander("What else was noticed"):
            st.markdown("\n".join(f"- {for_markdown(one)}" for one in alerts.remarks))
