"""What is evaluated: an encoder at hand, or an embedding that came from elsewhere."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.engine import Report
from explorer.errors import UserError
from explorer.learning.embed import encode_study
from explorer.learning.evaluate import unseen_animals
from explorer.learning.model_files import Model
from explorer.study.embeddings import FEATURES
from explorer.study.study import Study

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Subject:
    """An embedding of a study's n observations, and what is known of how it was made.

    ``label`` names it in tables; ``hash`` is that of its weights, or its fingerprint. ``vectors`` (n, d), NaN where
    there is none. ``told``: what its task dimensions say, float64 (n,) by task, in the task's unit; ``dimensions``:
    which these are. ``origin``: a sentence on what it has learnt from. ``model``: the encoder, if it is at hand.
    """

    label: str
    hash: str
    vectors: npt.NDArray[np.floating]
    told: dict[str, Floats]
    dimensions: dict[str, int]
    origin: str
    model: Model | None
    remarks: tuple[str, ...]


def seen_animals(study: Study, model: Model) -> tuple[str, ...]:
    """The animals of ``study`` that ``model`` has learnt from or was chosen by, sorted.

    Raises UserError when that leaves fewer than two to test it on.
    """
    animals = [] if study.animal is None else study.animal.cat.categories.tolist()
    unseen = unseen_animals(study, model)
    if animals and len(unseen) < 2:
        raise UserError(
            f"the encoder has seen all animals of {study.name} but {len(unseen)}, so there is nothing to test it on",
            how="Evaluate it on another study",
        )
    return tuple(sorted(set(animals) - set(unseen)))


def subject_of_model(
    study: Study, model: Model, *, report: Report | None = None, workers: int | None = None
) -> Subject:
    """``study`` through an encoder. Raises UserError as ``seen_animals`` and ``encode_study`` do."""
    seen = seen_animals(study, model)
    vectors, remarks = encode_study(study, model, report=report, workers=workers)
    animals = 0 if study.animal is None else len(study.animal.cat.categories)
    if seen:
        origin = f"The encoder has learnt from, or was chosen by, {len(seen):,} of the {animals:,} animals."
    else:
        origin = f"The encoder has learnt from other studies and has seen none of the {animals:,} animals."
    return Subject(
        label=f"encoder {model.info.name}",
        hash=model.hash,
        vectors=vectors,
        told=model.task_values(vectors),
        dimensions=dict(model.info.task_dimensions),
        origin=origin,
        model=model,
        remarks=remarks,
    )


def subject_of_embedding(study: Study, name: str) -> Subject:
    """The embedding ``name`` of ``study``, wherever it comes from. Raises UserError when there is none of that name."""
    embedding = study.embedding(name)
    scales, places = embedding.note.task_scales, embedding.note.task_dimensions
    there = {task: place for task, place in places.items() if task in scales and 0 <= place < embedding.dims}
    if name == FEATURES:
        origin = "The measured features have learnt nothing."
    else:
        origin = f"Which animals {name!r} has learnt from is not known here: if any of these, its figures flatter."
    return Subject(
        label=f"embedding {name}",
        hash=embedding.fingerprint,
        vectors=embedding.vectors,
        told={task: scales[task].read(embedding.vectors[:, place]) for task, place in there.items()},
        dimensions=there,
        origin=origin,
        model=None,
        remarks=embedding.remarks,
    )
