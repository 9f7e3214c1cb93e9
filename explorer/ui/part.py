"""Looking into a part: a map made of the selected observations only, and the way back."""

import streamlit as st

from explorer.clustering.clusters import named
from explorer.ui.plain import count, for_markdown
from explorer.ui.state import propose, view
from explorer.view import Group, Selection, Stroke

_FEWEST = 8  # t-SNE and UMAP need as many


def part_menu(selected: int) -> None:
    """A button that makes a map of the present selection alone."""
    with st.popover("Map of these", icon=":material/zoom_in_map:", disabled=selected < _FEWEST):
        with st.form("part_form", border=False):
            st.text_input("What is this part called?", key="part_name", placeholder=count(selected, "observation"))
            st.form_submit_button(
                "Make the map", on_click=lambda: _look_into(selected), type="primary", icon=":material/zoom_in_map:"
            )
        st.caption("Computed anew from these observations alone, so that what they differ in shows. You can come back.")


def _look_into(selected: int) -> None:
    here = view()
    name = str(st.session_state["part_name"]).strip() or count(selected, "observation")
    strokes = here.selection.strokes
    if here.within is not None:  # a part of a part
        strokes = (Stroke(group=here.within), Stroke(how="keep", group=Group(strokes=strokes)))
    within = Group(strokes=strokes, filters=here.filters, name=name)
    propose(here.but(within=within, selection=Selection(), filters=()))


def part_banner() -> None:
    """Says that the map is of a part, and leads back."""
    within = view().within
    if within is None:
        return
    row = st.container(horizontal=True, vertical_alignment="center")
    row.markdown(f":material/zoom_in_map: The map is made of **{for_markdown(within.name or 'a part')}** alone.")
    row.button(
        "Select it in the whole",
        on_click=lambda: _back(Group(strokes=(Stroke(group=within),))),
        icon=":material/select_all:",
    )
    row.button("Back to all", on_click=lambda: _back(within), icon=":material/zoom_out_map:")


def _back(within: Group) -> None:
    """To the view that the part was made from. Clusters of the part are left behind: they mean nothing outside it."""
    here = view()
    made = named(here.colour or "")
    colour = None if made is not None and made.part is not None else here.colour
    if colour != here.colour:
        st.toast("The clusters of the part stay with it; Undo leads back to them.", icon=":material/bubble_chart:")
    propose(here.but(within=None, colour=colour, filters=within.filters, selection=Selection(strokes=within.strokes)))
