"""What of a study no export may be written over."""

from pathlib import Path

from explorer.errors import UserError
from explorer.study.embeddings import FOLDER
from explorer.study.schema import FILE_NAME
from explorer.study.study import TABLES
from explorer.study.tables import SUFFIXES

MANIFEST = ".manifest.json"
"""What the name of an export's manifest ends with, after the name of its file."""

_PARTS = {FILE_NAME, FOLDER, *(stem + suffix for stem in ("observations", *TABLES) for suffix in SUFFIXES)}


def refuse_own(path: Path) -> None:
    """Raises UserError where ``path`` is, or would become, a part of the study that it lies in, if it lies in one.

    So are its description, its tables and its embeddings, whether they are there or not: a new table would be read in
    place of an old one. Of all else in its folder (pictures, decisions, encoders, what people put there) only what was
    exported before, which its manifest tells, may be written over.
    """
    place = path.absolute().parent.resolve() / path.name  # a link that is written to is replaced, not what it leads to
    study = next((folder for folder in place.parents if (folder / FILE_NAME).is_file()), None)
    if study is None:
        return
    # As a disk that does not tell capitals apart reads it.
    if place.relative_to(study).parts[0].casefold() in _PARTS:
        raise UserError(
            f"is a part of the study in {study}, which no export is written over",
            where=str(path),
            how="Choose another name or folder",
        )
    if place.is_file() and not place.with_name(place.name + MANIFEST).is_file():
        raise UserError(
            f"lies in the study in {study} and no export has made it, so it is not written over",
            where=str(path),
            how="Choose another name or folder",
        )
