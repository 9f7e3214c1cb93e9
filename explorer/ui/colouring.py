"""How the values of a variable become colours and shapes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.study.schema import Variable
from explorer.ui.palette import CYCLIC, SEQUENTIAL, SYMBOLS, Palette

Rows = npt.NDArray[np.int64]

MISSING = "missing"
_SHAPES_UP_TO = 20_000


@dataclass(frozen=True)
class Colouring:
    """What the points are coloured by. ``aside`` is a category that is drawn grey: that of no group."""

    name: str
    variable: Variable
    values: pd.Series
    aside: str | None = None

    @property
    def title(self) -> str:
        """The variable's name with its unit, for a legend."""
        label = self.variable.label or self.name.replace("_", " ")
        return f"{label} ({self.variable.unit})" if self.variable.unit else label

    @property
    def by_category(self) -> bool:
        """Whether the values are categories (else numbers)."""
        return isinstance(self.values.dtype, pd.CategoricalDtype)

    def ramp(self, palette: Palette, steps: int) -> list[str]:
        """Colours from the lowest number to the highest, as ``rgb(r, g, b)``; those of a cyclic variable close."""
        if self.variable.cycle is not None:
            return _along(CYCLIC, np.linspace(0, 1, steps))
        return _along(SEQUENTIAL, np.linspace(*palette.sequential, steps))

    def limits(self, rows: Rows) -> tuple[float, float]:
        """The numbers at the ends of the colour scale: the cycle, or the 1st and 99th percentile of ``rows``.

        The tails would otherwise leave most points in one colour; what lies beyond has the end's colour.
        """
        if self.variable.cycle is not None:
            return 0.0, self.variable.cycle
        values = self.values.to_numpy(dtype=np.float64)[rows]
        values = values[np.isfinite(values)]
        if not len(values):
            return 0.0, 1.0
        low, high = (float(bound) for bound in np.percentile(values, [1, 99]))
        return (low, high) if low < high else (float(values.min()), float(values.max()))


@dataclass(frozen=True)
class Group:
    """Points that look alike: one entry of the legend. ``value`` is their category, None for several."""

    label: str
    colour: str
    symbol: str
    rows: Rows
    value: str | None


def split_missing(colouring: Colouring, rows: Rows) -> tuple[Rows, Rows]:
    """``rows`` with a value, and those without."""
    known = colouring.values.notna().to_numpy()[rows]
    return rows[known], rows[~known]


def groups(colouring: Colouring, rows: Rows, palette: Palette, *, shapes_up_to: int = _SHAPES_UP_TO) -> list[Group]:
    """One group per category among ``rows``, in the categories' order; the rarest beyond 16 share a grey one.

    One that is set aside comes before all, in grey.
    Up to six categories differ in shape as well as colour, unless there are more rows than ``shapes_up_to``.
    """
    values = colouring.values
    codes = values.cat.codes.to_numpy()[rows]
    sizes = np.bincount(codes, minlength=len(values.cat.categories))
    beside = values.cat.categories.get_indexer([colouring.aside])[0] if colouring.aside else -1
    present = np.flatnonzero(sizes)
    present = present[present != beside]
    named = present
    if len(present) > len(palette.categories):
        named = np.sort(present[np.argsort(-sizes[present], kind="stable")[: len(palette.categories) - 1]])
    colours = _colours(len(named), values.cat.ordered, palette)
    out = []
    aside = rows[codes == beside]
    if len(aside):
        out.append(Group(str(colouring.aside), palette.missing, "circle", aside, colouring.aside))
    rest = rows[~np.isin(codes, [*named, beside])]
    if len(rest):
        out.append(Group(f"other ({len(present) - len(named):,} more)", palette.missing, "circle", rest, None))
    order = np.argsort(codes, kind="stable")
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    for place, code in enumerate(named):
        shaped = len(named) <= len(SYMBOLS) and len(rows) <= shapes_up_to
        symbol = SYMBOLS[place] if shaped else "circle"
        members = rows[order[bounds[code] : bounds[code + 1]]]
        label = str(values.cat.categories[code])
        out.append(Group(label, colours[place], symbol, members, label))
    return out


def _colours(n: int, ordered: bool, palette: Palette) -> list[str]:
    if ordered and n > 1:  # steps of an order are steps of one scale
        return _along(SEQUENTIAL, np.linspace(*palette.sequential, n))
    return [palette.categories[place] for place in range(n)]


def _along(scale: str, shares: npt.NDArray[np.float64]) -> list[str]:
    import plotly.colors

    return list(plotly.colors.sample_colorscale(scale, shares))


def rgb(colour: str) -> tuple[int, int, int]:
    """``#RRGGBB`` or Plotly's ``rgb(r, g, b)``, whose parts may be broken numbers, as three whole ones."""
    if colour.startswith("rgb("):
        red, green, blue = (round(float(part)) for part in colour[4:-1].split(","))
        return red, green, blue
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
