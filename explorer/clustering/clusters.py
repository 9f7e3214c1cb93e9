"""Which clusters: asked for by a value that is also the name of a variable.

The variable's name says how the clusters are made, so that an address, a filter or a saved selection that names it
means the same observations wherever it is opened.
"""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Literal, NamedTuple
from urllib.parse import quote, unquote

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.clustering.labels import NOISE
from explorer.study.embeddings import Embedding

Method = Literal["hdbscan", "kmeans"]
Way = Literal["plain", "residual", "joined", "strata"]
Labels = npt.NDArray[np.int32]
Bins = tuple[tuple[str, tuple[float, ...]], ...]

METHODS: dict[Method, str] = {"hdbscan": "HDBSCAN", "kmeans": "k-means"}
WAYS: dict[Way, str] = {
    "plain": "of the vectors alone",
    "residual": "without what the variables add",
    "joined": "of the vectors and the variables together",
    "strata": "inside each stratum of the variables",
}
NOISE_NAME = "noise"
MOST = 10_000
"""The largest least size of a cluster, and the largest number of them, that can be asked for."""

MOST_WEIGHT = 1e6
"""The largest weight of variables beside the vectors; far less, and nothing but the variables counts."""

_WORD: dict[Way, str] = {"residual": "without", "joined": "with", "strata": "inside"}
_NAME = re.compile(
    r"cluster (hdbscan|kmeans) (\d{1,5})(?: (without|with|inside) (\S+)(?: at (\S+))?)?(?: seed (\d{1,10}))?"
    r" of (.+?)(?: in ([0-9a-f]{12}))?(?: after decision (\d{1,12}))?"
)


class Clusters(NamedTuple):
    """Which clusters: how many observations each has at least (HDBSCAN), or how many there are (k-means).

    ``part`` names the part of the embedding that they are made of, by the beginning of its fingerprint; None for all.
    ``way`` says how the background variables ``by`` (none for "plain") come in:

    - "residual": the vectors less what the variables add to them;
    - "joined": the variables beside the vectors, with ``weight`` times their total variance (0: as "plain");
    - "strata": in each stratum of the variables by itself, ``size`` as said of each stratum.

    ``bins``: edges, in a variable's unit, between the bins of numbers (or where arcs of a cycle begin), for those of
    ``by`` that are not to be cut by quantiles; "strata" alone uses them. ``seed``: of the first centres of k-means.
    ``decided``: the number of the decision after which they are seen, named, merged and split by people; 0: as made.
    """

    method: Method
    size: int
    embedding: str
    part: str | None = None
    way: Way = "plain"
    by: tuple[str, ...] = ()
    weight: float = 1.0
    bins: Bins = ()
    seed: int = 0
    decided: int = 0

    @property
    def made(self) -> "Clusters":
        """The same as they were made, whatever people decided about them."""
        return self._replace(decided=0)

    @property
    def name(self) -> str:
        """The variable's name."""
        condition = "" if self.way == "plain" else f" {_WORD[self.way]} {'&'.join(map(self._written, self.by))}"
        weight = f" at {as_number(self.weight)}" if self.way == "joined" else ""
        seed = f" seed {self.seed}" if self.seed else ""
        within = f" in {self.part}" if self.part else ""
        within += f" after decision {self.decided}" if self.decided else ""
        return f"cluster {self.method} {self.size}{condition}{weight}{seed} of {self.embedding}{within}"

    def _written(self, variable: str) -> str:
        cuts = dict(self.bins).get(variable)
        return quote(variable, safe="") + ("" if cuts is None else ":" + ",".join(map(as_number, cuts)))

    @property
    def label(self) -> str:
        """What people read."""
        how = f"{self.size} at least" if self.method == "hdbscan" else f"{self.size} of them"
        condition = "" if self.way == "plain" else f", {_WORD[self.way]} {' and '.join(self.by)}"
        part = ", of a part" if self.part else ""
        return f"Cluster ({METHODS[self.method]}, {how}{condition}{part}{', as decided' if self.decided else ''})"


def as_number(value: float) -> str:
    """A number in the shortest form that reads back the same."""
    return repr(float(value)).removesuffix(".0")


def named(name: str) -> Clusters | None:
    """The clusters that a variable's name stands for; None for a variable of another kind."""
    found = _NAME.fullmatch(name)
    if found is None or not 2 <= int(found[2]) <= MOST:
        return None
    method: Method = "hdbscan" if found[1] == "hdbscan" else "kmeans"
    wanted = Clusters(method, int(found[2]), found[7], found[8], seed=int(found[6] or 0), decided=int(found[9] or 0))
    if found[3] is None:
        return wanted if wanted.name == name and is_sound(wanted) else None
    way = next(way for way, word in _WORD.items() if word == found[3])
    try:
        parts = [one.split(":") for one in found[4].split("&")]
        wanted = wanted._replace(
            way=way,
            by=tuple(unquote(part[0], errors="strict") for part in parts),
            bins=tuple(
                (unquote(part[0], errors="strict"), tuple(float(cut) for cut in part[1].split(",")))
                for part in parts
                if len(part) > 1
            ),
            weight=1.0 if found[5] is None else float(found[5]),
        )
    except ValueError:  # no numbers, or no text
        return None
    return wanted if wanted.name == name and is_sound(wanted) else None


def is_sound(wanted: Clusters) -> bool:
    """Whether ``wanted`` can be asked of some study: sizes, weight and edges are in bounds, variables as its way asks.

    Edges of a cycle may begin anywhere, so whether they increase is asked only where they are used.
    """
    cuts = [cut for _, edges in wanted.bins for cut in edges]
    return (
        2 <= wanted.size <= MOST
        and 0 <= wanted.weight <= MOST_WEIGHT
        and 0 <= wanted.seed < 2**31
        and bool(np.isfinite(cuts).all())
        and all(a != b for _, edges in wanted.bins for a, b in pairwise(edges))
        and (wanted.way == "plain") == (not wanted.by)
        and len(set(wanted.by)) == len(wanted.by)
        and all(wanted.by)
        and {name for name, _ in wanted.bins} <= set(wanted.by)
        and (wanted.way == "strata" or not wanted.bins)
    )


def of_part(embedding: Embedding) -> str | None:
    """How the part that ``embedding`` is of is named; None for a whole one."""
    return None if embedding.members is None else embedding.fingerprint[:12]


def usual_size(n: int) -> int:
    """The least size of a cluster that is asked for first, among ``n`` vectors: a hundredth of them, 5 to 200."""
    return max(5, min(200, n // 100))


def as_values(labels: Labels, names: Mapping[int, str] | None = None) -> pd.Series:
    """Labels as a Categorical: clusters are 1, 2, ... by size, then noise; missing without a vector.

    ``names``: what those labels are called that are not called by their number.
    """
    present = np.unique(labels[labels > NOISE])
    called = [(names or {}).get(label, str(label + 1)) for label in present.tolist()]
    noisy = [NOISE_NAME] if bool((labels == NOISE).any()) else []
    codes = np.where(labels == NOISE, len(present), np.searchsorted(present, labels))
    return pd.Series(pd.Categorical.from_codes(np.where(labels < NOISE, -1, codes), [*called, *noisy]))
