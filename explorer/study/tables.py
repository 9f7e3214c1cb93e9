"""A table on disk, read column by column when asked for."""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from explorer.errors import UserError

SUFFIXES = (".parquet", ".csv")


class Table:
    """A Parquet or CSV file of which only the columns asked for are read (CSV is read whole, once).

    ``text`` names columns of a CSV file that are never read as numbers (ids: 007 is not 7).
    Raises UserError when the file cannot be read as what its name says.
    """

    def __init__(self, path: Path, *, text: Iterable[str] = ()) -> None:
        self.path = path
        self._text = tuple(text)

    @classmethod
    def find(cls, folder: Path, stem: str, *, text: Iterable[str] = ()) -> "Table | None":
        """The table ``stem`` in ``folder``, Parquet before CSV; None when there is neither."""
        for suffix in SUFFIXES:
            path = folder / f"{stem}{suffix}"
            if path.exists():
                return cls(not_a_way_out(folder, path), text=text)
        return None

    @cached_property
    def _parquet(self) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(self.path, memory_map=True)
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from None

    @cached_property
    def _csv(self) -> pa.Table:
        options = pa_csv.ConvertOptions(
            strings_can_be_null=True, column_types={name: pa.string() for name in self._text}
        )
        try:
            return pa_csv.read_csv(self.path, convert_options=options)
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: Exception) -> UserError:
        reason = str(error).splitlines()[0][:200]
        return UserError(f"cannot be read ({reason})", where=str(self.path), how="Restore it or import it again")

    @property
    def is_parquet(self) -> bool:
        """Whether the file is Parquet (else CSV)."""
        return self.path.suffix == ".parquet"

    @cached_property
    def schema(self) -> pa.Schema:
        """Names and Arrow types of the columns."""
        return self._parquet.schema_arrow if self.is_parquet else self._csv.schema

    @cached_property
    def columns(self) -> list[str]:
        """Column names, in the file's order. Raises UserError when two columns have one name."""
        names = list(self.schema.names)
        if len(set(names)) < len(names):
            twice = next(name for place, name in enumerate(names) if name in names[:place])
            raise UserError(f"two columns are called {twice!r}", where=str(self.path), how="Rename one of them")
        return names

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self._parquet.metadata.num_rows if self.is_parquet else self._csv.num_rows)

    def arrow(self, columns: list[str]) -> pa.Table:
        """The named columns as an Arrow table. Raises UserError for a column that is not there."""
        for name in columns:
            if name not in self.columns:
                raise UserError(
                    f"there is no column {name!r}",
                    where=str(self.path),
                    how=f"Its columns are: {', '.join(self.columns[:12])}" + (" ..." if len(self.columns) > 12 else ""),
                )
        if not self.is_parquet:
            return self._csv.select(columns)
        try:
            return self._parquet.read(columns=columns, use_threads=True)
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from None

    def series(self, column: str) -> pd.Series:
        """One column as a pandas Series; text comes as a Categorical, which is small and quick."""
        values = self.arrow([column]).column(0)
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            values = values.dictionary_encode()
        if pa.types.is_boolean(values.type):
            values = values.cast(pa.string()).dictionary_encode()
        if not pa.types.is_dictionary(values.type):
            return values.to_pandas().rename(column)
        # A Categorical that was filtered before it was saved still lists values that no row has.
        return values.unify_dictionaries().to_pandas().rename(column).cat.remove_unused_categories()

    def frame(self, columns: list[str] | None = None) -> pd.DataFrame:
        """The named columns (default: all but binary and nested ones) as a DataFrame."""
        if columns is None:
            columns = [
                field.name for field in self.schema if not is_binary(field.type) and not pa.types.is_nested(field.type)
            ]
        return self.arrow(columns).to_pandas()

    def numbers(self, columns: list[str]) -> npt.NDArray[np.float64]:
        """The named columns as float64, shape (rows, len(columns)); missing is NaN.

        Raises UserError for a column that does not hold numbers.
        """
        table = self.arrow(columns)
        out = np.empty((table.num_rows, len(columns)))
        for place, name in enumerate(columns):
            try:
                out[:, place] = table.column(name).cast(pa.float64(), safe=False).to_numpy()
            except pa.ArrowException:
                raise UserError(f"column {name!r} does not hold numbers", where=str(self.path)) from None
        return out

    def binary_cell(self, column: str, row: int) -> bytes | None:
        """The bytes in one cell; a Parquet file is read only around that row."""
        if not self.is_parquet:
            raise UserError("a CSV table cannot hold pictures as bytes", where=str(self.path))
        ends = self._group_ends
        group = int(np.searchsorted(ends, row, side="right"))
        start = int(ends[group - 1]) if group else 0
        cells = self._binary_group(column, group)
        value = cells[row - start].as_py()
        return value if value is None else bytes(value)

    @cached_property
    def _group_ends(self) -> npt.NDArray[np.int64]:
        meta = self._parquet.metadata
        return np.cumsum([meta.row_group(i).num_rows for i in range(meta.num_row_groups)])

    @cached_property
    def _groups(self) -> dict[tuple[str, int], pa.ChunkedArray]:
        return {}

    def _binary_group(self, column: str, group: int) -> pa.ChunkedArray:
        # A gallery asks for many pictures of a few groups: keep the last ones, not the whole column.
        key = (column, group)
        if key not in self._groups:
            while len(self._groups) >= 8:
                self._groups.pop(next(iter(self._groups)))
            try:
                self._groups[key] = self._parquet.read_row_group(group, columns=[column]).column(0)
            except (pa.ArrowException, OSError) as error:
                raise self._unreadable(error) from None
        return self._groups[key]


def not_a_way_out(folder: Path, path: Path) -> Path:
    """``path`` when it lies in the study's ``folder``. Raises UserError when it is a link that leads elsewhere."""
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UserError(
            f"{path.name} is a link that leads out of the study",
            where=str(folder),
            how="Put the file itself into the folder",
        )
    return path


def is_binary(kind: pa.DataType) -> bool:
    """Whether an Arrow type holds bytes."""
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))
