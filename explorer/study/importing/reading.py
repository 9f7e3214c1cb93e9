"""What the user says about how a file is to be read, where the file leaves it open."""

from dataclasses import dataclass
from typing import Literal

from explorer.errors import UserError

DateOrder = Literal["day-first", "month-first"]


@dataclass(frozen=True)
class Reading:
    """Choices of the user; None leaves each to what the file itself shows."""

    decimal: str | None = None
    delimiter: str | None = None
    dates: DateOrder | None = None

    def __post_init__(self) -> None:
        if self.decimal not in (None, ".", ","):
            raise UserError(f"the decimal mark {self.decimal!r} is not known", how="Use '.' or ','")
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise UserError(f"the delimiter {self.delimiter!r} is not one character", how="Use ',', ';', '|' or a tab")
        if self.dates not in (None, "day-first", "month-first"):
            raise UserError(f"the order of dates {self.dates!r} is not known", how="Use day-first or month-first")


def place(file: str, row: int | None = None, column: str | None = None) -> str:
    """File, row (from 1, the header not counted) and column in the words that errors use."""
    parts = [file]
    if row is not None:
        parts.append(f"row {row:,}")
    if column is not None:
        parts.append(f"column {column}")
    return ", ".join(parts)
