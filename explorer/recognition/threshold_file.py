"""A fitted threshold as a file: all arms with their evidence, for people, for programs and for recognising later."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from explorer.errors import UserError
from explorer.recognition.analysis import Analysis
from explorer.space.bootstrap import UNKNOWN
from explorer.space.conditions import Condition
from explorer.study.embeddings import Embedding

VERSION = 1


def contents(found: Analysis, embedding: Embedding) -> dict[str, Any]:
    """What the file holds, ready for JSON."""
    taus = next(one.arm.taus for one in found.tested if one.arm.name == "stratum")
    promise, adjustment = found.promise, found.fitting.adjustment
    return {
        "version": VERSION,
        "embedding": {"name": embedding.name, "sha256": embedding.fingerprint, "dims": embedding.dims},
        "distance": "Euclidean",
        "conditions": [_condition(one) for one in found.chosen],
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
        },
        "remarks": list(found.remarks),
    }


def encoded(found: Analysis, embedding: Embedding) -> bytes:
    """The bytes of the file."""
    return (json.dumps(contents(found, embedding), indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _condition(one: Condition) -> dict[str, Any]:
    binning = one.binning
    return {
        "variable": one.name,
        "kind": one.variable.kind,
        "categories": [str(category) for category in one.values.categories],
        "cuts": list(binning.cuts) if binning else None,
        "period": binning.period if binning and binning.period else None,
    }


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


@dataclass(frozen=True)
class Threshold:
    """A threshold that was fitted before. ``taus``: by arm and stratum; ``promise``: the guarantee in words."""

    embedding: str
    taus: dict[str, dict[str, float]]
    promise: str
    verdict: str

    def tau(self, arm: str, stratum: str) -> float:
        """The threshold of ``arm`` for a query of ``stratum``; of one that it does not know, the strictest.

        Raises UserError for an arm that the file does not have.
        """
        if arm not in self.taus:
            raise UserError(f"the threshold has no arm {arm!r}", how=f"Its arms are: {', '.join(self.taus)}")
        known = self.taus[arm]
        return known[stratum] if stratum in known else known.get("all", min(known.values()))


def read_threshold(path: Path, embedding: Embedding) -> Threshold:
    """The threshold in ``path``, for distances in ``embedding``.

    Raises UserError for a file that is no threshold, and for one that was fitted on another embedding: distances of
    one say nothing about those of another.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        version, fitted_on = raw["version"], raw["embedding"]
        found = Threshold(
            str(fitted_on["name"]),
            {
                str(arm["name"]): {str(label): float(tau) for label, tau in arm["tau"].items() if tau is not None}
                for arm in raw["arms"]
            },
            str(raw["guarantee"]["sentence"]),
            str(raw["verdict"]),
        )
        fingerprint = fitted_on["sha256"]
    except FileNotFoundError:
        raise UserError(
            "there is no such file", where=str(path), how="Make one with: latent-explorer threshold"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no content'}"
        raise UserError(
            f"is not a threshold of ours ({reason})", where=str(path), how="Make one with: latent-explorer threshold"
        ) from None
    if version != VERSION:
        raise UserError(f"is of version {version}, not {VERSION}", where=str(path), how="Fit the threshold again")
    if fingerprint != embedding.fingerprint:
        raise UserError(
            f"was fitted on the embedding {found.embedding!r} as it was then, not on {embedding.name!r} as it is here",
            where=str(path),
            how="Fit the threshold again on this embedding",
        )
    return found
