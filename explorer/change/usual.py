"""What is followed in a study unless somebody says otherwise."""

from collections.abc import Iterable

from explorer.change.readings import readings_of
from explorer.change.scale import LOG2
from explorer.errors import UserError
from explorer.space.task_values import ordered_task
from explorer.study.study import Study

_MOST = 4


def usual_variables(study: Study, offered: Iterable[str], as_of: float | None = None) -> tuple[str, ...]:
    """Of the series ``offered``, the tasks whose relevant change is known, else the first tasks, else the first series.

    Measured values only; a task dimension of an embedding is followed when it is asked for. A task of which there is no
    value up to the day ``as_of`` is left out. A lopsided one is followed by its logarithm, unless its relevant change
    is known: that is an amount, and no factor. Raises UserError when nothing is offered.
    """
    names = list(offered)
    if not names:
        raise nothing_to_follow(study)
    measured = _measured(study, names, as_of)
    known = [name for name in measured if study.tasks[name].relevant_change is not None]
    first = [log if (log := f"{LOG2}:{name}") in names else name for name in measured[:_MOST]]
    return tuple(known or first or names[:1])


def left_out(study: Study, offered: Iterable[str], usual: Iterable[str], as_of: float | None = None) -> str:
    """Which tasks ``usual_variables`` leaves out that could be followed too, in a sentence; "" for none."""
    followed = {name.removeprefix(f"{LOG2}:") for name in usual}
    out = [name for name in _measured(study, offered, as_of) if name not in followed]
    known = any(study.tasks[name].relevant_change is not None for name in followed if name in study.tasks)
    why = "the study does not say which change of it matters" if known else f"the first {_MOST} tasks are taken"
    return f"not followed: {', '.join(out)} ({why}); --variable names what is" if out else ""


def nothing_to_follow(study: Study) -> UserError:
    """What to say of a study without any series: of a task with a word among its numbers, that."""
    for name in study.tasks:
        try:
            ordered_task(study, name)
        except UserError as error:
            if error.row is not None:
                return error
    return UserError(
        "nothing in this study can be followed in time: that needs animals, times and numbers",
        where=str(study.path / "study.toml"),
        how="Name the columns for animal and time, and a task of numbers",
    )


def _measured(study: Study, names: Iterable[str], as_of: float | None) -> list[str]:
    return [name for name in names if name in study.tasks and len(readings_of(study, name).known(as_of))]
