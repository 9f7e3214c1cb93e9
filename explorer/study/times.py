"""Times of observations: dates, or plain numbers with a unit."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

DAYS_PER = {"days": 1.0, "weeks": 7.0, "months": 365.25 / 12, "years": 365.25}
"""Length of a unit in days; ``visits`` are counted, not measured, and have none."""


Times = npt.NDArray[Any]
"""``datetime64[us]`` for dates, float64 for numbers; NaT or NaN where missing."""


def read_times(values: pd.Series, *, unit: str | None) -> Times:
    """Times of a column: ``datetime64[us]`` for dates, float64 in ``unit`` when a unit is given.

    Text is read as ISO 8601; what cannot be read is NaT (``check`` names those cells). Times with an offset are
    turned into UTC.
    """
    if unit is not None:
        numbers = pd.to_numeric(values.astype(object), errors="coerce").to_numpy(dtype=np.float64)
        return np.where(np.isfinite(numbers), numbers, np.nan)
    if isinstance(values.dtype, pd.CategoricalDtype):
        # Parse each distinct text once: a herd has far fewer dates than pictures.
        parsed = _parse(pd.Series(values.cat.categories.astype(object)))
        missing = np.datetime64("NaT", "us")
        return np.append(parsed, missing)[values.cat.codes.to_numpy()]
    return _parse(values)


def _parse(values: pd.Series) -> npt.NDArray[np.datetime64]:
    if pd.api.types.is_numeric_dtype(values.dtype):
        return np.full(len(values), np.datetime64("NaT", "us"))
    dates = pd.to_datetime(values, format="ISO8601", errors="coerce", utc=True)
    return dates.dt.tz_localize(None).to_numpy().astype("datetime64[us]")


def written(times: Times) -> pd.Series:
    """``times`` as a table shows them: dates where no time of day is known, else to the second or finer; numbers stay.

    Missing ones stay missing.
    """
    series = pd.Series(times)
    if series.dtype.kind != "M":
        return series
    known = series.dropna()
    if (known == known.dt.normalize()).all():
        return series.dt.strftime("%Y-%m-%d")
    whole_seconds = (known.dt.microsecond == 0).all()
    return series.dt.strftime("%Y-%m-%dT%H:%M:%S" if whole_seconds else "%Y-%m-%dT%H:%M:%S.%f")
