"""The labels of one or more studies as numbers, and how near two of them must be to agree."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.errors import UserError
from explorer.learning.miners.matches import MatchRule
from explorer.study.schema import Variable
from explorer.study.study import Study

FRACTION = 0.25
"""Values within this share of a standard deviation agree, unless the study says what change is relevant."""

_ALIKE = ("kind", "unit", "cycle", "order", "relevant_change")
"""What studies that are learnt from together must say alike of a variable."""


@dataclass(frozen=True, eq=False)
class LabelTable:
    """K labels of n observations, the rows of all studies one after the other.

    names: of the K variables. values: float32 (n, K), NaN where missing: numbers in the variable's unit, or codes from
    0 of its categories (ordinal ones in their order). tolerances: K numbers in the same units; labels that differ by no
    more agree. periods: of the cyclic labels, None for the others.
    """

    names: tuple[str, ...]
    values: npt.NDArray[np.float32]
    tolerances: tuple[float, ...]
    periods: tuple[float | None, ...]

    def rule(self, *, min_matches: int | None = None, min_fraction: float | None = None) -> MatchRule:
        """What makes two observations alike; for ``MatchRule``'s two ways to say how many labels must agree.

        Tolerances above 0 are widened by the rounding of float32, so that 2.1 and 2.2 agree within 0.1.
        """
        rounding = 2 * np.finfo(np.float32).eps * np.nanmax(np.abs(self.values), axis=0, initial=0.0)
        widened = [t + float(r) if t > 0 else 0.0 for t, r in zip(self.tolerances, rounding, strict=True)]
        return MatchRule(tuple(widened), self.periods, min_matches=min_matches, min_fraction=min_fraction)


def label_table(
    studies: Sequence[Study],
    names: Sequence[str],
    train: npt.NDArray[np.bool_] | npt.NDArray[np.integer],
    *,
    fraction: float = FRACTION,
) -> LabelTable:
    """The variables ``names`` (tasks or others, derived ones too) of ``studies``, with a tolerance for each.

    train: the training rows among those of all studies, as a mask or as row numbers; nothing else is looked at for the
    tolerances. Which tolerance, by kind:

    - nominal: 0, equal categories. Equal names in two studies are one category.
    - ordinal: ``relevant_change``, else 0. For categories of text it counts steps.
    - continuous: ``relevant_change``, else ``fraction`` of the training rows' standard deviation (ddof 0).
    - cyclic: ``relevant_change``, else ``fraction`` of the training rows' angular deviation
      period / (2 pi) * sqrt(2 (1 - r)), r the length of the mean unit vector (Batschelet 1981); differences go the
      shorter way round the period.

    Raises UserError for a variable that a study has not, that studies describe differently, or that no training row
    has a value of.
    """
    if not names:
        raise ValueError("there must be at least one label")
    if not fraction >= 0:
        raise ValueError(f"fraction must be 0 or more, not {fraction}")
    variables = [_variable(studies, name) for name in names]
    columns = [_numbers(studies, name) for name in names]
    tolerances = []
    for name, variable, column in zip(names, variables, columns, strict=True):
        known = column[train]
        known = known[np.isfinite(known)]
        if not len(known):
            raise UserError(
                f"no training observation has a value of {name!r}", how="Leave it out, or train on more animals"
            )
        tolerances.append(_tolerance(variable, known, fraction))
    return LabelTable(
        names=tuple(names),
        values=np.stack(columns, axis=1).astype(np.float32),
        tolerances=tuple(tolerances),
        periods=tuple(variable.cycle for variable in variables),
    )


def _variable(studies: Sequence[Study], name: str) -> Variable:
    first = studies[0].variable(name)
    for study in studies[1:]:
        other = study.variable(name)
        for part in _ALIKE:
            if getattr(other, part) != getattr(first, part):
                raise UserError(
                    f"{studies[0].name} and {study.name} differ in the {part.replace('_', ' ')} of {name!r}",
                    how="Describe it alike in both, or train on one of them",
                )
    return first


def _numbers(studies: Sequence[Study], name: str) -> npt.NDArray[np.float64]:
    """Values of all studies, float64 (n,), NaN where missing; categories as codes from 0."""
    parts = [study.values(name) for study in studies]
    categorical = [isinstance(part.dtype, pd.CategoricalDtype) for part in parts]
    if not any(categorical):
        return np.concatenate([part.to_numpy(dtype=np.float64) for part in parts])
    ordered = [
        part.cat.categories for part in parts if isinstance(part.dtype, pd.CategoricalDtype) and part.cat.ordered
    ]
    if not all(categorical) or any(not ordered[0].equals(one) for one in ordered):
        raise UserError(
            f"the studies hold different values of {name!r}, so there is no common order of them",
            how=f"Name all its values in all studies: [variables.{name}] order = [...]",
        )
    categories = pd.Index(list(dict.fromkeys(str(one) for part in parts for one in part.cat.categories)))
    codes = [np.append(categories.get_indexer(part.cat.categories), -1)[part.cat.codes.to_numpy()] for part in parts]
    joined = np.concatenate(codes).astype(np.float64)
    return np.where(joined >= 0, joined, np.nan)


def _tolerance(variable: Variable, known: npt.NDArray[np.float64], fraction: float) -> float:
    if variable.kind == "nominal":
        return 0.0
    if variable.relevant_change is not None:
        return variable.relevant_change
    if variable.kind == "ordinal":
        return 0.0
    if variable.cycle is None:
        return fraction * float(known.std())
    turn = variable.cycle / (2 * np.pi)
    length = float(np.abs(np.exp(1j * known / turn).mean()))
    return fraction * turn * float(np.sqrt(max(0.0, 2 * (1 - length))))
