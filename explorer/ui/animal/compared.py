"""Who one animal is compared with on its charts: nobody, its matched peers, or another animal."""

import numpy as np
import streamlit as st

from explorer.change.alerts import Alerts
from explorer.change.beside import band_of
from explorer.change.following import Followed
from explorer.change.peers import matched_peers
from explorer.errors import UserError
from explorer.study.study import Study
from explorer.ui.animal.choosing import animals_of
from explorer.ui.animal.course import Beside
from explorer.ui.animal.courses import visits_of

_NOBODY, _PEERS, _ANOTHER = "nobody", "its matched peers", "another animal"
_AMONG = 20


def compare_with(study: Study, alerts: Alerts, animal: str) -> dict[str, Beside]:
    """Draw the choice; by task, what is shown beside ``animal``."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        how = st.selectbox("Compare with", (_NOBODY, _PEERS, _ANOTHER), key="animal_compare", width=220)
        if how == _ANOTHER:
            others = [name for name in animals_of(study) if name != animal]
            other = st.selectbox("Which", others, key="animal_other", width=260)
            shown = {task: visits_of(alerts, task, other) for task in alerts.followed}
            return {task: Beside(other, frame[["day", "value", "said"]]) for task, frame in shown.items() if len(frame)}
    if how != _PEERS:
        return {}
    found = {}
    for task, followed in alerts.followed.items():
        band = _peers(study, followed, animal)
        if band is not None:
            found[task] = band
    st.caption(
        f"The {_AMONG} animals nearest to it in age at the time of the year of its last visit, by what was known then; "
        "eight of ten of them lie in the band."
        if found
        else "There are too few animals of its age at that time of year."
    )
    return found


def _peers(study: Study, followed: Followed, animal: str) -> Beside | None:
    series = followed.series
    if animal not in series.animals:
        return None
    own = series.animal == series.animals.index(animal)
    if not own.any():
        return None
    days = series.day[own]
    try:
        names = matched_peers(study, series, animal, float(days.max()), among=_AMONG)
    except UserError:
        return None
    band = band_of(series, names, np.asarray(days, dtype=np.float64))
    return Beside(f"{len(names)} matched peers (80 %)", band) if len(band) else None
