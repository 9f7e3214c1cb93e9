"""In which latent dimensions the subgroups of a task, or of a background variable, differ."""

from functools import partial

import streamlit as st

from explorer.space.divergence import FEWEST, Divergences
from explorer.space.divergence_table import dimension_names, export_divergences
from explorer.space.saliency_asked import Background
from explorer.study.embeddings import Embedding
from explorer.study.study import Study
from explorer.ui.background.charts import MOST_DIMENSIONS, apart
from explorer.ui.background.tables import dimensions
from explorer.ui.charts import draw
from explorer.ui.describe import variable_labels
from explorer.ui.palette import palette
from explorer.ui.plain import count, for_markdown
from explorer.ui.saving import save_buttons


def dimensions_part(study: Study, embedding: Embedding, found: Background) -> None:
    """A choice of what to compare, the dimensions in which it differs most, all of them as a table and a file."""
    st.subheader("In which dimensions groups differ")
    if not found.divergences:
        st.caption(f"No variable has two groups of at least {FEWEST} animals each.")
        return
    labels = variable_labels(study)
    name = st.selectbox(
        "Groups of",
        list(found.divergences),
        format_func=labels.__getitem__,
        key=f"background_groups-{study.path}",
        width=320,
        help="Tasks first. Ordered groups are compared at their ends, numbers by their lowest and highest third, "
        "others by the two largest groups.",
    )
    one = found.divergences[name]
    called = {place: labels.get(name, name) for place, name in dimension_names(embedding).items()}
    st.caption(_whom(one))
    widest = one.widest[:MOST_DIMENSIONS]
    titles = [_title(each.dimension, called) for each in widest]
    draw(
        apart(widest, titles, palette()),
        f"How far the two groups lie apart in the {len(widest)} dimensions in which they differ most",
        "background_apart",
    )
    which = (
        f"The {len(widest)} of {len(one.dimensions):,} dimensions that differ most. "
        if len(widest) < len(one.dimensions)
        else ""
    )
    st.caption(
        f"{which}Each group is taken for a bell curve in each dimension. Jeffrey's divergence grows with the distance "
        "of the two means and with the difference of their spreads; 0 is alike. A sample's is above that by chance, so "
        "an interval that reaches near 0 says nothing."
    )
    with st.expander("All dimensions, and Wasserstein's distance", icon=":material/table_rows:"):
        st.dataframe(dimensions(one, called), hide_index=True)
        st.caption(
            "W2 squared: (difference of the means) squared + (difference of the spreads) squared, in units of the "
            "dimension's variance. Intervals are 95 %, over animals."
        )
    file = f"{study.path.name}-divergences.csv"
    with st.container(horizontal=True):
        made = partial(export_divergences, study, found, file=file)
        save_buttons("Save as CSV", made, file, key="background_dimensions")
    st.caption(
        f"The file holds all dimensions of all {count(len(found.divergences), 'variable')} listed above. From the "
        f"command line: the command further up with --divergences {for_markdown(file)}."
    )


def _title(dimension: int, called: dict[int, str]) -> str:
    return f"{dimension} ({called[dimension]})" if dimension in called else f"dimension {dimension}"


def _whom(one: Divergences) -> str:
    groups = zip((one.first, one.second), one.observations, one.animals, strict=True)
    said = [
        f"**{for_markdown(name)}** ({count(rows, 'observation')} of {count(animals, 'animal')})"
        for name, rows, animals in groups
    ]
    return f"{said[0]} beside {said[1]}."
