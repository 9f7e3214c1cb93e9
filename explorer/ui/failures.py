"""How trouble is told on a page: a sentence where the page would be, never a traceback."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from explorer.errors import UserError

_log = logging.getLogger(__name__)


_CONTROLS = {
    "--dates day-first or --dates month-first": "*Dates* under *How the text is read*",
    "--dates day-first": "*Dates* under *How the text is read*: day-first",
    "--dates month-first": "*Dates* under *How the text is read*: month-first",
    "--decimal , or --decimal .": "*Decimal mark* under *How the text is read*",
    "--delimiter": "*Between cells* under *How the text is read*",
    "--images FOLDER": "*Folder that picture paths start from* (From: path on this computer, More files)",
    "--images": "*Folder that picture paths start from* (From: path on this computer, More files)",
    "--vectors FILE": "the field for vectors",
    "--time-unit": "the column *unit* of the table below it",
    "--animal": "the column *is*",
    "--time": "the column *is*",
    "--onnx-layout nchw (colours before pixels, as PyTorch) or --onnx-layout nhwc (after, as TensorFlow)": (
        "where the *Colours come*"
    ),
    "--onnx-range, --onnx-mean and --onnx-std": "*Normalisation*, and what *Colours run from 0 to*",
    "--onnx-mean": "*Means*",
    "--onnx-std": "*Spreads*",
    "--onnx-side": "*Side in pixels*",
    "--onnx-range": "*Colours run from 0 to*",
    "--onnx-colours": "*Order of the colours*",
    "--onnx-layout": "*Colours come*",
    "--onnx-output NAME": "*Output*",
    "latent-explorer import TABLE --out STUDY": "the Data page",
    "--not-within": "*Never within the same*",
    "--apart": "*Days apart, at least*",
    "leave --model out": "*leave out no animal*",
    "Leave out --resume": "Reload the page",
    "--resume": "its button *Go on*",
}
"""What an option of the command line is called on the Data page."""


def in_the_app(sentence: str) -> str:
    """A sentence that names options of the command line, as one that names controls of the app."""
    for option, control in _CONTROLS.items():
        sentence = sentence.replace(option, control)
    return sentence


@contextmanager
def told() -> Iterator[None]:
    """Show a UserError as a box on the page; anything else as an apology that loses nothing, and a line in the log."""
    try:
        yield
    except UserError as error:
        st.error(in_the_app(str(error)), icon=":material/error:")
    except Exception:  # noqa: BLE001 - the last resort before the user; Streamlit's own control flow is no Exception
        _log.exception("a page failed")
        st.error(
            "Something went wrong that is our fault, not yours. Your files are untouched. Reload the page to go on; "
            "the terminal where the app was started says more.",
            icon=":material/bug_report:",
        )
