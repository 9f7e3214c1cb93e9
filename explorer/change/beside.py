"""Other animals beside one: those of about its age at its time of the year, and where their values lie."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from explorer.change.panel import Floats
from explorer.change.series import Series

BAND = (0.1, 0.9)
"""Shares of the others below the lower and the upper end of their band: eight of ten lie in it."""

FEWEST = 5
"""With fewer others on a day there is no band."""

OLDEST = 120.0
"""Days after which another animal's last value says nothing of today."""


def band_of(series: Series, names: Sequence[str], days: Floats) -> pd.DataFrame:
    """The band of the animals ``names`` on ``days`` float64 (n,), each by its latest value at or before the day.

    Returns a row a day that has a band: ``day``, ``low``, ``middle``, ``high``, and ``animals`` that it is of. A value
    older than ``OLDEST`` does not count.
    """
    known = []
    for name in names:
        if name not in series.animals:
            continue
        own = series.animal == series.animals.index(name)
        day, value = series.day[own], series.shown(series.value[own])
        place = np.searchsorted(day, days, side="right") - 1
        fresh = (place >= 0) & (days - day[np.maximum(place, 0)] <= OLDEST) if len(day) else np.zeros(len(days), bool)
        known.append(np.where(fresh, value[np.maximum(place, 0)] if len(day) else np.nan, np.nan))
    table = np.array(known).reshape(len(known), len(days))
    count = np.isfinite(table).sum(axis=0)
    there = count >= FEWEST
    low, middle, high = (
        np.nanquantile(table[:, there], [BAND[0], 0.5, BAND[1]], axis=0) if there.any() else np.empty((3, 0))
    )
    columns = {"day": days[there], "low": low, "middle": middle, "high": high, "animals": count[there]}
    return pd.DataFrame(columns)
