"""Variables that follow from the further tables: what is known of each animal, its scores, its events."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from explorer.study.importing.roles import guess_roles
from explorer.study.importing.side_tables import SideTable
from explorer.study.importing.source import Source
from explorer.study.schema import Derive, StudyFile, Variable

_OF_EACH_ANIMAL = ("animal", "birth", "entry", "exit")
_MOST_EVENTS = 6


def with_side_variables(spec: StudyFile, sides: Mapping[str, SideTable]) -> StudyFile:
    """``spec`` with the variables that the tables ``sides`` (by stem) offer, where their names are free.

    Each task that was scored, with its forward and backward gradient; each column of the animals that would be a
    variable; the age, where a birth is known; the days since each kind of event, unless there are many kinds or the
    event ends or begins a stay.
    """
    found: dict[str, Variable] = {}
    if "scores" in sides:
        found |= _scored(sides["scores"].table)
    if "animals" in sides:
        found |= _of_animals(sides["animals"], dated=spec.columns.time is not None and spec.columns.time_unit is None)
    if "events" in sides:
        found |= _since_events(sides["events"].table)
    taken = set(spec.variables)
    if any(name.startswith("age") for name in taken):
        found.pop("age", None)
    new = {name: variable for name, variable in found.items() if name not in taken}
    return StudyFile(study=spec.study, columns=spec.columns, variables={**spec.variables, **new})


def _scored(table: pa.Table) -> dict[str, Variable]:
    out: dict[str, Variable] = {}
    for task in sorted(str(value) for value in pc.unique(table.column("task")).to_pylist() if value is not None):
        out[task] = Variable(score=task, kind="ordinal", role="task", source="expert")
        for direction in ("forward", "backward"):
            rule = Derive.model_validate({"from": task, "as": f"{direction}_gradient"})
            out[f"{task}_{direction}"] = Variable(
                derive=rule, kind="continuous", role="task", source="derived", unit="per day"
            )
    return out


def _of_animals(side: SideTable, *, dated: bool) -> dict[str, Variable]:
    out: dict[str, Variable] = {}
    if dated and "birth" in side.table.column_names:
        born = Derive.model_validate({"from": "birth", "as": "age"})
        out["age"] = Variable(derive=born, kind="continuous", unit="years", source="derived")
    source = Source(Path(side.path), side.path.stem, side.table, {}, None, ())
    for role in guess_roles(source):
        if role.part == "variable" and role.column not in _OF_EACH_ANIMAL:
            out[role.column] = Variable(
                column=role.column,
                table="animals",
                kind=role.kind or "nominal",
                role="background",
                unit=role.unit,
                period=role.period if role.kind == "cyclic" else None,
            )
    return out


def _since_events(table: pa.Table) -> dict[str, Variable]:
    kinds = sorted(str(value) for value in pc.unique(table.column("kind")).to_pylist() if value is not None)
    kinds = [kind for kind in kinds if not kind.lower().startswith(("exit", "entry", "death", "birth"))]
    if len(kinds) > _MOST_EVENTS:
        return {}
    out = {}
    for kind in kinds:
        since = Derive.model_validate({"from": kind, "as": "days_since"})
        out[f"days_since_{kind}"] = Variable(derive=since, kind="continuous", unit="days", source="derived")
    return out
