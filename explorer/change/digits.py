"""Figures of a series in words: in its unit, with the digits that the animal's own spread allows.

Of a series that is followed on a logarithm, values are told as they were measured, and changes as factors.
"""

import numpy as np

from explorer.change.scale import LOG2, TIMES, off_scale
from explorer.change.series import Series


def decimals_of(spread: float) -> int:
    """Decimals with which a difference of a tenth of the animal's own spread can be seen."""
    decimals = 0
    while decimals < 6 and spread > 0 and spread / 10 < 0.5 * 10.0**-decimals:
        decimals += 1
    return decimals


def written(value: float, decimals: int) -> str:
    """``value`` with so many decimals, nothing without a sign."""
    return f"{round(value, decimals) + 0.0:.{decimals}f}"


def with_unit(words: str, unit: str) -> str:
    """Figures and their unit; one that begins with a number, such as 1000/mL, must not be read as more digits."""
    return f"{words} {'× ' if unit[:1].isdigit() else ''}{unit}".strip()


def value_said(series: Series, value: float, spread: float) -> str:
    """``value``, on the scale of ``series``, as it was measured; ``spread``: of the animal, on that scale."""
    if series.scale == LOG2:
        value = float(off_scale(np.array(value), LOG2))
        spread = value * np.log(2) * spread  # what a small step on the logarithm is there
    return written(value, decimals_of(spread))


def change_said(series: Series, change: float, low: float, high: float, spread: float) -> str:
    """A difference on the scale of ``series`` with its interval: "-38 (-51 to -24)" in its unit, which does not stand
    there; on a logarithm "3.2 times (1.9 to 5.4)"."""
    said, least, most = (value_said(series, one, spread) for one in (change, low, high))
    if series.scale == LOG2:
        return f"{said} {TIMES} ({least} to {most})"
    return f"{'+' if change > 0 else ''}{said} ({least} to {most})"
