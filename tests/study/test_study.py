import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_series_equal

from explorer.errors import UserError
from explorer.study import tables
from explorer.study.study import open_study
from explorer.study.times import read_times


def refusal(act, *arguments):
    with pytest.raises(UserError) as caught:
        act(*arguments)
    return str(caught.value)


# --- kinds -------------------------------------------------------------------------------------------------


def test_each_kind_of_variable_has_its_type(herd):
    study = herd.open()
    assert isinstance(study.values("breed").dtype, pd.CategoricalDtype)
    assert study.values("parity").dtype == np.float64
    assert study.values("weight").tolist() == herd.observations["weight"].tolist()
    assert study.values("month").between(0, 12, inclusive="left").all()
    assert all(len(study.values(name)) == len(study) for name in study.variables)
    assert list(study.tasks) == ["bcs", "trend"]


def test_a_nominal_column_of_numbers_counts_as_people_do(herd):
    herd.observations["breed"] = [10, 2, 1, 30] * 10
    values = herd.open().values("breed")
    assert list(values.cat.categories) == ["1", "2", "10", "30"]
    assert values.astype(str).tolist() == ["10", "2", "1", "30"] * 10


def test_a_boolean_column_is_two_categories_in_both_formats(herd):
    herd.observations["breed"] = [True, False] * 20
    for suffix in (".parquet", ".csv"):
        values = herd.open(suffix).values("breed")
        assert values.astype(str).tolist() == ["true", "false"] * 20


def test_an_ordinal_variable_of_text_follows_its_order(herd):
    herd.observations["parity"] = ["low", "high", "mid", None] * 10
    herd.spec["variables"]["parity"]["order"] = ["low", "mid", "high", "top"]
    values = herd.open().values("parity")
    assert values.cat.ordered
    assert list(values.cat.categories) == ["low", "mid", "high", "top"]
    assert values.cat.codes.tolist() == [0, 2, 1, -1] * 10
    herd.spec["variables"]["parity"]["order"] = ["low", "mid"]
    assert "'high' is not in the order of the variable 'parity'" in refusal(herd.open().values, "parity")


def test_categories_that_no_row_has_are_not_listed(herd):
    breeds = pd.Categorical(herd.observations["breed"], categories=["Angus", "Jersey", "Holstein"])
    herd.observations["breed"] = breeds
    herd.animals["sex"] = "f"
    herd.animals.loc[len(herd.animals)] = ["stranger", np.datetime64("2020-01-01"), "m"]
    study = herd.open()
    assert list(study.values("breed").cat.categories) == ["Holstein", "Jersey"]
    assert list(study.values("sex").cat.categories) == ["f"]


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_text_in_a_continuous_variable_is_named_with_file_row_and_column(herd, suffix):
    herd.observations["weight"] = ["500", "510", "heavy", *["520"] * 37]
    text = refusal(herd.open(suffix).values, "weight")
    assert text.startswith(f"observations{suffix}, row 3, column weight: ")
    assert "'heavy'" in text


@pytest.mark.parametrize("kind", ["continuous", "ordinal"])
def test_dates_are_not_numbers(herd, kind):
    herd.observations["weight"] = np.datetime64("2024-01-01", "us")
    herd.spec["variables"]["weight"]["kind"] = kind
    assert "column weight: 'weight' is" in refusal(herd.open().values, "weight")


def test_cyclic_values_are_brought_into_their_period(herd):
    herd.spec["variables"]["weight"] = {"column": "weight", "kind": "cyclic", "period": 360.0}
    herd.observations["weight"] = [-90.0, 360.0, 725.0, np.nan] * 10
    assert herd.open().values("weight").tolist()[:3] == [270.0, 0.0, 5.0]


def test_an_infinite_number_counts_as_missing(herd):
    herd.observations.loc[3, "weight"] = np.inf
    assert np.flatnonzero(herd.open().values("weight").isna()).tolist() == [3]


def test_an_unknown_variable_is_refused_with_the_known_ones(herd):
    assert "no variable 'wieght'. Its variables are: breed, parity, weight" in refusal(herd.open().values, "wieght")


# --- dates -------------------------------------------------------------------------------------------------

SEASON_OF = {1: "winter", 2: "winter", 12: "winter", 3: "spring", 4: "spring", 5: "spring"} | {
    6: "summer",
    7: "summer",
    8: "summer",
    9: "autumn",
    10: "autumn",
    11: "autumn",
}
OPPOSITE = {"winter": "summer", "summer": "winter", "spring": "autumn", "autumn": "spring"}


@pytest.mark.parametrize("hemisphere", ["north", "south"])
@pytest.mark.parametrize("year", [1931, 1969, 2024])
def test_seasons_follow_the_calendar_of_their_hemisphere(herd, hemisphere, year):
    months = [1 + row % 12 for row in range(40)]
    herd.observations["captured_at"] = [np.datetime64(f"{year}-{month:02}-28T23:59:59", "us") for month in months]
    herd.observations.loc[39, "captured_at"] = pd.NaT
    herd.spec["variables"]["season"]["derive"]["hemisphere"] = hemisphere
    values = herd.open().values("season")
    expected = [SEASON_OF[month] if hemisphere == "north" else OPPOSITE[SEASON_OF[month]] for month in months]
    assert values.tolist()[:39] == expected[:39]
    assert pd.isna(values.iloc[39])
    assert list(values.cat.categories) == ["winter", "spring", "summer", "autumn"]


def test_month_and_hour_run_round_their_cycle(herd):
    dates = ["2024-01-01T00:00", "2024-07-02T00:00", "2023-12-31T18:00", "1960-03-01T06:30", None]
    herd.observations["captured_at"] = pd.to_datetime(pd.Series(dates * 8), format="ISO8601")
    herd.spec["variables"]["hour"] = {"derive": {"from": "captured_at", "as": "hour"}, "kind": "cyclic"}
    study = herd.open()
    assert study.values("hour").tolist()[:4] == [0.0, 0.0, 18.0, 6.5]
    month = study.values("month").to_numpy()[:5]
    # Shares of a leap year of 366 days (1960, 2024) or a common one of 365, times twelve.
    expected = [0.0, 183 / 366 * 12, (364 + 0.75) / 365 * 12, (60 + 6.5 / 24) / 366 * 12]
    np.testing.assert_allclose(month[:4], expected, rtol=1e-12)
    assert np.isnan(month[4])


def test_age_comes_from_the_animals_table_whatever_its_order(herd):
    herd.observations.loc[0, "captured_at"] = np.datetime64("2019-01-01")
    births = herd.animals.set_index("animal")["birth"]
    days = (herd.observations["captured_at"] - herd.observations["animal_id"].map(births)) / pd.Timedelta(days=1)
    for seed in range(3):
        herd.animals = herd.animals.sample(frac=1, random_state=seed)
        age = herd.open().values("age")
        np.testing.assert_allclose(age[1:], days[1:] / 365.25, rtol=1e-12)
        assert np.isnan(age[0])  # before birth


def test_age_is_told_in_its_unit(herd):
    herd.spec["variables"]["weeks"] = {**herd.spec["variables"]["age"], "unit": "weeks"}
    herd.spec["variables"]["days"] = {**herd.spec["variables"]["age"]}
    del herd.spec["variables"]["days"]["unit"]
    herd.spec["variables"]["moons"] = {**herd.spec["variables"]["age"], "unit": "moons"}
    study = herd.open()
    np.testing.assert_allclose(study.values("days"), study.values("age") * 365.25)
    np.testing.assert_allclose(study.values("weeks"), study.values("days") / 7)
    assert "'moons'" in refusal(study.values, "moons")


def test_a_column_without_dates_makes_no_season(herd):
    herd.spec["variables"]["season"]["derive"]["from"] = "breed"
    assert "column 'breed' holds no dates" in refusal(herd.open().values, "season")


def test_days_since_counts_from_the_last_event_of_the_animal(herd):
    herd.events = pd.DataFrame(
        {
            "animal": ["cow-0", "cow-0", "cow-1", "stranger", None, "cow-2"],
            "time": pd.to_datetime(
                ["2024-05-01", "2024-01-11T08:00", "2024-02-01", "2024-01-01", "2024-01-01", None], format="ISO8601"
            ),
            "kind": ["calving", "calving", "treatment", "calving", "calving", "calving"],
        }
    )
    values = herd.open().values("calved").to_numpy()
    times = herd.observations["captured_at"]
    expected = np.full(40, np.nan)
    for row in range(1, 5):  # the first visit of cow-0 came before any calving
        last = "2024-01-11T08:00" if times[row] < pd.Timestamp("2024-05-01") else "2024-05-01"
        expected[row] = (times[row] - pd.Timestamp(last)) / pd.Timedelta(days=1)
    np.testing.assert_allclose(values, expected)


@pytest.mark.parametrize("missing", [["events"], ["scores"], ["animals"], ["events", "scores", "animals"]])
def test_a_missing_table_costs_its_variables_only(herd, missing):
    for stem in missing:
        setattr(herd, stem, None)
    study = herd.open()
    for name in ("breed", "parity", "weight", "season", "month"):
        assert study.values(name).notna().all()
    if "events" in missing:
        assert study.values("calved").isna().all()
    if "scores" in missing:
        assert "there is no score of task 'bcs'" in refusal(study.values, "bcs")
    if "animals" in missing:
        assert "animals.parquet: there is no column 'sex'" in refusal(study.values, "sex")


def test_animals_that_are_not_in_the_animals_table_have_no_age(herd):
    herd.animals["animal"] = [f"stranger-{number}" for number in range(8)]
    assert herd.open().values("age").isna().all()


def test_an_animals_table_without_rows_leaves_all_missing(herd):
    herd.animals = herd.animals.iloc[:0]
    assert herd.open().values("sex").isna().all()


# --- scores ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("numeric", [False, True])
def test_scores_fill_the_nearest_observation_with_a_mask_and_an_age(herd, numeric):
    study = (herd.numbered() if numeric else herd).open()
    day = 1.0 if numeric else pd.Timedelta(days=1)
    values, filled = study.values("bcs"), study.filled("bcs")
    scores, seen = herd.scores, herd.observations
    for row in range(len(study)):
        own = scores[scores["animal"] == seen["animal_id"][row]]
        nearest = (own["time"] - seen["captured_at"][row]).abs().idxmin()
        assert values[row] == own["value"][nearest]
        assert filled.age[row] == pytest.approx((seen["captured_at"][row] - own["time"][nearest]) / day)
        assert not filled.observed[row]
        before = own.index[own.index.get_loc(nearest) - 1] if nearest != own.index[0] else None
        slope = (
            np.nan
            if before is None
            else (own["value"][nearest] - own["value"][before]) / ((own["time"][nearest] - own["time"][before]) / day)
        )
        np.testing.assert_allclose(study.values("trend")[row], slope)


def test_a_gap_too_wide_is_left_missing(herd):
    herd.spec["variables"]["bcs"]["max_gap"] = 10.0
    study = herd.open()
    far = np.abs(herd.open().filled("bcs").age) > 10
    wide = {**herd.spec["variables"]["bcs"], "max_gap": 1e6}
    herd.spec["variables"]["wide"] = wide
    ages = np.abs(herd.open().filled("wide").age)
    assert not far.any()
    np.testing.assert_array_equal(study.values("bcs").isna(), ages > 10)
    assert 0 < (ages > 10).sum() < 40


def test_observations_of_unknown_animals_take_no_score(herd):
    herd.observations.loc[:4, "animal_id"] = None
    herd.scores.loc[len(herd.scores)] = ["stranger", np.datetime64("2024-02-01", "us"), "bcs", 1.0, "Ann"]
    values = herd.open().values("bcs")
    assert values[:5].isna().all()
    assert values[5:].notna().all()


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_score_that_is_no_number_is_named(herd, suffix):
    herd.scores["value"] = herd.scores["value"].astype(str)
    herd.scores.loc[4, "value"] = "3,5"
    text = refusal(herd.open(suffix).values, "bcs")
    assert text.startswith(f"scores{suffix}, row 5, column value: ")
    assert "'3,5'" in text


# --- ids and joins -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("side", ["float", "text", "int", "text with .0"])
def test_numeric_ids_with_gaps_join_as_whole_numbers(herd, suffix, side):
    number = {f"cow-{place}": 300.0 + place for place in range(8)}
    herd.observations["animal_id"] = herd.observations["animal_id"].map(number)
    herd.observations.loc[7, "animal_id"] = np.nan
    ids = herd.animals["animal"].map(number)
    herd.animals["animal"] = {
        "float": ids,
        "int": ids.astype(int),
        "text": ids.astype(int).astype(str),
        "text with .0": ids.astype(str),
    }[side]
    study = herd.open(suffix)
    assert list(study.animal.cat.categories) == [str(300 + place) for place in range(8)]
    assert study.animal.isna().to_numpy().nonzero()[0].tolist() == [7]
    sex = dict(zip(ids.astype(int).astype(str), herd.animals["sex"], strict=True))
    assert [value for row, value in enumerate(study.values("sex")) if row != 7] == [
        sex[name] for row, name in enumerate(study.animal) if row != 7
    ]
    assert pd.isna(study.values("sex")[7])


def test_leading_zeros_of_an_ear_tag_survive_a_csv(herd):
    herd.observations["animal_id"] = np.repeat(["007", "7", "0010", "10", "1e3", "1000", "08", "8"], 5)
    herd.scores = herd.events = herd.animals = None
    study = herd.open(".csv")
    assert study.animal.nunique() == 8
    assert study.animal.astype(str).tolist() == herd.observations["animal_id"].tolist()


def test_of_duplicate_animals_the_first_row_counts(herd):
    again = herd.animals.assign(sex="?", birth=np.datetime64("1990-01-01", "us"))
    expected = herd.open().values("sex").tolist()
    herd.animals = pd.concat([herd.animals, again])
    assert herd.open().values("sex").tolist() == expected


def test_csv_and_parquet_say_the_same(herd):
    herd.observations.loc[3, "animal_id"] = None
    herd.observations.loc[4, "breed"] = None
    herd.observations.loc[5, "weight"] = np.nan
    herd.observations.loc[6, "captured_at"] = pd.NaT
    one = {name: herd.open().values(name) for name in herd.spec["variables"]}
    study = herd.open()
    ids, ids_hash, animal, time = study.ids, study.ids_hash, study.animal, study.time
    other = herd.open(".csv")
    assert other.table.path.suffix == ".csv"
    assert other.ids.equals(ids)
    assert other.ids_hash == ids_hash
    np.testing.assert_array_equal(other.time, time)
    assert other.animal.astype(object).where(other.animal.notna(), "-").tolist() == (
        animal.astype(object).where(animal.notna(), "-").tolist()
    )
    for name, values in one.items():
        if isinstance(values.dtype, pd.CategoricalDtype):
            assert list(values.cat.categories) == list(other.values(name).cat.categories), name
            assert values.cat.codes.tolist() == other.values(name).cat.codes.tolist(), name
        else:
            assert_series_equal(values, other.values(name), rtol=1e-12)


def test_ids_are_made_of_the_row_number_when_absent(herd):
    del herd.spec["columns"]["observation"]
    assert herd.open().ids.to_pylist()[:2] == ["row-1", "row-2"]


def test_a_study_of_no_rows_opens(herd):
    herd.observations = herd.observations.iloc[:0]
    study = herd.open()
    assert len(study) == 0
    assert study.ids.to_pylist() == []
    for name in ("breed", "weight", "age", "season", "bcs", "calved"):
        assert len(study.values(name)) == 0


# --- time --------------------------------------------------------------------------------------------------


def test_times_with_an_offset_are_turned_into_utc():
    texts = ["2024-05-31T01:00:00+02:00", "2024-05-30T23:00:00", "2024-05-30T23:00Z", "2024-05-30T18:00-05:00"]
    for values in (pd.Series(texts), pd.Series(texts).astype("category")):
        assert set(read_times(values, unit=None)) == {np.datetime64("2024-05-30T23:00:00", "us")}


def test_what_is_no_date_is_missing():
    times = read_times(pd.Series(["2024-02-30", "yesterday", "", None, "2023-02-28"]), unit=None)
    assert np.isnat(times).tolist() == [True, True, True, True, False]
    assert np.isnat(read_times(pd.Series([2024.0, 2025.0]), unit=None)).all()


def test_numeric_times_are_finite_or_missing():
    times = read_times(pd.Series(["1.5", "inf", "late", None, "-3"]), unit="days")
    np.testing.assert_array_equal(times, [1.5, np.nan, np.nan, np.nan, -3.0])


def test_numeric_times_stay_numbers(herd):
    study = herd.numbered().open()
    assert study.time.dtype == np.float64
    np.testing.assert_allclose(study.values("calved"), np.where(study.time >= 60, study.time - 60, np.nan))


# --- opening -----------------------------------------------------------------------------------------------


def test_opening_reads_no_column(herd, monkeypatch):
    folder = herd.pictured("bytes").save()

    def read(self, columns):
        raise AssertionError(f"read {columns}")

    with monkeypatch.context() as patched:
        patched.setattr(tables.Table, "arrow", read)
        study = open_study(folder)
        assert (len(study), study.name) == (40, "Small herd")
    asked = []
    real = tables.Table.arrow
    monkeypatch.setattr(tables.Table, "arrow", lambda self, columns: asked.extend(columns) or real(self, columns))
    study.values("weight")
    assert asked == ["weight"]
    study.values("weight")
    assert asked == ["weight"]


@pytest.mark.parametrize(
    ("place", "change"),
    [
        ("columns.animal", lambda spec: spec["columns"].update(animal="cow")),
        ("columns.observation", lambda spec: spec["columns"].update(observation="nr")),
        ("columns.time", lambda spec: spec["columns"].update(time="when")),
        ("columns.image", lambda spec: spec["columns"].update(image="picture")),
        ("columns.features", lambda spec: spec["columns"].update(features=["q_*"])),
        ("variables.weight.column", lambda spec: spec["variables"]["weight"].update(column="kg")),
    ],
)
def test_a_column_that_is_not_there_is_named_with_its_place(herd, place, change):
    change(herd.spec)
    text = refusal(herd.open)
    assert f"study.toml: {place}: " in text


@pytest.mark.parametrize("stem", ["scores", "events", "animals"])
def test_a_side_table_without_its_animal_column_is_named(herd, stem):
    setattr(herd, stem, getattr(herd, stem).rename(columns={"animal": "cow"}))
    assert f"{stem}.parquet: there is no column 'animal'" in refusal(lambda: getattr(herd.open(), stem))


def test_folders_that_are_no_study_are_refused(herd, tmp_path):
    assert "there is no folder" in refusal(open_study, tmp_path / "nowhere")
    assert "is not a study" in refusal(open_study, tmp_path)
    folder = herd.save()
    (folder / "observations.parquet").unlink()
    assert "there is no observations.parquet or observations.csv" in refusal(open_study, folder)


def test_the_description_opens_its_study(herd):
    assert open_study(herd.save() / "study.toml").path == herd.folder.resolve()


@pytest.mark.parametrize(
    ("suffix", "content"),
    [(".parquet", b""), (".parquet", b"PAR1 but not really PAR1"), (".csv", b""), (".csv", b"a,b\n1,2,3\n")],
)
def test_a_spoilt_table_is_refused_with_its_file(herd, suffix, content):
    folder = herd.save()
    (folder / "observations.parquet").unlink()
    (folder / f"observations{suffix}").write_bytes(content)
    text = refusal(open_study, folder)
    assert f"observations{suffix}: cannot be read" in text


def test_two_columns_of_one_name_are_refused(herd):
    folder = herd.save()
    (folder / "observations.parquet").unlink()
    (folder / "observations.csv").write_text("observation_id,animal_id,captured_at,animal_id\n1,2,2024-01-01,3\n")
    assert "two columns are called 'animal_id'" in refusal(open_study, folder)


def test_a_nested_column_does_no_harm(herd):
    folder = herd.save()
    table = pq.read_table(folder / "observations.parquet")
    pq.write_table(table.append_column("boxes", pa.array([[1.0, 2.0]] * 40)), folder / "observations.parquet")
    study = open_study(folder)
    assert "boxes" not in study.observations.columns
    assert study.values("weight").notna().all()


def test_the_data_hash_follows_every_table(herd):
    seen = {herd.open().data_hash}
    assert herd.open().data_hash in seen
    herd.observations.loc[0, "weight"] += 1
    seen.add(herd.open().data_hash)
    herd.scores.loc[0, "value"] += 1
    seen.add(herd.open().data_hash)
    herd.animals.loc[0, "sex"] = "?"
    seen.add(herd.open().data_hash)
    herd.spec["study"]["name"] = "Other"
    seen.add(herd.open().data_hash)
    assert len(seen) == 5
