"""``changes``: the table's contract, the manifest's command, the past kept, and each mistake as one line."""

import csv
import json
import shlex
from datetime import date

import pytest
from change.watched import ILL, watched
from mistakes import mistake

from explorer import cli
from explorer.decisions.noted_events import note_event
from explorer.study.study import open_study

pytestmark = pytest.mark.usefixtures("quick_limits")

COLUMNS = (
    "animal_id,time,task,channel,value,unit,effect,effect_low,effect_high,probability_relevant,severity,new,"
    "n_visits,reason"
)


def did(capsys, *arguments):
    assert cli.main([str(one) for one in arguments]) == 0
    return capsys.readouterr().out.splitlines()


@pytest.mark.slow
def test_the_table_keeps_its_contract_and_can_be_made_again(herd, tmp_path, capsys):
    out = tmp_path / "changes.csv"
    folder = watched(herd).save()
    options = ["--variable", "weight", "milk", "--covariates", "parity", "--unhealthy", "treatment", "--rate", "0.1"]
    said = did(capsys, "changes", folder, *options, "--as-of", "2023-06-01", "--out", out)
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines[0] == COLUMNS
    rows = list(csv.DictReader(lines))
    assert ILL in {row["animal_id"] for row in rows} and max(row["time"] for row in rows) <= "2023-06-01"
    assert {row["new"] for row in rows} <= {"True", "False"}
    assert any("limits are set for 10 % of healthy animals" in line for line in said)
    assert any("false alerts a month" in line for line in said)
    facts = json.loads((tmp_path / "changes.csv.manifest.json").read_text())
    assert "Nothing later than 1 Jun 2023 is used." in said
    assert facts["as_of"] == "2023-06-01" and facts["tasks"]["weight"]["limits"]
    words = shlex.split(facts["command"])
    did(capsys, *words[1:-1], tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == out.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--out", "HERE/a.csv"], "--variable"),
        (["--variable", "weight", "--out", "HERE/a.txt"], "does not say its format"),
        (["--variable", "hoof", "--out", "HERE/a.csv"], "nothing called 'hoof'"),
        (["--variable", "weight", "--rate", "1", "--out", "HERE/a.csv"], "'1' is not a share"),
        (["--variable", "weight", "--rate", "-1", "--out", "HERE/a.csv"], "is not a number above 0"),
        (["--variable", "weight", "--as-of", "soon", "--out", "HERE/a.csv"], "'soon' is no time"),
        (
            ["--variable", "weight", "--as-of", "1999-01-01", "--out", "HERE/a.csv"],
            "Choose a later day; its first value",
        ),
        (["--variable", "weight", "--as-of", "03/04/2024", "--out", "HERE/a.csv"], "Give a date such as 2024-05-31"),
        (["--variable", "weight", "--as-of", "now", "--out", "HERE/a.csv"], "'now' is no time"),
        (["--variable", "weight", "--as-of", "may", "--out", "HERE/a.csv"], "'may' is no time"),
        (["--variable", "weight", "--view", "animal=cow-9999", "--out", "HERE/a.csv"], "no animal 'cow-9999'"),
        (["--variable", "weight", "--view", "nonsense=1", "--out", "HERE/a.csv"], "'nonsense' is no part of a view"),
        (["--variable", "age", "--out", "HERE/a.csv"], "Follow something that was measured"),
        (["--variable", "bcs_next", "--out", "HERE/a.csv"], "Follow 'bcs' itself"),
        (["--variable", "weight", "--method", "magic", "--out", "HERE/a.csv"], "magic"),
        (["--variable", "weight", "--memory", "1", "--out", "HERE/a.csv"], "all or held-back"),
        (["--variable", "bcs_next", "--out", "HERE/a.csv"], "lie in the future"),
    ],
)
def test_each_mistake_is_one_line_and_a_two(herd, tmp_path, capsys, arguments, sentence):
    filled = [one.replace("HERE", str(tmp_path)) for one in arguments]
    assert sentence in mistake(capsys, "changes", watched(herd).save(), *filled)
    assert not list(tmp_path.glob("a.*"))


def test_a_day_is_kept_as_the_study_writes_it(herd, tmp_path, capsys):
    out = tmp_path / "changes.csv"
    options = ["--variable", "weight", "--method", "never", "--out", out]
    did(capsys, "changes", watched(herd).save(), *options, "--as-of", "20230601")
    facts = json.loads((tmp_path / "changes.csv.manifest.json").read_text())
    assert facts["as_of"] == "2023-06-01" and "--as-of 2023-06-01" in facts["command"]


def test_a_word_among_numbers_is_named_with_its_row(herd, tmp_path, capsys):
    herd = watched(herd)
    herd.observations["weight"] = herd.observations["weight"].round(1).astype(str)
    herd.observations.loc[16, "weight"] = "heavy"
    herd.spec["variables"] = {"weight": {"column": "weight", "kind": "nominal", "role": "task"}}
    folder = herd.save()
    for command in (["changes", folder, "--variable", "weight"], ["report", folder, "--round"]):
        out = tmp_path / ("a.csv" if command[0] == "changes" else "a.pdf")
        said = mistake(capsys, *command, "--out", out)
        assert "row 17, column weight: 'weight' was read as text" in said and "'heavy'" in said
    herd.observations["weight"] = "heavy"
    said = mistake(capsys, "report", herd.save(), "--round", "--out", tmp_path / "a.pdf")
    assert "nothing in this study can be followed" in said


@pytest.mark.slow
def test_a_noted_calving_counts_when_its_decision_is_asked_for(herd, tmp_path, capsys):
    folder = watched(herd).save()
    note_event(open_study(folder), ILL, date(2023, 1, 20), "calving", who="Ann")
    for number in (0, 1):
        options = ["--variable", "milk", "--decisions", number, "--out", tmp_path / f"{number}.csv"]
        did(capsys, "changes", folder, *options)
    assert (tmp_path / "0.csv").read_bytes() != (tmp_path / "1.csv").read_bytes()


def test_the_methods_of_the_command_are_those_of_the_package():
    from explorer.change.arms import METHODS
    from explorer.cli.changing import METHODS as told

    assert told == METHODS


@pytest.mark.slow
def test_a_logarithm_keeps_the_columns_and_its_unit_says_what_the_effect_is(herd, tmp_path, capsys):
    out = tmp_path / "changes.csv"
    folder = watched(herd).save()
    did(capsys, "changes", folder, "--variable", "log2:weight", "--out", out)
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines[0] == COLUMNS
    ill = [row for row in csv.DictReader(lines) if row["animal_id"] == ILL]
    assert ill and {(row["task"], row["unit"]) for row in ill} == {("log2:weight", "kg (change: times)")}
    assert all(400 < float(row["value"]) < 700 and 0.8 < float(row["effect"]) < 1 for row in ill)
    facts = json.loads((tmp_path / "changes.csv.manifest.json").read_text())
    assert facts["tasks"]["log2:weight"]["scale"] == "log2" and facts["embeddings"] == {}
    did(capsys, *shlex.split(facts["command"])[1:-1], tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == out.read_bytes()
