"""Tested thresholds kept in the study's cache, under names made of what they follow from."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from explorer.engine import Report, parts_of
from explorer.learning.run_folders import DESCRIPTION
from explorer.recognition.analysis import about_encoder
from explorer.recognition.asked import Asked, analysis_of, as_facts, encoder_folder, from_facts
from explorer.recognition.evidence import ArmSeen, Evidence, evidence_of
from explorer.recognition.open_set import Searches
from explorer.recognition.separation import Separation
from explorer.space.bootstrap import Interval
from explorer.space.quality_cache import keep, read_kept
from explorer.study.embeddings import FEATURES, Embedding
from explorer.study.fingerprint import hash_file, hash_json
from explorer.study.study import Study, open_study

_VERSION = 4  # raised when a figure or a sentence changes, so that old ones are not read as new ones
_MATRICES = ("farthest_own", "hardest_own", "nearest_other", "animals")
_COUNTS = ("left_out", "rows", "of")


def evidence_path(study: Study, asked: Asked) -> Path:
    """Where the result of ``asked`` is kept. Raises UserError for an embedding that is not there."""
    embedding = study.embedding(asked.embedding)
    made_of = [study.data_hash, embedding.fingerprint, as_facts(asked), _encoder(study, embedding, asked)]
    return study.cache / "thresholds" / f"{hash_json([_VERSION, *made_of])[:20]}.npz"


def _encoder(study: Study, embedding: Embedding, asked: Asked) -> str:
    """What the result follows from of encoders: the description of the one named, or what is known of one at hand."""
    if asked.model is None:
        return "" if embedding.name == FEATURES else about_encoder(study, embedding)
    described = encoder_folder(asked.model) / DESCRIPTION
    return hash_file(described) if described.is_file() else ""


def threshold_at(path: Path, asked: Asked, *, report: Report) -> None:
    """Fit and test by path, for a worker process: the result is found in the cache afterwards."""
    study = open_study(path)
    main, last = parts_of(report, [9, 1])
    found = analysis_of(study, asked, main)
    if last:
        last(0.0, "pairs of strata")
    keep_evidence(evidence_path(study, asked), asked, evidence_of(found, study.embedding(asked.embedding)))
    report(1.0, "done")


def keep_evidence(path: Path, asked: Asked, found: Evidence) -> None:
    """Write it, atomically. Raises UserError when the disk or the rights do not allow it."""
    first = next(iter(found.arms.values())).searches
    arrays: dict[str, npt.NDArray[Any]] = {
        "content": np.frombuffer(found.content, dtype=np.uint8),
        "rows": found.rows,
        "strata": found.strata,
        "animals": first.animals,
        "known": first.known,
    }
    for place, one in enumerate(found.arms.values()):
        own = {"score": one.searches.score, "right": one.searches.right, "tau": one.tau, "item": one.item}
        arrays |= {f"{name}-{place}": array for name, array in own.items()}
    arrays |= {f"separation-{name}": getattr(found.separation, name) for name in _MATRICES}
    facts = {
        "asked": as_facts(asked),
        "labels": found.labels,
        "arms": {name: [one.at.value, one.at.low, one.at.high] for name, one in found.arms.items()},
        "separation": {name: getattr(found.separation, name) for name in ("labels", *_COUNTS)},
    }
    keep(path, facts, arrays)


def read_evidence(path: Path) -> Evidence | None:
    """What is kept at ``path``; None when nothing is, or it is spoilt."""
    stored = read_kept(path)
    if stored is None:
        return None
    facts, arrays = stored
    try:
        pairs = facts["separation"]
        animals, known = arrays["animals"], arrays["known"]
        arms = {
            name: ArmSeen(
                Searches(arrays[f"score-{place}"], animals, known, arrays[f"right-{place}"]),
                arrays[f"tau-{place}"],
                arrays[f"item-{place}"],
                Interval(*at),
            )
            for place, (name, at) in enumerate(facts["arms"].items())
        }
        far, hard, near, count = (arrays[f"separation-{name}"] for name in _MATRICES)
        apart = Separation(tuple(pairs["labels"]), far, hard, near, count, *(pairs[name] for name in _COUNTS))
        return Evidence(
            arrays["content"].tobytes(), arrays["rows"], arrays["strata"], tuple(facts["labels"]), arms, apart
        )
    except (KeyError, TypeError, ValueError):
        return None


def asked_last(study: Study) -> Asked | None:
    """What was last asked of ``study`` and is kept; None when nothing is, or its embedding is there no more."""
    made = sorted((study.cache / "thresholds").glob("*.npz"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in made[:1]:
        stored = read_kept(path)
        try:
            asked = from_facts(stored[0]["asked"]) if stored else None
        except (KeyError, TypeError):
            return None
        if asked and asked.embedding in study.embedding_names and set(asked.by) <= set(study.variables):
            return asked
    return None
