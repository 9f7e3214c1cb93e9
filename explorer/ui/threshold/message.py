"""What Python says to the threshold that is dragged: every search of the test once, in Arrow columns."""

import hashlib
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from explorer.recognition.arms import GLOBAL, PER_ANIMAL, RESIDUALISED, RESIDUALISED_STRATUM, SNORM, STRATUM
from explorer.recognition.evidence import Evidence
from explorer.recognition.separation import TOGETHER
from explorer.ui.palette import Palette

SCORES = {
    GLOBAL: "Distances as they are",
    RESIDUALISED: "Distances without the background",
    SNORM: "Distances normalised by a cohort",
    PER_ANIMAL: "Distances less each animal's own threshold",
}
"""Arms with scores of their own, by what these are called."""

_BY_STRATUM = {GLOBAL: STRATUM, RESIDUALISED: RESIDUALISED_STRATUM}
"""Where the thresholds of strata are, in the same scores."""

_RIGHT, _WRONG = 1, 2  # kinds of searches, 0 for an animal that is unknown; tau.js has the same


def message(found: Evidence, arm: str, palette: Palette) -> tuple[dict[str, Any], pa.Table]:
    """What is said in words and numbers, and the searches in the scores of ``arm``, one of ``SCORES``.

    Columns of the searches: score float64, animal int32, stratum int32 (its place in the labels), kind int32.
    """
    searches = found.arms[arm].searches
    own = found.taus(_BY_STRATUM[arm]) if arm in _BY_STRATUM else {}
    taken = found.facts["guarantee"]["taken_from"]
    table = pa.table(
        {
            "score": pa.array(searches.score),
            "animal": pa.array(searches.animals.astype(np.int32)),
            "stratum": pa.array(found.strata.astype(np.int32)),
            "kind": pa.array(np.where(searches.known, np.where(searches.right, _RIGHT, _WRONG), 0).astype(np.int32)),
        }
    )
    said: dict[str, Any] = {
        "labels": list(found.labels),
        "common": found.taus(arm)[TOGETHER],
        "taus": [own.get(label) for label in found.labels],
        "own": [label not in taken for label in found.labels],
        "axis": SCORES[arm].lower(),
        "colours": {
            "accepts": palette.categories[1],
            "misses": palette.categories[0],
            "mistaken": palette.categories[3],
        },
    }
    told = orjson.dumps([said, hashlib.blake2b(found.content).hexdigest()])
    said["version"] = hashlib.blake2b(told, digest_size=6).hexdigest()
    return said, table
