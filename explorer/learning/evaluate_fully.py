"""Everything that says whether an encoder is worth using on a study, beside what can be had without it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from explorer.engine import Report, parts_of
from explorer.errors import UserError
from explorer.learning.baselines import Vectors, baselines
from explorer.learning.encoders import EncoderConfig
from explorer.learning.evaluate import evaluate
from explorer.learning.evaluate_tasks import evaluate_tasks
from explorer.learning.full_evaluation import FullEvaluation
from explorer.learning.label_scores import LabelScores, label_scores
from explorer.learning.model_files import load_model
from explorer.learning.network_baselines import IDENTITY, TASK_NET, identity_net, like, task_nets
from explorer.learning.read_out import read_out
from explorer.learning.recipe import Recipe
from explorer.learning.scored_tasks import from_scores, tasks_to_score
from explorer.learning.sides import Sides, sides_of
from explorer.learning.subjects import Subject, seen_animals, subject_of_embedding, subject_of_model
from explorer.learning.task_baselines import ridge_predictions, task_baselines
from explorer.learning.task_evaluation import TaskEvaluation
from explorer.space.task_angles import Angles, task_angles
from explorer.space.task_directions import Directions, task_directions
from explorer.space.task_values import ordered_task, units_of
from explorer.study.embeddings import FEATURES
from explorer.study.study import Study

Floats = npt.NDArray[np.float64]
Baselines = Literal["none", "quick", "all"]

DIMENSION, KERNEL, LINE = "task dimension", "kernel read-out", "linear direction"
"""How a task is read: by the dimension that learnt to say it, off neighbours, off a plane through all dimensions."""

_STEPS_PER_READING = {True: 30, False: 300}
"""Training steps that take about as long as encoding a small study, by whether it has pictures."""


def evaluate_fully(
    study: Study,
    *,
    model: str | Path | None = None,
    embedding: str | None = None,
    tasks: Sequence[str] | None = None,
    compared: Baselines = "quick",
    steps: int | None = None,
    after: str | None = None,
    apart: float = 0.0,
    seed: int = 0,
    report: Report | None = None,
    workers: int | None = None,
) -> FullEvaluation:
    """Evaluate the encoder in the folder ``model``, or the stored ``embedding``, on animals it has not seen.

    How often an animal is found again (``evaluate``); how well ``tasks`` are told (``evaluate_tasks``; by default all
    of the study and those the encoder has dimensions for), by its dimensions, by kernel regression among the animals
    learnt from and by a plane through all dimensions; labels without an order (``label_scores``); and, when it has no
    task dimensions, the directions in which tasks rise (``task_directions``). Who is learnt from, and who is scored,
    ``sides_of`` says; ``after`` divides by time too.

    compared: beside which baselines. "quick": pixels, their principal components and HOG, or the features, with what
    regressions and forests make of them; "all": also a network that learns identity alone and one for each task,
    trained as the encoder was, in as many ``steps`` at most. apart: days, as for ``evaluate``.

    Raises UserError for tasks that the study has not or that are cyclic, if asked for by name, and when nothing can
    be evaluated.
    """
    if (model is None) == (embedding is None):
        raise ValueError("either a model or an embedding is evaluated")
    loaded = None if model is None else load_model(model)
    stored = None if embedding is None else subject_of_embedding(study, embedding)
    seen = () if loaded is None else seen_animals(study, loaded)
    dimensions = loaded.info.task_dimensions if loaded is not None else stored.dimensions if stored is not None else {}
    ordered, nominal, remarks = tasks_to_score(study, tasks, tuple(dimensions))
    learning = bool(ordered or nominal) or compared == "all"
    sides = sides_of(study, seen, halve=learning, after=after, seed=seed)
    remarks += sides.remarks
    nets = like(loaded, study, steps=steps) if compared == "all" else None
    beside = compared != "none"
    net = nets[1].steps / _STEPS_PER_READING[study.has_pictures] if nets else 0.0
    of_tasks = (1.0 + (1.0 + net) * beside) * len(ordered) + 0.1
    encoding, plainly, identity, looking, telling = parts_of(
        report, [float(loaded is not None), beside, net, 0.3, of_tasks]
    )
    subject = stored
    if loaded is not None:
        subject = subject_of_model(study, loaded, report=encoding, workers=workers)
    assert subject is not None
    remarks += subject.remarks
    plain: dict[str, Vectors] = {}
    if beside:
        plain = baselines(study, train_animals=sides.learn or None, report=plainly, workers=workers)
        if embedding == FEATURES:  # nothing is compared with itself
            plain = {name: vectors for name, vectors in plain.items() if not name.startswith(FEATURES)}
    methods: dict[str, Vectors] = {subject.label: subject.vectors, **plain}
    if nets:
        methods[IDENTITY] = identity_net(study, *nets, sides.learn_rows, seed=seed, report=identity, workers=workers)
    if subject.told and not seen and ordered:
        remarks.append(
            "the task dimensions have learnt elsewhere, maybe from more animals than what they are compared with"
        )
    case = _Case(study, subject, sides, methods, plain, nets, beside, seed, workers)
    _tell(looking, "looking animals up")
    # While no method has learnt from any animal's identity, those to learn tasks from are looked up too.
    animals = sides.scored if seen or nets else [*sides.learn, *sides.scored]
    retrieval = None
    try:
        retrieval = evaluate(
            study,
            methods,
            animals=animals,
            encoder=subject.label,
            apart=apart,
            queries=sides.later,
            gallery=sides.earlier,
            seed=seed,
        )
    except UserError as error:
        if not ordered and not nominal:
            raise
        remarks.append(str(error))
    labels = _labels(case, nominal, remarks)
    told, directions, angles = None, Directions({}, ()), Angles((), ())
    if ordered:
        told = _tasks(case, ordered, telling, remarks)
        if after is not None and any(from_scores(study, task) for task in ordered):
            remarks.append(f"scores given after {after} may have reached labels before it, as the nearest or the next")
        if not subject.dimensions:
            directions, angles = _directions(case, ordered, seen)
            remarks += directions.remarks
            if directions.found and angles.nowhere:
                remarks.append(f"no direction tells {', '.join(angles.nowhere)} for sure, so there is no angle to one")
    _tell(report, "done", 1.0)
    return FullEvaluation(
        study=study.name,
        subject=subject.label,
        subject_hash=subject.hash,
        protocol=f"{subject.origin} {sides.sentence}".strip(),
        retrieval=retrieval,
        tasks=told,
        labels=labels,
        directions=directions.found,
        angles=angles.found,
        remarks=tuple(dict.fromkeys(remarks)),
    )


@dataclass(frozen=True, eq=False)
class _Case:
    """What is evaluated: ``methods`` are all embeddings, ``plain`` those without learning; ``nets`` how to train more.

    ``beside``: whether there are baselines at all.
    """

    study: Study
    subject: Subject
    sides: Sides
    methods: Mapping[str, Vectors]
    plain: Mapping[str, Vectors]
    nets: tuple[EncoderConfig, Recipe] | None
    beside: bool
    seed: int
    workers: int | None


def _labels(case: _Case, nominal: Sequence[str], remarks: list[str]) -> dict[str, LabelScores]:
    out = {}
    for name in nominal:
        found = label_scores(
            case.study,
            name,
            case.methods,
            case.sides.learn_rows,
            case.sides.scored_rows,
            forest=case.beside and bool(case.study.feature_columns),
            seed=case.seed,
            workers=case.workers,
        )
        if found is None:
            remarks.append(f"{name} is not scored: nobody to learn from, or nobody to be scored, has a value")
        else:
            out[name] = found
    return out


def _tasks(case: _Case, ordered: Sequence[str], report: Report | None, remarks: list[str]) -> TaskEvaluation:
    study, subject, sides = case.study, case.subject, case.sides
    net = float(case.nets[1].steps) / _STEPS_PER_READING[study.has_pictures] if case.nets else 0.0
    reading, comparing, training, finding = parts_of(report, [1.0, float(case.beside), net, 0.5])
    predictions = _own_predictions(case, ordered, reading, remarks)
    first = next(iter(predictions))
    if case.beside:
        predictions |= task_baselines(
            study,
            ordered,
            train_animals=sides.learn,
            train_rows=sides.learn_rows,
            plain=case.plain,
            seed=case.seed,
            report=comparing,
            workers=case.workers,
        )
    if case.nets:
        predictions[TASK_NET], more = task_nets(
            study, ordered, *case.nets, sides.learn_rows, seed=case.seed, report=training, workers=case.workers
        )
        remarks += more
    _tell(finding, "comparing predictions")
    return evaluate_tasks(
        study,
        predictions,
        train_animals=sides.learn,
        test_animals=sides.scored,
        train_rows=sides.learn_rows,
        test_rows=sides.scored_rows,
        against=first,
        embeddings={subject.label: subject.vectors} if subject.dimensions else {},
        dimensions={subject.label: {task: subject.dimensions[task] for task in ordered if task in subject.told}},
        seed=case.seed,
    )


def _own_predictions(
    case: _Case, ordered: Sequence[str], report: Report | None, remarks: list[str]
) -> dict[str, dict[str, Floats]]:
    """What the subject says of tasks, in each of three ways; and what can be read off the identity-only net."""
    study, subject, learn = case.study, case.subject, case.sides.learn_rows
    values, units = {task: ordered_task(study, task) for task in ordered}, units_of(study)
    out: dict[str, dict[str, Floats]] = {}
    if said := {task: subject.told[task] for task in ordered if task in subject.told}:
        out[f"{subject.label}, {DIMENSION}"] = said
    readable = [name for name in (subject.label, IDENTITY) if name in case.methods]
    for name, part in zip(readable, parts_of(report, [1.0] * len(readable)), strict=True):
        read = read_out(case.methods[name], values, units, learn, seed=case.seed, report=part)
        remarks += [f"{name}: {remark}" for remark in read.remarks]
        out[f"{name}, {KERNEL}"] = read.predicted
        if name == subject.label:
            out[f"{name}, {LINE}"] = {
                task: ridge_predictions(
                    subject.vectors,
                    values[task],
                    units,
                    learn,
                    ordinal=study.variable(task).kind == "ordinal",
                    seed=case.seed,
                )
                for task in ordered
            }
    return out


def _directions(case: _Case, ordered: Sequence[str], seen: Sequence[str]) -> tuple[Directions, Angles]:
    """Directions of tasks in a subject without task dimensions, over all animals it has not seen, and their angles."""
    study, vectors = case.study, case.subject.vectors
    assert study.animal is not None
    rows = ~study.animal.isin(list(seen)).to_numpy()
    animals = [name for name in study.animal.cat.categories if name not in set(seen)]
    found = task_directions(study, vectors, tasks=ordered, animals=animals, seed=case.seed)
    angles = task_angles(
        vectors[rows],
        {task: ordered_task(study, task)[rows] for task in found.found},
        units_of(study)[rows],
        ordinal=[task for task in found.found if study.variable(task).kind == "ordinal"],
        seed=case.seed,
    )
    return found, angles


def _tell(report: Report | None, note: str, fraction: float = 0.0) -> None:
    if report is not None:
        report(fraction, note)
