"""Clusters conditioned on background variables: made in the latent space, kept on disk."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.clustering.centres import kmeans, margins
from explorer.clustering.clusters import Clusters, Labels, is_sound, of_part
from explorer.clustering.density import core_neighbour, hdbscan
from explorer.clustering.labels import NOISE, by_size
from explorer.clustering.spaces import Space, chosen_of, space_of, strata_of
from explorer.engine import Report, parts_of
from explorer.errors import UserError
from explorer.space.conditions import Condition
from explorer.space.neighbours import Neighbours, find, neighbours
from explorer.study.atomic import atomic_file
from explorer.study.embeddings import Embedding
from explorer.study.fingerprint import hash_json
from explorer.study.spoilt import SPOILT
from explorer.study.strata import Strata
from explorer.study.study import Study

Strengths = npt.NDArray[np.float32]

ENOUGH = 2
"""A stratum is clustered when it has so many times the observations that were asked for: HDBSCAN, which never takes a
stratum as one cluster, could not make two of fewer; k-means would make clusters of single observations."""

MOST_MISSING_TOLD = 8
"""So many strata that no observation is in are named."""

_VERSION = 2


@dataclass(frozen=True, eq=False)
class Assignment:
    """Which cluster each of n observations is in.

    ``labels``: int32 (n,), 0 the largest cluster (over all strata), -1 noise, -2 without a vector or not of the part.
    ``strength``: float32 (n,), NaN without a vector. HDBSCAN: how deep in its cluster an observation lies, 1 in the
    core, 0 for noise. k-means: 1 - d1/d2, d1 the distance to the own centre and d2 to the next one; 0 on the border.
    ``stratum``: (n,) Categorical of the strata's labels, "all" for every way but "strata".
    ``strata``: one row per stratum: stratum, n (observations with a vector), animals (missing where the study has
    none), clusters, noise (observations), trouble (why it was not clustered: its observations are noise then; else "").
    ``remarks``: sentences for the screen and the manifest.
    """

    wanted: Clusters
    labels: Labels
    strength: Strengths
    stratum: pd.Categorical
    strata: pd.DataFrame
    remarks: tuple[str, ...] = field(default=())

    @property
    def count(self) -> int:
        """How many clusters there are."""
        return int(self.labels.max(initial=-1)) + 1

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """The observations that were looked at, noise included; int64 (m,)."""
        return np.flatnonzero(self.labels >= NOISE)


def assign(
    study: Study, wanted: Clusters, report: Report | None = None, *, embedding: Embedding | None = None
) -> Assignment:
    """The clusters ``wanted`` of ``study``, from the cache where they are there.

    They are made in the latent space (that of ``searched``), never on a map. ``embedding`` is the part that
    ``wanted.part`` names; None for a whole one, and where the clusters of a part are in the cache. A stratum with fewer
    than ``ENOUGH`` times ``wanted.size`` observations is noise, with its reason. Raises UserError when there are too
    few vectors, when all strata are too small, and for variables or bins that cannot be used.
    """
    found = read_assignment(study, wanted)
    if found is not None:
        return found
    embedding = study.embedding(wanted.embedding) if embedding is None else embedding
    if (embedding.name, of_part(embedding)) != (wanted.embedding, wanted.part):
        raise ValueError(f"{wanted.name!r} is not made of this embedding or this part of it")
    space = space_of(study, wanted, embedding)
    if not is_sound(wanted):  # after what a user can mend
        raise ValueError(f"no such clusters: {wanted}")
    _enough(space, wanted)
    search, rest = parts_of(report, [9, 1])
    near = None
    if wanted.method == "hdbscan" and wanted.way == "plain":
        near = neighbours(study, embedding, core_neighbour(wanted.size), vectors=space.vectors, report=search)
    made, strong = cluster_in(space, wanted, near=near, report=rest if near else report)
    labels = np.full(len(study), NOISE - 1, dtype=np.int32)
    strength = np.full(len(study), np.nan, dtype=np.float32)
    labels[space.rows], strength[space.rows] = made, strong
    with atomic_file(clusters_path(study, wanted)) as temporary, temporary.open("wb") as stream:
        np.savez(stream, labels=labels, strength=strength)
    if report is not None:
        report(1.0, "done")
    return _told(study, wanted, labels, strength)


def _enough(space: Space, wanted: Clusters) -> None:
    n = len(space.rows)
    if n < max(wanted.size, 3):
        raise UserError(
            f"only {n:,} observations have a vector in {wanted.embedding!r}, too few for clusters of {wanted.size:,}"
            if wanted.method == "hdbscan"
            else f"only {n:,} observations have a vector in {wanted.embedding!r}, fewer than {wanted.size:,} clusters",
            how="Ask for a smaller number",
        )
    largest = int(np.bincount(space.codes).max())
    if wanted.way == "strata" and largest < ENOUGH * wanted.size:
        raise UserError(
            f"each of the {len(np.unique(space.codes)):,} strata is too small: the largest has {largest:,} "
            f"observations with a vector, and {_asked(wanted)} ask for {ENOUGH * wanted.size:,}",
            how="Ask for a smaller number, name fewer variables, or give wider bins",
        )


def _asked(wanted: Clusters) -> str:
    return f"clusters of at least {wanted.size:,}" if wanted.method == "hdbscan" else f"{wanted.size:,} clusters"


def cluster_in(
    space: Space,
    wanted: Clusters,
    *,
    near: Neighbours | None = None,
    share: float = 1.0,
    report: Report | None = None,
) -> tuple[Labels, Strengths]:
    """Labels int32 (m,) and strengths float32 (m,) of the observations of ``space``; small strata are noise.

    ``near``: the neighbours of all vectors, where they are at hand (for all ways but "strata"). ``share``: which share
    of the observations these are; clusters may be as much smaller.
    """
    size = wanted.size if wanted.method == "kmeans" else max(2, round(wanted.size * share))
    least = max(size, ENOUGH * wanted.size * share)
    labels = np.full(len(space.rows), NOISE, dtype=np.int32)
    strength = np.zeros(len(space.rows), dtype=np.float32)
    codes, sizes = np.unique(space.codes, return_counts=True)
    before = 0
    for code, n, tell in zip(codes, sizes, parts_of(report, sizes.tolist()), strict=True):
        if wanted.way == "strata" and n < least:
            continue
        own = space.codes == code
        made, strength[own] = _cluster(space.vectors[own], wanted, size, near, tell)
        labels[own] = np.where(made >= 0, made + before, NOISE)
        before += int(made.max(initial=-1)) + 1
    return by_size(labels), strength


def _cluster(
    vectors: npt.NDArray[np.float32], wanted: Clusters, size: int, near: Neighbours | None, report: Report | None
) -> tuple[Labels, Strengths]:
    if wanted.method == "kmeans":
        if report is not None:
            report(0.1, "moving the centres")
        labels = kmeans(vectors, size, seed=wanted.seed)
        return labels, margins(vectors, labels)
    if near is None:
        near = find(vectors, core_neighbour(size), report=report)
    if report is not None:
        report(0.9, "joining neighbours to clusters")
    return hdbscan(vectors, near, min_cluster_size=size, min_samples=min(core_neighbour(size), near.k))


# --- kept on disk ----------------------------------------------------------------------------------------


def made_of(study: Study, wanted: Clusters) -> str:
    """A hash of what they are made of: the vectors and, where variables come in, the study's tables."""
    return hash_json([study.embedding(wanted.embedding).fingerprint, study.data_hash if wanted.by else None])


def clusters_path(study: Study, wanted: Clusters) -> Path:
    """Where they are kept: the name follows from what the clusters are made of, and how."""
    return study.cache / "clusters" / f"{hash_json([_VERSION, made_of(study, wanted), *wanted.made])[:20]}.npz"


def read_labels(study: Study, wanted: Clusters) -> Labels | None:
    """The labels from the cache, or None when they are not there (or spoilt, which is the same)."""
    found = _read(study, wanted)
    return None if found is None else found[0]


def read_assignment(study: Study, wanted: Clusters) -> Assignment | None:
    """The clusters from the cache, or None when they are not there."""
    found = _read(study, wanted)
    return None if found is None else _told(study, wanted, *found)


def _read(study: Study, wanted: Clusters) -> tuple[Labels, Strengths] | None:
    try:
        with np.load(clusters_path(study, wanted), allow_pickle=False) as stored:
            labels, strength = stored["labels"], stored["strength"]
    except SPOILT:
        return None
    fits = labels.shape == strength.shape == (len(study),)
    return (labels, strength) if fits and labels.dtype == np.int32 and strength.dtype == np.float32 else None


# --- what there is to say of them ------------------------------------------------------------------------


def _told(study: Study, wanted: Clusters, labels: Labels, strength: Strengths) -> Assignment:
    chosen = chosen_of(study, wanted)
    cut = strata_of(study, wanted, chosen)
    table = _strata_table(study, wanted, cut, labels)
    names = cut.table["label"].tolist()
    return Assignment(
        wanted,
        labels,
        strength,
        pd.Categorical.from_codes(cut.codes, categories=names),
        table,
        _remarks(wanted, chosen, cut, table, labels),
    )


def _strata_table(study: Study, wanted: Clusters, cut: Strata, labels: Labels) -> pd.DataFrame:
    """See ``Assignment.strata``; of a part, only the strata that are in it."""
    looked = labels >= NOISE
    count = len(cut.table)
    n = np.bincount(cut.codes[looked], minlength=count)
    noise = np.bincount(cut.codes[labels == NOISE], minlength=count)
    own = pd.DataFrame({"code": cut.codes, "label": labels})[labels >= 0].drop_duplicates()
    clusters = np.bincount(own["code"], minlength=count)
    animals = pd.array([pd.NA] * count, dtype="Int64")
    if study.animal is not None:
        seen = pd.DataFrame({"code": cut.codes, "animal": study.animal.cat.codes.to_numpy()})
        seen = seen[looked & (seen["animal"].to_numpy() >= 0)].drop_duplicates()
        animals = pd.array(np.bincount(seen["code"], minlength=count), dtype="Int64")
    least = ENOUGH * wanted.size
    few = f"fewer observations with a vector than the {least:,} that {_asked(wanted)} ask for"
    trouble = np.where(n < least, few, "") if wanted.way == "strata" else np.full(count, "")
    table = pd.DataFrame(
        {
            "stratum": cut.table["label"].to_numpy(),
            "n": n,
            "animals": animals,
            "clusters": clusters,
            "noise": noise,
            "trouble": np.where(n == 0, "no observation has a vector", trouble).astype(object),
        }
    )
    return table[n > 0].reset_index(drop=True) if wanted.part else table


def _remarks(
    wanted: Clusters, chosen: Sequence[Condition], cut: Strata, table: pd.DataFrame, labels: Labels
) -> tuple[str, ...]:
    out = []
    looked = labels >= NOISE
    if wanted.part is None and not looked.all():
        out.append(f"{int((~looked).sum()):,} of {len(looked):,} observations have no vector and are in no cluster")
    for one in chosen:
        missing = int((looked & ~one.known).sum())
        if missing:
            becomes = {
                "strata": "are strata of their own, unknown",
                "residual": "keep what it adds to their vectors",
                "joined": "count as its mean",
            }[wanted.way]
            out.append(f"{missing:,} observations without a value of {one.name} {becomes}")
    small = table[table["trouble"].to_numpy() != ""]
    for _, row in small.iterrows():
        out.append(f"Not clustered: {row['stratum']} ({row['n']:,}): {row['trouble']}; they are noise")
    if wanted.way == "strata" and wanted.part is None:
        absent, count = _absent(chosen, cut)
        more = f" and {count - len(absent):,} more" if count > len(absent) else ""
        if count:
            out.append(f"Strata that no observation is in: {'; '.join(absent)}{more}")
    return tuple(out)


def _absent(chosen: Sequence[Condition], cut: Strata) -> tuple[list[str], int]:
    """The first combinations of known values that do not occur, by their labels, and how many there are."""
    labels = [list(one.values.categories) for one in chosen]
    codes = np.stack([cut.table[one.name].cat.codes.to_numpy() for one in chosen], axis=1)
    there = set(map(tuple, codes.tolist()))
    known = sum(all(code < len(own) for code, own in zip(row, labels, strict=True)) for row in there)
    absent = (row for row in product(*(range(len(own)) for own in labels)) if row not in there)
    first = [
        ", ".join(f"{one.name} = {own[code]}" for one, own, code in zip(chosen, labels, row, strict=True))
        for row in islice(absent, MOST_MISSING_TOLD)
    ]
    return first, prod(map(len, labels)) - known
