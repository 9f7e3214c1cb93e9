"""``threshold``: the file's contract, the manifest's command, reading back, and each mistake as one line."""

import json
import shlex

import numpy as np
import pandas as pd
import pytest

from explorer import cli
from explorer.errors import UserError
from explorer.recognition.threshold_file import read_threshold
from explorer.study.study import open_study

ARM = [
    *("name", "tau", "n_animals", "fpir", "fpir_low", "fpir_high", "tar", "tar_low", "tar_high"),
    *("worst_stratum", "worst_fpir", "baks", "baus"),
]


@pytest.fixture
def returning(herd):
    """Sixty animals seen sixteen times in two years, under either of two lamps."""
    rng = np.random.default_rng(0)
    animals, visits = 60, 16
    n = animals * visits
    own = np.repeat(np.arange(animals), visits)
    identity = rng.normal(size=(animals, 6))
    herd.observations = pd.DataFrame(
        {
            "observation_id": [f"o-{row}" for row in range(n)],
            "animal_id": [f"cow-{animal}" for animal in own],
            "captured_at": np.datetime64("2022-01-01", "us")
            + (45 * np.tile(np.arange(visits), animals) + rng.integers(0, 9, n)) * np.timedelta64(1, "D"),
            "lamp": rng.choice(["old", "new"], n),
            "weight": rng.normal(500, 20, n),
            "tape": rng.integers(0, 500, n),
            **{f"p_{place}": identity[own, place] + 0.2 * rng.normal(size=n) for place in range(6)},
        }
    )
    herd.scores = herd.events = herd.animals = None
    herd.spec["variables"] = {
        "lamp": {"column": "lamp", "kind": "nominal"},
        "weight": {"column": "weight", "kind": "continuous", "unit": "kg"},
        "season": {"derive": {"from": "captured_at", "as": "season"}, "kind": "nominal"},
    }
    return herd


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
    assert found["embedding"]["sha256"] == open_study(returning.folder).embedding("features").fingerprint
    facts = json.loads((tmp_path / "tau.json.manifest.json").read_text())
    words = shlex.split(facts["command"])
    did(capsys, *words[1:-1], tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == out.read_bytes()


def test_it_is_read_back_for_its_own_embedding_only(returning, tmp_path, capsys):
    out = tmp_path / "tau.json"
    did(capsys, "threshold", returning.save(), "--by", "lamp", "--confidence", "0", "--out", out)
    written = {arm["name"]: arm["tau"] for arm in json.loads(out.read_text())["arms"]}
    embedding = open_study(returning.folder).embedding("features")
    found = read_threshold(out, embedding)
    assert found.tau("global", "lamp = old") == written["global"]["all"]
    assert found.tau("stratum", "lamp = old") == written["stratum"]["lamp = old"]
    assert found.tau("stratum", "lamp = broken") == min(written["stratum"].values())
    with pytest.raises(UserError, match="no arm 'best'"):
        found.tau("best", "all")
    returning.observations["p_0"] += np.arange(960) % 7
    other = open_study(returning.save()).embedding("features")
    with pytest.raises(UserError, match=r"was fitted on the embedding 'features' as it was then"):
        read_threshold(out, other)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 1, "embedding": null}', "\x00", '{"version": 9}'])
def test_other_files_are_refused(returning, tmp_path, content):
    path = tmp_path / "tau.json"
    path.write_text(content)
    embedding = returning.open().embedding("features")
    with pytest.raises(UserError, match="is not a threshold of ours"):
        read_threshold(path, embedding)
    with pytest.raises(UserError, match="there is no such file"):
        read_threshold(tmp_path / "none.json", embedding)


def test_animals_that_an_encoder_has_learnt_from_are_left_out(returning):
    from explorer.recognition.analysis import analyse

    study = returning.open()
    gone = [f"cow-{number}" for number in range(10)]
    found = analyse(study, study.embedding("features"), ["lamp"], confidence=0, learnt_from=gone)
    codes = study.animal.cat.categories.get_indexer(gone)
    assert found.left_out == 10 and found.remarks[0] == "10 animals that the encoder has learnt from left out"
    for rows in found.split.parts.values():
        assert not np.isin(found.split.animals[rows], codes).any()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--out", "HERE/a.json"], "--by"),
        (["--by", "lamp", "--out", "HERE/a.csv"], "'a.csv' does not say its format"),
        (["--by", "hoof", "--out", "HERE/a.json"], "no variable 'hoof'"),
        (["--by", "lamp", "lamp", "--out", "HERE/a.json"], "'lamp' was given twice"),
        (["--by", "lamp", "--fpir", "1", "--out", "HERE/a.json"], "'1' is not a share between 0 and 1"),
        (["--by", "lamp", "--confidence", "2", "--out", "HERE/a.json"], "'2' is not a share"),
        (["--by", "lamp", "--apart", "-1", "--out", "HERE/a.json"], "not a number of days"),
        (["--by", "lamp", "--apart", "9999", "--out", "HERE/a.json"], "too few animals are seen both"),
        (["--by", "lamp", "--not-within", "reel", "--out", "HERE/a.json"], "no column 'reel'"),
        (["--by", "lamp", "--embedding", "net", "--out", "HERE/a.json"], "no embedding 'net'"),
        (["--by", "lamp", "--model", "HERE/none", "--out", "HERE/a.json"], "none"),
    ],
)
def test_each_mistake_is_one_line_and_a_two(returning, tmp_path, capsys, arguments, sentence):
    filled = [one.replace("HERE", str(tmp_path)) for one in arguments]
    assert cli.main(["threshold", str(returning.save()), *filled]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("latent-explorer: ") and told.err.count("\n") == 1
    assert sentence in told.err
    assert not list(tmp_path.glob("a.*"))
