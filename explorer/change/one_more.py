"""One more value of an animal, judged at once by what has been learnt, before it is anywhere in the study."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from explorer.change.digits import value_said, with_unit
from explorer.change.following import Followed
from explorer.change.known_backgrounds import backgrounds_of
from explorer.change.known_events import Noted
from explorer.change.monitor import Monitor
from explorer.change.reasons import CHECK
from explorer.errors import UserError
from explorer.study.study import Study


def one_more(
    study: Study,
    followed: Followed,
    monitor: Monitor,
    animal: str,
    value: float,
    day: float,
    *,
    covariates: Sequence[str] = (),
    noted: Noted = (),
) -> tuple[str, bool]:
    """What ``value`` of ``animal``, as it is measured, would come to on ``day``, in a sentence; and whether it would be
    an alert. ``monitor``: that of ``followed``. ``covariates``: as followed with; they are those of its last visit.

    Raises UserError for a day on or before its last visit, and as ``Monitor.judge`` does.
    """
    series = followed.series
    rows = (
        np.flatnonzero(series.animal == series.animals.index(animal)) if animal in series.animals else np.empty(0, int)
    )
    if len(rows) and day <= series.day[rows[-1]]:
        raise UserError(
            f"{series.label} of {animal} was measured on {series.clock.say(float(series.day[rows[-1]]))}",
            how="Choose a later day",
        )
    if not len(rows):
        raise UserError(f"{series.label} of {animal} was never measured", how="Choose something else")
    last = series.only(np.arange(len(series)) == rows[-1])
    visit = replace(last, day=np.array([day]))
    found = monitor.judge(animal, value, backgrounds_of(study, visit, covariates, noted))
    learning = followed.settings.learning
    own, low, high = (value_said(series, one, found.spread) for one in (found.expected, found.low, found.high))
    said = (
        f"{series.label} {with_unit(f'{value:g}', series.unit)} on {series.clock.say(day)}, expected "
        f"{with_unit(f'{own} ({low} to {high})', series.unit)}"
    )
    if found.alerted:
        return f"{said}: would be an alert ({found.channel}); {CHECK[found.channel]}.", True
    if found.n_visits <= learning:
        return f"{said}: would not be an alert, as these begin after {learning} visits.", False
    return f"{said}: would not be an alert.", False
