"""A saved threshold read back: all that its arm decides by, or one sentence on why the file cannot serve."""

import json
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from explorer.errors import UserError
from explorer.recognition.arms import BY_STRATUM, CLUSTERS, PER_ANIMAL, SNORM, WITHOUT_BACKGROUND, deciding
from explorer.recognition.arrays_in_json import Packed
from explorer.recognition.background import Finite, Known
from explorer.recognition.deciding import OwnTaus, Threshold
from explorer.recognition.groups import ALL
from explorer.recognition.threshold_file import VERSION
from explorer.space.adjusting import Adjustment, linear_columns
from explorer.study.embeddings import Embedding

Ints = npt.NDArray[np.int64]
_T = TypeVar("_T")

_AGAIN = "Make one with: latent-explorer threshold"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class _FittedOn(_Part):
    name: str
    sha256: str
    dims: Annotated[int, Field(ge=1)]


class _Arm(_Part):
    name: str
    tau: dict[str, Finite | None]


class _Animals(_Part):
    animals: Annotated[int, Field(ge=1)]


class _Split(_Part):
    gallery: _Animals


class _Guarantee(_Part):
    sentence: str


class _Adjustment(_Part):
    columns: list[str]
    centre: list[Finite]
    slopes: list[list[Finite]]
    unseen: list[bool]


class _Own(_Part):
    common: Finite
    by_name: dict[str, Finite]


class _Recognition(_Part):
    strata: dict[str, list[int]] | None = None
    centres: Packed | None = None
    cohort: Packed | None = None
    own: _Own | None = None


class _File(_Part):
    """What recognition reads of the file; the evidence beside it is for people."""

    embedding: _FittedOn
    arm: str
    conditions: list[Known]
    arms: list[_Arm]
    verdict: str
    split: _Split
    guarantee: _Guarantee
    adjustment: _Adjustment
    recognition: _Recognition


def read_threshold(path: Path, embedding: Embedding) -> Threshold:
    """The threshold in ``path``, for distances in ``embedding``.

    Raises UserError for a file that is no threshold, is of another version, is damaged or decides by the control, and
    for one that was fitted on another embedding: distances of one say nothing about those of another.
    """
    raw = _raw(path)
    try:
        read = _File.model_validate(raw)
        found = _threshold(read)
    except ValidationError as error:
        first = error.errors()[0]
        raise _damaged(path, f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from None
    except (ValueError, KeyError) as error:
        raise _damaged(path, str(error)) from None
    except UserError as error:
        raise UserError(error.what, where=str(path), how=error.how) from None
    if read.embedding.sha256 != embedding.fingerprint:
        raise UserError(
            f"was fitted on the embedding {found.embedding!r} as it was then, not on {embedding.name!r} as it is here",
            where=str(path),
            how="Fit the threshold again on this embedding",
        )
    return found


def _raw(path: Path) -> dict[str, Any]:
    """The file as JSON, of our version."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError("there is no such file", where=str(path), how=_AGAIN) from None
    except (OSError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"is not a threshold of ours ({reason})", where=str(path), how=_AGAIN) from None
    version = raw.get("version") if isinstance(raw, dict) else None
    if type(version) is not int or "embedding" not in raw:
        raise UserError("is not a threshold of ours", where=str(path), how=_AGAIN)
    if version < VERSION:
        raise UserError(
            f"was saved by an older Latent Explorer and does not hold what its arms decide by (version {version} of "
            f"the file, now {VERSION})",
            where=str(path),
            how="Fit the threshold again",
        )
    if version > VERSION:
        raise UserError(
            f"was saved by a newer Latent Explorer (version {version} of the file, here {VERSION})",
            where=str(path),
            how="Install that one, or fit the threshold again",
        )
    return dict(raw)


def _damaged(path: Path, why: str) -> UserError:
    return UserError(f"is damaged ({why})", where=str(path), how="Fit the threshold again")


def _threshold(read: _File) -> Threshold:
    """Raises ValueError for what does not belong together."""
    arm, dims, needs = deciding(read.arm), read.embedding.dims, read.recognition
    taus = next((one.tau for one in read.arms if one.name == arm), {})
    strata = None
    labels = [ALL]
    if arm in BY_STRATUM:
        strata = _strata(needs.strata, read.conditions)
        labels = list(strata)
    centres = _needed(needs.centres, "centres of its clusters").matrix(dims) if arm == CLUSTERS else None
    if centres is not None:
        labels = [f"cluster {place + 1}" for place in range(len(centres))]
    cohort = _needed(needs.cohort, "cohort").matrix(dims) if arm == SNORM else None
    if cohort is not None and len(cohort) < 2:
        raise ValueError("a cohort of one animal")
    own = _needed(needs.own, "thresholds of the animals") if arm == PER_ANIMAL else None
    fitted = {label: _needed(taus.get(label), f"threshold of {label!r}") for label in labels}
    if arm not in (SNORM, PER_ANIMAL) and min(fitted.values()) < 0:
        raise ValueError("a threshold of distances below 0")
    return Threshold(
        arm,
        read.embedding.name,
        dims,
        fitted,
        tuple(read.conditions) if arm in (*BY_STRATUM, *WITHOUT_BACKGROUND) else (),
        strata,
        None if centres is None else np.asarray(centres, dtype=np.float64),
        _adjustment(read) if arm in WITHOUT_BACKGROUND else None,
        cohort,
        None if own is None else OwnTaus(own.common, own.by_name),
        read.split.gallery.animals,
        read.guarantee.sentence,
        read.verdict,
    )


def _needed(part: _T | None, what: str) -> _T:
    if part is None:
        raise ValueError(f"it has no {what}")
    return part


def _strata(given: dict[str, list[int]] | None, known: list[Known]) -> dict[str, Ints]:
    sizes = np.array([len(one.categories) for one in known])
    out: dict[str, Ints] = {}
    for label, codes in _needed(given or None, "strata").items():
        if len(codes) != len(known) or (np.array(codes) < -1).any() or (np.array(codes) >= sizes).any():
            raise ValueError(f"the stratum {label!r} is not one of its variables")
        out[label] = np.array(codes, dtype=np.int64)
    return out


def _adjustment(read: _File) -> Adjustment:
    given = read.adjustment
    empty = pd.Series([], dtype=object)
    names = linear_columns([one.condition(empty) for one in read.conditions]).names
    if tuple(given.columns) != names or {len(given.centre), len(given.slopes), len(given.unseen)} != {len(names)}:
        raise ValueError("the adjustment is not one of its variables")
    if any(len(one) != read.embedding.dims for one in given.slopes):
        raise ValueError("the adjustment is not one of its embedding")
    return Adjustment(names, np.array(given.centre), np.array(given.slopes), np.array(given.unseen))
