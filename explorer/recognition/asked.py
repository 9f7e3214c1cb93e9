"""A threshold analysis by what was asked: the same from the command line and in the app, with the same file."""

import json
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from explorer.engine import Report
from explorer.errors import UserError
from explorer.places import shipped_encoders
from explorer.recognition.analysis import Analysis, analyse
from explorer.recognition.promise import CONFIDENCE
from explorer.study.embeddings import FEATURES
from explorer.study.export import manifest
from explorer.study.study import Study


@dataclass(frozen=True)
class Asked:
    """What the command ``threshold`` takes, with its defaults."""

    embedding: str
    by: tuple[str, ...]
    fpir: float | None = None
    confidence: float = CONFIDENCE
    seed: int = 0
    apart: float = 0.0
    not_within: tuple[str, ...] = ()
    model: str | None = None

    def words(self) -> list[str]:
        """As options of the command."""
        given = {"fpir": self.fpir, "model": self.model}
        words: list[object] = ["--embedding", self.embedding, "--by", *self.by, "--confidence", self.confidence]
        words += ["--apart", self.apart, "--seed", self.seed]
        words += [word for name, value in given.items() if value is not None for word in (f"--{name}", value)]
        if self.not_within:
            words += ["--not-within", *self.not_within]
        return [str(word) for word in words]


def analysis_of(study: Study, asked: Asked, report: Report | None = None) -> Analysis:
    """Fit and test as asked. Raises UserError as ``analyse`` does, and for a model that did not make the embedding."""
    return analyse(
        study,
        study.embedding(asked.embedding),
        asked.by,
        fpir=asked.fpir,
        confidence=asked.confidence,
        seed=asked.seed,
        apart=asked.apart,
        not_within=asked.not_within,
        learnt_from=None if asked.model is None else _learnt_from(study, asked),
        report=report,
    )


def encoder_folder(model: str) -> Path:
    """Where an encoder lies that is named as the command takes it: one that ships with the package, or a folder."""
    return shipped_encoders().get(model, Path(model).expanduser())


def _learnt_from(study: Study, asked: Asked) -> tuple[str, ...]:
    """Raises UserError for an encoder that did not make the embedding, as far as the embedding says what did."""
    from explorer.learning.evaluate import unseen_animals
    from explorer.learning.model_files import load_model

    assert asked.model is not None
    loaded = load_model(encoder_folder(asked.model))
    made_by = study.embedding(asked.embedding).note.encoder_hash
    if asked.embedding == FEATURES or made_by not in (None, loaded.hash):
        raise UserError(
            f"the encoder {asked.model!r} did not make the embedding {asked.embedding!r}, so the animals that it has "
            "learnt from say nothing of these vectors",
            how="Name the encoder that did, or leave --model out",
        )
    animals = [] if study.animal is None else study.animal.cat.categories.tolist()
    return tuple(sorted(set(animals) - set(unseen_animals(study, loaded))))


def described(
    study: Study,
    asked: Asked,
    threshold: bytes,
    *,
    file: str,
    more: tuple[str, str, bytes, int] | None = None,
) -> dict[str, Any]:
    """The manifest of the file with the bytes ``threshold``, called ``file``, or of a table written beside it.

    ``more``: of a table, the option of the command that writes it, its name, its bytes and its rows.
    """
    facts = json.loads(threshold)
    embedding = study.embedding(asked.embedding)
    out = ["--arm", facts["arm"], "--out", file] + ([] if more is None else [more[0], more[1]])
    return manifest(
        file=file if more is None else more[1],
        content=threshold if more is None else more[2],
        rows=len(facts["arms"]) if more is None else more[3],
        command=shlex.join(["latent-explorer", "threshold", str(study.path), *asked.words(), *out]),
        study={"name": study.name, "data_sha256": study.data_hash},
        embedding={"name": embedding.name, "sha256": embedding.fingerprint},
        parameters={
            "by": list(asked.by),
            "fpir": facts["guarantee"]["fpir"],
            "confidence": facts["guarantee"]["confidence"],
        },
        seed=asked.seed,
        summary=facts["verdict"],
    )


def as_facts(asked: Asked) -> dict[str, Any]:
    """What was asked, ready for JSON."""
    return {**asdict(asked), "by": list(asked.by), "not_within": list(asked.not_within)}


def from_facts(facts: dict[str, Any]) -> Asked:
    """What was asked, from JSON."""
    return Asked(**{**facts, "by": tuple(facts["by"]), "not_within": tuple(facts["not_within"])})
