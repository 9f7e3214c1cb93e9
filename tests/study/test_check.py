import numpy as np
import pandas as pd
import pytest

from explorer.errors import UserError
from explorer.study.check import check, check_at
from explorer.study.embeddings import EmbeddingNote, write_embedding
from explorer.study.findings import Finding


def found(herd, **options):
    """What is noticed, as (severity, file, row, column, rows affected) and its words."""
    return {
        (one.severity, one.file, one.row, one.column, one.rows_affected): one.what
        for one in check(herd.open(), **options)
    }


def only(herd, **options):
    everything = found(herd, **options)
    assert len(everything) == 1, everything
    return next(iter(everything.items()))


@pytest.mark.parametrize("how", [None, "files", "bytes"])
def test_a_clean_study_gives_no_finding(herd, how):
    if how:
        herd.pictured(how)
    assert check(herd.open(), pictures=True) == []


def test_a_clean_study_with_numeric_times_gives_no_finding(herd):
    herd.animals = herd.animals.drop(columns="birth")
    assert check(herd.numbered().open()) == []


def test_a_study_of_no_rows_is_looked_over(herd):
    herd.observations = herd.observations.iloc[:0]
    herd.scores = herd.events = herd.animals = None
    severities = {one.severity for one in check(herd.open())}
    assert severities <= {"error", "note", "warning"}


# --- observations ------------------------------------------------------------------------------------------


def test_a_repeated_id_is_named(herd):
    herd.observations.loc[[7, 30], "observation_id"] = "o-003"
    place, words = only(herd)
    assert place == ("error", "observations.parquet", 8, "observation_id", 2)
    assert words == "the id 'o-003' is used a second time (2 rows)"


def test_a_missing_id_is_named(herd):
    herd.observations.loc[[5, 6], "observation_id"] = None
    assert only(herd)[0] == ("error", "observations.parquet", 6, "observation_id", 2)


def test_a_row_entered_twice_is_named(herd):
    again = herd.observations.iloc[[4]].assign(observation_id="new")
    herd.observations = pd.concat([herd.observations, again])
    place, words = only(herd)
    assert place == ("warning", "observations.parquet", 41, None, 1)
    assert "repeats an earlier one" in words


def test_two_pictures_of_one_visit_are_no_repeat(herd):
    herd.pictured("bytes")
    again = herd.observations.iloc[[4, 5]].assign(observation_id=["n-1", "n-2"])
    again.iloc[0, again.columns.get_loc("image")] = herd.observations["image"][9]
    herd.observations = pd.concat([herd.observations, again])
    place, words = only(herd)
    assert place == ("warning", "observations.parquet", 42, None, 1)
    assert "repeats" in words


def test_another_measurement_at_the_same_time_is_a_note_without_features(herd):
    herd.spec["columns"]["features"] = []
    herd.observations.loc[1, "captured_at"] = herd.observations.loc[0, "captured_at"]
    assert only(herd)[0] == ("note", "observations.parquet", 2, "captured_at", 1)


def test_rows_without_a_time_are_not_at_the_same_time(herd):
    herd.spec["columns"]["features"] = []
    herd.observations.loc[[1, 2], "captured_at"] = pd.NaT
    assert only(herd)[0] == ("warning", "observations.parquet", 2, "captured_at", 2)


def test_a_date_that_does_not_exist_is_named(herd):
    dates = herd.observations["captured_at"].dt.strftime("%Y-%m-%d")
    dates[3], dates[20] = "2024-02-30", "2023-02-29"
    herd.observations["captured_at"] = dates
    place, words = only(herd)
    assert place == ("error", "observations.parquet", 4, "captured_at", 2)
    assert words == "'2024-02-30' is not a date that exists (2 rows)"


def test_a_numeric_time_that_is_no_number_is_named(herd):
    herd.animals = herd.animals.drop(columns="birth")
    herd.numbered()
    herd.observations["captured_at"] = herd.observations["captured_at"].astype(str)
    herd.observations.loc[3, "captured_at"] = "soon"
    one = check(herd.open())[0]
    assert (one.row, one.column, one.what) == (4, "captured_at", "'soon' is not a number")
    assert "numbers of days" in one.how


@pytest.mark.parametrize(("date", "word"), [("1066-10-14", "before 1900"), ("2199-01-01", "in the future")])
def test_an_impossible_date_is_named(herd, date, word):
    herd.observations.loc[39, "captured_at"] = np.datetime64(date, "us")
    herd.animals = herd.animals.drop(columns="birth")
    del herd.spec["variables"]["age"]
    place, words = only(herd)
    assert place == ("error", "observations.parquet", 40, "captured_at", 1)
    assert word in words


def test_a_missing_animal_is_named(herd):
    herd.observations.loc[3, "animal_id"] = None
    assert only(herd) == (
        ("warning", "observations.parquet", 4, "animal_id", 1),
        "the animal is missing",
    )


def test_constant_and_empty_columns_are_noted(herd):
    herd.observations["farm"] = "north"
    herd.observations["remark"] = pd.Series([None] * 40, dtype=object)
    assert found(herd) == {
        ("note", "observations.parquet", None, "farm", 0): "every row holds 'north', so it tells nothing apart",
        ("note", "observations.parquet", None, "remark", 0): "every cell is empty",
    }


def test_missing_cells_are_noted_from_a_twentieth_on(herd):
    herd.observations.loc[:0, "weight"] = np.nan
    assert found(herd) == {}
    herd.observations.loc[:4, "weight"] = np.nan
    place, words = only(herd)
    assert place == ("note", "observations.parquet", None, "weight", 0)
    assert words == "12% of the cells are missing; 1 of 8 animals have none at all"


def test_an_infinite_number_is_named(herd):
    herd.observations.loc[8, "weight"] = -np.inf
    assert only(herd)[0] == ("warning", "observations.parquet", 9, "weight", 1)


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_cell_that_does_not_fit_its_variable_is_named(herd, suffix):
    herd.observations["weight"] = ["500", "heavy", *[str(number) for number in range(38)]]
    (one,) = check(herd.open(suffix))
    assert (one.severity, one.file, one.row, one.column) == ("error", f"observations{suffix}", 2, "weight")
    assert "'heavy'" in one.what


def test_a_study_without_variables_is_noted(herd):
    herd.spec["variables"] = {}
    assert only(herd)[0] == ("note", "study.toml", None, None, 0)


# --- animals and events ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "date", "side", "row"),
    [
        ("birth", "2024-01-12", "before", 1),
        ("entry", "2024-01-12", "before", 1),
        ("exit", "2024-09-09", "after", 5),
    ],
)
def test_rows_outside_an_animals_time_in_the_herd_are_named(herd, column, date, side, row):
    births = herd.animals["birth"]
    herd.animals[column] = births if column == "birth" else pd.NaT
    herd.animals[column] = herd.animals[column].astype("datetime64[us]")
    herd.animals.loc[herd.animals["animal"] == "cow-0", column] = np.datetime64(date, "us")
    place, words = only(herd)
    assert place == ("error", "observations.parquet", row, "captured_at", 1)
    assert f"{side} the animal's {column} in the animals table" in words


def with_events(herd, *events, animal="cow-2"):
    rows = [(animal, np.datetime64(date, "us"), kind) for date, kind in events]
    herd.events = pd.DataFrame(rows, columns=["animal", "time", "kind"]).astype({"time": "datetime64[us]"})
    return herd


# cow-2 is seen on 2024-01-10, 03-11, 05-11, 07-11 and 09-10, which are rows 11 to 15.
CALLED = [
    ([("2024-07-10", "exit_sold")], 14, 2),
    ([("2024-07-11", "exit_sold")], 15, 1),  # the day of the exit itself is fine
    ([("2024-05-20", "Death")], 14, 2),
    ([("2024-01-01", "birth"), ("2024-07-15", "death")], 15, 1),
    ([("2024-02-01", "exit_loan_out"), ("2024-03-01", "entry_loan_in"), ("2024-08-01", "exit")], 15, 1),
    ([("2024-08-01", "exit"), ("2024-03-01", "entry_loan_in"), ("2024-02-01", "exit_loan_out")], 15, 1),
    ([("2024-01-01", "entry_bought"), ("2024-02-01", "exit_a"), ("2024-08-01", "exit_b")], 15, 1),
]
FINE = [
    [("2024-02-01", "exit_loan_out"), ("2024-08-01", "entry_loan_in")],
    [("2024-08-01", "entry_loan_in"), ("2024-02-01", "exit_loan_out")],
    [("2024-02-01", "exit_loan_out"), ("2024-02-01", "entry_loan_in")],
    [("2024-02-01", "exit"), ("2024-03-01", "entry"), ("2024-04-01", "exit"), ("2024-05-01", "ENTRY_back")],
    [("2024-09-10", "death")],
    [("2024-02-01", "no exit"), ("2024-02-01", "treatment"), ("2024-02-01", "deathly ill")],
]


@pytest.mark.parametrize("numeric", [False, True])
@pytest.mark.parametrize(("events", "row", "count"), CALLED)
def test_rows_after_a_final_exit_are_named(herd, events, row, count, numeric):
    with_events(herd, *events)
    if numeric:
        if events == [("2024-07-11", "exit_sold")]:  # numbers have no day that is fine as a whole
            row, count = 14, 2
        herd.animals = herd.animals.drop(columns="birth")
        herd.numbered()
    place, words = only(herd)
    assert place == ("error", "observations.parquet", row, "captured_at", count)
    assert "after its exit in the events" in words


@pytest.mark.parametrize("numeric", [False, True])
@pytest.mark.parametrize("events", FINE)
def test_an_animal_that_came_back_or_never_left_is_not_called(herd, events, numeric):
    with_events(herd, *events)
    if numeric:
        herd.animals = herd.animals.drop(columns="birth")
        herd.events["time"] += np.timedelta64(1, "D")
        herd.numbered()
    assert found(herd) == {}


def test_the_entry_of_another_animal_brings_nobody_back(herd):
    with_events(herd, ("2024-02-01", "exit"))
    herd.events.loc[1] = ["cow-3", np.datetime64("2024-08-01", "us"), "entry"]
    herd.events.loc[2] = [None, np.datetime64("2024-08-01", "us"), "entry"]
    assert only(herd)[0] == ("error", "observations.parquet", 12, "captured_at", 4)


def test_an_exit_without_a_date_ends_nothing(herd):
    with_events(herd, ("NaT", "exit"), ("NaT", "entry"))
    assert found(herd) == {}


def test_strangers_in_side_tables_are_noted(herd):
    herd.scores.loc[24] = ["bull", np.datetime64("2024-02-01", "us"), "bcs", 3.0, "Ann"]
    herd.scores.loc[25] = ["ox", np.datetime64("2024-02-01", "us"), "bcs", 3.0, "Ann"]
    place, words = only(herd)
    assert place == ("note", "scores.parquet", 25, "animal", 2)
    assert words == "2 rows name animals without any observation (first: bull)"


@pytest.mark.parametrize("stem", ["scores", "events"])
def test_a_date_that_does_not_exist_in_a_side_table_is_named(herd, stem):
    frame = getattr(herd, stem)
    frame["time"] = frame["time"].dt.strftime("%Y-%m-%d")
    frame.loc[2, "time"] = "2024-13-01"
    assert only(herd) == (("error", f"{stem}.parquet", 3, "time", 1), "'2024-13-01' is not a date that exists")


def test_a_score_that_is_no_number_is_named(herd):
    del herd.spec["variables"]["trend"]
    herd.scores["value"] = herd.scores["value"].astype(str)
    herd.scores.loc[4, "value"] = "fat"
    assert only(herd)[0] == ("error", "scores.parquet", 5, "value", 0)


def test_an_animal_with_two_rows_is_named(herd):
    herd.animals = pd.concat([herd.animals, herd.animals.iloc[[2]]])
    place, words = only(herd)
    assert place == ("warning", "animals.parquet", 9, "animal", 1)
    assert words.startswith("the animal cow-5 has a row already")


def test_a_side_table_without_a_column_is_named(herd):
    herd.events = herd.events.drop(columns="kind")
    del herd.spec["variables"]["calved"]
    study = herd.open()
    with pytest.raises(UserError, match="no column 'kind'"):
        _ = study.events
    errors = [one for one in check(study) if one.severity == "error"]
    assert [one.what for one in errors] == ["there is no column 'kind'"]


# --- embeddings and pictures -------------------------------------------------------------------------------


def test_an_embedding_of_another_table_is_an_error(herd):
    study = herd.open()
    write_embedding(study.path, "net", np.ones((40, 3)), EmbeddingNote(observations="other", encoder="x"))
    (place, words) = only(herd)
    assert place[0] == "error"
    assert place[1].endswith("net.npy")
    assert "belongs to another table" in words


def test_rows_without_a_vector_are_counted(herd):
    vectors = np.ones((40, 3))
    vectors[[4, 6]] = np.nan
    herd.embed("net", vectors)
    assert only(herd) == (
        ("warning", "embeddings/net.npy", 5, None, 2),
        "2 of 40 observations have no vector",
    )


def test_what_the_features_leave_out_is_noted(herd):
    herd.observations.loc[4, "p_0"] = np.nan
    place, words = only(herd)
    assert place == ("note", "observations.parquet", None, None, 0)
    assert words.startswith("1 of 40 observations left out")


def test_pictures_are_opened_only_when_asked_for(herd):
    herd.pictured("files").observations.loc[3, "image"] = "../x.png"
    (herd.folder / "images" / "8.png").write_bytes(b"no")
    herd.observations.loc[20, "image"] = None
    assert found(herd) == {}
    heard = []
    places = found(herd, pictures=True, report=lambda fraction, note: heard.append(fraction))
    assert list(places) == [("error", "observations.parquet", row, "image", 1) for row in (4, 9, 21)]
    assert heard == [0.0]
    heard.clear()
    assert len(check_at(herd.folder, report=lambda fraction, note: heard.append(fraction))) == 3


def test_errors_come_first(herd):
    herd.observations["farm"] = "north"
    herd.observations.loc[3, "animal_id"] = None
    herd.observations.loc[5, "observation_id"] = "o-004"
    assert [one.severity for one in check(herd.open())] == ["error", "warning", "note"]


def test_a_finding_reads_as_one_line():
    one = Finding("error", "the id is used twice", "observations.csv", 1234, "id", "Make ids unique", 2)
    assert str(one) == "observations.csv, row 1,234, column id: the id is used twice. Make ids unique."
    assert str(Finding("note", "no variable", "study.toml")) == "study.toml: no variable."
