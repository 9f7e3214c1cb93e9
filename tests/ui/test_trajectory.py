"""The chart of one animal: what is measured, what was expected, gaps left open, alerts told by shape."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from explorer.change.clock import Clock
from explorer.decisions.alert_verdicts import Resolved
from explorer.ui.animal.course import Beside, Course
from explorer.ui.animal.legend import legend_html
from explorer.ui.animal.trajectory import trajectory
from explorer.ui.palette import _PALETTES

DARK, LIGHT = _PALETTES["dark"], _PALETTES["light"]
DAYS = [19_800.0, 19_807.0, 19_814.0, 19_821.0, 19_928.0, 19_935.0]
NONE = pd.DataFrame({"day": [], "value": [], "reason": []})
NO_ALERTS = pd.DataFrame({"day": [], "reason": [], "together": []})
NO_EVENTS = pd.DataFrame({"day": [], "kind": [], "detail": []})


def course(**changes):
    visits = pd.DataFrame(
        {
            "day": DAYS,
            "value": [600.0, 610, 605, 540, 535, 680],
            "merged": [1, 1, 2, 1, 1, 1],
            "said": ["600 kg", "610 kg", "605 kg", "540 kg", "535 kg", "680 kg"],
            "expected": [np.nan, 600, 604, 604, 604, 604],
            "usual": ["", "600 (560 to 640) kg", *["604 (580 to 630) kg"] * 4],
            "frozen": [np.nan, 600, 602, 602, 602, 602],
            "frozen_low": [np.nan, 500, 570, 570, 570, 570],
            "frozen_high": [np.nan, 700, 634, 634, 634, 634],
            "low": [np.nan, 560, 580, 580, 580, 580],
            "high": [np.nan, 640, 630, 630, 630, 630],
            "population_low": [np.nan, 500, 500, 500, 500, 500],
            "population_high": [np.nan, 700, 700, 700, 700, 700],
            "alerted": [False, False, False, True, True, True],
            "new": [False, False, False, True, False, True],
            "learning": [True, True, False, False, False, False],
            "reason": [None, None, None, "It fell <b>fast</b>", "It stays low", "It rose"],
        }
    )
    asked = {
        "title": "Weight",
        "unit": "kg",
        "visits": visits,
        "clock": Clock(None),
        "herd": 228,
        "days": (19_790.0, 19_940.0),
        "events": NO_EVENTS,
        "together": NONE,
    }
    return Course(**(asked | changes))


def traces(chart):
    return {one.name: one for one in trajectory(chart, LIGHT).data}


def test_lines_and_bands_are_open_over_a_long_gap():
    drawn = traces(course())
    for name in ("value", "expected"):
        assert [one is None for one in drawn[name].x].index(True) == 4, "after the fourth visit"
    band = drawn["low to high"]
    ends = [place for place, one in enumerate(band.x) if one is None]
    assert len(ends) == 2, "two pieces"
    assert list(band.y[: ends[0]]) == [560, 580, 580, 630, 630, 640]
    assert band.x[0] == np.datetime64("2024-03-25T00", "h"), "a visit before anything was learnt has no band"


def test_an_alert_is_told_by_shape_and_a_new_one_stands_out():
    drawn = traces(course())
    assert list(drawn["new alert"].marker.symbol) == ["triangle-down", "triangle-up"]
    assert set(drawn["new alert"].text) == {"<b>NEW</b>"}
    assert list(drawn["alert"].marker.symbol) == ["triangle-down"] and drawn["alert"].mode == "markers"
    assert drawn["alert"].marker.size < drawn["new alert"].marker.size
    assert list(drawn["measured"].y) == [605] and list(drawn["still learning"].y) == [600, 610]
    assert drawn["still learning"].marker.symbol == "circle-open"


@pytest.mark.parametrize("factors", [False, True])
def test_an_impossible_value_stands_at_the_edge_and_says_so(factors):
    chart = course(factors=factors)
    said = chart.visits["said"].replace("540 kg", "54000000 kg")
    slipped = chart.visits.assign(value=[600.0, 610, 605, 54e6, 535, 680], said=said)
    found = course(visits=slipped, factors=factors)
    assert found.reach[1] < 1_000, "the others are not pressed flat"
    first, last = traces(found)["new alert"].y
    assert 700 < first < found.reach[1] and last == 680
    assert list(traces(found)["new alert"].text) == ["<b>NEW</b> 54000000 kg, off the chart", "<b>NEW</b>"]


def test_what_the_pointer_says_is_text_and_no_more():
    drawn = traces(course())
    fell = drawn["new alert"].customdata[0]
    assert "It fell &lt;b&gt;fast&lt;/b&gt;" in fell and "expected, with its own band: 604 (580 to 630) kg" in fell
    assert "mean of 2" in drawn["measured"].customdata[0]
    assert "expected" not in drawn["still learning"].customdata[0], "nothing had been learnt"


def test_events_verdicts_and_tasks_together_have_marks_of_their_own():
    resolved = Resolved("cow", "weight", (19_821.0, 5.0), "confirmed", "lame", "Ann", datetime.now(UTC), 1)
    events = pd.DataFrame({"day": [19_810.0], "kind": ["treatment"], "detail": ["<hoof>"]})
    together = pd.DataFrame({"day": [19_928.0], "value": [535.0], "reason": ["Both are odd"]})
    drawn = traces(course(resolved=[resolved], events=events, together=together))
    assert list(drawn["resolved"].y) == [540] and drawn["resolved"].text == ("✓",)
    assert drawn["resolved"].hovertext == ("confirmed, by Ann. lame",)
    assert drawn["event"].hovertext == ("<b>28 Mar 2024</b><br>treatment: &lt;hoof&gt;",)
    assert drawn["alert, tasks together"].marker.symbol == "diamond-open"


@pytest.mark.parametrize("unit", ["days", "visits", "years"])
def test_numeric_time_is_drawn_in_the_units_of_the_study(unit):
    clock = Clock(unit)
    days = clock.days(np.arange(1.0, 7.0))
    visits = course().visits.assign(day=days)
    chart = course(clock=clock, visits=visits, days=(float(days[0]), float(days[-1])))
    fig = trajectory(chart, LIGHT)
    new = next(one for one in fig.data if one.name == "new alert")
    assert list(new.x) == pytest.approx([4, 6], rel=0.01)
    assert fig.layout.xaxis.title.text == unit
    assert fig.layout.xaxis.range == pytest.approx((1, 6), rel=0.01)


def test_another_animal_is_a_dotted_line_and_peers_a_band():
    other = Beside("cow <2>", pd.DataFrame({"day": DAYS[:2], "value": [500.0, 505], "said": ["500 <kg>", "505 kg"]}))
    dotted = traces(course(beside=other))["cow &lt;2&gt;"]
    assert dotted.line.dash == "dot" and list(dotted.customdata) == ["500 &lt;kg&gt;", "505 kg", None]
    peers = Beside("20 peers", pd.DataFrame({"day": DAYS[:3], "low": [450.0] * 3, "high": [900.0] * 3}))
    chart = course(beside=peers)
    assert sum(one.fill == "toself" for one in trajectory(chart, LIGHT).data) == 3
    assert chart.reach[1] > 900, "all of it is seen"
    assert "cow &lt;2&gt;" in legend_html(DARK, other) and "20 peers" in legend_html(LIGHT, peers)


def test_the_alternative_text_says_the_last_value_and_the_alerts():
    assert course().alt == (
        "Weight over 6 visits from 18 Mar 2024 to 31 Jul 2024: last 680 kg, "
        "expected 604 (580 to 630) kg; 3 visits with an alert"
    )
    others = {"ewma": pd.DataFrame({"day": [19_821.0], "reason": ["low"], "together": [False]}), "rcv": NO_ALERTS}
    assert course(others=others).alt.endswith("3 visits with an alert; ewma: 1 visit; rcv: 0 visits")


def test_the_frozen_baseline_is_drawn_when_asked_for_from_the_first_visit_after_learning():
    assert "frozen" not in traces(course())
    drawn = traces(course(frozen=True))
    assert drawn["frozen"].y == (602, 602, None, 602, 602, None) and drawn["frozen"].line.dash == "longdash"
    assert set(drawn["frozen_low"].y) == {570, None} and drawn["frozen_high"].line.dash == "dot"
    far = course(frozen=True, visits=course().visits.assign(frozen_high=2_000.0))
    assert far.reach[1] > 2_000, "all of it is seen"
    assert "frozen baseline" in legend_html(DARK, None, frozen=True) and "frozen" not in legend_html(DARK, None)


def test_each_other_method_has_a_row_below_the_chart_with_its_own_reasons():
    told = pd.DataFrame({"day": [19_821.0, 19_935.0], "reason": ["fell <far>", "odd"], "together": [False, True]})
    others = {"ewma": told, "rcv": NO_ALERTS}
    fig = trajectory(course(others=others), LIGHT)
    marks = {one.name: one for one in fig.data}
    assert list(marks["alert by ewma"].y) == [0, 0] and len(marks["alert by rcv"].x) == 0
    assert list(marks["alert by ewma"].x) == list(course().x(told["day"]))
    assert marks["alert by ewma"].marker.symbol == ("square", "diamond-open")
    assert marks["alert by ewma"].customdata[0] == "<b>8 Apr 2024</b>, by ewma<br>fell &lt;far&gt;"
    assert list(fig.layout.yaxis3.ticktext) == ["ewma", "rcv"]
    assert fig.layout.yaxis3.domain[1] < fig.layout.yaxis.domain[0], "the rows lie below the values"
    assert fig.layout.height > trajectory(course(), LIGHT).layout.height
    assert "alert by ewma, rcv" in legend_html(LIGHT, None, others=list(others))


def test_an_animal_before_anything_was_learnt_is_drawn():
    visits = (
        course()
        .visits.head(2)
        .assign(expected=np.nan, usual="", low=np.nan, high=np.nan, population_low=np.nan, population_high=np.nan)
    )
    chart = course(visits=visits)
    assert "expected" not in chart.alt
    low, high = chart.reach
    assert low < 600 < 610 < high
    assert len(trajectory(chart, DARK).data) >= 3
