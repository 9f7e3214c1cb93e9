"""The way of one animal across a map: its dates in order, one observation for each."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.study.study import Study

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class AnimalPath:
    """Where one animal was, date by date.

    ``rows`` int64 (k,): for each date the observation nearest to the middle of that date's places; ``dates`` (k,) as
    they are written. ``others``: the animal's remaining observations with a place. ``undated`` and ``unplaced`` count
    what has no time or no place.
    """

    animal: str
    rows: Rows
    dates: tuple[str, ...]
    others: Rows
    undated: int
    unplaced: int


def animal_path(study: Study, animal: str, coordinates: npt.NDArray[np.floating]) -> AnimalPath | None:
    """The path of ``animal`` over ``coordinates`` (n, dims), NaN without a place; None when the study has no such one.

    Several observations of one day stand together: captured minutes apart, they are one look at the animal.
    """
    if study.animal is None or animal not in study.animal.cat.categories:
        return None
    rows = np.flatnonzero((study.animal == animal).to_numpy())
    placed = rows[np.isfinite(coordinates[rows]).all(axis=1)]
    unplaced = len(rows) - len(placed)
    if study.time is None:
        return AnimalPath(animal, np.empty(0, dtype=np.int64), (), placed, len(placed), unplaced)
    times = study.time[placed]
    calendar = times.dtype.kind == "M"
    dated = placed[~np.isnat(times)] if calendar else placed[np.isfinite(times)]
    undated = len(placed) - len(dated)
    if not len(dated):
        return AnimalPath(animal, np.empty(0, dtype=np.int64), (), placed, undated, unplaced)
    day = study.time[dated].astype("datetime64[D]") if calendar else study.time[dated]
    days, group = np.unique(day, return_inverse=True)
    places = coordinates[dated].astype(np.float64)
    sizes = np.bincount(group)
    middle = np.stack([np.bincount(group, weights=axis) / sizes for axis in places.T], axis=1)
    away = ((places - middle[group]) ** 2).sum(axis=1)
    order = np.lexsort((dated, away, group))  # of equals the first row
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    chosen = dated[order[first]]
    return AnimalPath(animal, chosen, _written(study, days), np.setdiff1d(placed, chosen), undated, unplaced)


def _written(study: Study, days: npt.NDArray[np.generic]) -> tuple[str, ...]:
    if days.dtype.kind == "M":
        return tuple(pd.DatetimeIndex(days).strftime("%d %b %Y").str.lstrip("0"))
    unit = (study.spec.columns.time_unit or "").rstrip("s")
    return tuple(f"{unit} {value:g}".strip() for value in days)
