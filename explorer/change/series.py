"""What can be followed in an animal: a measured variable, a task dimension of an embedding, its distance from itself.

Only what was measured, when it was measured: scores count on the dates they were given, never filled to other dates,
and rates of change towards a later score are no series at all. So nothing in a series comes from the future.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.change.clock import Clock, clock_of
from explorer.change.panel import Bools, Floats, Ints, Panel, panel_of
from explorer.errors import UserError
from explorer.space.task_values import ordered_task
from explorer.study.embeddings import FEATURES
from explorer.study.study import Study

OWN_BASELINE, DIFFERENCE = "own-baseline", "difference"


@dataclass(frozen=True, eq=False)
class Series:
    """n visits of animals, sorted by animal and day; one for each day, its ``value`` the mean of ``merged`` ones.

    ``animals``: names; ``animal``: int64 (n,), places in them. ``day``: float64 (n,), see ``Clock``. ``row``: int64
    (n,), the animal's latest row in the study's table at or before that day, -1 for none. ``relevant``: the smallest
    change worth a visit, in ``unit``; None where the study does not say. ``remarks``: what was left out, counted.
    """

    name: str
    label: str
    unit: str
    relevant: float | None
    clock: Clock
    animals: tuple[str, ...]
    animal: Ints
    day: Floats
    value: Floats
    merged: Ints
    row: Ints
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.value)

    def panel(self) -> Panel:
        """The visits as a panel."""
        return panel_of(self.animal, self.day)

    def only(self, rows: Bools) -> "Series":
        """Some of the visits, bool (n,)."""
        parts = {name: getattr(self, name)[rows] for name in ("animal", "day", "value", "merged", "row")}
        return replace(self, **parts)


def followable(study: Study) -> dict[str, str]:
    """Names of all series of a study and what a person calls them: variables, task dimensions, own baselines."""
    found = {}
    for name, variable in study.variables.items():
        if variable.derive is None and variable.kind in ("continuous", "ordinal"):
            found[name] = variable.label or name
    for name in study.embedding_names:
        if name == FEATURES:
            continue
        note = study.embedding(name).note
        for task in note.task_dimensions:
            if task in note.task_scales:
                found[f"{name}:{task}"] = _seen_by(study, name, task)
        found[f"{name}:{OWN_BASELINE}"] = _away_in(name)
    return found


def _seen_by(study: Study, embedding: str, task: str) -> str:
    """What a task dimension is called: an encoder's reading must not pass for a measurement."""
    label = study.variables[task].label if task in study.variables else None
    return f"{label or task}, as {embedding} sees it"


def _away_in(embedding: str) -> str:
    return f"distance from its own earlier vectors in {embedding}"


def series_of(study: Study, name: str, *, as_of: float | None = None) -> Series:
    """The series ``name``: a variable, "EMBEDDING:TASK", "EMBEDDING:difference:TASK" (the change of the dimension
    since the visit before, per day), or "EMBEDDING:own-baseline" (distance from the mean of the animal's earlier
    visits; the first has none). ``as_of``: nothing later than this day is read.

    Raises UserError for an unknown name, for values without an order, for what looks into the future, and when there
    is nothing to follow.
    """
    clock = clock_of(study)
    if name in study.variables:
        series = _of_variable(study, name, clock, as_of)
    else:
        embedding, _, task = name.partition(":")
        if not task or embedding not in study.embedding_names:
            known = ", ".join(followable(study))
            raise UserError(f"there is nothing called {name!r} to follow", how=f"There are: {known}")
        series = _of_embedding(study, name, embedding, task, clock, as_of)
    if not len(series):
        when = "" if as_of is None else f" up to {clock.say(as_of)}"
        raise UserError(f"{name!r} has no values of known animals and times{when}", how="Choose another variable")
    return series


def _of_variable(study: Study, name: str, clock: Clock, as_of: float | None) -> Series:
    variable = study.variable(name)
    if variable.derive is not None:
        future = variable.derive.rule.endswith("_gradient")
        why = "it is filled from scores that lie in the future" if future else "it follows from dates alone"
        raise UserError(f"{name!r} cannot be followed: {why}", how=f"Follow {variable.derive.source!r} itself")
    if variable.score is None:
        values = ordered_task(study, name)
        return _series(study, name, clock, _codes(study), _days(study, clock), values, as_of)
    scores = study.scores[study.scores["task"].astype(str) == variable.score]
    values = pd.to_numeric(scores["value"].astype(object), errors="coerce").to_numpy(dtype=np.float64)
    days = clock.days(scores["time"].to_numpy())
    return _series(study, name, clock, study.animal_codes(scores["animal"]), days, values, as_of)


def _of_embedding(study: Study, name: str, embedding: str, task: str, clock: Clock, as_of: float | None) -> Series:
    found = study.embedding(embedding)
    if task == OWN_BASELINE:
        if embedding == FEATURES:
            raise UserError(
                "measured features are scaled by all of their rows, later ones too, so a distance in them "
                "would look into the future",
                how="Follow the features one by one, or an encoder's vectors",
            )
        series = _own_baseline(study, name, found.vectors, found.complete, clock, as_of)
        return replace(series, label=_away_in(embedding))
    difference, _, rest = task.partition(":")
    level = rest if difference == DIFFERENCE and rest else task
    values = found.task_values(level)
    series = _series(study, name, clock, _codes(study), _days(study, clock), values, as_of, task=level)
    series = replace(series, label=_seen_by(study, embedding, level))
    if level == task:
        return series
    panel = series.panel()
    slope = np.append(np.nan, np.diff(series.value))[: len(series)] / panel.gaps
    later = panel.visit > 0
    label, unit = f"{series.label}: change a day", f"{series.unit}/day"
    return replace(series.only(later), value=slope[later], label=label, unit=unit, relevant=None)


def _codes(study: Study) -> Ints:
    assert study.animal is not None  # clock_of has asked
    return study.animal.cat.codes.to_numpy().astype(np.int64)


def _days(study: Study, clock: Clock) -> Floats:
    assert study.time is not None
    return clock.days(study.time)


def _series(
    study: Study,
    name: str,
    clock: Clock,
    codes: Ints,
    days: Floats,
    values: Floats,
    as_of: float | None,
    *,
    task: str | None = None,
) -> Series:
    rows, first, counts = _visits(codes, days, np.isfinite(values), as_of)
    ordered = values[rows]
    mean = np.add.reduceat(ordered, first) / counts if len(rows) else ordered
    # Rounding must not push the mean of equal values off them.
    if len(rows):
        mean = np.clip(mean, np.minimum.reduceat(ordered, first), np.maximum.reduceat(ordered, first))
    return _made(study, name, clock, codes[rows][first], days[rows][first], mean, counts, task or name)


def _visits(codes: Ints, days: Floats, known: Bools, as_of: float | None) -> tuple[Ints, Ints, Ints]:
    """Rows sorted by animal and day, where each visit begins among them, and how many rows it has."""
    used = known & (codes >= 0) & np.isfinite(days)
    if as_of is not None:
        used &= days <= as_of
    rows = np.flatnonzero(used)
    rows = rows[np.lexsort((rows, days[rows], codes[rows]))]
    new = np.append(True, (np.diff(codes[rows]) != 0) | (np.diff(days[rows]) != 0))[: len(rows)]
    first = np.flatnonzero(new)
    return rows, first, np.diff(first, append=len(rows))


def _made(
    study: Study, name: str, clock: Clock, animal: Ints, day: Floats, value: Floats, merged: Ints, task: str
) -> Series:
    assert study.animal is not None
    variable = study.variables.get(task)
    days = int((merged > 1).sum())
    remarks = (f"{name}: several values on {days:,} animal-days, averaged",) if days else ()
    return Series(
        name=name,
        label=(variable.label or task) if variable else name,
        unit=(variable.unit or "") if variable else "",
        relevant=variable.relevant_change if variable else None,
        clock=clock,
        animals=tuple(str(one) for one in study.animal.cat.categories),
        animal=animal,
        day=day,
        value=value,
        merged=merged.astype(np.int64),
        row=_latest_rows(study, clock, animal, day),
        remarks=remarks,
    )


def _latest_rows(study: Study, clock: Clock, animal: Ints, day: Floats) -> Ints:
    """For each visit the animal's latest row of the table at or before that day; -1 for none."""
    codes, days = _codes(study), _days(study, clock)
    rows, _, _ = _visits(codes, days, np.ones(len(codes), dtype=bool), None)
    if not len(rows):
        return np.full(len(animal), -1, dtype=np.int64)
    ranks = np.unique(days[rows])
    stride = len(ranks) + 1
    keys = codes[rows] * stride + np.searchsorted(ranks, days[rows], side="right")
    place = np.searchsorted(keys, animal * stride + np.searchsorted(ranks, day, side="right"), side="right") - 1
    found = rows[np.maximum(place, 0)]
    return np.where((place >= 0) & (codes[found] == animal), found, -1)


def _own_baseline(
    study: Study, name: str, vectors: npt.NDArray[np.float32], complete: Bools, clock: Clock, as_of: float | None
) -> Series:
    codes, days = _codes(study), _days(study, clock)
    rows, first, counts = _visits(codes, days, complete, as_of)
    animal, day = codes[rows][first], days[rows][first]
    if not len(rows):
        return _made(study, name, clock, animal, day, np.empty(0), counts, name)
    means = np.add.reduceat(np.asarray(vectors[rows], dtype=np.float64), first, axis=0) / counts[:, None]
    panel = panel_of(animal, day)
    total = np.cumsum(means, axis=0)
    begins = np.flatnonzero(panel.visit == 0)[np.cumsum(panel.visit == 0) - 1]
    earlier = total - means - (total - means)[begins]
    away = np.linalg.norm(means - earlier / np.maximum(panel.visit, 1)[:, None], axis=1)
    later = panel.visit > 0
    return _made(study, name, clock, animal[later], day[later], away[later], counts[later], name)
