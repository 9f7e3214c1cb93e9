"""Pictures of observations as a grid: one element on the page, whatever their number."""

import base64

import numpy as np
import numpy.typing as npt
import streamlit as st

from explorer.errors import UserError
from explorer.study.study import Study
from explorer.ui.plain import for_html
from explorer.ui.thumbnails import thumbnail

AT_ONCE = 48
_SIDE = 112


@st.cache_data(max_entries=4_000, show_spinner=False)
def _address(study: str, data: tuple[object, ...], row: int, _study: Study) -> str | None:
    """A picture as a data address; None when there is none. ``study`` and ``data`` say whose cache entry it is."""
    del study, data
    content = thumbnail(_study, row, 2 * _SIDE)
    return None if content is None else "data:image/webp;base64," + base64.b64encode(content).decode()


def gallery(
    study: Study, stamp: tuple[object, ...], rows: npt.NDArray[np.int64], captions: list[str], *, strip: bool = False
) -> None:
    """The pictures of ``rows`` with one caption each, as a grid or as a ``strip`` to scroll along.

    A picture that cannot be read says why in its place.
    """
    cells = []
    for row, caption in zip(rows, captions, strict=True):
        try:
            source = _address(str(study.path), stamp, int(row), study)
            inner = f'<img src="{source}" alt="{for_html(caption)}">' if source else "<i>no picture</i>"
        except UserError as error:
            inner = f'<i title="{for_html(error)}">cannot be read</i>'
        cells.append(f"<figure><div>{inner}</div><figcaption>{for_html(caption)}</figcaption></figure>")
    style = f"""<style>
    .pictures {{ display: grid; grid-template-columns: repeat(auto-fill, minmax({_SIDE}px, 1fr)); gap: 10px; }}
    .pictures.strip {{ grid-auto-flow: column; grid-template-columns: none; grid-auto-columns: {_SIDE}px;
                       overflow-x: auto; padding-bottom: 6px; }}
    .pictures figure {{ margin: 0; }}
    .pictures div {{ height: {_SIDE}px; display: flex; align-items: center; justify-content: center;
                     background: rgba(128,128,128,.12); border-radius: 6px; overflow: hidden; }}
    .pictures img {{ width: 100%; height: 100%; object-fit: contain; }}
    .pictures i {{ opacity: .6; font-size: .8rem; }}
    .pictures figcaption {{ font-size: .74rem; line-height: 1.25; opacity: .85; margin-top: 3px; white-space: pre-line;
                            overflow-wrap: anywhere; }}
    </style>"""
    kind = 'class="pictures strip" tabindex="0"' if strip else 'class="pictures"'  # the keyboard can scroll a strip
    st.html(f"{style}<div {kind}>{''.join(cells)}</div>")
