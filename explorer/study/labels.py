"""Labels between the days a score was given: the nearest score of the same animal, and rates of change.

Source: O'Mahony et al. (2021), Sensors & Transducers 252(5), section 5. Images are taken often, experts score
every few weeks; each image takes the score nearest in time, and the forward and backward gradient of that
score. The paper does not settle ties or repeats: here a tie goes to the earlier score, and scores of one
animal at the same time (several observers) count as one, their mean.

Nearest filling and forward gradients look into the future. They are for training and colouring, never for an
alert.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Ticks = npt.NDArray[np.int64] | npt.NDArray[np.float64]

_TICKS_PER_DAY = {"s": 86_400, "ms": 86_400 * 10**3, "us": 86_400 * 10**6, "ns": 86_400 * 10**9}
_COARSE_UNITS = {"Y", "M", "W", "D", "h", "m"}
_NUMBER_KINDS = {"integer", "floating", "mixed-integer-float", "integer-na", "decimal", "empty"}


@dataclass(frozen=True, eq=False)
class Filled:
    """What each of n observations took from the scores.

    values: (n,) float64, in the score's unit; NaN where nothing was taken.
    observed: (n,) bool, True where the animal was scored at exactly that time; False for filled and missing.
    age: (n,) float64, time of the observation minus time of the score taken, in days (numeric times: in their
        own unit). Positive: the score is older. Negative: the score lies in the future. NaN: nothing taken.
    source: (n,) int64, row of the score taken, -1 for none; of several at one time, the first row.
    """

    values: Floats
    observed: Bools
    age: Floats
    source: Ints


@dataclass(frozen=True, eq=False)
class Gradients:
    """Rates of change at each of m score rows, per day (numeric times: per unit of time).

    forward: (m,) float64, towards the animal's next score, which lies in the future; NaN at its last.
    backward: (m,) float64, since the animal's previous score; NaN at its first.
    """

    forward: Floats
    backward: Floats


def fill_nearest(
    animals: npt.ArrayLike,
    times: npt.ArrayLike,
    score_animals: npt.ArrayLike,
    score_times: npt.ArrayLike,
    score_values: npt.ArrayLike,
    *,
    max_gap: float | None = None,
) -> Filled:
    """Give every observation the score nearest in time of the same animal (O'Mahony et al., 2021, section 5).

    The nearest score may lie in the future of the observation: filled labels are for training and colouring,
    never for an alert. A tie goes to the earlier score; scores of one animal at one time count as their mean.
    The order of the rows does not matter, except that `source` names the first of several rows at one time.

    animals: (n,) hashable labels, missing allowed. times: (n,) datetime64 (nanoseconds or coarser, no time
    zone) or numbers (compared as float64), missing allowed. score_animals, score_times, score_values: (m,),
    likewise; the values are numbers. An observation with a missing animal or time takes nothing; a score with
    any part missing is ignored. max_gap: the largest |age| taken, inclusive, in days for datetimes and in the
    times' own unit for numbers; None for no limit.

    Raises ValueError for arrays that are not 1-d or of unequal length, for datetimes mixed with numbers, for
    infinite numbers and for a negative max_gap.
    """
    if max_gap is not None and not max_gap >= 0:
        raise ValueError(f"max_gap must be zero or more, not {max_gap}")
    names, score_names = _codes(animals=animals, score_animals=score_animals)
    (at, score_at), ticks_per_day = _clock(times=times, score_times=score_times)
    values = _numbers(score_values, "score_values")
    _same_length(animals=names, times=at)
    _same_length(score_animals=score_names, score_times=score_at, score_values=values)

    known = (names >= 0) & ~_no_time(at)
    dates = _scored_dates(score_names, score_at, values)
    n_dates = len(dates.time)
    if n_dates == 0:
        known = np.zeros(len(names), dtype=bool)
    if not known.any():
        return _nothing(len(names))

    # One sorted key for all animals: animal first, then the rank of the time among all scored times.
    ranks = np.unique(dates.time)
    stride = len(ranks) + 1
    date_keys = dates.animal * stride + np.searchsorted(ranks, dates.time, side="right")
    keys = names * stride + np.searchsorted(ranks, at, side="right")
    after = np.searchsorted(date_keys, keys, side="right")
    before = after - 1
    after_at = np.minimum(after, n_dates - 1)
    before_at = np.maximum(before, 0)
    has_before = known & (before >= 0) & (dates.animal[before_at] == names)
    has_after = known & (after < n_dates) & (dates.animal[after_at] == names)

    since = _apart(at, dates.time[before_at])
    until = _apart(dates.time[after_at], at)
    take_after = has_after & (~has_before | (until < since))
    taken = np.where(take_after, after_at, before_at)
    age = np.where(take_after, -until.astype(np.float64), since.astype(np.float64)) / ticks_per_day
    found = has_before | has_after
    if max_gap is not None:
        found &= np.abs(age) <= max_gap
    return Filled(
        values=np.where(found, dates.value[taken], np.nan),
        observed=found & (age == 0),
        age=np.where(found, age, np.nan),
        source=np.where(found, dates.first_row[taken], -1),
    )


def gradients(score_animals: npt.ArrayLike, score_times: npt.ArrayLike, score_values: npt.ArrayLike) -> Gradients:
    """Forward and backward rates of change at every score (O'Mahony et al., 2021, section 5).

    forward = (s[k+1] - s[k]) / (t[k+1] - t[k]) and backward = (s[k] - s[k-1]) / (t[k] - t[k-1]) over the
    animal's scores in order of time. The forward gradient uses the next score: it looks into the future.
    Scores of one animal at one time are averaged first and share their gradients.

    score_animals, score_times, score_values: (m,), as in `fill_nearest`. Rows with a part missing get NaN and
    are passed over. Raises ValueError as `fill_nearest` does.
    """
    (names,) = _codes(score_animals=score_animals)
    (at,), ticks_per_day = _clock(score_times=score_times)
    values = _numbers(score_values, "score_values")
    _same_length(score_animals=names, score_times=at, score_values=values)

    dates = _scored_dates(names, at, values)
    days = _apart(dates.time[1:], dates.time[:-1]).astype(np.float64) / ticks_per_day
    same_animal = dates.animal[1:] == dates.animal[:-1]
    slope = np.full(len(days), np.nan)
    np.divide(np.diff(dates.value), days, out=slope, where=same_animal)

    forward, backward = np.full(len(values), np.nan), np.full(len(values), np.nan)
    forward[dates.rows] = np.append(slope, np.nan)[dates.date_of_row]
    backward[dates.rows] = np.append(np.nan, slope)[dates.date_of_row]
    return Gradients(forward, backward)


def inherit(values: npt.ArrayLike, source: npt.ArrayLike) -> Floats:
    """Give each observation the number of the score it was filled from, such as a gradient.

    values: (m,) numbers, one per score row. source: (n,) integers, `Filled.source`. Returns (n,) float64,
    NaN where source is -1. A forward gradient inherited this way looks into the future.

    Raises ValueError when an array is not 1-d or source names a row that is not there.
    """
    numbers = _numbers(values, "values")
    rows = np.asarray(source)
    if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu"):
        raise ValueError("source must be a 1-d array of row numbers")
    rows = rows.astype(np.int64)
    if np.any((rows < -1) | (rows >= len(numbers))):
        raise ValueError(f"source names a row outside the {len(numbers)} values given")
    # The added NaN is the last entry, which is where -1 points.
    inherited: Floats = np.append(numbers, np.nan)[rows]
    return inherited


@dataclass(frozen=True, eq=False)
class _ScoredDates:
    """Each animal's scored times in order, repeats averaged, and the rows they came from."""

    animal: Ints
    time: Ticks
    value: Floats
    first_row: Ints
    rows: Ints
    date_of_row: Ints


def _scored_dates(animal: Ints, at: Ticks, values: Floats) -> _ScoredDates:
    rows = np.flatnonzero((animal >= 0) & ~_no_time(at) & ~np.isnan(values))
    # Sorting by value too makes the sum, to the last bit, independent of the order of the rows.
    rows = rows[np.lexsort((values[rows], at[rows], animal[rows]))]
    animal, at, values = animal[rows], at[rows], values[rows]
    is_new = np.ones(len(rows), dtype=bool)
    is_new[1:] = (animal[1:] != animal[:-1]) | (at[1:] != at[:-1])
    start = np.flatnonzero(is_new)
    count = np.diff(start, append=len(rows))
    mean = np.add.reduceat(values, start) / count if len(rows) else values
    # Rounding must not push the mean of equal scores off their value.
    mean = np.clip(mean, values[start], values[start + count - 1])
    return _ScoredDates(
        animal=animal[start],
        time=at[start],
        value=mean,
        first_row=np.minimum.reduceat(rows, start) if len(rows) else rows,
        rows=rows,
        date_of_row=np.cumsum(is_new) - 1,
    )


def _nothing(n: int) -> Filled:
    return Filled(
        values=np.full(n, np.nan),
        observed=np.zeros(n, dtype=bool),
        age=np.full(n, np.nan),
        source=np.full(n, -1, dtype=np.int64),
    )


def _codes(**arrays: npt.ArrayLike) -> list[Ints]:
    """Number the labels across all arrays alike: (n,) int64 each, -1 for missing."""
    series = []
    for name, array in arrays.items():
        if np.ndim(array) != 1:
            raise ValueError(f"{name} must be 1-d, not {np.ndim(array)}-d")
        series.append(pd.Series(array))
    # As objects, unless alike: integers joined with floats would lose digits of long ear tags.
    alike = len({str(one.dtype) for one in series}) == 1 and series[0].dtype != "category"
    joined = pd.concat(series if alike else [one.astype(object) for one in series], ignore_index=True)
    codes = pd.factorize(joined)[0].astype(np.int64)
    return np.split(codes, np.cumsum([len(one) for one in series])[:-1])


def _clock(**arrays: npt.ArrayLike) -> tuple[list[Ticks], int]:
    """Put times on one clock, int64 ticks or float64 numbers; and the ticks in a day, or 1 for numbers."""
    given = {name: np.asarray(array) for name, array in arrays.items()}
    for name, array in given.items():
        if array.ndim != 1:
            raise ValueError(f"{name} must be 1-d, not {array.ndim}-d")
    # An empty column has no kind of its own: a herd without scores must not fail.
    kinds = {"M" if array.dtype.kind == "M" else "number" for array in given.values() if array.size}
    if len(kinds) > 1:
        raise ValueError(f"{' and '.join(given)} must be all datetimes or all numbers, not a mixture")
    if kinds != {"M"}:
        return [_numbers(array if array.size else [], name) for name, array in given.items()], 1

    stamps = [_stamps(array if array.size else array.astype("M8[s]"), name) for name, array in given.items()]
    # The finest unit among them holds every time exactly; pandas refuses times that do not fit it.
    unit = max((one.unit for one in stamps), key=list(_TICKS_PER_DAY).index)
    return [one.as_unit(unit).asi8 for one in stamps], _TICKS_PER_DAY[unit]


def _stamps(array: npt.NDArray[np.datetime64], name: str) -> Any:
    unit = np.datetime_data(array.dtype)[0]
    if unit not in _COARSE_UNITS and unit not in _TICKS_PER_DAY:
        raise ValueError(f"{name} must be datetimes in nanoseconds or coarser, not {array.dtype}")
    return pd.DatetimeIndex(array.astype(f"M8[{unit if unit in _TICKS_PER_DAY else 's'}]"))


def _numbers(array: npt.ArrayLike, name: str) -> Floats:
    given = np.asarray(array)
    if given.ndim != 1:
        raise ValueError(f"{name} must be 1-d, not {given.ndim}-d")
    try:
        # Text that looks like a number is refused: "2020" as a time would pass for a count of days.
        if given.dtype.kind not in "iufO" or pd.api.types.infer_dtype(given) not in _NUMBER_KINDS:
            raise TypeError
        # From the array as given: pandas knows how to turn its own missing values into NaN.
        numbers = np.array(array, dtype=np.float64)
    except (TypeError, ValueError):
        wanted = "datetimes without a time zone, or numbers" if "times" in name else "numbers"
        raise ValueError(f"{name} must hold {wanted}") from None
    if np.isinf(numbers).any():
        raise ValueError(f"{name} must be finite or missing, and one is infinite")
    return numbers


def _no_time(at: Ticks) -> Bools:
    return np.isnan(at) if at.dtype == np.float64 else at == pd.NaT.value


def _apart(later: Ticks, earlier: Ticks) -> npt.NDArray[np.uint64] | Floats:
    """Time from earlier to later, never negative."""
    gap: npt.NDArray[Any] = later - earlier
    # Nanoseconds over more than 292 years wrap in int64; read as unsigned they are right again.
    return gap if gap.dtype == np.float64 else gap.view(np.uint64)


def _same_length(**arrays: npt.NDArray[Any]) -> None:
    if len({len(array) for array in arrays.values()}) > 1:
        lengths = ", ".join(f"{name} has {len(array)}" for name, array in arrays.items())
        raise ValueError(f"Arrays must be of one length: {lengths}")
