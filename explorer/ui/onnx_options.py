"""What an ONNX file does not say of itself, asked for on the Data page."""

from pathlib import Path

import streamlit as st
from pydantic import ValidationError

from explorer.errors import UserError
from explorer.learning.onnx_options import IMAGENET, OnnxOptions

_NONE, _PHOTOGRAPHS, _OWN = "none", "that of ImageNet", "own numbers"
_LAYOUTS = {None: "found out", "nchw": "before the pixels (PyTorch)", "nhwc": "after the pixels (TensorFlow)"}


def is_onnx(path: Path) -> bool:
    """Whether ``path`` names an ONNX file rather than a folder of ours."""
    return path.suffix.lower() == ".onnx" and not path.is_dir()


def onnx_options(pictures: bool) -> OnnxOptions:
    """The options as they stand on the page. Raises UserError for numbers that are none."""
    chosen: dict[str, object] = {}
    with st.expander("What the file does not say: see how the model was trained"):
        row = st.container(horizontal=True, vertical_alignment="bottom")
        scales = [_NONE, _PHOTOGRAPHS, _OWN] if pictures else [_NONE, _OWN]
        scale = row.selectbox(
            "Normalisation",
            scales,
            key="onnx_scale",
            width=180,
            help="A mean is taken off each colour or feature, then it is divided by a spread.",
        )
        if scale == _PHOTOGRAPHS:
            chosen["mean"], chosen["std"] = IMAGENET
        elif scale == _OWN:
            chosen["mean"] = _numbers(row.text_input("Means", "0.5 0.5 0.5", key="onnx_mean", width=180))
            chosen["std"] = _numbers(row.text_input("Spreads", "0.25 0.25 0.25", key="onnx_std", width=180))
        if pictures:
            row = st.container(horizontal=True, vertical_alignment="bottom")
            chosen["range"] = row.selectbox("Colours run from 0 to", [1, 255], key="onnx_range", width=180)
            chosen["colours"] = row.selectbox(
                "Order of the colours", ["rgb", "bgr"], key="onnx_colours", format_func=str.upper, width=180
            )
            chosen["layout"] = row.selectbox(
                "Colours come", list(_LAYOUTS), key="onnx_layout", format_func=_LAYOUTS.__getitem__, width=240
            )
            chosen["side"] = row.number_input(
                "Side in pixels",
                8,
                2_048,
                None,
                key="onnx_side",
                width=180,
                placeholder="from the file",
                help="Only where the file leaves it open; without it 224 is taken.",
            )
        row = st.container(horizontal=True, vertical_alignment="bottom")
        chosen["output"] = (
            row.text_input("Output", key="onnx_output", width=180, placeholder="the only vector").strip() or None
        )
        chosen["normalise"] = row.toggle("Bring vectors to length 1", value=True, key="onnx_normalise")
    try:
        return OnnxOptions.model_validate(chosen)
    except ValidationError as error:
        raise UserError(f"the options do not go: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.replace(",", " ").split())
    except ValueError:
        raise UserError(f"{text!r} are no numbers", how="Write them apart by spaces: 0.485 0.456 0.406") from None
