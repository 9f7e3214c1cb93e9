"""A fitted threshold as a file: all arms with their evidence, and one of them with all that recognition decides by.

It is one JSON file and needs no study beside it: the vectors of s-norm's cohort are in it (base64, at most 1,000), so
that it serves when observations are renamed or taken away.
"""

import json
import math
from typing import Any

import numpy as np

from explorer.recognition.analysis import Analysis
from explorer.recognition.arms import BY_STRATUM, DECIDES, Arm, deciding
from explorer.recognition.arrays_in_json import Packed
from explorer.recognition.background import Known
from explorer.space.bootstrap import UNKNOWN
from explorer.study.embeddings import Embedding

VERSION = 2
"""Of the file. 1 had no more than the thresholds of each arm."""


def contents(found: Analysis, embedding: Embedding) -> dict[str, Any]:
    """All arms and their evidence, ready for JSON; ``recognition`` has what each arm decides by. See ``saved``."""
    taus = next(one.arm.taus for one in found.tested if one.arm.name == "stratum")
    promise, adjustment = found.promise, found.fitting.adjustment
    return {
        "version": VERSION,
        "embedding": {"name": embedding.name, "sha256": embedding.fingerprint, "dims": embedding.dims},
        "distance": "Euclidean",
        "conditions": [Known.of(one).model_dump() for one in found.chosen],
        "arms": [
            {
                "name": one.arm.name,
                "tau": {label: _number(tau) for label, tau in one.arm.taus.by_label().items()},
                "n_animals": one.arm.animals,
                "fpir": _number(one.rates.fpir.value),
                "fpir_low": _number(one.rates.fpir.low),
                "fpir_high": _number(one.rates.fpir.high),
                "tar": _number(one.rates.tar.value),
                "tar_low": _number(one.rates.tar.low),
                "tar_high": _number(one.rates.tar.high),
                "worst_stratum": one.worst_stratum,
                "worst_fpir": _number((one.worst_fpir or UNKNOWN).value),
                "baks": _number(one.rates.baks),
                "baus": _number(one.rates.baus),
            }
            for one in found.tested
        ],
        "tar_at_promised_fpir": {
            name: {"tar": _number(one.value), "low": _number(one.low), "high": _number(one.high)}
            for name, one in found.at.items()
        },
        "delta": {
            name: {
                "tar": _number(delta.tar),
                "low": _number(delta.low),
                "high": _number(delta.high),
                "beats_shuffled": delta.beats_shuffled,
            }
            for name, delta in found.deltas.items()
        },
        "verdict": found.verdict,
        "split": _split(found),
        "guarantee": {
            "fpir": promise.fpir,
            "confidence": promise.confidence,
            "asked": promise.asked,
            "sentence": promise.sentence,
            "per": "search of an animal that is not in the gallery, one query per animal",
            "least_animals": promise.least,
            "animals": dict(zip(taus.labels, taus.animals.tolist(), strict=True)),
            "missing": {label: int(n) for label, n in zip(taus.labels, taus.missing, strict=True) if n},
            "taken_from": {label: one for label, one in zip(taus.labels, taus.taken_from, strict=True) if one},
        },
        "adjustment": {
            "columns": list(adjustment.names),
            "centre": adjustment.centre.tolist(),
            "slopes": adjustment.slopes.tolist(),
            "unseen": adjustment.unseen.tolist(),
        },
        "recognition": {one.arm.name: _recognition(found, one.arm) for one in found.tested if one.arm.name in DECIDES},
        "remarks": list(found.remarks),
    }


def encoded(found: Analysis, embedding: Embedding) -> bytes:
    """The bytes of ``contents``."""
    return _text(contents(found, embedding))


def saved(content: bytes, arm: str) -> bytes:
    """The bytes of the file by which recognition decides with ``arm``, from those of ``encoded``.

    Raises UserError for the control, and for what is no arm.
    """
    facts = json.loads(content)
    facts["arm"], facts["recognition"] = deciding(arm), facts["recognition"][arm]
    return _text(facts)


def _text(facts: dict[str, Any]) -> bytes:
    return (json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _recognition(found: Analysis, arm: Arm) -> dict[str, Any]:
    """What ``arm`` judges with beside its thresholds, the conditions and the adjustment."""
    learnt = arm.learnt
    out: dict[str, Any] = {}
    if arm.name in BY_STRATUM:
        out["strata"] = dict(zip(arm.taus.labels, _codes(found), strict=True))
    if learnt.centres is not None:
        out["centres"] = Packed.of(learnt.centres).model_dump()
    if learnt.cohort is not None:
        out["cohort"] = Packed.of(learnt.cohort).model_dump()
    if learnt.own is not None and learnt.common is not None:
        codes = np.unique(found.split.animals[found.split.gallery]).tolist()
        out["own"] = {
            "common": learnt.common,
            "by_name": {found.names[code]: float(learnt.own[code]) for code in codes},
        }
    return out


def _codes(found: Analysis) -> list[list[int]]:
    """Of each stratum, the places of its values among the categories; -1 for unknown."""
    table = found.strata.table
    columns = [np.asarray(table[one.name].cat.codes, dtype=np.int64) for one in found.chosen]
    sizes = [len(one.values.categories) for one in found.chosen]
    return np.stack([np.where(c == size, -1, c) for c, size in zip(columns, sizes, strict=True)], axis=1).tolist()


def _split(found: Analysis) -> dict[str, Any]:
    split, rule = found.split, found.fitting.rule
    return {
        "t0": _day(found, split.t0),
        "t1": _day(found, split.t1),
        **{name: {"animals": split.count(rows), "observations": len(rows)} for name, rows in split.parts.items()},
        "train": {"animals": found.left_out},
        "seed": found.fitting.seed,
        "apart_days": rule.apart,
    }


def _day(found: Analysis, day: float) -> str | float:
    return str(np.datetime64(int(day), "D")) if found.dated else day
