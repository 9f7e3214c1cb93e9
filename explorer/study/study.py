"""A study, opened: typed, lazily read."""

import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from explorer.errors import UserError
from explorer.places import user_cache
from explorer.study import derive, embeddings
from explorer.study.embeddings import FEATURES, Embedding
from explorer.study.fingerprint import FileHashes, hash_ids, hash_json
from explorer.study.labels import Filled, fill_nearest, gradients, inherit
from explorer.study.pictures import decode, inside
from explorer.study.schema import StudyFile, Variable, read_study_file
from explorer.study.tables import Table, is_binary
from explorer.study.times import DAYS_PER, Times, read_times
from explorer.study.values import animal_names, typed

TABLES: dict[str, tuple[str, ...]] = {
    "scores": ("animal", "time", "task", "value"),
    "events": ("animal", "time", "kind"),
    "animals": ("animal",),
}
"""The optional tables of a study and the columns that each must have."""


@dataclass(frozen=True)
class Study:
    """A folder of observations with what is known of them. Made by ``open_study``; nothing is read before it is needed.

    Arrays have one entry per observation, in the table's order.
    """

    path: Path
    spec: StudyFile
    table: Table

    @property
    def name(self) -> str:
        """The study's name, as its makers wrote it."""
        return self.spec.study.name

    @property
    def variables(self) -> dict[str, Variable]:
        """Background variables and tasks, by name."""
        return self.spec.variables

    @property
    def tasks(self) -> dict[str, Variable]:
        """The variables whose role is task."""
        return {name: variable for name, variable in self.variables.items() if variable.role == "task"}

    def __len__(self) -> int:
        return self.table.rows

    # --- identity and time -------------------------------------------------------------------------------

    @cached_property
    def ids(self) -> pa.Array:
        """Observation ids as an Arrow large_string array; ``row-1``, ``row-2``, ... when the table has none."""
        name = self.spec.columns.observation
        if name is None:
            numbers = pc.cast(pa.array(np.arange(1, len(self) + 1)), pa.large_string())
            return pc.binary_join_element_wise(
                pa.scalar("row", pa.large_string()), numbers, pa.scalar("-", pa.large_string())
            )
        column = self.table.arrow([name]).column(0)
        return (
            pa.concat_arrays(column.cast(pa.large_string()).chunks)
            if column.num_chunks
            else pa.array([], pa.large_string())
        )

    @cached_property
    def ids_hash(self) -> str:
        """Hash of the ordered ids; an embedding that carries another one is refused."""
        return hash_ids(self.ids)

    @cached_property
    def animal(self) -> pd.Series | None:
        """Which animal each observation is of, as a Categorical of text; None when the study does not say."""
        name = self.spec.columns.animal
        return None if name is None else animal_names(self.table.series(name))

    @cached_property
    def time(self) -> Times | None:
        """When: ``datetime64[us]``, or float64 in ``columns.time_unit``; None when the study does not say."""
        columns = self.spec.columns
        return None if columns.time is None else read_times(self.table.series(columns.time), unit=columns.time_unit)

    # --- tables ------------------------------------------------------------------------------------------

    @cached_property
    def observations(self) -> pd.DataFrame:
        """The observations table without its pictures and nested columns."""
        return self.table.frame()

    def side_table(self, stem: Literal["scores", "events", "animals"]) -> Table | None:
        """One of the optional tables; None when the study has none. Raises UserError when a column is missing."""
        table = Table.find(self.path, stem, text=["animal"])
        for column in TABLES[stem] if table else ():
            if table and column not in table.columns:
                raise UserError(f"there is no column {column!r}", where=str(table.path), how="Add it")
        return table

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Expert scores on their own dates: animal, time, task, value and, if told, observer."""
        return self._side_frame("scores")

    @cached_property
    def events(self) -> pd.DataFrame:
        """Events: animal, time, kind and, if told, detail."""
        return self._side_frame("events")

    @cached_property
    def animals(self) -> pd.DataFrame:
        """One row per animal: animal and, if told, birth, sex, breed, entry, exit."""
        return self._side_frame("animals")

    def _side_frame(self, stem: Literal["scores", "events", "animals"]) -> pd.DataFrame:
        table = self.side_table(stem)
        if table is None:
            frame = pd.DataFrame({column: pd.Series(dtype=object) for column in TABLES[stem]})
        else:
            frame = pd.DataFrame({name: table.series(name) for name in table.columns})
        frame["animal"] = animal_names(frame["animal"])
        if "time" in frame:
            frame["time"] = read_times(frame["time"], unit=self.spec.columns.time_unit)
        return frame

    def _file(self, stem: str) -> str:
        table = Table.find(self.path, stem)
        return table.path.name if table else f"{stem}.parquet"

    def animal_codes(self, animals: pd.Series) -> npt.NDArray[np.int64]:
        """Codes of ``animals`` (of a side table) in this study's own animal categories; -1 for unknown."""
        if self.animal is None:
            raise UserError(
                "the study does not say which animal is which",
                where=str(self.path / "study.toml"),
                how="Name the column under [columns] as animal = ...",
            )
        own = self.animal.cat.categories
        position = own.get_indexer(animals.cat.categories.astype(str))
        return np.append(position, -1)[animals.cat.codes.to_numpy()].astype(np.int64)

    # --- variables ---------------------------------------------------------------------------------------

    def values(self, name: str) -> pd.Series:
        """Values of a variable, one per observation.

        Continuous, cyclic and numeric ordinal variables are float64 with NaN where missing; nominal ones and
        ordinal ones of text are Categorical (ordered for ordinal), missing where unknown. An infinite number
        counts as missing. Raises UserError for an unknown variable or a column that does not hold what the study
        says.
        """
        cache = self._values
        if name not in cache:
            variable = self.variable(name)
            file = self._file("animals") if variable.table == "animals" else self.table.path.name
            cache[name] = typed(self._raw(name, variable), name, variable, file=file).rename(name)
        return cache[name]

    @cached_property
    def _values(self) -> dict[str, pd.Series]:
        return {}

    def with_variable(self, name: str, variable: Variable, values: pd.Series) -> "Study":
        """This study with one more variable, which is made rather than read: ``values`` has one per observation.

        They are as ``values()`` gives them: float64 with NaN, or Categorical. What has been read stays at hand.
        """
        if len(values) != len(self):
            raise ValueError(f"{len(values)} values for {len(self)} observations")
        spec = self.spec.model_copy(update={"variables": {**self.variables, name: variable}})
        more = replace(self, spec=spec)
        read = {key: value for key, value in vars(self).items() if key not in ("path", "spec", "table")}
        vars(more).update(read | {"_values": {**self._values, name: values.rename(name)}})
        return more

    def variable(self, name: str) -> Variable:
        """The description of a variable. Raises UserError when there is none of that name."""
        try:
            return self.variables[name]
        except KeyError:
            known = ", ".join(self.variables) or "none"
            raise UserError(f"the study has no variable {name!r}", how=f"Its variables are: {known}") from None

    def _raw(self, name: str, variable: Variable) -> pd.Series:
        if variable.score is not None:
            return pd.Series(self.filled(name).values)
        if variable.derive is not None:
            return self._derived(variable)
        column = str(variable.column)
        return self._from_animals(column) if variable.table == "animals" else self.table.series(column)

    def _from_animals(self, column: str) -> pd.Series:
        if column not in self.animals.columns:
            raise UserError(f"there is no column {column!r}", where=self._file("animals"))
        place = pd.Series(np.arange(len(self.animals)), index=self.animal_codes(self.animals["animal"]))
        place = place[~place.index.duplicated() & (place.index >= 0)]
        own = pd.Series([], dtype=int) if self.animal is None else self.animal.cat.codes
        rows = place.reindex(own.to_numpy(), fill_value=-1).to_numpy()
        found = self.animals[column].reindex(rows).reset_index(drop=True)
        return found.cat.remove_unused_categories() if isinstance(found.dtype, pd.CategoricalDtype) else found

    def _derived(self, variable: Variable) -> pd.Series:
        rule = variable.derive
        assert rule is not None
        if rule.rule in ("forward_gradient", "backward_gradient"):
            of_scores = gradients(*self._scores_of(rule.source))
            slopes = of_scores.forward if rule.rule == "forward_gradient" else of_scores.backward
            return pd.Series(inherit(slopes, self.filled(rule.source).source))
        if rule.rule == "days_since":
            events = self.events[self.events["kind"].astype(str) == rule.source]
            if self.time is None or self.animal is None:
                raise UserError(f"days since {rule.source} need an animal and a time column")
            codes = self.animal.cat.codes.to_numpy().astype(np.int64)
            return derive.days_since(codes, self.time, self.animal_codes(events["animal"]), events["time"].to_numpy())
        dates = self._dates(rule.source)
        if rule.rule == "season":
            return derive.season(dates, hemisphere=rule.hemisphere)
        if rule.rule == "month":
            return derive.month_of_year(dates)
        if rule.rule == "hour":
            return derive.hour_of_day(dates)
        when = self.time
        if when is None or when.dtype.kind != "M":
            raise UserError("an age needs the dates of the observations", where=str(self.path / "study.toml"))
        unit = variable.unit or "days"
        if unit not in DAYS_PER:
            raise UserError(f"an age cannot be told in {unit!r}", how=f"Use one of: {', '.join(DAYS_PER)}")
        return derive.age(when, dates, unit=unit)

    def _dates(self, column: str) -> Times:
        own = column in self.table.columns
        values = self.table.series(column) if own else self._from_animals(column)
        dates = read_times(values, unit=None)
        if values.notna().any() and np.isnat(dates).all():
            file = self.table.path.name if own else self._file("animals")
            raise UserError(f"column {column!r} holds no dates", where=file, how="Use a column of dates")
        return dates.astype("datetime64[us]")

    def filled(self, name: str) -> Filled:
        """How a variable that is read from the scores was filled: values, observed or not, age, source row."""
        cache = self._filled
        if name not in cache:
            variable = self.variable(name)
            if self.animal is None or self.time is None:
                raise UserError(f"{name} is read from the scores, which needs an animal and a time column")
            cache[name] = fill_nearest(
                self.animal.cat.codes.to_numpy(), self.time, *self._scores_of(name), max_gap=variable.max_gap
            )
        return cache[name]

    @cached_property
    def _filled(self) -> dict[str, Filled]:
        return {}

    def _scores_of(self, name: str) -> tuple[npt.NDArray[np.float64], Times, npt.NDArray[np.float64]]:
        """Animal codes (NaN for an animal that is not in this study), times and values of a scored variable."""
        variable = self.variable(name)
        scores = self.scores[self.scores["task"].astype(str) == variable.score]
        if scores.empty:
            raise UserError(f"there is no score of task {variable.score!r}", where=self._file("scores"))
        values = pd.to_numeric(scores["value"].astype(object), errors="coerce").to_numpy(dtype=np.float64)
        bad = np.flatnonzero(~np.isfinite(values) & scores["value"].notna().to_numpy())
        if len(bad):
            raise UserError(
                f"the score {str(scores['value'].iloc[bad[0]])!r} is not a number",
                where=self._file("scores"),
                row=int(scores.index[bad[0]]) + 1,
                column="value",
                how="Mend that cell",
            )
        codes = self.animal_codes(scores["animal"])
        animals = np.where(codes >= 0, codes, np.nan)  # a code of -1 would match observations of unknown animals
        return animals, scores["time"].to_numpy(), values

    # --- embeddings --------------------------------------------------------------------------------------

    @cached_property
    def feature_columns(self) -> list[str]:
        """The measured feature columns, in the table's order."""
        return embeddings.match_features(self.table.columns, self.spec.columns.features)

    @property
    def embedding_names(self) -> list[str]:
        """Names of the embeddings at hand, ``features`` first."""
        return ([FEATURES] if self.feature_columns else []) + embeddings.stored_names(self.path)

    def embedding(self, name: str) -> Embedding:
        """The embedding ``name``, checked to belong to this table. Raises UserError otherwise."""
        if name not in self.embedding_names:
            known = ", ".join(self.embedding_names) or "none"
            raise UserError(f"the study has no embedding {name!r}", how=f"Its embeddings are: {known}")
        if name == FEATURES:
            return self._features
        vectors = self.path / embeddings.FOLDER / f"{name}.npy"
        return embeddings.read_embedding(
            self.path, name, observations=self.ids_hash, rows=len(self), fingerprint=self.hashes.of(vectors)
        )

    @cached_property
    def _features(self) -> Embedding:
        missing = self.spec.columns.features_missing
        fingerprint = hash_json([self.hashes.of(self.table.path), self.feature_columns, missing])
        return embeddings.features_embedding(
            self.table,
            self.feature_columns,
            missing=missing,
            observations=self.ids_hash,
            fingerprint=fingerprint,
        )

    # --- pictures ----------------------------------------------------------------------------------------

    @property
    def has_pictures(self) -> bool:
        """Whether the study says where its pictures are."""
        return self.spec.columns.image is not None

    @cached_property
    def _picture_paths(self) -> pd.Series | None:
        name = str(self.spec.columns.image)
        return None if is_binary(self.table.schema.field(name).type) else self.table.series(name)

    def picture_source(self, row: int) -> Path | bytes | None:
        """Where the picture of observation ``row`` (from 0) is: a path inside the study, bytes, or None.

        Raises UserError for a path that leads outside the study.
        """
        if not self.has_pictures:
            return None
        if self._picture_paths is None:
            return self.table.binary_cell(str(self.spec.columns.image), row)
        relative = self._picture_paths.iloc[row]
        return None if pd.isna(relative) else inside(self.path, str(relative), where=self._picture_place(row))

    def _picture_place(self, row: int) -> str:
        return f"{self.table.path.name}, row {row + 1:,}, column {self.spec.columns.image}"

    def picture(self, row: int) -> Image.Image | None:
        """The decoded picture of observation ``row`` (from 0); None when it has none. Raises UserError if broken."""
        source = self.picture_source(row)
        if source is None:
            return None
        return decode(source, where=self._picture_place(row))

    # --- derived files -----------------------------------------------------------------------------------

    @cached_property
    def cache(self) -> Path:
        """A folder for derived files, safe to delete: ``.cache`` in the study, the user's own if that is read-only."""
        if os.access(self.path, os.W_OK):
            return self.path / ".cache"
        key = hash_json(str(self.path.resolve()))[:16]
        return user_cache() / key

    @cached_property
    def hashes(self) -> FileHashes:
        """Remembered hashes of this study's files."""
        return FileHashes(self.cache / "hashes.json")

    @cached_property
    def data_hash(self) -> str:
        """Hash of ``study.toml`` and all tables: what an export's manifest names as its data."""
        found = [Table.find(self.path, stem) for stem in TABLES]
        paths = [self.path / "study.toml", self.table.path, *(table.path for table in found if table)]
        return hash_json([[path.name, self.hashes.of(path)] for path in paths])


def open_study(path: str | Path) -> Study:
    """Open the study in folder ``path``. Quick: only its description is read.

    Raises UserError when it is no study, or when its description names a column that is not there.
    """
    folder = Path(path).expanduser()
    if folder.name == "study.toml":
        folder = folder.parent
    if not folder.exists():
        raise UserError(f"there is no folder {folder}", how="Check the path")
    spec = read_study_file(folder)
    ids = [column for column in (spec.columns.observation, spec.columns.animal) if column]
    table = Table.find(folder, "observations", text=ids)
    if table is None:
        raise UserError(
            "there is no observations.parquet or observations.csv",
            where=str(folder),
            how="Put the table into the folder",
        )
    study = Study(folder.resolve(), spec, table)
    _check_columns(study)
    return study


def _check_columns(study: Study) -> None:
    columns = study.spec.columns
    named = {
        "columns.observation": columns.observation,
        "columns.animal": columns.animal,
        "columns.time": columns.time,
        "columns.image": columns.image,
    }
    for name, variable in study.variables.items():
        if variable.column and variable.table == "observations":
            named[f"variables.{name}.column"] = variable.column
    for place, column in named.items():
        if column is not None and column not in study.table.columns:
            raise UserError(
                f"there is no column {column!r} in {study.table.path.name}",
                where=f"{study.path / 'study.toml'}: {place}",
                how=f"Its columns are: {', '.join(study.table.columns[:12])}"
                + (" ..." if len(study.table.columns) > 12 else ""),
            )
    if columns.features and not study.feature_columns:
        raise UserError(
            f"no column matches features = {list(columns.features)}",
            where=f"{study.path / 'study.toml'}: columns.features",
        )
