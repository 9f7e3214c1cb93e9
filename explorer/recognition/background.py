"""Background variables as a threshold knows them, so that any other observation is put into the same strata."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from explorer.errors import UserError
from explorer.space.conditions import Condition
from explorer.study.schema import Kind, Variable
from explorer.study.strata import Binning, arc_edges, bin_values, edges
from explorer.study.values import as_categorical

Finite = Annotated[float, Field(allow_inf_nan=False)]


class Known(BaseModel):
    """One variable. ``numbers``: its values are; they are put into bins by ``cuts`` (None where all were equal), arcs
    of a cycle of ``period``. ``categories``: of which those of the threshold are, in their order.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    variable: str
    kind: Kind
    numbers: bool
    categories: list[str]
    cuts: list[Finite] | None
    period: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None

    @classmethod
    def of(cls, one: Condition) -> "Known":
        """What has to be known of ``one``."""
        return cls(
            variable=one.name,
            kind=one.variable.kind,
            numbers=one.numbers is not None,
            categories=[str(category) for category in one.values.categories],
            cuts=list(one.binning.cuts) if one.binning else None,
            period=one.variable.cycle,
        )

    @model_validator(mode="after")
    def _belongs_together(self) -> "Known":
        binning = self.binning
        bins = 1 if binning is None else len(binning.cuts) + (binning.kind == "edges")
        if len(set(self.categories)) < len(self.categories) or (self.numbers and len(self.categories) != bins):
            raise ValueError(f"the categories of {self.variable!r} do not belong to its bins")
        return self

    @property
    def binning(self) -> Binning | None:
        """How its numbers become categories; None where there is nothing to bin."""
        if self.cuts is None:
            return None
        return edges(self.cuts) if self.period is None else arc_edges(self.cuts, self.period)

    def condition(self, values: pd.Series) -> Condition:
        """``values`` (n,) of other observations. A category that the threshold does not know counts as missing.

        Raises UserError for text in the place of numbers, and for an infinite number on a circle.
        """
        variable = Variable(column=self.variable, kind=self.kind, period=self.period)
        if not self.numbers:
            given = as_categorical(values).cat
            places = pd.Index(self.categories).get_indexer(given.categories.astype(str))
            codes = np.append(places, -1)[given.codes]
            return Condition(self.variable, variable, pd.Categorical.from_codes(codes, self.categories), None, None)
        try:
            numbers = pd.to_numeric(values).to_numpy(dtype=np.float64, na_value=np.nan)
            binning = self.binning
            binned = bin_values(pd.Series(numbers), binning).codes if binning else np.where(np.isnan(numbers), -1, 0)
        except (TypeError, ValueError):
            raise UserError(
                f"the threshold takes numbers for {self.variable!r}, and these are not",
                how="Give the variable as the study of the threshold has it",
            ) from None
        return Condition(self.variable, variable, pd.Categorical.from_codes(binned, self.categories), numbers, binning)


def conditions_as(known: Sequence[Known], background: Mapping[str, pd.Series], size: int) -> list[Condition]:
    """The variables of ``background``, each of ``size`` values, as a threshold knows them.

    Raises UserError when one is not there.
    """
    missing = [one.variable for one in known if one.variable not in background]
    if missing:
        raise UserError(
            f"the threshold depends on {', '.join(one.variable for one in known)}, and these searches do not say "
            f"their {', '.join(missing)}",
            how="Give these variables, with gaps where they are not known, or take the threshold of another arm",
        )
    for one in known:
        if len(background[one.variable]) != size:
            raise ValueError(f"{len(background[one.variable])} values of {one.variable} for {size} observations")
    return [one.condition(background[one.variable]) for one in known]
