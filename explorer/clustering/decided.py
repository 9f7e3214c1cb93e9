"""The clusters of a study as people have named, merged and split them."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from explorer.clustering.conditioned import Assignment, made_of
from explorer.clustering.edited import Edited, edited
from explorer.clustering.spaces import space_of
from explorer.decisions.cluster_edits import edits_of
from explorer.study.study import Study


def decided(study: Study, assignment: Assignment) -> tuple[Assignment, Edited]:
    """``assignment`` as it is after the decision that ``assignment.wanted`` names, and what became of its clusters.

    Decisions about clusters of the same name that were made of something else (``made_of``) have no effect, which the
    remarks say. Splits are made in the space of the clusters; for those of a part, that of the whole embedding. Raises
    UserError when the decisions cannot be read, or when there has not been that one.
    """
    wanted = assignment.wanted
    if not wanted.decided:
        return assignment, edited(assignment.labels, (), lambda: np.empty((0, 0)))
    found = edits_of(study, wanted.made.name, wanted.decided)
    edits = [one for one in found.edits if one.of in (None, made_of(study, wanted))]

    def vectors() -> npt.NDArray[np.float32]:
        space = space_of(study, wanted, study.embedding(wanted.embedding))
        out = np.full((len(study), space.vectors.shape[1]), np.nan, dtype=np.float32)
        out[space.rows] = space.vectors
        return out

    state = edited(assignment.labels, edits, vectors)
    told = [*found.troubles, *state.idle]
    if others := len(found.edits) - len(edits):
        told.append(
            f"without effect, as their vectors or data have changed since: {others} of {len(found.edits)} decisions "
            "about these clusters"
        )
    return replace(assignment, labels=state.labels, remarks=(*assignment.remarks, *told)), state
