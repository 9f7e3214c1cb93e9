"""Runs beside each other: what they were asked differently, what they reached, their curves in one chart."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from explorer.learning.run_folders import RunFolder, read_encoder_folder
from explorer.learning.validation_map import read_map
from explorer.places import shipped_encoders
from explorer.study.study import Study
from explorer.ui.charts import draw
from explorer.ui.describe import variable_labels
from explorer.ui.palette import palette
from explorer.ui.plain import for_markdown
from explorer.ui.training.curves import chart, errors, scores
from explorer.ui.training.watching import error_title

_MOST = 6
"""Runs in one comparison: as many as can be told apart by the look of a line."""

_CALLED = {
    "identity": "weight of telling animals apart",
    "matching": "weight of tasks that agree",
    "tasks": "tasks matched",
    "min_matches": "tasks that must agree",
    "min_fraction": "share of tasks that must agree",
    "regress": "tasks said by a dimension",
    "weight": "weight of tasks' errors",
    "steps": "steps at most",
    "final_layer": "tasks said by a final layer",
    "turnover": "animals exchanged at each step",
    "look_every": "steps between looks",
}
_NOT_SET = "-"


def compare(study: Study, runs: Sequence[RunFolder]) -> None:
    """Choose two or more; then all that sets them apart."""
    known = {run.folder.name: run for run in runs}
    shipped = {f"{name} (ships with the app)": folder for name, folder in shipped_encoders().items()}
    st.subheader("Compare")
    chosen = st.multiselect(
        "Runs to compare",
        [*known, *shipped],
        key=f"training_compare-{study.path}",
        max_selections=_MOST,
        placeholder="Choose two or more",
    )
    if len(chosen) < 2:
        st.caption("Choose at least two runs to see what they were asked differently, and what they reached.")
        return
    beside = {name: known[name] if name in known else read_encoder_folder(shipped[name]) for name in chosen}
    apart = differences(beside, variable_labels(study))
    if apart.empty:
        st.info("They were asked exactly the same.", icon=":material/drag_handle:")
    else:
        st.markdown("**What they were asked differently**")
        st.dataframe(apart, hide_index=True)
    seen = {name: run for name, run in beside.items() if run.looks and name in known}
    if seen:
        _reached(study, seen)
    if len(seen) < len(beside):
        others = ", ".join(for_markdown(name) for name in beside if name not in seen)
        st.caption(f"{others}: no looks at validation animals of this study, so nothing of it can be put beside these.")


def differences(runs: Mapping[str, RunFolder], labels: Mapping[str, str]) -> pd.DataFrame:
    """One row for each choice that is not the same in all ``runs``, one column for each run; ``labels`` of tasks."""
    asked = {name: _flat({**run.recipe, "seed": run.seed, "encoder": run.encoder}) for name, run in runs.items()}
    asked = {name: {**choices, "data": "\n".join(runs[name].data)} for name, choices in asked.items()}
    keys = list(dict.fromkeys(key for choices in asked.values() for key in choices))
    rows = []
    for key in keys:
        values = [choices.get(key) for choices in asked.values()]
        if len({json.dumps(value, sort_keys=True) for value in values}) < 2:
            continue
        told = [_told(key, value, labels) for value in values]
        rows.append({"choice": _CALLED.get(key, key.replace("_", " ")), **dict(zip(asked, told, strict=True))})
    return pd.DataFrame(rows)


def _flat(value: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, held in value.items():
        out |= _flat(held, f"{before}{key}: ") if isinstance(held, Mapping) else {f"{before}{key}": held}
    return out


def _told(key: str, value: Any, labels: Mapping[str, str]) -> str:
    if value is None or value == [] or value == ():
        return _NOT_SET
    if key == "data":
        return str(value)[:8]
    if isinstance(value, (list, tuple)):
        return ", ".join(labels.get(str(one), str(one)) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _reached(study: Study, runs: Mapping[str, RunFolder]) -> None:
    st.markdown("**What they reached on validation animals, at their best look**")
    st.dataframe(_figures(study, runs), hide_index=True, column_config=_as_shares())
    said = (
        "These figures flatter: each run has chosen its best moment by them, and they have no intervals. A small lead "
        "means nothing. Compare runs on test animals, with `latent-explorer evaluate`."
    )
    if len({run.seed for run in runs.values()}) > 1 or len({run.data for run in runs.values()}) > 1:
        said += " **These runs have dealt the animals differently, so their figures are not even of the same animals.**"
    st.warning(said, icon=":material/balance:")
    together = {
        "recall@1": {name: scores(run.looks)["recall@1"] for name, run in runs.items()},
        "mAP@R": {name: scores(run.looks)["mAP@R"] for name, run in runs.items()},
    }
    charts = [(what, chart(series, palette(), what=what, share=True)) for what, series in together.items()]
    for title, task in _tasks(study, runs).items():
        series = {name: errors(run.looks, task) for name, run in runs.items()}
        charts.append((title, chart({name: line for name, line in series.items() if line}, palette(), what=title)))
    for start in range(0, len(charts), 2):
        for column, (what, figure) in zip(st.columns(2), charts[start : start + 2], strict=False):
            with column:
                draw(figure, f"{what} by step of {', '.join(runs)}", f"training_compare-{what}")


def _figures(study: Study, runs: Mapping[str, RunFolder]) -> pd.DataFrame:
    rows = []
    for name, run in runs.items():
        best, mapped = run.best, read_map(run.folder)
        assert best is not None
        row: dict[str, object] = {"run": name, "at step": best.step}
        row |= {"recall@1": best.recall, "mAP@R": best.precision, "nearest alike": best.alike}
        for title, task in _tasks(study, runs).items():
            row[title] = best.errors_in_units.get(task, best.errors.get(task))
        row["validation animals"] = None if mapped is None else mapped.individuals
        row["observations"] = None if mapped is None else mapped.observations
        rows.append(row)
    return pd.DataFrame(rows).dropna(axis=1, how="all")


def _tasks(study: Study, runs: Mapping[str, RunFolder]) -> dict[str, str]:
    """Each task that any of ``runs`` says, by the title of its error."""
    return {
        error_title(study, run, task): task for run in runs.values() if run.best is not None for task in run.best.errors
    }


def _as_shares() -> dict[str, Any]:
    share = st.column_config.NumberColumn(format="percent")
    return {"recall@1": share, "mAP@R": share, "nearest alike": share}
