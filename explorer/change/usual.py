"""What is followed in a study unless somebody says otherwise."""

from collections.abc import Iterable

from explorer.study.study import Study

_MOST = 4


def usual_variables(study: Study, offered: Iterable[str]) -> tuple[str, ...]:
    """Of the series ``offered``, the tasks whose relevant change is known, else the first tasks, else the first series.

    Measured values only; a task dimension of an embedding is followed when it is asked for.
    """
    names = list(offered)
    measured = [name for name in names if name in study.tasks]
    known = [name for name in measured if study.tasks[name].relevant_change is not None]
    return tuple(known or measured[:_MOST] or names[:1])
