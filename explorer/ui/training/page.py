"""The Training page: what there is, what is started, and the run that is looked at."""

from pathlib import Path

import pandas as pd
import streamlit as st

from explorer.learning.run_folders import RunFolder, runs_in
from explorer.places import made_of
from explorer.study.study import Study
from explorer.ui import jobs
from explorer.ui.failures import in_the_app
from explorer.ui.plain import count, for_markdown
from explorer.ui.training.comparing import compare
from explorer.ui.training.form import FOLLOW, form, refusal
from explorer.ui.training.standing import SAID, folders_at_work, key_of, standing
from explorer.ui.training.watching import whole

_RUNS, _SWEEPS = "Runs", "Sweeps"


def show(study: Study) -> None:
    """Draw the page."""
    st.title("Training")
    part = st.segmented_control(
        "What to look at",
        [_RUNS, _SWEEPS],
        default=_RUNS,
        required=True,
        key="training_part",
        label_visibility="collapsed",
    )
    if part == _SWEEPS:
        from explorer.ui.sweeps import sweeps_panel

        sweeps_panel(study)
    else:
        _runs(study)


def _runs(study: Study) -> None:
    place = made_of(study.path, "encoders")
    runs, wrong = runs_in(place)
    why = "" if place.is_relative_to(study.path) else ", since nothing may be written into this study"
    st.caption(
        f"An encoder learns to turn each observation of **{for_markdown(study.name)}** into a vector. Runs are kept in "
        f"{for_markdown(place)}{why}; those that the command line trains there are listed too."
    )
    if reason := refusal(study):
        st.info(in_the_app(reason), icon=":material/info:")
    else:
        with st.expander("Start a run", expanded=not runs, icon=":material/add:"):
            form(study, place)
    _not_there_yet([folder for folder in folders_at_work(place) if folder not in {run.folder for run in runs}])
    for sentence in wrong:
        st.warning(sentence, icon=":material/warning:")
    if not runs:
        return
    _table(study, runs)
    names = [run.folder.name for run in runs]
    key = f"training_run-{place}"
    if st.session_state.get(FOLLOW) in names:
        st.session_state[key] = st.session_state.pop(FOLLOW)
    elif st.session_state.get(key) not in names:
        st.session_state[key] = names[0]
    chosen = st.selectbox("Run to look at", names, key=key, width=320)
    whole(study, runs[names.index(chosen)])
    compare(study, runs)


def _not_there_yet(folders: list[Path]) -> None:
    """Runs that were asked for and have no folder: what is learnt from is still read, or could not be."""
    for folder in folders:
        if jobs.watched(key_of(folder), f"Training {for_markdown(folder.name)}"):
            _await(folder)
        elif trouble := jobs.trouble(key_of(folder)):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.error(f"{for_markdown(folder.name)}: {in_the_app(trouble)}", icon=":material/error:")
                st.button(
                    "Dismiss", key=f"training_dismiss-{folder}", on_click=jobs.forget, args=(key_of(folder),), width=110
                )


@st.fragment(run_every=1.0)
def _await(folder: Path) -> None:
    """Draw the page anew when the run in ``folder`` has begun to learn; shows nothing."""
    if folder.exists():
        st.rerun()


def _table(study: Study, runs: list[RunFolder]) -> None:
    st.subheader(count(len(runs), "run"))
    rows = []
    for run in runs:
        best = run.best
        row: dict[str, object] = {"run": run.folder.name, "stands": SAID[standing(run)]}
        row["begun"] = pd.Timestamp(run.began, unit="s", tz="UTC").tz_convert(None)
        row["learns"] = learns(study, run)
        row["steps"] = run.looks[-1].step if run.looks else 0
        row["recall@1"], row["mAP@R"] = (None, None) if best is None else (best.recall, best.precision)
        rows.append(row)
    share = st.column_config.NumberColumn(format="percent", help="On validation animals, at the best look: it flatters")
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "begun": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm"),
            "recall@1": share,
            "mAP@R": share,
        },
    )


def learns(study: Study, run: RunFolder) -> str:
    """What a run learns, in a few words."""
    labels = {name: variable.label or name for name, variable in study.variables.items()}
    recipe = run.recipe
    said = ["animals"] if recipe.get("identity", 1.0) else []
    if tasks := recipe.get("regress"):
        said.append("to say " + ", ".join(labels.get(task, task) for task in tasks))
    if tasks := recipe.get("tasks"):
        enough = recipe.get("min_matches")
        said.append(
            f"{enough} of {len(tasks)} tasks alike"
            if enough
            else f"alike by {', '.join(labels.get(t, t) for t in tasks)}"
        )
    return "; ".join(said)
