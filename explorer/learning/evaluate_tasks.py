"""How well several methods tell the tasks of animals that none of them has learnt from, beside what is trivial."""

from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt

from explorer.errors import UserError
from explorer.learning.change_scores import ChangeScore, change_from_level, score_change
from explorer.learning.task_evaluation import TaskEvaluation
from explorer.learning.task_scores import TaskScore, score_task
from explorer.space.task_angles import task_angles
from explorer.space.task_directions import FEWEST
from explorer.space.task_values import ordered_task, units_of
from explorer.study.study import Study

Floats = npt.NDArray[np.float64]
Predictions = Mapping[str, Mapping[str, npt.NDArray[np.floating]]]
"""By method and task: float (n,), in the task's unit, NaN where there is none."""


def evaluate_tasks(
    study: Study,
    predictions: Predictions,
    *,
    train_animals: Collection[str],
    test_animals: Collection[str],
    against: str | None = None,
    labels: Mapping[str, npt.NDArray[np.floating]] | None = None,
    levels: Mapping[str, str] | None = None,
    embeddings: Mapping[str, npt.NDArray[np.floating]] | None = None,
    dimensions: Mapping[str, Mapping[str, int]] | None = None,
    train_rows: npt.NDArray[np.bool_] | None = None,
    test_rows: npt.NDArray[np.bool_] | None = None,
    seed: int = 0,
) -> TaskEvaluation:
    """Score ``predictions`` of tasks on the observations of ``test_animals``, all methods of a task on the same rows.

    predictions: see ``Predictions``; the methods must have learnt from ``train_animals`` alone, of which only labels
    are looked at, for what is trivial: their median, and change told from the level alone. ``train_animals`` may be
    empty, when methods learnt from other studies; those two are then not told. against: the method whose error the
    others' are compared with.

    labels: values to score against in place of the study's own, float (n,) by task: the truth of a simulated herd.
    levels: the task whose rate of change a task is, by task; known already of gradients that the study derives.
    embeddings: vectors (n, d) by method, for the angles between the directions of all tasks, fitted and told on test
    animals. dimensions: by method, the embedding dimension that was to express each task. train_rows, test_rows: bool
    (n,), of these animals only these observations.

    A row is scored when the label and the predictions of all methods that tell the task are there; what is left out
    is counted in the remarks. Raises UserError when animals are on both sides, when no test animal is in the study,
    for a task or method that there is not, and for a task without an order.
    """
    if study.animal is None:
        raise UserError(f"{study.name} does not say which animal is which, so none can be kept unseen")
    train, test = _sides(study, train_animals, test_animals)
    train = train if train_rows is None else train & train_rows
    test = test if test_rows is None else test & test_rows
    if against is not None and against not in predictions:
        methods = ", ".join(predictions) or "none"
        raise UserError(f"there are no predictions by {against!r}", how=f"The methods are: {methods}")
    given = labels or {}
    units = units_of(study)
    remarks: list[str] = []
    tasks = list(dict.fromkeys(task for by_task in predictions.values() for task in by_task))
    truth: dict[str, Floats] = {}

    def true(task: str) -> Floats:
        if task not in truth:
            own = ordered_task(study, task)  # also checks a task whose labels are given
            truth[task] = _checked(given[task], len(study), f"labels of {task}") if task in given else own
        return truth[task]

    scores: dict[str, dict[str, TaskScore]] = {}
    changes: dict[str, dict[str, ChangeScore]] = {}
    level_of = {task: level for task in tasks if (level := _level(study, task, levels)) is not None}
    for task in tasks:
        told = _told(predictions, task, true(task), test, remarks)
        if not told:
            continue
        rows = test & np.isfinite(true(task)) & np.all([np.isfinite(one) for one in told.values()], axis=0)
        known = true(task)[train & np.isfinite(true(task))]
        if not len(known):
            remarks.append(f"no training animal has a label of {task}, so its median is not told")
        scores[task] = score_task(
            {method: one[rows] for method, one in told.items()},
            true(task)[rows],
            units[rows],
            trivial=float(np.median(known)) if len(known) else np.nan,
            against=against if against in told else None,
            seed=seed,
        )
        _describe(task, true(task)[rows], {method: one[rows] for method, one in told.items()}, units[rows], remarks)
        if task in level_of:
            level = level_of[task]
            own_levels = {method: predictions[method][level] for method in told if level in predictions[method]}
            alone = change_from_level(true(task), true(level), train)
            if not np.isfinite(alone).any():
                remarks.append(f"too few training labels of {task} and {level} to tell change from the level alone")
            changes[task] = score_change(
                {method: one[rows] for method, one in told.items()},
                true(task)[rows],
                true(level)[rows],
                units[rows],
                predicted_levels={
                    method: _checked(one, len(study), f"predictions of {level} by {method}")[rows]
                    for method, one in own_levels.items()
                },
                level_alone=alone[rows],
                seed=seed,
            )
    angles = {}
    for method, vectors in (embeddings or {}).items():
        found = task_angles(
            vectors[test],
            {task: true(task)[test] for task in scores},
            units[test],
            ordinal=[task for task in scores if study.variable(task).kind == "ordinal"],
            dimensions=(dimensions or {}).get(method),
            seed=seed,
        )
        angles[method] = list(found.found)
        if found.nowhere:
            names = ", ".join(found.nowhere)
            remarks.append(f"in {method} no direction tells unseen animals' {names}, so there is no angle to one")
    return TaskEvaluation(
        study=study.name,
        scores=scores,
        changes=changes,
        levels={task: level for task, level in level_of.items() if task in changes},
        angles=angles,
        units={task: study.variable(task).unit or "" for task in tasks},
        against=against,
        train_animals=len(np.unique(units[train])),
        test_animals=len(np.unique(units[test])),
        remarks=tuple(dict.fromkeys(remarks)),
    )


def _sides(
    study: Study, train_animals: Collection[str], test_animals: Collection[str]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    both = sorted(set(train_animals) & set(test_animals))
    if both:
        raise UserError(
            f"{both[0]} is both to learn from and to test on" + (f" ({len(both):,} are)" if len(both) > 1 else ""),
            how="Test on animals that were not learnt from",
        )
    assert study.animal is not None
    train, test = (study.animal.isin(list(names)).to_numpy() for names in (train_animals, test_animals))
    if not test.any():
        raise UserError(f"none of the animals to test on is in {study.name}", how="Choose others")
    return train, test


def _checked(values: npt.NDArray[np.floating], n: int, what: str) -> Floats:
    out = np.asarray(values, dtype=np.float64)
    if out.shape != (n,):
        raise ValueError(f"{what} have the shape {out.shape}, not ({n},)")
    return out


def _level(study: Study, task: str, levels: Mapping[str, str] | None) -> str | None:
    """The task whose rate of change ``task`` is; None for one that is none."""
    if levels is not None and task in levels:
        return levels[task]
    rule = study.variable(task).derive
    return rule.source if rule is not None and rule.rule in ("forward_gradient", "backward_gradient") else None


def _told(
    predictions: Predictions, task: str, label: Floats, test: npt.NDArray[np.bool_], remarks: list[str]
) -> dict[str, Floats]:
    """The predictions of ``task`` by the methods that say anything about a labelled test row; counts what is lost."""
    labelled = test & np.isfinite(label)
    if not labelled.any():
        remarks.append(f"no test animal has a label of {task}, so it is not scored")
        return {}
    told = {}
    for method, by_task in predictions.items():
        if task not in by_task:
            continue
        one = _checked(by_task[task], len(label), f"predictions of {task} by {method}")
        if np.isfinite(one[labelled]).any():
            told[method] = one
        else:
            remarks.append(f"{method} tells {task} for no labelled observation of a test animal, so it is not scored")
    if told:
        whole = np.all([np.isfinite(one[labelled]) for one in told.values()], axis=0)
        if not whole.all():
            lost = int((~whole).sum())
            remarks.append(f"{task}: {lost:,} of {len(whole):,} labelled observations lack a prediction by some method")
        if not whole.any():
            remarks.append(f"{task} is not scored: no observation has predictions by all methods")
            return {}
    return told


def _describe(
    task: str, label: Floats, told: Mapping[str, Floats], units: npt.NDArray[np.integer], remarks: list[str]
) -> None:
    """Say why figures are missing or doubtful."""
    animals = len(np.unique(units))
    if animals < 2:
        remarks.append(f"{task} is labelled in one test animal only, so it has no intervals")
    elif animals < FEWEST:
        remarks.append(f"{task} is labelled in {animals} test animals; with so few, intervals are too narrow")
    if np.ptp(label) == 0:
        remarks.append(f"{task} has one value in all test animals, so nothing correlates with it")
        return
    for method, one in told.items():
        if np.ptp(one) == 0:
            remarks.append(f"{method} tells the same {task} for all, so it correlates with nothing")
