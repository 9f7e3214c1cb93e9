"""A column of text as its distinct values: each distinct text is looked at once, however long the column."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

MISSING_WORDS = (
    "",
    "NA",
    "N/A",
    "n/a",
    "na",
    "NaN",
    "nan",
    "NAN",
    "null",
    "NULL",
    "Null",
    "None",
    "none",
    ".",
    "-",
    "?",
    "#N/A",
)
"""Cells that say nothing is known. What they were is told, since a few of them could be someone's label."""

_MAX_STRING = 2**31 - 1


@dataclass(frozen=True)
class Texts:
    """``values`` are the distinct texts (large_string, none missing), ``codes`` their places per row, -1
    for missing.
    """

    values: pa.Array
    codes: npt.NDArray[np.int64]

    @classmethod
    def of(cls, column: pa.ChunkedArray | pa.Array) -> "Texts":
        """The texts of a column as they are; null is missing."""
        column = column.cast(pa.large_string())
        if isinstance(column, pa.ChunkedArray):
            column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.large_string())
        encoded = column.dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        return cls(encoded.dictionary, codes)

    @classmethod
    def stripped(cls, column: pa.ChunkedArray | pa.Array) -> tuple["Texts", dict[str, int]]:
        """The texts without spaces around them and without missing words; also how often which word was
        met.
        """
        raw = cls.of(column)
        again = cls.of(pc.utf8_trim_whitespace(raw.values))
        codes = np.append(again.codes, -1)[raw.codes]
        missing = pc.is_in(again.values, value_set=pa.array(MISSING_WORDS, pa.large_string())).to_numpy(
            zero_copy_only=False
        )
        if not missing.any():
            return cls(again.values, codes), {}
        counts = np.bincount(codes[codes >= 0], minlength=len(missing))
        words = {str(again.values[place]): int(counts[place]) for place in np.flatnonzero(missing)}
        kept = np.cumsum(~missing) - 1
        moved = np.append(np.where(missing, -1, kept), -1)
        return cls(again.values.filter(pa.array(~missing)), moved[codes]), {
            word: n for word, n in words.items() if word
        }

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """How many rows hold each distinct value."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.values)).astype(np.int64)

    @property
    def known(self) -> int:
        """How many rows hold something."""
        return int((self.codes >= 0).sum())

    def row_of(self, value: int) -> int:
        """The first row, counted from 1, that holds the distinct value at place ``value``."""
        return int(np.argmax(self.codes == value)) + 1

    def first(self, which: npt.NDArray[np.bool_]) -> tuple[int, str]:
        """The first row, counted from 1, that holds one of the distinct values in ``which``, and the
        value.
        """
        rows = np.append(which, False)[self.codes]
        row = int(np.argmax(rows))
        return row + 1, str(self.values[int(self.codes[row])])

    def rows(self, which: npt.NDArray[np.bool_]) -> int:
        """How many rows hold one of the distinct values in ``which``."""
        return int(self.counts[which].sum())

    def matches(self, pattern: str) -> npt.NDArray[np.bool_]:
        """Which distinct values match a regular expression (RE2; anchor it to ask for the whole value)."""
        matched = pc.match_substring_regex(self.values, pattern).to_numpy(zero_copy_only=False)
        return np.asarray(matched, dtype=bool)

    def column(self) -> pa.Array:
        """Back to one text per row."""
        indices = pa.array(self.codes, mask=self.codes < 0)
        column = self.values.take(indices)
        return column.cast(pa.string()) if column.nbytes < _MAX_STRING else column
