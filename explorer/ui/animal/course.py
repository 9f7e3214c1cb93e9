"""What one chart shows of one animal, and where it stands on the chart's axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.change.clock import DAYS_PER_VISIT, Clock
from explorer.change.digits import with_unit
from explorer.decisions.alert_verdicts import Resolved
from explorer.study.times import DAYS_PER
from explorer.ui.plain import count

_SHOWN = ("low", "high", "population_low", "population_high")


@dataclass(frozen=True, eq=False)
class Beside:
    """Who the animal is compared with: its ``name``; its visits, ``day`` and ``value``, or a band, ``low`` and ``high``
    by ``day``.
    """

    name: str
    visits: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Course:
    """One task of one animal.

    ``visits``: a row a visit with ``day``, ``value``, ``merged``, ``expected``, ``low``, ``high`` (its own band),
    ``population_low``, ``population_high``, ``alerted``, ``new``, ``learning`` and ``reason``. ``herd``: of how many
    animals the herd's band is. ``events``: ``day``, ``kind``, ``detail``. ``together``: alerts of several tasks at
    once, with ``day``, ``value``, ``reason``. ``days``: the span of the axis. ``trend``: -1, 0 or 1. ``factors``: equal
    factors are equally long on its axis.
    """

    title: str
    unit: str
    visits: pd.DataFrame
    clock: Clock
    herd: int
    days: tuple[float, float]
    events: pd.DataFrame
    together: pd.DataFrame
    resolved: Sequence[Resolved] = ()
    beside: Beside | None = None
    trend: int = 0
    factors: bool = False

    @property
    def alt(self) -> str:
        """The chart in a sentence, for who cannot see it."""
        first, last = self.visits.iloc[0], self.visits.iloc[-1]
        value = with_unit(f"{last['value']:.4g}", self.unit)
        expected = f", expected {last['expected']:.4g}" if np.isfinite(last["expected"]) else ""
        return (
            f"{self.title} over {count(len(self.visits), 'visit')} from {self.clock.say(first['day'])} to "
            f"{self.clock.say(last['day'])}: last {value}{expected}; "
            f"{count(int(self.visits['alerted'].sum()), 'visit')} with an alert"
        )

    def x(self, days: npt.ArrayLike) -> npt.NDArray[Any]:
        """Days as the axis has them: dates, or numbers in the study's unit."""
        return days_on_axis(self.clock, days)

    @property
    def reach(self) -> tuple[float, float]:
        """From the lowest to the highest of what is drawn, with air. Wide bands of the first visits may be cut off."""
        values = [self.visits["value"].to_numpy(dtype=np.float64)]
        bands = self.visits[list(_SHOWN)].to_numpy(dtype=np.float64)
        known = bands[np.isfinite(bands)]
        if len(known):
            values.append(np.quantile(known, [0.03, 0.97]))
        if self.beside is not None:
            other = self.beside.visits
            values += [other[key].to_numpy(dtype=np.float64) for key in ("value", "low", "high") if key in other]
        every = np.concatenate(values)
        every = every[np.isfinite(every)]
        if self.factors:
            every = np.log(every)
        low, high = float(every.min()), float(every.max())
        air = 0.15 * (high - low) or max(1e-6, 0.05 * abs(high))
        low, high = low - air, high + 1.5 * air  # the marks of events are on top
        return (float(np.exp(low)), float(np.exp(high))) if self.factors else (low, high)


def days_on_axis(clock: Clock, days: npt.ArrayLike) -> npt.NDArray[Any]:
    """Days as a chart's axis has them: dates, or numbers in the study's unit."""
    numbers = np.asarray(days, dtype=np.float64)
    if clock.unit is None:
        return np.datetime64("1970-01-01T00", "h") + np.round(24 * numbers).astype("timedelta64[h]")
    return numbers / (DAYS_PER_VISIT if clock.unit == "visits" else DAYS_PER[clock.unit])
