"""What the axis of an animal's chart shows: one impossible value must not press all the others flat."""

import numpy as np

from explorer.change.panel import Bools, Floats

_FAR = 5.0
"""Heights of what is shown that a value may lie above or below it and be shown too."""


def within_reach(values: Floats, bands: Floats) -> Bools:
    """Which of ``values`` (n,) one axis can show together, bool (n,); not what is missing.

    ``bands`` (m,): ends of the bands that are drawn, NaN where there is none. Without any, three times the middle half
    of the values, about a band, says how high the chart is. Where less than half would be left, all are shown.
    """
    known, there = bands[np.isfinite(bands)], np.isfinite(values)
    if not there.any():
        return there
    if len(known):
        low, high = np.quantile(known, [0.03, 0.97])
    else:
        first, third = np.quantile(values[there], [0.25, 0.75])
        low, high = 2 * first - third, 2 * third - first
    far = _FAR * (high - low)
    shown = there & (values >= low - far) & (values <= high + far)
    return shown if far > 0 and 2 * shown.sum() >= there.sum() else there
