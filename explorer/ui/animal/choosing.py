"""Which animal is looked at: chosen by name, or the one before or after with the keyboard."""

from functools import partial

import streamlit as st

from explorer.study.study import Study
from explorer.ui.plain import for_markdown
from explorer.ui.state import propose, view

_KEY = "animal_choice"


def animals_of(study: Study) -> list[str]:
    """The animals of ``study`` in the order of their names."""
    return [] if study.animal is None else [str(name) for name in study.animal.cat.categories]


def choose(study: Study) -> str:
    """Draw the choice of an animal and give the one of the view; the study's first where the view names none.

    That one is not made the view's: the Map page would draw its path, which nobody asked for.
    """
    names = animals_of(study)
    asked = view().animal
    if asked is not None and asked not in names:
        st.warning(f"There is no animal {for_markdown(repr(asked))} in this study; this is the first one.")
    animal = asked if asked in names else names[0]
    place = names.index(animal)
    st.session_state[_KEY] = animal
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Animal",
            names,
            key=_KEY,
            on_change=lambda: _look_at(st.session_state[_KEY]),
            help="Type to search.",
            width=260,
        )
        _step("Previous", names, place - 1, "Left", ":material/chevron_left:")
        _step("Next", names, place + 1, "Right", ":material/chevron_right:")
        st.caption(f"{place + 1:,} of {len(names):,}", width="content")
    return animal


def _step(label: str, names: list[str], place: int, shortcut: str, icon: str) -> None:
    there = 0 <= place < len(names)
    st.button(
        label,
        key=f"animal_{label.lower()}",
        on_click=partial(_look_at, names[place]) if there else None,
        disabled=not there,
        shortcut=shortcut,
        icon=icon,
    )


def _look_at(animal: str) -> None:
    propose(view().but(animal=animal))
