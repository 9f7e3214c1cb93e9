"""Ways to say that an animal has changed, side by side: each gives signed statistics, large where it would alert.

They are compared at the same false alarm rate: their limits come from the same healthy series (``calibrating``), never
from a textbook. Values may be residuals of a baseline or the measurements themselves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from explorer.change.normal_inverse_gamma import (
    LEARNING,
    WEIGHT,
    Prior,
    Side,
    Trace,
    follow,
    follow_frozen,
    sizes,
    standard_error_of_shift,
)
from explorer.change.panel import Bools, Floats, Panel

Method = Literal[
    "two-channel", "spike-only", "shift-only", "frozen", "rcv", "population", "own-history", "ewma", "cusum",
    "since-last", "since-first", "own-best", "never",
]  # fmt: skip
METHODS: tuple[Method, ...] = get_args(Method)

MEANING: dict[Method, str] = {
    "two-channel": "spike and shift against the animal's own baseline",
    "spike-only": "one visit against the animal's own baseline",
    "shift-only": "several visits against the animal's own baseline",
    "frozen": "several visits against the baseline of its first visits",
    "rcv": "reference change value: difference to the visit before, by the herd's variances",
    "population": "outside what animals of its age, season and stage have",
    "own-history": "z score against all of its earlier visits",
    "ewma": "weighted mean of scores with known variances",
    "cusum": "cumulative sum of scores with known variances",
    "since-last": "difference to the visit before",
    "since-first": "difference to the first visit",
    "own-best": "distance from its own best or worst visit",
    "never": "never alerts",
}

_SLACK = 0.5
"""Of the CUSUM, in standard deviations: half of a step of one (Page, 1954)."""


@dataclass(frozen=True)
class Herd:
    """What the arms know of a herd: variance between and within animals, and the prior of the two channels."""

    between: float
    within: float
    prior: Prior
    memory: float | None = None
    learning: int = LEARNING


def channels(method: Method, panel: Panel, values: Floats, herd: Herd) -> tuple[Floats, ...]:
    """Signed statistics of ``values`` (n,) by ``method``, one or two of float64 (n,); 0 where there is none yet."""
    if method not in METHODS:
        raise ValueError(f"there is no method {method!r}; there are: {', '.join(METHODS)}")
    return _ARMS[method](panel, values, herd)


def _trace(panel: Panel, values: Floats, herd: Herd) -> Trace:
    return follow(panel, values, herd.prior, memory=herd.memory, learning=herd.learning)


def _two_channel(panel: Panel, values: Floats, herd: Herd) -> tuple[Floats, ...]:
    trace = _trace(panel, values, herd)
    return trace.z, trace.shift


def _before(panel: Panel, values: Floats) -> Floats:
    """The value of the visit before; NaN at the first."""
    before = np.roll(values, 1)
    before[panel.visit == 0] = np.nan
    return before


def _since_last(panel: Panel, values: Floats, _: Herd) -> tuple[Floats, ...]:
    return (np.nan_to_num(values - _before(panel, values)),)


def _reference_change(panel: Panel, values: Floats, herd: Herd) -> tuple[Floats, ...]:
    # Harris and Yasaka (1983): the difference over sqrt(2) SD within.
    return (_since_last(panel, values, herd)[0] / np.sqrt(2 * herd.within),)


def _since_first(panel: Panel, values: Floats, _: Herd) -> tuple[Floats, ...]:
    first = panel.first
    return (values - values[first][np.cumsum(panel.visit == 0) - 1],)


def _own_best(panel: Panel, values: Floats, _: Herd) -> tuple[Floats, ...]:
    low, high = _running(panel, values)
    fallen, risen = np.minimum(values - high, 0.0), np.maximum(values - low, 0.0)
    away = np.where(-fallen >= risen, fallen, risen)
    return (np.where(panel.visit == 0, 0.0, away),)


def _running(panel: Panel, values: Floats) -> tuple[Floats, Floats]:
    """Least and largest of the animal's earlier values; its own at the first."""
    ordered = values[panel.order]
    low, high = np.empty(len(values)), np.empty(len(values))
    least = most = ordered[: int(panel.sizes[0]) if len(panel.sizes) else 0]
    for _, here, count in panel.steps():
        low[here], high[here] = least[:count], most[:count]
        least, most = np.minimum(least[:count], ordered[here]), np.maximum(most[:count], ordered[here])
    return np.asarray(panel.back_in_rows(low), dtype=float), np.asarray(panel.back_in_rows(high), dtype=float)


def _population(_: Panel, values: Floats, herd: Herd) -> tuple[Floats, ...]:
    return (values / np.sqrt(herd.between + herd.within),)


def _own_history(panel: Panel, values: Floats, herd: Herd) -> tuple[Floats, ...]:
    first = np.cumsum(panel.visit == 0) - 1
    middle = values[panel.first][first]  # little is lost of a variance about a value of its own
    moved = values - middle
    total, square = (np.cumsum(one) for one in (moved, moved**2))
    starts = panel.first
    n = panel.visit.astype(np.float64)
    before = total - moved - (total - moved)[starts][first]
    squares = square - moved**2 - (square - moved**2)[starts][first]
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.maximum(squares - before**2 / n, 0.0) / (n - 1)
        score = (moved - before / n) / np.sqrt(variance)
    # Two equal visits have no spread of their own; the herd's is the least that is known of it.
    floor = 0.05 * np.sqrt(herd.within)
    with np.errstate(invalid="ignore", divide="ignore"):
        score = np.where(variance > floor**2, score, (moved - before / n) / floor)
    return (np.where(panel.visit >= 2, score, 0.0),)


def _known_variance_scores(panel: Panel, values: Floats, herd: Herd) -> Floats:
    """Scores against the mean of the earlier visits, shrunk to the herd's, with variances taken as known."""
    starts = panel.first
    first = np.cumsum(panel.visit == 0) - 1
    total = np.cumsum(values)
    before = total - values - (total - values)[starts][first]
    k = herd.prior.k + panel.visit
    return (values - before / k) / np.sqrt(herd.within * (1 + 1 / k))


def _ewma(panel: Panel, values: Floats, herd: Herd) -> tuple[Floats, ...]:
    z = _known_variance_scores(panel, values, herd)

    def next_one(state: Floats, z: Floats) -> Floats:
        return (1 - WEIGHT) * state + WEIGHT * z

    return (_recursive(panel, z, next_one) / standard_error_of_shift(panel.visit + 1),)


def _cusum(panel: Panel, values: Floats, herd: Herd) -> tuple[Floats, ...]:
    z = _known_variance_scores(panel, values, herd)
    up = _recursive(panel, z, lambda state, z: np.maximum(0.0, state + z - _SLACK))
    down = _recursive(panel, z, lambda state, z: np.maximum(0.0, state - z - _SLACK))
    return (np.where(up >= down, up, -down),)


def _recursive(panel: Panel, values: Floats, rule: Callable[[Floats, Floats], Floats]) -> Floats:
    """What ``rule`` makes of the state before and the value, visit by visit from 0."""
    ordered = values[panel.order]
    out = np.empty(len(values))
    state = np.zeros(int(panel.sizes[0]) if len(panel.sizes) else 0)
    for _, here, count in panel.steps():
        state = out[here] = rule(state[:count], ordered[here])
    return np.asarray(panel.back_in_rows(out), dtype=np.float64)


_ARMS: dict[Method, Callable[[Panel, Floats, Herd], tuple[Floats, ...]]] = {
    "two-channel": _two_channel,
    "spike-only": lambda panel, values, herd: (_trace(panel, values, herd).z,),
    "shift-only": lambda panel, values, herd: (_trace(panel, values, herd).shift,),
    "frozen": lambda panel, values, herd: (
        follow_frozen(panel, values, herd.prior, memory=herd.memory, learning=herd.learning).shift,
    ),
    "rcv": _reference_change,
    "population": _population,
    "own-history": _own_history,
    "ewma": _ewma,
    "cusum": _cusum,
    "since-last": _since_last,
    "since-first": _since_first,
    "own-best": _own_best,
    "never": lambda _panel, values, _herd: (np.zeros(len(values)),),
}


def beyond(statistics: tuple[Floats, ...], limits: tuple[float, ...], panel: Panel, learning: int, side: Side) -> Bools:
    """Where any statistic goes beyond its limit, after learning; bool (n,)."""
    past = [sizes(one, side) > limit for one, limit in zip(statistics, limits, strict=True)]
    return np.any(past, axis=0) & (panel.visit >= learning)
