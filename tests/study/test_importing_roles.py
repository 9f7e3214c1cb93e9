import numpy as np
import pyarrow as pa
import pytest
from importing_files import read_text

from explorer.errors import UserError
from explorer.study.embeddings import match_features
from explorer.study.importing import Source, derived_variables, guess_roles, override_roles, study_spec
from explorer.study.importing.features import feature_patterns

ROWS = 40


def roles_of(folder, **columns):
    return {role.column: role for role in guess_roles(source_of(folder, **columns))}


def source_of(folder, **columns):
    return Source(folder / "herd.csv", "herd", pa.table(columns), {}, None, ())


def repeated(*values):
    return [values[number % len(values)] for number in range(ROWS)]


COWS = repeated("A", "B", "C", "D")
NUMBERS = (np.arange(ROWS) * 1.37 % 7 + 0.5).tolist()
DATES = (np.datetime64("2020-01-01T06:00", "us") + np.arange(ROWS) * np.timedelta64(31, "h")).tolist()

PARTS = {
    "cow": (COWS, ("animal", "nominal", None, None)),
    "id": (list(range(ROWS)), ("observation", "nominal", None, None)),
    "captured_at": (DATES, ("time", None, None, None)),
    "bcs": (repeated(2.5, 3.0, 3.5), ("variable", "ordinal", "task", "points")),
    "parity": (repeated(1, 2, 3), ("variable", "ordinal", "background", None)),
    "Body Weight (kg)": (NUMBERS, ("variable", "continuous", "task", "kg")),
    "age_years": (NUMBERS, ("variable", "continuous", "background", "years")),
    "glucose_mg_dl": (NUMBERS, ("variable", "continuous", "task", "mg/dL")),
    "hour": (repeated(*range(24)), ("variable", "cyclic", "background", "hours")),
    "month": (repeated(*range(1, 13)), ("variable", "cyclic", "background", "months")),
    "sex": (repeated("F", "M"), ("variable", "nominal", "background", None)),
    "breed": (repeated(46, 56, 66), ("variable", "nominal", "background", None)),
    "pregnant": (repeated(0, 1), ("variable", "nominal", "background", None)),
    "sire_id": ([f"S{n}" for n in range(ROWS)], ("none", "nominal", None, None)),
    "md5": ([f"{n:032x}" for n in range(ROWS)], ("none", "nominal", None, None)),
    "url": ([f"https://x/{n}" for n in range(ROWS)], ("none", "nominal", None, None)),
    "remark": ([f"text {n}" for n in range(ROWS)], ("none", "nominal", None, None)),
    "farm": (repeated("one"), ("none", "nominal", None, None)),
    "birth_date": (DATES, ("none", "nominal", None, None)),
    "exit_date": (DATES, ("none", "nominal", None, None)),
    "days_to_exit": (NUMBERS, ("none", "continuous", None, None)),
}


@pytest.mark.parametrize("name", PARTS)
def test_each_column_gets_its_part(tmp_path, name):
    values, expected = PARTS[name]
    found = roles_of(tmp_path, **{"cow": COWS, name: values})[name]
    assert (found.part, found.kind, found.role) == expected[:3], found
    assert found.part == "none" or found.unit == expected[3]
    assert found.why


def test_the_animal_says_how_often_it_was_seen(tmp_path):
    assert roles_of(tmp_path, animal_id=COWS, x=NUMBERS)["animal_id"].why == (
        "named like an animal; 4 animals, 10 rows each"
    )


def test_one_column_for_each_part(tmp_path):
    found = roles_of(
        tmp_path,
        id=COWS,
        animal_id=COWS,
        ear_tag=COWS,
        date=[d.replace(hour=0) for d in DATES],
        datetime=DATES,
        day=NUMBERS,
    )
    assert [name for name, role in found.items() if role.part == "animal"] == ["animal_id"]
    assert [name for name, role in found.items() if role.part == "time"] == ["datetime"]
    assert "datetime is the time" in found["date"].why


def test_id_is_the_animal_when_it_repeats(tmp_path):
    assert roles_of(tmp_path, id=COWS, x=NUMBERS)["id"].part == "animal"


@pytest.mark.parametrize(
    ("name", "unit"), [("day", "days"), ("visit", "visits"), ("replicate", "visits"), ("age_days", "days")]
)
def test_counted_time_has_a_unit(tmp_path, name, unit):
    source = source_of(tmp_path, cow=COWS, **{name: list(range(ROWS))})
    roles = guess_roles(source)
    assert (roles[1].part, roles[1].unit) == ("time", unit)
    assert study_spec(source, roles).columns.time_unit == unit


@pytest.mark.parametrize("name", ["p_{}", "emb{}", "{}_N", "pc{}"])
def test_many_numbers_of_one_pattern_are_features(tmp_path, name):
    names = [name.format(letter) for letter in ("abcdefghij" if "{}_N" in name else range(10))]
    source = source_of(tmp_path, cow=COWS, **dict.fromkeys(names, NUMBERS), weight_kg=NUMBERS)
    roles = guess_roles(source)
    assert [role.column for role in roles if role.part == "feature"] == names
    spec = study_spec(source, roles)
    assert len(spec.columns.features) == 1
    assert match_features(source.table.column_names, spec.columns.features) == names


def test_measurements_are_not_features(tmp_path):
    names = ["milk_kg", "fat_pct", "weight_kg", "lean_g", "fluid_g", "glucose_mg_dl", "length_mm", "girth_cm", "scc"]
    found = roles_of(tmp_path, cow=COWS, **dict.fromkeys(names, NUMBERS))
    assert {found[name].part for name in names} == {"variable"}


def test_patterns_match_nothing_else():
    columns = ["p_1", "p_2", "p_note", "q[1]", "q*", "w"]
    patterns = feature_patterns(["p_1", "p_2", "q[1]", "q*"], columns)
    assert match_features(columns, patterns) == ["p_1", "p_2", "q[1]", "q*"]


def test_what_follows_from_dates(tmp_path):
    births = [np.datetime64("2015-06-01", "us").item()] * ROWS
    source = source_of(tmp_path, cow=COWS, date=DATES, dob=births)
    derived = derived_variables(source, guess_roles(source))
    assert {name: (v.derive.rule, v.derive.source, v.unit) for name, v in derived.items()} == {
        "season": ("season", "date", None),
        "hour": ("hour", "date", "hours"),
        "age": ("age", "dob", "years"),
    }
    young = source_of(tmp_path, cow=COWS, date=DATES, dob=[np.datetime64("2019-06-01", "us").item()] * ROWS)
    assert derived_variables(young, guess_roles(young))["age"].unit == "days"
    there = source_of(tmp_path, date=DATES, dob=births, season=COWS, hour=repeated(1, 2, 5), age_years=NUMBERS)
    assert derived_variables(there, guess_roles(there)) == {}


def test_the_user_overrides(tmp_path):
    source = source_of(
        tmp_path, cow=COWS, pen=repeated("x", "y", "z"), day=list(range(ROWS)), week=repeated(*range(5)), w=NUMBERS
    )
    roles = override_roles(
        guess_roles(source),
        animal="pen",
        time="week",
        time_unit="weeks",
        task=["w"],
        ignore=["day"],
        kinds={"cow": "nominal"},
    )
    spec = study_spec(source, roles)
    assert (spec.columns.animal, spec.columns.time, spec.columns.time_unit) == ("pen", "week", "weeks")
    assert spec.variables["w"].role == "task"
    assert set(spec.variables) == {"w", "cow"}
    cyclic = override_roles(roles, kinds={"w": "cyclic:7"})
    assert study_spec(source, cyclic).variables["w"].cycle == 7


def test_the_user_chooses_features(tmp_path):
    source = source_of(tmp_path, cow=COWS, **{f"p_{n}": NUMBERS for n in range(9)}, w=NUMBERS)
    roles = override_roles(guess_roles(source), features=["p_1", "w"])
    assert study_spec(source, roles).columns.features == ("p_1", "w")


MISTAKES = [
    ({"animal": "cwo"}, "Did you mean cow"),
    ({"task": ["Weigth"]}, "Did you mean weight"),
    ({"features": ["q_*"]}, "no column matches 'q_*'"),
    ({"kinds": {"cow": "round"}}, "no kind of variable"),
    ({"kinds": {"weight": "cyclic"}}, "cyclic:24"),
    ({"kinds": {"weight": "cyclic:many"}}, "cyclic:24"),
    ({"time": "date", "time_unit": "moons"}, "no unit of time"),
    ({"time_unit": "days", "ignore": ["date"]}, "no column is the time"),
]


@pytest.mark.parametrize(("choice", "part"), MISTAKES)
def test_mistakes_are_told(tmp_path, choice, part):
    roles = guess_roles(source_of(tmp_path, cow=COWS, weight=NUMBERS, date=DATES))
    with pytest.raises(UserError) as caught:
        override_roles(roles, **choice)
    assert part in str(caught.value)


def test_time_needs_dates_or_a_unit(tmp_path):
    source = source_of(tmp_path, cow=COWS, weight=NUMBERS, date=DATES)
    for choice, part in [
        ({"time": "cow"}, "neither dates nor numbers"),
        ({"time": "weight"}, "--time-unit"),
        ({"time_unit": "days"}, "holds dates"),
        ({"features": ["cow"]}, "does not hold numbers"),
    ]:
        with pytest.raises(UserError) as caught:
            study_spec(source, override_roles(guess_roles(source), **choice))
        assert part in str(caught.value)


def test_text_scores_are_ordinal(tmp_path):
    source = read_text(tmp_path, "cow,lameness_score\nA,01\nB,02\nA,03\nB,01\n")
    assert {role.column: role.kind for role in guess_roles(source)}["lameness_score"] == "ordinal"
