"""One run: how it stands, its curves and map while it learns, what came of it."""

from typing import Literal

import plotly.graph_objects as go
import streamlit as st

from explorer.errors import UserError
from explorer.learning.run_folders import RunFolder, read_run_folder
from explorer.study.study import Study
from explorer.ui import jobs
from explorer.ui.charts import draw
from explorer.ui.failures import in_the_app
from explorer.ui.palette import palette
from explorer.ui.plain import for_markdown
from explorer.ui.training.curves import chart, errors, losses, scores
from explorer.ui.training.finished import result
from explorer.ui.training.live_map import live_map
from explorer.ui.training.standing import SAID, Standing, key_of, resume, standing

_COLOURS: dict[Standing, Literal["green", "gray", "blue", "orange"]] = {
    "finished": "green",
    "waiting": "gray",
    "learning": "blue",
    "elsewhere": "blue",
    "stopped": "orange",
}
_EVERY = 2.0
"""Seconds between two readings of a run that learns."""


def whole(study: Study, run: RunFolder) -> None:
    """All of ``run``: state and what can be done about it, curves, map, result."""
    stands = standing(run)
    row = st.container(horizontal=True, vertical_alignment="center")
    row.subheader(for_markdown(run.name), width="content")
    row.badge(SAID[stands], color=_COLOURS[stands])
    if stands in ("waiting", "learning"):
        jobs.watch(key_of(run.folder), f"Training {for_markdown(run.name)}")
    elif stands == "stopped":
        _stopped(study, run)
    going_on = stands not in ("finished", "stopped")
    st.fragment(_seen, run_every=_EVERY if going_on else None)(study, run, stands)
    if stands == "finished":
        result(study, run)


def _stopped(study: Study, run: RunFolder) -> None:
    """Why it stopped, if that is known, and the way on."""
    trouble = jobs.trouble(key_of(run.folder))
    since = f"from step {run.looks[-1].step:,}" if run.looks else "from the start: it had not looked once"
    said = "It has not ended, and nothing is training it."
    if trouble:
        said = in_the_app(trouble)
    changed = run.data != (study.data_hash,)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"{for_markdown(said)} It can go on {since}, as if it had never been stopped.", width="stretch")
        st.button(
            "Go on",
            key=f"training_resume-{run.folder}",
            on_click=resume,
            args=(study, run.folder),
            icon=":material/play_arrow:",
            type="primary",
            disabled=changed,
            help="The study's data have changed since, so it would not be the same run: start a new one."
            if changed
            else None,
        )


def _seen(study: Study, run: RunFolder, stood: Standing) -> None:
    """Curves and map, as far as the run has come; draws the whole page again when it stands otherwise than it stood."""
    try:
        run = read_run_folder(run.folder)
    except UserError as error:
        st.warning(str(error), icon=":material/warning:")
        return
    if standing(run) != stood:
        st.rerun()
    best = run.best
    if best is None:
        every = run.recipe.get("look_every", 100)
        st.caption(f"Nothing to see yet: it looks at the validation animals every {every:,} steps.")
        return
    last = run.looks[-1]
    told = f"Best so far at step {best.step:,}" if stood != "finished" else f"Kept: the encoder of step {best.step:,}"
    st.markdown(
        f"{told} of {last.step:,}: **{best.sentence}**. These are validation animals, which choose the best moment: "
        "the figures flatter."
    )
    left, right = st.columns(2)
    with left:
        _draw("loss", chart(losses(run.looks), palette(), what="loss", marked=best.step), run)
    with right:
        _draw("scores", chart(scores(run.looks), palette(), what="share", share=True, marked=best.step), run)
    tasks = list(dict.fromkeys(task for look in run.looks for task in look.errors))
    for start in range(0, len(tasks), 2):
        for column, task in zip(st.columns(2), tasks[start : start + 2], strict=False):
            with column:
                what = error_title(study, run, task)
                drawn = chart({what: errors(run.looks, task)}, palette(), what=what, marked=best.step)
                _draw(f"errors of {task}", drawn, run)
    live_map(study, run)


def error_title(study: Study, run: RunFolder, task: str) -> str:
    """What the error of a task is called, with the unit it is in."""
    variable = study.variables.get(task)
    label = task if variable is None else variable.label or task
    best = run.best
    if best is None or task not in best.errors_in_units:
        return f"error of {label} (spreads)"
    unit = "" if variable is None or not variable.unit else f" ({variable.unit})"
    return f"error of {label}{unit}"


def _draw(what: str, figure: go.Figure, run: RunFolder) -> None:
    draw(figure, f"{what} by step, run {run.name}", f"training-{what}-{run.folder}")
