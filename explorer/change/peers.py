"""Other animals like one on a day: near in age at the same time of the year, by what was known then."""

import numpy as np

from explorer.change.backgrounds import YEAR
from explorer.change.known_backgrounds import AGE, backgrounds_of
from explorer.change.series import Series
from explorer.errors import UserError
from explorer.study.study import Study

FEWEST = 5
SEASON = 45.0
"""Days between the times of the year of two visits that still are the same season."""


def matched_peers(study: Study, series: Series, animal: str, day: float, *, among: int = 20) -> tuple[str, ...]:
    """The ``among`` animals nearest in age to ``animal`` on ``day``, by name, the nearest first: by their visits up to
    that day at its time of the year.

    Raises UserError when the animal has no visit up to that day, or fewer than ``FEWEST`` others match.
    """
    place = series.animals.index(animal) if animal in series.animals else -1
    own = np.flatnonzero((series.animal == place) & (series.day <= day))
    if not len(own):
        raise UserError(f"{animal!r} has no {series.name} up to {series.clock.say(day)}", how="Choose a later day")
    row = int(own[-1])
    backgrounds = backgrounds_of(study, series)
    like = (series.animal != place) & (series.day <= day)
    if backgrounds.turn is not None:
        apart = np.abs(backgrounds.turn - backgrounds.turn[row])
        like &= np.minimum(apart, 1 - apart) * YEAR <= SEASON
    age = backgrounds.curves.get(AGE)
    known = age is not None and np.isfinite(age[row])
    away = np.abs(age - age[row]) if age is not None and known else np.zeros(len(series))
    like &= np.isfinite(away)
    rows = np.flatnonzero(like)
    rows = rows[np.lexsort((-series.day[rows], away[rows], series.animal[rows]))]
    rows = rows[np.append(True, np.diff(series.animal[rows]) != 0)[: len(rows)]]
    rows = rows[np.lexsort((series.animal[rows], away[rows]))][:among]
    if len(rows) < FEWEST:
        raise UserError(
            f"only {len(rows)} animals are like {animal!r} in age at that time of the year",
            how="Compare it with another animal",
        )
    return tuple(series.animals[one] for one in series.animal[rows])
