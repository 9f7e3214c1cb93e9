"""Clusters after what people decided about them: named, merged, split again."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.clustering.centres import kmeans
from explorer.clustering.clusters import NOISE_NAME
from explorer.clustering.labels import NOISE
from explorer.decisions.cluster_edits import Edit, Merge, Name, Split

Labels = npt.NDArray[np.int32]
Vectors = Callable[[], npt.NDArray[np.floating]]


@dataclass(frozen=True, eq=False)
class Edited:
    """``labels`` int32 (n,): as before the edits 0, 1, ..., noise -1, none -2, but with gaps where clusters were
    merged. ``names``: by label, what people call them. ``merged``: labels that hold others, which a split frees.
    ``idle``: what could have no effect, in sentences.
    """

    labels: Labels
    names: dict[int, str]
    merged: frozenset[int]
    idle: tuple[str, ...]

    @property
    def called(self) -> dict[int, str]:
        """What each cluster there is is called: the name it was given, else its number, which counts from 1.

        One that is called like another one, or like noise, has its number behind its name.
        """
        said = {label: str(label + 1) for label in self.present}
        taken = {NOISE_NAME, *said.values()}
        for label, name in self.names.items():
            while name in taken:
                name += f" ({label + 1})"
            taken.add(name)
            said[label] = name
        return said

    def called_by_number(self, number: str) -> str:
        """What the cluster of that ``number`` ("1", "2", ...) is called; other words, as noise, stay as they are."""
        return self.called.get(int(number) - 1, number) if number.isdecimal() else number

    @property
    def present(self) -> list[int]:
        """The labels of the clusters there are, in order."""
        return [int(label) for label in np.unique(self.labels) if label > NOISE]


def edited(labels: Labels, edits: Iterable[Edit], vectors: Vectors) -> Edited:
    """``labels`` (n,) after ``edits``, in their order. ``vectors`` gives float (n, d), the space they were made in.

    Merged clusters have the smallest of their numbers. Of a split by k-means (seed 0), the largest part keeps number
    and name, and the others are numbered after all that there have been. An edit of a cluster that is not there (the
    one that made it may be undone) has no effect, and is told.
    """
    state = _State(labels.copy(), vectors)
    for edit in edits:
        state.do(edit)
    present = set(np.unique(state.labels[state.labels > NOISE]).tolist())
    names = {label: name for label, name in state.names.items() if label in present}
    merged = frozenset(label for label, held in state.merges.items() if held and label in present)
    return Edited(state.labels, names, merged, tuple(state.idle))


class _State:
    def __init__(self, labels: Labels, vectors: Vectors) -> None:
        self.labels = labels
        self.vectors = vectors
        self.names: dict[int, str] = {}
        self.merges: dict[int, list[list[tuple[int, npt.NDArray[np.int64]]]]] = {}  # each: labels and their rows
        self.idle: list[str] = []
        self.next = int(labels.max(initial=-1)) + 1

    def do(self, edit: Edit) -> None:
        if isinstance(edit, Name):
            self._name(edit)
        elif isinstance(edit, Merge):
            self._merge(edit)
        else:
            self._split(edit)

    def _rows(self, number: int) -> npt.NDArray[np.int64]:
        return np.flatnonzero(self.labels == number - 1)

    def _name(self, edit: Name) -> None:
        label = edit.cluster - 1
        if not len(self._rows(edit.cluster)):
            self.idle.append(f"cluster {edit.cluster} was named {edit.to!r}, but there is none of that number now")
        elif edit.to:
            self.names[label] = edit.to
        else:
            self.names.pop(label, None)

    def _merge(self, edit: Merge) -> None:
        parts = [(number - 1, rows) for number in sorted(edit.clusters) if len(rows := self._rows(number))]
        if len(parts) < 2:
            told = ", ".join(map(str, edit.clusters))
            self.idle.append(f"clusters {told} were merged, but fewer than two of them are there now")
            return
        into = parts[0][0]
        self.merges.setdefault(into, []).append(parts)
        for _, rows in parts:
            self.labels[rows] = into

    def _split(self, edit: Split) -> None:
        label, rows = edit.cluster - 1, self._rows(edit.cluster)
        if edit.parts is None:
            if not (len(rows) and self.merges.get(label)):
                self.idle.append(f"cluster {edit.cluster} was taken apart, but it is not merged of others now")
                return
            for part, held in self.merges[label].pop():
                self.labels[held] = part
            return
        if len(rows) < edit.parts:
            self.idle.append(
                f"cluster {edit.cluster} was split into {edit.parts}, but it holds {len(rows):,} observations now"
            )
            return
        found = kmeans(np.asarray(self.vectors()[rows], dtype=np.float32), edit.parts)
        places = np.array([label, *range(self.next, self.next + edit.parts - 1)], dtype=np.int32)
        self.labels[rows] = places[found]
        self.next += edit.parts - 1
        self.merges.pop(label, None)
