"""Whether to believe the clusters: do they come again with other animals, and do they only follow who an animal is?"""

import pandas as pd
import streamlit as st

from explorer.clustering.against_identity import AgainstIdentity, against_identity
from explorer.clustering.bootstrap_stability import (
    DISSOLVED,
    DRAWS,
    READINGS,
    STABLE,
    Stability,
    read_stability,
    stability_at,
)
from explorer.clustering.conditioned import Assignment
from explorer.clustering.distances_inside import DistancesInside, distances_inside_at
from explorer.clustering.edited import Edited
from explorer.errors import UserError
from explorer.learning.learnt_from import LearntFrom, learnt_from
from explorer.places import shipped_encoders
from explorer.study.study import Study
from explorer.ui import jobs
from explorer.ui.clustering.figures import measured
from explorer.ui.embedding import encoders_of
from explorer.ui.failures import in_the_app
from explorer.ui.maps import opened_embedding
from explorer.ui.plain import count, for_markdown
from explorer.ui.studies import stamp


def judged(study: Study, assignment: Assignment, state: Edited) -> None:
    """Agreement with identity, and stability under other draws of animals."""
    st.subheader("Whether to believe them")
    _identity(study, assignment)
    _distance(study, assignment, state)
    _stability(study, assignment, state)


@st.cache_data(max_entries=32, show_spinner=False)
def _agreement(
    path: str, stamped: tuple[object, ...], name: str, _study: Study, _assignment: Assignment
) -> tuple[AgainstIdentity, str]:
    del path, stamped, name
    known = held_out(_study, _assignment.wanted.embedding)
    return against_identity(_study, _assignment, known.held_out), known.sentence


def held_out(study: Study, embedding: str) -> LearntFrom:
    """What the encoder of ``embedding`` has learnt from, as far as it is at hand."""
    opened = opened_embedding(study, stamp(str(study.path)), embedding)
    return learnt_from(study, opened, [*shipped_encoders().values(), *encoders_of(study).values()])


def _identity(study: Study, assignment: Assignment) -> None:
    st.markdown("**Do they follow who an animal is?**")
    try:
        found, said = _agreement(str(study.path), stamp(str(study.path)), assignment.wanted.name, study, assignment)
    except UserError as error:
        st.caption(for_markdown(in_the_app(str(error))))
        return
    rows = [("Adjusted Rand index", found.ari), ("Adjusted mutual information", found.ami)]
    with st.container(horizontal=True, gap="large"):
        for label, one in rows:
            measured(label, one)
    whose = " that the encoder did not learn from" if found.held_out else ""
    st.caption(
        f"1: each animal is a cluster of its own; 0: no more than chance. {found.animals:,} animals{whose}, "
        f"{found.observations:,} observations; intervals over animals. {for_markdown(said)}"
    )


def _distance(study: Study, assignment: Assignment, state: Edited) -> None:
    """Whether some threshold tells animals apart inside a cluster where none does among all."""
    if study.animal is None:
        return
    st.markdown("**Would one distance tell animals apart inside them?**")
    key = f"distances-inside-{study.path}-{study.data_hash}-{assignment.wanted.name}"
    if jobs.watched(key, "Distances"):
        return
    done = jobs.job(key)
    if done is not None and done.state == "done":
        _distances(done.result(), state)
        return
    if trouble := jobs.trouble(key):
        st.warning(in_the_app(trouble), icon=":material/error:")
        jobs.forget(key)
    st.caption(
        "In each cluster: how far sightings of one animal lie apart at most, and how near two animals come. A "
        "threshold between the two would tell all of them apart."
    )
    st.button(
        "Measure distances",
        key="clusters_distances",
        icon=":material/straighten:",
        on_click=lambda: jobs.start(key, distances_inside_at, study.path, assignment.wanted, lane="maps"),
    )


def _distances(found: list[DistancesInside], state: Edited) -> None:
    verdicts = {True: "yes", False: "no", None: "cannot be told"}
    frame = pd.DataFrame(
        {
            "of": [state.called_by_number(one.group) for one in found],
            "observations": [one.observations for one in found],
            "animals": [one.animals for one in found],
            "one animal, at most": [one.largest_within for one in found],
            "two animals, at least": [one.smallest_between for one in found],
            "one distance does": [verdicts[one.has_tau] for one in found],
            "pairs that no distance sorts": [one.confused for one in found],
        }
    )
    st.dataframe(
        frame,
        hide_index=True,
        height=min(38 + 35 * len(frame), 300),
        column_config={
            "one animal, at most": st.column_config.NumberColumn(format="%.3f"),
            "two animals, at least": st.column_config.NumberColumn(format="%.3f"),
            "pairs that no distance sorts": st.column_config.NumberColumn(
                format="percent",
                help="Pairs of sightings of one animal that lie further apart than the two nearest animals",
            ),
        },
    )
    does = sum(one.has_tau is True for one in found)
    st.caption(
        f"One distance does in {does} of {count(len(found), 'group')}. A cluster leaves out pairs across its border by "
        "construction, and extremes hang on single pictures: the Threshold page says what can be promised."
    )


def _stability(study: Study, assignment: Assignment, state: Edited) -> None:
    st.markdown("**Do they come again with other animals?**")
    wanted = assignment.wanted.made
    key = f"stability-{study.path}-{study.data_hash}-{wanted.name}"
    found = read_stability(study, wanted)
    if found is None:
        if jobs.watched(key, "Stability"):
            return
        if trouble := jobs.trouble(key):
            st.warning(in_the_app(trouble), icon=":material/error:")
            jobs.forget(key)
        st.caption(
            f"Clusters the study {DRAWS} times anew, each time with other animals drawn at random (with replacement), "
            "and sees how much of each cluster comes again."
        )
        st.button(
            "Measure it",
            key="clusters_stability",
            icon=":material/replay:",
            on_click=lambda: jobs.start(key, stability_at, study.path, wanted, lane="maps"),
        )
        return
    _stable(found, state)


def _stable(found: Stability, state: Edited) -> None:
    bounds = [found.interval(place) for place in range(len(found.mean))]
    frame = pd.DataFrame(
        {
            "cluster": [str(place + 1) for place in range(len(found.mean))],
            "comes again": found.mean,
            "from": [low for low, _ in bounds],
            "to": [high for _, high in bounds],
            "reading": list(found.readings),
        }
    )
    st.dataframe(
        frame,
        hide_index=True,
        height=min(38 + 35 * len(frame), 260),
        column_config={
            "comes again": st.column_config.ProgressColumn(
                "comes again",
                format="%.2f",
                min_value=0,
                max_value=1,
                help="Mean Jaccard similarity of the cluster with the most similar one of each draw (Hennig, 2007)",
            ),
            "reading": st.column_config.TextColumn(help="; ".join(f"{one}: {said}" for one, said in READINGS.items())),
            "from": st.column_config.NumberColumn(format="%.2f", help="2.5 % of the draws lie below"),
            "to": st.column_config.NumberColumn(format="%.2f", help="2.5 % of the draws lie above"),
        },
    )
    made = " They are those that were made, before names, merges and splits." if state.names or state.merged else ""
    st.caption(
        f"{len(found.jaccard)} draws of {found.whom}. From {STABLE:.2f} on a cluster is stable, below "
        f"{DISSOLVED:.2f} it is dissolved by other animals. A cloud can be cut in a stable way too: stable is not "
        f"separate.{made}"
    )
