"""The rows of a study as visits: the rows of one animal on one day."""

import numpy as np

from explorer.change.clock import Clock
from explorer.change.panel import Bools, Floats, Ints
from explorer.study.study import Study


def codes_of(study: Study) -> Ints:
    """The animal of each row, int64 (n,), -1 for none."""
    assert study.animal is not None  # clock_of has asked
    return study.animal.cat.codes.to_numpy().astype(np.int64)


def days_of(study: Study, clock: Clock) -> Floats:
    """The day of each row, float64 (n,), NaN where it has none."""
    assert study.time is not None
    return clock.days(study.time)


def visits_of(codes: Ints, days: Floats, known: Bools, as_of: float | None) -> tuple[Ints, Ints, Ints]:
    """Rows sorted by animal and day, where each visit begins among them, and how many rows it has."""
    used = known & (codes >= 0) & np.isfinite(days)
    if as_of is not None:
        used &= days <= as_of
    rows = np.flatnonzero(used)
    rows = rows[np.lexsort((rows, days[rows], codes[rows]))]
    new = np.append(True, (np.diff(codes[rows]) != 0) | (np.diff(days[rows]) != 0))[: len(rows)]
    first = np.flatnonzero(new)
    return rows, first, np.diff(first, append=len(rows))


def latest_rows(study: Study, clock: Clock, animal: Ints, day: Floats) -> Ints:
    """For each visit the animal's latest row of the table at or before that day; -1 for none."""
    codes, days = codes_of(study), days_of(study, clock)
    rows, _, _ = visits_of(codes, days, np.ones(len(codes), dtype=bool), None)
    if not len(rows):
        return np.full(len(animal), -1, dtype=np.int64)
    ranks = np.unique(days[rows])
    stride = len(ranks) + 1
    keys = codes[rows] * stride + np.searchsorted(ranks, days[rows], side="right")
    place = np.searchsorted(keys, animal * stride + np.searchsorted(ranks, day, side="right"), side="right") - 1
    found = rows[np.maximum(place, 0)]
    return np.where((place >= 0) & (codes[found] == animal), found, -1)
