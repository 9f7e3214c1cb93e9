"""Strata: the observations that share the values of any combination of background variables.

Numbers are binned first (`bin_values`); categories are taken as they are, in their order. A missing value is
a value of its own, so every observation is in exactly one stratum and none is lost.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_RESERVED = ("n", "label")
# Digits a person still reads at a glance; edges with more are rounded, to this share of the narrowest bin.
_READABLE_DIGITS = 6
_ROUNDING = 0.05


@dataclass(frozen=True)
class Binning:
    """How a number becomes a category. Make one with `quantiles`, `edges`, `arcs` or `arc_edges`.

    kind: "quantile" (n bins of near-equal size), "edges" (half-open intervals, the outer ones open-ended) or
    "arcs" (half-open arcs of a circle). n: how many bins, for quantiles. cuts: the edges, in the variable's
    unit, increasing; for arcs where each begins, in order round the circle from the first, in [0, period).
    period: once round the circle.

    Raises ValueError for n < 1, cuts that are missing, infinite or out of order, or a period that is not a
    positive number.
    """

    kind: Literal["quantile", "edges", "arcs"]
    n: int = 0
    cuts: tuple[float, ...] = ()
    period: float = 0.0

    def __post_init__(self) -> None:
        if self.kind == "quantile":
            if self.n < 1:
                raise ValueError(f"The number of bins must be 1 or more, not {self.n}")
            return
        cuts = _finite(self.cuts)
        if self.kind == "edges":
            if (np.diff(cuts) <= 0).any():
                raise ValueError(f"Edges must increase from one to the next, and these do not: {_list(cuts)}")
            return
        if not (np.isfinite(self.period) and self.period > 0):
            raise ValueError(f"The period must be a positive number, not {self.period}")
        if (cuts < 0).any() or (cuts >= self.period).any():
            raise ValueError(f"Arcs must begin in 0 to {self.period:g}: {_list(cuts)}")
        steps = np.diff(np.roll(cuts, -np.argmin(cuts)))
        if (steps <= 0).any():
            raise ValueError(f"Arcs must begin in order within one turn, and these do not: {_list(cuts)}")


def quantiles(n: int) -> Binning:
    """Bin into n bins of near-equal size; see `bin_values` for ties. Raises ValueError for n < 1."""
    return Binning("quantile", n=n)


def edges(cuts: Iterable[float]) -> Binning:
    """Bin by increasing edges a, b, ..., z, in the variable's unit: (-inf, a), [a, b), ..., [z, inf).

    Raises ValueError for no edges, edges that do not increase, or edges that are not finite.
    """
    return Binning("edges", cuts=tuple(float(cut) for cut in cuts))


def arcs(n: int, period: float, start: float = 0.0) -> Binning:
    """Bin a cyclic variable into n equal arcs, the first beginning at start, in the variable's unit.

    Raises ValueError for n < 1 or a period that is not a positive number.
    """
    if n < 1:
        raise ValueError(f"The number of arcs must be 1 or more, not {n}")
    return arc_edges((start + i * period / n for i in range(n)), period)


def arc_edges(cuts: Iterable[float], period: float) -> Binning:
    """Bin a cyclic variable into arcs by where each begins: (22, 6, 14) of 24 is 22 to 6, 6 to 14, 14 to 22.

    An arc holds where it begins and not where it ends; the last ends where the first begins. Edges are taken
    modulo the period. Raises ValueError for no edges, edges out of order, more than one turn, edges that are
    not finite or a period that is not a positive number.
    """
    if not (np.isfinite(period) and period > 0):
        raise ValueError(f"The period must be a positive number, not {period}")
    turned = np.mod(_finite(cuts), period)
    # A hair below 0 rounds up to the period itself, which is 0.
    turned[turned == period] = 0.0
    return Binning("arcs", cuts=tuple(turned.tolist()), period=float(period))


def bin_values(series: pd.Series, binning: Binning) -> pd.Categorical:
    """Put every number into its bin.

    series: (n,) numbers, in any unit; NaN stays missing. Returns (n,) Categorical; its categories are the
    bins in order, with unique, readable labels in the variable's unit ("below 2.1", "2.1 to 3.4", "3.4 or
    more"). Ordered, but for arcs: a circle has no first. Bins set by hand stay among the categories when no
    value is in them.

    Quantile bins never split equal values: each cut moves to the nearest place between two different values
    (halfway, to the lower), and cuts that meet become one. So no bin is empty, sizes differ by at most one
    without ties, and with ties fewer bins may come out than were asked for: `len(result.categories)` says how
    many. The cuts depend on the finite values in series; infinite values fall into the outer bins.

    Arcs take values modulo the period, so 24 of 24 is 0.

    Raises ValueError when series does not hold numbers, or for arcs holds an infinite one.
    """
    values = _numbers(series)
    if binning.kind == "arcs":
        codes, labels = _in_arcs(values, binning)
    else:
        quantile = binning.kind == "quantile"
        cuts = _quantile_cuts(values, binning.n) if quantile else np.array(binning.cuts, dtype=np.float64)
        codes, labels = np.searchsorted(cuts, values, side="right"), _interval_labels(cuts)
    codes = np.where(np.isnan(values), -1, codes)
    return pd.Categorical.from_codes(codes, categories=labels, ordered=binning.kind != "arcs")


@dataclass(frozen=True, eq=False)
class Strata:
    """The partition of n observations into k strata.

    codes: (n,) int64, the stratum of each observation, 0 to k - 1.
    table: k rows, stratum 0 first: one column per variable with its category's label (an ordered
        Categorical), `n` (int64, observations, at least 1) and `label` ("season = winter, parity = 2").
    """

    codes: Ints
    table: pd.DataFrame


def strata(columns: Mapping[str, pd.Series | pd.Categorical], *, size: int | None = None) -> Strata:
    """Put every observation into the stratum of its combination of values.

    columns: name of each variable and its (n,) categories: a Categorical (in its order) or a Series of text,
    whole numbers or truth values (sorted), taken by position whatever the index. Numbers with decimals must
    be binned first. size: n, needed only when there are no variables; then all observations are in one
    stratum, "all".

    Only combinations that occur are strata, in the order of the categories, the first variable slowest.
    Missing is a value of its own, last, labelled "unknown", or "unknown (missing)" where a category has that
    name.

    Raises ValueError for columns of unequal length, unbinned decimals, a variable called "n" or "label", or
    no variables and no size.
    """
    for name in _RESERVED:
        if name in columns:
            raise ValueError(f"Rename the variable {name!r}: the table of strata has a column of that name")
    lengths = {name: len(column) for name, column in columns.items()}
    if size is None and not lengths:
        raise ValueError("Without variables, say how many observations there are (size)")
    n = next(iter(lengths.values())) if size is None else size
    if any(length != n for length in lengths.values()):
        told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise ValueError(f"Every variable must have one value for each of {n} observations: {told}")

    keys: Ints = np.zeros(n, dtype=np.int64)
    codes, found = pd.factorize(keys)
    parts: dict[str, pd.Categorical] = {}
    for name, column in columns.items():
        category, labels = _with_missing(column, name)
        # Numbering the combinations anew at each variable keeps the key small, however many variables.
        codes, found = pd.factorize(codes * len(labels) + category, sort=True)
        before, here = np.divmod(found, len(labels))
        parts = {earlier: part.take(before) for earlier, part in parts.items()}
        parts[name] = pd.Categorical.from_codes(here, categories=labels, ordered=True)

    table = pd.DataFrame(parts, index=pd.RangeIndex(len(found)))
    table["n"] = np.bincount(codes, minlength=len(found)).astype(np.int64)
    table["label"] = _combined_labels(parts, len(found))
    return Strata(codes=codes.astype(np.int64), table=table)


def _with_missing(column: pd.Series | pd.Categorical, name: str) -> tuple[Ints, list[str]]:
    """(n,) int64 codes in the order of the categories, missing last, and the label of each code."""
    if pd.api.types.is_float_dtype(column.dtype):
        raise ValueError(f"{name} holds numbers with decimals: bin them first")
    values = pd.Categorical(column)
    labels = [str(category) for category in values.categories]
    if len(set(labels)) < len(labels):
        # The number 1 and the text "1" are two categories.
        labels = [repr(category) for category in values.categories]
    missing = "unknown"
    while missing in labels:
        missing += " (missing)"
    codes = values.codes.astype(np.int64)
    return np.where(codes < 0, len(labels), codes), [*labels, missing]


def _combined_labels(parts: Mapping[str, pd.Categorical], k: int) -> list[str]:
    if not parts:
        return ["all"] * k
    told = [
        np.array([f"{name} = {label}" for label in part.categories], dtype=object)[part.codes]
        for name, part in parts.items()
    ]
    return [", ".join(one) for one in zip(*told, strict=True)]


def _numbers(series: pd.Series) -> Floats:
    if not pd.api.types.is_any_real_numeric_dtype(series.dtype):
        name = series.name or "this column"
        raise ValueError(f"Only numbers can be binned, and {name} holds {series.dtype}")
    numbers: Floats = series.to_numpy(dtype=np.float64, na_value=np.nan)
    return numbers


def _quantile_cuts(values: Floats, n: int) -> Floats:
    different, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    if len(different) < 2:
        return np.array([], dtype=np.float64)
    # Places where a cut can be: how many values lie below each value but the smallest.
    places = np.cumsum(counts)[:-1]
    wanted = np.arange(1, n) * counts.sum() / n
    above = np.minimum(np.searchsorted(places, wanted), len(places) - 1)
    below = np.maximum(above - 1, 0)
    nearest = np.where(np.abs(wanted - places[below]) <= np.abs(places[above] - wanted), below, above)
    cuts: Floats = different[1:][np.unique(nearest)]
    return cuts


def _in_arcs(values: Floats, binning: Binning) -> tuple[Ints, list[str]]:
    if np.isinf(values).any():
        raise ValueError("An infinite value has no place on a circle")
    cuts = np.array(binning.cuts, dtype=np.float64)
    # Comparing with the cuts as given, not as distances from the first, keeps values on a cut exact.
    place = np.searchsorted(np.sort(cuts), np.mod(values, binning.period), side="right") - 1
    codes = (place - int((cuts < cuts[0]).sum())) % len(cuts)
    if len(cuts) == 1:
        return codes, ["all round"]
    texts = _texts(cuts)
    return codes, [f"{a} to {b}" for a, b in zip(texts, [*texts[1:], texts[0]], strict=True)]


def _interval_labels(cuts: Floats) -> list[str]:
    if not len(cuts):
        return ["all values"]
    texts = _texts(cuts)
    inner = [f"{a} to {b}" for a, b in pairwise(texts)]
    return [f"below {texts[0]}", *inner, f"{texts[-1]} or more"]


def _texts(cuts: Floats) -> list[str]:
    """Write different numbers differently, with no more digits than that needs; short ones as they are."""
    # Adding 0.0 turns -0.0 into 0.0.
    numbers = [cut + 0.0 for cut in cuts.tolist()]
    sizes = [abs(number) for number in numbers if number]
    if sizes and (min(sizes) < 1e-6 or max(sizes) >= 1e15):
        return [repr(number) for number in numbers]
    if all(float(f"{number:.{_READABLE_DIGITS}g}") == number for number in numbers):
        return [np.format_float_positional(number, trim="-") for number in numbers]
    gap = np.diff(np.sort(numbers)).min() if len(numbers) > 1 else sizes[0]
    for digits in range(17):
        rounded = [round(number, digits) + 0.0 for number in numbers]
        error = max(abs(a - b) for a, b in zip(rounded, numbers, strict=True))
        if error <= _ROUNDING * gap:
            texts = [f"{number:.{digits}f}" for number in rounded]
            if len(set(texts)) == len(texts):
                return texts
    return [repr(number) for number in numbers]


def _finite(cuts: Iterable[float]) -> Floats:
    numbers = np.array(list(cuts), dtype=np.float64)
    if not len(numbers) or not np.isfinite(numbers).all():
        raise ValueError("Bins need at least one edge, and every edge must be a finite number")
    return numbers


def _list(cuts: Floats) -> str:
    return ", ".join(f"{cut:g}" for cut in cuts.tolist())
