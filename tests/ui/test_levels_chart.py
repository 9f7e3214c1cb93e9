"""The chart of looking back: points, steps over them, and what stands where a level begins."""

from dataclasses import replace

import numpy as np
import pytest

from explorer.change.clock import Clock
from explorer.change.levels import levels_of
from explorer.change.series import Series
from explorer.ui.animal.levels_chart import levels_chart
from explorer.ui.palette import _PALETTES

DAYS = 19_800.0 + 7 * np.arange(20)
VALUES = np.append(600 + np.tile([1.0, -1.0], 5), 560 + np.tile([1.0, -1.0], 5))


def drawn(clock, unit="kg", theme="light", **changes):
    none = np.zeros(len(DAYS), dtype=np.int64)
    series = Series(
        name="weight", label="Weight", unit=unit, relevant=None, clock=clock, animals=("cow",), animal=none, day=DAYS,
        value=VALUES, merged=none + 1, row=none,
    )  # fmt: skip
    series = replace(series, **changes)
    return levels_chart(series, levels_of(series.value), (19_790.0, 19_950.0), _PALETTES[theme])


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
    assert said.text == "-40"
    assert "10 visits" in second.hovertemplate
    band = traces["interval 2"]
    assert min(band.y) < 560 < max(band.y)


def test_names_are_not_interpreted_and_numeric_times_have_their_unit():
    fig = drawn(Clock("days"), unit="<b>$k$")
    assert fig.layout.xaxis.title.text == "days"
    assert "<b>" not in fig.layout.yaxis.title.text and "$" not in fig.layout.yaxis.title.text
    assert fig.layout.shapes[0].x0 == DAYS[10]


def test_on_a_logarithm_the_axis_has_what_was_measured_and_a_change_is_a_factor():
    fig = drawn(Clock(None), unit="1000/mL", value=np.log2(VALUES - 500), scale="log2")
    traces = {one.name: one for one in fig.data}
    np.testing.assert_allclose(traces["measured"].y, VALUES - 500)
    assert traces["level 1"].y[0] == pytest.approx(100, rel=0.001)
    assert "level 100 × 1000/mL" in traces["level 1"].hovertemplate
    (said,) = fig.layout.annotations
    assert said.text.startswith("×0.6")
    axis = fig.layout.yaxis
    low, high = 10 ** np.array(axis.range)
    assert axis.type == "log" and low < 59 and high > 101
    assert all(low <= one <= high for one in axis.tickvals) and "60" in axis.ticktext
