"""``evaluate`` with its options, as typed."""

import json
import shlex
from pathlib import Path

import pandas as pd
import pytest
from flock import flock
from mistakes import mistake

from explorer import cli
from explorer.study.embeddings import EmbeddingNote, write_embedding
from explorer.study.study import open_study

LONG = ["method", "task", "measure", "value", "low", "high", "observations", "animals"]
WIDE = ["recall_at_1", "map_at_r", "recall_at_1_lead", "map_at_r_lead"]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A folder with a study, ``flock``, and an encoder of it, ``m``, that has learnt next to nothing."""
    folder = tmp_path_factory.mktemp("evaluated")
    study = flock(folder / "flock").save()
    arguments = ["train", str(study), "--out", str(folder / "m"), "--steps", "2", "--regress", "weight"]
    assert cli.main(arguments) == 0
    return folder


@pytest.mark.slow
def test_all_figures_are_one_long_table_that_its_command_makes_again(here, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study, out = here / "flock", Path("f.csv")
    arguments = ["evaluate", str(study), "--model", str(here / "m"), "--tasks", "weight", "kind", "--out", "f.csv"]
    assert cli.main(arguments) == 0
    told = capsys.readouterr().out
    for heading in ("### The same animal again", "### Tasks", "### Labels without an order"):
        assert heading in told
    table = pd.read_csv(out)
    assert table.columns.tolist() == LONG
    assert {"recall_at_1", "mae", "spearman", "mae_gain", "mae_lead", "nearest_alike"} <= set(table["measure"])
    assert set(table["task"].dropna().str.split(",").str[0]) == {"weight", "kind"}
    facts = json.loads(Path("f.csv.manifest.json").read_text())
    assert facts["units"] == {"weight": "kg"} and facts["rows"] == len(table) and "has learnt from" in facts["protocol"]
    assert facts["evaluated"]["sha256"] and facts["mae_lead_over"] == "encoder m, task dimension"
    before = out.read_bytes()
    out.unlink()
    assert cli.main(shlex.split(facts["command"])[1:]) == 0
    assert out.read_bytes() == before


def test_the_table_of_animals_found_again_stays_available(here, tmp_path):
    out = tmp_path / "r.csv"
    arguments = ["evaluate", str(here / "flock"), "--model", str(here / "m"), "--tasks", "--retrieval-out", str(out)]
    assert cli.main(arguments) == 0
    table = pd.read_csv(out)
    expected = [f"{name}{end}" for name in WIDE for end in ("", "_low", "_high")]
    assert table.columns.tolist() == ["method", *expected, "queries", "animals"]
    assert table["method"].tolist() == ["encoder m", "features, z-scored"]
    assert "--tasks" in json.loads((tmp_path / "r.csv.manifest.json").read_text())["command"]


def test_an_embedding_has_directions_and_a_chance(here, tmp_path, capsys):
    study = open_study(here / "flock")
    vectors = study.embedding("features").vectors[:, :3]
    write_embedding(study.path, "theirs", vectors, EmbeddingNote(observations=study.ids_hash, encoder="theirs"))
    out = tmp_path / "d.parquet"
    arguments = ["evaluate", str(study.path), "--embedding", "theirs", "--baselines", "none", "--out", str(out)]
    assert cli.main([*arguments, "--tasks", "weight"]) == 0
    assert "### Directions in which tasks rise" in capsys.readouterr().out
    table = pd.read_parquet(out).set_index("measure")
    assert table.loc["direction_explained", "value"] > 0.8 and table.loc["direction_chance", "value"] < 0.02
    assert pd.isna(table.loc["direction_chance", "low"]) and table.loc["direction_chance", "animals"] == 24


def test_networks_and_later_time(here, capsys):
    arguments = ["evaluate", str(here / "flock"), "--model", str(here / "m"), "--tasks", "weight", "--seed", "2"]
    assert cli.main([*arguments, "--baselines", "all", "--steps", "2", "--after", "2024-05-09"]) == 0
    told = capsys.readouterr().out
    assert "identity-only triplet net" in told and "one regression net per task" in told
    assert "Only what was seen before 2024-05-09" in told


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "one of the arguments --model --embedding is required"),
        (["--model", "HERE/m", "--embedding", "features"], "not allowed with"),
        (["--embedding", "none"], "no embedding 'none'"),
        (["--model", "HERE/m", "--tasks", "wool"], "no variable 'wool'. Its variables are: weight, luck, kind, line"),
        (["--model", "HERE/m", "--steps", "5"], "--steps changes nothing without --baselines all"),
        (["--model", "HERE/m", "--baselines", "some"], "invalid choice: 'some'"),
        (["--model", "HERE/m", "--after", "soon"], "'soon' is not a time of Small herd"),
        (["--model", "HERE/m", "--after", "1999-01-01"], "nothing to learn from or to find before"),
        (["--model", "HERE/m", "--out", "HERE/f.xlsx"], "does not say its format"),
        (["--model", "HERE/m", "--retrieval-out", "HERE/f"], "does not say its format"),
        (["--model", "HERE/m", "--seed", "-1"], "not a seed"),
    ],
)
def test_mistakes_are_one_line(here, capsys, options, sentence):
    options = [option.replace("HERE", str(here)) for option in options]
    assert sentence in mistake(capsys, "evaluate", here / "flock", *options)
