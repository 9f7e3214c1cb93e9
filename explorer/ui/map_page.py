"""The Map page: choose a map, colour and filter it, select on it, look at what was selected, save it."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from explorer.engine import Job
from explorer.errors import UserError
from explorer.space.compass import Direction, directions
from explorer.space.path import AnimalPath, animal_path
from explorer.space.projections import NAMES, Projection, cache_path, grown, project_at, settled
from explorer.space.shown import Shown, shown
from explorer.space.warm import map_job
from explorer.study.embeddings import Embedding
from explorer.study.study import Study
from explorer.ui import jobs
from explorer.ui.colouring import Colouring
from explorer.ui.filters import drop_unfit_filters
from explorer.ui.histograms.panel import histograms_panel
from explorer.ui.kept import kept_menu
from explorer.ui.map.acts import On, after
from explorer.ui.map.columns import MAX_DRAWN, Columns
from explorer.ui.map.component import latent_map
from explorer.ui.map.message import drawn_count, geometry_of, message
from explorer.ui.map_controls import card_fields, look_controls, map_controls, step_buttons
from explorer.ui.maps import chosen_embedding, colouring, opened_embedding, part_at_hand, projection_at_hand
from explorer.ui.observations import addresses
from explorer.ui.overview import no_embedding
from explorer.ui.palette import palette
from explorer.ui.part import part_banner
from explorer.ui.plain import count, for_markdown
from explorer.ui.plotly_map import limit_note, plotly_map
from explorer.ui.scatter import Drawing
from explorer.ui.selected import selected_panel
from explorer.ui.state import propose, settle, view
from explorer.ui.studies import stamp
from explorer.view import MapChoice

_HEIGHT = 640
_NO_WEBGL2 = "map_without_webgl2"
_NOTICE = (
    "Sizes of groups, gaps between them and how dense they look mean little on a {name} map: read who is near whom, "
    "and check it against PCA."
)


def show(study: Study) -> None:
    """Draw the page."""
    name = chosen_embedding(study, view())
    if name is None:
        st.title("Map")
        no_embedding(study)
        return
    if view().embedding != name:
        settle(view().but(embedding=name))
    stamped = stamp(str(study.path))
    whole = opened_embedding(study, stamped, name)
    embedding = part_at_hand(study, stamped, whole, view())
    drop_unfit_filters(study)
    map_controls(study)
    part_banner()
    at_hand = projection_at_hand(study, embedding, view().map)
    forming = None
    if at_hand is None:
        at_hand, forming = _made(study, embedding)
    colours = colouring(study, stamped, view(), at_hand)
    seen = shown(study, view(), at_hand)
    with look_controls(study, colours):
        kept_menu(study)
    drawn = forming or at_hand
    drawing = _drawing(drawn)
    status = _status(study, embedding, drawn, seen, drawing)
    path = None
    if view().animal is not None:
        path = animal_path(study, str(view().animal), drawn.coordinates)
    if drawing is None:
        _latent_map(study, stamped, embedding, drawn, seen, colours, path, status, finished=forming is None)
    else:
        plotly_map(study, drawn, seen, colours, path, drawing)
    _path_note(path, drawn)
    histograms_panel(study, stamped, at_hand, seen, colours)
    selected_panel(study, whole, at_hand, seen, colours, stamped)


# --- making the map --------------------------------------------------------------------------------------


def _made(study: Study, embedding: Embedding) -> tuple[Projection, Projection | None]:
    """See to it that a worker makes the map; until it has, the PCA map, and the map as far as it has come, if any."""
    choice = settled(view().map)
    key = f"project-{cache_path(study, embedding, choice)}"
    title = f"{NAMES[choice.method]} of {int(embedding.complete.sum()):,} vectors"
    if jobs.state(key) is None:
        about = embedding.members
        jobs.start(key, project_at, study.path, embedding.name, choice, about, lane="maps", through=map_job)
    stands, job = jobs.state(key), jobs.job(key)
    if stands == "done":
        jobs.forget(key)
        made = projection_at_hand(study, embedding, choice)
        if made is not None:
            return made, None
    if not choice.keep_places and (old := _older(study, embedding, choice)):
        st.info(
            f"There is a map like this from before the study grew ({old:,} observations are in both).",
            icon=":material/history:",
        )
        st.button(
            "Keep its places and add the new observations",
            on_click=lambda: _keep_places(key),
            icon=":material/add_location:",
        )
    instead = projection_at_hand(study, embedding, MapChoice(dims=view().map.dims))
    assert instead is not None  # PCA is always at hand
    if stands in ("waiting", "running"):
        can_watch = choice.dims == 2 and _NO_WEBGL2 not in st.session_state
        watching = can_watch and st.toggle("Watch it form", value=True, key="map_watching")
        snapshot = job.snapshot if job is not None and watching else None
        jobs.watch(key, title, snapshot=snapshot if watching else jobs.NO_SNAPSHOTS)
        if snapshot is not None:
            st.caption("The map as far as it has come: select when it is done. You may leave the page: it goes on.")
            return instead, Projection(choice, snapshot, (), ())
        st.caption("Meanwhile, below, the PCA map. You may leave the page: the work goes on and is kept.")
    else:
        if job is not None and stands == "failed":
            _say_why(job)
        else:
            st.info(f"{title} was cancelled. Below is the PCA map.", icon=":material/cancel:")
        st.button("Compute it", on_click=lambda: jobs.forget(key), icon=":material/refresh:")
    return instead, None


@st.cache_data(max_entries=32, show_spinner=False)
def _older_of(path: str, _study: Study, _embedding: Embedding, choice: MapChoice) -> int | None:
    del path
    return grown(_study, _embedding, choice)


def _older(study: Study, embedding: Embedding, choice: MapChoice) -> int | None:
    return _older_of(str(cache_path(study, embedding, choice)), study, embedding, choice)


def _keep_places(key: str) -> None:
    jobs.cancel(key)
    jobs.forget(key)
    propose(view().but(map=view().map.model_copy(update={"keep_places": True})))


def _say_why(failed: Job[object]) -> None:
    try:
        failed.result()
    except UserError as error:
        st.error(str(error), icon=":material/error:")


# --- what is drawn, and how ------------------------------------------------------------------------------


def _drawing(projection: Projection) -> Drawing | None:
    """How Plotly draws the map; None when WebGL2 does."""
    if projection.choice.dims == 3:
        return "3-D"
    lacks: Drawing | None = st.session_state.get(_NO_WEBGL2)
    if lacks is not None:
        st.info(
            "This browser has no WebGL2, so the plain map is shown: fewer points, no pictures and no paths. "
            "Another browser, or its setting for hardware acceleration, brings the full one.",
            icon=":material/browser_updated:",
        )
    return lacks


def _status(
    study: Study, embedding: Embedding, projection: Projection, seen: Shown, drawing: Drawing | None
) -> list[str]:
    """Say what is shown of what; returns the same as lines for the saved picture."""
    total, visible = seen.total, int(seen.visible.sum())
    parts = [f"{visible:,} of {total:,} shown"]
    if embedding.members is not None:
        of = int(embedding.members.sum())
        parts = [f"{visible:,} of {of:,} in this part shown", f"{total:,} in the study"]
    if view().filters:
        about = total if embedding.members is None else int(embedding.members.sum())
        parts.append(f"{about - int(seen.filtered.sum()):,} filtered out (grey)")
    if drawing is not None:
        limited = limit_note(projection, drawing)
    else:
        placed, drawn = int(projection.placed.sum()), drawn_count(study, projection)
        limited = (
            f"a random {drawn:,} of {placed:,} points are drawn, since a browser draws at most {MAX_DRAWN:,}; a lasso "
            "takes all points inside it, drawn or not"
            if drawn < placed
            else None
        )
    if limited:
        parts.append(limited)
    row = st.container(horizontal=True, vertical_alignment="center")
    row.markdown(" · ".join([f"**{parts[0]}**", *parts[1:]]), width="stretch")
    step_buttons(row)
    remarks = [remark.rstrip(".") for remark in (*embedding.remarks, *projection.remarks)]
    said = ". ".join(remark[0].upper() + remark[1:] for remark in remarks)
    if said:
        st.caption(f":material/info: {for_markdown(said)}.")
    if projection.choice.method != "pca":
        st.caption(":material/warning: " + _NOTICE.format(name=NAMES[projection.choice.method]))
    simulated = ["Simulated: no real animals"] if study.spec.study.simulated else []
    return [". ".join([" · ".join(parts), *simulated]) + ".", said + "." if said else ""]


@st.cache_resource(max_entries=6, show_spinner=False)
def _geometry(path: str, _projection: Projection) -> Columns:
    del path
    return geometry_of(_projection)


@st.cache_data(max_entries=16, show_spinner=False)
def _compass(path: str, stamped: tuple[object, ...], _study: Study, _projection: Projection) -> list[Direction]:
    del path, stamped
    return directions(_study, _projection.coordinates)


def _latent_map(
    study: Study,
    stamped: tuple[object, ...],
    embedding: Embedding,
    projection: Projection,
    seen: Shown,
    colours: Colouring | None,
    path: AnimalPath | None,
    foot: list[str],
    *,
    finished: bool,
) -> None:
    card, pictures = addresses(study, stamped, card_fields(study, colours))
    where = str(cache_path(study, embedding, projection.choice))
    said = message(
        study,
        view(),
        projection,
        seen,
        colours,
        palette(),
        geometry=_geometry(where, projection) if finished else geometry_of(projection),
        compass=_compass(where, stamped, study, projection) if finished else [],
        path=path,
        card=card,
        pictures=pictures,
        foot=[line for line in foot if line],
        height=_HEIGHT,
    )

    def heard(act: Mapping[str, Any], on: On | None) -> None:
        if act.get("do") == "no_webgl2":
            st.session_state[_NO_WEBGL2] = "WebGL" if act.get("webgl") else "SVG"
            return
        if on is None and act.get("do") == "stroke":
            st.toast("This map is still forming. Draw when it is done.", icon=":material/hourglass:")
            return
        try:
            propose(after(view(), act, study=study, on=on, colour=colours.name if colours else None))
        except UserError as error:
            st.toast(str(error), icon=":material/error:")

    latent_map(said, on=(embedding.name, projection.choice, view().within) if finished else None, heard=heard)


def _path_note(path: AnimalPath | None, projection: Projection) -> None:
    if path is None:
        return
    parts = [f"**{for_markdown(path.animal)}**: {count(len(path.rows), 'date')} in order"]
    if len(path.others):
        parts.append(f"{count(len(path.others), 'other observation')} ringed")
    if path.undated:
        parts.append(f"{path.undated:,} without a date")
    if path.unplaced:
        parts.append(f"{path.unplaced:,} without a vector")
    if projection.choice.method != "pca":
        parts.append(f"how far it goes on a {NAMES[projection.choice.method]} map means little")
    st.caption(":material/route: " + " · ".join(parts))
