"""What a new run is to learn, and how: only what makes a difference, and only what training takes."""

import math
from pathlib import Path
from typing import Any

import streamlit as st

from explorer.errors import UserError
from explorer.learning.choices import LOSSES_SAID, MINERS_SAID, losses_for, takes_miner
from explorer.learning.splits import Split, split_animals
from explorer.learning.tasks import train_at
from explorer.study.embeddings import valid_name
from explorer.study.study import Study
from explorer.ui import jobs
from explorer.ui.describe import variable_labels
from explorer.ui.plain import count
from explorer.ui.training.standing import LANE, folders_at_work, key_of

_USUAL_STEPS = 2_000
_USUAL_WEIGHT = 0.1
FOLLOW = "training_follow"
"""Where the session keeps the name of the run that was started last, until it is on the page."""


def refusal(study: Study) -> str | None:
    """Why nothing can be learnt from ``study``, and what to do; None where something can."""
    if not study.has_pictures and not study.feature_columns:
        return (
            "This study has neither pictures nor measured features to learn from. Name their columns in study.toml "
            "under [columns], or import the table again on the Data page."
        )
    if study.animal is None:
        return (
            "This study does not say which animal is which, so there is nothing to learn to know again. Name the "
            'column in study.toml under [columns] as animal = "...".'
        )
    try:
        _split(study, 0)
    except UserError as error:
        return str(error)
    return None


def form(study: Study, place: Path) -> None:
    """All that a run is asked, and the button that starts it in ``place``."""
    asked = _what(study)
    asked |= _how(asked)
    left, right = st.columns(2)
    with left:
        steps = st.number_input(
            "Steps at most",
            min_value=1,
            max_value=999_999,
            value=_USUAL_STEPS,
            step=100,
            key="training_steps",
            help="It ends sooner when 8 looks in a row, one every 100 steps, found nothing better.",
        )
        seed = st.number_input(
            "Seed",
            min_value=0,
            max_value=2**31 - 1,
            value=0,
            key="training_seed",
            help="The same seed gives the same encoder. Another one also deals the animals anew, so figures of runs "
            "with different seeds are not of the same animals.",
        )
    with right:
        field = f"training_name-{place}"
        name = st.text_input("Name", value=_free_name(place), key=field).strip()
        st.caption(_dealt(_split(study, int(seed))))
    wrong = _wrong(asked, name, place)
    if wrong:
        st.warning(wrong, icon=":material/edit:")
    asked["steps"] = int(steps)

    def start() -> None:
        folder = place / name
        jobs.start_anew(key_of(folder), train_at, study.path, folder, name, int(seed), asked, lane=LANE)
        st.session_state[FOLLOW] = name
        del st.session_state[field]  # the next run has another name

    st.button(
        "Start",
        type="primary",
        icon=":material/play_arrow:",
        disabled=bool(wrong),
        key="training_start",
        on_click=start,
    )


def _what(study: Study) -> dict[str, Any]:
    """What is to be learnt, as choices of the recipe that differ from the usual ones."""
    labels = variable_labels(study)
    animals = st.checkbox(
        "Tell one animal from another",
        value=True,
        key="training_animals",
        help="Observations of one animal come near each other, those of others apart: what recognition needs.",
    )
    asked: dict[str, Any] = {} if animals else {"identity": 0.0}
    if not study.tasks:
        st.caption(
            "This study has no tasks, such as a body condition score, that could be learnt beside. A variable becomes "
            'one by role = "task" in study.toml.'
        )
        return asked
    ordered = [name for name, variable in study.tasks.items() if variable.kind in ("continuous", "ordinal")]
    left, right = st.columns(2)
    with left:
        said = st.multiselect(
            "Say by a dimension",
            ordered,
            format_func=labels.__getitem__,
            key=f"training_regress-{study.path}",
            help="Each of these tasks gets a dimension of the vector that says it in its own unit. Missing labels are "
            "left out. Tasks whose values have no order cannot be said so.",
            disabled=not ordered,
        )
    with right:
        matched = st.multiselect(
            "Bring together where these agree",
            list(study.tasks),
            format_func=labels.__getitem__,
            key=f"training_tasks-{study.path}",
            help="Observations of which enough of these tasks agree come near each other, whichever animal they are "
            "of. A missing label never agrees.",
        )
        if said:
            asked["regress"] = said
        if matched:
            asked["tasks"] = matched
            enough = 1
            if len(matched) > 1:
                enough = st.slider(
                    "How many of them must agree",
                    1,
                    len(matched),
                    math.ceil(len(matched) / 2),
                    key=f"training_enough-{len(matched)}",
                )
            asked["min_matches"] = int(enough)
    if said and (animals or matched):  # alone, they have nothing to be weighed against
        with left:
            asked["weight"] = float(
                st.number_input(
                    "Weight of their errors",
                    min_value=0.01,
                    max_value=100.0,
                    value=_USUAL_WEIGHT,
                    step=0.05,
                    key="training_weight",
                    help="Against the rest of what is learnt. More says these tasks better, and the rest worse.",
                )
            )
    return asked


def _how(asked: dict[str, Any]) -> dict[str, Any]:
    """The loss and the miner, where there is something that they make a difference to."""
    able = losses_for(animals="identity" not in asked, tasks="tasks" in asked)
    if not able:
        return {}
    left, right = st.columns(2)
    with left:
        loss = st.selectbox(
            "Loss: what counts as an error",
            able,
            format_func=lambda name: LOSSES_SAID[name].title,
            key=f"training_loss-{'-'.join(able)}",
        )
        st.caption(LOSSES_SAID[loss].said)
    chosen: dict[str, Any] = {"loss": loss}
    if takes_miner(loss):
        with right:
            miner = st.selectbox(
                "Miner: which triplets are learnt from",
                list(MINERS_SAID),
                format_func=lambda name: MINERS_SAID[name].title,
                key="training_miner",
            )
            st.caption(MINERS_SAID[miner].said)
        chosen["miner"] = miner
    return chosen


def _wrong(asked: dict[str, Any], name: str, place: Path) -> str | None:
    """Why the run cannot be started as asked."""
    if "identity" in asked and not asked.get("tasks") and not asked.get("regress"):
        return "There is nothing to learn yet: tell animals apart, or choose tasks."
    try:
        valid_name(name)
    except UserError as error:
        return str(error)
    if (place / name).exists() or place / name in folders_at_work(place):
        return f"There is a run {name} already, and none is ever overwritten: choose another name."
    return None


def _free_name(place: Path) -> str:
    taken = {folder.name for folder in folders_at_work(place)}
    names = ("encoder" if number == 1 else f"encoder-{number}" for number in range(1, 10_000))
    return next(name for name in names if name not in taken and not (place / name).exists())


def _split(study: Study, seed: int) -> Split:
    """How the animals will be dealt, as far as the table says: a picture that cannot be read may change it."""
    assert study.animal is not None
    seen = study.animal.value_counts()
    return split_animals([str(name) for name in seen.index[seen > 1]], seed=seed)


def _dealt(split: Split) -> str:
    return (
        f"Of the {len(split.train) + len(split.validation) + len(split.test):,} animals seen more than once, "
        f"{len(split.train):,} are learnt from, {len(split.validation):,} choose the best moment, and "
        f"{count(len(split.test), 'is', 'are')} never used, to test it on."
    )
