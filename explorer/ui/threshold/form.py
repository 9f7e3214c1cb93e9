"""What a threshold is asked for: vectors, variables, and what it has to promise."""

import streamlit as st

from explorer.errors import UserError
from explorer.places import shipped_encoders
from explorer.recognition.asked import Asked
from explorer.recognition.conformal import PROMISES
from explorer.recognition.kept import asked_last
from explorer.recognition.promise import CONFIDENCE, percent, surely
from explorer.recognition.protocol import changing, refuse_without_return
from explorer.space.conditions import conditions
from explorer.study.study import Study
from explorer.ui.describe import variable_labels
from explorer.ui.embedding import encoders_of
from explorer.ui.maps import chosen_embedding
from explorer.ui.state import propose, settle, view

LEAVE_OUT = "Leave out the animals learnt from by"

_AS_ALLOWED = 0.0
_CONFIDENCES = {confidence: surely(confidence) for confidence in (CONFIDENCE, 0.95, 0.0)}


def form(study: Study, stamped: tuple[object, ...]) -> tuple[Asked | None, str | None]:
    """The choices, as what is asked; None when nothing can be, with a sentence why, or without one while none is named.

    Needs a study with an embedding.
    """
    able, never = _able(str(study.path), stamped, study)
    _begin(study, able)
    background = [one for one in study.variables if one not in study.tasks]
    left, right = st.columns([2, 3])
    with left:
        name = chosen_embedding(study, view())
        assert name is not None
        st.session_state["threshold_embedding"] = name
        st.selectbox(
            "Embedding",
            study.embedding_names,
            key="threshold_embedding",
            on_change=lambda: propose(view().but(embedding=st.session_state["threshold_embedding"])),
            help="The vectors between which distances are measured.",
        )
        confidence = st.selectbox(
            "The promise is kept",
            list(_CONFIDENCES),
            format_func=_CONFIDENCES.__getitem__,
            key=_key(study, "confidence"),
            help="The animals that it is calibrated with were drawn by chance. On average: over all such draws. With "
            "confidence: in that share of them.",
        )
    with right:
        by = st.multiselect(
            "Background variables to condition on",
            background,
            format_func=variable_labels(study).__getitem__,
            key=_key(study, "by"),
            help="Known before the picture is judged. Each combination of their values is a stratum, with a threshold "
            "of its own where its animals are enough; where they are not, the last variable is given up first.",
        )
        promise = st.segmented_control(
            "False accepts of unknown animals, at most",
            [_AS_ALLOWED, *PROMISES],
            required=True,
            wrap=True,
            format_func=lambda share: percent(share) if share else "As the animals allow",
            key=_key(study, "fpir"),
            help="FPIR: of the searches for animals that are not in the gallery, the share accepted as one that is.",
        )
    apart, within, seed, model = _details(study)
    asked = Asked(
        name,
        tuple(by),
        fpir=promise or None,
        confidence=float(confidence),
        seed=seed,
        apart=apart,
        not_within=within,
        model=model,
    )
    if not asked.by:
        return None, never
    try:
        refuse_without_return(study, conditions(study, asked.by))
    except UserError as error:
        return None, str(error)
    return asked, None


def _details(study: Study) -> tuple[float, tuple[str, ...], int, str | None]:
    with st.expander("What may be compared, whom to leave out, and the seed", icon=":material/tune:"):
        left, middle, right = st.columns(3)
        apart = left.number_input(
            "Days apart, at least",
            min_value=0.0,
            max_value=1e6 - 1,
            step=1.0,
            format="%g",
            key=_key(study, "apart"),
            help="An animal is never compared with itself within so many days: pictures of one moment are too easy.",
        )
        within = middle.multiselect(
            "Never within the same",
            list(study.table.columns),
            key=_key(study, "not_within"),
            help="Observations of an animal with the same value in one of these columns are never compared, such as "
            "two windows cut from one recording.",
        )
        seed = right.number_input(
            "Seed", min_value=0, max_value=2**31 - 1, key=_key(study, "seed"), help="Deals the animals to their parts."
        )
        encoders = _encoders(study)
        model = st.selectbox(
            LEAVE_OUT,
            [None, *encoders],
            format_func=lambda one: "no encoder: leave out no animal" if one is None else encoders[one],
            key=_key(study, "model"),
            help="Animals that the encoder of these vectors was trained on lie apart better than new ones will: with "
            "them, the figures flatter.",
        )
    return float(apart), tuple(within), int(seed), model


def _encoders(study: Study) -> dict[str, str]:
    """The encoders at hand, as the command takes them, with what they are called."""
    shipped = shipped_encoders()
    return {name if shipped.get(name) == at else str(at): name for name, at in encoders_of(study).items()}


def _key(study: Study, name: str) -> str:
    return f"threshold_{name}-{study.path}"


def _begin(study: Study, able: list[str]) -> None:
    """Fill the form where it is not: with what was asked last, or with the defaults and one variable that changes."""
    if _key(study, "by") in st.session_state:
        return
    last = asked_last(study)
    if last is not None and view().embedding is None:
        settle(view().but(embedding=last.embedding))
    usual = sorted(able, key=lambda one: study.variable(one).kind != "nominal")[:1]
    first = last or Asked("", tuple(usual))
    values = {
        "by": list(first.by),
        "fpir": first.fpir if first.fpir in PROMISES else _AS_ALLOWED,
        "confidence": first.confidence if first.confidence in _CONFIDENCES else CONFIDENCE,
        "apart": first.apart,
        "not_within": [one for one in first.not_within if one in study.table.columns],
        "seed": first.seed,
        "model": first.model if first.model in _encoders(study) else None,
    }
    for name, value in values.items():
        st.session_state[_key(study, name)] = value


@st.cache_data(max_entries=8, show_spinner=False)
def _able(path: str, stamped: tuple[object, ...], _study: Study) -> tuple[list[str], str | None]:
    """The variables that change within an animal, such as the season; why there is none."""
    del path, stamped
    try:
        return changing(_study), None
    except UserError as error:
        return [], str(error)
