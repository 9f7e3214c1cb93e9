"""The Data page."""
import streamlit as st


def show() -> None:
    """Draw the page."""
    st.title("Data")
