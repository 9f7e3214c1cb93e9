"""The command cluster."""

import json
import shlex

import numpy as np
import pandas as pd
import pytest
from mistakes import mistake

from explorer import cli
from explorer.clustering.clusters import Clusters
from explorer.clustering.conditioned import assign, made_of
from explorer.decisions.cluster_edits import name_cluster

COLUMNS = ["observation_id", "animal_id", "stratum", "cluster", "cluster_name", "strength"]


@pytest.fixture
def study(herd):
    vectors = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    vectors += 20 * np.repeat([0, 1] * 4, 5)[:, None].astype(np.float32)
    vectors[3] = np.nan
    herd.observations.loc[30:, "parity"] = np.nan
    return herd.embed("two", vectors)


def run(capsys, study, out, *options):
    """What it prints, line by line, and the manifest; after its command has made the same bytes again."""
    assert cli.main(["cluster", str(study.path), "--embedding", "two", *options, "--out", str(out)]) == 0
    said = capsys.readouterr().out.splitlines()
    facts = json.loads(out.with_name(out.name + ".manifest.json").read_text())
    words = shlex.split(facts["command"])
    again = out.with_name(f"again-{out.name}")
    assert cli.main([*words[1:-1], str(again)]) == 0
    capsys.readouterr()
    assert again.read_bytes() == out.read_bytes()
    for old in (study.cache / "clusters").iterdir():  # and so it does where nothing is kept
        old.unlink()
    assert cli.main([*words[1:-1], str(again)]) == 0
    capsys.readouterr()
    assert again.read_bytes() == out.read_bytes()
    return said, facts


@pytest.mark.parametrize(
    "options",
    [
        ["--method", "kmeans", "--k", "2"],
        ["--least-size", "6"],
        ["--method", "kmeans", "--k", "2", "--by", "season", "--seed", "5"],
        ["--method", "kmeans", "--k", "2", "--by", "weight", "month", "--bins", "weight=500", "--bins", "month=10,4"],
        ["--method", "kmeans", "--k", "2", "--by", "breed", "--way", "residual"],
        ["--method", "kmeans", "--k", "2", "--by", "breed", "weight", "--way", "joined", "--weight", "0.5"],
        ["--method", "kmeans", "--k", "gap"],
        ["--method", "kmeans", "--k", "2", "--stability", "4"],
    ],
)
@pytest.mark.slow
def test_its_columns_are_what_was_made_and_its_command_makes_the_same_file(study, tmp_path, capsys, options):
    out = tmp_path / "clusters.csv"
    run(capsys, study, out, *options)
    frame = pd.read_csv(out, dtype={"cluster_name": str})
    assert list(frame.columns) == COLUMNS
    assert frame["observation_id"].tolist() == study.ids.to_pylist()
    assert frame["animal_id"].tolist() == study.animal.tolist()
    assert frame["cluster"].isna().tolist() == (np.arange(40) == 3).tolist()
    known = frame[frame["cluster"].notna()]
    assert set(known["cluster"]) <= {-1, *range(1, 30)}
    assert known["strength"].between(0, 1).all()
    assert (
        known["cluster_name"] == np.where(known["cluster"] < 0, "noise", known["cluster"].astype(int).astype(str))
    ).all()


def test_the_file_holds_the_clusters_that_the_map_shows(study, tmp_path, capsys):
    out = tmp_path / "clusters.csv"
    said, facts = run(capsys, study, out, "--method", "kmeans", "--k", "2", "--by", "parity")
    found = assign(study, Clusters("kmeans", 2, "two", way="strata", by=("parity",)))
    frame = pd.read_csv(out)
    assert np.array_equal(
        frame["cluster"].dropna(), np.where(found.labels < 0, -1, found.labels + 1)[found.labels > -2]
    )
    assert frame["stratum"].tolist() == list(found.stratum)
    assert "parity = unknown" in set(frame["stratum"])
    assert sum(one["clusters"] for one in facts["strata"]) == found.count
    assert said[0].split() == ["cluster", "observations", "animals", "strength"]
    assert any("10 observations without a value of parity" in line for line in said)
    assert any("ARI" in line for line in said)
    assert facts["against_identity"]["observations"] == 39


@pytest.mark.slow
def test_clusters_have_the_names_that_people_gave_them(study, tmp_path, capsys):
    made = Clusters("kmeans", 2, "two")
    name_cluster(study, made.name, 1, "the quiet ones", of=made_of(study, made), who="Ann")
    out = tmp_path / "clusters.parquet"
    said, facts = run(capsys, study, out, "--method", "kmeans", "--k", "2")
    assert set(pd.read_parquet(out)["cluster_name"].dropna()) == {"the quiet ones", "2"}
    assert "--decisions=1" in facts["command"]
    assert any(line.startswith("1 the quiet ones") for line in said)
    run(capsys, study, out, "--method", "kmeans", "--k", "2", "--decisions", "0")
    assert set(pd.read_parquet(out)["cluster_name"].dropna()) == {"1", "2"}


def test_names_of_clusters_of_earlier_vectors_are_said_to_have_no_effect(study, tmp_path, capsys):
    name_cluster(study, Clusters("kmeans", 2, "two").name, 1, "the quiet ones", of="others", who="Ann")
    said, _ = run(capsys, study, tmp_path / "a.csv", "--method", "kmeans", "--k", "2")
    assert any("vectors or data have changed since: 1 of 1 decisions about these clusters" in line for line in said)
    assert "the quiet ones" not in " ".join(said)


def test_stability_is_told_of_each_cluster(study, tmp_path, capsys):
    said, facts = run(capsys, study, tmp_path / "a.csv", "--method", "kmeans", "--k", "2", "--stability", "6")
    assert "found again" in said[0]
    assert [one["stability"]["reading"] for one in facts["found"]] == ["stable", "stable"]
    assert any("found again in 6 draws of 8 animals" in line for line in said)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--k", "3"], "--method kmeans"),
        (["--method", "kmeans", "--least-size", "5"], "k-means does not use --least-size"),
        (["--method", "kmeans", "--k", "1"], "is not a number of clusters, or gap (2 to 10000)"),
        (["--method", "kmeans", "--k", "40"], "only 39 observations have a vector"),
        (["--way", "residual"], "--way residual needs variables"),
        (["--way", "plain", "--by", "season"], "takes no variables"),
        (["--by", "sea"], "no variable 'sea'"),
        (["--by", "season", "--weight", "2"], "--weight is for --way joined"),
        (["--by", "season", "--way", "joined", "--weight", "-1"], "is not a weight"),
        (["--by", "weight", "--bins", "weight=5,3"], "the bins of 'weight' cannot be used: Edges must increase"),
        (["--by", "weight", "--bins", "weight=a"], "are no edges"),
        (["--by", "season", "--bins", "season=1"], "'season' has categories, which need no bins"),
        (["--by", "season", "--bins", "age=1"], "'age', which is not among the variables"),
        (["--by", "weight", "--bins", "weight=1", "--bins", "weight=2"], "given twice"),
        (["--by", "season", "--way", "residual", "--bins", "age=1"], "--bins are for --way strata"),
        (["--by", "season", "parity", "--least-size", "20"], "strata is too small"),
        (["--by", "month", "--bins", "month=3,30"], "arcs begin within its cycle. Give 0 to 12"),
        (["--by", "month", "--bins", "month=-1,5"], "arcs begin within its cycle"),
        (["--model", "nothere"], "nothere: there is no encoder of ours"),
        (["--decisions", "7"], "7"),
    ],
)
def test_mistakes_are_one_line(study, tmp_path, capsys, options, sentence):
    out = tmp_path / "out.csv"
    assert sentence in mistake(capsys, "cluster", study.path, "--embedding", "two", *options, "--out", out)
    assert not out.exists()


def test_a_study_without_animals_has_an_empty_column(herd, tmp_path, capsys):
    del herd.spec["columns"]["animal"]
    herd.spec["variables"] = {"breed": {"column": "breed", "kind": "nominal"}}
    herd.scores = herd.events = herd.animals = None
    study = herd.embed("two", np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32))
    said, facts = run(capsys, study, tmp_path / "a.csv", "--method", "kmeans", "--k", "2")
    assert pd.read_csv(tmp_path / "a.csv")["animal_id"].isna().all()
    assert facts["against_identity"] is None
    assert not any("ARI" in line for line in said)


def test_clusters_of_one_animal_are_written_and_say_what_cannot_be_told(herd, tmp_path, capsys):
    herd.observations["animal_id"] = "cow-0"
    herd.scores, herd.events, herd.animals = None, None, None
    study = herd.embed("two", np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32))
    said, facts = run(capsys, study, tmp_path / "one.csv", "--method", "kmeans", "--k", "2")
    assert facts["against_identity"] is None
    assert any("held against identity with two animals or more" in line for line in said)


def test_bins_of_a_variable_whose_name_holds_an_equals_sign(herd, tmp_path, capsys):
    herd.spec["variables"]["a=b"] = {"column": "weight", "kind": "continuous"}
    study = herd.embed("two", np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32))
    options = ["--method", "kmeans", "--k", "2", "--by", "a=b", "--bins", "a=b=500"]
    _, facts = run(capsys, study, tmp_path / "bins.csv", *options)
    assert facts["clusters"]["bins"] == {"a=b": [500.0]}
