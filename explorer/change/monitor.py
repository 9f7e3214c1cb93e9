"""One more visit of one animal, judged at once by what has been learnt so far."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from explorer.change.backgrounds import Backgrounds
from explorer.change.following import CHANNELS, Followed
from explorer.change.normal_inverse_gamma import State, follow, sizes, standard_error_of_shift, weigh
from explorer.change.panel import Floats
from explorer.change.reference import Reference
from explorer.change.scale import LOG2
from explorer.change.series import Series
from explorer.errors import UserError


@dataclass(frozen=True)
class Outcome:
    """What one visit came to: ``expected`` with the animal's own band, as they would be measured, the channels, and
    whether it is an alert."""

    expected: float
    low: float
    high: float
    z: float
    shift: float
    ratio: float
    alerted: bool
    channel: str
    n_visits: int


class Monitor:
    """Animals of one series as they stand, by the latest reference. Made by ``monitor_of``; two channels only.

    What the herd shares stays as of its latest day: following it anew brings it up to date.
    """

    def __init__(
        self, reference: Reference, series: Series, state: State, weighted: Floats, visits: Floats, time: float
    ) -> None:
        self._time = time
        self._reference, self._series = reference, series
        self._names = pd.Index(series.animals)
        self._state, self._weighted, self._visits = state, weighted, visits

    def add(self, animal: str, value: float, backgrounds: Backgrounds) -> Outcome:
        """Judge a visit of ``animal`` and learn from it, unless it is an alert. ``value``: as it was measured, also
        where its logarithm is followed. ``backgrounds``: of this one visit.

        Raises UserError for an animal that was not there, or a value that is no number or has no logarithm.
        """
        place = int(self._names.get_indexer([animal])[0])
        if place < 0:
            raise UserError(f"no animal is called {animal!r}", how="Add it to the study, and follow it anew")
        if not np.isfinite(value):
            raise UserError(f"{value} is no value of a visit", how="Leave the visit out")
        value = self._on_scale(value)
        reference, settings, here = self._reference, self._reference.settings, slice(place, place + 1)
        expected = float(reference.baseline.expected(backgrounds)[0]) + self._time
        residual, state = np.array([value - expected]), self._state[here]
        z = state.score(residual)
        weighted = weigh(self._weighted[here], z)
        visits = int(self._visits[place]) + 1
        shift = weighted / standard_error_of_shift(visits)
        past = [sizes(one, settings.side)[0] > limit for one, limit in zip((z, shift), reference.limits, strict=True)]
        alerted = visits > settings.learning and any(past)
        half = float((stdtrit(2 * state.a, 0.975) * state.scale)[0])
        own = expected + float(state.m[0])
        if not alerted:
            learnt = state.learnt(residual, reference.herd.memory)
            for name in ("m", "k", "a", "b"):
                getattr(self._state, name)[here] = getattr(learnt, name)
        self._weighted[place], self._visits[place] = weighted[0], visits
        middle, low, high = self._series.shown(np.array([own, own - half, own + half])).tolist()
        return Outcome(
            expected=middle,
            low=low,
            high=high,
            z=float(z[0]),
            shift=float(shift[0]),
            ratio=float(reference.ratios((z, shift))[0]),
            alerted=alerted,
            channel=CHANNELS[past[0] + 2 * past[1]] if alerted else "",
            n_visits=visits,
        )

    def _on_scale(self, value: float) -> float:
        if self._series.scale != LOG2:
            return value
        if value <= 0:
            raise UserError(f"{value:g} has no logarithm to judge", how="Give a value above 0")
        return float(np.log2(value))


def monitor_of(followed: Followed, backgrounds: Backgrounds) -> Monitor:
    """All animals of ``followed``, with the ``backgrounds`` it was followed with, after their last visit.

    Raises UserError when nothing has been learnt, or by another method than the two channels.
    """
    reference, panel = followed.reference, followed.panel
    if reference is None or reference.settings.method != "two-channel":
        raise UserError(f"{followed.series.name}: nothing has been learnt that could judge one more visit")
    expected = reference.expected(panel, followed.series.value, backgrounds)
    residual = followed.series.value - expected
    newest = int(np.argmax(panel.day))
    time = float(expected[newest] - reference.baseline.expected(backgrounds.only(np.array([newest])))[0])
    memory, prior = reference.herd.memory, reference.herd.prior
    trace = follow(panel, residual, prior, memory=memory, decided=followed.held.astype(np.int8))
    last = np.flatnonzero(np.append(np.diff(panel.animal) != 0, True)[: len(panel)])
    before, learnt = trace.before[last], trace.before[last].learnt(residual[last], memory)
    animal, held = panel.animal[last], followed.held[last]
    animals = len(followed.series.animals)
    state = prior.state(animals)
    for name in ("m", "k", "a", "b"):
        getattr(state, name)[animal] = np.where(held, getattr(before, name), getattr(learnt, name))
    weighted, visits = np.zeros(animals), np.zeros(animals)
    visits[animal] = panel.visit[last] + 1
    weighted[animal] = trace.shift[last] * standard_error_of_shift(panel.visit[last] + 1)
    return Monitor(reference, followed.series, state, weighted, visits, time)
