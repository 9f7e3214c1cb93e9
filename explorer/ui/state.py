"""The view at hand: read from the address when a person arrives, kept for the session, written back to the address."""

import streamlit as st

from explorer.errors import UserError
from explorer.view import View, from_query, to_query

_KEY, _WRITTEN = "view", "address"


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
        st.session_state[_KEY] = from_query(st.query_params.to_dict())
    except UserError as error:
        st.session_state[_KEY] = otherwise
        st.toast(str(error), icon=":material/link_off:")


def propose(changed: View) -> None:
    """Make ``changed`` the view at hand. Called from widget callbacks; the page then draws it."""
    st.session_state[_KEY] = changed


def write_address() -> None:
    """Put the view into the address, so that it can be copied, reloaded and opened elsewhere."""
    query = to_query(view())
    if st.query_params.to_dict() != query:
        st.query_params.from_dict(query)
    st.session_state[_WRITTEN] = query
