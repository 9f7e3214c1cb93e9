"""What the baseline knows of a visit: days since calving, as they were on that day."""

import numpy as np
import pandas as pd
import pytest
from change.watched import watched

from explorer.change.alerts import alerts_of
from explorer.change.baseline import fit_baseline
from explorer.change.known_backgrounds import backgrounds_of
from explorer.change.series import series_of

NAME = "days since calving"


def calved(herd, *, animals=40):
    """A watched herd whose cows calve once a year, and give 12 kg more just after it, less and less day by day."""
    watched(herd, animals=animals)
    rows = herd.observations
    first = pd.Series(np.arange(animals) * 9, index=[f"cow-{number:02}" for number in range(animals)])
    day = (rows["captured_at"] - rows["captured_at"].min()).dt.days
    stage = (day - rows["animal_id"].map(first)) % 365
    rows["milk"] += 12 * np.exp(-stage / 80)
    begin = np.datetime64("2021-01-03", "us")
    times = [begin + np.timedelta64(int(one) + 365 * year, "D") for one in first for year in range(4)]
    calvings = pd.DataFrame({"animal": np.repeat(first.index, 4), "time": times, "kind": "calving"})
    herd.events = pd.concat([herd.events, calvings], ignore_index=True)
    return herd


def test_days_since_the_last_calving_never_look_ahead(herd):
    study = calved(herd).open()
    series = series_of(study, "milk")
    found = backgrounds_of(study, series).curves[NAME]
    events = study.events[study.events["kind"] == "calving"]
    for row in (0, 7, len(series) // 2, len(series) - 1):
        own = events["animal"].astype(str) == series.animals[series.animal[row]]
        days = series.clock.days(events.loc[own, "time"].to_numpy())
        before = days[days <= series.day[row]]
        assert found[row] == pytest.approx(series.day[row] - before.max())
    assert (found >= 0).all()


def test_without_calvings_nothing_is_said_of_them(herd):
    study = watched(herd).open()
    assert NAME not in backgrounds_of(study, series_of(study, "milk")).curves


def test_the_first_weeks_have_a_course_of_their_own(herd):
    calved(herd)
    study = herd.open()
    series = series_of(study, "milk")
    stage = backgrounds_of(study, series).curves[NAME]
    herd.observations["milk"] -= 12 * np.exp(-_in_rows(herd, series, stage) / 12)  # low at first, soon at its height
    study = herd.open()
    series = series_of(study, "milk")
    known = backgrounds_of(study, series)
    fitted = fit_baseline(series.panel(), series.value, known)
    rest = series.value - fitted.expected(known)
    own = np.bincount(series.animal, weights=rest) / np.bincount(series.animal)
    rest = rest - own[series.animal]
    assert abs(rest[stage < 10].mean()) < 1
    assert abs(rest[(stage >= 10) & (stage < 40)].mean()) < 1


def _in_rows(herd, series, stage):
    """``stage`` of the visits of ``series`` in the order of the table."""
    out = np.zeros(len(herd.observations))
    out[series.row] = stage
    return out


def test_milk_that_rises_after_calving_is_no_alert(herd):
    herd = calved(herd)
    known = alerts_of(herd.open(), ["milk"], memory=14)
    events = herd.events
    herd.events = events[events["kind"] != "calving"]
    unknown = alerts_of(herd.open(), ["milk"], memory=14)
    spread = [found.followed["milk"].references[-1].baseline.within for found in (known, unknown)]
    assert spread[0] < 0.5 * spread[1]
    assert "cow-07" in set(known.table["animal_id"])  # who falls ill is seen all the same
    first = known.table[(known.table["animal_id"] == "cow-07") & known.table["new"]]["day"].min()
    assert np.isfinite(first)
