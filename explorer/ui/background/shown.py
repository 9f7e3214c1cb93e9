"""What was found of the background variables: sentences, bars, tests, numbers, and how they hang together."""

import shlex

import numpy as np
import streamlit as st

from explorer.space.saliency import VariableSaliency
from explorer.space.saliency_asked import Background
from explorer.space.saliency_said import said_of, said_of_pairs
from explorer.space.saliency_table import export_saliency
from explorer.study.study import Study
from explorer.ui.background.charts import probes, shares, together
from explorer.ui.background.tables import inflation, numbers, ways
from explorer.ui.charts import draw
from explorer.ui.navigation import go_to
from explorer.ui.palette import palette
from explorer.ui.plain import count, for_markdown
from explorer.ui.saving import save_buttons
from explorer.ui.state import propose, view


def sentences_part(found: Background) -> None:
    """A sentence for each variable, those that explain most first, each with the way to the map coloured by it."""
    saliency = found.saliency
    st.subheader("What shapes the space")
    for one, sentence in zip(saliency.variables, said_of(saliency), strict=True):
        left, right = st.columns([5, 3], vertical_alignment="center")
        left.markdown(f"{for_markdown(sentence)}.")
        if right.button(
            f"Colour by {for_markdown(one.label)}",
            key=f"background_colour-{one.name}",
            icon=":material/palette:",
            help=f"Opens the map, coloured by {for_markdown(one.label)}",
            width="stretch",
        ):
            colour_map(found, one.name)
    if inseparable := said_of_pairs(saliency):
        st.warning("  \n".join(f"{for_markdown(one)}." for one in inseparable), icon=":material/join_inner:")
    with st.expander(f"Who took part: {count(saliency.observations, 'observation')}", icon=":material/groups:"):
        said = [f"- {for_markdown(remark[0].upper() + remark[1:])}." for remark in saliency.remarks]
        st.markdown("\n".join(said) if said else "All observations have a vector and a value of each variable.")


def colour_map(found: Background, name: str) -> None:
    """Go to the map of the vectors that were looked at, coloured by the variable ``name``."""
    propose(view().but(embedding=found.asked.embedding, colour=name))
    go_to("map")


def shares_part(found: Background) -> None:
    """The ranked bars; a click on one goes to the map coloured by its variable."""
    variables = found.saliency.variables
    st.subheader("How much each explains")
    clicked = st.plotly_chart(
        shares(variables, palette()),
        theme=None,
        config={"displayModeBar": False},
        key="background_shares",
        on_select="rerun",
        selection_mode="points",
        alt="Share of the vectors' variance that each variable explains; the table below holds the numbers",
    )
    points = clicked["selection"]["points"]
    if points and (name := _name_of(points[0])) in {one.name for one in variables}:
        colour_map(found, str(name))
    whom = f"over {_animals(variables)}" if _animals(variables) else "over observations"
    whiskers = f"Whiskers: 95 % intervals {whom}. " if any(np.isfinite(one.r2.low) for one in variables) else ""
    said = f"{whiskers}Click a bar to see the map coloured by it."
    if len(variables) > 1:
        said = (
            "*Alone*: what a variable explains if nothing else is known. *Beyond the others*: what is left of it once "
            "all others are known. *Shared*: the difference, which others could explain as well; below 0 where a "
            f"variable explains more once they are known. {said}"
        )
    st.caption(said)


def _name_of(point: dict[str, object]) -> object:
    name = point.get("customdata")
    return name[0] if isinstance(name, list) and name else name


def _animals(variables: tuple[VariableSaliency, ...]) -> str:
    """How many animals there are, at least and at most; empty where the study does not tell them apart."""
    sizes = [one.animals for one in variables if one.animals is not None]
    if not sizes:
        return ""
    return count(max(sizes), "animal") if min(sizes) == max(sizes) else f"{min(sizes):,} to {max(sizes):,} animals"


def tests_part(found: Background) -> None:
    """What vectors tell of each variable, and how chance was told."""
    variables = found.saliency.variables
    st.subheader("Can the vectors of other animals tell it?")
    chart = probes(variables, palette())
    if any(np.isfinite(one.probe.value) for one in variables):
        draw(chart, "R squared of each variable on animals held out, beside that of shuffles", "background_probes")
        st.caption(
            "A straight-line model predicts each variable from the vectors of animals that it has not seen; 1 is all "
            "of it, 0 no better than the mean. What lies right of its grey band is more than chance. A variable may be "
            "told well and explain little of the space: it then lies in directions in which vectors vary little."
        )
    else:
        st.caption("Not asked: with fewer than 10 animals, a few held out say nothing about the next one.")
    st.markdown(f"**How chance was told**, by {found.saliency.permutations:,} shuffles of each variable:")
    lines = [f"- {', '.join(for_markdown(label) for label in labels)}: {how}." for how, labels in ways(variables)]
    st.markdown("\n".join(lines))


def numbers_part(study: Study, found: Background) -> None:
    """All numbers, to read and to save, and the command that makes the same file."""
    st.subheader("The numbers")
    share = st.column_config.NumberColumn(format="percent")
    st.dataframe(
        numbers(found.saliency.variables),
        hide_index=True,
        column_config={
            **dict.fromkeys(("alone", "beyond the others", "shared"), share),
            "p": st.column_config.NumberColumn(
                format="%.3g", help="The share of shuffles that explain as much as the labels do"
            ),
            "p of the scatter": st.column_config.NumberColumn(
                format="%.3g",
                help="The same of how far observations lie from where their label puts them: a small one says that "
                "groups differ in spread, which may be part of what is explained",
            ),
            "distance correlation": st.column_config.NumberColumn(
                format="%.3f",
                help="Bias-corrected and squared: about 0 for a variable that has nothing to do with the vectors, "
                "however they might hang together",
            ),
            "its observations": st.column_config.NumberColumn(help="From how many the distance correlation is"),
            "between animals": st.column_config.NumberColumn(
                format="percent", help="How much of the variable lies between animals; the rest changes within them"
            ),
        },
    )
    file = f"{study.path.name}-saliency.csv"
    with st.container(horizontal=True):
        save_buttons("Save as CSV", lambda: export_saliency(study, found, file=file), file, key="background_numbers")
    st.caption("The same file from the command line:")
    words = ["latent-explorer", "saliency", str(study.path), *found.asked.words(), "--out", file]
    st.code(shlex.join(words), language="bash", wrap_lines=True)


def together_part(found: Background) -> None:
    """How the variables hang together among themselves."""
    saliency = found.saliency
    if len(saliency.variables) < 2:
        return
    st.subheader("How the variables hang together")
    labels = {one.name: one.label for one in saliency.variables}
    draw(
        together(saliency.association, labels, palette()),
        "How strongly each two of the variables hang together, from 0 to 1",
        "background_together",
    )
    st.caption(
        "0: not at all; 1: one follows from the other. Which measure it is depends on the kinds of the two, and is "
        "told under the pointer. What hangs together is hard to tell apart: only what a variable explains *beyond the "
        "others* is its own."
    )
    st.dataframe(
        inflation(saliency.association, labels),
        hide_index=True,
        width=520,
        column_config={
            "told by all others": st.column_config.ProgressColumn(
                format="percent", min_value=0, max_value=1, help="Missing counts as a category of the others"
            ),
            "variance inflation": st.column_config.TextColumn(
                help="1 / (1 - what the others tell); above 10 a variable cannot be separated from the others"
            ),
        },
    )
