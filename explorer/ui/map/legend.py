"""The legend that the map draws, and the codes by which its points find their colours."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from explorer.ui.colouring import MISSING, Colouring, groups, rgb, split_missing
from explorer.ui.palette import SYMBOLS, Palette
from explorer.view import VariableFilter

Rows = npt.NDArray[np.int64]

UNKNOWN = 255  # the code of a missing value
_STEPS = 254  # colours along a scale of numbers
_RAMP = 24  # of those, as many in the legend
_TICKS = 5


@dataclass(frozen=True)
class Painted:
    """How the points look: ``codes`` uint8 (n,), a colour and a shape for each code, and what the legend says."""

    codes: npt.NDArray[np.uint8]
    colours: list[tuple[int, int, int]]
    shapes: list[int]
    legend: dict[str, Any]


def painted(
    colouring: Colouring,
    palette: Palette,
    *,
    placed: npt.NDArray[np.bool_],
    passing: npt.NDArray[np.bool_],
    chosen: VariableFilter | None,
) -> Painted:
    """The colours of the observations that have a place on the map, bool (n,) ``placed``.

    Categories keep their colours whatever is filtered. ``passing`` says which observations pass the filters on *other*
    variables: those are counted, so that an entry says what a click on it would show. ``chosen`` is the filter on this
    variable, if any.
    """
    rows = np.flatnonzero(placed)
    known, unknown = split_missing(colouring, rows)
    codes = np.full(len(placed), UNKNOWN, dtype=np.uint8)
    colours = [rgb(palette.missing)] * 256
    shapes = [0] * 256
    missing = None
    if len(unknown):
        missing = {
            "label": MISSING,
            "colour": palette.missing,
            "shape": "circle",
            "count": int(passing[unknown].sum()),
            "value": None,
            "missing": True,
            "on": chosen is None or chosen.missing,
        }
    if not colouring.by_category:
        legend = _numbers(colouring, palette, known, codes, colours, chosen)
        return Painted(codes, colours, shapes, {**legend, "missing": missing})
    entries = []
    for code, group in enumerate(groups(colouring, known, palette, shapes_up_to=len(placed))):
        codes[group.rows] = code
        colours[code] = rgb(group.colour)
        shapes[code] = SYMBOLS.index(group.symbol)
        entries.append(
            {
                "label": group.label,
                "colour": group.colour,
                "shape": group.symbol,
                "count": int(passing[group.rows].sum()),
                "value": group.value,
                "on": _shows(chosen, group.value),
            }
        )
    # What is grey is drawn first, but named last.
    entries.sort(key=lambda entry: entry["value"] is None or entry["value"] == colouring.aside)
    return Painted(
        codes,
        colours,
        shapes,
        {
            "kind": "categories",
            "title": colouring.title,
            "entries": [*entries, *([missing] if missing else [])],
        },
    )


def _shows(chosen: VariableFilter | None, value: str | None) -> bool:
    return chosen is None or chosen.values is None or value is None or value in chosen.values


def _numbers(
    colouring: Colouring,
    palette: Palette,
    rows: Rows,
    codes: npt.NDArray[np.uint8],
    colours: list[tuple[int, int, int]],
    chosen: VariableFilter | None,
) -> dict[str, Any]:
    low, high = colouring.limits(rows)
    values = colouring.values.to_numpy(dtype=np.float64)[rows]
    codes[rows] = np.clip((values - low) / max(high - low, 1e-300) * _STEPS, 0, _STEPS - 1).astype(np.uint8)
    colours[:_STEPS] = [rgb(colour) for colour in colouring.ramp(palette, _STEPS)]
    return {
        "kind": "numbers",
        "title": colouring.title,
        "from": low,
        "to": high,
        "low": f"{low:.4g}",
        "high": f"{high:.4g}",
        "ramp": colouring.ramp(palette, _RAMP),
        "ticks": _ticks(low, high, beyond=(bool((values < low).any()), bool((values > high).any()))),
        "range": None if chosen is None else [chosen.low, chosen.high],
    }


def _ticks(low: float, high: float, *, beyond: tuple[bool, bool]) -> list[dict[str, Any]]:
    """Round numbers between the ends, and the ends themselves, with a sign where values lie beyond them."""
    if not high > low:
        return [{"value": low, "label": f"{low:.4g}"}]
    rough = (high - low) / _TICKS
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * next(one for one in (1, 2, 5, 10) if one * power >= rough)
    between = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    apart = (high - low) * 0.1
    ticks = [{"value": low, "label": ("≤ " if beyond[0] else "") + f"{low:.4g}"}]
    ticks += [
        {"value": float(value), "label": f"{value:.4g}"} for value in between if low + apart < value < high - apart
    ]
    return [*ticks, {"value": high, "label": ("≥ " if beyond[1] else "") + f"{high:.4g}"}]
