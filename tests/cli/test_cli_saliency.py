"""The command saliency."""

import json
import shlex

import pandas as pd
import pytest

from explorer import cli

COLUMNS = [
    *("variable", "n", "animals", "r2", "r2_low", "r2_high", "r2_conditional", "r2_shared", "p", "dispersion_p"),
    *("distance_correlation", "probe", "probe_null_low", "probe_null_high"),
]
DIVERGENCES = [
    *("variable", "first", "second", "n_first", "n_second", "animals_first", "animals_second", "dimension"),
    *("name", "jeffrey", "jeffrey_low", "jeffrey_high", "w2", "w2_low", "w2_high"),
]


def did(capsys, *arguments):
    """What a command that succeeds prints, line by line."""
    assert cli.main([str(one) for one in arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_saliency_writes_its_columns_and_its_command_makes_the_same_file(herd, tmp_path, capsys):
    out = tmp_path / "saliency.csv"
    said = did(capsys, "saliency", herd.save(), "--permutations", "49", "--out", out)
    frame = pd.read_csv(out)
    assert list(frame.columns) == COLUMNS
    assert sorted(frame["variable"]) == sorted(["breed", "parity", "weight", "sex", "age", "season", "month", "calved"])
    assert frame["animals"].tolist()[0] == 8
    assert frame["r2"].is_monotonic_decreasing
    assert frame["p"].between(0, 1).all()
    assert frame["probe"].isna().all(), "eight animals are too few to probe"
    assert any(line.startswith("Cannot separate breed from sex") for line in said)
    facts = json.loads((tmp_path / "saliency.csv.manifest.json").read_text())
    assert facts["variables"]["breed"]["varies"] == "constant in each animal"
    assert facts["variables"]["calved"]["missing"] == 8
    assert len(facts["association"]) == 28
    assert facts["variance_inflation"]["breed"] == "infinite"
    assert len(facts["divergences"]["bcs"]["dimensions"]) == 4
    assert facts["summary"] == said[:-1]
    words = shlex.split(facts["command"])
    did(capsys, *words[1:-1], tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == out.read_bytes()


def test_divergences_of_subgroups_are_written_beside_and_made_again(herd, tmp_path, capsys):
    out, apart = tmp_path / "saliency.csv", tmp_path / "apart.csv"
    said = did(capsys, "saliency", herd.save(), "--permutations", "49", "--out", out, "--divergences", apart)
    assert sum("rows written to" in line for line in said) == 2
    frame = pd.read_csv(apart)
    assert list(frame.columns) == DIVERGENCES
    facts = json.loads((tmp_path / "saliency.csv.manifest.json").read_text())
    bcs = frame[frame["variable"] == "bcs"]
    told = facts["divergences"]["bcs"]["dimensions"]
    assert bcs["dimension"].tolist() == [one["dimension"] for one in told]
    assert bcs["jeffrey"].tolist() == pytest.approx([one["jeffrey"]["value"] for one in told])
    assert set(facts["divergences"]) == {"bcs", "trend"} < set(frame["variable"]), "background variables too"
    content = apart.read_bytes()
    words = shlex.split(json.loads((tmp_path / "apart.csv.manifest.json").read_text())["command"])
    did(capsys, *words[1:-1], tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == content


def test_variables_and_seed_are_kept_in_the_command(herd, tmp_path, capsys):
    out = tmp_path / "some.parquet"
    options = ["--variables", "season", "weight", "--seed", "3", "--permutations", "49"]
    said = did(capsys, "saliency", herd.save(), *options, "--embedding", "features", "--out", out)
    assert sorted(pd.read_parquet(out)["variable"]) == ["season", "weight"]
    assert any(line.startswith("weight explains") for line in said)
    words = shlex.split(json.loads((tmp_path / "some.parquet.manifest.json").read_text())["command"])
    did(capsys, *words[1:-1], tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == out.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "--out"),
        (["--out", "HERE/a.xlsx"], "'a.xlsx' does not say its format"),
        (["--out", "HERE/a.csv", "--divergences", "HERE/a.txt"], "'a.txt' does not say its format"),
        (["--out", "HERE/a.csv", "--divergences", "HERE/x/../a.csv"], "name the same file"),
        (["--out", "HERE/a.csv", "--divergences", "HERE/f/b.csv"], "nothing was changed"),
        (["--permutations", "18", "--out", "HERE/a.csv"], "not a number of permutations (19 to 100000)"),
        (["--variables", "colour", "--out", "HERE/a.csv"], "no variable 'colour'"),
        (["--embedding", "net", "--out", "HERE/a.csv"], "no embedding 'net'"),
        (["--seed", "-1", "--out", "HERE/a.csv"], "not a seed"),
    ],
)
def test_each_mistake_is_one_line_and_a_two(herd, tmp_path, capsys, arguments, sentence):
    filled = [one.replace("HERE", str(tmp_path)) for one in arguments]
    (tmp_path / "f").touch()
    assert cli.main(["saliency", str(herd.save()), *filled]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("latent-explorer: ")
    assert told.err.count("\n") == 1
    assert sentence in told.err
    assert not list(tmp_path.glob("a.*"))
