"""How far a map can be believed: its measures with their intervals and null bands, and each point's own error."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from explorer.space.projections import NAMES, Projection, cache_path, quick
from explorer.space.quality import LOCAL, Quality
from explorer.space.quality_bands import Measure
from explorer.space.quality_said import said_of, said_of_stability
from explorer.space.quality_study import points_at, points_path, quality_at, quality_path, read_points, read_quality
from explorer.space.shown import Shown
from explorer.space.stability import Stability, read_stability, stability_at, stability_path
from explorer.study.embeddings import Embedding
from explorer.study.schema import Variable
from explorer.study.study import Study
from explorer.ui import jobs
from explorer.ui.colouring import Colouring
from explorer.ui.palette import palette
from explorer.ui.plain import for_html, for_markdown
from explorer.ui.state import propose, view
from explorer.ui.studies import stamp

Mask = npt.NDArray[np.bool_]

_LANE = "quality"
_LABELS = {
    "trustworthiness": "Trustworthiness",
    "continuity": "Continuity",
    "knn_overlap": "Neighbours kept",
    "shepard": "Distances in rank",
    "stress": "Stress",
    "stability": "Stability",
}
_BRIEF = ("trustworthiness", "continuity", "knn_overlap")

OWN = "map:"
"""Begins the name of a colour that is a measure of the map itself, one value for each point."""


@dataclass(frozen=True)
class Drawn:
    """The map that is looked at, and what is measured of it."""

    study: Study
    embedding: Embedding
    projection: Projection

    def kept(self, kind: str, shown: Mask | None = None) -> Path:
        """Where what is measured of it lies; asked for at each run, and found by hashing the places but once."""
        made = str(cache_path(self.study, self.embedding, self.projection.choice))
        asked = "" if shown is None else view().model_dump_json(include={"filters", "within"})
        return Path(_kept_path(kind, made, asked, stamp(str(self.study.path)), self, shown))

    def names(self) -> tuple[Path, str, object]:
        """By what a worker finds it."""
        return self.study.path, self.embedding.name, self.projection.choice


@st.cache_data(max_entries=256, show_spinner=False)
def _kept_path(
    kind: str, made: str, asked: str, stamped: tuple[object, ...], _drawn: Drawn, _shown: Mask | None
) -> str:
    del made, asked, stamped
    about = (_drawn.study, _drawn.embedding, _drawn.projection)
    if kind == "stability":
        return str(stability_path(*about))
    return str((quality_path if kind == "quality" else points_path)(*about, shown=_shown))


def belief(study: Study, embedding: Embedding, projection: Projection, seen: Shown) -> None:
    """One line that is always there, and the whole on demand."""
    drawn = Drawn(study, embedding, projection)
    belief_line(study, embedding, projection)
    panel = st.expander("How far can this map be believed?", key="belief_open", on_change="rerun")
    if panel.open:
        with panel:
            _whole(drawn, seen)


def belief_line(study: Study, embedding: Embedding, projection: Projection) -> None:
    """How far a map can be believed, in one line; of two maps it says of which it speaks."""
    st.caption(":material/verified: " + _line(Drawn(study, embedding, projection)))


def _line(drawn: Drawn) -> str:
    found = _quality(drawn, None)
    if isinstance(found, str):
        key = _quality_key(drawn, None)
        if jobs.busy(key):
            jobs.await_quietly(key)
        return f"Belief{_which(drawn)}: {found}"
    said = []
    for name in _BRIEF:
        one = found.measures[name]
        said.append(
            f"{_LABELS[name].lower()} {one.value:.0%} ({one.low:.0%} to {one.high:.0%}; shuffled {one.null:.0%})"
        )
    whom = f"all {found.n:,} points" if found.sample == found.n else f"{found.sample:,} of {found.n:,} points"
    of = " of the whole map" if view().filters and view().beside is None else _which(drawn)
    where = " What is shown is measured below." if view().filters else ""
    return f"Belief{of}, measured on {whom}: {', '.join(said)}.{where}"


def _which(drawn: Drawn) -> str:
    if view().beside is None:
        return ""
    return f" in the {NAMES[drawn.projection.choice.method]} map of {for_markdown(drawn.embedding.name)}"


def _quality(drawn: Drawn, shown: Mask | None) -> Quality | str:
    """The measures, or a sentence on where they are; a worker is set to measure them when nobody has yet."""
    path = drawn.kept("quality", shown)
    found = _read_quality(str(path)) if path.exists() else None
    if found is not None:
        return found
    key = _quality_key(drawn, shown)
    if jobs.state(key) is None:
        jobs.start(key, quality_at, *drawn.names(), shown, drawn.embedding.members, lane=_LANE)
    return _where(key)


def _quality_key(drawn: Drawn, shown: Mask | None) -> str:
    return f"quality-{drawn.kept('quality', shown)}"


@st.cache_resource(max_entries=64, show_spinner=False)
def _read_quality(path: str) -> Quality | None:
    return read_quality(Path(path))


def _where(key: str) -> str:
    """How the job under ``key`` stands, in a sentence."""
    return jobs.trouble(key) or "Being measured."


def _whole(drawn: Drawn, seen: Shown) -> None:
    shown = seen.filtered if view().filters else None
    found = _quality(drawn, shown)
    if isinstance(found, str):
        _job(_quality_key(drawn, shown), "Measuring how far this map can be believed", found)
        return
    if shown is not None:
        st.caption(
            f"Measured among the {found.n:,} observations that are shown; the others do not count as neighbours."
        )
    sentences = said_of(found)
    rows = [(name, found.measures[name], sentences[name]) for name in _LABELS if name in found.measures]
    stable = _stability(drawn)
    if isinstance(stable, Stability):
        rows.append(("stability", stable.overall, said_of_stability(stable)))
    st.html(_STYLE + "".join(_row(*row) for row in rows))
    for remark in found.remarks:
        st.caption(for_markdown(remark[0].upper() + remark[1:]) + ".")
    st.caption(
        "Grey: what a map with its points shuffled reaches. Bar: 95 % interval. A high value says that neighbours can "
        "be believed, not that groups, gaps or distances can."
    )
    if isinstance(stable, str):
        _job(_stability_key(drawn), "Making the map again from other seeds", stable)
    _actions(drawn, shown, stable is None)


def _actions(drawn: Drawn, shown: Mask | None, offer_stability: bool) -> None:
    row = st.container(horizontal=True)
    if offer_stability and not quick(drawn.projection.choice):
        row.button(
            "Would another seed show the same?",
            on_click=lambda: jobs.start(
                _stability_key(drawn), stability_at, *drawn.names(), drawn.embedding.members, lane="maps"
            ),
            icon=":material/casino:",
            help="Makes the map three more times, from other seeds, and tells how far each point moves. Takes as long "
            "as three maps.",
        )
    key = _points_key(drawn, shown)
    measured = own_measures(drawn, shown)
    if LOCAL[-1] in measured:
        for name in measured:
            row.button(
                f"Colour by {_LABELS[name].lower()}",
                key=f"belief-colour-{name}",
                on_click=lambda name=name: propose(view().but(colour=OWN + name)),
                icon=":material/palette:",
            )
    elif not jobs.watched(key, "Measuring each point"):
        row.button(
            "Show each point's own error",
            on_click=lambda: propose(view().but(colour=OWN + LOCAL[-1])),
            icon=":material/blur_on:",
            help="Measures each point and colours the map by it: where it tears neighbours apart, or puts strangers "
            "together.",
        )


def _job(key: str, title: str, otherwise: str) -> None:
    if jobs.watched(key, title):
        return
    if jobs.state(key) == "done":
        jobs.forget(key)
        st.rerun()
    else:
        st.info(otherwise)
        st.button("Measure again", key=f"again-{key}", on_click=lambda: jobs.forget(key), icon=":material/refresh:")


def _points_key(drawn: Drawn, shown: Mask | None) -> str:
    return f"points-{drawn.kept('points', shown)}"


def _stability_key(drawn: Drawn) -> str:
    return f"stability-{drawn.kept('stability')}"


def _stability(drawn: Drawn) -> Stability | str | None:
    """The stability, a sentence while it is measured, None when nobody has asked for it."""
    path = drawn.kept("stability")
    if path.exists() and (found := read_stability(path)) is not None:
        return found
    key = _stability_key(drawn)
    return None if jobs.state(key) is None else _where(key)


# --- each point's own error ------------------------------------------------------------------------------


def own_measures(drawn: Drawn, shown: Mask | None) -> dict[str, npt.NDArray[np.float64]]:
    """What has been measured of each point among those that are ``shown`` (None: all), by name: float64 (n,)."""
    out: dict[str, npt.NDArray[np.float64]] = {}
    path = drawn.kept("points", shown)
    if path.exists() and (found := read_points(path)) is not None:
        out |= {name: getattr(found, name) for name in LOCAL if np.isfinite(getattr(found, name)).any()}
    stable = drawn.kept("stability")
    if stable.exists() and (kept := read_stability(stable)) is not None:
        out["stability"] = kept.stability
    return out


def own_colouring(drawn: Drawn, colour: str, shown: Mask | None) -> Colouring | None:
    """The colouring by one of the map's own measures, among what is ``shown``; None while that is being measured."""
    name = colour.removeprefix(OWN)
    values = own_measures(drawn, shown).get(name)
    if values is not None:
        return Colouring(
            colour,
            Variable(column=colour, kind="continuous", label=f"{_LABELS[name]} of each point (low: misplaced)"),
            pd.Series(values),
        )
    if name in LOCAL:
        key = _points_key(drawn, shown)
        if jobs.state(key) is None:
            jobs.start(key, points_at, *drawn.names(), drawn.embedding.members, shown, lane=_LANE)
        if jobs.watched(key, "Measuring each point's own error"):
            return None
        if jobs.state(key) == "done":  # and yet not there: too many points for this measure
            st.info(f"{_LABELS[name]} of each point is not measured for so many points.", icon=":material/info:")
        else:
            st.warning(_where(key), icon=":material/warning:")
    return None


# --- how a measure is drawn ------------------------------------------------------------------------------

_STYLE = """<style>
.belief { display: grid; grid-template-columns: 9.5em 1fr 4em; gap: .1em 1em; align-items: center; margin: .35em 0; }
.belief b { font-weight: 600; }
.belief i { font-style: normal; text-align: right; font-variant-numeric: tabular-nums; }
.belief small { grid-column: 2 / 4; opacity: .72; line-height: 1.3; }
.belief div { position: relative; height: 12px; border-radius: 6px; background: rgba(128,128,128,.13); }
.belief span { position: absolute; top: 0; bottom: 0; border-radius: 6px; }
</style>"""


def _row(name: str, found: Measure, sentence: str) -> str:
    """One measure: its null band, interval and value along a scale from 0 to 1, and its sentence."""
    colours = palette()

    def span(low: float, high: float, colour: str, inset: int) -> str:
        if not np.isfinite([low, high]).all():
            return ""
        left, right = (100 * float(np.clip(end, 0, 1)) for end in (low, high))
        width = max(right - left, 0.6)
        return (
            f'<span style="left:{min(left, 99.4):.2f}%;width:{width:.2f}%;background:{colour};'
            f'top:{inset}px;bottom:{inset}px"></span>'
        )

    value = "-" if not np.isfinite(found.value) else f"{found.value:.1%}" if name in LOCAL else f"{found.value:.2f}"
    bars = (
        span(found.null_low, found.null_high, colours.missing, 0)
        + span(found.low, found.high, colours.accent, 3)
        + span(found.value - 0.002, found.value + 0.002, colours.text, 1)
    )
    return (
        f'<div class="belief"><b>{for_html(_LABELS[name])}</b>'
        f'<div role="img" aria-label="{for_html(sentence)}">{bars}</div>'
        f"<i>{value}</i><small>{for_html(sentence)}</small></div>"
    )
