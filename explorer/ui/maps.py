"""What the pages need of a map: the embedding and colour a view stands for, the projection, what is seen."""

import streamlit as st

from explorer.clustering.clusters import NOISE_NAME, named
from explorer.errors import UserError
from explorer.space.colouring import first_colour
from explorer.space.projections import Projection, cache_path, project, quick, read_projection, settled
from explorer.space.shown import part
from explorer.study.embeddings import Embedding
from explorer.study.study import Study
from explorer.ui.colouring import Colouring
from explorer.view import NO_COLOUR, Group, MapChoice, View


def chosen_embedding(study: Study, view: View) -> str | None:
    """The view's embedding, else the study's first; None when it has none."""
    names = study.embedding_names
    return view.embedding if view.embedding in names else (names[0] if names else None)


@st.cache_resource(max_entries=4, show_spinner=False)
def _embedding(study_path: str, stamped: tuple[object, ...], name: str, _study: Study) -> Embedding:
    del study_path, stamped
    return _study.embedding(name)


def opened_embedding(study: Study, stamped: tuple[object, ...], name: str) -> Embedding:
    """An embedding, kept open between runs."""
    return _embedding(str(study.path), stamped, name, study)


@st.cache_resource(max_entries=4, show_spinner=False)
def _part(
    path: str, stamped: tuple[object, ...], name: str, within: Group, _study: Study, _all: Embedding
) -> Embedding:
    del path, stamped, name
    return part(_study, _all, within)


def part_at_hand(study: Study, stamped: tuple[object, ...], embedding: Embedding, view: View) -> Embedding:
    """The part of ``embedding`` that the view's map is made of: most often, all of it."""
    if view.within is None:
        return embedding
    return _part(str(study.path), stamped, embedding.name, view.within, study, embedding)


@st.cache_resource(max_entries=8, show_spinner=False)
def _projection(path: str, _study: Study, _embedding: Embedding, choice: MapChoice) -> Projection | None:
    del path
    return project(_study, _embedding, choice) if quick(choice) else read_projection(_study, _embedding, choice)


def projection_at_hand(study: Study, embedding: Embedding, choice: MapChoice) -> Projection | None:
    """The map when it can be had at once (PCA, or computed before); None when a worker has to make it."""
    choice = settled(choice)
    path = cache_path(study, embedding, choice)
    if not quick(choice) and not path.exists():
        return None
    return _projection(str(path), study, embedding, choice)


@st.cache_data(max_entries=32, show_spinner=False)
def _best_colour(path: str, stamped: tuple[object, ...], _study: Study, _projection: Projection) -> str | None:
    del path, stamped
    return first_colour(_study, _projection.coordinates)


def colouring(study: Study, stamped: tuple[object, ...], view: View, projection: Projection) -> Colouring | None:
    """What the view colours by; a view that does not say gets the variable that explains most of the map."""
    if view.colour == NO_COLOUR:
        return None
    name = view.colour if view.colour in study.variables else None
    if name is None:
        key = f"{study.path}/{projection.choice}/{view.embedding}"
        name = _best_colour(key, stamped, study, projection)
    if name is None:
        return None
    try:
        return Colouring(name, study.variable(name), study.values(name), NOISE_NAME if named(name) else None)
    except UserError as error:
        st.warning(str(error), icon=":material/palette:")
        return None
