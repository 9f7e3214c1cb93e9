"""Background variables as categories that a stratum can be made of: numbers binned, cycles cut into arcs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.errors import UserError
from explorer.study.schema import Variable
from explorer.study.strata import Binning, Strata, arc_edges, arcs, bin_values, edges, quantiles, strata
from explorer.study.study import Study

BINS = 3
"""Bins of near-equal size that a number is put into."""

ARCS = 4
"""Equal arcs that a cyclic variable is cut into."""


@dataclass(frozen=True, eq=False)
class Condition:
    """One background variable of n observations.

    ``values``: its (n,) categories, missing where unknown. ``numbers``: float64 (n,) as the study has them, or None for
    categories. ``binning``: how numbers became categories, by edges in the variable's unit, so that another observation
    is put into the same bins; None for categories and where all numbers are equal.
    """

    name: str
    variable: Variable
    values: pd.Categorical
    numbers: npt.NDArray[np.float64] | None
    binning: Binning | None

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Where it is not missing; bool (n,)."""
        return np.asarray(self.values.codes >= 0)


def conditions(
    study: Study, names: Sequence[str], by_hand: Mapping[str, Sequence[float]] | None = None
) -> list[Condition]:
    """The variables ``names`` of ``study`` as categories.

    ``by_hand``: for some of the numbers, the edges between their bins in the variable's unit; for some of the cycles,
    where each arc begins. Raises UserError for no names, for one named twice, for one that the study has not, for one
    without any value, and for edges that are out of order, outside of a cycle, of what is not a number or not among
    ``names``.
    """
    if not names:
        raise UserError(
            "no background variable was named", how=f"The study has: {', '.join(study.variables) or 'none'}"
        )
    for name in names:
        if list(names).count(name) > 1:
            raise UserError(f"{name!r} was given twice", how="Name each variable once")
    by_hand = by_hand or {}
    for name in by_hand:
        if name not in names:
            raise UserError(
                f"bins were given for {name!r}, which is not among the variables", how=f"They are: {', '.join(names)}"
            )
    return [_condition(study, name, by_hand.get(name)) for name in names]


def _condition(study: Study, name: str, cuts: Sequence[float] | None) -> Condition:
    variable, values = study.variable(name), study.values(name)
    if not values.notna().any():
        raise UserError(f"no observation has a value of {name!r}", how="Choose another variable")
    if isinstance(values.dtype, pd.CategoricalDtype):
        if cuts is not None:
            raise UserError(f"{name!r} has categories, which need no bins", how="Leave its bins out")
        return Condition(name, variable, pd.Categorical(values), None, None)
    numbers = values.to_numpy(dtype=np.float64)
    if cuts is not None:
        if variable.cycle is not None and any(not 0 <= cut <= variable.cycle for cut in cuts):
            raise UserError(
                f"the bins of {name!r} cannot be used: arcs begin within its cycle", how=f"Give 0 to {variable.cycle:g}"
            )
        try:
            given = edges(cuts) if variable.cycle is None else arc_edges(cuts, variable.cycle)
        except ValueError as error:
            raise UserError(f"the bins of {name!r} cannot be used: {error}", how="Mend them") from None
        return Condition(name, variable, bin_values(values, given), numbers, given)
    if variable.cycle is not None:
        binning: Binning | None = arcs(ARCS, variable.cycle)
        categories = bin_values(values, arcs(ARCS, variable.cycle))
    else:
        categories = bin_values(values, quantiles(BINS))
        # A quantile bin holds the cut below it: the least of its values.
        cuts = [float(numbers[categories.codes == code].min()) for code in range(1, len(categories.categories))]
        binning = edges(cuts) if cuts else None
    return Condition(name, variable, categories, numbers, binning)


def in_words(chosen: Sequence[Condition]) -> str:
    """The names of the variables in a sentence: "season", "season and parity", "season, parity and herd"."""
    *first, last = [one.name for one in chosen]
    return f"{', '.join(first)} and {last}" if first else last


def nested_strata(chosen: Sequence[Condition], size: int) -> list[Strata]:
    """Strata by all of ``chosen``, then without the last, and so on; at the end all ``size`` observations together."""
    columns = {one.name: one.values for one in chosen}
    names = list(columns)
    return [strata({name: columns[name] for name in names[:count]}, size=size) for count in range(len(names), -1, -1)]
