"""The numbers behind the Background page, as tables that people read."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from explorer.space.association import Association
from explorer.space.divergence import Divergences
from explorer.space.saliency import VariableSaliency
from explorer.space.varying import VARIES, How

WAYS: dict[How, str] = {
    "observations": "observations exchanged their values, since each is of an animal of its own",
    "animals": "animals exchanged their values, since it is constant in each: exchanging single observations would "
    "count one animal many times",
    "courses": "animals exchanged their whole courses, since it differs between animals and changes within them",
    "visits": "each animal's ups and downs were mirrored or left as they are, since it changes from visit to visit: "
    "that asks nothing of how neighbouring visits hang together",
}
"""How labels were shuffled, and why so."""


def numbers(variables: Sequence[VariableSaliency]) -> pd.DataFrame:
    """One row for each variable: all that was measured, with sizes, and how it varies."""
    return pd.DataFrame(
        {
            "variable": [one.label for one in variables],
            "observations": [one.n for one in variables],
            "missing": [one.missing for one in variables],
            "animals": pd.array([one.animals for one in variables], dtype="Int64"),
            "alone": [one.r2.value for one in variables],
            "beyond the others": [one.conditional.value for one in variables],
            "shared": [one.shared for one in variables],
            "p": [one.test.p for one in variables],
            "p of the scatter": [one.test.spread_p for one in variables],
            "distance correlation": [one.distance_correlation for one in variables],
            "its observations": [one.distance_rows for one in variables],
            "varies": [VARIES[one.how] for one in variables],
            "between animals": [float(np.clip(one.between, 0, 1)) for one in variables],
        }
    )


def ways(variables: Sequence[VariableSaliency]) -> list[tuple[str, list[str]]]:
    """How labels were shuffled, and the labels of the variables of which that was done."""
    found: dict[How, list[str]] = {}
    for one in variables:
        found.setdefault(one.how, []).append(one.label)
    return [(WAYS[how], labels) for how, labels in found.items()]


def inflation(found: Association, labels: Mapping[str, str]) -> pd.DataFrame:
    """What all others together tell of each variable, and the variance inflation that this is; the most first."""
    frame = pd.DataFrame(
        {
            "variable": [labels[name] for name in found.inflation],
            "told by all others": [1 - 1 / value for value in found.inflation.values()],
            "variance inflation": [f"{value:.2f}" if np.isfinite(value) else "∞" for value in found.inflation.values()],
        }
    )
    return frame.sort_values("told by all others", ascending=False, kind="stable", ignore_index=True)


def dimensions(found: Divergences, called: Mapping[int, str]) -> pd.DataFrame:
    """One row for each dimension, those that differ most first; ``called``: the names of those that have one."""
    widest = found.widest
    return pd.DataFrame(
        {
            "dimension": [one.dimension for one in widest],
            "is": [called.get(one.dimension, "") for one in widest],
            "Jeffrey": [one.jeffrey.value for one in widest],
            "from": [one.jeffrey.low for one in widest],
            "to": [one.jeffrey.high for one in widest],
            "W2 squared": [one.w2.value for one in widest],
            "W2 from": [one.w2.low for one in widest],
            "W2 to": [one.w2.high for one in widest],
        }
    )
