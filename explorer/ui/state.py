"""The view at hand: read from the address when a person arrives, kept for the session, written back to the address."""

import streamlit as st

from explorer.errors import UserError
from explorer.view import View, from_query, to_query

_KEY = "view"


def view() -> View:
    """What this person is looking at."""
    if _KEY not in st.session_state:
        try:
            st.session_state[_KEY] = from_query(st.query_params.to_dict())
        except UserError as error:
            st.session_state[_KEY] = View()
            st.toast(str(error), icon=":material/link_off:")
    found: View = st.session_state[_KEY]
    return found


def propose(changed: View) -> None:
    """Make ``changed`` the view at hand. Called from widget callbacks; the page then draws it."""
    st.session_state[_KEY] = changed


def write_address() -> None:
    """Put the view into the address, so that it can be copied, reloaded and opened elsewhere."""
    query = to_query(view())
    if st.query_params.to_dict() != query:
        st.query_params.from_dict(query)
