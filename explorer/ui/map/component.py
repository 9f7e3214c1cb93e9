"""The map as an element of the page (Streamlit Components v2): its files, what has been sent, what comes back."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from explorer.ui.map.acts import On
from explorer.ui.map.message import Message

_FOLDER = Path(__file__).parent
# One module without a build step: the files in this order, the last one exports.
_SCRIPTS = (
    *("columns", "camera", "grid", "points", "density", "overlay", "card", "thumbnails", "legend", "compass"),
    *("picture", "hand", "toolbar", "main"),
)
_SENT, _DRAWN_ON = "map_columns_sent", "map_geometries"
_MOST_REMEMBERED = 200


def script() -> str:
    """The element's JavaScript: one ES module."""
    return "\n".join((_FOLDER / "js" / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS)


_element = st.components.v2.component(
    "latent_map",
    html=(_FOLDER / "map.html").read_text(encoding="utf-8"),
    css=(_FOLDER / "map.css").read_text(encoding="utf-8"),
    js=script(),
)


def latent_map(
    message: Message,
    *,
    on: On | None,
    heard: Callable[[Mapping[str, Any], On | None], None],
    back: Callable[[list[Any]], list[Any]] | None = None,
    key: str = "map",
) -> None:
    """Show the map that ``message`` describes; ``heard(act, on)`` is called with what the hand does there.

    ``on`` says which map this is (None for one that is not finished); it comes back with an act, since the hand may
    still have been on the map before. ``back`` turns an outline into the map's own coordinates, where it is shown in
    others.
    """
    sent: dict[str, None] = st.session_state.setdefault(_SENT, {})
    geometries: dict[str, tuple[On | None, Any]] = st.session_state.setdefault(_DRAWN_ON, {})
    geometries[message.columns["geometry"].hash] = (on, back)
    data: dict[str, Any] = {"said": message.said}
    for kind, columns in message.columns.items():
        if columns.hash not in sent:
            data[kind] = columns.table
            sent[columns.hash] = None
    for kept in (sent, geometries):
        while len(kept) > _MOST_REMEMBERED:
            del kept[next(iter(kept))]

    def acted() -> None:
        act = st.session_state[key].act
        if not isinstance(act, dict):
            return
        if act.get("do") == "need":  # the page has lost what was sent (or never got it)
            for one in act["hashes"]:
                sent.pop(one, None)
            return
        where, turned = geometries.get(str(act.get("map")), (None, None))
        if turned is not None and act.get("do") == "stroke":
            act = {**act, "polygon": turned(act["polygon"])}
        heard(act, where)

    _element(key=key, data=data, on_act_change=acted)
