"""From raw text columns to a typed table: names, missing words, numbers, dates."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from explorer.study.findings import Finding
from explorer.study.importing.dates import as_timestamps, read_dates, read_eight_digits
from explorer.study.importing.names import looks_like_date, looks_like_id
from explorer.study.importing.numbers import read_numbers
from explorer.study.importing.reading import Reading
from explorer.study.importing.texts import Texts


def clean_names(raw: Sequence[str], *, file: str) -> tuple[list[str], list[Finding]]:
    """Column names stripped, none empty, none twice; what was renamed is told."""
    findings: list[Finding] = []
    stripped = [" ".join(name.split()) for name in raw]
    taken = set(stripped) - {""}
    empty: list[str] = []
    seen: set[str] = set()
    names: list[str] = []
    for position, wanted in enumerate(stripped, start=1):
        name = wanted
        if not wanted:
            name = _free(f"column_{position}", taken)
            empty.append(name)
        elif wanted in seen:
            name = _free(f"{wanted}_2", taken, wanted)
            findings.append(Finding("warning", f"a second column {wanted!r} renamed {name}", file, None, name))
        taken.add(name)
        seen.add(name)
        names.append(name)
    if empty:
        named = ", ".join(empty[:6]) + (f" and {len(empty) - 6} more" if len(empty) > 6 else "")
        count = f"{len(empty)} empty header cell{'' if len(empty) == 1 else 's'}"
        findings.append(Finding("warning", f"{count} named {named}", file))
    return names, findings


def _free(name: str, taken: Iterable[str], stem: str | None = None) -> str:
    number = 2
    while name in taken:
        number += 1
        name = f"{stem or name.rstrip('0123456789').rstrip('_')}_{number}"
    return name


def typed(
    columns: Mapping[str, pa.ChunkedArray | pa.Array], *, file: str, reading: Reading
) -> tuple[pa.Table, list[Finding]]:
    """The text ``columns`` as a table of numbers, timestamps and text, and how they were read."""
    findings: list[Finding] = []
    texts: dict[str, Texts] = {}
    words: dict[str, tuple[int, str]] = {}
    for name, column in columns.items():
        texts[name], missing = Texts.stripped(column)
        for word, count in missing.items():
            total, first = words.get(word, (0, name))
            words[word] = (total + count, first)
    for word, (count, first) in words.items():
        cells = f"{count:,} cell{'' if count == 1 else 's'}"
        findings.append(Finding("note", f"{cells} holding {word!r} read as missing", file, None, first))
    numbers, told = read_numbers(texts, file=file, reading=reading)
    findings += told
    out: dict[str, pa.Array] = {}
    for name, column in texts.items():
        if name in numbers:
            out[name] = numbers[name]
            compact = read_eight_digits(column) if looks_like_date(name) or not looks_like_id(name) else None
            if compact is not None:
                out[name] = as_timestamps(column, compact)
                findings.append(Finding("note", "eight digits read as year, month and day", file, None, name))
            continue
        out[name], told = dated(column, file=file, name=name, reading=reading)
        findings = findings if not told else [*findings, *told]
    return pa.table(out), findings


def dated(texts: Texts, *, file: str, name: str, reading: Reading) -> tuple[pa.Array, list[Finding]]:
    """One text column, as timestamps when all of it is dates, and how it was read."""
    if not len(texts.values):
        return pa.nulls(len(texts.codes), pa.string()), []
    if looks_like_id(name) and not looks_like_date(name):  # 12-3-19 may be a cage
        return texts.column(), []
    found = read_dates(texts, file=file, column=name, order=reading.dates, short_years=looks_like_date(name))
    if found is None:
        return texts.column(), []
    if found.bad.any():
        return texts.column(), [no_date(texts, found.bad, file=file, name=name)]
    notes = [Finding("note", note, file, None, name) for note in found.notes]
    return as_timestamps(texts, found.dates), notes


def no_date(texts: Texts, bad: "np.typing.NDArray[np.bool_]", *, file: str, name: str) -> Finding:
    """The finding on a column of dates in which some cells are none."""
    row, value = texts.first(bad)
    count = texts.rows(bad)
    return Finding(
        "warning",
        f"{value[:40]!r} is not a date, so the whole column was kept as text",
        file,
        row,
        name,
        "Mend or empty that cell" + (f" and {count - 1:,} more like it" if count > 1 else ""),
        rows_affected=count,
    )
