"""How far the scores of people can be believed: what observers agree on, and which change is worth believing."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from explorer.change.agreement import FEWEST, Agreement, Pair
from explorer.change.agreement_kept import agreements_at, compute_agreements, read_agreements
from explorer.change.agreement_table import export_agreement, pairs_of, scored_tasks, whom
from explorer.space.bootstrap import Interval
from explorer.study.study import Study
from explorer.ui import jobs
from explorer.ui.alerts_saving import file_and_how
from explorer.ui.plain import count, for_markdown

_CANNOT = "The scores do not say who gave them: with a column *observer* they would tell how far people agree."


def observers_panel(study: Study) -> None:
    """An expander that tells it of everything people scored; nothing where nothing was scored."""
    if not scored_tasks(study):
        return
    panel = st.expander("How far can these scores be believed?", key="observers_open", on_change="rerun")
    if not panel.open:
        return
    with panel:
        if "observer" not in study.scores.columns:
            st.caption(_CANNOT)
            return
        found = _agreements(study)
        if found is None:
            _job(study)
            return
        for task, one in found.items():
            _told(study, task, one)
        st.caption(
            "Change worth believing: what two scores of an unchanged animal differ by less than in 95 of 100 pairs. "
            "ICC: the share of the differences between scores that is due to the animals and not to who scored; kappa: "
            "the same for ordered categories. Intervals (95 %) are over animals. What truly changed between two scores "
            "of one observer, up to 7 days apart, counts as an error here. Scores of one animal and day by several "
            "observers are averaged: their mean is surer than one score (of two by a factor of 1.4), but alerts count "
            "it like one."
        )
        _saving(study)


def change_believed(study: Study, tasks: tuple[str, ...]) -> dict[str, str]:
    """Of those of ``tasks`` that several observers scored, what they differ by, in a sentence; by task.

    While it is computed there is none; the page is drawn again when it is there.
    """
    scored = set(scored_tasks(study)) & set(tasks)
    if not scored or "observer" not in study.scores.columns:
        return {}
    found = _agreements(study)
    if found is None:
        if jobs.busy(_key(study)):
            jobs.await_quietly(_key(study))
        return {}
    return {task: differ_by(one) for task, one in found.items() if task in scored and one.overall is not None}


def differ_by(found: Agreement) -> str:
    """What two observers differ by, and what that means for a change; ``found`` must have an ``overall``."""
    assert found.overall is not None
    change = f"{found.overall.smallest_change:.2g} {for_markdown(found.unit)}".rstrip()
    return (
        f"Two observers differ by up to {change} on one animal and day (in 95 of 100 pairs), "
        f"so a change below {change} between two scores is within what observers differ by."
    )


def _agreements(study: Study) -> dict[str, Agreement] | None:
    """By task; None while it is not there. A worker is set to compute it when nobody has yet."""
    path = agreements_at(study)
    found = _read(str(path), path.stat().st_mtime_ns) if path.is_file() else None
    if found is None:
        if jobs.state(_key(study)) == "done":  # and what it left is gone
            jobs.forget(_key(study))
        if jobs.state(_key(study)) is None:
            jobs.start(_key(study), compute_agreements, study.path, path, lane="observers")
    return found


@st.cache_resource(max_entries=16, show_spinner=False)
def _read(path: str, written: int) -> dict[str, Agreement] | None:
    del written
    return read_agreements(Path(path))


def _key(study: Study) -> str:
    return f"observers-{agreements_at(study)}"


def _job(study: Study) -> None:
    key = _key(study)
    if not jobs.watched(key, "Comparing observers") and (said := jobs.trouble(key)):
        jobs.try_again(key, said)


def _told(study: Study, task: str, found: Agreement) -> None:
    """One task: in a sentence what its scores can show, and the figures."""
    variable = study.variables[task]
    said = f"**{for_markdown(variable.label or task)}**: "
    again = [pair.smallest_change for pair in found.intra]
    if found.overall is not None:
        said += differ_by(found)
    elif not again:
        said += (
            f"Fewer than {FEWEST} times did two observers score an animal on one day, or one observer an animal twice "
            "within 7 days, so how far they agree is not known."
        )
    if again:
        ends = dict.fromkeys(f"{one:.2g}" for one in (min(again), max(again)))
        said += f" One observer who scores an animal again differs by up to {' to '.join(ends)} "
        said += f"{for_markdown(found.unit)}.".lstrip()
    st.markdown(said)
    pairs = pairs_of(found)
    if not pairs:
        return
    if variable.relevant_change is not None:
        _against_relevant([pair.smallest_change for _, pair in pairs], variable.relevant_change, found.unit)
    of_two = len(found.inter) == 1  # then any two observers are these two
    shown = [pair for _, pair in pairs if not (of_two and pair is found.overall)]
    rows = [_row(found, pair, variable.kind == "ordinal") for pair in shown]
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="content")


def _against_relevant(changes: list[float], relevant: float, unit: str) -> None:
    """Whether a change that matters is seen between two scores; ``changes``: the smallest worth believing."""
    matters = f"A change of {f'{relevant:g} {for_markdown(unit)}'.rstrip()} is what matters here"
    if max(changes) <= relevant:
        st.success(f"{matters}; two scores can show it, whoever gave them.", icon=":material/check_circle:")
    elif min(changes) <= relevant:
        st.info(f"{matters}; whether two scores can show it hangs on who gave them, see below.", icon=":material/info:")
    else:
        st.warning(
            f"{matters}, and two scores alone cannot show it: it takes more visits, or several people who score.",
            icon=":material/warning:",
        )


def _row(found: Agreement, pair: Pair, ordered: bool) -> dict[str, str]:
    of = whom(found, pair)
    kappa = {"weighted kappa": _written(pair.kappa)} if ordered else {}
    return {
        "observers": f"{of}, again" if pair.again else of,
        "of": f"{count(pair.pairs, 'pair')}, {count(pair.animals, 'animal')}",
        "change worth believing": f"{pair.smallest_change:.2g}",
        "error of one score": _written(pair.error),
        "ICC, absolute": _written(pair.absolute),
        "ICC, consistent": _written(pair.consistent),
        **kappa,
        "second less first": "" if pair is found.overall else _written(pair.bias),
    }


def _written(found: Interval) -> str:
    if not found.known:
        return "–"
    value = f"{found.value + 0.0:.2f}"
    return f"{value} ({found.low:.2f} to {found.high:.2f})" if np.isfinite(found.low) else value


def _saving(study: Study) -> None:
    file = f"{study.path.name}-agreement.csv"
    with st.container(horizontal=True):
        made = partial(export_agreement, study, file=file)
        file_and_how("Agreement as CSV", made, file, ":material/download:")
