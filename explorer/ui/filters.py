"""Showing only some of the observations: one control per filtered variable."""

import numpy as np
import pandas as pd
import streamlit as st

from explorer.errors import UserError
from explorer.space.shown import filter_mask
from explorer.study.study import Study
from explorer.ui.describe import variable_labels
from explorer.ui.plain import for_markdown
from explorer.ui.state import propose, settle, view
from explorer.view import VariableFilter

_MOST_CATEGORIES = 1_000


def filter_controls(study: Study) -> None:
    """A button that opens the filters, with how many are set."""
    active = {chosen.variable: chosen for chosen in view().filters}
    label = f"Filters ({len(active)})" if active else "Filters"
    with st.popover(label, icon=":material/filter_alt:"):
        st.session_state["filter_variables"] = [name for name in active if name in study.variables]
        st.multiselect(
            "Show only observations by",
            list(study.variables),
            key="filter_variables",
            format_func=variable_labels(study).__getitem__,
            on_change=_variables_changed,
        )
        for name, chosen in active.items():
            try:
                _control(study, name, chosen)
            except UserError as error:
                st.warning(str(error), icon=":material/warning:")


def drop_unfit_filters(study: Study) -> None:
    """Take filters away that do not fit this study (an old address, a variable renamed since), and say so."""
    kept = []
    for chosen in view().filters:
        try:
            filter_mask(study, (chosen,))
        except UserError as error:
            st.warning(f"The filter on {for_markdown(chosen.variable)} was taken away: {for_markdown(error)}")
        else:
            kept.append(chosen)
    if len(kept) < len(view().filters):
        settle(view().but(filters=tuple(kept)))


def _variables_changed() -> None:
    names = st.session_state["filter_variables"]
    kept = {chosen.variable: chosen for chosen in view().filters}
    propose(view().but(filters=tuple(kept.get(name) or VariableFilter(variable=name, missing=True) for name in names)))


def _narrow(chosen: VariableFilter, **changes: object) -> None:
    """Change the values or the range; narrowed for the first time, observations without a value go too."""
    was_open = chosen.values is None and chosen.low is None
    is_open = changes.get("values", chosen.values) is None and changes.get("low") is None
    _replace(chosen, missing=is_open if was_open or is_open else chosen.missing, **changes)


def _replace(chosen: VariableFilter, **changes: object) -> None:
    changed = VariableFilter.model_validate({**chosen.model_dump(), **changes})
    propose(view().but(filters=tuple(changed if f.variable == chosen.variable else f for f in view().filters)))


def _control(study: Study, name: str, chosen: VariableFilter) -> None:
    values = study.values(name)
    variable = study.variables[name]
    title = for_markdown(variable.label or name)
    key = f"filter-{name}"
    if isinstance(values.dtype, pd.CategoricalDtype):
        categories = [str(label) for label in values.cat.categories[:_MOST_CATEGORIES]]
        st.session_state[key] = [label for label in chosen.values or () if label in categories]
        st.multiselect(
            title,
            categories,
            key=key,
            placeholder="all",
            on_change=lambda: _narrow(chosen, values=tuple(st.session_state[key]) or None),
        )
    else:
        known = values.to_numpy()[np.isfinite(values.to_numpy())]
        if not len(known):
            st.caption(f"{title}: no values")
            return
        low, high = float(known.min()), float(known.max())
        if low == high:
            st.caption(f"{title}: always {low:g}")
            return
        at = (
            max(low, low if chosen.low is None else chosen.low),
            min(high, high if chosen.high is None else chosen.high),
        )
        st.session_state[key] = at if at[0] <= at[1] else (low, high)
        st.slider(
            title + (f" ({variable.unit})" if variable.unit else ""),
            low,
            high,
            key=key,
            on_change=lambda: _narrow(chosen, low=st.session_state[key][0], high=st.session_state[key][1]),
        )
    if values.isna().any():
        missing = f"{key}-missing"
        st.session_state[missing] = chosen.missing
        st.checkbox(
            f"also where it is missing ({int(values.isna().sum()):,})",
            key=missing,
            on_change=lambda: _replace(chosen, missing=st.session_state[missing]),
        )
