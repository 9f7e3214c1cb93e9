"""The values of one column as what its variable says it is: float64 numbers, or categories of text."""

import re

import numpy as np
import pandas as pd

from explorer.errors import UserError
from explorer.study.derive import SEASONS
from explorer.study.schema import Variable

_LOST_TYPE = re.compile(r"[0-9]+\.0")


def as_categorical(values: pd.Series) -> pd.Series:
    """Labels as a Categorical of text; 309.0 (a number that lost its type to a gap) reads 309."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values if values.cat.categories.dtype.kind not in "iuf" else values.cat.rename_categories(_label)
    found = values.astype("category")
    return found.cat.rename_categories([_label(value) for value in found.cat.categories])


def animal_names(values: pd.Series) -> pd.Series:
    """Animals as a Categorical of text, where the text 309.0 reads 309 as the number does."""
    names = as_categorical(values)
    if not any(_LOST_TYPE.fullmatch(str(name)) for name in names.cat.categories):
        return names
    return names.astype(object).map(lambda name: str(name).removesuffix(".0"), na_action="ignore").astype("category")


def _label(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def typed(raw: pd.Series, name: str, variable: Variable, *, file: str) -> pd.Series:
    """``raw``, read from ``file``, as the variable's kind asks: float64, or a Categorical."""
    if variable.kind == "nominal":
        return _natural_order(as_categorical(raw))
    if variable.order:
        labels = as_categorical(raw)
        unknown = sorted(set(labels.cat.categories) - set(variable.order))
        if unknown:
            raise UserError(
                f"the value {unknown[0]!r} is not in the order of the variable {name!r}",
                how=f"Add it to order = {list(variable.order)}",
            )
        return labels.cat.set_categories(list(variable.order), ordered=True)
    if isinstance(raw.dtype, pd.CategoricalDtype):
        parsed = pd.to_numeric(pd.Series(raw.cat.categories.astype(object)), errors="coerce")
        numbers = pd.Series(np.append(parsed.to_numpy(dtype=np.float64), np.nan)[raw.cat.codes.to_numpy()])
        if numbers.isna().sum() > raw.isna().sum():
            if variable.kind == "ordinal":
                return _natural_order(raw).cat.as_ordered()
            bad = raw[numbers.isna().to_numpy() & raw.notna().to_numpy()]
            raise UserError(
                f"{name!r} is {variable.kind}, but this cell holds {str(bad.iloc[0])!r}",
                where=file,
                # Animals are asked for by observation, so their row is not that of the observation.
                row=int(bad.index[0]) + 1 if variable.table == "observations" else None,
                column=variable.column or name,
                how='Mend that cell, or set kind = "nominal"',
            )
    else:
        try:
            numbers = raw.astype(np.float64)
        except (TypeError, ValueError):
            raise UserError(
                f"{name!r} is {variable.kind}, but the column does not hold numbers",
                where=file,
                column=variable.column or name,
                how="Set another kind, or derive the variable from its dates",
            ) from None
    numbers = numbers.where(np.isfinite(numbers))
    if variable.cycle is not None:
        numbers = numbers % variable.cycle
    return numbers


def _natural_order(values: pd.Series) -> pd.Series:
    """Categories in the order a person expects: 2 before 10, and a given calendar order kept."""
    if tuple(values.cat.categories) == SEASONS:
        return values
    parsed = pd.to_numeric(pd.Series(values.cat.categories.astype(object)), errors="coerce").to_numpy()
    order = np.lexsort((values.cat.categories.astype(str).to_numpy().astype(str), np.nan_to_num(parsed, nan=np.inf)))
    return values.cat.reorder_categories(list(values.cat.categories[order]))
