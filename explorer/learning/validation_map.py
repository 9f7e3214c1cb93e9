"""A map of the validation animals as an encoder learns: two principal components of their vectors, look by look."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from explorer.errors import UserError
from explorer.space.pca import fit_pca
from explorer.space.procrustes import align

MAP = "validation_map.npz"

MOST_OBSERVATIONS = 2_000
MOST_LOOKS = 100

Arrays = Mapping[str, npt.NDArray[Any]]
"""By name."""

_LOOKS = ("numbers", "steps", "places", "shares")
_OBSERVATIONS = ("chosen", "studies", "rows", "animals")
_COUNTS = ("observations", "individuals")


@dataclass(frozen=True, eq=False)
class ValidationMap:
    """Where the observations of validation animals lay at each look that is kept.

    Of the n observations shown: ``chosen`` int64 (n,) are their places among all validation observations, of which
    there are ``observations``, of ``individuals`` animals; ``studies`` int64 (n,) the number of the study, ``rows``
    int64 (n,) the row in it, ``animals`` str (n,) the animal.

    Of the looks kept: ``numbers`` and ``steps`` int64 (L,), the look's number from 0 on and its step; ``places``
    float32 (L, n, 2); ``shares`` float64 (L,), how much of the variance the two components hold. Each map is turned or
    mirrored (orthogonal Procrustes), never scaled, onto the one before, so that what moves is the animals; distances
    are those of unit vectors throughout.
    """

    chosen: npt.NDArray[np.int64]
    studies: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    animals: npt.NDArray[np.str_]
    observations: int
    individuals: int
    numbers: npt.NDArray[np.int64]
    steps: npt.NDArray[np.int64]
    places: npt.NDArray[np.float32]
    shares: npt.NDArray[np.float64]

    def and_then(self, step: int, vectors: npt.NDArray[np.float32]) -> "ValidationMap":
        """This map with one more look, at ``step``: vectors float32 (observations, dims), dims at least 2.

        Beyond ``MOST_LOOKS`` looks only every second one is kept, later every fourth and so on; and always the last.
        """
        sample = vectors[self.chosen]
        pca = fit_pca(sample, np.ones(len(sample), dtype=bool), 2)
        placed = pca.transform(sample)
        if len(self.places):
            placed = _turned(self.places[-1], placed)
        number = int(self.numbers[-1]) + 1 if len(self.numbers) else 0
        apart = 1
        while number // apart >= MOST_LOOKS - 1:
            apart *= 2
        kept = self.numbers % apart == 0
        return replace(
            self,
            numbers=np.append(self.numbers[kept], number),
            steps=np.append(self.steps[kept], step),
            places=np.concatenate([self.places[kept], placed[None].astype(np.float32)]),
            shares=np.append(self.shares[kept], pca.explained.sum()),
        )

    def looks(self) -> dict[str, npt.NDArray[Any]]:
        """What ``with_looks`` needs to make of an empty map this one."""
        return {name: getattr(self, name) for name in _LOOKS}

    def with_looks(self, looks: Arrays) -> "ValidationMap":
        """The same observations at other looks. Raises KeyError or ValueError for looks at others."""
        if looks["places"].shape != (len(looks["steps"]), len(self.chosen), 2):
            raise ValueError("the map is of other observations")
        return replace(
            self, numbers=looks["numbers"], steps=looks["steps"], places=looks["places"], shares=looks["shares"]
        )

    def content(self) -> bytes:
        """As the file holds it; equal maps give equal bytes."""
        arrays: dict[str, Any] = {name: np.asarray(getattr(self, name)) for name in (*_OBSERVATIONS, *_LOOKS, *_COUNTS)}
        stream = io.BytesIO()
        np.savez(stream, **arrays)
        return stream.getvalue()


def empty_map(
    studies: npt.NDArray[np.int64], rows: npt.NDArray[np.int64], animals: npt.NDArray[np.str_]
) -> ValidationMap:
    """A map without looks of validation observations, each (m,) as in ``ValidationMap``.

    Of more than ``MOST_OBSERVATIONS`` a random part is shown, always the same.
    """
    chosen = np.arange(len(rows))
    if len(rows) > MOST_OBSERVATIONS:
        chosen = np.sort(np.random.default_rng(0).choice(len(rows), MOST_OBSERVATIONS, replace=False))
    individuals = len(np.unique(np.char.add(np.char.add(studies.astype(str), "/"), animals)))
    return ValidationMap(
        chosen=chosen,
        studies=studies[chosen],
        rows=rows[chosen],
        animals=animals[chosen],
        observations=len(rows),
        individuals=individuals,
        numbers=np.empty(0, dtype=np.int64),
        steps=np.empty(0, dtype=np.int64),
        places=np.empty((0, len(chosen), 2), dtype=np.float32),
        shares=np.empty(0),
    )


def read_map(folder: Path) -> ValidationMap | None:
    """The map of the run in ``folder``; None when it has none. Raises UserError for one that cannot be read."""
    path = folder / MAP
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as held:
            arrays: dict[str, Any] = {name: held[name] for name in (*_OBSERVATIONS, *_LOOKS)}
            found = ValidationMap(**arrays | {name: int(held[name]) for name in _COUNTS})
        return found.with_looks(found.looks())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        raise UserError("cannot be read as the map of a run", where=str(path), how="Move it away") from None


def _turned(onto: npt.NDArray[np.float32], placed: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    try:
        found = align(onto, placed)
    except ValueError:  # an encoder that puts all at one place: no turn is better than another
        return placed
    return replace(found, scale=1.0).apply(placed).astype(np.float32)
