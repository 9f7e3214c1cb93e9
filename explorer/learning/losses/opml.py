"""OPML: a probabilistic angular loss of triplets under an orthogonal map, with a learned weight for each of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor
from torch.nn import functional

from explorer.learning.conjugate_gradient import Minimum, Objective, Point, minimise
from explorer.learning.losses.angles import slope
from explorer.learning.losses.base import Given, Loss, Reduction, check_dims, present, takes
from explorer.learning.manifolds import Euclidean, Stiefel, random_orthonormal
from explorer.learning.tuples import Triplets

Weighting = Literal["free", "fixed", "none"]
"""What becomes of A: minimised over like L, kept as it is, or left out (every weight is 1: the ablation)."""

_WORTH_THREADS = 10_000_000
"""Numbers in the triplets' vectors above which several threads pay: 17,000 triplets of 200 dimensions."""


class _Angles(NamedTuple):
    """What follows from L."""

    apart: Tensor  # L'(a-p), (t, l)
    off: Tensor  # L'(n-c), (t, l)
    z: Tensor  # (t,)
    m: Tensor  # (t,)


class _Sides(NamedTuple):
    """What follows from A."""

    a: Tensor  # A'a and so on, (t, l) each
    p: Tensor
    c: Tensor
    n: Tensor
    alike: Tensor  # sigmoid(a'AA'p), (t,)
    unlike: Tensor  # sigmoid(c'AA'n), (t,)
    w: Tensor  # (t,)


class OpmlObjective:
    """J of triplets (a, p, n), each (t, d), as a function of L (d, l) and A (d, l), or of L alone (A None: w = 1).

    With c = (a+p)/2 and alpha in degrees, for each triplet, all vectors as they are::

        z = |L'(a-p)|^2 - 4 tan^2(alpha) |L'(n-c)|^2          m = log(1 + e^z)
        w = (sigmoid(a'AA'p) + 1 - sigmoid(c'AA'n)) / 2        loss = log(1 + e^(w m)), above log 2

    J is their mean. L maps x to L'x and has orthonormal columns; J is the same for L and for L O, O orthogonal. J rises
    with w, so that minimising over A lowers the weights as well. Source: Dutta, Harandi & Sekhar 2020 (IEEE TAI 1(1)).
    """

    def __init__(self, a: Tensor, p: Tensor, n: Tensor, *, alpha: float) -> None:
        self.slope = slope(alpha)
        self.rows = torch.cat([a, p, n])  # one product with all of them is twice as fast as one for each

    def terms(self, L: Tensor, A: Tensor | None) -> Tensor:
        """The loss of each triplet (t,), differentiable in all that goes in."""
        return _terms(self._angles(self.rows @ L), None if A is None else self._sides(self.rows @ A))

    def gradients(self, L: Tensor, A: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """dJ/dL and dJ/dA (None without A), J as a function of any matrices; written out, not by autograd."""
        if A is None:
            return self.over_map(None)((L,))[1]()[0], None
        by_l, by_a = self.over_both((L, A))[1]()
        return by_l, by_a

    def over_both(self, point: Point) -> tuple[float, Callable[[], Point]]:
        """J at (L, A), and what gives its gradient there; for ``minimise``."""
        width = point[0].shape[1]
        maps = self.rows @ torch.cat(point, dim=1)
        angles, sides = self._angles(maps[:, :width]), self._sides(maps[:, width:])

        def gradient() -> Point:
            by_maps = torch.cat([self._by_angles(angles, sides.w), self._by_sides(angles, sides)], dim=1)
            by_both = self.rows.mT @ by_maps
            return by_both[:, :width], by_both[:, width:]

        return float(_terms(angles, sides).mean()), gradient

    def over_map(self, A: Tensor | None) -> Objective:
        """J as a function of (L,) alone with this A; for ``minimise``."""
        sides = None if A is None else self._sides(self.rows @ A)
        w = 1.0 if sides is None else sides.w

        def at(point: Point) -> tuple[float, Callable[[], Point]]:
            angles = self._angles(self.rows @ point[0])
            return float(_terms(angles, sides).mean()), lambda: (self.rows.mT @ self._by_angles(angles, w),)

        return at

    def _angles(self, maps: Tensor) -> _Angles:
        a, p, n = maps.chunk(3)
        apart, off = a - p, n - (a + p) / 2
        z = apart.square().sum(dim=1) - self.slope * off.square().sum(dim=1)
        return _Angles(apart, off, z, _softplus(z))

    def _sides(self, maps: Tensor) -> _Sides:
        a, p, n = maps.chunk(3)
        c = (a + p) / 2
        alike, unlike = (a * p).sum(dim=1).sigmoid(), (c * n).sum(dim=1).sigmoid()
        return _Sides(a, p, c, n, alike, unlike, (alike + 1 - unlike) / 2)

    def _by_angles(self, angles: _Angles, w: Tensor | float) -> Tensor:
        """The gradient in L'a, L'p and L'n (3t, l): with it, dJ/dL is

        (1/t) sum 2 sigmoid(w m) w sigmoid(z) [(a-p)(a-p)' - 4 tan^2(alpha) (n-c)(n-c)'] L
        """
        by_z = ((w * angles.m).sigmoid() * w * angles.z.sigmoid() * (2 / len(angles.z)))[:, None]
        apart, off = by_z * angles.apart, -self.slope * by_z * angles.off
        return torch.cat([apart - off / 2, -apart - off / 2, off])

    def _by_sides(self, angles: _Angles, sides: _Sides) -> Tensor:
        """The gradient in A'a, A'p and A'n (3t, l): with it, dJ/dA is, s the sigmoid of either side,

        (1/t) sum [r_alike (ap' + pa') - r_unlike (cn' + nc')] A,   r = sigmoid(w m) m s (1-s) / 2
        """
        by_w = (sides.w * angles.m).sigmoid() * angles.m / (2 * len(angles.m))
        alike = (by_w * sides.alike * (1 - sides.alike))[:, None]
        unlike = (by_w * sides.unlike * (1 - sides.unlike))[:, None]
        by_c = -unlike * sides.n
        return torch.cat([alike * sides.p + by_c / 2, alike * sides.a + by_c / 2, -unlike * sides.c])


class OpmlLoss(Loss):
    """The OPML loss of each triplet under the (L, A) that it keeps, differentiable in the embeddings alone.

    Training alternates: ``refine`` moves (L, A) for the embeddings of a batch, then a step on this loss moves the
    network. What to compare at the end is ``project``. L (dims, size) and A (dims, size) are float64 buffers, random at
    first, the same for a seed: L with orthonormal columns, A with entries of variance 1/size, for which AA' is I in the
    mean. The embeddings are brought to unit length. Source and formulas: ``OpmlObjective``; the alternation is that of
    the authors' code.
    """

    takes = takes("triplets")
    hinged = False
    L: Tensor
    A: Tensor | None

    def __init__(
        self,
        dims: int,
        size: int,
        alpha: float = 45.0,
        *,
        weighting: Weighting = "free",
        seed: int = 0,
        reduction: Reduction = "mean",
    ) -> None:
        slope(alpha)  # refuses what is no angle
        super().__init__(reduction=reduction, normalise=True)
        self.alpha = alpha
        self.weighting = weighting
        L, A = first_maps(dims, size, weighting, seed)
        self.register_buffer("L", L)
        self.register_buffer("A", A)

    def terms(self, embeddings: Tensor, given: Given) -> tuple[Tensor, ...]:
        """One of each triplet."""
        check_dims(embeddings, len(self.L))
        a, p, n = (embeddings[rows] for rows in present(given.triplets))
        A = None if self.A is None else self.A.to(embeddings.dtype)
        return (OpmlObjective(a, p, n, alpha=self.alpha).terms(self.L.to(embeddings.dtype), A),)

    @torch.no_grad()
    def refine(self, embeddings: Tensor, triplets: Triplets, steps: int = 5) -> Minimum | None:
        """Move (L, A) by at most ``steps`` conjugate gradient steps that lower J of ``triplets`` of ``embeddings``.

        The embeddings (n, dims) get no gradient. Gives the values of J on the way; None without triplets.
        """
        self._check(embeddings, Given(triplets=triplets))
        check_dims(embeddings, len(self.L))
        if not len(triplets.anchors):
            return None
        unit = functional.normalize(embeddings.double(), dim=1)
        a, p, n = (unit[rows] for rows in triplets)
        found = minimise_opml(a, p, n, self.L, self.A, alpha=self.alpha, weighting=self.weighting, steps=steps)
        self.L.copy_(found.point[0])
        if self.A is not None and self.weighting == "free":
            self.A.copy_(found.point[1])
        return found

    def project(self, embeddings: Tensor) -> Tensor:
        """L'f of the embeddings f brought to unit length: what is compared after training; (n, dims) -> (n, size)."""
        return functional.normalize(embeddings, dim=1) @ self.L.to(embeddings.dtype)


def first_maps(dims: int, size: int, weighting: Weighting, seed: int) -> tuple[Tensor, Tensor | None]:
    """L and A to start from, float64 (dims, size) each; A is None where ``weighting`` is "none"."""
    if weighting not in get_args(Weighting):
        raise ValueError(f"weighting must be one of {', '.join(get_args(Weighting))}, not {weighting!r}")
    generator = torch.Generator().manual_seed(seed)
    L = random_orthonormal(dims, size, generator)
    A = torch.randn(dims, size, generator=generator, dtype=torch.float64) / size**0.5  # at 0 it would have no gradient
    return L, None if weighting == "none" else A


def minimise_opml(
    a: Tensor,
    p: Tensor,
    n: Tensor,
    L: Tensor,
    A: Tensor | None,
    *,
    alpha: float,
    weighting: Weighting,
    steps: int,
    tolerance: float = 1e-8,
) -> Minimum:
    """Riemannian conjugate gradient from (L, A) over L on the Stiefel manifold and, if free, all A; float64."""
    objective = OpmlObjective(a, p, n, alpha=alpha)
    with _few_threads(objective.rows):
        if A is not None and weighting == "free":
            return minimise(objective.over_both, (L, A), (Stiefel(), Euclidean()), steps=steps, tolerance=tolerance)
        return minimise(objective.over_map(A), (L,), (Stiefel(),), steps=steps, tolerance=tolerance)


@contextmanager
def _few_threads(rows: Tensor) -> Iterator[None]:
    """One thread for small products: where others use the cores, threads wait for each other longer than they work."""
    before = torch.get_num_threads()
    if rows.numel() < _WORTH_THREADS:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _terms(angles: _Angles, sides: _Sides | None) -> Tensor:
    return _softplus(angles.m if sides is None else sides.w * angles.m)


def _softplus(values: Tensor) -> Tensor:
    """log(1 + e^values). PyTorch's softplus is cut off above 20, wrong by 2e-9: too much for float64."""
    return -functional.logsigmoid(-values)
