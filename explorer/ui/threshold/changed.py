"""The searches whose verdict changes when thresholds are conditioned: which, by how much, with their pictures."""

from typing import Any

import numpy as np
import streamlit as st

from explorer.recognition.arms import CONDITIONED, GLOBAL
from explorer.recognition.evidence import Evidence
from explorer.recognition.searches_table import changed_frame, changed_places
from explorer.study.study import Study
from explorer.ui.gallery import gallery
from explorer.ui.plain import count, for_markdown

_AT_ONCE = 12


def changed(study: Study, stamped: tuple[object, ...], found: Evidence) -> None:
    """The pairs of one conditioned arm against one threshold for all."""
    arm = st.selectbox("One threshold for all, against", CONDITIONED, key="threshold_changed_arm", width=360)
    frame = changed_frame(study, found, [arm])
    right, known = frame["arm_right"], frame["in_gallery"]
    wrong = ~right & frame["right"]
    still = int((~right & ~frame["right"]).sum())
    n = len(frame)
    st.markdown(
        f"**{count(n, 'search', 'searches')}** of {len(found.rows):,} get{'s' if n == 1 else ''} another verdict: "
        f"{int(right.sum()):,} right at last ({int((right & known).sum()):,} of known animals), {int(wrong.sum()):,} "
        f"wrong from now on ({int((wrong & known).sum()):,} of known animals)"
        + (f", {still:,} wrong either way" if still else "")
        + "."
    )
    st.caption(
        "Each at its own fitted thresholds: an arm that accepts less of all comes right here for unknown animals and "
        "goes wrong for known ones. The fair comparison is under *Arms compared*."
    )
    if frame.empty:
        return
    st.dataframe(
        frame.drop(columns="arm"),
        hide_index=True,
        height=min(280, 38 + 35 * n),
        column_config={
            name: st.column_config.NumberColumn(format="%.4g") for name in ("distance", "tau", "arm_score", "arm_tau")
        },
    )
    pages = -(-n // _AT_ONCE)
    page = (
        st.number_input(f"Page of {pages:,}", 1, pages, 1, key=f"threshold_page-{arm}", width=160) if pages > 1 else 1
    )
    places = changed_places(found, arm)
    rows = frame.to_dict("records")
    end = min(page * _AT_ONCE, n)
    for start in range((page - 1) * _AT_ONCE, end, 2):
        for column, at in zip(st.columns(2), range(start, min(start + 2, end)), strict=False):
            with column.container(border=True):
                _pair(study, stamped, found, int(places[at]), rows[at])


def _pair(study: Study, stamped: tuple[object, ...], found: Evidence, place: int, row: dict[Any, Any]) -> None:
    """One search: what it came to before and after, and the pictures of what was sought and found."""
    mark = ":material/check:" if row["arm_right"] else ":material/close:"
    where = "in the gallery" if row["in_gallery"] else "not in the gallery"
    st.markdown(f"{mark} **{for_markdown(row['animal_id'])}** ({where}): {row['verdict']} → {row['arm_verdict']}")
    st.caption(
        f"{for_markdown(row['stratum'])}. One for all: {row['distance']:.4g} against tau {row['tau']:.4g}. "
        f"{for_markdown(row['arm'].capitalize())}: {row['arm_score']:.4g} against tau {row['arm_tau']:.4g}."
    )
    shown = {int(found.rows[place]): f"{row['animal_id']}\n{row['observation_id']}\nsought"}
    for arm, start in ((GLOBAL, ""), (row["arm"], "arm_")):
        item = int(found.arms[arm].item[place])
        if item >= 0:
            shown.setdefault(item, f"{row[f'{start}nearest_animal']}\n{row[f'{start}nearest_id']}\nnearest")
    if study.has_pictures:
        gallery(study, stamped, np.array(list(shown)), list(shown.values()))
    else:
        st.markdown(" · ".join(for_markdown(one.replace("\n", ", ")) for one in shown.values()))
