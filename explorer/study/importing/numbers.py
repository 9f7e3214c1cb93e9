"""Numbers written as text: decimal points and commas, thousands, leading zeros."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from explorer.errors import UserError
from explorer.study.findings import Finding
from explorer.study.importing.reading import Reading, place
from explorer.study.importing.texts import Texts

Style = Literal["whole", "point", "comma", "point, thousands", "comma, thousands"]

# An exponent without sign and decimal mark (12E3) is an ear tag: no software writes numbers so.
_PATTERNS: dict[Style, str] = {
    "whole": r"^[+-]?\d+$",
    "point": r"^[+-]?(\d+|(\d+\.\d*|\.\d+)([eE][+-]?\d+)?|\d+[eE][+-]\d+)$",
    "comma": r"^[+-]?(\d+|(\d+,\d*|,\d+)([eE][+-]?\d+)?|\d+[eE][+-]\d+)$",
    "point, thousands": r"^[+-]?(\d{1,3}|[1-9]\d{0,2}(,\d{3})+)(\.\d+)?$",
    "comma, thousands": r"^[+-]?(\d{1,3}|[1-9]\d{0,2}(\.\d{3})+)(,\d+)?$",
}
_LEADING_ZERO = r"^[+-]?0\d"
_MOSTLY = 0.9
_SAMPLE = 64


@dataclass(frozen=True)
class _Styles:
    """The ways in which every value of a column can be read as a number."""

    point: Style | None
    comma: Style | None

    @property
    def open(self) -> bool:
        """Whether the two readings give different numbers."""
        return self.point is not None and self.comma is not None and self.point != "whole"


def _styles(texts: Texts) -> _Styles:
    sample = Texts(texts.values[:_SAMPLE], np.arange(min(_SAMPLE, len(texts.values))))

    def fits(style: Style) -> bool:
        return bool(sample.matches(_PATTERNS[style]).all() and texts.matches(_PATTERNS[style]).all())

    if not len(texts.values):
        return _Styles(None, None)
    if fits("whole"):
        return _Styles("whole", "whole")
    point: Style | None = "point" if fits("point") else "point, thousands" if fits("point, thousands") else None
    comma: Style | None = "comma" if fits("comma") else "comma, thousands" if fits("comma, thousands") else None
    return _Styles(point, comma)


def read_numbers(
    columns: Mapping[str, Texts], *, file: str, reading: Reading
) -> tuple[dict[str, pa.Array], list[Finding]]:
    """Those of ``columns`` that hold nothing but numbers, as int64 or float64, and how they were read.

    The decimal mark is decided for the file: 1,234 is a thousand in one file and a little over one in
    another. A
    column that can be read both ways takes the way of the columns that cannot; raises UserError when
    there is none.
    """
    styles = {name: _styles(texts) for name, texts in columns.items()}
    sure = {"." for found in styles.values() if found.point and not found.comma} | {
        "," for found in styles.values() if found.comma and not found.point
    }
    out: dict[str, pa.Array] = {}
    findings: list[Finding] = []
    with_commas: list[str] = []
    for name, found in styles.items():
        texts = columns[name]
        style = _decide(name, found, texts, sure, file=file, reading=reading)
        if style is None:
            findings += _almost(name, texts, file=file)
            continue
        zeros = texts.matches(_LEADING_ZERO)
        if zeros.any():
            row, value = texts.first(zeros)
            findings.append(Finding("note", f"kept as text, because {value!r} begins with a zero", file, row, name))
            continue
        numbers = _parse(texts, style)
        if numbers is None:
            findings.append(
                Finding(
                    "note",
                    "kept as text, because its numbers have more digits than can be kept",
                    file,
                    None,
                    name,
                )
            )
            continue
        if "thousands" in style:
            row, value = texts.first(~texts.matches(r"^[+-]?\d+$"))
            as_read = numbers[row - 1].as_py()
            findings.append(
                Finding("warning", f"thousands separators left out: {value} read as {as_read:g}", file, row, name)
            )
        if style.startswith("comma"):
            with_commas.append(name)
        out[name] = numbers
    if with_commas:
        named = ", ".join(with_commas[:6]) + (f" and {len(with_commas) - 6} more" if len(with_commas) > 6 else "")
        findings.append(Finding("note", f"decimal commas read as decimals in {named}", file))
    return out, findings


def _decide(name: str, found: _Styles, texts: Texts, sure: set[str], *, file: str, reading: Reading) -> Style | None:
    if not found.open:
        style = found.point or found.comma
        if reading.decimal == "." and style and style.startswith("comma"):
            return None
        if reading.decimal == "," and style and style.startswith("point"):
            return None
        return style
    if reading.decimal:
        return found.point if reading.decimal == "." else found.comma
    if sure == {"."}:
        return found.point
    if sure == {","}:
        return found.comma
    if not sure and found.point == "point":
        return "point"
    row, value = texts.first(~texts.matches(_PATTERNS["whole"]))
    raise UserError(
        f"{value} could be a decimal number or one with a thousands separator",
        where=place(file, row, name),
        how="Say which mark begins the decimals, with --decimal , or --decimal .",
    )


def _parse(texts: Texts, style: Style) -> pa.Array | None:
    values = pc.replace_substring_regex(texts.values, r"^\+", "")
    if "thousands" in style:
        values = pc.replace_substring(values, "," if style.startswith("point") else ".", "")
    if style.startswith("comma"):
        values = pc.replace_substring(values, ",", ".")
    longest = pc.max(pc.utf8_length(values)).as_py() or 0
    if style == "whole":
        if longest > 18:
            return None
        numbers = pc.cast(values, pa.int64())
    else:
        numbers = pc.cast(values, pa.float64())
    return numbers.take(pa.array(texts.codes, mask=texts.codes < 0))


def _almost(name: str, texts: Texts, *, file: str) -> list[Finding]:
    """A word on columns that are all numbers but for a few cells, or numbers with their unit."""
    if not len(texts.values):
        return []
    number = texts.matches(_PATTERNS["point"]) | texts.matches(_PATTERNS["comma"])
    if not number.all() and texts.rows(number) >= _MOSTLY * texts.known:
        row, value = texts.first(~number)
        count = texts.rows(~number)
        what = f"kept as text, because {value[:40]!r} is not a number"
        return [
            Finding(
                "warning",
                what,
                file,
                row,
                name,
                "Mend or empty that cell to get numbers",
                rows_affected=count,
            )
        ]
    if texts.matches(r"^[+-]?\d+([.,]\d+)?\s*[A-Za-zµ°%][A-Za-z/%]{0,7}$").all():
        row, value = texts.first(np.ones(len(texts.values), dtype=bool))
        if texts.matches(r"[A-Za-zµ°%]$").all() and texts.matches(r"\d\s+\D+$").all():
            what = f"kept as text, because its numbers carry a unit ({value[:40]})"
            return [Finding("warning", what, file, row, name, "Put the unit into the column's name instead")]
    return []
