"""One map turned, mirrored, moved and scaled onto another."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Alignment:
    """How one map is laid onto another: y -> ``scale`` (y - ``centre``) ``turn`` + ``onto``.

    ``turn`` is orthogonal, float64 (dims, dims), mirroring allowed. ``disparity`` is the share of the target's spread
    that even the best scale leaves unexplained: 0 for maps of one shape, about 1 for unrelated ones.
    """

    turn: npt.NDArray[np.float64]
    scale: float
    centre: npt.NDArray[np.float64]
    onto: npt.NDArray[np.float64]
    disparity: float

    def apply(self, places: Places) -> npt.NDArray[np.float64]:
        """``places`` (n, dims) in the target's frame: float64 (n, dims); NaN stays."""
        return np.asarray(self.scale * ((places - self.centre) @ self.turn) + self.onto)

    def back(self, places: Places) -> npt.NDArray[np.float64]:
        """The other way round: ``places`` (n, dims) of the target's frame in the moved map's own."""
        return np.asarray((places - self.onto) @ self.turn.T / self.scale + self.centre)


def align(target: Places, moving: Places) -> Alignment:
    """The alignment of ``moving`` (n, dims) onto ``target`` (n, dims), row by row; rows with NaN are left out.

    Orthogonal Procrustes (Schönemann, 1966, equation 1.7; with scale, Schönemann and Carroll, 1970): the turn is U V^T
    of the singular value decomposition of the centred moving^T target, which has the least squared distance. The scale
    gives both maps the same spread. That with the least squared distance would shrink a map that fits badly, to a
    point if nothing fits: then everything seems to lie in the middle and to move little. Raises ValueError for maps of
    other shapes, or without two places that differ.
    """
    if target.shape != moving.shape:
        raise ValueError(f"maps of shapes {target.shape} and {moving.shape} cannot be laid onto each other")
    both = np.isfinite(target).all(axis=1) & np.isfinite(moving).all(axis=1)
    a, b = (np.asarray(one[both], dtype=np.float64) for one in (target, moving))
    if not len(a):
        raise ValueError("no point has a place on both maps")
    onto, centre = a.mean(axis=0), b.mean(axis=0)
    a, b = a - onto, b - centre
    sizes = np.linalg.norm(a), np.linalg.norm(b)
    if not all(sizes):
        raise ValueError("all points of a map lie at one place")
    u, shared, v = np.linalg.svd((b / sizes[1]).T @ (a / sizes[0]))
    fits = min(1.0, float(shared.sum()))
    return Alignment(u @ v, float(sizes[0] / sizes[1]), centre, onto, max(0.0, 1 - fits * fits))
