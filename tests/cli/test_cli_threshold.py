"""``threshold``: the file's contract, the manifest's command, reading back, and each mistake as one line."""

import json
import shlex

import numpy as np
import pandas as pd
import pytest
from coming_back import coming_back

from explorer import cli
from explorer.errors import UserError
from explorer.places import shipped_encoders
from explorer.recognition.analysis import analyse
from explorer.recognition.arms import DECIDES
from explorer.recognition.asked import Asked, analysis_of
from explorer.recognition.saved_threshold import read_threshold
from explorer.study.embeddings import EmbeddingNote, write_embedding
from explorer.study.study import open_study

ARM = [
    *("name", "tau", "n_animals", "fpir", "fpir_low", "fpir_high", "tar", "tar_low", "tar_high"),
    *("worst_stratum", "worst_fpir", "baks", "baus"),
]


@pytest.fixture
def returning(herd):
    return coming_back(herd)


def did(capsys, *arguments):
    assert cli.main([str(one) for one in arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_the_file_keeps_its_contract_and_can_be_made_again(returning, tmp_path, capsys):
    out = tmp_path / "tau.json"
    options = ["--by", "lamp", "weight", "--confidence", "0", "--apart", "30", "--not-within", "tape"]
    said = did(capsys, "threshold", returning.save(), *options, "--out", out)
    found = json.loads(out.read_text())
    for arm in found["arms"]:
        assert list(arm) == ARM
        assert all(np.isfinite(tau) for tau in arm["tau"].values())
        assert arm["baks"] == arm["tar"] and arm["baus"] == pytest.approx(1 - arm["fpir"])
        assert arm["fpir_low"] <= arm["fpir"] <= arm["fpir_high"]
    arms = {arm["name"]: arm for arm in found["arms"]}
    assert list(arms["global"]["tau"]) == ["all"]
    assert len(arms["stratum"]["tau"]) == 6 and next(iter(arms["stratum"]["tau"])).startswith(
        "lamp = new, weight = below "
    )
    assert set(found["delta"]) == set(arms) - {"global"}
    assert all(list(one) == ["tar", "low", "high", "beats_shuffled"] for one in found["delta"].values())
    parts = ("gallery", "known", "calibration", "test", "adjustment")
    assert sum(found["split"][part]["animals"] for part in parts) - found["split"]["known"]["animals"] == 60
    assert found["split"]["t0"] < found["split"]["t1"]
    assert found["guarantee"]["fpir"] == 0.1 and found["guarantee"]["confidence"] == 0
    assert found["verdict"] in said
    at, first = found["tar_at_promised_fpir"], found["tar_at_promised_fpir"]["global"]
    assert list(at) == list(arms) and all(list(one) == ["tar", "low", "high"] for one in at.values())
    for name, delta in found["delta"].items():
        assert at[name]["tar"] - first["tar"] == pytest.approx(delta["tar"])
    row = next(line for line in said if line.startswith("global"))
    assert row.endswith(f"{first['tar']:.1%} ({first['low']:.1%} to {first['high']:.1%})")
    assert found["embedding"]["sha256"] == open_study(returning.folder).embedding("features").fingerprint
    facts = json.loads((tmp_path / "tau.json.manifest.json").read_text())
    made = out.read_bytes()
    out.unlink()
    did(capsys, *shlex.split(facts["command"])[1:])
    assert out.read_bytes() == made


def test_searches_and_changed_verdicts_are_tables_that_can_be_made_again(
    returning, tmp_path, tmp_path_factory, capsys, monkeypatch
):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    every, changed = tmp_path / "searches.csv", tmp_path / "changed.parquet"
    options = ["--by", "lamp", "--confidence", "0", "--arm", "residualised", "--searches", every, "--changed", changed]
    did(capsys, "threshold", returning.save(), *options, "--out", tmp_path / "tau.json")
    facts = json.loads((tmp_path / "tau.json").read_text())
    frame = pd.read_csv(every)
    assert list(frame) == [
        *("observation_id", "animal_id", "in_gallery", "stratum", "arm", "nearest_id", "nearest_animal"),
        *("score", "tau", "verdict", "right"),
    ]
    searched = sum(facts["split"][part]["observations"] for part in ("known", "test"))
    assert (frame.groupby("arm").size() == searched).all() and frame["arm"].nunique() == len(facts["arms"])
    for arm in facts["arms"]:
        known = frame[(frame["arm"] == arm["name"]) & frame["in_gallery"]]
        assert known.groupby("animal_id")["right"].mean().mean() == pytest.approx(arm["tar"])
    moved = pd.read_parquet(changed)
    assert (moved["verdict"] != moved["arm_verdict"]).all()
    both = frame.pivot(index="observation_id", columns="arm", values="verdict")
    assert (moved["arm"] == "stratum").sum() == (both["stratum"] != both["global"]).sum()
    made = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert len(made) == 6
    monkeypatch.chdir(elsewhere)
    for path in (every, changed):
        command = json.loads(path.with_name(path.name + ".manifest.json").read_text())["command"]
        path.unlink()
        did(capsys, *shlex.split(command)[1:])
        assert {one: one.read_bytes() for one in tmp_path.iterdir() if one.is_file()} == made
    assert not list(elsewhere.iterdir())


@pytest.mark.slow
def test_the_file_decides_by_the_arm_that_was_asked_for_and_on_its_own_embedding_only(returning, tmp_path, capsys):
    out = tmp_path / "tau.json"
    asked = ["threshold", returning.save(), "--by", "lamp", "--confidence", "0", "--out", out]
    assert "which decides by 'global': one threshold for all; how:" in did(capsys, *asked)[-1]
    whole = json.loads(out.read_text())
    assert whole["arm"] == "global" and whole["recognition"] == {}
    embedding = open_study(returning.folder).embedding("features")
    for arm in DECIDES:
        did(capsys, *asked, "--arm", arm)
        found = read_threshold(out, embedding)
        assert found.arm == arm
        assert found.taus == next(one["tau"] for one in whole["arms"] if one["name"] == arm)
        command = json.loads((tmp_path / "tau.json.manifest.json").read_text())["command"]
        made = out.read_bytes()
        did(capsys, *shlex.split(command)[1:])
        assert out.read_bytes() == made
    returning.observations["p_0"] += np.arange(960) % 7
    other = open_study(returning.save()).embedding("features")
    with pytest.raises(UserError, match=r"was fitted on the embedding 'features' as it was then"):
        read_threshold(out, other)


@pytest.mark.parametrize(
    ("seen", "sentence"),
    [
        (
            ["cow-3", "cow-8"],
            "has learnt from, or was chosen by, 2 of these animals (cow-3, cow-8), so its figures flat",
        ),
        ([], "has learnt from none of these animals"),
        (None, "is not known here: it is not at hand: if any of these, its figures flatter"),
    ],
)
def test_which_animals_the_encoder_of_an_embedding_has_learnt_from_is_said(returning, seen, sentence):
    study = returning.open()
    vectors = study.embedding("features").vectors
    note = EmbeddingNote(observations=study.ids_hash, encoder="net", encoder_hash="5e7")
    write_embedding(study.path, "net", vectors, note)
    if seen is not None:  # the encoder lies beside the study
        folder = study.path.parent / "net"
        folder.mkdir()
        (folder / "model.safetensors").touch()
        learnt = {"study": "s", "data_hash": study.data_hash, "ids_hash": "", "train": seen[:1], "validation": seen[1:]}
        told = {"name": "net", "weights_sha256": "5e7", "config": {"architecture": "multilayer"}}
        (folder / "model.json").write_text(json.dumps(told | {"trained_on": [learnt]}))
    found = analyse(study, study.embedding("net"), ["lamp"], confidence=0)
    assert sentence in found.remarks[0]
    assert found.left_out == 0, "that is asked for with --model"


def test_animals_that_an_encoder_has_learnt_from_are_left_out(returning):
    study = returning.open()
    gone = [f"cow-{number}" for number in range(10)]
    found = analyse(study, study.embedding("features"), ["lamp"], confidence=0, learnt_from=gone)
    codes = study.animal.cat.categories.get_indexer(gone)
    assert found.left_out == 10 and found.remarks[0] == "10 animals that the encoder has learnt from left out"
    for rows in found.split.parts.values():
        assert not np.isin(found.split.animals[rows], codes).any()


def test_only_the_encoder_that_made_an_embedding_tells_whom_it_has_learnt_from(returning):
    study = returning.open()
    vectors, shipped = study.embedding("features").vectors, shipped_encoders()["herd"]
    made_by = json.loads((shipped / "model.json").read_text())["weights_sha256"]
    for name, encoder in (("ours", made_by), ("other", "5e7"), ("unknown", None)):
        note = EmbeddingNote(observations=study.ids_hash, encoder=name, encoder_hash=encoder)
        write_embedding(study.path, name, vectors, note)
    study = open_study(study.path)
    assert analysis_of(study, Asked("ours", ("lamp",), confidence=0, model="herd")).remarks == ()
    with pytest.raises(UserError, match="'herd' did not make the embedding 'other'"):
        analysis_of(study, Asked("other", ("lamp",), confidence=0, model="herd"))
    (said,) = analysis_of(study, Asked("unknown", ("lamp",), confidence=0, model="herd")).remarks
    assert said.endswith("its figures flatter"), "that the encoder made it cannot be told"


def test_a_confidence_of_nothing_is_a_promise_on_average(returning, tmp_path, capsys):
    did(capsys, "threshold", returning.save(), "--by", "lamp", "--confidence", "0.00", "--out", tmp_path / "tau.json")
    assert json.loads((tmp_path / "tau.json").read_text())["guarantee"]["confidence"] == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--out", "HERE/a.json"], "--by"),
        (["--by", "lamp", "--out", "HERE/a.csv"], "'a.csv' does not say its format"),
        (["--by", "lamp", "--out", "HERE/a.json", "--changed", "HERE/b.txt"], "'b.txt' does not say its format"),
        (["--by", "lamp", "--arm", "shuffled stratum", "--out", "HERE/a.json"], "'shuffled stratum' is a control"),
        (["--by", "lamp", "--arm", "best", "--out", "HERE/a.json"], "no arm 'best'. The arms are: global, stratum, "),
        (["--by", "hoof", "--out", "HERE/a.json"], "no variable 'hoof'"),
        (["--by", "lamp", "lamp", "--out", "HERE/a.json"], "'lamp' was given twice"),
        (["--by", "lamp", "--fpir", "1", "--out", "HERE/a.json"], "'1' is not a share between 0 and 1"),
        (["--by", "lamp", "--confidence", "2", "--out", "HERE/a.json"], "'2' is not a share"),
        (["--by", "lamp", "--confidence", "1", "--out", "HERE/a.json"], "'1' is not a share from 0 to below 1"),
        (["--by", "lamp", "--confidence", "nan", "--out", "HERE/a.json"], "'nan' is not a share"),
        (["--by", "lamp", "--apart", "-1", "--out", "HERE/a.json"], "not a number of days"),
        (["--by", "lamp", "--apart", "9999", "--out", "HERE/a.json"], "too few animals are seen both"),
        (["--by", "lamp", "--not-within", "reel", "--out", "HERE/a.json"], "no column 'reel'"),
        (["--by", "lamp", "--not-within", "farm", "--out", "HERE/a.json"], "Take a column out of --not-within."),
        (
            ["--by", "lamp", "--not-within", "farm", "--apart", "9", "--out", "HERE/a.json"],
            "or is too close in time. Take a column out of --not-within or allow fewer days for --apart.",
        ),
        (["--by", "lamp", "--model", "herd", "--out", "HERE/a.json"], "'herd' did not make the embedding 'features'"),
        (["--by", "lamp", "--out", "HERE/a.json", "--searches", "HERE/f/b.csv"], "nothing was changed"),
        (["--by", "lamp", "--embedding", "net", "--out", "HERE/a.json"], "no embedding 'net'"),
        (["--by", "lamp", "--model", "HERE/none", "--out", "HERE/a.json"], "none"),
    ],
)
def test_each_mistake_is_one_line_and_a_two(returning, tmp_path, capsys, arguments, sentence):
    filled = [one.replace("HERE", str(tmp_path)) for one in arguments]
    returning.observations["farm"] = "ours"
    (tmp_path / "f").touch()
    assert cli.main(["threshold", str(returning.save()), *filled]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("latent-explorer: ") and told.err.count("\n") == 1
    assert sentence in told.err
    assert not list(tmp_path.glob("a.*"))
