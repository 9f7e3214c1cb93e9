"""One more visit of one animal, judged at once by what has been learnt so far."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from explorer.change.backgrounds import Backgrounds
from explorer.change.following import CHANNELS, Followed
from explorer.change.normal_inverse_gamma import follow, sizes
from explorer.change.panel import Bools, Floats, panel_of
from explorer.change.reference import Reference
from explorer.change.scale import LOG2
from explorer.change.series import Series
from explorer.errors import UserError


@dataclass(frozen=True)
class Outcome:
    """What one visit came to: ``expected`` with the animal's own band, and its ``spread``, all on the scale of the
    series; the channels, and whether it is an alert. ``n_visits``: with this one."""

    expected: float
    low: float
    high: float
    spread: float
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

    def __init__(self, reference: Reference, series: Series, past: list[tuple[Floats, Bools]], time: float) -> None:
        """``past``: of each animal, its residuals and which of them are not learnt from; ``time``: what the herd
        shares now."""
        self._reference, self._series, self._past, self._time = reference, series, past, time
        self._names = pd.Index(series.animals)

    def add(self, animal: str, value: float, backgrounds: Backgrounds) -> Outcome:
        """``judge`` a visit and learn from it, unless it is an alert."""
        outcome, place, residual, held = self._judged(animal, value, backgrounds)
        self._past[place] = residual, held
        return outcome

    def judge(self, animal: str, value: float, backgrounds: Backgrounds) -> Outcome:
        """What a visit of ``animal`` would come to. ``value``: as it was measured, also where its logarithm is
        followed. ``backgrounds``: of this one visit.

        Raises UserError for an animal that was not there, or a value that is no number or has no logarithm.
        """
        return self._judged(animal, value, backgrounds)[0]

    def _judged(self, animal: str, value: float, backgrounds: Backgrounds) -> tuple[Outcome, int, Floats, Bools]:
        """And the place of the animal, its residuals, and which are not learnt from, with this one."""
        place = int(self._names.get_indexer([animal])[0])
        if place < 0:
            raise UserError(f"no animal is called {animal!r}", how="Add it to the study, and follow it anew")
        if not np.isfinite(value):
            raise UserError(f"{value} is no value of a visit", how="Leave the visit out")
        reference, settings, herd = self._reference, self._reference.settings, self._reference.herd
        expected = float(reference.baseline.expected(backgrounds)[0]) + self._time
        earlier, out = self._past[place]
        residual = np.append(earlier, self._on_scale(value) - expected)
        visits = len(residual)
        limits = (reference.limits[0], reference.limits[1])
        trace = follow(
            panel_of(np.zeros(visits, dtype=np.int64), np.arange(visits, dtype=np.float64)),
            residual,
            herd.prior,
            memory=herd.memory,
            limits=limits,
            learning=settings.learning,
            side=settings.side,
            decided=np.append(out.astype(np.int8), np.int8(-1)),
        )
        state, z, shift, alerted = trace.before[-1:], trace.z[-1:], trace.shift[-1:], bool(trace.alerted[-1])
        spike, shifted = (
            float(sizes(one, settings.side)[0]) > limit for one, limit in zip((z, shift), limits, strict=True)
        )
        half = float((stdtrit(2 * state.a, 0.975) * state.scale)[0])
        own = expected + float(state.m[0])
        outcome = Outcome(
            expected=own,
            low=own - half,
            high=own + half,
            spread=float(state.spread[0]),
            z=float(z[0]),
            shift=float(shift[0]),
            ratio=float(reference.ratios((z, shift))[0]),
            alerted=alerted,
            channel=CHANNELS[spike + 2 * shifted] if alerted else "",
            n_visits=visits,
        )
        return outcome, place, residual, trace.held

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
    animals = np.arange(len(followed.series.animals))
    starts, ends = (np.searchsorted(panel.animal, animals, side) for side in ("left", "right"))
    past = [(residual[start:end], followed.held[start:end]) for start, end in zip(starts, ends, strict=True)]
    return Monitor(reference, followed.series, past, time)
