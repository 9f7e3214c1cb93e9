"""What can be followed in an animal: a variable or its logarithm, a task dimension, its distance from itself.

Only what was measured, when it was measured: scores count on the dates they were given, never filled to other dates,
and rates of change towards a later score are no series at all. So nothing in a series comes from the future.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from explorer.change.clock import Clock, clock_of
from explorer.change.panel import Bools, Floats, Ints, Panel, panel_of
from explorer.change.readings import readings_of
from explorer.change.scale import LOG2, TIMES, Scale, is_lopsided, off_scale
from explorer.change.visits import codes_of, days_of, latest_rows, visits_of
from explorer.errors import UserError
from explorer.study.embeddings import FEATURES
from explorer.study.study import Study

OWN_BASELINE, DIFFERENCE = "own-baseline", "difference"


@dataclass(frozen=True, eq=False)
class Series:
    """n visits of animals, sorted by animal and day; one for each day, its ``value`` the mean of ``merged`` ones.

    ``animals``: names; ``animal``: int64 (n,), places in them. ``day``: float64 (n,), see ``Clock``. ``row``: int64
    (n,), the animal's latest row in the study's table at or before that day, -1 for none. ``relevant``: the smallest
    change worth a visit, in ``unit``; None where the study does not say. ``remarks``: what was left out, counted.
    ``scale``: that of ``value``; ``shown`` gives what was measured, in ``unit``.
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
    scale: Scale = "own"

    def __len__(self) -> int:
        return len(self.value)

    def panel(self) -> Panel:
        """The visits as a panel."""
        return panel_of(self.animal, self.day)

    def shown(self, values: Floats) -> Floats:
        """Values on ``scale`` as people read them, in ``unit``; differences so too, on a logarithm as factors."""
        return off_scale(values, self.scale)

    @property
    def units(self) -> str:
        """The unit of what is ``shown``: of values and of changes where these are not the same."""
        return f"{self.unit} (change: {TIMES})".lstrip() if self.scale == LOG2 else self.unit

    def only(self, rows: Bools) -> "Series":
        """Some of the visits, bool (n,)."""
        parts = {name: getattr(self, name)[rows] for name in ("animal", "day", "value", "merged", "row")}
        return replace(self, **parts)


def followable(study: Study, as_of: float | None = None) -> dict[str, str]:
    """Names of all series of a study and what a person calls them; logarithms only of variables that are lopsided up to
    the day ``as_of``."""
    found, logarithms = {}, logarithms_of(study)
    for name, variable in study.variables.items():
        if variable.derive is None and variable.kind in ("continuous", "ordinal"):
            found[name] = variable.label or name
            log = f"{LOG2}:{name}"
            if log in logarithms and _is_lopsided(study, name, as_of):
                found[log] = logarithms[log]
    for name in study.embedding_names:
        if name == FEATURES:
            continue
        note = study.embedding(name).note
        for task in note.task_dimensions:
            if task in note.task_scales:
                found[f"{name}:{task}"] = _seen_by(study, name, task)
        found[f"{name}:{OWN_BASELINE}"] = _away_in(name)
    return found


def logarithms_of(study: Study) -> dict[str, str]:
    """Names of the logarithms of all continuous measured variables and what a person calls them, whether or not their
    values are above 0. None where an embedding is called as they are: such a name is then of its task dimension."""
    if LOG2 in study.embedding_names:
        return {}
    return {
        f"{LOG2}:{name}": f"{variable.label or name} (log scale)"
        for name, variable in study.variables.items()
        if variable.derive is None and variable.kind == "continuous" and f"{LOG2}:{name}" not in study.variables
    }


def _is_lopsided(study: Study, name: str, as_of: float | None) -> bool:
    try:
        return is_lopsided(readings_of(study, name).known(as_of))
    except UserError:  # it cannot be read, which is said to whoever follows it
        return False


def vectors_of(study: Study, names: Iterable[str]) -> dict[str, str]:
    """Fingerprints of the embeddings that the series ``names`` are read from, by name."""
    asked = {name.partition(":")[0] for name in names if name not in study.variables}
    return {name: study.embedding(name).fingerprint for name in sorted(asked & set(study.embedding_names))}


def _seen_by(study: Study, embedding: str, task: str) -> str:
    """What a task dimension is called: an encoder's reading must not pass for a measurement."""
    label = study.variables[task].label if task in study.variables else None
    return f"{label or task}, as {embedding} sees it"


def _away_in(embedding: str) -> str:
    return f"distance from its own earlier vectors in {embedding}"


def series_of(study: Study, name: str, *, as_of: float | None = None) -> Series:
    """The series ``name``: a variable, "log2:VARIABLE" (its logarithm; values of one day count as the mean of their
    logarithms), "EMBEDDING:TASK", "EMBEDDING:difference:TASK" (the change of the dimension since the visit before, per
    day), or "EMBEDDING:own-baseline" (distance from the mean of the animal's earlier visits; the first has none).
    ``as_of``: nothing later than this day is read.

    Raises UserError for an unknown name, for values without an order, for a logarithm of values that are not above 0,
    for what looks into the future, and when there is nothing to follow.
    """
    clock = clock_of(study)
    if name in study.variables:
        series = _of_variable(study, name, clock, as_of)
    elif name in logarithms_of(study):
        series = _of_logarithm(study, name, clock, as_of)
    else:
        embedding, _, task = name.partition(":")
        if embedding == LOG2 and embedding not in study.embedding_names and task in study.variables:
            raise UserError(
                f"{task!r} has no logarithm to follow: it is not measured on a continuous scale",
                how=f"Follow {task!r} itself",
            )
        if not task or embedding not in study.embedding_names:
            known = ", ".join(followable(study))
            raise UserError(f"there is nothing called {name!r} to follow", how=f"There are: {known}")
        series = _of_embedding(study, name, embedding, task, clock, as_of)
    if len(series):
        return series
    none = f"{name!r} has no values of known animals and times"
    if as_of is None:
        raise UserError(none, how="Choose another variable")
    first = clock.say(float(series_of(study, name).day.min()))  # raises where nothing came later either
    raise UserError(f"{none} up to {clock.say(as_of)}", how=f"Choose a later day; its first value is of {first}")


def _of_logarithm(study: Study, name: str, clock: Clock, as_of: float | None) -> Series:
    variable = name.removeprefix(f"{LOG2}:")
    series = _of_variable(study, variable, clock, as_of, called=name, scale=LOG2)
    remarks = series.remarks
    if series.relevant is not None:
        matters = f"{series.relevant:g} {series.unit}".rstrip()
        why = "is an amount and no factor, so severity counts own standard deviations"
        remarks = (*remarks, f"{name}: the change that matters, {matters}, {why}")
    return replace(series, label=logarithms_of(study)[name], relevant=None, remarks=remarks, scale=LOG2)


def _of_variable(
    study: Study, name: str, clock: Clock, as_of: float | None, *, called: str | None = None, scale: Scale = "own"
) -> Series:
    variable = study.variable(name)
    if variable.derive is not None:
        future = variable.derive.rule.endswith("_gradient")
        why = "it is filled from scores that lie in the future" if future else "it follows from dates alone"
        source = variable.derive.source
        how = f"Follow {source!r} itself" if source in followable(study) else "Follow something that was measured"
        raise UserError(f"{name!r} cannot be followed: {why}", how=how)
    return _series(study, called or name, clock, *readings_of(study, name), as_of, task=name, scale=scale)


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
    series = _series(study, name, clock, codes_of(study), days_of(study, clock), values, as_of, task=level)
    series = replace(series, label=_seen_by(study, embedding, level))
    if level == task:
        return series
    panel = series.panel()
    slope = np.append(np.nan, np.diff(series.value))[: len(series)] / panel.gaps
    later = panel.visit > 0
    label, unit = f"{series.label}: change a day", f"{series.unit}/day"
    return replace(series.only(later), value=slope[later], label=label, unit=unit, relevant=None)


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
    scale: Scale = "own",
) -> Series:
    rows, first, counts = visits_of(codes, days, np.isfinite(values), as_of)
    ordered = values[rows]
    if scale == LOG2:
        _check_above_zero(study, task or name, ordered, codes[rows], clock, days[rows])
        ordered = np.log2(ordered)
    mean = np.add.reduceat(ordered, first) / counts if len(rows) else ordered
    # Rounding must not push the mean of equal values off them.
    if len(rows):
        mean = np.clip(mean, np.minimum.reduceat(ordered, first), np.maximum.reduceat(ordered, first))
    return _made(study, name, clock, codes[rows][first], days[rows][first], mean, counts, task or name)


def _check_above_zero(study: Study, name: str, values: Floats, codes: Ints, clock: Clock, days: Floats) -> None:
    wrong = np.flatnonzero(values <= 0)
    if not len(wrong):
        return
    assert study.animal is not None  # clock_of has asked
    first = int(wrong[0])
    animal, when = str(study.animal.cat.categories[codes[first]]), clock.say(float(days[first]))
    more = f" and {len(wrong) - 1:,} more are" if len(wrong) > 1 else " is"
    raise UserError(
        f"{name!r} has no logarithm to follow: {values[first]:g} of {animal!r} on {when}{more} not above 0",
        how=f"Write what is too low to be measured as half of the least that can be, or follow {name!r} itself",
    )


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
        row=latest_rows(study, clock, animal, day),
        remarks=remarks,
    )


def _own_baseline(
    study: Study, name: str, vectors: npt.NDArray[np.float32], complete: Bools, clock: Clock, as_of: float | None
) -> Series:
    codes, days = codes_of(study), days_of(study, clock)
    rows, first, counts = visits_of(codes, days, complete, as_of)
    animal, day = codes[rows][first], days[rows][first]
    if not len(rows):
        return _made(study, name, clock, animal, day, np.empty(0), counts, name)
    means = np.add.reduceat(np.asarray(vectors[rows], dtype=np.float64), first, axis=0) / counts[:, None]
    panel = panel_of(animal, day)
    total = np.cumsum(means, axis=0)
    begins = panel.first[np.cumsum(panel.visit == 0) - 1]
    earlier = total - means - (total - means)[begins]
    away = np.linalg.norm(means - earlier / np.maximum(panel.visit, 1)[:, None], axis=1)
    later = panel.visit > 0
    return _made(study, name, clock, animal[later], day[later], away[later], counts[later], name)
