"""How far something slow has come, how long it will still take, and the word for stopping it."""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

Report = Callable[[float, str], None]
"""What a long function receives: call it with the fraction done (0..1) and a note on what is being done."""


class SnapshotReport(Protocol):
    """A `Report` that also carries an unfinished result, as the function of a `Job` receives it."""

    def __call__(self, fraction: float, note: str, *, snapshot: object = None) -> None:
        """Tell the fraction done (0..1), what is being done, and if wanted what it looks like so far."""


def parts_of(report: Report | None, weights: Sequence[float]) -> list[Report | None]:
    """A report for each of some steps that follow each other and take about as long as their ``weights`` say."""
    if report is None:
        return [None] * len(weights)
    whole, before = sum(weights), 0.0

    def part(low: float, high: float, tell: Report) -> Report:
        return lambda fraction, note: tell(low + (high - low) * min(fraction, 0.999), note)

    parts: list[Report | None] = []
    for weight in weights:
        parts.append(part(before / whole, (before + weight) / whole, report))
        before += weight
    return parts


class Cancelled(Exception):
    """Somebody asked for the work to stop, and it did."""


@dataclass(frozen=True)
class Progress:
    """How far the work has come; `seconds_left` is None while nothing is known about it."""

    fraction: float
    seconds_elapsed: float
    seconds_left: float | None
    note: str

    @property
    def sentence(self) -> str:
        """One line for people, such as "43 %, about 12 s left: placing points"."""
        # Floor, so that 100 % is said only of what has ended; the nudge mends 0.29 * 100 = 28.999...
        text = f"{math.floor(self.fraction * 100 + 1e-9)} %"
        if self.seconds_left is not None and self.fraction < 1:
            text += f", about {_duration(self.seconds_left)} left"
        return f"{text}: {self.note}" if self.note else text


def _duration(seconds: float) -> str:
    if seconds < 59.5:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def heard_as(report: Report | None, note: str) -> Callable[[Progress], None] | None:
    """What tells ``report`` how far ``map_partitions`` is, with ``note``."""
    return None if report is None else lambda progress: report(progress.fraction, note)


class Clock:
    """Turns the fractions told so far into a `Progress` with the time left, at any moment.

    The rate is that of the recent half of the run: a slow start is forgotten, one quick step is not
    trusted alone. Between two reports the time left counts down; once it has run out without the work
    having ended, the estimate was wrong and the time left is None again until the next report.
    Fractions never go back: a smaller one, or NaN, leaves the fraction as it was.
    """

    _SETTLING = 0.5  # seconds before a rate means anything
    _SAMPLES = 256

    def __init__(self, note: str = "", *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._start = now()
        self._note = note
        self._samples: deque[tuple[float, float]] = deque([(0.0, 0.0)])  # (seconds since start, fraction)
        self._end: float | None = None  # seconds since start at which the work is expected to end

    def update(self, fraction: float, note: str) -> None:
        """Take in one report."""
        elapsed, last = self._now() - self._start, self._samples[-1][1]
        # NaN compares False, so it leaves the fraction as it was.
        fraction = min(1.0, fraction) if fraction > last else last
        self._note = note
        self._samples.append((elapsed, fraction))
        if len(self._samples) > self._SAMPLES:  # every other sample is enough to find the half of the run
            self._samples = deque([*list(self._samples)[:-1:2], self._samples[-1]])
        then, before = next(s for s in reversed(self._samples) if s[0] <= elapsed / 2 or s[0] == 0.0)
        if elapsed >= self._SETTLING and fraction > before:
            self._end = elapsed + (1 - fraction) * (elapsed - then) / (fraction - before)

    def read(self) -> Progress:
        """How things stand now."""
        elapsed, fraction = self._now() - self._start, self._samples[-1][1]
        if fraction >= 1:
            left: float | None = 0.0
        elif self._end is None or elapsed > self._end:
            left = None
        else:
            left = self._end - elapsed
        return Progress(fraction, elapsed, left, self._note)
