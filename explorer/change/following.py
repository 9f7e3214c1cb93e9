"""One series followed through time: each visit is judged by what was known before its day.

All that is learnt, the baseline, the prior, the limits, is learnt again whenever the visits have grown by a fifth, from
the days up to then, and judges the days after. So what came later never changes what was said of an earlier visit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

from explorer.change.arms import Method, beyond, channels
from explorer.change.backgrounds import Backgrounds
from explorer.change.effects import Effects, effects
from explorer.change.normal_inverse_gamma import follow, follow_frozen
from explorer.change.panel import Bools, Floats, Ints, Panel
from explorer.change.reference import Reference, Settings, fit_reference, promise_kept
from explorer.change.series import Series

FIRST, GROWTH = 60, 1.2
"""Visits before anything is learnt, and how much they grow before it is learnt again."""

_MADE = 20_000
"""Visits that take as long as the made healthy series of each time of learning do; it shares out the progress."""

_RUNS: tuple[Method, ...] = ("shift-only", "frozen", "ewma", "cusum")
"""Methods whose alerts are of several visits rather than one."""

CHANNELS = ("", "spike", "shift", "spike and shift")

_FROZEN = ("frozen", "frozen_low", "frozen_high")


@dataclass(frozen=True, eq=False)
class Followed:
    """A series and what was said of each of its n visits at the time; NaN before anything had been learnt. Numbers are
    on the scale of the series.

    ``herd``: what its background and its time let expect. ``low``, ``high``: the animal's own 95 % band, ``own`` its
    middle.
    ``population_low``, ``population_high``: that of all animals of its background. ``frozen``: the middle as of the
    animal's first visits, its band ``frozen_low`` to ``frozen_high``. ``z``, ``shift``: the two channels. ``ratio``:
    the method's statistic in units of its limit; ``p``: how often healthy visits have as large a one. ``alerted``,
    ``held`` (not learnt from), ``new`` (the first visit of a run of alerts): bool. ``channel``: int8, place in
    ``CHANNELS``. ``residual``, ``spread``: value less ``herd``, and the animal's own standard deviation.
    ``references``: what was learnt, in time. ``promise``: share of healthy animal-years, made anew, that the latest of
    them alerts; NaN without one.
    """

    series: Series
    panel: Panel
    settings: Settings
    references: tuple[Reference, ...]
    judged_by: Ints
    herd: Floats
    own: Floats
    low: Floats
    high: Floats
    population_low: Floats
    population_high: Floats
    frozen: Floats
    frozen_low: Floats
    frozen_high: Floats
    spread: Floats
    z: Floats
    shift: Floats
    ratio: Floats
    p: Floats
    alerted: Bools
    held: Bools
    channel: npt.NDArray[np.int8]
    effects: Effects
    promise: float

    @property
    def reference(self) -> Reference | None:
        """The latest that was learnt; None when there was too little."""
        return self.references[-1] if self.references else None

    @property
    def residual(self) -> Floats:
        """Value less what its background lets expect."""
        return self.series.value - self.herd

    @cached_property
    def new(self) -> Bools:
        """The first visit of each run of alerts."""
        before = np.roll(self.alerted, 1)
        before[self.panel.visit == 0] = False
        return self.alerted & ~before

    @cached_property
    def run_began(self) -> Ints:
        """The row with which the run of alerts began that each alerted visit is in, int64 (n,)."""
        return began_with(self.new)

    @property
    def monitored(self) -> Bools:
        """Visits that could have been alerted."""
        return (self.judged_by >= 0) & (self.panel.visit >= self.settings.learning)

    def learnt_from(self, row: int) -> int:
        """Of how many earlier visits of its animal the own band of the visit in ``row`` is: alerts are left out."""
        visits = int(self.panel.visit[row])
        return visits - int(self.held[row - visits : row].sum())

    def frame(self, animal: str) -> pd.DataFrame:
        """What was said of one animal's visits, one row each, for a chart; empty when it has none.

        Values and bands as they were measured, effects on a logarithm as factors (``Series.shown``).
        """
        rows = np.flatnonzero(self.panel.animal == _place(self.series.animals, animal))
        bands = ("herd", "own", "low", "high", "population_low", "population_high", *_FROZEN)
        shown, effects = self.series.shown, self.effects
        table: dict[str, npt.NDArray[np.generic]] = {"day": self.panel.day, "value": shown(self.series.value)}
        table |= {name: shown(getattr(self, name)) for name in bands}
        told = ("z", "shift", "ratio", "p", "alerted", "new", "held", "monitored")
        table |= {name: getattr(self, name) for name in told}
        ends = {"effect": effects.estimate, "effect_low": effects.low, "effect_high": effects.high}
        table |= {name: shown(one) for name, one in ends.items()}
        frame = pd.DataFrame({name: one[rows] for name, one in table.items()})
        frame.insert(0, "time", [self.series.clock.write(day) for day in frame["day"]])
        frame["channel"] = [CHANNELS[place] for place in self.channel[rows]]
        return frame


def _place(animals: tuple[str, ...], animal: str) -> int:
    return animals.index(animal) if animal in animals else -1


def began_with(new: Bools) -> Ints:
    """The last row, up to each of (n,), with which something began; 0 before any."""
    return np.maximum.accumulate(np.where(new, np.arange(len(new)), 0)) if len(new) else np.empty(0, dtype=np.int64)


def refits(day: Floats) -> Floats:
    """Days after which everything is learnt again, float64, ascending, for visits on ``day`` (n,).

    The day on which the visits reached 60, then a fifth more, and so on: a later visit moves none of them.
    """
    ordered = np.sort(day)
    wanted = []
    count = float(FIRST)
    while count <= len(ordered):
        wanted.append(int(count) - 1)
        count *= GROWTH
    return np.unique(ordered[wanted]) if wanted else np.empty(0)


def follow_series(
    series: Series,
    backgrounds: Backgrounds,
    settings: Settings,
    *,
    healthy: Callable[[Series, float], Bools] | None = None,
    decided: npt.NDArray[np.int8] | None = None,
    report: Callable[[float, str], None] | None = None,
) -> Followed:
    """Follow ``series`` with its ``backgrounds``. ``healthy``: of a series, which visits count as healthy by what was
    known on a day; by default all. ``decided``: int8 (n,), 0 where a person called the visit a false alarm, so that it
    belongs in the baseline, 1 where it stays out, -1 where nobody has said anything."""
    panel = series.panel()
    n = len(panel)
    ruled = np.full(n, -1, dtype=np.int8) if decided is None else decided.astype(np.int8)
    floats = ("herd", "own", "low", "high", "population_low", "population_high", *_FROZEN, "spread", "z", "shift")
    out = {name: np.full(n, np.nan) for name in (*floats, "ratio", "p")}
    parts = {name: np.full(n, np.nan) for name in _EFFECTS}
    judged_by, since = np.full(n, -1, dtype=np.int64), np.arange(n)
    alerted, held, channel = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool), np.zeros(n, dtype=np.int8)
    ends = refits(panel.day)
    references: list[Reference] = []
    learnt: tuple[Panel, Floats, Backgrounds, Bools] | None = None
    work = np.append(0, np.cumsum(np.searchsorted(np.sort(panel.day), ends, side="right") + _MADE))
    for place, until in enumerate(ends):
        if report:
            report(float(work[place] / work[-1]), f"learning {series.label} up to {series.clock.say(until)}")
        known = panel.day <= until
        well = healthy(series, until) if healthy is not None else np.ones(n, dtype=bool)
        past = (panel.only(known), series.value[known], backgrounds.only(known), well[known])
        try:
            reference = fit_reference(*past, settings, float(until))
            references.append(reference)
            learnt = past
        except ValueError:  # too few so far
            if not references:
                continue
            reference = references[-1]
        last = ends[place + 1] if place + 1 < len(ends) else np.inf
        rows = np.flatnonzero(panel.day <= last)
        judged = panel.day[rows] > until
        said = np.where(judged | (ruled[rows] >= 0), ruled[rows], held[rows].astype(np.int8)).astype(np.int8)
        found = _judge(panel.only(panel.day <= last), series, rows, backgrounds, reference, said)
        here = rows[judged]
        for name in out:
            out[name][here] = found.numbers[name][judged]
        for name in parts:
            parts[name][here] = getattr(found.effects, name)[judged]
        since[here] = rows[found.effects.since[judged]]
        alerted[here], held[here], channel[here] = (one[judged] for one in (found.alerted, found.held, found.channel))
        judged_by[here] = len(references) - 1
    return Followed(
        series=series,
        panel=panel,
        settings=settings,
        references=tuple(references),
        judged_by=judged_by,
        alerted=alerted,
        held=held,
        channel=channel,
        effects=Effects(**parts, since=since),
        promise=promise_kept(references[-1], *learnt) if learnt else float("nan"),
        **out,
    )


_EFFECTS = ("estimate", "low", "high", "probability", "severity")


@dataclass(frozen=True, eq=False)
class _Judged:
    numbers: dict[str, Floats]
    effects: Effects
    alerted: Bools
    held: Bools
    channel: npt.NDArray[np.int8]


def _judge(
    panel: Panel, series: Series, rows: Ints, backgrounds: Backgrounds, reference: Reference, said: npt.NDArray[np.int8]
) -> _Judged:
    """All visits of ``rows`` by one reference; ``said`` int8: which stay out of the baseline, -1 to be decided."""
    settings, herd = reference.settings, reference.herd
    some = backgrounds.only(rows)
    expected = reference.expected(panel, series.value[rows], some)
    residual = series.value[rows] - expected
    two = settings.method == "two-channel"
    trace = follow(
        panel,
        residual,
        herd.prior,
        memory=herd.memory,
        limits=(reference.limits[0], reference.limits[1]) if two else None,
        learning=settings.learning,
        side=settings.side,
        decided=said,
    )
    statistics = (trace.z, trace.shift) if two else channels(settings.method, panel, residual, herd)
    alerted = beyond(statistics, reference.limits, panel, settings.learning, settings.side)
    if two:
        spike, shift = (
            beyond((one,), (limit,), panel, settings.learning, settings.side)
            for one, limit in zip(statistics, reference.limits, strict=True)
        )
        channel = (spike + 2 * shift).astype(np.int8)
    else:
        shift = np.full(len(rows), settings.method in _RUNS)
        channel = np.where(alerted, np.where(shift, 2, 1), 0).astype(np.int8)
    ratio = reference.ratios(statistics)
    half = stdtrit(2 * trace.before.a, 0.975) * trace.before.scale
    low, high = reference.baseline.population(some)
    time = expected - reference.baseline.expected(some)
    own = expected + trace.before.m
    frozen = follow_frozen(
        panel, residual, herd.prior, memory=herd.memory, learning=settings.learning, decided=said
    ).before
    first, early = expected + frozen.m, stdtrit(2 * frozen.a, 0.975) * frozen.scale
    return _Judged(
        numbers={
            "herd": expected,
            "own": own,
            "low": own - half,
            "high": own + half,
            "population_low": low + time,
            "population_high": high + time,
            "frozen": first,
            "frozen_low": first - early,
            "frozen_high": first + early,
            "spread": trace.before.spread,
            "z": trace.z,
            "shift": trace.shift,
            "ratio": ratio,
            "p": reference.p_values(ratio),
        },
        # An alert of one visit is about that visit; else, and where there is none, what the last visits come to.
        effects=effects(
            panel, residual, trace, series.relevant, run=(channel != 1) & (shift | ~alerted), alerted=alerted
        ),
        alerted=alerted,
        held=trace.held,
        channel=channel,
    )
