"""Where the decisions of a study lie."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.decisions.events import Store
from explorer.places import ours, told_by_path, user_data
from explorer.study.tables import not_a_way_out

if TYPE_CHECKING:
    from explorer.study.study import Study

FILE = "decisions.sqlite"


@dataclass(frozen=True)
class Place:
    """``path`` is the file, ``other`` where it would be if the study's folder were (or were not) ours to write to."""

    path: Path
    other: Path
    in_study: bool

    def __str__(self) -> str:
        if self.in_study:
            return f"Decisions are kept with the study: {self.path}"
        return f"Nothing can be written into this study, so your decisions are kept in your own folder: {self.path}"


def place_of(study: "Study") -> Place:
    """Where the decisions of ``study`` are kept: in its folder or, where nothing can be written, in the user's.

    The user's own file is told by the study's path. Raises UserError when the file in the study is a link that leads
    out of it.
    """
    inside = not_a_way_out(study.path, study.path / FILE)
    own = user_data() / "decisions" / f"{told_by_path(study.path)}.sqlite"
    if ours(study.path):
        return Place(inside, own, in_study=True)
    return Place(own, inside, in_study=False)


def store_of(study: "Study") -> Store:
    """The store of ``study``. What was decided while the other place was in use is where it begins."""
    place = place_of(study)
    return Store(place.path, place.other)
