"""What the baseline knows of a visit: days since calving, as they were on that day."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from change.watched import ILL, watched

from explorer.change.alerts import alerts_of
from explorer.change.baseline import fit_baseline
from explorer.change.clock import clock_of
from explorer.change.known_backgrounds import backgrounds_of
from explorer.change.known_events import noted_at
from explorer.change.series import series_of
from explorer.decisions.noted_events import note_event
from explorer.errors import UserError

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


@pytest.mark.slow
def test_a_noted_calving_counts_from_its_day_on_as_one_of_the_table(herd):
    study = watched(herd).open()
    note_event(study, ILL, date(2023, 1, 20), "Calving", who="Ann")
    note_event(study, ILL, date(2023, 2, 20), "move", who="Ann")
    noted = noted_at(study)
    assert noted == ((ILL, clock_of(study).read("2023-01-20"), "Calving"),), "no baseline knows of a move"
    assert noted_at(study, decisions=0) == (), "nobody had noted it yet"
    found = alerts_of(study, ["milk"], noted=noted).followed["milk"]
    herd.events.loc[len(herd.events)] = [ILL, np.datetime64("2023-01-20", "us"), "calving"]
    told = alerts_of(herd.open(), ["milk"]).followed["milk"]
    without = alerts_of(study, ["milk"]).followed["milk"]
    np.testing.assert_array_equal(found.herd, told.herd)
    later = found.panel.day >= noted[0][1]
    np.testing.assert_array_equal(found.herd[~later], without.herd[~later])
    assert not np.array_equal(found.herd[later], without.herd[later])


@pytest.mark.slow
def test_a_noted_illness_is_as_unhealthy_as_one_of_the_table(herd):
    study = watched(herd).open()
    note_event(study, "cow-03", date(2022, 6, 1), "mastitis", who="Ann")
    found = alerts_of(study, ["milk"], unhealthy=["mastitis"], noted=noted_at(study, ["mastitis"]))
    herd.events.loc[len(herd.events)] = ["cow-03", np.datetime64("2022-06-01", "us"), "mastitis"]
    told = alerts_of(herd.open(), ["milk"], unhealthy=["mastitis"])
    assert found.facts == told.facts and found.facts != alerts_of(study, ["milk"]).facts
    with pytest.raises(UserError, match="no events of kind 'mastitis'"):
        alerts_of(study, ["milk"], unhealthy=["mastitis"])


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


@pytest.mark.slow
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
