"""Two dates of one animal beside each other: pictures, where the encoder looks, and what else is not the same."""

from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.change.circumstances import circumstances, encoders_said, rows_of
from explorer.change.clock import Clock, clock_of
from explorer.change.series import vectors_of
from explorer.errors import UserError
from explorer.learning.explained import Explainer, explained_at, explainers_of, read_explained
from explorer.learning.tasks import explain_at
from explorer.study.embeddings import Embedding
from explorer.study.study import Study
from explorer.ui import jobs
from explorer.ui.embedding import encoders_of
from explorer.ui.explain_panel import LARGE, MUCH_ALIKE
from explorer.ui.failures import in_the_app
from explorer.ui.following import settings
from explorer.ui.gallery import AT_ONCE, gallery
from explorer.ui.plain import for_markdown
from explorer.ui.thumbnails import thumbnail

Ints = npt.NDArray[np.int64]

_NOTHING = "the pictures alone"


def then_and_now(
    study: Study, stamped: tuple[object, ...], animal: str, embedding: Embedding | None, reference: float | None
) -> None:
    """Draw them; ``reference``: the day from which on it changed, before which the first date lies by default."""
    st.subheader("Then and now")
    clock = clock_of(study)
    rows, days = _a_row_a_day(study, clock, animal)
    if not len(rows):
        st.caption("No observation of this animal has a time.")
        return
    if study.has_pictures:
        _strip(study, stamped, clock, rows, days)
    if len(rows) < 2:
        st.caption("It was seen on one day only.")
        return
    before = int(np.searchsorted(days, reference, side="left")) - 1 if reference is not None else 0
    left, right = st.columns(2)
    with left:
        then = _date("Then", f"{animal}-{reference}", clock, days, max(0, before))
    with right:
        now = _date("Now", animal, clock, days, len(days) - 1)
    pair = [int(rows[then]), int(rows[now])]
    if study.has_pictures:
        explainer, task = _looks(study, embedding)
        for column, row, place in zip((left, right), pair, (then, now), strict=True):
            with column:
                _picture(study, animal, row, clock.say(float(days[place])))
        if explainer is not None and task is not None:
            _overlays(study, explainer, task, pair, (left, right))
    _differences(study, animal, clock, float(days[then]), float(days[now]))
    names = vectors_of(study, settings(study).variables)
    encoders = encoders_said(study, dict.fromkeys([*names, *([] if embedding is None else [embedding.name])]))
    if encoders:
        st.caption(for_markdown(f"{encoders}."))


def _a_row_a_day(study: Study, clock: Clock, animal: str) -> tuple[Ints, npt.NDArray[np.float64]]:
    """The last row of each day, int64 (k,), and the days."""
    rows = rows_of(study, animal)
    assert study.time is not None  # rows_of has asked
    days = clock.days(study.time[rows])
    last = np.append(np.diff(days) > 0, True)[: len(rows)]
    return rows[last], days[last]


def _strip(study: Study, stamped: tuple[object, ...], clock: Clock, rows: Ints, days: npt.NDArray[np.float64]) -> None:
    """The pictures of all days in a row, the last page first."""
    pages = -(-len(rows) // AT_ONCE)
    page = 1
    if pages > 1:
        page = st.number_input(f"Pictures, part of {pages:,}", 1, pages, pages, key="animal_strip", width=200)
    part = slice((page - 1) * AT_ONCE, page * AT_ONCE)
    gallery(study, stamped, rows[part], [clock.say(float(day)) for day in days[part]], strip=True)


def _date(label: str, key: str, clock: Clock, days: npt.NDArray[np.float64], place: int) -> int:
    """A slider over the days on which the animal was seen, at ``place`` at first; gives the place of the one chosen.

    ``key`` tells it from the sliders of other animals.
    """
    return int(
        st.select_slider(
            label,
            range(len(days)),
            value=place,
            key=f"animal_{label.lower()}-{key}",
            format_func=lambda one: clock.say(float(days[one])),
        )
    )


def _picture(study: Study, animal: str, row: int, when: str) -> None:
    try:
        content = thumbnail(study, row, 2 * LARGE)
    except UserError as error:
        st.caption(for_markdown(error))
        return
    if content is None:
        st.caption(f"No picture on {when}.")
        return
    with st.container(width=LARGE):  # narrower where the column is
        st.image(content, for_markdown(when), width="stretch", alt=f"{animal} on {when}")


def _looks(study: Study, embedding: Embedding | None) -> tuple[Explainer | None, str | None]:
    """The encoder that can say where it looks, that of the embedding first, and the task asked for."""
    if embedding is None:
        return None, None
    known = explainers_of(study, embedding.note, encoders_of(study).values())
    found = next((one for one in known if one.reads_pictures and one.tasks), None)
    if found is None:
        return None, None
    labels = {name: study.variables[name].label or name for name in found.tasks if name in study.variables}
    task = st.selectbox(
        f"Where the encoder {for_markdown(found.name)} looks",
        [_NOTHING, *found.tasks],
        format_func=lambda one: labels.get(one, one),
        key=f"animal_looks-{found.hash}",
        width=320,
    )
    return found, None if task == _NOTHING else task


def _overlays(
    study: Study,
    explainer: Explainer,
    task: str,
    rows: list[int],
    places: tuple[DeltaGenerator, DeltaGenerator],
) -> None:
    """The overlay of each picture below it; made in a worker when it is not there yet."""
    missing = []
    for row, place in zip(rows, places, strict=True):
        own = str(study.ids[row])
        path = explained_at(study, explainer.hash, own, task, None)
        found = read_explained(path)
        if found is None:
            missing.append((f"explain-{path}", (study.path, explainer.folder, own, task, None, f"{own}.png", path)))
            continue
        with place:
            with st.container(width=LARGE):
                st.image(
                    found.content,
                    "orange raises the task, blue lowers it",
                    width="stretch",
                    alt=f"{own} in grey; what raises the task is orange, what lowers it blue",
                )
            st.caption(for_markdown(f"{found.remarks[0][0].upper()}{found.remarks[0][1:]}."))
            if abs(found.alike) >= MUCH_ALIKE:
                st.warning(for_markdown(f"{found.remarks[2]}."), icon=":material/warning:")
    for key, what in missing:
        stands = jobs.state(key)
        if stands in ("waiting", "running"):
            jobs.watch(key, "Explaining")
        elif stands == "done":
            jobs.forget(key)
            st.rerun()
        elif stands is not None:
            st.warning(in_the_app(str(jobs.trouble(key))), icon=":material/error:")
            st.button("Try again", key=f"again-{key}", on_click=partial(jobs.forget, key), icon=":material/refresh:")
        else:
            jobs.start(key, explain_at, *what, lane="explain")
            jobs.watch(key, "Explaining")


def _differences(study: Study, animal: str, clock: Clock, then: float, now: float) -> None:
    """What of the background is not the same: a change in the animal may be no more than that."""
    if then == now:
        st.caption("Choose two dates to see what else is not the same.")
        return
    found = circumstances(study, animal, then, now)
    st.markdown("**What else changed between the two dates**")
    if not found:
        st.caption("None of what the study knows: neither season nor age, camera or observer.")
        return
    table = pd.DataFrame(
        {
            "": [one.label for one in found],
            clock.say(then): [one.before for one in found],
            clock.say(now): [one.after for one in found],
        }
    )
    st.dataframe(table, hide_index=True, width="content")
    st.caption(
        "A change in the animal may be no more than a change in these. Its baseline knows age, season, days since "
        "calving, and what is chosen under *What is followed*; not the rest."
    )
