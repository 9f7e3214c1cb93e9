"""Large figures with what stands beneath them."""

import math

import streamlit as st

from explorer.space.bootstrap import Interval


def figure(label: str, value: str, beneath: str) -> None:
    """A figure, and in small letters what it is of."""
    st.metric(label, value, beneath, delta_color="off", delta_arrow="off", width="content")


def measured(label: str, one: Interval) -> None:
    """A value with its interval."""
    known = math.isfinite(one.low)
    figure(label, f"{one.value:.3f}", f"95 % {one.low:.3f} to {one.high:.3f}" if known else "too few animals for more")
