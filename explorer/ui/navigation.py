"""The app's pages, in the order of the menu."""

import streamlit as st

from explorer.places import shipped

_GOING = "going_to"

_PAGES = {
    "overview": ("Overview", ":material/home:"),
    "map": ("Map", ":material/scatter_plot:"),
    "herd": ("Herd round", ":material/checklist:"),
    "animal": ("Animal", ":material/pets:"),
    "background": ("Background", ":material/bar_chart:"),
    "threshold": ("Threshold", ":material/straighten:"),
    "clusters": ("Clusters", ":material/bubble_chart:"),
    "training": ("Training", ":material/model_training:"),
    "data": ("Data", ":material/database:"),
}


def page(name: str) -> st.Page:
    """One page, for the menu and for links."""
    title, icon = _PAGES[name]
    return st.Page(
        shipped("pages") / f"{name}.py",
        title=title,
        icon=icon,
        default=name == "overview",
        url_path=None if name == "overview" else name,
    )


def pages() -> list[st.Page]:
    """All pages."""
    return [page(name) for name in _PAGES]


def go_to(name: str) -> None:
    """Change to the page ``name``, also when something else makes the page run again before the change has begun."""
    st.session_state[_GOING] = name
    st.switch_page(page(name))


def arrive(at: st.Page) -> None:
    """Go on to where ``go_to`` was to lead. Called by the entry point with the page that is about to run."""
    name = st.session_state.get(_GOING)
    if name is None:
        return
    if at.title != _PAGES[name][0]:
        st.switch_page(page(name))
    del st.session_state[_GOING]
