"""The Map page: choose a map, colour and filter it, select on it, look at what was selected, save it."""

from dataclasses import dataclass, replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.clustering.clusters import named
from explorer.space.path import AnimalPath, animal_path
from explorer.space.projections import NAMES, Projection
from explorer.space.shown import Shown, shown
from explorer.study.embeddings import Embedding
from explorer.study.study import Study
from explorer.ui.belief import OWN, Drawn, belief, belief_line, own_colouring
from explorer.ui.beside import beside_button, beside_controls, compared, laid_onto
from explorer.ui.clusters import awaited, clusters_menu, clusters_note, with_clusters_at_hand
from explorer.ui.colouring import Colouring
from explorer.ui.filters import drop_unfit_filters
from explorer.ui.histograms.panel import histograms_panel
from explorer.ui.kept import kept_menu
from explorer.ui.making import map_of
from explorer.ui.map.columns import MAX_DRAWN
from explorer.ui.map.drawn import NO_WEBGL2, Frame, draw_map
from explorer.ui.map.message import drawn_count
from explorer.ui.map_controls import look_controls, map_controls, step_buttons
from explorer.ui.maps import chosen_embedding, colouring, opened_embedding, part_at_hand
from explorer.ui.navigation import page
from explorer.ui.overview import no_embedding
from explorer.ui.part import part_banner
from explorer.ui.plain import count, for_markdown
from explorer.ui.plotly_map import limit_note, plotly_map
from explorer.ui.scatter import Drawing
from explorer.ui.selected import selected_contents, selected_header
from explorer.ui.state import propose, settle, view
from explorer.ui.studies import stamp
from explorer.view import NO_COLOUR, Beside, MapChoice

_PARTS = ("choices", "making", "looks", "stage", "notes", "chosen", "spread", "contents")
_LOWER = 520  # pixels, of two maps next to each other
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
    _mend(study, name)
    files = stamp(str(study.path))
    whole = opened_embedding(study, files, name)
    choices, making, looks, stage, notes, chosen, spread, contents = _slots()
    plain = study
    with making:
        study = with_clusters_at_hand(study)
        if not awaited(study):
            embedding = part_at_hand(study, files, whole, view())
            study = with_clusters_at_hand(study, embedding)
        if awaited(study):
            st.info("This view shows some clusters only, and they are still being made.", icon=":material/hourglass:")
            return
    stamped = (*files, *(variable for variable in study.variables if variable not in plain.variables))
    with choices:
        drop_unfit_filters(study)
    with making:
        at_hand, forming = map_of(study, embedding, view().map, _want, watchable=NO_WEBGL2 not in st.session_state)
    seen = shown(study, view(), at_hand)
    drawn = forming or at_hand
    with looks:
        # The first colour is one of the study's own variables: clusters explain the space that they are made of.
        colours = _colours(study if view().colour else plain, stamped, embedding, at_hand, seen)
        if view().colour is None and colours is not None:  # it stays when the method changes
            settle(view().but(colour=colours.name))
        drawing = _drawing(drawn)
    status = _Status.of(study, embedding, drawn, seen, drawing)
    path = None
    if view().animal is not None:
        path = animal_path(study, str(view().animal), drawn.coordinates)
    with stage:  # before all that stands around it, so that it is on its way while the rest is made
        foot = status.foot
        if drawing is not None:
            plotly_map(study, drawn, seen, colours, path, drawing)
        elif view().beside is None:
            draw_map(study, stamped, view(), embedding, drawn, seen, colours, path, foot, finished=forming is None)
        else:
            _two_maps(study, stamped, (embedding, at_hand), seen, colours, path, foot)
    with choices:
        map_controls(study)
        part_banner()
    with looks:
        with look_controls(study, colours):
            clusters_menu(embedding)
            kept_menu(study)
        status.show(study)
    with notes:
        _path_note(path, drawn)
        clusters_note(colours)
        if forming is None:
            belief(study, embedding, at_hand, seen)
    with chosen:
        selected_header(study, at_hand, seen, forming=forming is not None)
    with spread:
        histograms_panel(study, stamped, at_hand, seen, colours)
    with contents:
        selected_contents(study, whole, at_hand, seen, colours, stamped)


def _slots() -> list[DeltaGenerator]:
    """The page's parts from top to bottom.

    Each has a place of its own, so that a line more in one does not make the browser build the next ones anew, which
    would take the focus from the hand's place and the map from the graphics card.
    """
    return [st.container(key=f"map-page-{name}") for name in _PARTS]


def _mend(study: Study, embedding: str) -> None:
    """Take out of the view what this study does not have (an old address, a misspelt one), and say so."""
    here = view()
    wrong: dict[str, None] = {}
    if here.embedding is not None and here.embedding != embedding:
        st.warning(
            f"This study has no embedding {for_markdown(here.embedding)!r}; this is **{for_markdown(embedding)}**."
        )
    colour = here.colour
    own = colour is None or colour == NO_COLOUR or colour.startswith(OWN) or colour in study.variables
    clusters = named(colour or "")
    if not own and (clusters is None or clusters.embedding not in study.embedding_names):
        st.warning(f"There is nothing called {for_markdown(str(colour))!r} to colour by.")
        wrong["colour"] = None
    if here.animal is not None and (study.animal is None or here.animal not in study.animal.cat.categories):
        st.warning(f"There is no animal {for_markdown(here.animal)!r} in this study.")
        wrong["animal"] = None
    if here.beside is not None and here.beside.embedding not in study.embedding_names:
        st.warning(f"This study has no embedding {for_markdown(here.beside.embedding)!r} for a second map.")
        wrong["beside"] = None
    settle(here.but(embedding=embedding, **wrong))


def _want(choice: MapChoice) -> None:
    propose(view().but(map=choice))


def _two_maps(
    study: Study,
    stamped: tuple[object, ...],
    first: tuple[Embedding, Projection],
    seen: Shown,
    colours: Colouring | None,
    path: AnimalPath | None,
    status: list[str],
) -> None:
    beside = view().beside
    assert beside is not None
    beside_controls(study, beside)
    whole = opened_embedding(study, stamped, beside.embedding)
    embedding = part_at_hand(study, stamped, whole, view())

    def want(choice: MapChoice) -> None:
        propose(view().but(beside=Beside(embedding=embedding.name, map=choice)))

    second, _ = map_of(study, embedding, beside.map.model_copy(update={"dims": 2}), want, watchable=False)
    alignment = laid_onto(first[1], second)
    left, right = st.columns(2)
    here = view().but(embedding=embedding.name, map=second.choice)
    with left:
        frame = Frame(height=_LOWER)
        draw_map(study, stamped, view(), *first, seen, colours, path, status, finished=True, frame=frame)
    with right:
        frame = Frame(key="map-beside", height=_LOWER, alignment=alignment)
        there = replace(seen, placed=second.placed)
        own = None if path is None else animal_path(study, path.animal, second.coordinates)
        draw_map(study, stamped, here, embedding, second, there, colours, own, status, finished=True, frame=frame)
    compared(study, first, (embedding, second), alignment)
    belief_line(study, embedding, second)


def _colours(
    study: Study, stamped: tuple[object, ...], embedding: Embedding, projection: Projection, seen: Shown
) -> Colouring | None:
    """By what the points are coloured: a variable, or a measure of the map itself."""
    chosen = view().colour
    own = None
    if chosen and chosen.startswith(OWN):
        among = seen.filtered if view().filters else None
        own = own_colouring(Drawn(study, embedding, projection), chosen, among)
    return own or colouring(study, stamped, view(), projection)


# --- what is drawn, and how ------------------------------------------------------------------------------


def _drawing(projection: Projection) -> Drawing | None:
    """How Plotly draws the map; None when WebGL2 does."""
    if projection.choice.dims == 3:
        return "3-D"
    lacks: Drawing | None = st.session_state.get(NO_WEBGL2)
    if lacks is not None:
        st.info(
            "This browser has no WebGL2, so the plain map is shown: fewer points, no pictures and no paths. "
            "Another browser, or its setting for hardware acceleration, brings the full one.",
            icon=":material/browser_updated:",
        )
    return lacks


@dataclass(frozen=True)
class _Status:
    """What is said above the map: what is shown of what, remarks on it, a warning, and whether it is simulated."""

    parts: tuple[str, ...]
    remarks: str
    warning: str
    simulated: bool

    @staticmethod
    def of(
        study: Study, embedding: Embedding, projection: Projection, seen: Shown, drawing: Drawing | None
    ) -> "_Status":
        """The status of the map that is drawn."""
        total, visible = seen.total, int(seen.visible.sum())
        parts = [f"{visible:,} of {total:,} shown"]
        if embedding.members is not None:
            of = int(embedding.members.sum())
            parts = [f"{visible:,} of {of:,} in this part shown", f"{total:,} in the study"]
        if view().filters:
            about = total if embedding.members is None else int(embedding.members.sum())
            parts.append(f"{about - int(seen.filtered.sum()):,} filtered out (grey)")
        if not view().selection.is_empty:
            parts.append(f"{int(seen.selected.sum()):,} selected")
        if limited := _limit(study, projection, drawing):
            parts.append(limited)
        remarks = [remark.rstrip(".") for remark in (*embedding.remarks, *projection.remarks)]
        said = ". ".join(remark[0].upper() + remark[1:] for remark in remarks)
        method = projection.choice.method
        warning = "" if method == "pca" else _NOTICE.format(name=NAMES[method])
        return _Status(tuple(parts), said, warning, study.spec.study.simulated)

    @property
    def foot(self) -> list[str]:
        """The same as lines for the saved picture."""
        simulated = ["Simulated: no real animals"] if self.simulated else []
        return [". ".join([" · ".join(self.parts), *simulated]) + ".", f"{self.remarks}." if self.remarks else ""]

    def show(self, study: Study) -> None:
        """Say it, with the buttons that belong beside it."""
        row = st.container(horizontal=True, vertical_alignment="center")
        row.markdown(" · ".join([f"**{self.parts[0]}**", *self.parts[1:]]), width="stretch")
        with row:
            beside_button(study)
        step_buttons(row)
        if self.remarks:
            st.caption(f":material/info: {for_markdown(self.remarks)}.")
        if self.warning:
            st.caption(f":material/warning: {self.warning}")


def _limit(study: Study, projection: Projection, drawing: Drawing | None) -> str | None:
    """A sentence where not all points are drawn."""
    if drawing is not None:
        return limit_note(projection, drawing)
    placed, drawn = int(projection.placed.sum()), drawn_count(study, projection)
    if drawn >= placed:
        return None
    return (
        f"a random {drawn:,} of {placed:,} points are drawn, since a browser draws at most {MAX_DRAWN:,}; a lasso "
        "takes all points inside it, drawn or not"
    )


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
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(":material/route: " + " · ".join(parts), width="content")
        st.page_link(page("animal"), label="Look at this animal over time", icon=":material/pets:")
