import streamlit as st

from explorer.ui import overview
from explorer.ui.failures import told
from explorer.ui.studies import at_hand

with told():
    study = at_hand()
    overview.heading(study)
    left, right = st.columns([3, 2], gap="large")
    with left:
        overview.preview(study)
    with right:
        overview.when(study)
        overview.next_steps(study)
    overview.variables(study)
    overview.findings(study)
