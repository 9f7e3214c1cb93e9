"""The bars of a variable's histogram, and the bar that each observation stands in."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.study.schema import Variable
from explorer.study.study import Study

MOST_CATEGORIES = 12
MOST_BINS = 24

_TAIL = 0.5  # per cent of the values at each end that may share one bar ...
_FAR = 4.0  # ... when with them the numbers reach so many times as far
_FEW_OF = 2_000  # values looked at first: most columns show there that theirs are not few
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bar:
    """One bar.

    ``values`` are its categories (several in "other"); ``low`` .. ``high``, both inclusive, hold exactly its numbers.
    ``missing``: it stands for what has no value. ``span`` are its ends in words, for several bars as one range.
    """

    label: str
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    missing: bool = False
    span: tuple[str, str] | None = None

    @property
    def clickable(self) -> bool:
        """Whether a filter can show it alone: "other" would need all its names in the address."""
        return len(self.values) <= 1


@dataclass(frozen=True)
class Bins:
    """The bars of one variable of a study. ``codes``, uint8 (n,), says in which of ``bars`` each observation stands.

    At most 25 bars; what has no value stands in the last one. ``ends`` are the numbers below the ends of the axis,
    None where each bar has a name instead. ``cyclic``: the last bar lies beside the first.
    """

    variable: str
    codes: npt.NDArray[np.uint8]
    bars: tuple[Bar, ...]
    by_category: bool
    cyclic: bool = False
    ends: tuple[str, str] | None = None


def bins_of(study: Study, name: str) -> Bins:
    """The bars of variable ``name``; depends on the study only. Raises UserError when its values cannot be read.

    Categories: one bar each in their own order, the rarest beyond ``MOST_CATEGORIES`` together. Numbers: one bar per
    value where they are few, else at most ``MOST_BINS`` between round numbers; cyclic ones over their whole period.
    """
    values, variable = study.values(name), study.variable(name)
    if isinstance(values.dtype, pd.CategoricalDtype):
        return _categories(name, values)
    with np.errstate(all="ignore"):  # of numbers at the ends of what a float can hold
        return _numbers(name, values.to_numpy(dtype=np.float64), variable)


def _categories(name: str, values: pd.Series) -> Bins:
    labels = [str(label) for label in values.cat.categories]
    found = values.cat.codes.to_numpy()
    sizes = np.bincount(found[found >= 0], minlength=len(labels))
    present = np.flatnonzero(sizes)
    whole = values.cat.ordered and len(labels) <= MOST_CATEGORIES  # an order keeps its place for what was never seen
    named = np.arange(len(labels)) if whole else present
    if len(named) > MOST_CATEGORIES:
        named = np.sort(present[np.argsort(-sizes[present], kind="stable")[:MOST_CATEGORIES]])
    bars = [Bar(labels[code], values=(labels[code],)) for code in named]
    code_of = np.full(len(labels) + 1, len(bars), dtype=np.uint8)
    code_of[named] = np.arange(len(named), dtype=np.uint8)
    rest = np.setdiff1d(present, named)
    if len(rest):
        bars.append(Bar(f"other ({len(rest):,} more)", values=tuple(labels[code] for code in rest)))
    if (found < 0).any():
        code_of[-1] = len(bars)  # where the code -1 looks
        bars.append(Bar("missing", missing=True))
    return Bins(name, code_of[found], tuple(bars), by_category=True)


def _numbers(name: str, values: Numbers, variable: Variable) -> Bins:
    known = np.isfinite(values)
    numbers = values[known]
    if not len(numbers):
        bars, ends, inside = [], None, np.empty(0, dtype=np.intp)
    elif (few := _few(numbers, variable)) is not None:
        inside = np.searchsorted(few, numbers)
        bars = [_single(float(value)) for value in few]
        ends = (bars[0].label, bars[-1].label)
    else:
        edges = _edges(numbers, variable)
        inside = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, len(edges) - 2)
        upper = _upper_bounds(edges, numbers, inside)
        spans = _spans(edges, numbers, variable)
        labels = _labels(edges, spans, variable)
        bars = [
            Bar(label, low=float(low), high=high, span=span)
            for label, low, high, span in zip(labels, edges[:-1], upper, spans, strict=True)
        ]
        ends = (labels[0], labels[-1]) if _is_month(variable) else (_said(edges[0]), _said(edges[-1]))
    codes = np.full(len(values), len(bars), dtype=np.uint8)
    codes[known] = inside
    if not known.all():
        bars.append(Bar("missing", missing=True))
    return Bins(name, codes, tuple(bars), by_category=False, cyclic=variable.cycle is not None, ends=ends)


def _few(numbers: Numbers, variable: Variable) -> Numbers | None:
    """The values that have a bar of their own each; None when they are many, or measured.

    Between them stand the steps that nobody was given, unless those are many.
    """
    if variable.cycle is not None or len(np.unique(numbers[:_FEW_OF])) > MOST_BINS:
        return None
    distinct = np.unique(numbers)
    counted = variable.kind == "ordinal" or bool((distinct == np.floor(distinct)).all())
    if len(distinct) > MOST_BINS or not (counted or len(distinct) == 1):
        return None
    if len(distinct) > 2:
        low, high, step = distinct[0], distinct[-1], np.diff(distinct).min()
        if high / step - low / step <= MOST_BINS - 1:
            steps = low + step * np.arange(round((high - low) / step) + 1)
            if np.isin(distinct, steps).all():
                return steps
    return distinct


def _edges(numbers: Numbers, variable: Variable) -> Numbers:
    if variable.cycle is not None:
        whole = variable.cycle.is_integer() and 2 <= variable.cycle <= MOST_BINS
        return np.linspace(0, variable.cycle, (int(variable.cycle) if whole else MOST_BINS) + 1)
    low, high = float(numbers.min()), float(numbers.max())
    start, end = (float(bound) for bound in np.percentile(numbers, [_TAIL, 100 - _TAIL]))
    if end > start and high / _FAR - low / _FAR > end - start:  # a few far away would press the others into one bar
        edges = _round_edges(start, end, MOST_BINS - 2, _grain(numbers))
        return np.unique(np.concatenate([[min(low, edges[0])], edges, [max(high, edges[-1])]]))
    edges = _round_edges(low, high, MOST_BINS, _grain(numbers))
    edges[0] = min(edges[0], low)
    return edges


def _grain(numbers: Numbers) -> float | None:
    """The step that all the numbers are multiples of (scores in eighths, whole days); None when there is none."""
    distinct = np.unique(numbers[:_FEW_OF])
    step = float(np.diff(distinct).min()) if 1 < len(distinct) <= _FEW_OF // 10 else 1.0
    places = numbers / step
    return step if bool((np.abs(places - np.rint(places)) < 1e-6).all()) else None


def _round_edges(low: float, high: float, most: int, grain: float | None) -> Numbers:
    """Round numbers from ``low`` or below to ``high`` or above, at most ``most`` steps apart; float64, ascending.

    Steps are multiples of ``grain`` where a round one is: else some bars would have room for more values than others.
    """
    rough = high / most - low / most
    power = 10.0 ** np.floor(np.log10(rough)) if rough > 1e-300 else 0.0
    steps = [factor * power for factor in (1, 2, 2.5, 5, 10, 20)] if power else []
    if grain is not None:
        even = [step for step in steps[:-1] if abs(step / grain - np.rint(step / grain)) < 1e-6]
        steps = even or steps
    for step in steps:
        first, last = np.floor(low / step), np.ceil(high / step)
        if last - first <= most:
            # Fifteen digits, so that three tenths are 0.3.
            edges = np.unique([float(f"{place * step:.15g}") for place in np.arange(first, last + 1)])
            if len(edges) > 1 and np.isfinite(edges).all():
                return edges
    return np.array([low, high])


def _upper_bounds(edges: Numbers, numbers: Numbers, inside: npt.NDArray[np.intp]) -> list[float]:
    """The inclusive upper bound of each bin: its largest number, or a shorter one above that is still inside it."""
    largest = edges[:-1].copy()
    np.maximum.at(largest, inside, numbers)
    return [_shortest(*pair) for pair in zip(largest, [*edges[1:-1], np.inf], strict=True)]


def _shortest(largest: float, below: float) -> float:
    """The number with the fewest digits, three at least, from ``largest`` on and below ``below``."""
    tried = (float(f"{largest:.{digits}g}") for digits in range(3, 18))
    return next(number for number in tried if largest <= number < below)


def _single(value: float) -> Bar:
    return Bar(_said(value), low=value, high=value, span=(_said(value), _said(value)))


def _spans(edges: Numbers, numbers: Numbers, variable: Variable) -> list[tuple[str, str]]:
    """Where each bar begins and ends, in words."""
    if _is_month(variable):
        return [(month, month) for month in _MONTHS]
    whole = bool((edges == np.floor(edges)).all() and (numbers == np.floor(numbers)).all())
    said = [_said(edge) for edge in edges]
    last = [_said(edge - 1) for edge in edges[1:]] if whole else [f"under {edge}" for edge in said[1:]]
    if variable.cycle is None:
        last[-1] = said[-1]
    return list(zip(said[:-1], last, strict=True))


def _labels(edges: Numbers, spans: list[tuple[str, str]], variable: Variable) -> list[str]:
    labels = [start if start == end else f"{start} to {end}" for start, end in spans]
    if len(edges) > 3 and variable.cycle is None:  # bars of what lies far away say so
        widths = np.diff(edges)
        if not np.isclose(widths[0], widths[1]):
            labels[0] = f"below {_said(edges[1])}"
        if not np.isclose(widths[-1], widths[-2]):
            labels[-1] = f"{_said(edges[-2])} and above"
    return labels


def _is_month(variable: Variable) -> bool:
    return variable.derive is not None and variable.derive.rule == "month" and variable.cycle == len(_MONTHS)


def _said(number: float) -> str:
    whole = float(number).is_integer() and abs(number) < 1e16
    if whole and abs(number) >= 10_000:  # below that, it may be a year
        return f"{int(number):,}"
    return str(int(number)) if whole else f"{number:.12g}"
