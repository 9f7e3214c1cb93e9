"""The Map page: choose a map, colour and filter it, select on it, look at what was selected, save it."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.engine import Job
from explorer.errors import UserError
from explorer.space.projections import NAMES, Projection, cache_path, project_at, settled
from explorer.space.shown import Shown, selection_mask, shown
from explorer.space.view_table import export_view, view_frame
from explorer.study.embeddings import Embedding
from explorer.study.export import manifest_text
from explorer.study.study import Study
from explorer.ui import jobs
from explorer.ui.colouring import Colouring
from explorer.ui.describe import variable_labels
from explorer.ui.filters import drop_unfit_filters, filter_controls
from explorer.ui.gallery import AT_ONCE, gallery
from explorer.ui.maps import chosen_embedding, colouring, opened_embedding, projection_at_hand
from explorer.ui.overview import no_embedding
from explorer.ui.palette import palette
from explorer.ui.plain import count, for_markdown
from explorer.ui.scatter import MAX_DRAWN, drawn_rows, figure
from explorer.ui.state import propose, view
from explorer.ui.studies import stamp
from explorer.view import NO_COLOUR, MapChoice, Selection, View

_METHODS = {name.lower(): label for name, label in (("pca", "PCA"), ("tsne", "t-SNE"), ("umap", "UMAP"))}
_SCALES = ("local", "balanced", "global")
_TABLE_ROWS = 2_000
_MAX_CLICKED = 500
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
        propose(view().but(embedding=name))
    stamped = stamp(str(study.path))
    embedding = opened_embedding(study, stamped, name)
    drop_unfit_filters(study)
    _controls(study)
    projection = projection_at_hand(study, embedding, view().map)
    if projection is None:
        projection = _made(study, embedding)
    colours = colouring(study, stamped, view(), projection)
    seen = shown(study, view(), projection)
    _colour_and_filter(study, colours)
    _status(embedding, projection, seen)
    _drawing(study, projection, seen, colours)
    _selected(study, projection, seen, colours, stamped)


# --- choosing the map ------------------------------------------------------------------------------------


def _controls(study: Study) -> None:
    chosen = view().map
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    st.session_state["map_embedding"] = view().embedding
    row.selectbox(
        "Embedding",
        study.embedding_names,
        key="map_embedding",
        on_change=lambda: propose(view().but(embedding=st.session_state["map_embedding"])),
        help="The vectors that the map is made of.",
        width=210,
    )
    st.session_state["map_method"] = chosen.method
    row.segmented_control(
        "Method",
        list(_METHODS),
        key="map_method",
        format_func=_METHODS.__getitem__,
        on_change=lambda: _choose(method=st.session_state["map_method"]),
        help="PCA: a straight look along the directions of most variance, at once, distances kept as far as a plane "
        "can. t-SNE and UMAP: keep neighbours together, bend the rest; they take a while.",
        width="content",
    )
    st.session_state["map_dims"] = chosen.dims
    row.segmented_control(
        "Dimensions",
        [2, 3],
        key="map_dims",
        format_func=lambda dims: f"{dims}-D",
        on_change=lambda: _choose(dims=st.session_state["map_dims"]),
        width="content",
    )
    if chosen.method != "pca":
        st.session_state["map_scale"] = chosen.scale
        row.select_slider(
            "What to keep",
            _SCALES,
            key="map_scale",
            on_change=lambda: _choose(scale=st.session_state["map_scale"]),
            help="Local: small groups of close neighbours come apart. Global: the large shape is kept at the cost of "
            "detail. (UMAP: 5, 15 or 100 neighbours; t-SNE: perplexity 10, 30 or 100.)",
            width=230,
        )


def _choose(**changes: object) -> None:
    # A segmented control can be clicked off; that leaves the choice as it was.
    kept = {name: value for name, value in changes.items() if value is not None}
    propose(view().but(map=MapChoice.model_validate({**view().map.model_dump(), **kept})))


def _made(study: Study, embedding: Embedding) -> Projection:
    """See to it that a worker makes the map; until it has, the PCA map."""
    choice = settled(view().map)
    key = f"project-{cache_path(study, embedding, choice)}"
    title = f"{NAMES[choice.method]} of {int(embedding.complete.sum()):,} vectors"
    if jobs.state(key) is None:
        jobs.start(key, project_at, study.path, embedding.name, choice, lane="maps")
    stands, job = jobs.state(key), jobs.job(key)
    if stands == "done":
        jobs.forget(key)
        made = projection_at_hand(study, embedding, choice)
        if made is not None:
            return made
    if stands in ("waiting", "running"):
        jobs.watch(key, title)
        st.caption("Meanwhile, below, the PCA map. You may leave the page: the work goes on and is kept.")
    else:
        if job is not None and stands == "failed":
            _say_why(job)
        else:
            st.info(f"{title} was cancelled. Below is the PCA map.", icon=":material/cancel:")
        st.button("Compute it", on_click=lambda: jobs.forget(key), icon=":material/refresh:")
    instead = projection_at_hand(study, embedding, MapChoice(dims=view().map.dims))
    assert instead is not None  # PCA is always at hand
    return instead


def _say_why(failed: Job[object]) -> None:
    try:
        failed.result()
    except UserError as error:
        st.error(str(error), icon=":material/error:")


# --- colour, filters, finding an animal ------------------------------------------------------------------


def _colour_and_filter(study: Study, colours: Colouring | None) -> None:
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    options = [NO_COLOUR, *study.variables]
    said = variable_labels(study)
    st.session_state["map_colour"] = colours.name if colours else NO_COLOUR
    row.selectbox(
        "Colour by",
        options,
        key="map_colour",
        format_func=lambda name: "nothing" if name == NO_COLOUR else said[name],
        on_change=lambda: propose(view().but(colour=st.session_state["map_colour"])),
        width=210,
    )
    if study.animal is not None:
        animals = [str(label) for label in study.animal.cat.categories]
        st.session_state["map_animal"] = view().animal if view().animal in animals else None
        row.selectbox(
            "Find an animal",
            animals,
            index=None,
            key="map_animal",
            placeholder="type its name",
            on_change=lambda: propose(view().but(animal=st.session_state["map_animal"])),
            width=250,
        )
    with row:
        filter_controls(study)


def _status(embedding: Embedding, projection: Projection, seen: Shown) -> None:
    total, visible = seen.total, int(seen.visible.sum())
    parts = [f"**{visible:,} of {total:,} shown**"]
    if view().filters:
        parts.append(f"{total - int(seen.filtered.sum()):,} filtered out (grey)")
    limit = MAX_DRAWN[projection.choice.dims]
    placed = int(seen.placed.sum())
    if placed > limit:
        parts.append(
            f"a random {limit:,} of {placed:,} points are drawn, since a browser cannot select among more; a lasso "
            "takes all points inside it, drawn or not"
            if projection.choice.dims == 2
            else f"a random {limit:,} of {placed:,} points are drawn, since 3-D becomes slow beyond"
        )
    remarks = [remark.rstrip(".") for remark in (*embedding.remarks, *projection.remarks)]
    st.markdown(" · ".join(parts))
    if remarks:
        st.caption(
            ":material/info: " + for_markdown(". ".join(remark[0].upper() + remark[1:] for remark in remarks)) + "."
        )
    if projection.choice.method != "pca":
        st.caption(":material/warning: " + _NOTICE.format(name=NAMES[projection.choice.method]))


# --- the drawing and the selection -----------------------------------------------------------------------


def _drawing(study: Study, projection: Projection, seen: Shown, colours: Colouring | None) -> None:
    rows = drawn_rows(projection, seen)
    flat = projection.choice.dims == 2
    found = None
    if study.animal is not None and view().animal is not None:
        found = np.flatnonzero((study.animal == view().animal).to_numpy() & projection.placed)
    fig = figure(
        projection,
        seen,
        rows,
        colours,
        palette(),
        hover=_hover(study, len(rows)),
        selecting=flat,
        animal_rows=found,
    )
    key = f"map-{view().embedding}-{'-'.join(str(part) for part in projection.choice.model_dump().values())}"
    said = f"coloured by {colours.title}" if colours else "without colours"
    st.plotly_chart(
        fig,
        theme=None,
        key=key,
        on_select=(lambda: _picked(study, projection.choice, key)) if flat else "ignore",
        selection_mode=("points", "box", "lasso"),
        config={
            "scrollZoom": True,
            "displaylogo": False,
            "modeBarButtonsToRemove": ["toImage"] if not flat else [],
        },
        alt=f"{NAMES[projection.choice.method]} map of {len(rows):,} observations, {said}",
    )
    if flat:
        st.caption("Draw around points to select them; hold shift to add. Double-click clears. Scroll zooms.")
    else:
        st.caption("Drag turns the map. Select on the 2-D map.")


def _hover(study: Study, drawn: int) -> pd.Series:
    """The first line of each hover label: the animal and the time, or the id."""
    if study.animal is None:
        return study.ids.to_pandas()
    label = study.animal.astype(object).fillna("unknown animal").astype(str)
    if study.time is not None and drawn <= 20_000:
        times = pd.Series(study.time)
        when = times.dt.strftime("%Y-%m-%d") if times.dtype.kind == "M" else times.map("{:g}".format)
        label = label + " · " + when.fillna("no date")
    return label


def _picked(study: Study, on: MapChoice, key: str) -> None:
    """Turn what was drawn into a selection: polygons in the map's own coordinates, or the rows clicked."""
    event = st.session_state[key].selection
    polygons = [
        *(_polygon(lasso["x"], lasso["y"]) for lasso in event.get("lasso", [])),
        *(_box(box["x"], box["y"]) for box in event.get("box", [])),
    ]
    polygons = [polygon for polygon in polygons if len(polygon) >= 3]
    rows = [] if polygons else [int(point["customdata"]) for point in event.get("points", []) if "customdata" in point]
    ids = tuple(str(study.ids[row]) for row in rows[:_MAX_CLICKED])
    current = view()
    propose(
        current.but(
            selection=Selection(
                embedding=current.embedding if polygons else None,
                on=on if polygons else MapChoice(),
                polygons=tuple(polygons),
                ids=ids,
            )
        )
    )


def _polygon(xs: list[float], ys: list[float]) -> tuple[tuple[float, float], ...]:
    # Four digits of the map's extent are finer than a screen; more would only lengthen the address.
    reach = max((max(map(abs, xs), default=1.0), max(map(abs, ys), default=1.0), 1e-12))
    digits = int(3 - np.floor(np.log10(reach)))
    step = max(1, len(xs) // 400)
    return tuple(
        (round(float(x), digits), round(float(y), digits)) for x, y in zip(xs[::step], ys[::step], strict=True)
    )


def _box(xs: list[float], ys: list[float]) -> tuple[tuple[float, float], ...]:
    (x1, x2), (y1, y2) = (min(xs), max(xs)), (min(ys), max(ys))
    return _polygon([x1, x2, x2, x1], [y1, y1, y2, y2])


def _clear() -> None:
    propose(view().but(selection=Selection()))


def _selected(
    study: Study,
    projection: Projection,
    seen: Shown,
    colours: Colouring | None,
    stamped: tuple[object, ...],
) -> None:
    if seen.unresolved:
        st.warning(seen.unresolved, icon=":material/select_all:")
    if seen.unknown_ids:
        st.warning(f"{seen.unknown_ids:,} of the selected ids are not in this study.", icon=":material/select_all:")
    rows = np.flatnonzero(seen.selected)
    chosen = not view().selection.is_empty
    title, clear, save, how = st.columns([3, 1.1, 2.2, 2.4], vertical_alignment="center")
    if chosen:
        everything = selection_mask(study, view().selection)[0]
        hidden = int(everything.sum()) - len(rows)
        title.subheader(f"{count(len(rows), 'observation')} selected")
        if hidden:
            title.caption(f"{hidden:,} more inside the outline are filtered out")
        clear.button("Clear", on_click=_clear, icon=":material/deselect:", width="stretch")
    else:
        title.subheader("Nothing selected")
        title.caption("The CSV then holds everything that passes the filters.")
    _downloads(study, projection, seen, save, how)
    if not len(rows):
        return
    views = ["Pictures", "Table"] if study.has_pictures else ["Table"]
    picked = st.segmented_control("Show as", views, default=views[0], key="selected_as", label_visibility="collapsed")
    if picked == "Pictures":
        _pictures(study, rows, colours, stamped)
    else:
        frame = view_frame(study, view(), projection, seen)
        if len(frame) > _TABLE_ROWS:
            st.caption(f"The first {_TABLE_ROWS:,} of {len(frame):,}; the CSV holds all.")
        st.dataframe(frame.head(_TABLE_ROWS), hide_index=True)


def _downloads(study: Study, projection: Projection, seen: Shown, save: DeltaGenerator, how: DeltaGenerator) -> None:
    """Two buttons: the table, and how it was made. Both are made only when clicked."""
    at: View = view()
    kind = "shown" if at.selection.is_empty else "selection"
    file = f"{study.path.name}-{kind}.csv"
    nothing = not (seen.filtered if at.selection.is_empty else seen.selected).any() or seen.unresolved is not None
    save.download_button(
        "Save as CSV",
        data=lambda: export_view(study, at, file=file, projection=projection).content,
        file_name=file,
        mime="text/csv",
        on_click="ignore",
        disabled=nothing,
        type="primary",
        icon=":material/download:",
        width="stretch",
    )
    how.download_button(
        "How it was made",
        data=lambda: manifest_text(export_view(study, at, file=file, projection=projection).facts),
        file_name=f"{file}.manifest.json",
        mime="application/json",
        on_click="ignore",
        disabled=nothing,
        icon=":material/receipt_long:",
        width="stretch",
        help="Data hash, settings, filters, versions, and the command that makes the same file again.",
    )


def _pictures(
    study: Study, rows: npt.NDArray[np.int64], colours: Colouring | None, stamped: tuple[object, ...]
) -> None:
    pages = -(-len(rows) // AT_ONCE)
    place = 0
    if pages > 1:
        place = st.number_input(f"Page of {pages:,}", 1, pages, 1, key="pictures_page", width=160) - 1
    part = rows[place * AT_ONCE : (place + 1) * AT_ONCE]
    first = _hover(study, len(part)).iloc[part].astype(str)
    if colours is None:
        captions = list(first)
    else:
        values = colours.values.iloc[part]
        shown_as = values.map("{:.4g}".format) if values.dtype.kind == "f" else values.astype(object)
        captions = [f"{a}\n{colours.name}: {b}" for a, b in zip(first, shown_as.fillna("missing"), strict=True)]
    st.caption(f"Pictures {place * AT_ONCE + 1:,} to {place * AT_ONCE + len(part):,} of {len(rows):,}.")
    gallery(study, stamped, part, captions)
