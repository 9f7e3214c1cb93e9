"""Colours and marks, for light and dark."""

from dataclasses import dataclass

import streamlit as st

# First Okabe and Ito (2008), told apart by every common kind of colour vision (black is left out: text has it), then,
# for more than eight categories, those of Paul Tol (2021) that stay apart from them.
_LIGHT = (
    *("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8C6D1F", "#F0E442"),
    *("#332288", "#882255", "#999933", "#AA4499", "#44AA99", "#661100", "#DDCC77", "#6F7C8A"),
)
_DARK = (
    *("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442", "#D55E00", "#3C78D8", "#C9CED6"),
    *("#8F86E8", "#C0496F", "#A8A83C", "#C06BC0", "#5FC7B5", "#A0593F", "#E3D596", "#88CCEE"),
)

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x")
"""Marker shapes as a second channel, for up to as many categories."""

SEQUENTIAL = "Cividis"
CYCLIC = "Phase"


@dataclass(frozen=True)
class Palette:
    """What a chart needs to know of the theme."""

    categories: tuple[str, ...]
    text: str
    grid: str
    background: str
    missing: str
    accent: str
    sequential: tuple[float, float]
    """The part of the sequential scale that stands out from the background."""


_PALETTES = {
    "light": Palette(_LIGHT, "#1D2733", "#E3E8ED", "#FFFFFF", "#9AA4AF", "#0072B2", (0.0, 0.96)),
    "dark": Palette(_DARK, "#E6EBF0", "#2A333D", "#12171D", "#5F6B78", "#56B4E9", (0.2, 1.0)),
}


def palette() -> Palette:
    """The colours of the theme that this browser shows."""
    return _PALETTES["dark" if st.context.theme.type == "dark" else "light"]
