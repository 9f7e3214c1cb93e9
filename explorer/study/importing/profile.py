"""What a column holds, looked at once: its type, how many values, how many distinct ones."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from explorer.study.tables import is_binary

Holds = Literal["numbers", "text", "dates", "bytes", "yes or no", "nothing"]

_SAMPLE = 200


@dataclass(frozen=True)
class Profile:
    """A column seen from outside; counts are taken when asked for."""

    name: str
    column: pa.ChunkedArray = field(repr=False)

    @cached_property
    def holds(self) -> Holds:
        """What kind of values there are."""
        kind = self.column.type
        if self.column.null_count == len(self.column):
            return "nothing"
        if is_binary(kind):
            return "bytes"
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            return "dates"
        if pa.types.is_boolean(kind):
            return "yes or no"
        return "numbers" if pa.types.is_integer(kind) or pa.types.is_floating(kind) else "text"

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.column)

    @property
    def known(self) -> int:
        """Number of rows with a value."""
        return self.rows - int(self.column.null_count)

    @cached_property
    def distinct(self) -> int:
        """Number of distinct values; bytes are not compared and count as distinct."""
        return self.known if self.holds == "bytes" else int(pc.count_distinct(self.column).as_py())

    @property
    def unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.column.null_count == 0 and self.distinct == self.rows

    @cached_property
    def numbers(self) -> npt.NDArray[np.float64]:
        """The known numbers."""
        return np.asarray(self.column.drop_null().cast(pa.float64()).to_numpy(), dtype=np.float64)

    @cached_property
    def whole(self) -> bool:
        """Whether all numbers are whole."""
        if pa.types.is_integer(self.column.type):
            return True
        return bool(np.all(np.mod(self.numbers[:_SAMPLE], 1.0) == 0) and np.all(np.mod(self.numbers, 1.0) == 0))

    @property
    def fractional(self) -> bool:
        """Whether these are measured numbers: some of them not whole."""
        return self.holds == "numbers" and not self.whole

    @cached_property
    def range(self) -> tuple[float, float]:
        """Smallest and largest number."""
        return float(self.numbers.min()), float(self.numbers.max())

    @cached_property
    def has_time_of_day(self) -> bool:
        """Whether dates carry times of day, and not all the same one."""
        if self.holds != "dates":
            return False
        stamps = self.column.drop_null().to_numpy().astype("datetime64[us]")
        of_day = stamps - stamps.astype("datetime64[D]").astype("datetime64[us]")
        return bool(len(of_day) and (of_day != of_day[0]).any())

    @cached_property
    def sample(self) -> list[str]:
        """Some of the values as text."""
        return [str(value) for value in self.column.drop_null()[:_SAMPLE].to_pylist()]
