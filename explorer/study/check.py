"""Looking a study over: what is missing, what is wrong, and where."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.errors import UserError
from explorer.study import embeddings
from explorer.study.exits import final_exits
from explorer.study.findings import Finding, Severity
from explorer.study.study import TABLES, Study, open_study
from explorer.study.tables import Table
from explorer.study.times import Times, read_times

Report = Callable[[float, str], None]

EARLIEST = np.datetime64("1900-01-01")
"""A date before this is taken for a slip of the keyboard."""

OFTEN_MISSING = 0.05
"""Share of missing cells from which a column is worth a line."""


def check(study: Study, *, pictures: bool = False, report: Report | None = None) -> list[Finding]:
    """Everything noticed about a study, errors first.

    ``pictures`` also decodes every picture, which takes a while; ``report`` then hears of the progress.
    """
    steps = (
        _ids,
        _repeats,
        _times,
        _exits,
        _constant_columns,
        _missing_cells,
        _variables,
        _side_tables,
        _embeddings,
    )
    found = [finding for step in steps for finding in step(study)]
    if pictures:
        found += _pictures(study, report)
    order = {"error": 0, "warning": 1, "note": 2}
    return sorted(found, key=lambda finding: order[finding.severity])


def check_at(study: Path, *, report: Report) -> list[Finding]:
    """``check`` with every picture, by path, for a worker process."""
    return check(open_study(study), pictures=True, report=report)


def _rows(mask: npt.NDArray[np.bool_]) -> tuple[int | None, int]:
    """First row (from 1) where ``mask`` holds, and how many do."""
    where = np.flatnonzero(mask)
    return (int(where[0]) + 1, len(where)) if len(where) else (None, 0)


def _finding(
    severity: Severity, study: Study, column: str | None, mask: npt.NDArray[np.bool_], what: str, how: str
) -> Iterator[Finding]:
    row, count = _rows(mask)
    if row is not None:
        many = f" ({count:,} rows)" if count > 1 else ""
        yield Finding(severity, what + many, study.table.path.name, row, column, how, count)


def _ids(study: Study) -> Iterator[Finding]:
    name = study.spec.columns.observation
    if name is None:
        return
    ids = study.ids.to_pandas()
    yield from _finding("error", study, name, ids.isna().to_numpy(), "the observation has no id", "Give it one")
    repeated = (ids.duplicated() & ids.notna()).to_numpy()
    row, _ = _rows(repeated)
    if row is not None:
        again = f"the id {ids.iloc[row - 1]!r} is used a second time"
        yield from _finding("error", study, name, repeated, again, "Make observation ids unique")


def _repeats(study: Study) -> Iterator[Finding]:
    """The same animal at the same moment with the same values: most likely a row entered twice."""
    columns = study.spec.columns
    compared = [name for name in study.observations.columns if name != columns.observation]
    if columns.animal is None or columns.time is None or not compared:
        return
    # Most herds have no two rows of one animal at one time, so the full comparison seldom runs.
    visits = study.observations[[columns.animal, columns.time]]
    dated = visits.notna().all(axis=1).to_numpy()
    same_time = visits.duplicated(keep=False).to_numpy() & dated
    again = np.zeros(len(study), dtype=bool)
    candidates = study.observations.loc[same_time, compared]
    candidates = candidates[candidates.duplicated(keep=False)]
    if study.has_pictures and columns.image not in compared:  # bytes are not in the frame; few rows get this far
        candidates = candidates.assign(picture=[study.picture_source(row) for row in candidates.index])
    again[candidates.index[candidates.duplicated()]] = True
    yield from _finding(
        "warning", study, None, again, "the row repeats an earlier one", "Remove it, if it is one visit"
    )
    if study.has_pictures or study.feature_columns:
        return  # several pictures or replicates at one time are the rule there
    twice = visits.duplicated().to_numpy() & dated & ~again
    yield from _finding(
        "note",
        study,
        columns.time,
        twice,
        "the animal has another row at the same time",
        "Fine if it was measured twice",
    )


def _times(study: Study) -> Iterator[Finding]:
    name = study.spec.columns.time
    if name is None or study.time is None:
        return
    cells = study.table.series(name)
    unread = (pd.isna(study.time) & cells.notna().to_numpy()) if len(cells) else np.zeros(0, dtype=bool)
    row, _ = _rows(unread)
    if row is not None:
        wanted, how = _time_words(study)
        yield from _finding("error", study, name, unread, f"{str(cells.iloc[row - 1])!r} is not {wanted}", how)
    yield from _finding(
        "warning", study, name, cells.isna().to_numpy(), "the time is missing", "Fill it in if it is known"
    )
    if study.time.dtype.kind == "M":
        yield from _impossible_dates(study, name, study.time)


def _time_words(study: Study) -> tuple[str, str]:
    if unit := study.spec.columns.time_unit:
        return "a number", f"Write times as numbers of {unit}"
    return "a date that exists", "Write dates as 2024-05-31"


def _impossible_dates(study: Study, name: str, dates: Times) -> Iterator[Finding]:
    early, late = dates < EARLIEST, dates > np.datetime64("now") + np.timedelta64(1, "D")
    yield from _finding("error", study, name, early, f"the date lies before {EARLIEST}", "Mend the year")
    yield from _finding("error", study, name, late, "the date lies in the future", "Mend the year")


def _exits(study: Study) -> Iterator[Finding]:
    """Rows of an animal before its birth or entry, or after its exit or death."""
    if study.animal is None or study.time is None:
        return
    with suppress(UserError):  # a table that cannot be read is told of by _side_tables
        animals = study.animals
        codes = study.animal_codes(animals["animal"])
        for column, after in (("birth", False), ("entry", False), ("exit", True)):
            if column in animals.columns:
                limits = read_times(animals[column], unit=study.spec.columns.time_unit)
                word = f"the animal's {column} in the animals table"
                yield from _beyond(study, codes, limits, after=after, word=word)
    with suppress(UserError):
        if len(study.events):
            codes, ends = final_exits(study)
            yield from _beyond(study, codes, ends, after=True, word="its exit in the events")


def _beyond(
    study: Study,
    codes: npt.NDArray[np.int64],
    limits: Times,
    *,
    after: bool,
    word: str,
) -> Iterator[Finding]:
    limit = pd.Series(limits, index=codes)
    limit = limit[limit.index >= 0].groupby(level=0).max() if after else limit[limit.index >= 0].groupby(level=0).min()
    assert study.animal is not None and study.time is not None
    bounds = limit.reindex(study.animal.cat.codes.to_numpy()).to_numpy()
    if bounds.dtype.kind == "M":  # the day of the exit itself is fine, whatever the hour
        beyond = study.time >= bounds + np.timedelta64(1, "D") if after else study.time < bounds
    else:
        beyond = study.time > bounds if after else study.time < bounds
    side = "after" if after else "before"
    yield from _finding(
        "error",
        study,
        study.spec.columns.time,
        beyond,
        f"the observation lies {side} {word}",
        "Mend the date or the animal",
    )


def _constant_columns(study: Study) -> Iterator[Finding]:
    if len(study) < 2:
        return
    name = study.table.path.name
    for column in study.observations.columns:
        values = study.observations[column]
        if values.isna().all():
            yield Finding("note", "every cell is empty", name, None, column)
        elif values.notna().all() and (values == values.iloc[0]).all():
            yield Finding(
                "note",
                f"every row holds {str(values.iloc[0])!r}, so it tells nothing apart",
                name,
                None,
                column,
            )


def _missing_cells(study: Study) -> Iterator[Finding]:
    name = study.table.path.name
    columns = study.spec.columns
    named = {columns.animal, columns.image, *study.feature_columns} - {None}
    named |= {v.column for v in study.variables.values() if v.column and v.table == "observations"}
    animal = study.animal
    if animal is not None and columns.animal:
        blank = animal.isna().to_numpy()
        yield from _finding(
            "warning", study, columns.animal, blank, "the animal is missing", "Fill it in if it is known"
        )
    for column in sorted(str(c) for c in named if c in study.observations.columns):
        cells = study.observations[column]
        if cells.dtype.kind == "f":
            infinite = np.isinf(cells.to_numpy())
            yield from _finding(
                "warning", study, column, infinite, "an infinite number counts as missing", "Empty the cell or mend it"
            )
        gaps = cells.isna()
        share = float(gaps.mean()) if len(gaps) else 0.0
        if share < OFTEN_MISSING or share == 1.0:
            continue
        text = f"{share:.0%} of the cells are missing"
        if animal is not None and column != columns.animal:
            never = int(gaps.groupby(animal, observed=True).all().sum())
            text += f"; {never:,} of {animal.nunique():,} animals have none at all" if never else ""
        yield Finding("note", text, name, None, column)


def _variables(study: Study) -> Iterator[Finding]:
    if not study.variables:
        yield Finding(
            "note",
            "no variable is described, so the map cannot be coloured",
            "study.toml",
            None,
            None,
            "Add a [variables.NAME] table",
        )
    for name in study.variables:
        try:
            study.values(name)
        except UserError as error:
            file, column = error.where or "study.toml", error.column or name
            yield Finding("error", error.what.rstrip("."), file, error.row, column, error.how or "")


def _side_tables(study: Study) -> Iterator[Finding]:
    for stem in TABLES:
        if (table := Table.find(study.path, stem)) is None:
            continue
        try:
            frame = getattr(study, stem)
            strangers = (study.animal_codes(frame["animal"]) < 0) & frame["animal"].notna().to_numpy()
        except UserError as error:
            yield Finding("error", error.what.rstrip("."), error.where or table.path.name, None, None, error.how or "")
            continue
        yield from _unread_times(study, stem, table)
        if stem == "animals":
            yield from _repeated_animals(frame, table)
        row, count = _rows(strangers)
        if row is not None:
            some = f"{count:,} rows name animals without any observation (first: {frame['animal'].iloc[row - 1]})"
            yield Finding("note", some, table.path.name, row, "animal", "", count)


def _unread_times(study: Study, stem: str, table: Table) -> Iterator[Finding]:
    if "time" not in table.columns:
        return
    cells = table.series("time")
    unread = pd.isna(getattr(study, stem)["time"]).to_numpy() & cells.notna().to_numpy()
    row, count = _rows(unread)
    if row is not None:
        wanted, how = _time_words(study)
        what = f"{str(cells.iloc[row - 1])!r} is not {wanted}" + (f" ({count:,} rows)" if count > 1 else "")
        yield Finding("error", what, table.path.name, row, "time", how, count)


def _repeated_animals(animals: pd.DataFrame, table: Table) -> Iterator[Finding]:
    names = animals["animal"]
    row, count = _rows((names.duplicated() & names.notna()).to_numpy())
    if row is not None:
        what = f"the animal {names.iloc[row - 1]} has a row already, and only its first one is read"
        yield Finding("warning", what, table.path.name, row, "animal", "Keep one row for each animal", count)


def _embeddings(study: Study) -> Iterator[Finding]:
    for name in study.embedding_names:
        file = f"{embeddings.FOLDER}/{name}.npy" if name != embeddings.FEATURES else study.table.path.name
        try:
            embedding = study.embedding(name)
        except UserError as error:
            yield Finding("error", error.what.rstrip("."), error.where or file, None, None, error.how or "")
            continue
        for remark in embedding.remarks:
            yield Finding("note", remark.rstrip("."), file)
        row, count = _rows(~embedding.complete)
        if row is not None and name != embeddings.FEATURES:
            yield Finding(
                "warning",
                f"{count:,} of {len(study):,} observations have no vector",
                file,
                row,
                None,
                "",
                count,
            )


def _pictures(study: Study, report: Report | None) -> Iterable[Finding]:
    found: list[Finding] = []
    if not study.has_pictures:
        return found
    for row in range(len(study)):
        if report and row % 50 == 0:
            report(row / len(study), f"looking at picture {row:,} of {len(study):,}")
        try:
            if study.picture(row) is None:
                raise UserError("there is no picture")
        except UserError as error:
            column = study.spec.columns.image
            found.append(
                Finding(
                    "error",
                    error.what.rstrip("."),
                    study.table.path.name,
                    row + 1,
                    column,
                    error.how or "",
                    1,
                )
            )
    return found
