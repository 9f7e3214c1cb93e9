"""What was selected on the map: how many, as pictures or a table, saved to a file."""

import numpy as np
import numpy.typing as npt
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.clustering.variables import made_for
from explorer.decisions.selections import named_at
from explorer.space.projections import Projection
from explorer.space.shown import Shown, missing_map
from explorer.space.view_table import Export, export_view, exported_rows, view_frame
from explorer.study.embeddings import Embedding
from explorer.study.study import Study
from explorer.ui.colouring import Colouring
from explorer.ui.explain_panel import explain_panel
from explorer.ui.gallery import AT_ONCE, gallery
from explorer.ui.kept import name_menu
from explorer.ui.nearest_panel import nearest_panel
from explorer.ui.part import part_menu
from explorer.ui.plain import count
from explorer.ui.plotly_map import names
from explorer.ui.saving import FORMATS, format_chosen, save_buttons
from explorer.ui.state import propose, view
from explorer.view import Selection

_TABLE_ROWS = 2_000


def _clear() -> None:
    propose(view().but(selection=Selection()))


def selected_header(study: Study, projection: Projection, seen: Shown, *, forming: bool) -> None:
    """How many are selected, and what can be done with them; nothing is saved of a map that is still ``forming``."""
    if seen.unresolved:
        st.warning(seen.unresolved, icon=":material/select_all:")
    if seen.unknown_ids:
        st.warning(f"{seen.unknown_ids:,} of the selected ids are not in this study.", icon=":material/select_all:")
    rows = np.flatnonzero(seen.selected)
    chosen = not view().selection.is_empty
    line = st.container(horizontal=True, vertical_alignment="center", gap="small")
    title = line.container()
    if chosen:
        title.subheader(f"{count(len(rows), 'observation')} selected")
        if seen.hidden:
            title.caption(f"{seen.hidden:,} more inside the outline are filtered out")
        with line:
            name_menu(study, len(rows))
            part_menu(len(rows))
        line.button("Clear", on_click=_clear, icon=":material/deselect:")
    else:
        title.subheader("Nothing selected")
        title.caption("The file then holds everything that passes the filters.")
    _downloads(study, projection, seen, line, forming)


def selected_contents(
    study: Study,
    embedding: Embedding,
    projection: Projection,
    seen: Shown,
    colours: Colouring | None,
    stamped: tuple[object, ...],
) -> None:
    """The selected observations: pictures, a table; of a single one also what is nearest, or moves an encoder."""
    rows = np.flatnonzero(seen.selected)
    if not len(rows):
        return
    views = ["Pictures", "Table"] if study.has_pictures else ["Table"]
    if len(rows) == 1:
        views.insert(0, "Nearest")
        if study.has_pictures or study.feature_columns:
            views.append("Explain")
    key = "selected_one_as" if len(rows) == 1 else "selected_as"
    picked = st.segmented_control("Show as", views, default=views[0], key=key, label_visibility="collapsed")
    if picked == "Nearest":
        nearest_panel(study, embedding, int(rows[0]), stamped)
    elif picked == "Explain":
        explain_panel(study, embedding, int(rows[0]))
    elif picked == "Pictures":
        _pictures(study, rows, colours, stamped)
    else:
        frame = view_frame(study, view(), projection, seen, first=_TABLE_ROWS)
        if len(rows) > len(frame):
            st.caption(f"The first {len(frame):,} of {len(rows):,}; the file holds all.")
        st.dataframe(frame, hide_index=True)


def _downloads(study: Study, projection: Projection, seen: Shown, line: DeltaGenerator, forming: bool) -> None:
    """The table and how it was made. Both are made only when clicked."""
    at = view()
    with line:
        format_ = format_chosen("save_format")
    file = f"{study.path.name}-{'shown' if at.selection.is_empty else 'selection'}.{format_}"
    nothing = not len(exported_rows(at, seen)) or seen.unresolved is not None or forming

    def export() -> Export:
        decisions, named = named_at(study)
        kept = {name: one for name, one in named.items() if missing_map(study, one.selection) is None}
        whole = made_for(study, kept.values())
        return export_view(whole, at, file=file, format=format_, projection=projection, named=kept, decisions=decisions)

    with line:
        save_buttons(
            f"Save as {FORMATS[format_]}",
            export,
            file,
            key="selected",
            told="settings, filters",
            help="When the map is done: its places are part of the file." if forming else None,
            disabled=nothing,
        )


def _pictures(
    study: Study, rows: npt.NDArray[np.int64], colours: Colouring | None, stamped: tuple[object, ...]
) -> None:
    pages = -(-len(rows) // AT_ONCE)
    place = 0
    if pages > 1:
        place = st.number_input(f"Page of {pages:,}", 1, pages, 1, key="pictures_page", width=160) - 1
    part = rows[place * AT_ONCE : (place + 1) * AT_ONCE]
    first = names(study, part)
    if colours is None:
        captions = list(first)
    else:
        values = colours.values.iloc[part]
        shown_as = (
            values.map("{:.4g}".format, na_action="ignore") if values.dtype.kind == "f" else values.astype(object)
        )
        captions = [f"{a}\n{colours.title}: {b}" for a, b in zip(first, shown_as.fillna("missing"), strict=True)]
    st.caption(f"Pictures {place * AT_ONCE + 1:,} to {place * AT_ONCE + len(part):,} of {len(rows):,}.")
    gallery(study, stamped, part, captions)
