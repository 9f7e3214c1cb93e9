"""The space in which clusters are made: the vectors, as the background variables change them, and their strata."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.clustering.clusters import Clusters, named
from explorer.clustering.ways import beside, without
from explorer.errors import UserError
from explorer.space.conditions import Condition, conditions
from explorer.space.neighbours import searched
from explorer.space.task_values import units_of
from explorer.study.embeddings import Embedding
from explorer.study.strata import Strata, strata
from explorer.study.study import Study


@dataclass(frozen=True, eq=False)
class Space:
    """The space in which clusters are made: ``vectors`` float32 (m, p) of the observations ``rows`` int64 (m,).

    ``codes`` int64 (m,): the stratum of each, by its row in ``strata`` (all observations of the study).
    """

    vectors: npt.NDArray[np.float32]
    rows: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int64]
    strata: Strata


def space_of(study: Study, wanted: Clusters, embedding: Embedding) -> Space:
    """The space in which ``wanted`` are made of ``embedding``. Raises UserError for variables that cannot be used."""
    vectors, _ = searched(embedding)
    rows = np.flatnonzero(embedding.complete)
    chosen = chosen_of(study, wanted)
    if wanted.way == "residual" and len(rows):
        vectors = without(vectors, chosen, rows, units_of(study))
    elif wanted.way == "joined":
        vectors = beside(vectors, chosen, rows, wanted.weight)
    cut = strata_of(study, wanted, chosen)
    return Space(vectors, rows, cut.codes[rows], cut)


def chosen_of(study: Study, wanted: Clusters) -> list[Condition]:
    """The variables that ``wanted`` names. Raises UserError for those that cannot be used."""
    if wanted.way == "plain":
        return []
    for name in wanted.by:
        if named(name) is not None:
            raise UserError(f"{name!r} are clusters themselves", how="Condition on variables of the study")
    return conditions(study, wanted.by, dict(wanted.bins))


def strata_of(study: Study, wanted: Clusters, chosen: Sequence[Condition]) -> Strata:
    """The strata of all observations by the variables ``chosen``; one, "all", for every way but "strata"."""
    return strata({one.name: one.values for one in chosen if wanted.way == "strata"}, size=len(study))
