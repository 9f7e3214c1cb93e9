"""What one chart shows of one animal, and where it stands on the chart's axes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.change.clock import DAYS_PER_VISIT, Clock
from explorer.change.reach import within_reach
from explorer.decisions.alert_verdicts import Resolved
from explorer.study.times import DAYS_PER
from explorer.ui.plain import count

_SHOWN = ("low", "high", "population_low", "population_high")
FROZEN = ("frozen", "frozen_low", "frozen_high")


@dataclass(frozen=True, eq=False)
class Beside:
    """Who the animal is compared with: its ``name``; its visits, ``day``, ``value`` and ``said``, or a band, ``low``
    and ``high`` by ``day``.
    """

    name: str
    visits: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Course:
    """One task of one animal.

    ``visits``: a row a visit with ``day``, ``value``, ``merged``, ``expected``, ``low``, ``high`` (its own band),
    ``population_low``, ``population_high``, ``alerted``, ``new``, ``learning`` and ``reason``; in words ``said`` and
    ``usual``, its value and what was expected; ``frozen``, ``frozen_low``, ``frozen_high``: what was expected by the
    first visits alone, drawn where the course is to be ``frozen``. ``herd``: of how many
    animals the herd's band is. ``events``: ``day``, ``kind``, ``detail``. ``together``: alerts of several tasks at
    once, with ``day``, ``value``, ``reason``. ``days``: the span of the axis. ``trend``: -1, 0 or 1. ``factors``: equal
    factors are equally long on its axis. ``others``: by method what it alerts, with ``day``, ``reason`` and
    ``together``.
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
    frozen: bool = False
    others: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def unlearnt(self) -> pd.DataFrame:
        """The visits since nothing was learnt any more by the frozen baseline."""
        return self.visits[~self.visits["learning"].astype(bool)]

    @property
    def alt(self) -> str:
        """The chart in a sentence, for who cannot see it."""
        first, last = self.visits.iloc[0], self.visits.iloc[-1]
        expected = f", expected {last['usual']}" if last["usual"] else ""
        others = "".join(f"; {method}: {count(len(days), 'visit')}" for method, days in self.others.items())
        return (
            f"{self.title} over {count(len(self.visits), 'visit')} from {self.clock.say(first['day'])} to "
            f"{self.clock.say(last['day'])}: last {last['said']}{expected}; "
            f"{count(int(self.visits['alerted'].sum()), 'visit')} with an alert{others}"
        )

    def x(self, days: npt.ArrayLike) -> npt.NDArray[Any]:
        """Days as the axis has them: dates, or numbers in the study's unit."""
        return days_on_axis(self.clock, days)

    @property
    def reach(self) -> tuple[float, float]:
        """From the lowest to the highest of what is drawn, with air. Wide bands of the first visits may be cut off, and
        values that are out of all proportion stand at the edge (``drawn``)."""
        low, high = self._ends
        return (float(np.exp(low)), float(np.exp(high))) if self.factors else (low, high)

    @property
    def _ends(self) -> tuple[float, float]:
        """The ends of the axis as it is laid out."""
        own, bands = self._laid_out(self.visits["value"]), self._laid_out(self.visits[list(_SHOWN)]).ravel()
        if self.frozen:
            bands = np.append(bands, self._laid_out(self.unlearnt[list(FROZEN)]))
        values = [own[within_reach(own, bands)]]
        known = bands[np.isfinite(bands)]
        if len(known):
            values.append(np.quantile(known, [0.03, 0.97]))
        if self.beside is not None:
            other = self.beside.visits
            values += [self._laid_out(other[key]) for key in ("value", "low", "high") if key in other]
        every = np.concatenate(values)
        every = every[np.isfinite(every)]
        low, high = float(every.min()), float(every.max())
        air = 0.15 * (high - low) or max(1e-6, 0.05 * abs(high))
        return low - air, high + 1.5 * air  # the marks of events are on top

    def _laid_out(self, values: "pd.Series[float] | pd.DataFrame") -> npt.NDArray[np.float64]:
        found = values.to_numpy(dtype=np.float64)
        return np.asarray(np.log(found) if self.factors else found)

    def drawn(self, values: "pd.Series[float]") -> npt.NDArray[np.float64]:
        """Where the marks of ``values`` stand: at the edge what lies beyond it."""
        low, high = self._ends
        inside = np.clip(self._laid_out(values), low + 0.04 * (high - low), high - 0.11 * (high - low))
        return np.where(self.off(values), np.exp(inside) if self.factors else inside, values.to_numpy(dtype=np.float64))

    def off(self, values: "pd.Series[float]") -> npt.NDArray[np.bool_]:
        """Which of ``values`` lie beyond the chart."""
        low, high = self._ends
        return np.asarray((self._laid_out(values) < low) | (self._laid_out(values) > high))


def days_on_axis(clock: Clock, days: npt.ArrayLike) -> npt.NDArray[Any]:
    """Days as a chart's axis has them: dates, or numbers in the study's unit."""
    numbers = np.asarray(days, dtype=np.float64)
    if clock.unit is None:
        return np.datetime64("1970-01-01T00", "h") + np.round(24 * numbers).astype("timedelta64[h]")
    return numbers / (DAYS_PER_VISIT if clock.unit == "visits" else DAYS_PER[clock.unit])
