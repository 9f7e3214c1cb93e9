"""On which date an observation was made: what tells one visit of an animal from the next."""

import numpy as np
import numpy.typing as npt

from explorer.study.study import Study
from explorer.study.times import DAYS_PER

_MICROSECONDS_PER_DAY = 86_400_000_000


def dates_of(study: Study) -> npt.NDArray[np.float64]:
    """The date of each observation as a number, float64 (n,); NaN where the time is unknown or the study has none.

    Dates are whole days since 1970 in UTC. Numeric times with a length (days, weeks, months, years) are whole days
    as well; visits, which are counted, are their own dates.
    """
    when = study.time
    if when is None:
        return np.full(len(study), np.nan)
    if when.dtype.kind == "M":
        days = np.floor(when.astype("datetime64[us]").astype(np.int64) / _MICROSECONDS_PER_DAY)
        return np.where(np.isnat(when), np.nan, days)
    length = DAYS_PER.get(str(study.spec.columns.time_unit))
    return np.asarray(when, dtype=np.float64) if length is None else np.floor(when * length)
