"""Clusters of a study's embedding: made once, kept on disk, and a variable of the study like any other.

The variable's name says how the clusters are made, so that an address, a filter or a saved selection that names it
means the same observations wherever it is opened.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.clustering.centres import kmeans
from explorer.clustering.density import core_neighbour, hdbscan
from explorer.clustering.labels import NOISE
from explorer.engine import Report
from explorer.errors import UserError
from explorer.space.neighbours import neighbours, searched
from explorer.space.parts import part_of
from explorer.space.projections import project
from explorer.space.shown import part
from explorer.study.atomic import atomic_file
from explorer.study.embeddings import Embedding
from explorer.study.fingerprint import hash_json
from explorer.study.schema import Variable
from explorer.study.study import Study, open_study
from explorer.view import Group, Selection, Stroke, VariableFilter, View

Method = Literal["hdbscan", "kmeans"]
Labels = npt.NDArray[np.int32]

METHODS: dict[Method, str] = {"hdbscan": "HDBSCAN", "kmeans": "k-means"}
NOISE_NAME = "noise"
MOST = 10_000
"""The largest least size of a cluster, and the largest number of them, that can be asked for."""

_VERSION = 1
_NAME = re.compile(r"cluster (hdbscan|kmeans) (\d{1,5}) of (.+?)(?: in ([0-9a-f]{12}))?")


class Clusters(NamedTuple):
    """Which clusters: how many observations each has at least (HDBSCAN), or how many there are (k-means).

    ``part`` names the part of the embedding that they are made of, by the beginning of its fingerprint; None for all.
    """

    method: Method
    size: int
    embedding: str
    part: str | None = None

    @property
    def name(self) -> str:
        """The variable's name."""
        within = f" in {self.part}" if self.part else ""
        return f"cluster {self.method} {self.size} of {self.embedding}{within}"

    @property
    def label(self) -> str:
        """What people read."""
        how = f"{self.size} at least" if self.method == "hdbscan" else f"{self.size} of them"
        return f"Cluster ({METHODS[self.method]}, {how}{', of a part' if self.part else ''})"


def named(name: str) -> Clusters | None:
    """The clusters that a variable's name stands for; None for a variable of another kind."""
    found = _NAME.fullmatch(name)
    if found is None or not 2 <= int(found[2]) <= MOST:
        return None
    method: Method = "hdbscan" if found[1] == "hdbscan" else "kmeans"
    return Clusters(method, int(found[2]), found[3], found[4])


def of_part(embedding: Embedding) -> str | None:
    """How the part that ``embedding`` is of is named; None for a whole one."""
    return None if embedding.members is None else embedding.fingerprint[:12]


def usual_size(n: int) -> int:
    """The least size of a cluster that is asked for first, among ``n`` vectors: a hundredth of them, 5 to 200."""
    return max(5, min(200, n // 100))


# --- making them -----------------------------------------------------------------------------------------


def cluster(study: Study, embedding: Embedding, wanted: Clusters, report: Report | None = None) -> Labels:
    """Labels int32 (n,) of all observations, from the cache where they are there: 0 the largest cluster, -1 noise,
    -2 without a vector.

    They are made in the latent space (that of ``searched``), never on a map. ``embedding`` is the one that ``wanted``
    names, or its part. Raises UserError when there are too few vectors.
    """
    found = read_clusters(study, wanted)
    if found is not None:
        return found
    if (embedding.name, of_part(embedding)) != (wanted.embedding, wanted.part):
        raise ValueError(f"{wanted.name!r} is not made of this embedding or this part of it")
    used = embedding.complete
    n = int(used.sum())
    if n < max(wanted.size, 3):
        raise UserError(
            f"only {n:,} observations have a vector in {embedding.name!r}, too few for clusters of {wanted.size:,}"
            if wanted.method == "hdbscan"
            else f"only {n:,} observations have a vector in {embedding.name!r}, fewer than {wanted.size:,} clusters",
            how="Ask for a smaller number",
        )
    tell = report or (lambda _fraction, _note: None)
    vectors, _ = searched(embedding)
    labels = np.full(len(used), NOISE - 1, dtype=np.int32)
    if wanted.method == "hdbscan":
        near = neighbours(
            study, embedding, core_neighbour(wanted.size), vectors=vectors, report=lambda f, note: tell(0.9 * f, note)
        )
        tell(0.9, "joining neighbours to clusters")
        labels[used], _ = hdbscan(
            vectors, near, min_cluster_size=wanted.size, min_samples=min(core_neighbour(wanted.size), near.k)
        )
    else:
        tell(0.1, "moving the centres")
        labels[used] = kmeans(vectors, wanted.size)
    path = clusters_path(study, wanted)
    with atomic_file(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, labels=labels)
    tell(1.0, "done")
    return labels


def clusters_path(study: Study, wanted: Clusters) -> Path:
    """Where they are kept: the name follows from the vectors and from how the clusters are made."""
    whole = study.embedding(wanted.embedding).fingerprint
    return study.cache / "clusters" / f"{hash_json([_VERSION, whole, *wanted])[:20]}.npz"


def read_clusters(study: Study, wanted: Clusters) -> Labels | None:
    """The labels from the cache, or None when they are not there (or spoilt, which is the same)."""
    try:
        with np.load(clusters_path(study, wanted), allow_pickle=False) as stored:
            labels = stored["labels"]
    except (OSError, ValueError, KeyError, TypeError, EOFError, NotImplementedError, RuntimeError, BadZipFile):
        return None
    return labels if labels.shape == (len(study),) and labels.dtype == np.int32 else None


def cluster_at(study: Path, wanted: Clusters, members: npt.NDArray[np.bool_] | None = None, *, report: Report) -> None:
    """``cluster`` by names, for a worker process: the result is found in the cache afterwards.

    ``members``, bool (n,), are those of the part that ``wanted`` names.
    """
    opened = open_study(study)
    embedding = opened.embedding(wanted.embedding)
    if members is not None:
        embedding = part_of(embedding, members, "the part")
    cluster(opened, embedding, wanted, report)


# --- as variables of a study -----------------------------------------------------------------------------


def with_clusters(study: Study, names: Iterable[str]) -> Study:
    """``study`` with those clusters among ``names`` as variables that are in the cache; the others are left out."""
    for name in sorted(set(names) - set(study.variables)):
        wanted = named(name)
        if wanted is None or wanted.embedding not in study.embedding_names:
            continue
        labels = read_clusters(study, wanted)
        if labels is not None:
            variable = Variable(column=name, kind="nominal", source="derived", label=wanted.label)
            study = study.with_variable(name, variable, as_values(labels))
    return study


def as_values(labels: Labels) -> pd.Series:
    """Labels as a Categorical: clusters are 1, 2, ... by size, then noise; missing without a vector."""
    count = int(labels.max(initial=-1)) + 1
    noisy = bool((labels == NOISE).any())
    names = [*(str(place + 1) for place in range(count)), *([NOISE_NAME] if noisy else [])]
    codes = np.where(labels == NOISE, count, labels)
    return pd.Series(pd.Categorical.from_codes(np.where(labels < NOISE, -1, codes), names))


def names_in(view: View) -> set[str]:
    """The names of clusters that ``view`` needs: for its colour, its filters, and those inside its selections."""
    filters = [*view.filters, *_filters(view.selection.strokes)]
    if view.within is not None:
        filters += _of_group(view.within)
    names = {one.variable for one in filters} | ({view.colour} if view.colour else set())
    return {name for name in names if named(name) is not None}


def _filters(strokes: tuple[Stroke, ...]) -> Iterator[VariableFilter]:
    for stroke in strokes:
        for group in (stroke.group, stroke.within):
            if group is not None:
                yield from _of_group(group)


def _of_group(group: Group) -> list[VariableFilter]:
    return [*group.filters, *_filters(group.strokes)]


def made_for(study: Study, views: Iterable[View], report: Report | None = None) -> Study:
    """``study`` with all clusters that ``views`` need, made where they are not in the cache.

    Those of a part are made when it is the one that a view looks into. Raises UserError for others that are not there.
    """
    for view in views:
        for name in sorted(names_in(view) - set(study.variables)):
            wanted = named(name)
            assert wanted is not None
            embedding = study.embedding(wanted.embedding)
            if wanted.part and read_clusters(study, wanted) is None and view.within is not None:
                for stroke in Selection(strokes=view.within.strokes).outlines:  # each after those it is drawn within
                    project(study, part(study, study.embedding(str(stroke.embedding)), stroke.within), stroke.on)
                embedding = part(study, embedding, view.within)
            if wanted.part and wanted.part != of_part(embedding) and read_clusters(study, wanted) is None:
                raise UserError(
                    f"the clusters {name!r} were made of a part of the study, which is not the one looked at",
                    how="Open that part and colour it by clusters again",
                )
            cluster(study, embedding, wanted, report)
            study = with_clusters(study, [name])
    return study
