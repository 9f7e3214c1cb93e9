"""Times of a study as days, and days as a person writes them."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from explorer.change.backgrounds import YEAR
from explorer.change.panel import Floats
from explorer.errors import UserError
from explorer.study.schema import TimeUnit
from explorer.study.study import Study
from explorer.study.times import DAYS_PER, Times

DAYS_PER_VISIT = YEAR / 12
"""A count of visits has no length; a visit stands for a month, so that a year is twelve of them."""

_SAID: dict[TimeUnit, int] = {"years": 3}
"""Decimals of a number of the unit in a sentence, 2 where nothing is said: a day or less."""

_EPOCH = np.datetime64("1970-01-01", "us")


@dataclass(frozen=True)
class Clock:
    """``unit`` of numeric times; None for dates. Days count from 1970, or from the zero of the numbers."""

    unit: TimeUnit | None

    def days(self, times: Times) -> Floats:
        """Whole days, float64 (n,), NaN where missing; a part of a day belongs to its day."""
        if self.unit is None:
            days = (times.astype("datetime64[us]") - _EPOCH) / np.timedelta64(1, "D")
            return np.floor(days)
        if self.unit == "visits":
            return np.asarray(times, dtype=np.float64) * DAYS_PER_VISIT
        return np.floor(np.round(np.asarray(times, dtype=np.float64) * DAYS_PER[self.unit], 6))

    def write(self, day: float) -> str:
        """``day`` as a table writes it: an ISO date, or a number in the study's unit."""
        if self.unit is None:
            return str(np.datetime64("1970-01-01") + int(day))
        return f"{day / (DAYS_PER_VISIT if self.unit == 'visits' else DAYS_PER[self.unit]):.6g}"

    def say(self, day: float) -> str:
        """``day`` as a sentence says it: "3 May 2024", "day 412"."""
        if self.unit is None:
            told = pd.Timestamp(self.write(day))
            return f"{told.day} {told:%b %Y}"
        return f"{self.unit.removesuffix('s')} {round(float(self.write(day)), _SAID.get(self.unit, 2)):g}"

    def read(self, text: str) -> float:
        """The day that ``text`` names: an ISO date, since others are read either way round, or a number in the study's
        unit. Raises UserError when it names none."""
        try:
            if self.unit is None:
                found = float((date.fromisoformat(text) - date(1970, 1, 1)).days)
            else:
                found = float(self.days(np.array([float(text)]))[0])
            if np.isfinite(found):
                return found
        except (ValueError, TypeError, OverflowError):
            pass
        wanted = "a date such as 2024-05-31" if self.unit is None else f"a number of {self.unit}"
        raise UserError(f"{text!r} is no time of this study", how=f"Give {wanted}")


def clock_of(study: Study) -> Clock:
    """The clock of a study. Raises UserError when it tells no times or no animals."""
    if study.time is None or study.animal is None:
        missing = "time" if study.time is None else "animal"
        raise UserError(
            f"{study.name} does not say {'when' if missing == 'time' else 'of which animal'} its observations are",
            where=str(study.path / "study.toml"),
            how=f"Name the column under [columns] as {missing} = ...",
        )
    return Clock(study.spec.columns.time_unit)
