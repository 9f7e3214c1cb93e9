"""The view at hand: read from the address when a person arrives, kept for the session, written back to the address.

Views left behind are kept too, so that each step can be undone.
"""

import streamlit as st

from explorer.errors import UserError
from explorer.view import View, from_query, to_query

_KEY, _WRITTEN, _PAST, _FUTURE = "view", "address", "views_before", "views_after"

MOST_STEPS = 200
"""Steps that can be undone."""


def view() -> View:
    """What this person is looking at."""
    if _KEY not in st.session_state:
        _read_address(View())
    found: View = st.session_state[_KEY]
    return found


def follow_address() -> None:
    """Take the view from the address when it is not the one we wrote: a person went back, or forward.

    Called once a run, before anything is drawn. An empty address comes with a change of page and says nothing.
    """
    query = st.query_params.to_dict()
    written = st.session_state.get(_WRITTEN)
    if query and written is not None and query not in (written, to_query(view())):
        _read_address(view())


def _read_address(otherwise: View) -> None:
    try:
        found = from_query(st.query_params.to_dict())
    except UserError as error:
        found = otherwise
        st.toast(str(error), icon=":material/link_off:")
    if _KEY in st.session_state:
        propose(found)
    else:
        settle(found)


def propose(changed: View) -> None:
    """Make ``changed`` the view at hand, a step that can be undone. Called from callbacks; the page then draws it."""
    if changed == view():
        return
    past = st.session_state.setdefault(_PAST, [])
    past.append(view())
    del past[:-MOST_STEPS]
    st.session_state[_FUTURE] = []
    settle(changed)


def settle(changed: View) -> None:
    """Make ``changed`` the view at hand where nobody did anything: what was left open is filled in."""
    st.session_state[_KEY] = changed


def steps() -> tuple[int, int]:
    """How many steps can be undone, and how many done again."""
    return len(st.session_state.get(_PAST, [])), len(st.session_state.get(_FUTURE, []))


def step_back() -> None:
    """Undo the last step."""
    _step(_PAST, _FUTURE)


def step_forward() -> None:
    """Do the step again that was undone last."""
    _step(_FUTURE, _PAST)


def _step(here: str, there: str) -> None:
    if st.session_state.get(here):
        st.session_state.setdefault(there, []).append(view())
        settle(st.session_state[here].pop())


def write_address() -> None:
    """Put the view into the address, so that it can be copied, reloaded and opened elsewhere."""
    query = to_query(view())
    if st.query_params.to_dict() != query:
        st.query_params.from_dict(query)
    st.session_state[_WRITTEN] = query
