"""Minimising over several tensors at once, each on a manifold of its own: Riemannian conjugate gradient."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from explorer.learning.manifolds import Manifold

Point = tuple[Tensor, ...]
Objective = Callable[[Point], tuple[float, Callable[[], Point]]]
"""Gives the value at a point, and a function for the Euclidean gradient there, called only where it is needed."""

_DECREASE = 0.3
"""Share of the decrease promised by the slope that a step must bring (Armijo): conjugate directions need good steps."""

_GROW = 4.0
"""The first try of a step is so many times what the last one suggests: mostly too long, so that what it finds, with
value and slope at the start, tells where along the direction the least value is."""

_SHRINK = (0.1, 0.5)
"""A step that is too long becomes that of the least value, but at least and at most so much of itself."""

_TRIES = 30


@dataclass(frozen=True)
class Minimum:
    """Where the search ended. ``values`` and ``gradient_norms`` are of the start and of each step taken."""

    point: Point
    values: tuple[float, ...]
    gradient_norms: tuple[float, ...]


def minimise(
    objective: Objective,
    start: Point,
    manifolds: Sequence[Manifold],
    *,
    steps: int,
    tolerance: float = 1e-8,
) -> Minimum:
    """At most ``steps`` steps down from ``start``, each to a lower value; the same inputs give the same steps.

    It ends sooner when the norm of the Riemannian gradient over all tensors is at most ``tolerance``, or when no step
    along it lowers the value any more. Directions: Hestenes-Stiefel+, beta = max(0, <g+, g+ - Tg> / <g+ - Tg, Td>),
    T the transport by projection, back to steepest descent where that does not lead down. Steps: Armijo backtracking
    with quadratic interpolation.
    Source: Absil, Mahony & Sepulchre 2008, algorithm 13 and section 8.3.
    """
    if steps < 0:
        raise ValueError(f"steps must be at least 0, not {steps}")

    def project(point: Point, vectors: Point) -> Point:
        return tuple(m.project(x, v) for m, x, v in zip(manifolds, point, vectors, strict=True))

    point = start
    value, euclidean = objective(point)
    gradient = project(point, euclidean())
    square = _inner(gradient, gradient)
    values, norms = [value], [math.sqrt(square)]
    direction, slope = _scaled(gradient, -1.0), -square
    length = 1 / norms[0] if square else 0.0
    while len(values) <= steps and norms[-1] > tolerance:
        found = _search(objective, manifolds, point, value, direction, slope, length)
        if found is None and slope != -square:  # a poor direction; the steepest one may still lead down
            direction, slope, length = _scaled(gradient, -1.0), -square, 1 / norms[-1]
            found = _search(objective, manifolds, point, value, direction, slope, length)
        if found is None:
            break
        point, value, euclidean, taken = found
        before, promised = gradient, taken * slope
        gradient = project(point, euclidean())
        square = _inner(gradient, gradient)
        change = tuple(new - old for new, old in zip(gradient, project(point, before), strict=True))
        carried = project(point, direction)
        curvature = _inner(change, carried)
        beta = max(0.0, _inner(gradient, change) / curvature) if curvature else 0.0
        direction = tuple(beta * old - new for new, old in zip(gradient, carried, strict=True))
        slope = _inner(gradient, direction)
        if not slope < 0:
            direction, slope = _scaled(gradient, -1.0), -square
        values.append(value)
        norms.append(math.sqrt(square))
        length = _GROW * promised / slope if slope else 0.0  # as if the slope promised what it did
    return Minimum(point, tuple(values), tuple(norms))


def _search(
    objective: Objective,
    manifolds: Sequence[Manifold],
    point: Point,
    value: float,
    direction: Point,
    slope: float,
    length: float,
) -> tuple[Point, float, Callable[[], Point], float] | None:
    """The first of ever shorter steps that lowers the value enough: where it leads, and its length."""
    for _ in range(_TRIES):
        step = _scaled(direction, length)
        new = tuple(m.retract(x, v) for m, x, v in zip(manifolds, point, step, strict=True))
        reached, euclidean = objective(new)
        if reached <= value + _DECREASE * length * slope and reached < value:
            return new, reached, euclidean, length
        excess = reached - value - length * slope  # over the tangent: that of a parabola gives its vertex
        vertex = -slope * length**2 / (2 * excess) if math.isfinite(excess) and excess > 0 else 0.0
        length = min(max(vertex, _SHRINK[0] * length), _SHRINK[1] * length)
    return None


def _inner(first: Point, second: Point) -> float:
    return sum(float((a * b).sum()) for a, b in zip(first, second, strict=True))


def _scaled(vectors: Point, factor: float) -> Point:
    return tuple(factor * vector for vector in vectors)
