"""What an encoder looks at in one observation: an overlay on its picture, or bars of its features."""

import io
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from explorer.learning.explained import (
    Explainer,
    Explanation,
    explained_at,
    explainers_of,
    read_explained,
    read_explainer,
)
from explorer.learning.pictures import letterbox
from explorer.learning.tasks import explain_at
from explorer.space.nearest import nearest, of_same_animal, row_of
from explorer.study.embeddings import Embedding
from explorer.study.study import Study
from explorer.ui import jobs
from explorer.ui.charts import draw, dressed
from explorer.ui.embedding import encoders_of
from explorer.ui.palette import Palette, palette
from explorer.ui.plain import for_markdown, for_plotly
from explorer.ui.plotly_map import names
from explorer.ui.saving import save_buttons

_ANOTHER = "another folder"
_NEAR = "nearness to another observation"
_OFFERED = 6
_BARS = 20
LARGE = 264
"""Side of a picture and its overlay on the screen, in pixels."""

MUCH_ALIKE = 0.5
"""An explanation that looks so much like one of random weights says little, as its own sentence says."""

_RAISES, _LOWERS = "#E69F00", "#0072B2"  # those of the overlay


def explain_panel(study: Study, embedding: Embedding, row: int) -> None:
    """What moves what an encoder says of observation ``row`` (from 0): a task, or nearness to another observation."""
    line = st.container(horizontal=True, vertical_alignment="bottom")
    with line:
        explainer = _encoder(study, embedding)
    if explainer is None:
        return
    with line:
        about = _about(study, embedding, row, explainer)
    if about is None:
        return
    task, near = about
    own = str(study.ids[row])
    path = explained_at(study, explainer.hash, own, task, near)
    found = read_explained(path)
    if found is None:
        ending = "png" if explainer.reads_pictures else "csv"
        file = re.sub(r"[^\w.-]+", "-", f"{own}-{task or f'near-{near}'}") + f".{ending}"
        jobs.on_request(
            f"explain-{path}",
            "Explaining",
            explain_at,
            *(study.path, explainer.folder, own, task, near, file, path),
            lane="explain",
            label="Explain",
            icon=":material/visibility:",
            note="Takes a few seconds, and is kept.",
        )
        return
    if explainer.hash != embedding.note.encoder_hash:
        st.caption(
            f":material/info: The space **{for_markdown(embedding.name)}** was made by "
            f"{for_markdown(embedding.note.encoder)}; this is about the encoder {for_markdown(explainer.name)}."
        )
    _show(study, explainer, found, row, near)


def _encoder(study: Study, embedding: Embedding) -> Explainer | None:
    """The encoder to explain: that of the embedding at hand where it is found, else what the user chooses."""
    known = {one.hash: one for one in explainers_of(study, embedding.note, encoders_of(study).values())}

    def told(choice: str) -> str:
        if choice == _ANOTHER:
            return _ANOTHER
        one = known[choice]
        return one.name if one.name == one.folder.name else f"{one.name} ({one.folder.name})"

    choice = st.selectbox("Encoder", [*known, _ANOTHER], format_func=told, key="explain_encoder", width=220)
    if choice in known:
        return known[choice]
    given = st.text_input("Folder of the encoder", key="explain_folder", width=320).strip()
    if not given:
        if not known:
            st.caption("No encoder that reads this study is known here: give its folder, or train one.")
        return None
    one = read_explainer(Path(given).expanduser())
    if one is None:
        st.warning(f"There is no encoder of ours in {for_markdown(given)}.", icon=":material/folder_off:")
    elif not one.fits(study):
        st.warning(f"{for_markdown(one.name)} reads what this study does not have.", icon=":material/folder_off:")
        return None
    return one


def _about(study: Study, embedding: Embedding, row: int, explainer: Explainer) -> tuple[str | None, str | None] | None:
    """A task of the encoder, or the id of another observation; None where there is neither."""
    what = st.selectbox("What moves", [*explainer.tasks, _NEAR], key=f"explain_what-{explainer.hash}", width=240)
    if what != _NEAR:
        return what, None
    offered = _others(study, embedding, row)
    near = st.selectbox(
        "Which other observation",
        list(offered),
        format_func=lambda one: offered.get(one, one),
        key=f"explain_near-{embedding.fingerprint[:8]}-{row}",
        accept_new_options=True,
        width=420,
        help="The nearest of the same animal first, then the nearest of others; or type the id of any.",
    )
    return (None, near) if near else None


def _others(study: Study, embedding: Embedding, row: int) -> dict[str, str]:
    """Ids of observations near to that in ``row``, those of the same animal first, and what is said of each."""
    if not embedding.complete[row]:
        return {}
    same = of_same_animal(study, embedding, row)
    offered: dict[str, str] = {}
    for used, said in ((same, "same animal"), (embedding.complete & ~same, "another")):
        among = used.copy()
        among[row] = True
        found = nearest(embedding.vectors, among, row, _OFFERED)
        for place, name, apart in zip(found.rows, names(study, found.rows), found.distances, strict=True):
            kind = said if study.animal is not None else "near"
            offered[str(study.ids[int(place)])] = f"{name} · {kind}, {apart:.3g} away"
    return offered


def _show(study: Study, explainer: Explainer, found: Explanation, row: int, near: str | None) -> None:
    said = [for_markdown(one[0].upper() + one[1:]) for one in found.remarks]
    st.markdown(f"{said[0]}.")
    if explainer.reads_pictures:
        _pictures(study, found, row, near)
    else:
        chart = bars(explainer.features, found, palette())
        draw(chart, "What each feature adds; the file holds the numbers", "explain_bars")
        if len(explainer.features) > _BARS:
            st.caption(f"The {_BARS} of {len(explainer.features):,} features that add or take most; the file has all.")
    st.caption(f"{said[1]}.")
    if abs(found.alike) < MUCH_ALIKE:
        st.caption(f":material/check: {said[2]}.")
    else:
        st.warning(f"{said[2]}.", icon=":material/warning:")
    with st.container(horizontal=True):
        made = found.content, found.facts
        save_buttons("Save it", lambda: made, str(found.facts["file"]), key="explain", told=None)


def _pictures(study: Study, found: Explanation, row: int, near: str | None) -> None:
    """The picture as the encoder read it, the overlay, and the other picture that it is near to."""
    line = st.container(horizontal=True)
    own = names(study, np.array([row])).iloc[0]
    line.image(_enlarged(found.given), for_markdown(own), width=LARGE, alt=str(own))
    number = "the nearness" if near is not None else "the task"
    line.image(
        found.content,
        f"orange raises {number}, blue lowers it",
        width=LARGE,
        alt=f"The same in grey; what raises {number} is orange, what lowers it blue",
    )
    other = None if near is None else study.picture(row_of(study, near))
    if other is not None:
        said = names(study, np.array([row_of(study, str(near))])).iloc[0]
        line.image(_enlarged(letterbox(other, found.given.shape[1])), for_markdown(said), width=LARGE, alt=str(said))


def _enlarged(picture: npt.NDArray[np.uint8]) -> bytes:
    """A picture uint8 (3, side, side) as a PNG of the overlay's size."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(picture.transpose(1, 2, 0)).resize((LARGE, LARGE), Image.Resampling.BICUBIC).save(stream, "PNG")
    return stream.getvalue()


def bars(features: tuple[str, ...], found: Explanation, colours: Palette) -> go.Figure:
    """What each feature adds, the ``_BARS`` that add or take most, the largest on top."""
    frame = pd.DataFrame({"feature": features, "value": found.given, "adds": found.parts})
    frame = frame.iloc[np.argsort(-np.abs(found.parts), kind="stable")[:_BARS]]
    fig = go.Figure(
        go.Bar(
            x=frame["adds"],
            y=[for_plotly(one) for one in frame["feature"]],
            orientation="h",
            marker_color=np.where(frame["adds"] >= 0, _RAISES, _LOWERS),
            customdata=frame["value"],
            hovertemplate="%{y} = %{customdata:.4g}: adds %{x:.3g}<extra></extra>",
        )
    )
    fig.update_xaxes(title_text="adds", gridcolor=colours.grid, zerolinecolor=colours.missing, fixedrange=True)
    fig.update_yaxes(autorange="reversed", type="category", fixedrange=True)
    return dressed(fig, colours, 80 + 24 * len(frame))
