"""What was noticed about a study's data, each with its place and remedy."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """One thing noticed: in which file, on which row and column, and how to mend it.

    ``row`` counts data rows from 1 (the header is not a row). ``rows_affected`` counts every row with the same
    trouble, of which ``row`` is the first.
    """

    severity: Severity
    what: str
    file: str
    row: int | None = None
    column: str | None = None
    how: str = ""
    rows_affected: int = 0

    @property
    def place(self) -> str:
        """File, row and column in words."""
        parts = [self.file]
        if self.row is not None:
            parts.append(f"row {self.row:,}")
        if self.column is not None:
            parts.append(f"column {self.column}")
        return ", ".join(parts)

    def __str__(self) -> str:
        return f"{self.place}: {self.what}." + (f" {self.how}." if self.how else "")
