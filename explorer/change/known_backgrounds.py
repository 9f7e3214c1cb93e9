"""The backgrounds of a series' visits, as they were known at each visit."""

from collections.abc import Sequence

import numpy as np

from explorer.change.backgrounds import MOST_CATEGORIES, YEAR, Backgrounds
from explorer.change.known_events import CALVING, Noted, events_known
from explorer.change.panel import Floats
from explorer.change.series import Series
from explorer.errors import UserError
from explorer.space.task_values import numbers_of
from explorer.study.derive import days_since
from explorer.study.study import Study
from explorer.study.times import DAYS_PER, read_times

AGE = "age"
_EARLY = 0.05
"""A day: how soon the first weeks are over; what follows is slow (Wilmink, 1987, equation 1)."""


def backgrounds_of(study: Study, series: Series, covariates: Sequence[str] = (), noted: Noted = ()) -> Backgrounds:
    """Age where the study tells one, the place in the year where it has dates, days since the last calving where it has
    such events or they were ``noted``, and ``covariates`` of the study.

    A covariate is that of the animal's latest observation at or before the visit. Raises UserError for one that the
    study has not, that was filled from scores or that has too many categories.
    """
    curves, categories = {}, {}
    age = age_of(study, series)
    if age is not None:
        curves[AGE] = age
    calved = _since_calving(study, series, noted)
    if calved is not None:
        curves[f"days since {CALVING}"] = calved
        curves["early lactation"] = np.exp(-_EARLY * calved)
    for name in covariates:
        variable = study.variable(name)
        if variable.score is not None or (variable.derive and variable.derive.rule.endswith("_gradient")):
            raise UserError(
                f"{name!r} cannot be a covariate: it is filled from the nearest score, which may lie in the future",
                how="Choose background variables",
            )
        if name in series.name.split(":"):
            raise UserError(f"{name!r} cannot explain itself", how="Leave it out of the covariates")
        values = study.values(name)
        known = series.row >= 0
        if variable.kind == "continuous":
            curves[name] = np.where(known, numbers_of(values)[series.row], np.nan)
            continue
        if variable.kind == "cyclic":
            raise UserError(f"{name!r} goes round; the season is in the baseline anyway", how="Leave it out")
        texts = values.astype(object).where(values.notna(), "").map(str).to_numpy()
        if len(np.unique(texts)) > MOST_CATEGORIES:
            raise UserError(f"{name!r} has more than {MOST_CATEGORIES} categories", how="Leave it out")
        categories[name] = np.where(known, texts[series.row], "")
    turn = None if series.clock.unit is not None else (series.day / YEAR) % 1.0
    return Backgrounds(curves, turn, categories, len(series))


def age_of(study: Study, series: Series) -> Floats | None:
    """Age in years at each visit: from the birth, or the age told at the latest observation and the time since then;
    numeric times are taken as ages. None where the study tells none."""
    if series.clock.unit == "visits":
        return None
    if series.clock.unit is not None:
        return series.day / YEAR
    for name, variable in study.variables.items():
        if variable.derive is not None and variable.derive.rule == "age":
            return _since_birth(study, series, variable.derive.source, name)
    for name, variable in study.variables.items():
        if (
            name.split("_")[0] == AGE
            and variable.kind == "continuous"
            and variable.column
            and variable.unit in DAYS_PER
        ):
            return _told(study, series, study.values(name).to_numpy(dtype=np.float64) * DAYS_PER[variable.unit])
    return None


def _since_calving(study: Study, series: Series, noted: Noted) -> Floats | None:
    """Days since the animal's last calving at or before each visit, NaN where none is known; None without any."""
    codes, days = events_known(study, [CALVING], noted)
    if series.clock.unit == "visits" or not len(days):
        return None
    since = days_since(series.animal, series.day, codes, days).to_numpy()
    return since if np.isfinite(since).any() else None


def _since_birth(study: Study, series: Series, column: str, name: str) -> Floats:
    if column not in study.animals.columns:  # a column of births in the table of observations
        days = study.values(name).to_numpy(dtype=np.float64) * DAYS_PER[study.variable(name).unit or "days"]
        return _told(study, series, days)
    births = series.clock.days(read_times(study.animals[column], unit=None))
    of_animal = np.full(len(series.animals), np.nan)
    codes = study.animal_codes(study.animals["animal"])
    of_animal[codes[codes >= 0]] = births[codes >= 0]
    years: Floats = (series.day - of_animal[series.animal]) / YEAR
    return np.where(years >= 0, years, np.nan)


def _told(study: Study, series: Series, days: Floats) -> Floats:
    assert study.time is not None
    known = series.row >= 0
    since = series.day - series.clock.days(study.time)[series.row]
    return np.where(known, (days[series.row] + since) / YEAR, np.nan)
