"""A background variable as columns to explain vectors by, and as places whose distances mean something."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.errors import UserError
from explorer.space.task_directions import scale_of
from explorer.space.task_values import numbers_of
from explorer.study.schema import Kind, Variable

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MOST_CATEGORIES = 64
"""A nominal variable with more is not analysed: with nearly as many categories as animals it would explain anything."""

KNOTS = (0.05, 0.35, 0.65, 0.95)
"""Shares of the observations below each knot of a continuous variable's curve (Harrell, 2001, table 2.3)."""

_RANK = 1e-7
"""Singular values below this share of the largest are rounding."""


@dataclass(frozen=True, eq=False)
class Design:
    """One variable of n observations.

    ``known``: bool (n,), where it has a value. ``columns``: float64 (n, k), what may explain the vectors, of mean 0
    and orthonormal over the known rows, 0 elsewhere; k = 0 when it does not vary. ``places``: float64 (n, c), the
    variable itself, 0 where unknown: the number; the rank; 0 and 1 for each category; a place on the unit circle.
    """

    name: str
    kind: Kind
    known: Bools
    columns: Floats
    places: Floats

    @property
    def varies(self) -> bool:
        """Whether there are two different values."""
        return self.columns.shape[1] > 0


def design_of(name: str, values: pd.Series, variable: Variable) -> Design:
    """How ``values`` (n,), as ``Study.values`` gives them, enter an analysis by the variable's kind.

    - continuous: a restricted cubic spline with four knots (three columns, a straight line among them; Harrell, 2001,
      section 2.4.5), since what a variable does to an animal is seldom a straight line; where knots coincide, fewer.
    - ordinal: ranks (ridits, as in ``task_directions``) and, from three values on, their square.
    - nominal: one column for each category but one.
    - cyclic: sine and cosine of the angle.

    Raises UserError for a nominal variable of more than ``MOST_CATEGORIES`` categories.
    """
    numbers = numbers_of(values)
    known = np.isfinite(numbers)
    found = numbers[known]
    if variable.kind == "nominal":
        there, codes = np.unique(found, return_inverse=True)
        if len(there) > MOST_CATEGORIES:
            raise UserError(
                f"{name!r} has {len(there):,} categories, more than the {MOST_CATEGORIES} that can be told apart",
                how="Leave it out, or import it with fewer categories",
            )
        places = np.eye(len(there))[codes]
        columns = places[:, 1:]
    elif variable.cycle is not None:
        angle = 2 * np.pi * found / variable.cycle
        places = np.column_stack([np.sin(angle), np.cos(angle)])
        columns = places
    elif variable.kind == "ordinal":
        places = scale_of(found).to_ranks(found)[:, None] if len(found) else found[:, None]
        columns = np.hstack([places, places**2])
    else:
        places = _standard(found)[:, None]
        columns = _curve(places[:, 0])
    return Design(name, variable.kind, known, _spread(orthonormal(columns), known), _spread(places, known))


def orthonormal(columns: Floats) -> Floats:
    """An orthonormal basis, float64 (n, k), of what ``columns`` (n, p) span beside a constant; k = 0 if nothing."""
    moved = columns - columns.mean(axis=0) if len(columns) else columns
    size = np.sqrt((moved**2).sum(axis=0))
    moved = moved[:, size > 1e-9 * np.sqrt((columns**2).sum(axis=0))]
    if not moved.size:
        return np.zeros((len(columns), 0))
    basis, sizes, _ = np.linalg.svd(moved / np.sqrt((moved**2).sum(axis=0)), full_matrices=False)
    return np.ascontiguousarray(basis[:, sizes > _RANK * sizes[0]])


def _curve(x: Floats) -> Floats:
    """Restricted cubic spline, float64 (n, 1 to 3), straight beyond the outer knots; the first column is x."""
    knots = np.unique(np.quantile(x, KNOTS)) if len(x) else x
    if len(knots) < 3:
        return x[:, None]
    last, before = knots[-1], knots[-2]

    def cubed(knot: float) -> Floats:
        return np.clip(x - knot, 0, None) ** 3

    bent = [
        cubed(knot) - cubed(before) * (last - knot) / (last - before) + cubed(last) * (before - knot) / (last - before)
        for knot in knots[:-2]
    ]
    return np.column_stack([x, *bent])


def _standard(values: Floats) -> Floats:
    spread = float(values.std()) if len(values) else 0.0
    return (values - values.mean()) / spread if spread > 0 else np.zeros(len(values))


def _spread(values: Floats, known: Bools) -> Floats:
    out = np.zeros((len(known), values.shape[1]))
    out[known] = values
    return out
