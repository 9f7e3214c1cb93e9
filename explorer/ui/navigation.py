"""The app's pages, in the order of the menu."""

import streamlit as st

from explorer.places import shipped

_PAGES = {
    "overview": ("Overview", ":material/home:"),
    "map": ("Map", ":material/scatter_plot:"),
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
