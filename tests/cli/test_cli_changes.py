"""``changes``: the table's contract, the manifest's command, the past kept, and each mistake as one line."""

import csv
import json
import shlex

import pytest
from change.watched import ILL, watched
from mistakes import mistake

from explorer import cli

COLUMNS = (
    "animal_id,time,task,channel,value,unit,effect,effect_low,effect_high,probability_relevant,severity,new,"
    "n_visits,reason"
)


def did(capsys, *arguments):
    assert cli.main([str(one) for one in arguments]) == 0
    return capsys.readouterr().out.splitlines()


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
    assert any("of healthy ones at most 10.0% are expected" in line for line in said)
    assert any("false alerts a month" in line for line in said)
    facts = json.loads((tmp_path / "changes.csv.manifest.json").read_text())
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
        (["--variable", "weight", "--as-of", "1999-01-01", "--out", "HERE/a.csv"], "no values"),
        (["--variable", "weight", "--method", "magic", "--out", "HERE/a.csv"], "magic"),
        (["--variable", "weight", "--memory", "1", "--out", "HERE/a.csv"], "all or held-back"),
        (["--variable", "bcs_next", "--out", "HERE/a.csv"], "lie in the future"),
    ],
)
def test_each_mistake_is_one_line_and_a_two(herd, tmp_path, capsys, arguments, sentence):
    filled = [one.replace("HERE", str(tmp_path)) for one in arguments]
    assert sentence in mistake(capsys, "changes", watched(herd).save(), *filled)
    assert not list(tmp_path.glob("a.*"))


def test_the_methods_of_the_command_are_those_of_the_package():
    from explorer.change.arms import METHODS
    from explorer.cli.changing import METHODS as told

    assert told == METHODS


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
