"""Matrices with orthonormal columns: where a conjugate gradient may look for a linear map.

All take float64 tensors (float32 works, with less exact columns) and use the Euclidean metric <X, Y> = trace(X' Y).
A transport of a tangent vector is its projection at the new point. Source: Absil, Mahony & Sepulchre 2008, Optimization
Algorithms on Matrix Manifolds, sections 3.6 and 4.1.1 (retractions), 8.1.3 (transport by projection).
"""

from typing import Literal, Protocol

import torch
from torch import Tensor

Retraction = Literal["qf", "polar"]


class Manifold(Protocol):
    """What a conjugate gradient must know of the set it walks on."""

    def project(self, point: Tensor, vector: Tensor) -> Tensor:
        """The tangent vector at ``point`` closest to ``vector``; also the gradient, and the transport to ``point``."""
        ...

    def retract(self, point: Tensor, tangent: Tensor) -> Tensor:
        """The point of the manifold that a step of ``tangent`` from ``point`` leads to."""
        ...


class Euclidean:
    """All tensors of a shape."""

    def project(self, point: Tensor, vector: Tensor) -> Tensor:  # noqa: ARG002 - the same at every point
        """``vector`` itself."""
        return vector

    def retract(self, point: Tensor, tangent: Tensor) -> Tensor:
        """The sum."""
        return point + tangent


class Stiefel:
    """Tensors L (d, l), l <= d, with L' L = I. Tangent vectors V at L have sym(L' V) = 0.

    ``retraction``: "qf" (QR, the cheaper one) or "polar".
    """

    def __init__(self, retraction: Retraction = "qf") -> None:
        if retraction not in ("qf", "polar"):
            raise ValueError(f"retraction must be 'qf' or 'polar', not {retraction!r}")
        self.retraction = retraction
        self._onto = qf if retraction == "qf" else polar

    def project(self, point: Tensor, vector: Tensor) -> Tensor:
        """V - L sym(L' V)."""
        inner = point.mT @ vector
        return vector - point @ ((inner + inner.mT) / 2)

    def retract(self, point: Tensor, tangent: Tensor) -> Tensor:
        """The orthonormal factor of ``point + tangent``."""
        return self._onto(point + tangent)


def qf(matrix: Tensor) -> Tensor:
    """Q (d, l) of the QR decomposition whose R has a positive diagonal; ``matrix`` (d, l) of full rank."""
    q, r = torch.linalg.qr(matrix)
    return q * torch.where(r.diagonal() < 0, -1.0, 1.0).to(q.dtype)


def polar(matrix: Tensor) -> Tensor:
    """U V' (d, l) of the singular value decomposition: the closest matrix with orthonormal columns."""
    u, _, vt = torch.linalg.svd(matrix, full_matrices=False)
    return u @ vt


def random_orthonormal(rows: int, columns: int, generator: torch.Generator) -> Tensor:
    """A random float64 (rows, columns) with orthonormal columns, uniformly spread, on the CPU."""
    if not 1 <= columns <= rows:
        raise ValueError(f"from 1 to {rows} orthonormal columns fit into {rows} dimensions, not {columns}")
    return qf(torch.randn(rows, columns, generator=generator, dtype=torch.float64))
