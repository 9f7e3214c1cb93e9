"""The nearest observations of one observation in the latent space itself, not on a map of it."""

import difflib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from explorer.errors import UserError
from explorer.study.embeddings import Embedding
from explorer.study.study import Study

_ROWS_AT_ONCE = 8_192
_SUGGESTED, _COMPARED, _LONGEST = 3, 400, 200
_ALIKE = 0.6  # difflib's own bound for a close match


@dataclass(frozen=True)
class Nearest:
    """The nearest others of the observation in ``row``, nearest first; of equally distant ones the earlier row.

    ``rows`` int64 (k,), ``distances`` float64 (k,), Euclidean. ``among`` is how many others have a vector,
    ``without`` how many have none and were left out.
    """

    row: int
    rows: npt.NDArray[np.int64]
    distances: npt.NDArray[np.float64]
    among: int
    without: int


def nearest(vectors: npt.NDArray[np.float32], used: npt.NDArray[np.bool_], row: int, k: int) -> Nearest:
    """The exact ``k`` nearest of ``vectors`` (n, d) to the one in ``row``; fewer where there are not so many.

    ``used`` bool (n,) says which rows have a vector; ``row`` must be one of them. ``vectors`` may be memory-mapped:
    they are read once, block by block. Sums of float32 find the candidates, with a margin for their rounding;
    distances and their order are float64.
    """
    others = used.copy()
    others[row] = False
    among = int(others.sum())
    without = len(used) - int(used.sum())
    k = min(k, among)
    if k < 1:
        return Nearest(row, np.empty(0, dtype=np.int64), np.empty(0), among, without)
    rows = _candidates(vectors, others, row, k)
    distances = np.sqrt(_squares(vectors, rows, vectors[row].astype(np.float64)))
    order = np.argsort(distances, kind="stable")[:k]  # the candidates are in the order of their rows
    return Nearest(row, rows[order], distances[order], among, without)


def _candidates(
    vectors: npt.NDArray[np.float32], others: npt.NDArray[np.bool_], row: int, k: int
) -> npt.NDArray[np.int64]:
    """Rows that hold the ``k`` nearest, and few more, in their order."""
    query = np.asarray(vectors[row])
    squares = np.empty(len(vectors), dtype=np.float32)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for start in range(0, len(vectors), _ROWS_AT_ONCE):
            away = vectors[start : start + _ROWS_AT_ONCE] - query
            np.einsum("ij,ij->i", away, away, out=squares[start : start + _ROWS_AT_ONCE])
    squares[~others] = np.inf
    kth = float(np.partition(squares, k - 1)[k - 1])
    kinds = np.finfo(np.float32)
    terms = len(query) + 4
    # Each sum is off by at most its number of terms in last digits, or in the smallest numbers there are.
    bound = kth * (1 + 4 * terms * float(kinds.eps)) + terms * float(kinds.tiny)
    if bound >= float(kinds.max) / 2:  # too far apart for a square in float32
        return np.flatnonzero(others)
    return np.flatnonzero(squares <= bound)


def _squares(
    vectors: npt.NDArray[np.float32], rows: npt.NDArray[np.int64], query: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    out = np.empty(len(rows))
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        away = vectors[rows[start : start + _ROWS_AT_ONCE]] - query
        np.einsum("ij,ij->i", away, away, out=out[start : start + _ROWS_AT_ONCE])
    return out


def of_same_animal(study: Study, embedding: Embedding, row: int) -> npt.NDArray[np.bool_]:
    """Which observations with a vector are of the animal of the one in ``row``; none where it is not known."""
    if study.animal is None:
        return np.zeros(len(study), dtype=bool)
    codes = study.animal.cat.codes.to_numpy()
    return np.asarray(embedding.complete & (codes == codes[row]) & (codes[row] >= 0))


def nearest_of(study: Study, embedding: Embedding, observation: str, k: int) -> Nearest:
    """The ``k`` nearest others of the observation with this id.

    Raises UserError for an id that the study does not have (close ones are suggested) or has more than once, and
    for an observation without a vector.
    """
    row = row_of(study, observation)
    if not embedding.complete[row]:
        raise UserError(f"observation {observation!r} has no vector in {embedding.name!r}, so nothing is near to it")
    found = nearest(embedding.vectors, embedding.complete, row, k)
    if not found.among:
        raise UserError(f"no observation but {observation!r} has a vector in {embedding.name!r}")
    return found


def row_of(study: Study, observation: str) -> int:
    """Row (from 0) of the observation with this id. Raises UserError when there is not exactly one."""
    rows = np.flatnonzero(pc.equal(study.ids, pa.scalar(observation, study.ids.type)).to_numpy(zero_copy_only=False))
    if len(rows) > 1:
        raise UserError(
            f"{len(rows):,} observations are called {observation!r}", how="Give each an id of its own in the table"
        )
    if not len(rows):
        close = close_ids(study, observation)
        how = f"Did you mean {' or '.join(repr(one) for one in close)}" if close else "Check the id"
        raise UserError(f"{study.name} has no observation {observation!r}", how=how)
    return int(rows[0])


def close_ids(study: Study, observation: str) -> list[str]:
    """At most three ids of the study that look like ``observation``, the closest first.

    Compared are only some that begin or end like it: all but its last or first one or two characters, or half of it.
    A slip of the pen leaves as much as it was.
    """
    length = len(observation)
    found: dict[str, None] = {}
    for kept in (length - 1, length - 2, length // 2):
        if kept < 1 or length > _LONGEST:
            continue
        for like in (
            pc.starts_with(study.ids, observation[:kept], ignore_case=True),
            pc.ends_with(study.ids, observation[-kept:], ignore_case=True),
        ):
            rows = np.flatnonzero(like.to_numpy(zero_copy_only=False))[:_COMPARED]
            found |= dict.fromkeys(one for one in study.ids.take(rows).to_pylist() if len(one) <= _LONGEST)
    alike = difflib.SequenceMatcher(b=observation)
    scores: dict[str, float] = {}
    for one in found:
        alike.set_seq1(one)
        if alike.quick_ratio() >= _ALIKE and (score := alike.ratio()) >= _ALIKE:
            scores[one] = score
    return sorted(scores, key=lambda one: -scores[one])[:_SUGGESTED]  # of equals the one that shares the longer part


def nearest_frame(study: Study, found: Nearest) -> pd.DataFrame:
    """One row per neighbour: rank (from 1), observation_id, animal_id, time, distance, same_animal.

    ``same_animal`` is a nullable bool, missing where one of the two animals is not known. Without animals in the
    study, it and animal_id are left out; without times, so is time.
    """
    columns: dict[str, object] = {
        "rank": np.arange(1, len(found.rows) + 1),
        "observation_id": study.ids.take(found.rows).to_pandas(),
    }
    if study.animal is not None:
        columns["animal_id"] = study.animal.iloc[found.rows].reset_index(drop=True)
    if study.time is not None:
        columns["time"] = study.time[found.rows]
    columns["distance"] = found.distances
    if study.animal is not None:
        codes = study.animal.cat.codes.to_numpy()
        own, theirs = codes[found.row], codes[found.rows]
        columns["same_animal"] = pd.arrays.BooleanArray(theirs == own, (theirs < 0) | (own < 0))
    return pd.DataFrame(columns)


def same_by_chance(study: Study, embedding: Embedding, row: int) -> float | None:
    """The share of same-animal observations among all others with a vector; None where nothing is known of it."""
    if study.animal is None:
        return None
    codes = study.animal.cat.codes.to_numpy()
    others = int(embedding.complete.sum()) - 1
    if codes[row] < 0 or others < 1:
        return None
    return float(of_same_animal(study, embedding, row).sum() - 1) / others


def remarks(study: Study, embedding: Embedding, found: Nearest) -> tuple[str, ...]:
    """Sentences: how many are of the same animal, how many that would be by chance, and what was left out."""
    out = []
    chance = same_by_chance(study, embedding, found.row)
    if chance is not None:
        same = nearest_frame(study, found)["same_animal"]
        out.append(
            f"{int(same.sum())} of the {len(same)} nearest are of the same animal ({same.fillna(False).mean():.0%}); "
            f"by chance it would be {chance:.1%}"
        )
        if same.isna().any():
            out.append(f"the animal of {int(same.isna().sum())} of them is not known")
    elif study.animal is not None:
        out.append("the animal of this observation is not known, so nothing is said of the same animal")
    if found.without:
        out.append(f"{found.without:,} of {len(study):,} observations have no vector and were left out")
    return tuple(out)
