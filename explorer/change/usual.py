"""What is followed in a study unless somebody says otherwise."""

from collections.abc import Iterable

from explorer.study.study import Study

_MOST = 4


def usual_variables(study: Study, offered: Iterable[str]) -> tuple[str, ...]:
    """Of the series ``offered``, the tasks whose relevant change is known, else the first tasks, else the first series.

    Measured values only; a task dimension of an embedding is followed when it is asked for. A task of which there is no
    value yet is left out.
    """
    names = list(offered)
    measured = [name for name in names if name in study.tasks and _has_values(study, name)]
    known = [name for name in measured if study.tasks[name].relevant_change is not None]
    return tuple(known or measured[:_MOST] or names[:1])


def _has_values(study: Study, name: str) -> bool:
    score = study.tasks[name].score
    return bool(study.values(name).notna().any() if score is None else (study.scores["task"] == score).any())
