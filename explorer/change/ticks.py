"""Where the axis of a chart has its numbers, on the screen and on paper."""

import numpy as np

_TICKS = 5
_STEPS = ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,))
_FEWEST = 3  # of steps by factors; a shorter axis is nearly even
_TENS = 12  # of a number below 1, and as many digits of one


def nice_ticks(low: float, high: float, most: int = _TICKS) -> list[float]:
    """Round numbers within ``low`` .. ``high``, at most ``most`` of them."""
    width = high - low
    if not width > 0:
        return [low]
    unit = 10.0 ** np.floor(np.log10(width / most))
    step = next(unit * one for one in (1, 2, 2.5, 5, 10, 20, 25, 50) if width / (unit * one) <= most - 0.5)
    first = int(np.ceil(low / step - 1e-9))
    return [step * one for one in range(first, int(np.floor(high / step + 1e-9)) + 1)]


def log_ticks(low: float, high: float, most: int = _TICKS) -> list[float]:
    """Round numbers within ``low`` .. ``high``, both above 0, on an axis on which equal factors are equally long."""
    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    every = 1
    while True:
        for steps in _STEPS:
            tens = range(first - first % every, last + 1, every)
            ticks = [float(f"{step}e{ten}") for ten in tens for step in steps]
            ticks = [one for one in ticks if low <= one <= high]
            if len(ticks) <= most:
                return ticks if len(ticks) >= _FEWEST else nice_ticks(low, high, most)
        every += 1


def tick_text(tick: float) -> str:
    """A tick of an axis of factors with the digits it has, and no more."""
    return np.format_float_positional(float(f"{tick:.{_TENS}g}"), trim="-") if tick < 1 else f"{tick:,.{_TENS}g}"
