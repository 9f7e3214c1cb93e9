"""The way of one animal over a map: its dates in order, one observation for each."""

import numpy as np
import pandas as pd
import pytest

from explorer.space.path import animal_path


def places_of(n, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 2)).astype(np.float32)


def wandering(herd, seed=0):
    """One cow whose rows stand in no order: several looks on some of her days, between rows of another animal."""
    rng = np.random.default_rng(seed)
    n = 60
    day = rng.integers(0, 12, size=n)
    minutes = rng.integers(0, 24 * 60, size=n)
    when = np.datetime64("2024-02-20", "us") + day * np.timedelta64(1, "D") + minutes * np.timedelta64(1, "m")
    herd.observations = pd.DataFrame(
        {
            "observation_id": [f"o-{row}" for row in range(n)],
            "animal_id": np.where(np.arange(n) % 3 == 0, "Other", "Bella"),
            "captured_at": when,
            "p_0": rng.normal(size=n),
        }
    )
    herd.spec["variables"] = {}
    herd.scores = herd.events = herd.animals = None
    return herd


def stops(frame, places, animal, of_day):
    """By a loop: for each of the animal's days in order, the row nearest to the middle of that day's places."""
    days = {}
    for row, (who, when) in enumerate(zip(frame["animal_id"], frame["captured_at"], strict=True)):
        if who == animal and not pd.isna(when) and np.isfinite(places[row]).all():
            days.setdefault(of_day(when), []).append(row)
    chosen = []
    for day in sorted(days):
        rows = days[day]
        middle = places[rows].astype(np.float64).mean(axis=0)
        chosen.append(min(rows, key=lambda row: (((places[row].astype(np.float64) - middle) ** 2).sum(), row)))
    return sorted(days), chosen


@pytest.mark.parametrize("seed", range(5))
def test_each_day_is_one_stop_the_observation_nearest_to_the_days_middle(herd, seed):
    study = wandering(herd, seed).open()
    places = places_of(60, seed)
    path = animal_path(study, "Bella", places)
    days, rows = stops(herd.observations, places, "Bella", lambda when: pd.Timestamp(when).normalize())
    assert path.rows.tolist() == rows
    assert path.dates == tuple(f"{day.day} {day:%b %Y}" for day in days)
    hers = set(np.flatnonzero(herd.observations["animal_id"] == "Bella"))
    assert set(path.rows) | set(path.others) == hers
    assert not set(path.rows) & set(path.others)
    assert len(path.rows) < len(hers)  # some days have several looks
    assert (path.animal, path.undated, path.unplaced) == ("Bella", 0, 0)


def test_dates_come_in_their_order_whatever_the_order_of_the_rows(herd):
    herd = wandering(herd)
    herd.observations["captured_at"] = pd.date_range("2023-12-01", periods=60, freq="10D")[::-1]
    path = animal_path(herd.open(), "Other", places_of(60))
    assert path.rows.tolist() == list(range(57, -1, -3))
    assert path.dates[:2] == ("21 Dec 2023", "20 Jan 2024")  # the last rows are the earliest
    assert pd.to_datetime(list(path.dates), format="%d %b %Y").is_monotonic_increasing


def test_of_two_looks_on_one_day_the_first_row_is_the_stop(herd):
    """Both are as far from their middle."""
    herd = wandering(herd)
    herd.observations["captured_at"] = pd.Timestamp("2024-05-05 08:00")
    herd.observations["animal_id"] = ["Bella"] * 2 + ["Other"] * 58
    path = animal_path(herd.open(), "Bella", np.array([[0, 0], [1, 1]] * 30, dtype=np.float32))
    assert path.rows.tolist() == [0]
    assert path.others.tolist() == [1]


def test_plain_numbers_as_times_are_said_with_their_unit(herd):
    study = herd.numbered().open()
    path = animal_path(study, "cow-3", places_of(40))
    rows = np.arange(15, 20)
    assert path.rows.tolist() == rows.tolist()
    expected = herd.observations["captured_at"].iloc[rows]
    assert path.dates == tuple(f"day {value:g}" for value in expected)


def test_numbers_are_stops_of_their_own_unless_they_are_equal(herd):
    herd = herd.numbered()
    herd.observations.loc[15:19, "captured_at"] = [2.0, 1.5, 2.0, 1.25, 2.0]
    places = places_of(40)
    path = animal_path(herd.open(), "cow-3", places)
    assert path.dates == ("day 1.25", "day 1.5", "day 2")
    assert path.rows[:2].tolist() == [18, 16]
    assert path.rows[2] in (15, 17, 19)
    assert len(path.others) == 2


def test_observations_without_a_date_or_a_place_are_counted(herd):
    herd.observations.loc[[5, 6], "captured_at"] = pd.NaT
    places = places_of(40)
    places[[6, 7]] = np.nan  # 6 has neither: it has no place, so that is what is said of it
    path = animal_path(herd.open(), "cow-1", places)
    assert path.rows.tolist() == [8, 9]
    assert path.others.tolist() == [5]
    assert (path.undated, path.unplaced) == (1, 2)


@pytest.mark.parametrize("lacking", ["dates", "column"])
def test_without_times_there_are_rings_but_no_way(herd, lacking):
    if lacking == "dates":
        herd.observations.loc[5:9, "captured_at"] = pd.NaT
    else:
        del herd.spec["columns"]["time"]
        herd.spec["variables"] = {}
        herd.scores = herd.events = herd.animals = None
    path = animal_path(herd.open(), "cow-1", places_of(40))
    assert path.rows.tolist() == []
    assert path.dates == ()
    assert path.others.tolist() == [5, 6, 7, 8, 9]
    assert (path.undated, path.unplaced) == (5, 0)


def test_an_animal_without_any_place_has_an_empty_way(herd):
    places = places_of(40)
    places[5:10] = np.nan
    path = animal_path(herd.open(), "cow-1", places)
    assert (len(path.rows), len(path.others), path.undated, path.unplaced) == (0, 0, 0, 5)


def test_an_animal_that_the_study_does_not_have_has_no_way(herd):
    assert animal_path(herd.open(), "nobody", places_of(40)) is None
    del herd.spec["columns"]["animal"]
    herd.spec["variables"] = {}
    herd.scores = herd.events = herd.animals = None
    assert animal_path(herd.open(), "cow-1", places_of(40)) is None


def test_a_way_through_three_dimensions_is_nearest_in_all_three(herd):
    herd.observations.loc[5:9, "captured_at"] = pd.Timestamp("2024-05-05")
    places = np.zeros((40, 3), dtype=np.float32)
    places[5:10, 2] = [-10, 10, 1, -9, 8]  # the middle is at 0 in depth, and nowhere else do they differ
    assert animal_path(herd.open(), "cow-1", places).rows.tolist() == [7]
