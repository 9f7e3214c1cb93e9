"""Sentences and small tables that say what a study is."""

import numpy as np
import pandas as pd

from explorer.errors import UserError
from explorer.study.study import Study
from explorer.ui.plain import count


def span(study: Study) -> str:
    """The time covered, in words; empty when the study has no times."""
    times = study.time
    if times is None:
        return ""
    known = times[~np.isnat(times)] if times.dtype.kind == "M" else times[np.isfinite(times)]
    if not len(known):
        return ""
    first, last = known.min(), known.max()
    if times.dtype.kind == "M":
        return f"{pd.Timestamp(first):%-d %b %Y} to {pd.Timestamp(last):%-d %b %Y}"
    unit = study.spec.columns.time_unit or ""
    return f"{unit.rstrip('s')} {first:g} to {last:g}"


def summary(study: Study) -> str:
    """What the study holds, in a sentence."""
    parts = [count(len(study), "observation")]
    if study.animal is not None:
        parts[0] += f" of {count(study.animal.nunique(), 'animal')}"
    if when := span(study):
        parts[0] += f", {when}"
    tasks, background = len(study.tasks), len(study.variables) - len(study.tasks)
    parts.append(f"{count(background, 'background variable')} and {count(tasks, 'task')}")
    names = study.embedding_names
    parts.append(f"{count(len(names), 'embedding')} ({', '.join(names)})" if names else "no embedding yet")
    return "; ".join(parts) + "."


def per_animal(study: Study) -> str:
    """How many observations an animal has: median and range."""
    if study.animal is None:
        return "-"
    sizes = study.animal.value_counts()
    sizes = sizes[sizes > 0]
    return f"{sizes.median():g} ({sizes.min():,} to {sizes.max():,})" if len(sizes) else "-"


def variable_labels(study: Study) -> dict[str, str]:
    """What each variable is called on the screen; its name is added where two have the same label.

    A select box knows its options by their labels, so equal ones would choose the wrong variable.
    """
    said = {name: variable.label or name for name, variable in study.variables.items()}
    twice = {label for label in said.values() if list(said.values()).count(label) > 1}
    return {name: f"{label} ({name})" if label in twice else label for name, label in said.items()}


def variables_table(study: Study) -> pd.DataFrame:
    """One row per variable: name, role, kind, unit, share missing, and what its values look like."""
    rows: list[dict[str, object]] = []
    for name, variable in study.variables.items():
        row = {
            "variable": variable.label or name,
            "role": variable.role,
            "kind": variable.kind,
            "unit": variable.unit or "",
        }
        try:
            values = study.values(name)
        except UserError as error:
            rows.append({**row, "missing": None, "values": str(error)})
            continue
        rows.append(
            {
                **row,
                "missing": 100 * float(values.isna().mean()) if len(values) else 0.0,
                "values": _looks(values),
            }
        )
    return pd.DataFrame(rows, columns=["variable", "role", "kind", "unit", "missing", "values"])


def _looks(values: pd.Series) -> str:
    known = values.dropna()
    if known.empty:
        return "none"
    if isinstance(values.dtype, pd.CategoricalDtype):
        sizes = known.value_counts()
        sizes = sizes[sizes > 0]
        names = (
            list(sizes.index[:4])
            if not values.cat.ordered
            else [c for c in values.cat.categories if c in sizes.index][:4]
        )
        shown = ", ".join(f"{name} ({sizes[name]:,})" for name in names)
        return shown + (f" and {len(sizes) - len(names)} more" if len(sizes) > len(names) else "")
    return f"{known.min():.4g} to {known.max():.4g}, median {known.median():.4g}"
