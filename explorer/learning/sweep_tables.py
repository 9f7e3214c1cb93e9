"""What a sweep says: means over seeds with intervals, which values differ beyond the spread between seeds."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.learning.sweep_folder import Sweep
from explorer.learning.sweep_plan import METHODS, Method, SweepPlan
from explorer.space.bootstrap import UNKNOWN, Interval

Floats = npt.NDArray[np.float64]

Measure = Literal["labels_alike", "recall_at_1", "map_at_r"]
"""What can be compared between all cells: the higher the better, whatever was trained."""

MEASURES: tuple[Measure, ...] = get_args(Measure)

NAMES = {
    "labels_alike": "labels alike",
    "labels_alike_by_chance": "by chance",
    "recall_at_1": "recall@1",
    "map_at_r": "mAP@R",
    "loss_per_triplet": "loss of a triplet",
    "regression_loss": "squared error of a task",
    "triplets": "triplets in a batch",
    "loss_summed": "loss summed over a batch",
    "anchors_dropped": "anchors dropped",
}
"""What the columns that are averaged over seeds are called."""

SHARES = ("labels_alike", "labels_alike_by_chance", "recall_at_1", "map_at_r", "anchors_dropped")
"""Those that are shares."""

_LEVEL = 0.95


def t_interval(values: Sequence[float] | Floats) -> Interval:
    """The mean with its 95 % interval by Student's t, mean +- t sd / sqrt(k), sd with ddof 1; NaN values are left out.

    Without an interval for one value; unknown for none. Values are those of independent seeds.
    """
    from scipy.stats import t

    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        return UNKNOWN
    mean, k = float(known.mean()), len(known)
    if k < 2:
        return Interval(mean, np.nan, np.nan)
    reach = float(t.ppf((1 + _LEVEL) / 2, k - 1) * known.std(ddof=1) / np.sqrt(k))
    return Interval(mean, mean - reach, mean + reach)


def least_difference(values: Floats) -> float:
    """By how much two of V means must differ to differ beyond the spread between seeds; ``values`` float (V, S).

    Tukey's honest significant difference at 5 % for all pairs at once, in blocks of seeds: q sqrt(r / S), r the mean
    square that is left of values and seeds, with (V - 1) (S - 1) degrees of freedom. With two values it is the paired t
    test. NaN with fewer than two values or seeds. Source: Tukey 1949; Montgomery, Design and Analysis of Experiments,
    chapter 4.
    """
    v, s = values.shape
    if v < 2 or s < 2:
        return float("nan")
    rest = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0, keepdims=True) + values.mean()
    free = (v - 1) * (s - 1)
    return float(_studentized_range(v, free) * np.sqrt((rest**2).sum() / free / s))


@lru_cache(maxsize=64)
def _studentized_range(values: int, free: int) -> float:
    """Its 95 % quantile, an integral that takes a tenth of a second."""
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(_LEVEL, values, free))


def summary(sweep: Sweep) -> pd.DataFrame:
    """One row for each method and value: method, n, alpha, seeds, then each of ``NAMES`` with its _low and _high."""
    rows = []
    for (method, n, alpha), cells in sweep.table.groupby(["method", "n", "alpha"], dropna=False, sort=False):
        row: dict[str, object] = {"method": method, "n": n, "alpha": alpha, "seeds": len(cells)}
        for name in NAMES:
            found = t_interval(cells[name].to_numpy(dtype=np.float64))
            row |= {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
        rows.append(row)
    parts = [f"{name}{ending}" for name in NAMES for ending in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=["method", "n", "alpha", "seeds", *parts]).astype({"n": "Int64"})


def shown(means: pd.DataFrame) -> pd.DataFrame:
    """A summary for people: each figure with half its interval, such as "62.1 ± 2.0 %"; empty columns left out."""
    found = pd.DataFrame({"method": [METHODS[name] for name in means["method"]]})
    for name in ("n", "alpha"):
        found[name] = ["" if pd.isna(value) else f"{value:g}" for value in means[name]]
    for name, called in NAMES.items():
        if means[name].notna().any():
            found[called] = [
                _written(name, value, high - value)
                for value, high in zip(means[name], means[f"{name}_high"], strict=True)
            ]
    return found


def _written(name: str, value: float, reach: float) -> str:
    if np.isnan(value):
        return ""
    size, digits, unit = (100.0, 1, " %") if name in SHARES else (1.0, 4 if abs(value) < 10 else 1, "")
    known = "" if np.isnan(reach) else f" ± {size * reach:.{digits}f}"
    return f"{size * value:.{digits}f}{known}{unit}"


def varied(plan: SweepPlan) -> str:
    """The column of what is varied."""
    return "n" if plan.over == "matches" else "alpha"


def grid(sweep: Sweep, method: Method, measure: str) -> pd.DataFrame:
    """A measure of one method, a row for each value and a column for each seed for which all values are finished."""
    cells = sweep.table[sweep.table["method"] == method]
    column = varied(sweep.plan)
    found = cells.set_index([column, "seed"])[measure].astype(np.float64).unstack("seed")  # noqa: PD010 - one a cell
    return found.reindex(list(sweep.plan.values)).dropna(axis=1)


def said(sweep: Sweep) -> Iterator[str]:
    """What the sweep says, in sentences; of seeds for which all values are finished."""
    plan = sweep.plan
    name = "n" if plan.over == "matches" else "alpha"
    if not sweep.finished:
        yield f"{len(sweep.table)} of {sweep.total} runs are finished."
    if grid(sweep, plan.methods[0], "labels_alike").shape[1] < 2:
        yield f"Fewer than two seeds are finished, so nothing says whether one {name} is better than another by chance."
        return
    for method in plan.methods:
        for measure in MEASURES:
            yield _best(sweep, method, measure)
    for method in plan.methods[1:]:
        yield _beside(sweep, method, plan.methods[0])
    yield from (_trained(sweep, method) for method in plan.methods)


def _best(sweep: Sweep, method: Method, measure: Measure) -> str:
    """Whether any value is better than others."""
    plan = sweep.plan
    values, found = plan.values, grid(sweep, method, measure).to_numpy()
    where = f"{METHODS[method]}, {NAMES[measure]}"
    if found.shape[1] < 2:
        return f"{where}: not enough seeds are finished."
    means, least = found.mean(axis=1), least_difference(found)
    best = int(means.argmax())
    below = [value for value, mean in zip(values, means, strict=True) if means[best] - mean > least]
    name = "n" if plan.over == "matches" else "alpha"
    span = f"{min(means):.1%} to {max(means):.1%}, {found.shape[1]} seeds"
    told = f"{span}; only differences above {100 * least:.1f} points count"
    if not below:
        return f"{where}: no {name} is better than the others beyond the spread between seeds ({told})."
    highest = f"{where}: {plan.value_told(values[best])} is highest, beyond the spread between seeds"
    if len(below) == len(values) - 1:
        return f"{highest} above all others ({told})."
    listed = ", ".join(f"{value:g}" for value in below)
    return f"{highest} only above {listed} ({told})."


def _beside(sweep: Sweep, method: Method, other: Method) -> str:
    """A method less another, in pairs of cells with the same value and seed, averaged over the values of each seed."""
    parts = []
    for measure in MEASURES:
        apart = (grid(sweep, method, measure) - grid(sweep, other, measure)).dropna(axis=1)
        parts.append(f"{NAMES[measure]} {_points(t_interval(apart.mean().to_numpy()))}")
    verdict = f"{METHODS[method]} less {METHODS[other]}, in the mean over all values: "
    return verdict + "; ".join(parts) + "."


def _trained(sweep: Sweep, method: Method) -> str:
    """A method, in the mean over its values, less the untrained network of the same seed."""
    bare = sweep.table[sweep.table["method"] == "untrained"].set_index("seed")
    parts = []
    for measure in MEASURES:
        gained = grid(sweep, method, measure).mean() - bare[measure]
        parts.append(f"{NAMES[measure]} {_points(t_interval(gained.to_numpy()))}")
    return f"{METHODS[method]} less the untrained network, in the mean over all values: " + "; ".join(parts) + "."


def _points(found: Interval) -> str:
    """A difference of shares in percentage points, with its interval."""
    if not np.isfinite(found.low):
        return f"{100 * found.value:+.1f} points"
    return f"{100 * found.value:+.1f} points ({100 * found.low:+.1f} to {100 * found.high:+.1f})"
