"""The mark on pages whose figures come from a simulated study."""

import streamlit as st

from explorer.study.study import Study


def simulated_badge(study: Study) -> None:
    """A badge under the title when ``study`` is simulated, so that no figure is taken for one of real animals."""
    if study.spec.study.simulated:
        st.badge("simulated: no real animals", icon=":material/science:", color="orange")
