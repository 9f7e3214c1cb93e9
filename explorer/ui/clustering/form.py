"""What is to be clustered, and how: the fields of the Clusters page."""

from collections.abc import Callable

import streamlit as st

from explorer.clustering.clusters import (
    METHODS,
    MOST,
    MOST_WEIGHT,
    WAYS,
    Bins,
    Clusters,
    Method,
    Way,
    as_number,
    usual_size,
)
from explorer.clustering.gap import number_at
from explorer.errors import UserError
from explorer.study.study import Study
from explorer.ui import jobs
from explorer.ui.describe import variable_labels
from explorer.ui.failures import in_the_app
from explorer.ui.maps import chosen_embedding, opened_embedding
from explorer.ui.plain import for_markdown
from explorer.ui.state import view
from explorer.ui.studies import stamp

_HAND, _GAP = "by hand", "by the gap statistic"
_USUAL_NUMBER = 8  # of clusters that k-means makes
_WAYS: dict[Way, str] = {
    "plain": "Vectors alone",
    "residual": "Variables taken out",
    "joined": "Variables taken in",
    "strata": "Inside each stratum",
}
_HELP = (
    "*Vectors alone*: no variable takes part. *Variables taken out*: the vectors less what the variables add to them, "
    "so that clusters cannot be seasons in disguise. *Variables taken in*: the variables beside the vectors, with the "
    "weight that you give. *Inside each stratum*: each combination of the variables' values is clustered by itself."
)
_GAP_WANTED = "clusters_gap_wanted"


def form(study: Study, now: Clusters | None, ask: Callable[[Clusters], None]) -> None:
    """Fields that begin with the clusters ``now``; what is asked for goes to ``ask``."""
    names = study.embedding_names
    top = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    embedding = chosen_embedding(study, view())
    assert embedding is not None
    if len(names) > 1:
        place = names.index(now.embedding if now and now.embedding in names else embedding)
        embedding = top.selectbox("Embedding", names, index=place, key=f"clusters_embedding-{study.path}", width=220)
    method = top.segmented_control(
        "Method",
        list(METHODS),
        default=now.method if now else "hdbscan",
        required=True,
        format_func=METHODS.__getitem__,
        key="clusters_page_method",
        help="HDBSCAN finds dense places and calls what lies between noise. k-means makes as many as you ask for.",
    )
    way = top.segmented_control(
        "Background variables",
        list(_WAYS),
        default=now.way if now else "plain",
        required=True,
        wrap=True,
        format_func=_WAYS.__getitem__,
        key="clusters_way",
        help=_HELP,
    )
    assert method is not None and way is not None
    by: tuple[str, ...] = ()
    weight = 1.0
    if way != "plain":
        by, weight = _variables(study, way, now)
    n = int(opened_embedding(study, stamp(str(study.path)), embedding).complete.sum())
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    size, how = _size(row, method, way, n, now)
    bins = _bins(study, by, now) if way == "strata" else ()
    if way != "plain" and not by:
        st.caption("Choose the variables first.")
    pressed = row.button(
        "Make clusters",
        type="primary",
        icon=":material/bubble_chart:",
        disabled=bins is None or (way != "plain" and not by),
        key="clusters_make",
    )
    if bins is None:
        return
    wanted = Clusters(method, size, embedding, None, way, by, weight if way == "joined" else 1.0, bins)
    if pressed:
        if how == _GAP:
            st.session_state[_GAP_WANTED] = wanted
            jobs.forget(_job(study, wanted))
        else:
            ask(wanted)
            st.rerun()
    _await_gap(study, ask)


def _variables(study: Study, way: Way, now: Clusters | None) -> tuple[tuple[str, ...], float]:
    labels = variable_labels(study)
    usable = [name for name in study.variables if study.variables[name].role == "background"]
    usable += [name for name in study.variables if name not in usable]
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    by = row.multiselect(
        "Which variables",
        usable,
        default=[name for name in (now.by if now else ()) if name in usable],
        format_func=lambda name: labels[name],
        key=f"clusters_by-{study.path}",
        placeholder="Age, season, ...",
        width=420,
    )
    weight = 1.0
    if way == "joined":
        weight = row.number_input(
            "Their weight",
            0.0,
            MOST_WEIGHT,
            value=now.weight if now else 1.0,
            step=0.5,
            key="clusters_weight",
            width=140,
            help="1: all variables together count as much as the vectors. 0: not at all.",
        )
    return tuple(by), float(weight)


def _size(
    row: st.delta_generator.DeltaGenerator, method: Method, way: Way, n: int, now: Clusters | None
) -> tuple[int, str]:
    """How many clusters, or how large; and whether a number is given or to be found."""
    how = _HAND
    most = max(2, min(n, MOST))
    if method == "kmeans":
        how = (
            row.segmented_control(
                "How many",
                [_HAND, _GAP],
                default=_HAND,
                required=True,
                key="clusters_how_many",
                help="The gap statistic (Tibshirani and others, 2001) compares the fall in scatter with that of clouds "
                "that have no clusters; it may say that there are none.",
            )
            or _HAND
        )
        if how == _GAP:
            return 2, how
    dense = method == "hdbscan"
    same = now is not None and now.method == method
    usual = usual_size(n) if dense else _USUAL_NUMBER
    label = "Observations in a cluster, at least" if dense else "Clusters"
    if way == "strata":
        label += ", in each stratum"
    value = max(2, min(most, now.size if same and now else usual))
    size = row.number_input(label, 2, most, value=value, key=f"clusters_page_size_{method}", width=250)
    return int(size), how


def _bins(study: Study, by: tuple[str, ...], now: Clusters | None) -> Bins | None:
    """Edges by hand of those variables that are numbers; None when one cannot be read."""
    numbers = [name for name in by if _is_number(study, name)]
    if not numbers:
        return ()
    labels = variable_labels(study)
    before = dict(now.bins) if now else {}
    out = []
    row = st.container(horizontal=True, gap="medium")
    for name in numbers:
        cyclic = study.variables[name].cycle is not None
        text = row.text_input(
            f"{'Arcs' if cyclic else 'Bins'} of {labels[name]}",
            value=", ".join(map(as_number, before.get(name, ()))),
            key=f"clusters_bins-{study.path}-{name}",
            placeholder="4 equal arcs" if cyclic else "3 of equal size",
            help="Where each arc begins, for example 3, 6, 9, 12"
            if cyclic
            else "The edges between bins, for example 2, 5",
            width=220,
        )
        if not text.strip():
            continue
        try:
            out.append((name, tuple(float(part) for part in text.replace(";", ",").split(",") if part.strip())))
        except ValueError:
            st.warning(f"{for_markdown(text)} is no list of numbers: write them like 2, 5.", icon=":material/info:")
            return None
    return tuple(out)


def _is_number(study: Study, name: str) -> bool:
    try:
        return study.values(name).dtype.kind == "f"
    except UserError:  # which is told when clusters are made
        return False


# --- how many, by the gap statistic ----------------------------------------------------------------------


def _job(study: Study, wanted: Clusters) -> str:
    return f"gap-{study.path}-{study.data_hash}-{wanted.name}"


def _await_gap(study: Study, ask: Callable[[Clusters], None]) -> None:
    """The number that the gap statistic finds, as soon as it is there."""
    wanted: Clusters | None = st.session_state.get(_GAP_WANTED)
    if wanted is None or wanted.embedding not in study.embedding_names:
        return
    key = _job(study, wanted)
    if jobs.state(key) is None:
        jobs.start(key, number_at, study.path, wanted, lane="maps")
    found = jobs.job(key)
    if jobs.watched(key, "How many clusters"):
        return
    if trouble := jobs.trouble(key):
        st.info(in_the_app(trouble), icon=":material/info:")
        st.button("Close", key=f"close-{key}", on_click=lambda: st.session_state.pop(_GAP_WANTED, None))
    elif found is not None:
        number, said = found.result()
        del st.session_state[_GAP_WANTED]
        ask(wanted._replace(size=number))
        st.session_state["clusters_gap_said"] = (wanted._replace(size=number).name, said)
        st.rerun()


def gap_said(wanted: Clusters) -> tuple[str, ...]:
    """Why there are as many clusters as there are, where the gap statistic was asked."""
    name, said = st.session_state.get("clusters_gap_said", ("", ()))
    return tuple(said) if name == wanted.made.name else ()


def ways_said(wanted: Clusters) -> str:
    """How ``wanted`` are made, in words."""
    return f"{METHODS[wanted.method]}, {WAYS[wanted.way]}"
