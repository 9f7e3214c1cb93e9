"""Cluster numbers in one order, whatever made them."""

import numpy as np
import numpy.typing as npt

NOISE = -1


def by_size(labels: npt.NDArray[np.integer]) -> npt.NDArray[np.int32]:
    """``labels`` (n,) numbered anew, int32 (n,): 0 is the largest, of equal ones the one met first; -1 stays."""
    known = labels >= 0
    names, first, inverse, sizes = np.unique(labels[known], return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    place = np.empty(len(names), dtype=np.int32)
    place[order] = np.arange(len(names), dtype=np.int32)
    out = np.full(len(labels), NOISE, dtype=np.int32)
    out[known] = place[inverse]
    return out
