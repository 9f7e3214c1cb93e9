"""The chart of looking back: points, steps over them, and what stands where a level begins."""

import numpy as np
import pytest

from explorer.change.clock import Clock
from explorer.change.levels import levels_of
from explorer.ui.animal.levels_chart import levels_chart
from explorer.ui.palette import _PALETTES

DAYS = 19_800.0 + 7 * np.arange(20)
VALUES = np.append(600 + np.tile([1.0, -1.0], 5), 560 + np.tile([1.0, -1.0], 5))


def drawn(clock, unit="kg", theme="light"):
    levels = levels_of(VALUES)
    return levels_chart(DAYS, VALUES, levels, clock, unit, 1, (19_790.0, 19_950.0), _PALETTES[theme])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_level_is_a_step_over_the_points(theme):
    fig = drawn(Clock(None), theme=theme)
    traces = {one.name: one for one in fig.data}
    assert list(traces["measured"].y) == VALUES.tolist()
    first, second = traces["level 1"], traces["level 2"]
    assert list(first.y) == [600.0, 600.0] and list(second.y) == [560.0, 560.0]
    assert second.x[0] == traces["measured"].x[10] and first.x[-1] == traces["measured"].x[9]
    (line,) = fig.layout.shapes
    assert np.datetime64(line.x0) == second.x[0] and line.x0 == line.x1
    (said,) = fig.layout.annotations
    assert said.text == "-40.0"
    assert "10 visits" in second.hovertemplate
    band = traces["interval 2"]
    assert min(band.y) < 560 < max(band.y)


def test_names_are_not_interpreted_and_numeric_times_have_their_unit():
    fig = drawn(Clock("days"), unit="<b>$k$")
    assert fig.layout.xaxis.title.text == "days"
    assert "<b>" not in fig.layout.yaxis.title.text and "$" not in fig.layout.yaxis.title.text
    assert fig.layout.shapes[0].x0 == DAYS[10]
