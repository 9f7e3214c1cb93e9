"""The filter that follows from a click on a category or a pull along a scale, wherever it is done."""

import pandas as pd

from explorer.study.study import Study
from explorer.view import VariableFilter, View


def filter_on(view: View, variable: str) -> VariableFilter | None:
    """The view's filter on ``variable``, if there is one."""
    return next((one for one in view.filters if one.variable == variable), None)


def filtered(view: View, variable: str, chosen: VariableFilter | None) -> View:
    """``view`` with ``chosen`` as its filter on ``variable``, in the place of the one before; None takes it away."""
    kept = [chosen if one.variable == variable else one for one in view.filters]
    if chosen is not None and chosen not in kept:
        kept.append(chosen)
    return view.but(filters=tuple(one for one in kept if one is not None))


def by_category(
    study: Study, view: View, variable: str, value: str | None, *, missing: bool, add: bool
) -> VariableFilter | None:
    """The filter on ``variable`` after a click on its category ``value``; None when everything is shown.

    A click shows one category alone, or all again when it was alone; with ``add`` it joins or leaves the others.
    ``missing``: the click was on what has no value. Of a variable of numbers that is all that can be clicked on; it
    puts the missing in or leaves them out.
    """
    values = study.values(variable)
    gaps = bool(values.isna().any())
    now = filter_on(view, variable) or VariableFilter(variable=variable, missing=True)
    if not isinstance(values.dtype, pd.CategoricalDtype):
        changed = VariableFilter.model_validate({**now.model_dump(), "missing": not now.missing})
        return None if changed.missing and changed.low is None and changed.high is None else changed
    every = [str(label) for label in values.cat.categories]
    if not missing and value not in every:  # of a picture that has been left since
        return filter_on(view, variable)
    on = set(every if now.values is None else now.values)
    with_missing = now.missing and gaps
    one = set() if missing or value is None else {value}
    if add:
        on ^= one
        with_missing ^= missing
    elif on == one and with_missing == missing:
        return None
    else:
        on, with_missing = one, missing
    if (on >= set(every) and with_missing == gaps) or not (on or with_missing):
        return None
    kept = tuple(label for label in every if label in on)
    return VariableFilter(variable=variable, values=kept, missing=with_missing)


def by_range(study: Study, view: View, variable: str, low: float | None, high: float | None) -> VariableFilter | None:
    """The filter on ``variable`` after a pull from ``low`` to ``high``; without bounds None.

    What is missing goes at the first one, then as it was.
    """
    before = filter_on(view, variable)
    if isinstance(study.values(variable).dtype, pd.CategoricalDtype):  # of a picture that has been left since
        return before
    if low is None and high is None:
        return None
    narrowed = before is not None and (before.low is not None or before.high is not None)
    missing = before.missing if before and narrowed else False
    return VariableFilter(variable=variable, low=low, high=high, missing=missing)
