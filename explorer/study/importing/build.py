"""Writing an imported source as a study folder: all of it, or nothing."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from explorer.errors import UserError
from explorer.study.atomic import atomic_folder
from explorer.study.embeddings import EmbeddingNote, valid_name, write_embedding
from explorer.study.importing.reading import DateOrder, place
from explorer.study.importing.side_tables import SideTable, Stem, as_labels, read_side_table
from explorer.study.importing.source import Source
from explorer.study.importing.texts import Texts
from explorer.study.importing.wildlife import PicturePaths, check_pictures, find_pictures
from explorer.study.schema import FILE_NAME, StudyFile, study_file_text
from explorer.study.study import open_study
from explorer.study.tables import is_binary

Report = Callable[[float, str], None]

PICTURES = "images"
"""The folder inside the study that pictures are copied to."""

_GROUP_ROWS = 65_536
_GROUP_ROWS_WITH_PICTURES = 1_024  # small groups, since one picture is read at a time


def build_study(
    source: Source,
    spec: StudyFile,
    out: str | Path,
    *,
    scores: Path | SideTable | None = None,
    events: Path | SideTable | None = None,
    animals: Path | SideTable | None = None,
    dates: DateOrder | None = None,
    report: Report | None = None,
) -> Path:
    """Write ``source`` as the study folder ``out`` described by ``spec``; all columns of the table are kept.

    The folder appears whole or not at all. Raises UserError when ``out`` exists, when ``spec`` names what
    the source
    does not hold, and for observation ids that are missing or not unique, naming the rows.
    """
    out = Path(out).expanduser().absolute()
    tell = report or _silent
    with atomic_folder(out) as folder:
        tell(0.0, "checking")
        _check_spec(source, spec)
        sides = _side_tables(source, spec, {"scores": scores, "events": events, "animals": animals}, dates)
        table = source.table
        image = spec.columns.image
        if image is not None and not is_binary(table.schema.field(image).type):
            table = _copy_pictures(source, table, image, folder, tell)
        tell(0.6, "writing the observations")
        _write_table(table, folder / "observations.parquet")
        for side in sides:
            _write_table(side.table, folder / f"{side.stem}.parquet")
        (folder / FILE_NAME).write_text(study_file_text(spec), encoding="utf-8", newline="\n")
        if source.vectors:
            ids = open_study(folder).ids_hash
            for number, (name, vectors) in enumerate(source.vectors.items()):
                tell(0.7 + 0.25 * number / len(source.vectors), f"writing the vectors {name}")
                note = EmbeddingNote(
                    observations=ids,
                    encoder=f"imported from {source.path.name}",
                    normalised=_unit_length(vectors),
                )
                write_embedding(folder, valid_name(name), vectors, note)
        tell(0.95, "making sure that it is on disk")
    tell(1.0, "done")
    return out


def _silent(fraction: float, note: str) -> None:
    """Progress that nobody asked for."""


# --- checks -------------------------------------------------------------------------------------------------


def _check_spec(source: Source, spec: StudyFile) -> None:
    columns = spec.columns
    named = [columns.observation, columns.animal, columns.time, columns.image]
    named += [variable.column for variable in spec.variables.values() if variable.table == "observations"]
    for name in named:
        if name is not None and name not in source.table.column_names:
            raise UserError(
                f"there is no column {name!r}",
                where=source.path.name,
                how=f"Its columns are: {', '.join(source.table.column_names[:12])}",
            )
    if columns.observation is not None:
        _check_ids(source, columns.observation)


def _check_ids(source: Source, column: str) -> None:
    values = source.table.column(column)
    if values.null_count:
        row = int(np.argmax(values.is_null().to_numpy())) + 1
        raise UserError(
            "an observation has no id",
            where=place(source.path.name, row, column),
            how="Fill it in, or choose another column",
        )
    texts = Texts.of(values)
    if (texts.counts > 1).any():
        row, value = texts.first(texts.counts > 1)
        second = int(np.flatnonzero(texts.codes == texts.codes[row - 1])[1]) + 1
        raise UserError(
            f"the observation id {value!r} stands in row {row:,} and again in row {second:,}",
            where=place(source.path.name, row, column),
            how="Give every row an id of its own, or leave the ids out so that rows are numbered",
        )


def _side_tables(
    source: Source, spec: StudyFile, given: dict[Stem, Path | SideTable | None], dates: DateOrder | None
) -> list[SideTable]:
    sides = [
        side if isinstance(side, SideTable) else read_side_table(stem, side, dates=dates)
        for stem, side in given.items()
        if side is not None
    ]
    if sides and spec.columns.animal is None:
        raise UserError(
            f"{sides[0].path.name} is about animals, but which column names the animal is not told",
            where=source.path.name,
            how="Name it with --animal",
        )
    for side in sides:
        own = as_labels(source.table.column(str(spec.columns.animal))).unique().drop_null()
        theirs = side.table.column("animal").unique()
        if not set(own.to_pylist()) & set(theirs.to_pylist()):
            raise UserError(
                f"none of its {len(theirs):,} animals (such as {theirs[0].as_py()!r}) is among the "
                "observations"
                f" (such as {own[0].as_py() if len(own) else None!r})",
                where=side.path.name,
                how="Write the animals' ids alike in both tables",
            )
        if "time" in side.table.column_names and spec.columns.time is not None:
            counted = not pa.types.is_timestamp(side.table.schema.field("time").type)
            if counted != (spec.columns.time_unit is not None):
                kinds = ("numbers", "dates") if counted else ("dates", "numbers")
                raise UserError(f"its times are {kinds[0]}, those of the observations {kinds[1]}", where=side.path.name)
    return sides


# --- writing ------------------------------------------------------------------------------------------------


def _write_table(table: pa.Table, path: Path) -> None:
    with_pictures = any(is_binary(field.type) for field in table.schema)
    size = _GROUP_ROWS_WITH_PICTURES if with_pictures else _GROUP_ROWS
    pq.write_table(table.replace_schema_metadata(None), path, compression="zstd", row_group_size=size)


def _unit_length(vectors: np.ndarray) -> bool:
    """Whether all vectors have length 1, judged on up to a thousand of them."""
    some = np.asarray(vectors[:: max(1, len(vectors) // 1_000)], dtype=np.float64)
    lengths = np.linalg.norm(some, axis=1)
    lengths = lengths[np.isfinite(lengths)]
    return bool(len(lengths) and np.allclose(lengths, 1.0, atol=1e-3))


def _copy_pictures(source: Source, table: pa.Table, column: str, folder: Path, tell: Report) -> pa.Table:
    """Copy the pictures that ``column`` names into the study, and name them by their paths inside it.

    A picture that is missing keeps the path at which the study will look for it.
    """
    start = source.picture_folder or source.path.parent
    paths = find_pictures(table, column, start, file=source.path.name)
    check_pictures(paths, column, file=source.path.name, needed=not source.vectors)
    inner = _inner_paths(paths)
    target_root = folder / PICTURES
    total = len(paths.relative)
    for position, (relative, target, exists) in enumerate(zip(paths.relative, inner, paths.exists, strict=True)):
        if position % 100 == 0:
            tell(0.05 + 0.5 * position / total, f"copying pictures, {position:,} of {total:,}")
        if exists:
            target_path = target_root / target
            target_path.parent.mkdir(parents=True, exist_ok=True)
            _copy(start / relative, target_path, column, source.path.name)
    studied = pa.array([f"{PICTURES}/{target}" for target in inner], pa.string())
    codes = paths.texts.codes
    return table.set_column(table.column_names.index(column), column, studied.take(pa.array(codes, mask=codes < 0)))


def _inner_paths(paths: PicturePaths) -> list[str]:
    """The paths inside the study's picture folder; one that the source has of the same name is not
    doubled.
    """
    prefix = f"{PICTURES}/"
    if all(relative.startswith(prefix) for relative in paths.relative):
        return [relative.removeprefix(prefix) for relative in paths.relative]
    return list(paths.relative)


def _copy(origin: Path, target: Path, column: str, file: str) -> None:
    try:
        # Not through a link, even one put there since the paths were checked.
        handle = os.open(origin, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError as error:
        raise UserError(
            f"the picture {origin} cannot be opened: {error.strerror}", where=place(file, None, column)
        ) from None
    with os.fdopen(handle, "rb") as read, target.open("wb") as write:
        shutil.copyfileobj(read, write, 2**20)
