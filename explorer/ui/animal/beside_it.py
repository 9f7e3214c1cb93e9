"""What may stand beside an animal's alerts: those of other methods, and the baseline of its first visits."""

import pandas as pd
import streamlit as st

from explorer.change.alert_table import TOGETHER
from explorer.change.alerts import Alerts
from explorer.change.arms import METHODS
from explorer.study.study import Study
from explorer.ui.following import following_by, method_name, settings
from explorer.ui.plain import count

_MOST = 3
"""Methods beside the one that judges; each takes as long to compute as that one."""


def beside_it(study: Study, alerts: Alerts) -> tuple[list[str], bool]:
    """Draw the choices; the other methods chosen, and whether the frozen baseline is to be drawn."""
    own = settings(study).method
    offered = [one for one in METHODS if one not in (own, "never")]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            "Other methods beside it",
            offered,
            key="animal_methods",
            max_selections=_MOST,
            placeholder="none",
            help=f"At the same false-alarm rate. What they alert is marked below the charts; {own} alone decides on "
            "alerts.\n" + "".join(f"\n- {method_name(one)}" for one in offered),
            width=420,
        )
        frozen = st.toggle("Frozen baseline", key="animal_frozen")
    if frozen:
        learning = next(iter(alerts.followed.values())).settings.learning
        st.caption(
            f"The frozen baseline is what the animal's first {count(learning, 'visit')} let expect and has learnt "
            "nothing since, so that a slow drift is seen against it; it decides on no alert."
        )
    return [one for one in chosen if one != own], frozen


def alerts_of_methods(study: Study, methods: list[str]) -> dict[str, Alerts]:
    """The alerts of each of them that are at hand; the others are being computed, which is shown."""
    found = {one: following_by(study, one) for one in methods}
    return {one: by_it for one, by_it in found.items() if by_it is not None}


def alerted_by(others: dict[str, Alerts], task: str, animal: str) -> dict[str, pd.DataFrame]:
    """By method the visits of ``animal`` that it alerts in ``task``: ``day``, ``reason`` and whether several tasks
    ``together`` are meant."""
    found = {}
    for method, alerts in others.items():
        table = alerts.table
        own = table[(table["animal_id"] == animal).to_numpy() & (table["task"] == task).to_numpy()]
        found[method] = own[["day", "reason"]].assign(together=own["channel"] == TOGETHER)
    return found
