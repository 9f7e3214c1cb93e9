"""The nearest observations to one in the latent space, with their pictures: what the map can only hint at."""

import numpy as np
import streamlit as st

from explorer.space.nearest import Nearest, nearest, nearest_frame, remarks
from explorer.study.embeddings import Embedding
from explorer.study.study import Study
from explorer.ui.gallery import gallery
from explorer.ui.plain import for_markdown
from explorer.ui.plotly_map import names
from explorer.ui.state import propose, view
from explorer.view import Selection, Stroke

_HOW_MANY = (6, 12, 24, 48)


@st.cache_data(max_entries=64, show_spinner=False)
def _found(path: str, fingerprint: str, _embedding: Embedding, row: int, k: int) -> Nearest:
    del path, fingerprint
    return nearest(_embedding.vectors, _embedding.complete, row, k)


def nearest_panel(study: Study, embedding: Embedding, row: int, stamped: tuple[object, ...]) -> None:
    """The neighbours of observation ``row`` (from 0) among the vectors of ``embedding``, nearest first."""
    if not embedding.complete[row]:
        st.info(f"This observation has no vector in {for_markdown(embedding.name)}, so it has no neighbours there.")
        return
    line = st.container(horizontal=True, vertical_alignment="bottom")
    k = line.segmented_control("How many", _HOW_MANY, default=12, key="nearest_k", width="content") or 12
    found = _found(str(study.path), embedding.fingerprint, embedding, row, k)
    ids = tuple(str(one) for one in study.ids.take(found.rows).to_pylist())
    line.button(
        "Select them too",
        on_click=lambda: propose(view().but(selection=Selection(strokes=(Stroke(ids=(str(study.ids[row]), *ids)),)))),
        icon=":material/select_all:",
    )
    st.markdown(
        f"The {len(found.rows)} nearest of {found.among:,} others in the latent space "
        f"**{for_markdown(embedding.name)}**. "
        + " ".join(f"{_capital(one)}." for one in remarks(study, embedding, found))
    )
    frame = nearest_frame(study, found)
    captions = [
        f"{rank}. {name}\n{distance:.4g} away"
        for rank, name, distance in zip(frame["rank"], names(study, found.rows), frame["distance"], strict=True)
    ]
    if "same_animal" in frame:
        said = frame["same_animal"].map({True: "same animal", False: "another animal"}).astype(object)
        captions = [f"{one} · {same}" for one, same in zip(captions, said.fillna("unknown animal"), strict=True)]
    if study.has_pictures:
        own = names(study, np.array([row])).iloc[0]
        gallery(study, stamped, np.concatenate([[row], found.rows]), [f"{own}\nthis one", *captions])
    else:
        st.markdown("\n".join(f"- {for_markdown(caption.replace(chr(10), ', '))}" for caption in captions))


def _capital(sentence: str) -> str:
    return for_markdown(sentence[0].upper() + sentence[1:])
