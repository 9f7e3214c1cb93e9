"""A study's tasks as numbers, and what of it counts as one: the animal."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.errors import UserError
from explorer.study.study import Study

_MOSTLY = 0.9
"""A share of numbers from which on a word among them is a slip; as of what is imported."""


def units_of(study: Study) -> npt.NDArray[np.int64]:
    """What is drawn, folded and shuffled as a whole, int64 (n,): the animal.

    An observation of an unknown animal counts for itself.
    """
    if study.animal is None:
        return np.arange(len(study))
    codes = study.animal.cat.codes.to_numpy().astype(np.int64)
    return np.where(codes < 0, len(study.animal.cat.categories) + np.arange(len(codes)), codes)


def numbers_of(values: pd.Series) -> npt.NDArray[np.float64]:
    """Values of a variable as float64 (n,), NaN where missing; categories as codes from 0, in their order."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes = values.cat.codes.to_numpy().astype(np.float64)
        codes[codes < 0] = np.nan
        return codes
    return values.to_numpy(dtype=np.float64)


def ordered_task(study: Study, name: str) -> npt.NDArray[np.float64]:
    """Values of a task that has an order (continuous or ordinal), as ``numbers_of`` gives them.

    Raises UserError when there is no such variable, when it cannot be read, and when it has no order; of text that is
    all numbers but for a few cells, it names the first of these.
    """
    kind = study.variable(name).kind
    if kind == "nominal":
        _check_words(study, name)
    if kind in ("nominal", "cyclic"):
        raise UserError(
            f"{name!r} is {kind}: its values have no order, so neither an error nor a direction in which it rises",
            how="Choose continuous or ordinal tasks",
        )
    return numbers_of(study.values(name))


def _check_words(study: Study, name: str) -> None:
    variable, values = study.variable(name), study.values(name)
    if variable.column is None or variable.table != "observations":
        return
    parsed = pd.to_numeric(pd.Series(values.cat.categories.astype(object)), errors="coerce").notna()
    words = np.flatnonzero(~np.append(parsed, True)[values.cat.codes.to_numpy()])
    if 0 < len(words) <= (1 - _MOSTLY) * values.notna().sum():
        raise UserError(
            f"{name!r} was read as text, though nearly all of it is numbers: this cell holds {values.iloc[words[0]]!r}",
            where=study.table.path.name,
            row=int(words[0]) + 1,
            column=variable.column,
            how="Mend or empty that cell in the file that was imported, and import it again",
        )
