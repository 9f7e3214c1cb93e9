"""The events that decide on alerts: those of the study's table, and those that people noted in the app."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from explorer.change.clock import clock_of
from explorer.change.panel import Floats, Ints
from explorer.decisions.noted_events import noted_events
from explorer.study.study import Study

CALVING = "calving"
"""The kind of event that begins a lactation, whose course is known for milk and weight alike."""

Noted = tuple[tuple[str, float, str], ...]
"""Events that people noted: animal, day, kind."""


def noted_at(study: Study, unhealthy: Iterable[str] = (), decisions: int | None = None) -> Noted:
    """The calvings that people noted, and the events of kinds ``unhealthy``, as they were after event number
    ``decisions`` (default: now); no alert hangs on others. Raises UserError as ``noted_events`` does."""
    wanted, clock = {CALVING, *(kind.casefold() for kind in unhealthy)}, clock_of(study)
    dtype = np.float64 if clock.unit is not None else np.dtype("datetime64[us]")
    found = [one for one in noted_events(study, decisions)[0] if one.kind.casefold() in wanted]
    days = clock.days(np.array([one.time for one in found], dtype=dtype))
    return tuple(sorted((one.animal, float(day), one.kind) for one, day in zip(found, days, strict=True)))


def events_known(study: Study, kinds: Iterable[str], noted: Noted) -> tuple[Ints, Floats]:
    """Animals, int64 (n,), -1 for unknown ones, and days, float64 (n,), of all events of ``kinds``, however they are
    capitalised."""
    wanted = {kind.casefold() for kind in kinds}
    own = study.events[study.events["kind"].astype(str).str.casefold().isin(wanted)]
    more = [one for one in noted if one[2].casefold() in wanted]
    animals = pd.concat([own["animal"].astype(object), pd.Series([animal for animal, _, _ in more], dtype=object)])
    days = np.append(clock_of(study).days(own["time"].to_numpy()), [day for _, day, _ in more])
    return study.animal_codes(animals.astype("category")), days
