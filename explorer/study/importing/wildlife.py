"""Pictures that a table names: which column names them, and whether they are there."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
import pyarrow as pa

from explorer.errors import UserError
from explorer.study.findings import Finding
from explorer.study.importing.names import IMAGE_NAMES, first_named, normal
from explorer.study.importing.reading import place
from explorer.study.importing.texts import Texts
from explorer.study.tables import is_binary

_A_PICTURE = r"(?i)\.(jpe?g|png|webp|tiff?|bmp|gif)$"


def picture_column(table: pa.Table) -> str | None:
    """The column that holds pictures as bytes or names their files; None when there is none."""
    candidates = [field.name for field in table.schema if is_binary(field.type)]
    if candidates:
        return first_named(candidates, IMAGE_NAMES) or candidates[0]
    named = [
        name for name in table.column_names if normal(name) in IMAGE_NAMES and _is_text(table.schema.field(name).type)
    ]
    with_suffix = [name for name in named if _mostly_pictures(Texts.of(table.column(name)))]
    return first_named(with_suffix, IMAGE_NAMES)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _mostly_pictures(texts: Texts) -> bool:
    return bool(len(texts.values)) and bool(texts.matches(_A_PICTURE).mean() > 0.5)


@dataclass(frozen=True)
class PicturePaths:
    """The distinct picture paths of a table, relative to ``folder`` with forward slashes, and which of
    them exist.
    """

    folder: Path
    texts: Texts
    relative: tuple[str, ...]
    exists: "np.typing.NDArray[np.bool_]"


def find_pictures(table: pa.Table, column: str, folder: Path, *, file: str) -> PicturePaths:
    """Look for every picture that ``column`` names in ``folder``.

    Raises UserError, naming the row, for an absolute path, for ``..`` and for a link: none of them is
    followed.
    """
    texts = Texts.of(table.column(column))
    checked: dict[Path, bool] = {folder: True}
    relative: list[str] = []
    exists = np.zeros(len(texts.values), dtype=bool)
    for position, value in enumerate(texts.values.to_pylist()):
        try:
            plain = _relative(value)
            exists[position] = _is_there(folder, plain, checked)
        except UserError as error:
            row = texts.row_of(position)
            raise UserError(error.what, where=place(file, row, column), how=error.how) from None
        relative.append(str(plain))
    return PicturePaths(folder, texts, tuple(relative), exists)


def check_pictures(paths: PicturePaths, column: str, *, file: str, needed: bool) -> list[Finding]:
    """What is missing. Raises UserError when every picture is and pictures are ``needed``."""
    missing = ~paths.exists
    if not missing.any():
        return []
    row, value = paths.texts.first(missing)
    count = paths.texts.rows(missing)
    if missing.all() and needed:
        raise UserError(
            f"none of the {len(missing):,} pictures that it names was found in {paths.folder}, for "
            f"example {value[:200]!r}",
            where=place(file, row, column),
            how="Give the folder that these paths start from with --images FOLDER",
        )
    what = f"the picture {value[:200]!r} was not found in {paths.folder}"
    how = f"Put it there; {count:,} row{' has' if count == 1 else 's have'} no picture"
    return [Finding("warning", what, file, row, column, how, rows_affected=count)]


def _relative(value: str) -> PurePosixPath:
    windows = PureWindowsPath(value)
    plain = PurePosixPath(value.replace("\\", "/"))
    if windows.drive or windows.root or plain.is_absolute():
        raise UserError(
            f"{value[:200]!r} is an absolute path",
            how="Use paths that start in the pictures' folder, and give it with --images",
        )
    if ".." in plain.parts or "\0" in value or not plain.parts:
        raise UserError(f"{value[:200]!r} leads out of the pictures' folder", how="Use paths inside it")
    return plain


def _is_there(folder: Path, relative: PurePosixPath, checked: dict[Path, bool]) -> bool:
    """Whether the file is there; each folder on the way is looked at once."""
    parent = folder
    for part in relative.parts[:-1]:
        parent = parent / part
        if parent not in checked:
            checked[parent] = _plain_kind(parent, relative) == stat.S_IFDIR
        if not checked[parent]:
            return False
    return _plain_kind(parent / relative.name, relative) == stat.S_IFREG


def _plain_kind(path: Path, relative: PurePosixPath) -> int | None:
    try:
        kind = stat.S_IFMT(os.lstat(path).st_mode)
    except OSError:
        return None
    if kind == stat.S_IFLNK:
        raise UserError(
            f"{str(relative)[:200]!r} is a link, which is not followed",
            how="Copy the file itself into the folder",
        )
    return kind
