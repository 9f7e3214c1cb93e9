"""``levels`` and ``agreement``: the table's contract, the manifest's command, and each mistake as one line."""

import csv
import json
import shlex

import pytest
from change.watched import ILL, watched
from mistakes import mistake

from explorer import cli

LEVELS = "animal_id,task,level,start,end,n,mean,mean_low,mean_high,change,change_low,change_high,unit"
AGREEMENT = "task,kind,measure,value,low,high,observations,animals,observers,sem,smallest_change,relevant_change"


def made_twice(tmp_path, capsys, command, folder, *options):
    """Run it, then what its manifest says, to the same bytes; gives what was said, and the lines."""
    out = tmp_path / "one.csv"
    assert cli.main([command, str(folder), *options, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    words = shlex.split(json.loads((tmp_path / "one.csv.manifest.json").read_text())["command"])
    assert cli.main([*words[1:-1], str(tmp_path / "again.csv")]) == 0
    assert (tmp_path / "again.csv").read_bytes() == out.read_bytes()
    return said, out.read_text(encoding="utf-8").splitlines()


def test_levels_of_some_animals(herd, tmp_path, capsys):
    folder = watched(herd).save()
    options = ["--variable", "weight", "bcs", "--animal", ILL, "cow-03", "--changes", "many"]
    said, lines = made_twice(tmp_path, capsys, "levels", folder, *options)
    assert lines[0] == LEVELS and "looking back" in said
    rows = list(csv.DictReader(lines))
    assert {row["animal_id"] for row in rows} == {ILL, "cow-03"} and {row["task"] for row in rows} == {"weight", "bcs"}
    dropped = [row for row in rows if row["animal_id"] == ILL and row["task"] == "weight"][-1]
    assert float(dropped["change_high"]) < 0 and dropped["start"] >= "2023-01-01"


def test_levels_of_all_animals_count_the_short_ones(herd, tmp_path, capsys):
    said, lines = made_twice(
        tmp_path, capsys, "levels", watched(herd, animals=12, visits=3).save(), "--variable", "weight"
    )
    assert lines == [LEVELS] and "12 series of fewer than 4 visits" in said


def test_agreement(herd, tmp_path, capsys):
    said, lines = made_twice(tmp_path, capsys, "agreement", watched(herd).save(), "--task", "bcs")
    assert lines[0] == AGREEMENT and "600 pairs of 40 animals" in said
    rows = list(csv.DictReader(lines))
    assert {row["observers"] for row in rows} == {"any two", "Ann and Bob"}
    assert all(float(row["low"]) <= float(row["value"]) <= float(row["high"]) for row in rows)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["levels", "--out", "a.csv"], "--variable"),
        (["levels", "--variable", "weight", "--out", "a.txt"], "does not say its format"),
        (["levels", "--variable", "hoof", "--out", "a.csv"], "nothing called 'hoof'"),
        (["levels", "--variable", "bcs_next", "--out", "a.csv"], "lie in the future"),
        (["levels", "--variable", "weight", "--animal", "cow-99", "--out", "a.csv"], "no animal 'cow-99'"),
        (["levels", "--variable", "weight", "--changes", "some", "--out", "a.csv"], "some"),
        (["agreement", "--out", "a.txt"], "does not say its format"),
        (["agreement", "--task", "weight", "--out", "a.csv"], "not read from the scores"),
        (["agreement", "--task", "hoof", "--out", "a.csv"], "hoof"),
    ],
)
def test_each_mistake_is_one_line_and_a_two(herd, tmp_path, capsys, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    command, *rest = arguments
    assert sentence in mistake(capsys, command, watched(herd).save(), *rest)
    assert not list(tmp_path.glob("a.*"))


def test_scores_of_nobody_in_particular_say_so(herd, tmp_path, capsys):
    herd = watched(herd)
    herd.scores = herd.scores.drop(columns="observer")
    assert "do not say who gave them" in mistake(capsys, "agreement", herd.save(), "--out", tmp_path / "a.csv")


def test_the_amounts_of_the_command_are_those_of_the_package():
    from explorer.change.levels import PENALTIES
    from explorer.cli.looking_back import AMOUNTS

    assert tuple(PENALTIES) == AMOUNTS
