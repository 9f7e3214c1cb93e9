"""What an encoder is to learn of each observation beside its animal: labels that must agree, tasks to be said."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.errors import UserError
from explorer.learning.label_table import LabelTable, label_table
from explorer.learning.miners.matches import MatchRule
from explorer.learning.recipe import AGREE, Recipe
from explorer.study.study import Study

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Targets:
    """What is told of the n observations of all studies, one study after the other.

    labels: float32 (n, K), NaN where missing, and ``rule``, by which two of them are alike; None without tasks to
    match. scores: float32 (n, T) in the tasks' own units, NaN where missing, of the tasks ``names``, whose ``units``
    are None where they have none; ``means`` and ``spreads`` (ddof 0) are those of the training rows.
    """

    labels: Floats | None
    rule: MatchRule | None
    scores: Floats
    names: tuple[str, ...]
    units: tuple[str | None, ...]
    means: tuple[float, ...]
    spreads: tuple[float, ...]


def no_targets(n: int) -> Targets:
    """Nothing beside the animals, of n observations."""
    return Targets(None, None, np.zeros((n, 0), dtype=np.float32), (), (), (), ())


def read_targets(studies: Sequence[Study], recipe: Recipe, train: npt.NDArray[np.integer]) -> Targets:
    """The labels and scores that ``recipe`` names; tolerances, means and spreads from the rows ``train`` alone.

    Raises UserError for variables that studies have not, describe differently or have no training value of, for tasks
    to be said that have no order or one value only, and for ``min_matches`` above the number of tasks.
    """
    check_tasks(studies, recipe)
    found = no_targets(sum(map(len, studies)))
    labels, rule = None, None
    if recipe.tasks:
        table = label_table(studies, recipe.tasks, train)
        labels, rule = table.values, _rule(table, recipe)
    if not recipe.regress:
        return Targets(labels, rule, found.scores, (), (), (), ())
    table = label_table(studies, recipe.regress, train)
    means, spreads = [], []
    for place, name in enumerate(table.names):
        known = table.values[train, place].astype(np.float64)
        known = known[np.isfinite(known)]
        means.append(float(known.mean()))
        spreads.append(float(known.std()))
        if not np.ptp(known) > 0:
            raise UserError(
                f"{name!r} has the same value in all training observations, so there is nothing to learn of it",
                how="Leave it out, or train on more animals",
            )
    units = tuple(studies[0].variable(name).unit for name in table.names)
    return Targets(labels, rule, table.values, table.names, units, tuple(means), tuple(spreads))


def check_tasks(studies: Sequence[Study], recipe: Recipe) -> None:
    """Raise UserError for tasks that cannot be learnt as ``recipe`` asks; reads no values, so it answers at once."""
    for names in (recipe.tasks, recipe.regress):
        twice = [name for place, name in enumerate(names) if name in names[:place]]
        if twice:
            raise UserError(f"the task {twice[0]!r} is named twice", how="Name it once")
        for study in studies:
            for name in names:
                if name not in study.variables:
                    known = ", ".join(study.tasks) or ", ".join(study.variables) or "none"
                    raise UserError(f"{study.name} has no task {name!r}", how=f"Its tasks are: {known}")
    for name in recipe.regress:
        kind = studies[0].variable(name).kind
        if kind in ("nominal", "cyclic"):
            raise UserError(
                f"{name!r} is {kind}: its values have no order, so no dimension can say it",
                how="Choose continuous or ordinal tasks to regress; any can be among the tasks to match",
            )
    if not recipe.tasks:
        if recipe.min_matches is not None or recipe.min_fraction is not None:
            raise UserError("how many tasks must agree says nothing without tasks to match", how="Name them as tasks")
        return
    if recipe.min_matches is not None and recipe.min_fraction is not None:
        raise UserError("tasks must agree by number or by share, not both", how="Give one of the two")
    if recipe.min_matches is not None and not 1 <= recipe.min_matches <= len(recipe.tasks):
        raise UserError(
            f"{recipe.min_matches} tasks cannot agree where {len(recipe.tasks)} are matched",
            how=f"Ask for 1 to {len(recipe.tasks)}",
        )
    if recipe.min_fraction is not None and not 0 < recipe.min_fraction <= 1:
        raise UserError(f"the share of tasks that must agree is above 0 and at most 1, not {recipe.min_fraction:g}")


def _rule(table: LabelTable, recipe: Recipe) -> MatchRule:
    share = recipe.min_fraction
    if recipe.min_matches is None and share is None:
        share = AGREE
    return table.rule(min_matches=recipe.min_matches, min_fraction=share)
