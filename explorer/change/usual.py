"""What is followed in a study unless somebody says otherwise."""

from collections.abc import Iterable

from explorer.change.scale import LOG2
from explorer.study.study import Study

_MOST = 4


def usual_variables(study: Study, offered: Iterable[str]) -> tuple[str, ...]:
    """Of the series ``offered``, the tasks whose relevant change is known, else the first tasks, else the first series.

    Measured values only; a task dimension of an embedding is followed when it is asked for. A task of which there is no
    value yet is left out. A lopsided one is followed by its logarithm, unless its relevant change is known: that is an
    amount, and no factor.
    """
    names = list(offered)
    measured = [name for name in names if name in study.tasks and _has_values(study, name)]
    known = [name for name in measured if study.tasks[name].relevant_change is not None]
    first = [log if (log := f"{LOG2}:{name}") in names else name for name in measured[:_MOST]]
    return tuple(known or first or names[:1])


def _has_values(study: Study, name: str) -> bool:
    score = study.tasks[name].score
    return bool(study.values(name).notna().any() if score is None else (study.scores["task"] == score).any())
