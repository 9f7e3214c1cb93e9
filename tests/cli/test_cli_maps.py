import json
import shlex

import numpy as np
import pandas as pd
import pytest

from explorer import cli
from explorer.cli import parsing
from explorer.decisions.history import history
from explorer.decisions.selections import name_selection, remove_selection
from explorer.space.projections import project
from explorer.study.study import open_study
from explorer.view import MapChoice, Selection, Stroke, View


def did(capsys, *arguments):
    """What a command that succeeds prints."""
    assert cli.main([str(one) for one in arguments]) == 0
    return capsys.readouterr().out


def manifest(file):
    return json.loads(file.with_name(file.name + ".manifest.json").read_text())


# --- project -----------------------------------------------------------------------------------------------


def test_project_writes_coordinates_with_their_manifest(herd, tmp_path, capsys):
    out = tmp_path / "new" / "map.csv"
    assert cli.main(["project", str(herd.save()), "--dims", "3", "--out", str(out)]) == 0
    frame = pd.read_csv(out)
    assert list(frame.columns) == ["observation_id", "x", "y", "z"]
    assert len(frame) == 40
    assert json.loads((tmp_path / "new" / "map.csv.manifest.json").read_text())["projection"]["dims"] == 3
    assert f"40 rows written to {out}" in capsys.readouterr().out


def test_project_writes_parquet_when_the_name_says_so(herd, tmp_path, capsys):
    herd.observations.loc[7, "p_1"] = np.nan
    out = tmp_path / "map.PARQUET"
    said = did(capsys, "project", herd.save(), "--out", out)
    frame = pd.read_parquet(out)
    assert [str(kind) for kind in frame.dtypes[1:]] == ["float32", "float32"]
    assert frame["x"].isna().to_numpy().nonzero()[0].tolist() == [7]
    assert said.startswith("1 of 40 observations left out: a feature is missing in each of them\n40 rows written to")


@pytest.mark.slow
def test_project_takes_neighbours_and_packing(herd, tmp_path, capsys):
    out = tmp_path / "map.csv"
    options = ["--method", "umap", "--neighbours", "7", "--min-dist", "0.5"]
    did(capsys, "project", herd.save(), *options, "--out", out)
    study = open_study(herd.folder)
    choice = MapChoice(method="umap", neighbours=7, min_dist=0.5)
    places = project(study, study.embedding("features"), choice).coordinates
    np.testing.assert_array_equal(pd.read_csv(out)[["x", "y"]].to_numpy(np.float32), places)
    assert manifest(out)["reproducible"] is True
    assert "--neighbours=7 --min-dist=0.5 --seed=0 --out" in manifest(out)["command"]
    did(capsys, "project", herd.folder, *options, "--fast", "--out", out)
    assert manifest(out)["reproducible"] is False
    assert "--seed=0 --fast --out" in manifest(out)["command"]


def test_the_bounds_of_the_options_are_those_of_the_view():
    for n in (2, 200):
        MapChoice(neighbours=parsing.whole("", 2, 200)(str(n)))
    for n in (1, 201):
        with pytest.raises(ValueError, match="neighbours"):
            MapChoice(neighbours=n)
    assert MapChoice(min_dist=parsing.share("1"), seed=parsing.seed(str(2**31 - 1))).min_dist == 1


# --- export ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "http://localhost:8501/map?", "?"])
def test_export_takes_an_address_or_its_query(herd, tmp_path, prefix):
    view = prefix + "filter=%5B%7B%22variable%22%3A%22breed%22%2C%22values%22%3A%5B%22Jersey%22%5D%7D%5D"
    assert cli.main(["export", str(herd.save()), "--view", view, "--out", str(tmp_path / "a.csv")]) == 0
    assert set(pd.read_csv(tmp_path / "a.csv")["breed"]) == {"Jersey"}


def named(study, name, *ids):
    selection = Selection(strokes=(Stroke(ids=ids),))
    name_selection(study, name, selection, count=len(ids), made_on=View(), who="Ann")


def test_export_writes_named_selections_as_they_were_then(herd, tmp_path, capsys):
    study = open_study(herd.save())
    named(study, "lame", "o-001", "o-002")
    then = len(history(study))
    named(study, "thin", "o-003")
    remove_selection(study, "lame", who="Ann")
    files = {}
    for name, options in {"now": [], "then": ["--decisions", then], "none": ["--decisions", 0]}.items():
        files[name] = tmp_path / f"{name}.csv"
        did(capsys, "export", herd.folder, "--view", "", *options, "--out", files[name])
    columns = {name: [one for one in pd.read_csv(file) if one.startswith("in ")] for name, file in files.items()}
    assert columns == {"now": ["in thin"], "then": ["in lame"], "none": []}
    assert pd.read_csv(files["then"])["in lame"].to_numpy().nonzero()[0].tolist() == [1, 2]
    assert f"--decisions {len(history(study))} " in manifest(files["now"])["command"]
    # What is decided later changes nothing of what the manifest's command makes.
    named(study, "thin", "o-004", "o-005")
    words = shlex.split(manifest(files["now"])["command"])
    did(capsys, *words[1:-1], tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == files["now"].read_bytes()


def test_a_named_selection_that_cannot_be_read_is_told(herd, tmp_path, capsys, monkeypatch):
    study = open_study(herd.save())
    named(study, "lame", "o-001")
    monkeypatch.setattr("explorer.decisions.selections._Payload.model_validate", _refuse)
    assert cli.main(["export", str(herd.folder), "--view", "", "--out", str(tmp_path / "a.csv")]) == 2
    told = capsys.readouterr().err
    assert "'lame' cannot be shown" in told
    assert told.endswith("--decisions 0 leaves named selections out.\n")
    did(capsys, "export", herd.folder, "--view", "", "--decisions", "0", "--out", tmp_path / "a.csv")


def _refuse(payload):
    return MapChoice(dims=7)  # any ValidationError


# --- neighbours --------------------------------------------------------------------------------------------


def test_neighbours_are_told_and_written(herd, tmp_path, capsys):
    herd.observations["captured_at"] = herd.observations["captured_at"].dt.normalize()
    herd.observations.loc[7, "animal_id"] = None
    herd.observations.loc[9, "p_1"] = np.nan
    out = tmp_path / "near.csv"
    said = did(capsys, "neighbours", herd.save(), "--observation", "o-012", "--k", "38", "--out", out).splitlines()
    assert said[0].split() == ["rank", "observation_id", "animal_id", "time", "distance", "same", "animal"]
    frame = pd.read_csv(out, dtype={"same_animal": object}, keep_default_na=False)
    assert list(frame.columns) == ["rank", "observation_id", "animal_id", "time", "distance", "same_animal"]
    words = {"True": "yes", "False": "no", "": "?"}
    for line, row in zip(said[1:39], frame.itertuples(index=False), strict=True):
        rank, observation, animal, when, distance, same = line.split()
        told = (int(rank), observation, animal, when, same)
        assert told == (row.rank, row.observation_id, row.animal_id or "?", row.time, words[row.same_animal])
        assert float(distance) == pytest.approx(float(row.distance), rel=1e-3)
    assert said[39:] == [
        "4 of the 38 nearest are of the same animal (11%); by chance it would be 10.5%",
        "the animal of 1 of them is not known",
        "1 of 40 observations have no vector and were left out",
        f"38 rows written to {out}; how: {out}.manifest.json",
    ]
    assert manifest(out)["observation"] == "o-012"


def test_neighbours_are_told_without_a_file_and_in_a_given_embedding(herd, capsys):
    vectors = np.arange(40.0)[:, None]
    herd.embed("line", vectors)
    said = did(capsys, "neighbours", herd.folder, "--observation", "o-010", "--k", "2", "--embedding", "line")
    assert [line.split()[1] for line in said.splitlines()[1:3]] == ["o-009", "o-011"]
    assert len(did(capsys, "neighbours", herd.folder, "--observation", "o-010").splitlines()) == 14


@pytest.mark.parametrize(
    ("view", "said"),
    [
        ("filters=[]", "'filters' is no part of a view. Write filter=..."),
        ("nonsense", "'nonsense' is no part of a view. Copy the part after"),
        ("colour=wieght", "no variable 'wieght'"),
        ("colour=cluster kmeans 3 of nowhere", "no embedding 'nowhere'"),
        ("seed=x", "this should be a whole number"),
    ],
)
def test_export_refuses_a_view_that_is_misspelt(herd, tmp_path, capsys, view, said):
    assert cli.main(["export", str(herd.save()), "--view", view, "--out", str(tmp_path / "out.csv")]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert not (tmp_path / "out.csv").exists()
