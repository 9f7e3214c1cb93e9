"""Clusters as a table of observations, with the manifest that makes it again."""

import shlex
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from explorer.clustering.against_identity import against_identity
from explorer.clustering.bootstrap_stability import Stability, stability
from explorer.clustering.clusters import METHODS, NOISE_NAME, Clusters, as_number
from explorer.clustering.conditioned import Assignment, assign
from explorer.clustering.decided import decided
from explorer.clustering.explained import explained
from explorer.clustering.labels import NOISE
from explorer.clustering.profiles import Profile, profiles
from explorer.engine import Report, parts_of
from explorer.errors import UserError
from explorer.space.view_table import Export, again, origins
from explorer.study.embeddings import Embedding
from explorer.study.export import Format, manifest, table_bytes
from explorer.study.study import Study

_DIGITS = 4
"""Decimals of a strength: sums of millions of numbers do not come out alike in the last ones on every machine."""


def assignment_frame(study: Study, assignment: Assignment, names: Mapping[int, str] | None = None) -> pd.DataFrame:
    """One row per observation: observation_id, animal_id, stratum, cluster, cluster_name, strength.

    ``cluster``: 1, 2, ... as the map has them, -1 for noise, missing without a vector. ``names``: what clusters are
    called, by label (from 0); else the number as text. ``strength`` as in ``Assignment``, to four decimals.
    """
    labels = assignment.labels
    looked = labels >= NOISE
    numbers = pd.array(np.where(labels == NOISE, -1, labels + 1), dtype="Int64")
    numbers[~looked] = pd.NA
    called = {int(one): str(one + 1) for one in np.unique(labels[labels > NOISE])} | dict(names or {})
    called |= {NOISE: NOISE_NAME}
    animals = pd.Series([None] * len(study), dtype=object) if study.animal is None else study.animal
    return pd.DataFrame(
        {
            "observation_id": study.ids.to_pandas(),
            "animal_id": animals.to_numpy(dtype=object),
            "stratum": assignment.stratum,
            "cluster": numbers,
            "cluster_name": [called.get(label) for label in labels.tolist()],
            "strength": np.round(assignment.strength.astype(np.float64), _DIGITS),
        }
    )


def export_clusters(
    study: Study,
    wanted: Clusters,
    *,
    file: str,
    format: Format = "csv",
    draws: int = 0,
    held_out: Collection[str] | None = None,
    model: Path | None = None,
    said: tuple[str, ...] = (),
    report: Report | None = None,
) -> Export:
    """The table of ``assignment_frame`` after the decision that ``wanted`` names; all else in the manifest.

    That is: the strata, each cluster with what sets it apart, and how far clusters agree with identity on ``held_out``
    animals (those that the encoder has not learnt from; None: all). ``draws``: of ``stability``, 0 for none.
    ``said``: sentences on how the number of clusters and the animals held out were found, ``model`` where the encoder
    is, for the command. Raises UserError as ``assign`` does, and for clusters
    of a part.
    """
    if wanted.part is not None:
        raise UserError(
            "clusters of a part are not written by themselves",
            how="Colour the map of that part by them and export what it shows",
        )
    embedding = study.embedding(wanted.embedding)
    first, second = parts_of(report, [2, 1 + draws])
    found, state = decided(study, assign(study, wanted, first))
    again_found = stability(study, wanted.made, draws=draws, report=second) if draws else None
    frame = assignment_frame(study, found, state.called)
    content = table_bytes(frame, format)
    told = profiles(study, found)
    remarks = [*embedding.remarks, *said, *found.remarks]
    identity = None
    if study.animal is not None:
        try:
            identity = against_identity(study, found, held_out)
            remarks.append(identity.sentence)
        except UserError as error:  # too few animals: the clusters are there all the same
            remarks.append(str(error).removesuffix("."))
    if again_found is not None:
        remarks.append(again_found.sentence)
    if report is not None:
        report(1.0, "done")
    facts = manifest(
        file=file,
        content=content,
        rows=len(frame),
        command=shlex.join([*_command(study, wanted, embedding, draws, model), "--out", file]),
        **origins(study, embedding, None),
        clusters=_parameters(wanted),
        seed=wanted.seed,
        strata=found.strata.astype(object).where(found.strata.notna(), None).to_dict("records"),
        found=[_facts(one, state.called, again_found, wanted) for one in told],
        against_identity=None if identity is None else _known(asdict(identity)),
        strength="membership of HDBSCAN, 0 for noise" if wanted.method == "hdbscan" else "1 - d1/d2 of the centres",
        summary=remarks,
        **again([]),
    )
    return Export(content, facts, len(frame), tuple(remarks))


def _parameters(wanted: Clusters) -> dict[str, Any]:
    size = "least_size" if wanted.method == "hdbscan" else "k"
    out: dict[str, Any] = {"method": METHODS[wanted.method], size: wanted.size, "way": wanted.way, "by": wanted.by}
    if wanted.way == "joined":
        out["weight"] = wanted.weight
    if wanted.bins:
        out["bins"] = dict(wanted.bins)
    if wanted.decided:
        out["after_decision"] = wanted.decided
    return out


def _facts(one: Profile, called: Mapping[int, str], again_found: Stability | None, wanted: Clusters) -> dict[str, Any]:
    out = {
        "cluster": NOISE if one.cluster == NOISE else one.cluster + 1,
        "name": called.get(one.cluster, one.name),
        "stratum": one.stratum,
        "observations": one.size,
        "animals": one.animals,
        "strength": round(one.strength, _DIGITS),
        "explained": list(explained(one)),
    }
    if again_found is not None and not wanted.decided and one.cluster != NOISE:
        low, high = again_found.interval(one.cluster)
        mean = float(again_found.mean[one.cluster])
        reading = again_found.readings[one.cluster]
        out["stability"] = _known({"jaccard": mean, "low": low, "high": high, "reading": reading})
    return out


def _known(facts: dict[str, Any]) -> dict[str, Any]:
    """``facts`` with None for NaN, which JSON does not have."""
    out = {key: _known(value) if isinstance(value, dict) else value for key, value in facts.items()}
    return {key: None if isinstance(value, float) and np.isnan(value) else value for key, value in out.items()}


def _command(study: Study, wanted: Clusters, embedding: Embedding, draws: int, model: Path | None) -> list[str]:
    size = "--least-size" if wanted.method == "hdbscan" else "--k"
    words = ["latent-explorer", "cluster", str(study.path), f"--embedding={embedding.name}"]
    words += [f"--method={wanted.method}", f"{size}={wanted.size}", f"--way={wanted.way}"]
    if wanted.by:
        words += ["--by", *wanted.by]
    if wanted.way == "joined":
        words.append(f"--weight={as_number(wanted.weight)}")
    for name, cuts in wanted.bins:
        words.append(f"--bins={name}={','.join(map(as_number, cuts))}")
    words += [f"--seed={wanted.seed}", f"--decisions={wanted.decided}"]
    words += [f"--stability={draws}"] if draws else []
    return words + ([f"--model={model}"] if model is not None else [])
