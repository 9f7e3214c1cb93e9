"""What an animal's next visit should look like, given its earlier ones: a normal with unknown mean and variance.

Prior of an animal: s2 ~ IG(a, b), mean | s2 ~ N(m, s2 / k) (Gelman et al., Bayesian Data Analysis, 2013, section 3.3).
The next value then follows t with 2a degrees of freedom about m, scale sqrt((b / a) (1 + 1 / k)). Learning from r, in
this order: b += k (r - m)^2 / (2 (k + 1)), m = (k m + r) / (k + 1), k += 1, a += 1/2.

Two channels watch the normal score z = Phi^-1(T(r)): a spike is one |z| beyond a limit, a shift is the exponentially
weighted mean of z (Roberts, 1959) beyond one, in units of its own standard deviation. In that mean z counts as 6 at
most: one slip of the pen is a spike, and must not make a shift of the normal visits after it. Nor may it be the normal
of its animal: an alert is not learnt from, and what cannot alert is bounded before it is (Winsorised; Huber, 1964).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtr

from explorer.change.panel import Bools, Floats, Panel

WEIGHT = 0.3
"""Of the newest visit in the shift channel; steps of two to three standard deviations are what it is best at."""

_MOST = 6.0
"""Scores of one visit in the shift channel, and scales from what was expected that a visit is learnt from. Illness
seldom goes so far, and alerts as a spike where it does."""

LEARNING = 5
"""Visits of an animal before the first alert: with fewer, its own band is little but the herd's."""

Side = Literal["both", "down", "up"]
"""Which changes count."""

_LEAST = 1e-300


def sizes(statistic: Floats, side: Side) -> Floats:
    """How far a signed statistic goes to the side that counts."""
    return np.abs(statistic) if side == "both" else statistic if side == "up" else -statistic


@dataclass(frozen=True, eq=False)
class State:
    """What is known of animals, arrays of one shape: mean ``m``, its weight in visits ``k``, and ``a``, ``b`` of s2."""

    m: Floats
    k: Floats
    a: Floats
    b: Floats

    def __getitem__(self, index: slice | Bools | npt.NDArray[np.integer]) -> "State":
        return State(self.m[index], self.k[index], self.a[index], self.b[index])

    @property
    def scale(self) -> Floats:
        """Scale of the t distribution of the next value."""
        return np.sqrt(self.b / self.a * (1 + 1 / self.k))

    @property
    def spread(self) -> Floats:
        """The animal's own standard deviation from visit to visit."""
        return np.sqrt(self.b / self.a)

    def score(self, values: Floats) -> Floats:
        """Normal score z of the next values; symmetric, so that far tails on both sides keep their digits."""
        away = (values - self.m) / self.scale
        tail = np.maximum(stdtr(2 * self.a, -np.abs(away)), _LEAST)
        return -np.sign(away) * ndtri(tail)

    def bounded(self, values: Floats) -> Floats:
        """``values`` moved to where one visit is learnt from."""
        reach = _MOST * self.scale
        return np.clip(values, self.m - reach, self.m + reach)

    def learnt(self, values: Floats, memory: float | None = None) -> "State":
        """After seeing ``values``; with ``memory`` the weight of the past never exceeds so many visits."""
        b = self.b + self.k * (values - self.m) ** 2 / (2 * (self.k + 1))
        m = (self.k * self.m + values) / (self.k + 1)
        k, a = self.k + 1, self.a + 0.5
        if memory is not None:
            kept = np.minimum(1.0, memory / k)
            k, a, b = k * kept, a * kept, b * kept
        return State(m, k, a, b)


@dataclass(frozen=True)
class Prior:
    """What is expected of an animal not seen yet: ``a``, ``b`` of its variance, ``k`` = variance within / between."""

    a: float
    b: float
    k: float

    def state(self, animals: int) -> State:
        """The state of so many animals before their first visit."""
        return State(np.zeros(animals), *(np.full(animals, one) for one in (self.k, self.a, self.b)))


@dataclass(frozen=True, eq=False)
class Trace:
    """What was expected at each of n visits, and what it came to; rows as in the panel.

    ``before``: the state before each visit. ``z``, ``shift``: the two channels. ``alerted``: bool, a channel beyond its
    limit after learning. ``held``: bool, visits not learnt from.
    """

    before: State
    z: Floats
    shift: Floats
    alerted: Bools
    held: Bools


def weigh(weighted: Floats, z: Floats) -> Floats:
    """The weighted mean of the shift channel after scores ``z``."""
    return (1 - WEIGHT) * weighted + WEIGHT * np.clip(z, -_MOST, _MOST)


def standard_error_of_shift(visits: npt.NDArray[np.integer] | int) -> Floats:
    """Standard deviation of the weighted mean after so many visits, when z is white noise of variance 1."""
    return np.sqrt(WEIGHT / (2 - WEIGHT) * (1 - (1 - WEIGHT) ** (2.0 * np.asarray(visits, dtype=np.float64))))


def follow(
    panel: Panel,
    values: Floats,
    prior: Prior,
    *,
    memory: float | None = None,
    limits: tuple[float, float] | None = None,
    learning: int = LEARNING,
    side: Side = "both",
    decided: npt.NDArray[np.int8] | None = None,
) -> Trace:
    """Follow all animals of ``panel`` visit by visit; ``values`` float64 (n,), residuals about what the herd explains.

    memory: at most so many visits are remembered; None for all. limits: of spike and shift; None alerts to nothing.
    decided: int8 (n,), 1 where a visit stays out of the baseline whatever the limits say, 0 where it belongs in, -1
    where an alert decides. An alerted visit is not learnt from: until a person has said what it was, it must not
    become the animal's normal. When ``learning`` ends, its visits are looked at together and learnt anew: one far from
    the others would else be an animal's normal for years, as nothing can be alerted before.
    """
    n = len(panel)
    ordered = np.asarray(values, dtype=np.float64)[panel.order]
    ruled = np.full(n, -1, dtype=np.int8) if decided is None else decided[panel.order]
    seen = {name: np.empty(n) for name in ("m", "k", "a", "b", "z", "shift")}
    alerted, held = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    animals = int(panel.sizes[0]) if len(panel.sizes) else 0
    state, weighted = prior.state(animals), np.zeros(animals)
    early: list[tuple[Floats, Bools]] = []
    for visit, here, count in panel.steps():
        state, weighted = state[:count], weighted[:count]
        r = ordered[here]
        z = state.score(r)
        weighted = weigh(weighted, z)
        shift = weighted / standard_error_of_shift(visit + 1)
        for name, part in zip(seen, (state.m, state.k, state.a, state.b, z, shift), strict=True):
            seen[name][here] = part
        if limits is not None and visit >= learning:
            alerted[here] = (sizes(z, side) > limits[0]) | (sizes(shift, side) > limits[1])
        held[here] = np.where(ruled[here] < 0, alerted[here], ruled[here] > 0)
        state = _where(held[here], state, state.learnt(state.bounded(r), memory))
        if visit < learning:
            early = [(one[:count], out[:count]) for one, out in [*early, (r, held[here])]]
            if visit == learning - 1:
                state = _learnt_together(prior, early, memory)
    back: Callable[[npt.NDArray[np.generic]], npt.NDArray[np.generic]] = panel.back_in_rows
    rows = {name: np.asarray(back(one), dtype=np.float64) for name, one in seen.items()}
    return Trace(
        before=State(rows["m"], rows["k"], rows["a"], rows["b"]),
        z=rows["z"],
        shift=rows["shift"],
        alerted=np.asarray(back(alerted), dtype=bool),
        held=np.asarray(back(held), dtype=bool),
    )


def follow_frozen(
    panel: Panel,
    values: Floats,
    prior: Prior,
    *,
    memory: float | None = None,
    learning: int = LEARNING,
    decided: npt.NDArray[np.int8] | None = None,
) -> Trace:
    """As ``follow``, against a baseline that learns from an animal's first ``learning`` visits and no more."""
    early = np.full(len(panel), -1, dtype=np.int8) if decided is None else decided
    late = np.where(panel.visit < learning, early, 1).astype(np.int8)
    return follow(panel, values, prior, memory=memory, learning=learning, decided=late)


def _learnt_together(prior: Prior, early: list[tuple[Floats, Bools]], memory: float | None) -> State:
    """The state after the first visits of animals, residuals and which are held (m,), each bounded about their median
    by the spread of the herd."""
    values = np.array([one for one, _ in early])
    middle, reach = np.median(values, axis=0), _MOST * float(np.sqrt(prior.b / prior.a))
    state = prior.state(values.shape[1])
    for one, (_, out) in zip(np.clip(values, middle - reach, middle + reach), early, strict=True):
        state = _where(out, state, state.learnt(one, memory))
    return state


def _where(kept: Bools, old: State, new: State) -> State:
    if not kept.any():
        return new
    return replace(
        new, **{name: np.where(kept, getattr(old, name), getattr(new, name)) for name in ("m", "k", "a", "b")}
    )
