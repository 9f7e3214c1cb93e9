"""Sweeps on the Training page: started, watched, and what they say."""

from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from explorer.errors import UserError
from explorer.learning.sweep_folder import Sweep, find_sweeps, read_sweep
from explorer.learning.sweep_plan import CHOICES, METHODS, USUAL_METHODS, Over, SweepPlan, usual_plan
from explorer.learning.sweep_tables import NAMES, said, shown, summary
from explorer.learning.tasks import sweep_at
from explorer.places import made_of
from explorer.study.export import csv_bytes
from explorer.study.study import Study
from explorer.ui import jobs
from explorer.ui.palette import palette
from explorer.ui.plain import count, for_markdown
from explorer.ui.sweep_chart import sweep_chart

_OVER: dict[Over, str] = {"matches": "How many labels must agree (n)", "alpha": "The losses' angle (alpha)"}
_CHARTED = tuple(name for name in NAMES if name != "labels_alike_by_chance")


def sweeps_panel(study: Study) -> None:
    """Start a sweep of ``study``, watch it, and see the ones that there are."""
    st.subheader("Sweeps")
    st.caption(
        "A sweep trains one encoder for each value of a choice and for several seeds, and measures all of them alike "
        "on animals that none of them has seen. It says whether a value is better than others by more than chance."
    )
    if study.animal is None or not (study.has_pictures or study.feature_columns):
        st.info("A sweep needs animals that are told apart, and pictures or features of them.", icon=":material/info:")
        return
    place = made_of(study.path, "sweeps")
    found = find_sweeps(place)
    with st.expander("Start a sweep", expanded=not found, icon=":material/add:"):
        _start(study, place)
    beginning = f"{_key(place)}/"
    begun = [place / key.removeprefix(beginning) for key in jobs.known(beginning)]
    names = {path.name: path for path in [*(path for path in begun if path not in found), *reversed(found)]}
    if not names:
        return
    if (latest := st.session_state.pop("sweep_started", None)) in names:
        st.session_state["sweep"] = latest
    chosen = names[st.selectbox("Sweep", list(names), key="sweep", width=260)]
    if chosen in found:
        _show(study, chosen)
    else:
        _await(chosen)


def _start(study: Study, place: Path) -> None:
    over = st.segmented_control(
        "What to vary", list(_OVER), default="matches", required=True, format_func=_OVER.__getitem__, key="sweep_over"
    )
    assert over is not None
    row = st.container(horizontal=True, vertical_alignment="bottom")
    asked: dict[str, Any] = {
        "seeds": int(row.number_input("Seeds", 1, 20, 3, key="sweep_seeds", width=120)),
        "steps": int(row.number_input("Steps of each run", 1, 999_999, 300, key="sweep_steps", width=160)),
        "methods": row.multiselect(
            "Losses",
            CHOICES,
            default=USUAL_METHODS[over],
            format_func=lambda name: METHODS[name],
            key=f"sweep_methods_{over}",
            width=420,
        ),
    }
    try:
        plan = usual_plan(study, over, **asked)
    except UserError as error:
        st.warning(for_markdown(error), icon=":material/info:")
        return
    runs = sum(1 for _ in plan.cells())
    values = ", ".join(f"{value:g}" for value in plan.values)
    st.caption(
        for_markdown(
            f"{count(runs, 'run')}: {'n' if over == 'matches' else 'alpha'} = {values}, each with "
            f"{count(plan.seeds, 'seed')}, and an untrained network for each seed. Labels: {', '.join(plan.tasks)}. "
            "With fewer than three seeds hardly anything can be told from chance."
        )
    )
    paths = (place / f"{over}-{number}" for number in range(1, 10_000))
    folder = next(path for path in paths if not path.exists() and jobs.state(_key(path)) is None)
    st.button(
        "Start the sweep",
        type="primary",
        icon=":material/play_arrow:",
        key="sweep_start",
        on_click=partial(_begin, study, plan, folder),
    )


def _begin(study: Study, plan: SweepPlan, folder: Path) -> None:
    jobs.start_anew(_key(folder), sweep_at, study.path, plan, folder, lane="training")
    st.session_state["sweep_started"] = folder.name


def _key(folder: Path) -> str:
    return f"sweep-{folder}"


def _await(folder: Path) -> None:
    """A sweep that has written nothing yet, or could not begin."""
    key = _key(folder)
    if jobs.watched(key, f"Sweep {folder.name}"):
        return
    st.warning(for_markdown(jobs.trouble(key) or "Its folder is gone."), icon=":material/error:")
    st.button("Forget it", key=f"forget-{key}", on_click=partial(jobs.forget, key), icon=":material/close:")


def _show(study: Study, folder: Path) -> None:
    sweep = read_sweep(folder)
    _progress(study, sweep)
    st.caption(for_markdown(f"{len(sweep.table)} of {count(sweep.total, 'run')} finished. Kept in {folder}"))
    if not len(sweep.table):
        return
    means = summary(sweep)
    for sentence in _said(str(folder), len(sweep.table), sweep):
        st.markdown(f"- {for_markdown(sentence)}")
    st.caption(
        "Losses say nothing of which value is better: with another n the triplets are others, with another alpha the "
        "loss is another function. Labels alike, recall@1 and mAP@R are measured alike for all."
    )
    measure = st.segmented_control(
        "Figure",
        [name for name in _CHARTED if means[name].notna().any()],
        default="labels_alike",
        required=True,
        format_func=NAMES.__getitem__,
        key="sweep_measure",
    )
    assert measure is not None
    if means.loc[means["method"] != "untrained", measure].notna().any():
        chart = sweep_chart(sweep, means, measure, palette())
        st.plotly_chart(chart, key="sweep_chart", config={"displayModeBar": False})
        st.caption("Large marks: means over seeds with 95 % intervals (Student's t). Small marks: single seeds.")
    st.dataframe(shown(means), hide_index=True)
    with st.container(horizontal=True):
        _download("Each run (CSV)", f"{folder.name}-sweep.csv", sweep.table)
        _download("Means and intervals (CSV)", f"{folder.name}-summary.csv", means)


def _progress(study: Study, sweep: Sweep) -> None:
    """How far a sweep is, or what to do to go on with it."""
    key = _key(sweep.folder)
    if jobs.watched(key, f"Sweep {sweep.folder.name}"):
        st.caption("Finished runs are kept. You may leave the page: the work goes on.")
        return
    if sweep.finished:
        jobs.forget(key)
        return
    if why := jobs.trouble(key):
        st.warning(for_markdown(why), icon=":material/error:")
    if sweep.file.data_hash != study.data_hash:
        st.warning("The study has changed since this sweep was started, so it cannot go on.", icon=":material/history:")
        return
    st.button(
        "Go on with it",
        key=f"go-on-{key}",
        icon=":material/play_arrow:",
        on_click=partial(_begin, study, sweep.plan, sweep.folder),
    )


@st.cache_data(max_entries=16, show_spinner=False)
def _said(folder: str, finished: int, _sweep: Sweep) -> list[str]:
    del folder, finished
    return list(said(_sweep))


def _download(label: str, name: str, frame: pd.DataFrame) -> None:
    st.download_button(
        label, csv_bytes(frame), name, "text/csv", key=f"download-{name}", on_click="ignore", icon=":material/download:"
    )
