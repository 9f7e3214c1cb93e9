"""One latent map on the page: what is said to it, and what follows from what is done on it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st

from explorer.errors import UserError
from explorer.space.compass import Direction, directions
from explorer.space.path import AnimalPath
from explorer.space.procrustes import Alignment
from explorer.space.projections import Projection, cache_path
from explorer.space.shown import Shown
from explorer.study.embeddings import Embedding
from explorer.study.study import Study
from explorer.ui.colouring import Colouring
from explorer.ui.map.acts import On, after
from explorer.ui.map.columns import Columns
from explorer.ui.map.component import latent_map
from explorer.ui.map.message import geometry_of, message
from explorer.ui.map_controls import card_fields
from explorer.ui.observations import addresses
from explorer.ui.palette import palette
from explorer.ui.state import propose, view
from explorer.view import View

NO_WEBGL2 = "map_without_webgl2"
"""Under this name the session keeps how Plotly has to draw, once a browser has said that it has no WebGL2."""


@st.cache_resource(max_entries=6, show_spinner=False)
def _geometry(path: str, _projection: Projection) -> Columns:
    del path
    return geometry_of(_projection)


@st.cache_data(max_entries=16, show_spinner=False)
def _compass(path: str, stamped: tuple[object, ...], _study: Study, _projection: Projection) -> list[Direction]:
    del path, stamped
    return directions(_study, _projection.coordinates)


@dataclass(frozen=True)
class Frame:
    """Where a map stands on the page: its key, and how high it is in CSS pixels.

    ``alignment`` lays the map onto another one; what is drawn on it is turned back.
    """

    key: str = "map"
    height: int = 640
    alignment: Alignment | None = None


def draw_map(
    study: Study,
    stamped: tuple[object, ...],
    seen_as: View,
    embedding: Embedding,
    projection: Projection,
    seen: Shown,
    colours: Colouring | None,
    path: AnimalPath | None,
    foot: list[str],
    *,
    finished: bool,
    frame: Frame = Frame(),
) -> None:
    """Draw ``projection`` with WebGL2. ``seen_as`` is the view with this map's embedding; ``finished`` is false for a
    map that still forms, on which nothing can be drawn."""
    card, pictures = addresses(study, stamped, card_fields(study, colours))
    where = str(cache_path(study, embedding, projection.choice))
    drawn, aligned = projection, frame.alignment
    if aligned is not None:
        places = aligned.apply(projection.coordinates).astype(np.float32)
        drawn = replace(projection, coordinates=places, explained=())
        where += f" {aligned.turn.tolist()} {aligned.scale} {aligned.onto.tolist()}"
    said = message(
        study,
        seen_as,
        drawn,
        seen,
        colours,
        palette(),
        geometry=_geometry(where, drawn) if finished else geometry_of(drawn),
        compass=_compass(where, stamped, study, drawn) if finished else [],
        path=path,
        card=card,
        pictures=pictures,
        foot=[line for line in foot if line],
        height=frame.height,
        placed_as=None if aligned is None else lambda polygon: aligned.apply(np.asarray(polygon)).tolist(),
    )

    def heard(act: Mapping[str, Any], on: On | None) -> None:
        if act.get("do") == "no_webgl2":
            st.session_state[NO_WEBGL2] = "WebGL" if act.get("webgl") else "SVG"
            return
        if on is None and act.get("do") == "stroke":
            st.toast("This map is still forming. Draw when it is done.", icon=":material/hourglass:")
            return
        colour = colours.name if colours and colours.name in study.variables else None
        try:
            propose(after(view(), act, study=study, on=on, colour=colour))
        except UserError as error:
            st.toast(str(error), icon=":material/error:")

    on = (embedding.name, projection.choice, seen_as.within) if finished else None
    back = None if aligned is None else lambda polygon: aligned.back(np.asarray(polygon)).tolist()
    latent_map(said, on=on, back=back, heard=heard, key=frame.key)
