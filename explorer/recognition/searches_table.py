"""Tables of the searches of the test: all of them by arm, and those whose verdict an arm changes."""

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.recognition.arms import CONDITIONED, GLOBAL
from explorer.recognition.asked import Asked, described
from explorer.recognition.evidence import ArmSeen, Evidence
from explorer.space.view_table import Export
from explorer.study.export import Format, table_bytes
from explorer.study.study import Study

Ints = npt.NDArray[np.int64]

Option = Literal["--searches", "--changed"]

ITSELF, ANOTHER, UNKNOWN = "accepted as itself", "accepted as another", "called unknown"


def verdicts(seen: ArmSeen) -> npt.NDArray[np.str_]:
    """What each search of an arm came to, text (q,): one of ``ITSELF``, ``ANOTHER`` and ``UNKNOWN``."""
    return np.where(seen.accepted, np.where(seen.searches.right, ITSELF, ANOTHER), UNKNOWN)


def is_right(seen: ArmSeen) -> npt.NDArray[np.bool_]:
    """Whether that is right, bool (q,): an animal of the gallery accepted as itself, any other called unknown."""
    return np.where(seen.searches.known, seen.accepted & seen.searches.right, ~seen.accepted)


def changed_places(found: Evidence, arm: str) -> Ints:
    """Places, int64, of the searches whose verdict differs between one threshold for all and ``arm``.

    First those that come right, then those that go wrong, then those that are wrong either way; the smallest distances
    first.
    """
    before, after = found.arms[GLOBAL], found.arms[arm]
    places = np.flatnonzero(verdicts(before) != verdicts(after))
    rank = np.where(is_right(after), 0, np.where(is_right(before), 1, 2))[places]
    return places[np.lexsort((before.searches.score[places], rank))]


def searches_frame(study: Study, found: Evidence) -> pd.DataFrame:
    """One row for each search of the test and arm, arms one after the other.

    Columns: observation_id, animal_id, in_gallery (bool: the animal is), stratum, arm, nearest_id, nearest_animal (of
    the observation found; missing where the gallery held none), score (a distance in the arm's own terms), tau,
    verdict, right.
    """
    parts = [
        {
            **_looked_up(study, found),
            "arm": name,
            **_found(study, one),
            "score": one.searches.score,
            "tau": one.tau,
            "verdict": verdicts(one),
            "right": is_right(one),
        }
        for name, one in found.arms.items()
    ]
    return pd.concat([pd.DataFrame(one) for one in parts], ignore_index=True)


def changed_frame(study: Study, found: Evidence, arms: Iterable[str]) -> pd.DataFrame:
    """The searches whose verdict differs between one threshold for all and each of ``arms``, in that order.

    Columns: observation_id, animal_id, in_gallery, stratum; nearest_id, nearest_animal, distance, tau, verdict and
    right with one threshold for all; then arm, arm_nearest_id, arm_nearest_animal, arm_score, arm_tau, arm_verdict and
    arm_right.
    """
    before = found.arms[GLOBAL]
    parts = []
    for name in arms:
        after, at = found.arms[name], changed_places(found, name)
        frame = pd.DataFrame(
            {
                **_looked_up(study, found),
                **_found(study, before),
                "distance": before.searches.score,
                "tau": before.tau,
                "verdict": verdicts(before),
                "right": is_right(before),
                "arm": name,
                **{f"arm_{column}": values for column, values in _found(study, after).items()},
                "arm_score": after.searches.score,
                "arm_tau": after.tau,
                "arm_verdict": verdicts(after),
                "arm_right": is_right(after),
            }
        )
        parts.append(frame.iloc[at])
    return pd.concat(parts, ignore_index=True)


def table_of(
    study: Study,
    asked: Asked,
    found: Evidence,
    option: Option,
    *,
    file: str,
    threshold: bytes,
    beside: str,
    format: Format = "csv",
) -> Export:
    """What the command ``threshold`` writes with ``option``: all searches, or those that a conditioned arm changes.

    The command of its manifest writes the file ``beside`` too, the one with the bytes ``threshold``.
    """
    frame = searches_frame(study, found) if option == "--searches" else changed_frame(study, found, CONDITIONED)
    content = table_bytes(frame, format)
    facts = described(study, asked, threshold, file=beside, more=(option, file, content, len(frame)))
    return Export(content, facts, len(frame))


def _looked_up(study: Study, found: Evidence) -> dict[str, Any]:
    return {
        "observation_id": study.ids.take(found.rows).to_pandas(),
        "animal_id": _animals(study, found.rows),
        "in_gallery": found.known,
        "stratum": np.array(found.labels, dtype=object)[found.strata],
    }


def _found(study: Study, seen: ArmSeen) -> dict[str, Any]:
    """What each search found; missing where the gallery held nothing to compare with."""
    there, item = seen.item >= 0, np.maximum(seen.item, 0)
    ids = study.ids.take(item).to_pandas().to_numpy(dtype=object)
    animals = _animals(study, item)
    ids[~there] = animals[~there] = None
    return {"nearest_id": ids, "nearest_animal": animals}


def _animals(study: Study, rows: Ints) -> npt.NDArray[np.object_]:
    assert study.animal is not None
    return study.animal.iloc[rows].to_numpy(dtype=object, copy=True)
