"""Dates written as text, in one form or several, without guessing between day and month."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from explorer.errors import UserError
from explorer.study.importing.reading import DateOrder, place
from explorer.study.importing.texts import Texts

Dates = npt.NDArray[np.datetime64]
Ints = npt.NDArray[np.int64]
Form = Literal["year-month-day", "day and month in numbers", "month by name", "eight digits"]

MOSTLY = 0.8
"""A column with at least this share of dates was meant as dates; the cells that are none are named."""

FIRST_YEAR, LAST_YEAR = 1800, 2200
_PIVOT = 69  # two-digit years from 69 on are of the 1900s, as POSIX has it
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = (
    r"(?P<mon>(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?))\.?"
)
_TIME = (
    r"(?:(?:[T,]|\s)\s*(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<F>\d{1,9}))?)?"
    r"\s*(?P<ap>[AaPp]\.?[Mm]\.?)?\s*(?P<tz>Z|[+-]\d{2}:?\d{2})?)?$"
)
_SHORT, _LONG = r"(?P<y>\d{4}|\d{2})", r"(?P<y>\d{4})"
_FORMS: tuple[tuple[Form, str], ...] = (
    ("year-month-day", r"^(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})" + _TIME),
    ("day and month in numbers", r"^(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.]" + _SHORT + _TIME),
    ("month by name", r"^(?P<d>\d{1,2})(?:st|nd|rd|th)?[-\s./]*" + _NAMED + r"[-\s,./]*" + _SHORT + _TIME),
    ("month by name", r"^" + _NAMED + r"[-\s./]*(?P<d>\d{1,2})(?:st|nd|rd|th)?[-\s,./]+(?P<y>\d{4})" + _TIME),
)
_EIGHT = r"^(?P<y>(?:19|20)\d{2})(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])$"
_SAMPLE = 100


@dataclass(frozen=True)
class DateColumn:
    """A column meant as dates: ``dates`` per distinct value (NaT where ``bad``), and how they were read."""

    dates: Dates
    bad: npt.NDArray[np.bool_]
    notes: tuple[str, ...]


@dataclass
class _Parts:
    """Dates found so far, per distinct value."""

    dates: Dates
    shaped: npt.NDArray[np.bool_]
    notes: list[str] = field(default_factory=list)
    forms: dict[str, int] = field(default_factory=dict)
    offsets: int = 0


def read_dates(
    texts: Texts, *, file: str, column: str, order: DateOrder | None = None, short_years: bool = True
) -> DateColumn | None:
    """The dates in ``texts``, or None when the column was not meant as dates.

    ``short_years`` allows years of two digits, which in a column not named like a date may be anything.

    Raises UserError when day and month cannot be told apart, or contradict each other; the rows are named.
    """
    forms = _FORMS if short_years else tuple((form, pattern.replace(_SHORT, _LONG)) for form, pattern in _FORMS)
    if not len(texts.values) or not _worth_trying(texts, forms):
        return None
    found = _Parts(np.full(len(texts.values), np.datetime64("NaT", "us")), np.zeros(len(texts.values), dtype=bool))
    for form, pattern in forms:
        _read_form(texts, form, pattern, found, file=file, column=column, order=order)
    bad = np.isnat(found.dates)
    if texts.rows(found.shaped) < MOSTLY * texts.known:
        return None
    if len(found.forms) > 1:
        told = ", ".join(f"{count:,} as {form}" for form, count in found.forms.items())
        found.notes.append(f"dates in several forms read: {told}")
    if 0 < found.offsets < texts.known:
        found.notes.append(f"{found.offsets:,} times carry an offset and were turned into UTC, the others have none")
    elif found.offsets:
        found.notes.append("times with an offset turned into UTC")
    return DateColumn(found.dates, bad, tuple(found.notes))


def read_eight_digits(texts: Texts) -> Dates | None:
    """Dates written 20191231, only when every distinct value is a real date; else None."""
    if not len(texts.values) or not texts.matches(_EIGHT).all():
        return None
    parts = pc.extract_regex(texts.values, _EIGHT)
    dates = _dates(_ints(parts, "y"), _ints(parts, "m"), _ints(parts, "d"))
    return None if np.isnat(dates).any() else dates


def as_timestamps(texts: Texts, dates: Dates) -> pa.Array:
    """One timestamp per row from the dates of the distinct values."""
    return pa.array(np.append(dates, np.datetime64("NaT", "us"))[texts.codes], pa.timestamp("us"), from_pandas=True)


def _worth_trying(texts: Texts, forms: tuple[tuple[Form, str], ...]) -> bool:
    sample = Texts(texts.values[:_SAMPLE], np.arange(min(_SAMPLE, len(texts.values))))
    shaped = np.zeros(len(sample.values), dtype=bool)
    for _, pattern in forms:
        shaped |= sample.matches(pattern)
    return bool(shaped.mean() >= 0.5)


def _read_form(
    texts: Texts, form: Form, pattern: str, found: _Parts, *, file: str, column: str, order: DateOrder | None
) -> None:
    parts = pc.extract_regex(texts.values, pattern)
    matched = parts.is_valid().to_numpy(zero_copy_only=False) & ~found.shaped
    if not matched.any():
        return
    where = np.flatnonzero(matched)
    own = parts.take(pa.array(where))
    years = _years(own, texts, where, found)
    if form == "day and month in numbers":
        first, second = _ints(own, "a"), _ints(own, "b")
        day_first, note = _order(texts, where, first, second, file=file, column=column, order=order)
        found.notes.append(note)
        days, months = (first, second) if day_first else (second, first)
        form_name = "day-month-year" if day_first else "month-day-year"
    else:
        months = _named_months(own) if form == "month by name" else _ints(own, "m")
        days = _ints(own, "d")
        form_name = form
    dates = _dates(years, months, days).astype("datetime64[us]") + _time_of_day(own)
    found.dates[where] = dates
    found.shaped |= matched
    found.forms[form_name] = found.forms.get(form_name, 0) + texts.rows(matched)
    found.offsets += texts.rows(matched & np.isin(np.arange(len(matched)), where[_has(own, "tz")]))


def _order(
    texts: Texts, where: Ints, first: Ints, second: Ints, *, file: str, column: str, order: DateOrder | None
) -> tuple[bool, str]:
    """Whether the day comes first, and how that is known."""
    day_first = (first > 12) & (second <= 12)
    month_first = (second > 12) & (first <= 12)
    if day_first.any() and month_first.any():
        one, other = (_earliest(texts, where[which]) for which in (day_first, month_first))
        raise UserError(
            f"{one[1]} can only be day-month-year, but {other[1]} in row {other[0]:,} only month-day-year",
            where=place(file, one[0], column),
            how="Write all dates in one form, best as 2019-12-31",
        )
    decisive = day_first if day_first.any() else month_first if month_first.any() else None
    if decisive is not None:
        row, value = _earliest(texts, where[decisive])
        found: DateOrder = "day-first" if day_first.any() else "month-first"
        if order is not None and order != found:
            raise UserError(
                f"{value} cannot be read {order}", where=place(file, row, column), how=f"Use --dates {found}"
            )
        words = "day-month-year" if found == "day-first" else "month-day-year"
        return found == "day-first", f"dates read as {words}, which {value} in row {row:,} decides"
    if order is not None:
        words = "day-month-year" if order == "day-first" else "month-day-year"
        return order == "day-first", f"dates read as {words}, as asked"
    unsure = (first != second) & (first <= 12) & (second <= 12)
    if unsure.any():
        row, value = _earliest(texts, where[unsure])
        raise UserError(
            f"{value} could have the day or the month first, and no date in this column decides it",
            where=place(file, row, column),
            how="Say which, with --dates day-first or --dates month-first",
        )
    return True, "dates read as day-month-year"


def _earliest(texts: Texts, values: Ints) -> tuple[int, str]:
    return texts.first(np.isin(np.arange(len(texts.values)), values))


def _years(parts: pa.Array, texts: Texts, where: Ints, found: _Parts) -> Ints:
    years = _ints(parts, "y")
    short = pc.utf8_length(pc.struct_field(parts, "y")).to_numpy(zero_copy_only=False) == 2
    if short.any():
        row, value = _earliest(texts, where[short])
        full: Ints = np.where(years >= _PIVOT, 1900, 2000) + years
        example = int(full[short & (where == texts.codes[row - 1])][0])
        found.notes.append(f"two-digit years completed: {value} in row {row:,} is taken to be of {example}")
        years = np.where(short, full, years)
    return years


def _dates(years: Ints, months: Ints, days: Ints) -> Dates:
    """Dates as datetime64[D]; NaT where there is no such day, or its year is out of reason."""
    month = (years - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (np.clip(months, 1, 12) - 1)
    start = month.astype("datetime64[D]")
    length = ((month + 1).astype("datetime64[D]") - start).astype(np.int64)
    real = (
        (months >= 1) & (months <= 12) & (days >= 1) & (days <= length) & (years >= FIRST_YEAR) & (years <= LAST_YEAR)
    )
    out: Dates = start + (days - 1).astype("timedelta64[D]")
    out[~real] = np.datetime64("NaT")
    return out


def _time_of_day(parts: pa.Array) -> npt.NDArray[np.timedelta64]:
    hours, minutes, seconds = _ints(parts, "H"), _ints(parts, "M"), _ints(parts, "S")
    fraction = pc.utf8_slice_codeunits(pc.utf8_rpad(pc.struct_field(parts, "F"), 6, "0"), 0, 6)
    micro = pc.cast(fraction, pa.int64()).to_numpy(zero_copy_only=False)
    half = pc.utf8_lower(pc.utf8_slice_codeunits(pc.struct_field(parts, "ap"), 0, 1))
    halves = np.asarray(half.to_numpy(zero_copy_only=False), dtype=str)
    twelve = halves != ""
    real = (minutes < 60) & (seconds < 60) & np.where(twelve, (hours >= 1) & (hours <= 12), hours < 24)
    hours = np.where(twelve, hours % 12 + np.where(halves == "p", 12, 0), hours)
    offset = np.asarray(
        pc.replace_substring(pc.struct_field(parts, "tz"), ":", "").to_numpy(zero_copy_only=False), dtype=str
    )
    minutes_off = np.array([_offset(text) for text in offset], dtype=np.int64)
    out: npt.NDArray[np.timedelta64] = (
        ((hours * 60 + minutes - minutes_off) * 60 + seconds) * 1_000_000 + micro
    ).astype("timedelta64[us]")
    out[~real] = np.timedelta64("NaT")
    return out


def _offset(text: str) -> int:
    if text in ("", "Z"):
        return 0
    return (-1 if text[0] == "-" else 1) * (int(text[1:3]) * 60 + int(text[3:5]))


def _named_months(parts: pa.Array) -> Ints:
    short = pc.utf8_slice_codeunits(pc.utf8_lower(pc.struct_field(parts, "mon")), 0, 3)
    found = pc.index_in(short, value_set=pa.array(_MONTHS, short.type))
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64) + 1


def _has(parts: pa.Array, name: str) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.not_equal(pc.struct_field(parts, name), "").to_numpy(zero_copy_only=False), dtype=bool)


def _ints(parts: pa.Array, name: str) -> Ints:
    text = pc.struct_field(parts, name)
    filled = pc.if_else(pc.equal(text, ""), pa.scalar("0", text.type), text)
    numbers = pc.fill_null(pc.cast(filled, pa.int64()), 0)
    return np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=np.int64)
