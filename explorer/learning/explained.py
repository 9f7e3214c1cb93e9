"""What was explained of observations, kept on disk, and which encoders can explain. No torch: the app reads this."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from explorer.learning.run_folders import DESCRIPTION, WEIGHTS
from explorer.space.quality_cache import keep, read_as
from explorer.study.embeddings import EmbeddingNote
from explorer.study.fingerprint import hash_json
from explorer.study.study import Study

_VERSION = 1  # raised when explanations change, so that old ones are not shown as new ones
_MOST_BESIDE = 200


@dataclass(frozen=True)
class Explanation:
    """A file's bytes (PNG of a picture, CSV of features), the manifest that makes it again, and sentences.

    ``parts`` float64 is what each part of the input adds, (side, side) or (features,), of the input ``given``, as the
    encoder read it: uint8 (3, side, side), or float32 (features,) with NaN where missing.
    """

    content: bytes
    facts: dict[str, Any]
    remarks: tuple[str, ...]
    parts: npt.NDArray[np.float64]
    given: npt.NDArray[Any]

    @property
    def alike(self) -> float:
        """Rank correlation of the parts with those of random weights."""
        return float(self.facts["rank_correlation_with_random_weights"])


def explained_at(study: Study, weights: str, observation: str, task: str | None, near: str | None) -> Path:
    """Where the explanation by the encoder of these ``weights`` (their SHA-256) is kept."""
    key = hash_json([_VERSION, study.data_hash, weights, observation, task, near])
    return study.cache / "explained" / f"{key[:20]}.npz"


def keep_explained(path: Path, found: Explanation) -> None:
    """Write it, atomically. Raises UserError when the disk or the rights do not allow it."""
    arrays = {"parts": found.parts, "given": found.given, "content": np.frombuffer(found.content, dtype=np.uint8)}
    keep(path, {"manifest": found.facts, "remarks": found.remarks}, arrays)


def read_explained(path: Path) -> Explanation | None:
    """The explanation at ``path``; None when there is none, or it is spoilt."""
    return read_as(
        path,
        lambda facts, arrays: Explanation(
            arrays["content"].tobytes(), facts["manifest"], tuple(facts["remarks"]), arrays["parts"], arrays["given"]
        ),
    )


@dataclass(frozen=True)
class Explainer:
    """An encoder as its folder describes it; ``hash`` is the SHA-256 of its weights."""

    name: str
    folder: Path
    hash: str
    reads_pictures: bool
    features: tuple[str, ...]
    tasks: tuple[str, ...]

    def fits(self, study: Study) -> bool:
        """Whether ``study`` has what it reads."""
        if self.reads_pictures:
            return study.has_pictures
        return set(self.features) <= set(study.table.columns)


def read_explainer(folder: Path) -> Explainer | None:
    """The encoder in ``folder``; None when there is none. That its files are sound is found out when it is loaded."""
    if not (folder / WEIGHTS).is_file():
        return None
    try:
        told = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        return Explainer(
            name=str(told["name"]),
            folder=folder,
            hash=str(told["weights_sha256"]),
            reads_pictures=told["config"]["architecture"] == "small_conv",
            features=tuple(str(one) for one in told.get("features", ())),
            tasks=tuple(str(one) for one in told.get("task_dimensions", {})),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def explainers_of(study: Study, note: EmbeddingNote, known: Iterable[Path]) -> list[Explainer]:
    """The encoders that can read ``study``: in the folders ``known``, and in those beside the study.

    The one that made the embedding of this ``note`` comes first, if it is among them; each is there once.
    """
    beside = sorted(path.parent for path in study.path.parent.glob(f"*/{DESCRIPTION}"))[:_MOST_BESIDE]
    found: dict[str, Explainer] = {}
    for folder in (*known, *beside):
        one = read_explainer(folder)
        if one is not None and one.fits(study):
            found.setdefault(one.hash, one)
    return sorted(found.values(), key=lambda one: one.hash != note.encoder_hash)
