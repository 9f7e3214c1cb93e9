"""What is in each cluster more, or less, than outside of it; which observations are typical of it, and which odd."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from explorer.clustering.clusters import NOISE_NAME, named
from explorer.clustering.conditioned import Assignment
from explorer.clustering.labels import NOISE
from explorer.clustering.spaces import space_of
from explorer.clustering.traits import Groups, Trait, traits_of
from explorer.errors import UserError
from explorer.space.conditions import Condition, conditions
from explorer.space.parts import part_of
from explorer.space.task_values import units_of
from explorer.study.study import Study

MEMBERS = 6
"""So many typical and odd members of a cluster are named, each of another animal."""


@dataclass(frozen=True)
class Profile:
    """One cluster: ``cluster`` 0, 1, ..., -1 noise; ``name`` as the map has it; its ``stratum``, or "several".

    ``animals`` is None where the study has none. ``strength`` is the mean over its members. ``traits``: those whose
    interval leaves out 0 first, by the size of the effect; at the end those that were put into the clusters.
    ``typical``, ``odd``: rows of the members nearest to and furthest from the cluster's mean, each of another animal;
    none for noise.
    """

    cluster: int
    name: str
    stratum: str
    size: int
    animals: int | None
    strength: float
    traits: tuple[Trait, ...]
    typical: tuple[int, ...]
    odd: tuple[int, ...]


def profiles(
    study: Study, assignment: Assignment, variables: Sequence[str] | None = None, seed: int = 0
) -> list[Profile]:
    """A profile of each cluster, the largest first, noise last.

    ``variables``: None for all background variables and tasks that can be described, but for those that strata are made
    of. Cycles are cut into arcs. A cluster is held against all other observations (of its stratum, if it is inside
    one), noise among them, where the variable is known. Raises UserError for an unknown variable.
    """
    rows = assignment.rows
    labels = np.where(assignment.labels[rows] == NOISE, assignment.count, assignment.labels[rows])
    count = int(labels.max(initial=-1)) + 1
    groups = Groups(study, assignment, labels, count, seed)
    traits: list[list[Trait]] = [[] for _ in range(count)]
    wanted = assignment.wanted
    joined = wanted.by if wanted.way == "joined" and wanted.weight else ()
    for one in _described(study, assignment, variables):
        for cluster, trait in traits_of(study.variable(one.name), one, rows, groups):
            traits[cluster].append(replace(trait, put_in=one.name in joined))
    seen = None if study.animal is None else study.animal.cat.codes.to_numpy()[rows]
    typical, odd = _members(study, assignment, labels)
    out = []
    for place in range(count):
        own = labels == place
        if not own.any():
            continue
        noise = place == assignment.count
        animals = None if seen is None else len(np.unique(seen[own & (seen >= 0)]))
        ranked = sorted(
            traits[place],
            key=lambda one: (one.put_in, not one.sure, -abs(one.effect), one.variable, str(one.value)),
        )
        out.append(
            Profile(
                NOISE if noise else place,
                NOISE_NAME if noise else str(place + 1),
                _stratum(assignment, rows[own]),
                int(own.sum()),
                animals,
                float(assignment.strength[rows][own].mean()),
                tuple(ranked),
                () if noise else typical[place],
                () if noise else odd[place],
            )
        )
    return out


def _stratum(assignment: Assignment, rows: npt.NDArray[np.int64]) -> str:
    found = np.unique(np.asarray(assignment.stratum.codes)[rows])
    return str(assignment.stratum.categories[found[0]]) if len(found) == 1 else "several"


def _described(study: Study, assignment: Assignment, variables: Sequence[str] | None) -> list[Condition]:
    """The variables as ``conditions`` has them; without names, all that can be read."""
    if variables is not None:
        return conditions(study, variables) if variables else []
    out = []
    for name in study.variables:
        by_design = assignment.wanted.way == "strata" and name in assignment.wanted.by
        if by_design or named(name) is not None:
            continue
        try:
            out += conditions(study, [name])
        except UserError:
            continue
    return out


def _members(
    study: Study, assignment: Assignment, labels: npt.NDArray[np.int64]
) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Rows of the typical and of the odd members of each cluster, noise included."""
    embedding = study.embedding(assignment.wanted.embedding)
    if assignment.wanted.part:
        embedding = part_of(embedding, assignment.labels >= NOISE, "the part")
    vectors = space_of(study, assignment.wanted, embedding).vectors
    units = units_of(study)[assignment.rows]
    typical: list[tuple[int, ...]] = []
    odd: list[tuple[int, ...]] = []
    for place in range(int(labels.max(initial=-1)) + 1):
        own = np.flatnonzero(labels == place)
        middle = vectors[own].mean(axis=0, dtype=np.float64) if len(own) else 0.0
        far = np.linalg.norm(vectors[own] - middle, axis=1)
        order = np.argsort(far, kind="stable")
        for out, way in ((typical, order), (odd, order[::-1])):
            _, first = np.unique(units[own[way]], return_index=True)  # each animal's own most typical, or most odd
            out.append(tuple(assignment.rows[own[way[np.sort(first)[:MEMBERS]]]].tolist()))
    return typical, odd
