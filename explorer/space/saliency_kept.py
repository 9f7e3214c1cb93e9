"""The saliency of background variables kept in the study's cache, under names made of what it follows from."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from explorer.engine import Report
from explorer.space.association import Association, Pair
from explorer.space.bootstrap import Interval
from explorer.space.divergence import Divergence, Divergences
from explorer.space.label_tests import LabelTest
from explorer.space.probes import Probe
from explorer.space.quality_cache import Arrays, Facts, keep, read_as
from explorer.space.saliency import Saliency, VariableSaliency
from explorer.space.saliency_asked import Asked, Background, background_of
from explorer.study.embeddings import Embedding
from explorer.study.fingerprint import hash_json
from explorer.study.study import Study, open_study

_VERSION = 1  # raised when a figure changes, so that old numbers are not read as new ones


def background_path(study: Study, embedding: Embedding, asked: Asked) -> Path:
    """Where the result of ``asked`` on ``embedding``, the one that it names, is kept."""
    made_of = [study.data_hash, embedding.fingerprint, asdict(asked)]
    return study.cache / "background" / f"{hash_json([_VERSION, *made_of])[:20]}.npz"


def background_at(path: Path, asked: Asked, *, report: Report) -> None:
    """``background_of`` by path, for a worker process: the result is found in the cache afterwards."""
    study = open_study(path)
    found = background_of(study, asked, report)
    keep_background(background_path(study, study.embedding(asked.embedding), asked), found)


def keep_background(path: Path, found: Background) -> None:
    """Write it, atomically. Raises UserError when the disk or the rights do not allow it."""
    saliency = found.saliency
    nulls = {f"null-{place}": one.test.null for place, one in enumerate(saliency.variables)}
    without = [replace(one, test=replace(one.test, null=one.test.null[:0])) for one in saliency.variables]
    facts: dict[str, Any] = {
        "asked": asdict(found.asked),
        "saliency": asdict(replace(saliency, variables=())),
        "variables": [_without_null(asdict(one)) for one in without],
        "divergences": {name: asdict(one) for name, one in found.divergences.items()},
    }
    keep(path, facts, dict(nulls))


def read_background(path: Path) -> Background | None:
    """What is kept at ``path``; None when nothing is, or it is spoilt."""
    return read_as(path, _background)


def _background(facts: Facts, arrays: Arrays) -> Background:
    variables = tuple(
        VariableSaliency(
            **{
                **one,
                "r2": Interval(**one["r2"]),
                "conditional": Interval(**one["conditional"]),
                "test": LabelTest(**one["test"], null=arrays[f"null-{place}"]),
                "probe": Probe(**one["probe"]),
            }
        )
        for place, one in enumerate(facts["variables"])
    )
    told = facts["saliency"]
    pairs = tuple(Pair(**pair) for pair in told["association"]["pairs"])
    saliency = Saliency(
        variables,
        Association(pairs, told["association"]["inflation"]),
        tuple(told["remarks"]),
        told["observations"],
        told["permutations"],
        told["seed"],
    )
    return Background(_asked(facts), saliency, {name: _apart(one) for name, one in facts["divergences"].items()})


def asked_last(study: Study, embedding: Embedding) -> Asked | None:
    """What was last asked of ``embedding`` and is kept of it as it is now; None when nothing is."""
    kept = (study.cache / "background").glob("*.npz")
    for path in sorted(kept, key=lambda path: path.stat().st_mtime_ns, reverse=True):
        asked = read_as(path, lambda facts, _: _asked(facts))
        if asked and asked.embedding == embedding.name and background_path(study, embedding, asked) == path:
            return asked
    return None


def _asked(facts: dict[str, Any]) -> Asked:
    told = facts["asked"]
    return Asked(**{**told, "variables": None if told["variables"] is None else tuple(told["variables"])})


def _without_null(one: dict[str, Any]) -> dict[str, Any]:
    del one["test"]["null"]  # an array, kept beside
    return one


def _apart(one: dict[str, Any]) -> Divergences:
    dimensions = tuple(
        Divergence(told["dimension"], Interval(**told["w2"]), Interval(**told["jeffrey"])) for told in one["dimensions"]
    )
    pairs = {name: tuple(one[name]) for name in ("observations", "animals")}
    return Divergences(**{**one, **pairs, "dimensions": dimensions})
