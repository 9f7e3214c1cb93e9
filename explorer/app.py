"""The Streamlit entry point: navigation and the study at hand, nothing else."""

from pathlib import Path

import streamlit as st

from explorer.ui.navigation import pages
from explorer.ui.state import view, write_address
from explorer.ui.studies import sidebar

st.set_page_config(
    page_title="Latent Explorer", page_icon=str(Path(__file__).parent / "ui" / "icon.png"), layout="wide"
)
view()
chosen = st.navigation(pages())
sidebar()
chosen.run()
write_address()
