"""The Streamlit entry point: navigation and the study at hand, nothing else."""

from pathlib import Path

import streamlit as st

from explorer.ui import warm_up

warm_up.wait()

from explorer.ui.navigation import arrive, pages  # noqa: E402 - after the wait, see there
from explorer.ui.state import follow_address, view, write_address  # noqa: E402
from explorer.ui.studies import sidebar  # noqa: E402

st.set_page_config(
    page_title="Latent Explorer", page_icon=str(Path(__file__).parent / "ui" / "icon.png"), layout="wide"
)
view()
follow_address()
chosen = st.navigation(pages())
arrive(chosen)
sidebar()
write_address()  # before the page, so that a reload while it still draws keeps the study
chosen.run()
write_address()  # after it, with what the page settled (a first embedding)
