import json
import shlex

import numpy as np
import pandas as pd
import pytest

from explorer import cli
from explorer.space.compare import compare_of
from explorer.space.projections import project
from explorer.space.quality_said import said_of, said_of_stability
from explorer.space.quality_study import quality_of
from explorer.space.stability import stability_of
from explorer.study.study import open_study
from explorer.view import MapChoice

COLUMNS = ["observation_id", "trustworthiness", "continuity", "knn_overlap", "stability"]


def did(capsys, *arguments):
    """What a command that succeeds prints, line by line."""
    assert cli.main([str(one) for one in arguments]) == 0
    return capsys.readouterr().out.splitlines()


def manifest(file):
    return json.loads(file.with_name(file.name + ".manifest.json").read_text())


def test_quality_writes_each_observation_and_tells_the_whole(herd, tmp_path, capsys):
    herd.observations.loc[7, "p_1"] = np.nan
    out = tmp_path / "quality.csv"
    options = ["--method", "tsne", "--neighbours", "5", "--k", "6", "--seeds", "2"]
    said = did(capsys, "quality", herd.save(), *options, "--out", out)
    frame = pd.read_csv(out)
    assert list(frame.columns) == COLUMNS
    assert frame["observation_id"].tolist() == herd.observations["observation_id"].tolist()
    assert frame.drop(columns="observation_id").isna().any(axis=1).to_numpy().nonzero()[0].tolist() == [7]
    study = open_study(herd.folder)
    embedding = study.embedding("features")
    shown = project(study, embedding, MapChoice(method="tsne", neighbours=5))
    quality = quality_of(study, embedding, shown, k=6)
    stable = stability_of(study, embedding, shown, seeds=2)
    for name in COLUMNS[1:4]:
        np.testing.assert_allclose(frame[name].dropna(), quality.points[name], rtol=1e-12)
        assert frame[name].mean() == pytest.approx(quality.measures[name].value, abs=1e-12)
    np.testing.assert_allclose(frame["stability"], stable.stability, rtol=1e-12)
    assert said == [
        *embedding.remarks,
        *quality.remarks,
        *said_of(quality).values(),
        said_of_stability(stable),
        f"40 rows written to {out}; how: {out}.manifest.json",
    ]
    facts = manifest(out)
    assert facts["quality"]["measures"]["shepard"]["value"] == quality.measures["shepard"].value
    assert facts["quality"]["intervals_over"] == {"animals": 8}
    assert facts["quality"]["stability"]["seeds"] == [1, 2]
    assert facts["projection"]["method"] == "t-SNE"
    assert facts["summary"] == said[:-1]
    words = shlex.split(facts["command"])
    did(capsys, *words[1:-1], tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == out.read_bytes()


def test_quality_of_a_sample_leaves_the_others_empty_unless_all_are_wanted(herd, tmp_path, capsys):
    out = tmp_path / "quality.parquet"
    said = did(capsys, "quality", herd.save(), "--sample", "15", "--seeds", "0", "--out", out)
    frame = pd.read_parquet(out)
    assert frame["trustworthiness"].notna().sum() == 15
    assert frame["stability"].isna().all()
    assert "15 of 40 points measured, k = 15" in said[0]
    assert not any("seed" in line for line in said)
    said = did(capsys, "quality", herd.folder, "--sample", "15", "--all-points", "--out", out)
    whole = pd.read_parquet(out)
    assert whole.notna().to_numpy().all()
    measured = frame["trustworthiness"].notna()
    np.testing.assert_allclose(whole[measured]["continuity"], frame[measured]["continuity"], atol=1e-3)
    assert "the table tells all points, to within 0.001" in said
    assert "--sample=15 --seeds=3 --all-points --out" in manifest(out)["command"]


def test_a_fast_map_is_said_not_to_come_again(herd, tmp_path, capsys):
    out = tmp_path / "quality.csv"
    did(capsys, "quality", herd.save(), "--method", "umap", "--fast", "--seeds", "0", "--out", out)
    assert manifest(out)["reproducible"] is False


def test_compare_tells_and_writes(herd, tmp_path, capsys):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 3))
    vectors[4] = np.nan
    study = herd.embed("net", vectors)
    out = tmp_path / "kept.csv"
    said = did(capsys, "compare", herd.folder, "--a", "features", "--b", "net", "--k", "4", "--out", out)
    frame = pd.read_csv(out)
    assert list(frame.columns) == ["observation_id", "neighbours_kept"]
    found = compare_of(study, study.embedding("features"), study.embedding("net"), k=4)
    np.testing.assert_allclose(frame["neighbours_kept"], found.neighbours_kept, rtol=1e-12)
    assert np.flatnonzero(frame["neighbours_kept"].isna()).tolist() == [4]
    assert f"{found.overall.value:.1%} (95% interval over 8 animals" in said[0]
    assert "by chance 10.53%" in said[0]
    assert "1 observations have a vector in features only and were left out" in said
    assert manifest(out)["neighbours_kept"]["value"] == found.overall.value
    assert manifest(out)["b"]["name"] == "net"
    assert did(capsys, "compare", herd.folder, "--a", "features", "--b", "net", "--k", "4") == said[:-1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["quality", "STUDY"], "--out"),
        (["quality", "STUDY", "--out", "HERE/a.xlsx"], "'a.xlsx' does not say its format"),
        (["quality", "STUDY", "--k", "0", "--out", "HERE/a.csv"], "not a number of neighbours (1 to 1000)"),
        (["quality", "STUDY", "--sample", "9", "--out", "HERE/a.csv"], "not a number of points (10 to"),
        (["quality", "STUDY", "--seeds", "21", "--out", "HERE/a.csv"], "not a number of seeds (0 to 20)"),
        (["quality", "STUDY", "--min-dist", "0.5", "--out", "HERE/a.csv"], "PCA does not use --min-dist"),
        (["quality", "STUDY", "--neighbours", "5", "--scale", "local", "--out", "HERE/a.csv"], "not allowed with"),
        (["quality", "STUDY", "--embedding", "net", "--out", "HERE/a.csv"], "no embedding 'net'"),
        (["quality", "STUDY", "--out", "HERE/file/a.csv"], "could not be written"),
        (["quality", "STUDY", "--embedding", "few", "--out", "HERE/a.csv"], "only 9 observations have a place"),
        (["quality", "STUDY", "--embedding", "same", "--out", "HERE/a.csv"], "all points of a map lie at one place"),
        (["compare", "STUDY", "--a", "features"], "--b"),
        (["compare", "STUDY", "--a", "features", "--b", "features"], "'features' was given twice"),
        (["compare", "STUDY", "--a", "features", "--b", "net"], "no embedding 'net'"),
        (["compare", "STUDY", "--a", "features", "--b", "few"], "only 9 observations have a vector in both"),
        (["compare", "STUDY", "--a", "features", "--b", "same", "--k", "1001"], "not a number of neighbours"),
        (["compare", "STUDY", "--a", "features", "--b", "same", "--out", "HERE/a"], "does not say its format"),
    ],
)
def test_each_mistake_is_one_line_and_a_two(herd, tmp_path, capsys, arguments, sentence):
    few = np.full((40, 3), np.nan)
    few[:9] = np.random.default_rng(0).normal(size=(9, 3))
    herd.embed("few", few)
    study = herd.embed("same", np.ones((40, 3))).path
    (tmp_path / "file").write_text("x")
    filled = [one.replace("STUDY", str(study)).replace("HERE", str(tmp_path)) for one in arguments]
    assert cli.main(filled) == 2
    told = capsys.readouterr()
    assert told.err.startswith("latent-explorer: ")
    assert told.err.count("\n") == 1
    assert sentence in told.err
    assert not list(tmp_path.glob("a.*"))


def test_a_study_without_vectors_says_how_to_get_some(herd, tmp_path, capsys):
    herd.spec["columns"]["features"] = []
    assert cli.main(["quality", str(herd.save()), "--out", str(tmp_path / "a.csv")]) == 2
    assert "has no vectors" in capsys.readouterr().err
