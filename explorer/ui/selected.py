"""What was selected on the map: how many, as pictures or a table, saved to a file."""

import numpy as np
import numpy.typing as npt
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.space.projections import Projection
from explorer.space.shown import Shown, selection_mask
from explorer.space.view_table import export_view, view_frame
from explorer.study.export import manifest_text
from explorer.study.study import Study
from explorer.ui.colouring import Colouring
from explorer.ui.gallery import AT_ONCE, gallery
from explorer.ui.plain import count
from explorer.ui.plotly_map import names
from explorer.ui.state import propose, view
from explorer.view import Selection, View

_TABLE_ROWS = 2_000


def _clear() -> None:
    propose(view().but(selection=Selection()))


def selected_panel(
    study: Study,
    projection: Projection,
    seen: Shown,
    colours: Colouring | None,
    stamped: tuple[object, ...],
) -> None:
    """Show what is selected."""
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
    first = names(study, part)
    if colours is None:
        captions = list(first)
    else:
        values = colours.values.iloc[part]
        shown_as = (
            values.map("{:.4g}".format, na_action="ignore") if values.dtype.kind == "f" else values.astype(object)
        )
        captions = [f"{a}\n{colours.name}: {b}" for a, b in zip(first, shown_as.fillna("missing"), strict=True)]
    st.caption(f"Pictures {place * AT_ONCE + 1:,} to {place * AT_ONCE + len(part):,} of {len(rows):,}.")
    gallery(study, stamped, part, captions)
