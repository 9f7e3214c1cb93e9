"""Which tasks of a study an evaluation scores, and how."""

from collections.abc import Sequence

from explorer.errors import UserError
from explorer.space.task_values import ordered_task
from explorer.study.study import Study


def tasks_to_score(
    study: Study, asked: Sequence[str] | None, own: Sequence[str] = ()
) -> tuple[list[str], list[str], list[str]]:
    """Which tasks are scored: those with an order, those without; and a sentence for each that is left out.

    ``asked`` by name; None for all tasks of ``study`` and those of ``own`` that it has. Raises UserError for one that
    was asked for and that the study has not, cannot read or that is cyclic.
    """
    names = [*study.tasks, *(name for name in own if name in study.variables)] if asked is None else asked
    ordered: list[str] = []
    nominal: list[str] = []
    remarks: list[str] = []
    for name in dict.fromkeys(names):
        try:
            if study.variable(name).kind == "nominal":
                study.values(name)
                nominal.append(name)
            else:
                ordered_task(study, name)
                ordered.append(name)
        except UserError as error:
            if asked is not None:
                raise
            remarks.append(str(error))
    remarks += [f"{study.name} has no {name}, which the encoder tells" for name in own if name not in study.variables]
    return ordered, nominal, remarks


def from_scores(study: Study, task: str) -> bool:
    """Whether its labels follow from scores on other dates than the observation's."""
    variable = study.variable(task)
    return variable.score is not None or (variable.derive is not None and variable.derive.rule.endswith("gradient"))
