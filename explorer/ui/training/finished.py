"""What came of a run: its encoder's card, whom it has never seen, and an embedding of the study by it."""

import shlex

import streamlit as st

from explorer.errors import UserError
from explorer.learning.run_folders import RunFolder
from explorer.study.study import Study
from explorer.ui import embedding
from explorer.ui.failures import in_the_app
from explorer.ui.plain import count, for_markdown

_MOST_NAMED = 12


def result(study: Study, run: RunFolder) -> None:
    """The encoder of a finished run, and what to do with it."""
    st.subheader("The encoder")
    st.markdown(_unused(study, run))
    st.caption("What counts is how well it does on those, which only this command tells, with intervals and baselines:")
    st.code(shlex.join(["latent-explorer", "evaluate", str(study.path), "--model", str(run.folder)]), language="bash")
    if not embedding.watched(study):
        _embed(study, run)
    if run.card:
        with st.expander("Its card: what it has learnt, and from what", icon=":material/badge:"):
            st.markdown(run.card)


def _embed(study: Study, run: RunFolder) -> None:
    row = st.container(horizontal=True, vertical_alignment="bottom")
    name = row.text_input(
        "Name of the embedding", value=run.folder.name, key=f"training_embed_name-{run.folder}", width=240
    )
    again = name in study.embedding_names
    if row.button(
        "Embed this study with it",
        key=f"training_embed-{run.folder}",
        type="primary",
        icon=":material/scatter_plot:",
        help=f"The embedding {for_markdown(name)} that there is will be replaced." if again else None,
    ):
        try:
            embedding.start(study, run.folder, name)
        except UserError as error:
            st.error(in_the_app(str(error)), icon=":material/error:")
            return
        st.rerun()
    if again:
        st.caption(f"There is an embedding {for_markdown(name)} already; it would be replaced.")


def _unused(study: Study, run: RunFolder) -> str:
    """Which animals of the study were not used, in a sentence."""
    if study.animal is None or run.data != (study.data_hash,):
        return "It has learnt from other data than this study holds now: which animals are new to it is not known."
    (parts,) = run.parts
    dealt = {name for names in parts.values() for name in names}
    rare = [str(name) for name in study.animal.cat.categories if str(name) not in dealt]
    test = list(parts["test"])
    named = ", ".join(for_markdown(name) for name in test[:_MOST_NAMED])
    more = f" and {len(test) - _MOST_NAMED:,} more" if len(test) > _MOST_NAMED else ""
    said = (
        f"Of the {count(len(dealt) + len(rare), 'animal')} of this study it has learnt from {len(parts['train']):,}; "
        f"{len(parts['validation']):,} chose its best moment; **{len(test):,} were never used** ({named}{more})."
    )
    if rare:
        said += f" {count(len(rare), 'animal was', 'animals were')} left out: seen fewer than twice."
    return said
