"""The further tables of a study, scores, events and animals, brought to the names of its contract."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from explorer.errors import UserError
from explorer.study.findings import Finding
from explorer.study.importing.names import ANIMAL_NAMES, BIRTH_NAMES, TIME_NAMES, first_named
from explorer.study.importing.reading import DateOrder, Reading, place
from explorer.study.importing.source import read_table
from explorer.study.importing.texts import Texts

Stem = Literal["scores", "events", "animals"]

_NAMES: dict[Stem, dict[str, tuple[str, ...]]] = {
    "scores": {
        "animal": ANIMAL_NAMES,
        "time": TIME_NAMES,
        "task": ("task", "measure", "measurement", "trait", "item", "scale", "variable"),
        "value": ("value", "score", "result", "points", "grade"),
        "observer": ("observer", "scorer", "assessor", "vet", "rater", "person", "observed_by", "scored_by"),
    },
    "events": {
        "animal": ANIMAL_NAMES,
        "time": (*TIME_NAMES, "event_date", "event_time", "start", "start_date", "onset"),
        "kind": ("kind", "event", "event_type", "event_kind", "type", "event_name", "diagnosis"),
        "detail": ("detail", "details", "comment", "note", "notes", "remark", "remarks"),
    },
    "animals": {
        "animal": ANIMAL_NAMES,
        "birth": BIRTH_NAMES,
        "sex": ("sex", "gender"),
        "breed": ("breed", "breed_name", "strain", "race"),
        "entry": ("entry", "entry_date", "arrival", "arrival_date", "purchase_date", "start_date"),
        "exit": ("exit", "exit_date", "death_date", "date_of_death", "departure", "departure_date", "death"),
    },
}
"""The names of the contract, and by what columns they are found."""

_NEEDED: dict[Stem, tuple[str, ...]] = {
    "scores": ("animal", "time", "task", "value"),
    "events": ("animal", "time", "kind"),
    "animals": ("animal",),
}


@dataclass(frozen=True)
class SideTable:
    """A further table, its columns named as the study wants them (the others kept), and what was noticed."""

    stem: Stem
    path: Path
    table: pa.Table
    findings: tuple[Finding, ...]


def read_side_table(stem: Stem, path: str | Path, *, dates: DateOrder | None = None) -> SideTable:
    """Read scores, events or animals. Raises UserError when a needed column is not found or holds the
    wrong thing.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise UserError(f"there is no file {path}", how="Check the path")
    table, findings = read_table(path, reading=Reading(dates=dates))
    renamed: dict[str, str] = {}
    for wanted, names in _NAMES[stem].items():
        free = [name for name in table.column_names if name not in renamed]
        found = first_named(free, (wanted, *names))
        if found is not None:
            renamed[found] = wanted
            if found != wanted:
                findings.append(Finding("note", f"taken as the {wanted}", path.name, None, found))
        elif wanted in _NEEDED[stem]:
            raise UserError(
                f"there is no column for the {wanted}; its columns are: {', '.join(table.column_names[:12])}",
                where=path.name,
                how=f"Name one of them {wanted!r}",
            )
    table = table.rename_columns([renamed.get(name, name) for name in _without_clashes(table.column_names, renamed)])
    _check(stem, table, path.name, {wanted: name for name, wanted in renamed.items()})
    return SideTable(stem, path, _animals_as_text(table), tuple(findings))


def _without_clashes(names: list[str], renamed: dict[str, str]) -> list[str]:
    """Columns that keep their name but would have that of a renamed one get a mark."""
    targets = set(renamed.values())
    return [f"{name}_2" if name in targets and name not in renamed else name for name in names]


def _check(stem: Stem, table: pa.Table, file: str, original: dict[str, str]) -> None:
    for wanted in _NEEDED[stem]:
        column = table.column(wanted)
        if wanted == "animal" and column.null_count:
            row = int(pc.index(column.is_null(), True).as_py()) + 1
            raise UserError(
                "no animal is named",
                where=place(file, row, original[wanted]),
                how="Fill in or remove that row",
            )
        if wanted == "time" and (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            raise UserError(
                "does not hold dates throughout",
                where=place(file, None, original[wanted]),
                how="Write them as 2019-12-31",
            )
        if wanted == "value" and not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
            raise UserError(
                "does not hold numbers throughout",
                where=place(file, None, original[wanted]),
                how="Mend its cells",
            )
    if stem == "animals":
        texts = Texts.of(table.column("animal"))
        if (texts.counts > 1).any():
            row, value = texts.first(texts.counts > 1)
            raise UserError(
                f"{value!r} has more than one row",
                where=place(file, row, original["animal"]),
                how="Keep one row per animal",
            )


def _animals_as_text(table: pa.Table) -> pa.Table:
    """Ids as text, since one table may hold numbers where the other has letters too: 309.0 is 309."""
    return table.set_column(table.column_names.index("animal"), "animal", as_labels(table.column("animal")))


def as_labels(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Labels as text, the way a study compares them: 309.0 is 309."""
    if pa.types.is_floating(column.type):
        whole = pc.all(pc.equal(pc.floor(column), column)).as_py()
        column = column.cast(pa.int64()) if whole else column
    return column.cast(pa.string())
