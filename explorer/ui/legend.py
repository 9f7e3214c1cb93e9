"""A legend as text, for pictures that are not drawn by a chart library."""

import numpy as np
import numpy.typing as npt
import streamlit as st

from explorer.ui.colouring import MISSING, Colouring, groups, split_missing
from explorer.ui.palette import palette
from explorer.ui.plain import for_html


def legend(colouring: Colouring | None, rows: npt.NDArray[np.int64]) -> None:
    """What the colours of ``rows`` mean."""
    if colouring is None:
        return
    known, unknown = split_missing(colouring, rows)
    entries = [f"<b>{for_html(colouring.title)}</b>"]
    if colouring.by_category:
        entries += [_entry(group.colour, group.label) for group in groups(colouring, known, palette())]
    elif len(known):
        low, high = colouring.limits(known)
        ramp = ", ".join(colouring.ramp(palette(), 12))
        bar = f'<span style="background:linear-gradient(90deg, {ramp});width:9em;height:.8em;border-radius:3px"></span>'
        entries.append(f"<span>{low:.4g}</span>{bar}<span>{high:.4g}</span>")
    if len(unknown):
        entries.append(_entry(palette().missing, MISSING))
    style = (
        "<style>.legend{display:flex;flex-wrap:wrap;gap:.3em .9em;align-items:center;font-size:.85rem}"
        ".legend span{display:inline-block}.legend i{display:inline-block;width:.7em;height:.7em;border-radius:50%;"
        "margin-right:.35em}</style>"
    )
    st.html(f'{style}<div class="legend">{"".join(entries)}</div>')


def _entry(colour: str, label: str) -> str:
    return f'<span><i style="background:{colour}"></i>{for_html(label)}</span>'
