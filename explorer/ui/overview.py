"""The parts of the Overview page."""

import io

import numpy as np
import streamlit as st

from explorer.errors import UserError
from explorer.learning.run_folders import read_card
from explorer.places import shipped_encoders
from explorer.space.projections import Projection
from explorer.study.check import check, check_at
from explorer.study.embeddings import Embedding
from explorer.study.findings import Finding
from explorer.study.fingerprint import hash_file
from explorer.study.study import Study
from explorer.ui import charts, jobs
from explorer.ui.colouring import Colouring
from explorer.ui.describe import per_animal, span, summary, variables_table
from explorer.ui.legend import legend
from explorer.ui.maps import chosen_embedding, colouring, opened_embedding, projection_at_hand
from explorer.ui.navigation import page
from explorer.ui.palette import Palette, palette
from explorer.ui.plain import count, for_markdown
from explorer.ui.raster import still
from explorer.ui.simulated import simulated_badge
from explorer.ui.state import view
from explorer.ui.studies import stamp
from explorer.view import MapChoice, View

_MARKS = {
    "error": ":red[:material/error:]",
    "warning": ":orange[:material/warning:]",
    "note": ":material/info:",
}
_SHOWN_FINDINGS = 12
_STILL = (1_240, 800)


def heading(study: Study) -> None:
    """Name, what it is, and the numbers that describe it."""
    st.title(for_markdown(study.name))
    simulated_badge(study)
    if study.spec.study.description:
        st.markdown(for_markdown(study.spec.study.description))
    st.caption(for_markdown(summary(study)))
    facts = {"Observations": f"{len(study):,}"}
    if study.animal is not None:
        facts["Animals"] = f"{study.animal.nunique():,}"
        facts["Observations an animal"] = per_animal(study)
    if when := span(study):
        facts["Time"] = when
    facts["Variables"] = f"{len(study.variables):,}"
    with st.container(horizontal=True, gap="large"):
        for label, value in facts.items():
            st.metric(label, value, width="content")


def preview(study: Study) -> None:
    """The latent space at a glance: principal components, coloured by the variable that explains most of them."""
    name = chosen_embedding(study, view())
    if name is None:
        no_embedding(study)
        return
    st.subheader("Latent space")
    stamped = stamp(str(study.path))
    try:
        embedding = opened_embedding(study, stamped, name)
        projection = projection_at_hand(study, embedding, MapChoice())
    except UserError as error:
        st.warning(str(error), icon=":material/warning:")
        return
    assert projection is not None  # PCA is always at hand
    colours = colouring(study, stamped, View(embedding=name), projection)
    rows = np.flatnonzero(projection.placed)
    st.image(picture(f"{study.path}/{name}", stamped, projection, colours, palette()), width="stretch")
    legend(colours, rows)
    why = (
        f"Each point is one observation; near points have similar vectors in {name}. Coloured by {colours.title}, the "
        "variable that explains most of this picture."
        if colours
        else f"Each point is one observation; near points have similar vectors in {name}."
    )
    st.caption(for_markdown(why) + f" {len(rows):,} of {len(study):,} shown.")
    st.page_link(page("map"), label="Explore the map", icon=":material/scatter_plot:")
    _encoder(embedding)


def _encoder(embedding: Embedding) -> None:
    """By what the vectors were made; with its card, when the encoder ships with the app."""
    st.caption(f"The vectors **{for_markdown(embedding.name)}** were made by: {for_markdown(embedding.note.encoder)}.")
    for folder in shipped_encoders().values():
        if embedding.note.encoder_hash == hash_file(folder / "model.safetensors"):
            with st.expander("The encoder's card: what it has learnt, and how well it does", icon=":material/badge:"):
                st.markdown(read_card(folder))


@st.cache_data(max_entries=16, show_spinner=False)
def picture(
    what: str, stamped: tuple[object, ...], _projection: Projection, _colours: Colouring | None, colours: Palette
) -> bytes:
    """The still as a PNG, kept so that coming back to the page costs nothing."""
    del what, stamped
    stream = io.BytesIO()
    drawn = still(_projection, np.flatnonzero(_projection.placed), _colours, colours, _STILL)
    drawn.save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def no_embedding(study: Study) -> None:
    """What to do when there are no vectors yet."""
    st.subheader("No latent space yet")
    if study.has_pictures:
        st.info(
            "This study has pictures but no vectors. Make the plain baseline **pixels** (downscaled grey pixels, PCA) "
            "on the Data page.",
            icon=":material/image:",
        )
        st.page_link(page("data"), label="Make the baseline on Data", icon=":material/database:")
    else:
        st.info(
            "This study has neither vectors nor pictures, so there is no map. Name measured columns as "
            "features = [...] "
            "under [columns] in study.toml, or import the table again on the Data page and mark measurements "
            "as features. Times, animals and variables can be looked at all the same.",
            icon=":material/table_chart:",
        )
        st.page_link(page("data"), label="Go to Data", icon=":material/database:")


def when(study: Study) -> None:
    """The calendar of observations."""
    st.subheader("When")
    times = study.time
    if times is None:
        st.caption("The study does not say when its observations were made.")
    elif times.dtype.kind == "M":
        charts.draw(charts.calendar(times, palette()), f"Observations a month, {span(study)}")
    else:
        unit = study.spec.columns.time_unit or "time"
        charts.draw(charts.timeline(times, unit, palette()), f"Observations by time in {unit}, {span(study)}")


def next_steps(study: Study) -> None:
    """Where to go from here."""
    st.subheader("Where to go next")
    with st.container(border=True):
        if study.embedding_names:
            st.page_link(
                page("map"),
                label="**Map**: colour, filter, select, save as CSV",
                icon=":material/scatter_plot:",
            )
            st.page_link(
                page("background"),
                label="**Background**: which variables shape the latent space",
                icon=":material/bar_chart:",
            )
        if study.animal is not None and study.time is not None:
            st.page_link(
                page("herd"),
                label="**Herd round**: which animals have changed, since when, what to check",
                icon=":material/checklist:",
            )
        if study.has_pictures or study.feature_columns:
            st.page_link(
                page("training"),
                label="**Training**: teach an encoder to know these animals again",
                icon=":material/model_training:",
            )
        st.page_link(page("data"), label="**Data**: open a table of your own", icon=":material/upload_file:")


def variables(study: Study) -> None:
    """What is known of the observations, and how much of it is missing."""
    st.subheader("What is known")
    table = variables_table(study)
    if table.empty:
        st.caption("No variable is described in study.toml yet, so there is nothing to colour by.")
        return
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        column_config={
            "variable": st.column_config.TextColumn("variable", width="medium"),
            "missing": st.column_config.ProgressColumn(
                "missing", format="%.1f %%", min_value=0, max_value=100, width="small"
            ),
            "values": st.column_config.TextColumn("values", width="large"),
        },
    )


@st.cache_data(max_entries=8, show_spinner="Looking the study over")
def _checked(path: str, stamped: tuple[object, ...], _study: Study) -> list[Finding]:
    del path, stamped
    return check(_study)


def findings(study: Study) -> None:
    """What a look over the study found, with a button that also looks at every picture."""
    st.subheader("What was noticed")
    stamped = stamp(str(study.path))
    key = f"check-{study.path}"
    found = _checked(str(study.path), stamped, study)
    looked = jobs.job(key)
    if looked is not None and looked.state == "done":
        found = looked.result()
    show_findings(found)
    if not study.has_pictures:
        return
    if looked is not None and looked.state == "running":
        jobs.watch(key, "Looking at every picture")
    elif looked is not None and looked.state == "done":
        st.caption("Every picture was opened.")
    elif st.button("Look at every picture too", icon=":material/image_search:"):
        jobs.start_anew(key, check_at, study.path)
        st.rerun()


def show_findings(found: list[Finding]) -> None:
    """Findings as a list, errors first; the rest on request."""
    if not found:
        st.markdown(":green[:material/check_circle:] Nothing to mend.")
        return
    kinds = [count(sum(f.severity == kind for f in found), kind) for kind in ("error", "warning", "note")]
    st.caption(", ".join(kinds))
    st.markdown("\n".join(_line(finding) for finding in found[:_SHOWN_FINDINGS]))
    if len(found) > _SHOWN_FINDINGS:
        with st.expander(f"{len(found) - _SHOWN_FINDINGS} more"):
            st.markdown("\n".join(_line(finding) for finding in found[_SHOWN_FINDINGS:]))


def _line(finding: Finding) -> str:
    how = f" {for_markdown(finding.how)}." if finding.how else ""
    return f"- {_MARKS[finding.severity]} **{for_markdown(finding.place)}**: {for_markdown(finding.what)}.{how}"
