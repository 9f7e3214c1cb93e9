"""From roles to the study's own description, with the variables that follow from dates."""

from collections.abc import Mapping, Sequence
from typing import get_args

import numpy as np
import pyarrow as pa

from explorer.errors import UserError
from explorer.study.importing.columns import no_date
from explorer.study.importing.dates import read_dates
from explorer.study.importing.features import feature_patterns
from explorer.study.importing.names import BIRTH_NAMES, CYCLES, first_named, normal, words
from explorer.study.importing.profile import Profile
from explorer.study.importing.reading import place
from explorer.study.importing.roles import ColumnRole, only
from explorer.study.importing.source import Source
from explorer.study.importing.texts import Texts
from explorer.study.schema import About, Columns, Derive, StudyFile, TimeUnit, Variable
from explorer.study.tables import is_binary

_SHORT_LIFE_DAYS = 3 * 365.25
"""Where the oldest is younger than this, age is told in days, else in years."""


def derived_variables(source: Source, roles: Sequence[ColumnRole]) -> dict[str, Variable]:
    """Season, hour and age, where they follow from dates and the table does not hold them already."""
    time = only(roles, "time")
    if time is None or not _holds_dates(source.table, time):
        return {}
    used = {role.column for role in roles if role.part == "variable"}
    there = {word for name in used for word in words(name)}
    out: dict[str, Variable] = {}
    if "season" not in there:
        out[_free("season", used)] = Variable(
            derive=Derive(source=time, rule="season"), kind="nominal", source="derived"
        )
    if "hour" not in there and Profile(time, source.table.column(time)).has_time_of_day:
        out[_free("hour", used)] = Variable(
            derive=Derive(source=time, rule="hour"), kind="cyclic", unit="hours", source="derived"
        )
    dates = [name for name in source.table.column_names if _holds_dates(source.table, name)]
    birth = first_named(dates, BIRTH_NAMES) or next(
        (name for name in dates if words(name) & {"birth", "dob", "born"}), None
    )
    if birth is not None and birth != time and "age" not in there:
        unit = _age_unit(source.table, time, birth)
        out[_free("age", used)] = Variable(
            derive=Derive(source=birth, rule="age"), kind="continuous", unit=unit, source="derived"
        )
    return out


def study_spec(
    source: Source,
    roles: Sequence[ColumnRole],
    *,
    name: str | None = None,
    derived: Mapping[str, Variable] | None = None,
    description: str = "",
) -> StudyFile:
    """The study's description that ``roles`` say; ``derived`` is what ``derived_variables`` proposes, or
    a part of it.

    Raises UserError when the time column does not hold times, naming the first cell that is none.
    """
    variables: dict[str, Variable] = {
        role.column: Variable(
            column=role.column,
            kind=role.kind or "nominal",
            role=role.role or "background",
            unit=role.unit,
            period=(role.period or CYCLES.get(normal(role.column))) if role.kind == "cyclic" else None,
        )
        for role in roles
        if role.part == "variable"
    }
    variables.update(derived_variables(source, roles) if derived is None else derived)
    time = only(roles, "time")
    features = [role.column for role in roles if role.part == "feature"]
    for column in features:
        if not _holds_numbers(source.table, column):
            raise UserError("is a feature, but does not hold numbers", where=place(source.path.name, None, column))
    columns = Columns(
        observation=only(roles, "observation"),
        animal=only(roles, "animal"),
        time=time,
        time_unit=None if time is None else _time_unit(source, next(role for role in roles if role.column == time)),
        image=only(roles, "image"),
        features=feature_patterns(features, source.table.column_names),
    )
    about = About(name=(name or source.name)[:200] or "study", description=description)
    return StudyFile(study=about, columns=columns, variables=variables)


def _time_unit(source: Source, role: ColumnRole) -> TimeUnit | None:
    column = role.column
    if _holds_dates(source.table, column):
        if role.unit is not None:
            raise UserError(
                f"holds dates, so it is not counted in {role.unit}",
                where=place(source.path.name, None, column),
                how="Leave out the unit of time",
            )
        return None
    if _holds_numbers(source.table, column):
        for unit in get_args(TimeUnit):
            if role.unit == unit:
                return unit
        raise UserError(
            "holds numbers, and in what they count time is not told",
            where=place(source.path.name, None, column),
            how=f"Give its unit with --time-unit: {', '.join(get_args(TimeUnit))}",
        )
    texts = Texts.of(source.table.column(column)) if not is_binary(source.table.schema.field(column).type) else None
    found = None if texts is None else read_dates(texts, file=source.path.name, column=column)
    if texts is not None and found is not None and found.bad.any():
        told = no_date(texts, found.bad, file=source.path.name, name=column)
        value = texts.first(found.bad)[1]
        raise UserError(
            f"{value[:40]!r} is not a date, and this column is the time",
            where=told.place,
            how=told.how,
        )
    raise UserError(
        "is to be the time, but holds neither dates nor numbers",
        where=place(source.path.name, None, column),
        how="Choose another column with --time, or write its dates as 2019-12-31",
    )


def _holds_dates(table: pa.Table, column: str) -> bool:
    kind = table.schema.field(column).type
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def _holds_numbers(table: pa.Table, column: str) -> bool:
    kind = table.schema.field(column).type
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _age_unit(table: pa.Table, time: str, birth: str) -> str:
    ages = table.column(time).to_numpy().astype("datetime64[D]") - table.column(birth).to_numpy().astype(
        "datetime64[D]"
    )
    ages = ages[~np.isnat(ages)]
    return "days" if len(ages) and ages.max() < np.timedelta64(int(_SHORT_LIFE_DAYS), "D") else "years"


def _free(name: str, taken: set[str]) -> str:
    return name if name not in taken else f"{name}_derived"
