"""Which animals of a study the encoder of an embedding has learnt from: looked up by the hash of its weights."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from explorer.learning.explained import explainers_of
from explorer.learning.run_folders import DESCRIPTION
from explorer.learning.trained_on import TrainedOn, unseen
from explorer.study.embeddings import FEATURES, Embedding
from explorer.study.study import Study


@dataclass(frozen=True)
class LearntFrom:
    """``unseen``: the animals that the encoder has neither learnt from nor was chosen by; None where it is not known.

    ``sentence`` says so.
    """

    unseen: tuple[str, ...] | None
    sentence: str

    @property
    def held_out(self) -> tuple[str, ...] | None:
        """The animals to measure on: the unseen ones where there are two or more, else None, which means all."""
        return None if self.unseen is None or len(self.unseen) < 2 else self.unseen


def learnt_from(study: Study, embedding: Embedding, known: Iterable[Path]) -> LearntFrom:
    """What the encoder that made ``embedding`` has seen of ``study``.

    It is looked for in the folders ``known`` and in those beside the study; its description alone is read.
    """
    name = embedding.name
    if name == FEATURES:
        return LearntFrom(unseen(study, ()), "Measured features have learnt nothing.")
    if embedding.note.encoder_hash is None:
        return LearntFrom(None, f"{name!r} names no trained encoder: whether it has learnt from animals is not known.")
    told = _described(study, embedding, known)
    if told is None:
        return LearntFrom(
            None, f"Which animals the encoder of {name!r} has learnt from is not known here: it is not at hand."
        )
    new = unseen(study, told)
    seen = (0 if study.animal is None else len(study.animal.cat.categories)) - len(new)
    if not seen:
        return LearntFrom(new, f"The encoder of {name!r} has learnt from none of these animals.")
    return LearntFrom(new, f"The encoder of {name!r} has learnt from, or was chosen by, {seen:,} of these animals.")


def _described(study: Study, embedding: Embedding, known: Iterable[Path]) -> tuple[TrainedOn, ...] | None:
    for one in explainers_of(study, embedding.note, known):
        if one.hash == embedding.note.encoder_hash:
            try:
                told = json.loads((one.folder / DESCRIPTION).read_text(encoding="utf-8"))
                return tuple(TrainedOn.model_validate(each) for each in told["trained_on"])
            except (OSError, ValueError, KeyError, TypeError, ValidationError):
                return None
    return None
