"""Variables that follow from a date: season, month, hour, age, days since an event."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.study.times import DAYS_PER, Times

Dates = npt.NDArray[Any]  # datetime64[us]

SEASONS = ("winter", "spring", "summer", "autumn")
"""In the order of the calendar year; winter is December to February in the north (meteorological seasons)."""

_DAY = np.timedelta64(1, "D")


def season(dates: Dates, *, hemisphere: str = "north") -> pd.Series:
    """Meteorological season of each date, an ordered-by-calendar Categorical; a missing date gives missing."""
    missing = np.isnat(dates)
    month = dates.astype("datetime64[M]").astype(np.int64) % 12
    quarter = ((month + 1) // 3 + (2 if hemisphere == "south" else 0)) % 4
    codes = np.where(missing, -1, quarter)
    return pd.Series(pd.Categorical.from_codes(codes, categories=list(SEASONS)))


def month_of_year(dates: Dates) -> pd.Series:
    """Place in the year in months, 0 (start of January) up to 12, cyclic with period 12; float64."""
    start = dates.astype("datetime64[Y]")
    length = (start + 1).astype("datetime64[D]") - start.astype("datetime64[D]")
    share = (dates - start.astype(dates.dtype)) / _DAY / (length / _DAY)
    return pd.Series(share * 12.0)


def hour_of_day(dates: Dates) -> pd.Series:
    """Hour of the day with its fraction, 0 up to 24, cyclic with period 24; float64."""
    return pd.Series((dates - dates.astype("datetime64[D]").astype(dates.dtype)) / np.timedelta64(1, "h"))


def age(dates: Dates, births: Dates, *, unit: str) -> pd.Series:
    """Age at each date in ``unit`` (days, weeks, months or years); before birth it is missing."""
    days = (dates - births) / _DAY
    return pd.Series(np.where(days >= 0, days, np.nan) / DAYS_PER[unit])


def days_since(
    animals: npt.NDArray[np.int64],
    times: Times,
    event_animals: npt.NDArray[np.int64],
    event_times: Times,
) -> pd.Series:
    """Time since the animal's last event at or before each observation, in days (or the time's own unit).

    ``animals`` and ``event_animals`` are codes, -1 for unknown. Where the animal had no such event yet, missing.
    """
    left = pd.DataFrame({"animal": animals, "time": times, "row": np.arange(len(times))})
    right = pd.DataFrame({"animal": event_animals, "time": event_times})
    left = left[(left["animal"] >= 0) & left["time"].notna()].sort_values("time", kind="stable")
    right = right[(right["animal"] >= 0) & right["time"].notna()].sort_values("time", kind="stable")
    right["event"] = right["time"]
    joined = pd.merge_asof(left, right, on="time", by="animal", direction="backward")
    gap = joined["time"] - joined["event"]
    out = np.full(len(times), np.nan)
    out[joined["row"].to_numpy()] = gap / pd.Timedelta(days=1) if gap.dtype.kind == "m" else gap
    return pd.Series(out)
