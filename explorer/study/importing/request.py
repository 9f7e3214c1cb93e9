"""One import from start to end, as a value that a worker process can be sent."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from explorer.study.importing.build import build_study
from explorer.study.importing.reading import DateOrder
from explorer.study.importing.side_tables import SideTable, Stem, read_side_table
from explorer.study.importing.side_variables import with_side_variables
from explorer.study.importing.source import Source, read_source
from explorer.study.schema import StudyFile


@dataclass(frozen=True)
class Files:
    """What is read, and how where the files leave it open. Hashable, so that a reading can be kept."""

    source: Path
    vectors: Path | None = None
    images: Path | None = None
    scores: Path | None = None
    events: Path | None = None
    animals: Path | None = None
    decimal: str | None = None
    delimiter: str | None = None
    dates: DateOrder | None = None

    def read(self) -> Source:
        """The table with its vectors and pictures; the scores, events and animals are read when the study is made."""
        return read_source(
            self.source,
            vectors=self.vectors,
            images=self.images,
            decimal=self.decimal,
            delimiter=self.delimiter,
            dates=self.dates,
        )

    def sides(self) -> dict[str, SideTable]:
        """The scores, events and animals that are given, read; by their stems."""
        stems: dict[Stem, Path | None] = {"scores": self.scores, "events": self.events, "animals": self.animals}
        return {stem: read_side_table(stem, path, dates=self.dates) for stem, path in stems.items() if path is not None}

    def build(self, source: Source, spec: StudyFile, out: Path, report: Callable[[float, str], None] | None) -> Path:
        """Make the study ``spec`` of ``source`` (what ``read`` gave) and the other tables in the folder ``out``.

        What the other tables tell of the observations becomes variables beside those of ``spec``.
        """
        sides = self.sides()
        return build_study(source, with_side_variables(spec, sides), out, dates=self.dates, report=report, **sides)


def import_at(files: Files, spec: StudyFile, out: Path, *, report: Callable[[float, str], None]) -> Path:
    """Read ``files`` and make the study ``spec`` of them, for a worker process."""
    report(0.0, f"reading {files.source.name}")
    return files.build(files.read(), spec, out, report)
