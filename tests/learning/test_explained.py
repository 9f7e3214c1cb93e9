"""Explanations are kept and found again, and the encoders that can explain are found."""

import json
import shutil

import numpy as np
import pytest

from explorer.learning.encoders import build_encoder
from explorer.learning.explain_study import explain_observation
from explorer.learning.explained import explained_at, explainers_of, read_explained, read_explainer
from explorer.learning.model_files import ModelInfo, save_model
from explorer.learning.tasks import explain_at
from explorer.study.embeddings import EmbeddingNote

NOTE = EmbeddingNote(observations="", encoder="none")
P = ("p_3", "p_0", "p_1", "p_2")


@pytest.fixture
def net(tmp_path, features):
    return save_model(tmp_path / "net", build_encoder(features), ModelInfo(name="n", config=features, features=P), "")


def test_an_explanation_is_kept_whole_under_what_it_is_made_of(herd, net):
    study = herd.open()
    path = explained_at(study, net.hash, "o-000", None, "o-001")
    assert path.is_relative_to(study.cache) and read_explained(path) is None
    told = []
    explain_at(
        study.path, net.folder, "o-000", None, "o-001", "x.csv", path, report=lambda share, note: told.append(share)
    )
    assert told == sorted(told) and len(told) == 9 and told[-1] < 1
    kept, made = read_explained(path), explain_observation(study, net.folder, "o-000", near="o-001", file="x.csv")
    assert kept.content == made.content and kept.remarks == made.remarks and kept.alike == made.alike
    assert kept.facts == json.loads(json.dumps(made.facts))
    np.testing.assert_array_equal(kept.parts, made.parts)
    np.testing.assert_array_equal(kept.given, study.table.numbers(list(P))[0].astype(np.float32))
    others = [("other", "o-000", None, "o-001"), (net.hash, "o-002", None, "o-001"), (net.hash, "o-000", "bcs", None)]
    assert len({path, *(explained_at(study, *one) for one in others)}) == 4
    path.write_bytes(path.read_bytes()[:100])
    assert read_explained(path) is None
    herd.observations["weight"] += 1
    assert explained_at(herd.open(), net.hash, "o-000", None, "o-001") != path


def test_encoders_are_found_beside_the_study_and_that_of_the_embedding_comes_first(herd, net, features, tmp_path):
    study = herd.open()
    wide = features.model_copy(update={"input_size": 5})
    save_model(tmp_path / "a", build_encoder(features), ModelInfo(name="a", config=features, features=P), "")
    save_model(tmp_path / "wide", build_encoder(wide), ModelInfo(name="w", config=wide, features=(*P, "x")), "")
    shutil.copytree(net.folder, tmp_path / "copy")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "model.json").write_text("[]")
    elsewhere = tmp_path / "far" / "away"
    shutil.copytree(tmp_path / "a", elsewhere)
    assert [one.folder.name for one in explainers_of(study, NOTE, [])] == ["a", "copy"], "one for each encoder"
    named = NOTE.model_copy(update={"encoder_hash": net.hash})
    assert next(one.hash for one in explainers_of(study, named, [])) == net.hash
    assert [one.folder for one in explainers_of(study, named, [elsewhere])] == [tmp_path / "copy", elsewhere]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": "x", "config": 3, "weights_sha256": ""}', "\x00"])
def test_a_folder_that_describes_no_encoder_is_none(tmp_path, text):
    assert read_explainer(tmp_path / "nowhere") is None
    (tmp_path / "model.safetensors").write_bytes(b"")
    (tmp_path / "model.json").write_text(text)
    assert read_explainer(tmp_path) is None


def test_an_encoder_of_pictures_fits_a_study_of_pictures(herd, coats, pictures, tmp_path):
    save_model(tmp_path / "eye", build_encoder(pictures), ModelInfo(name="eye", config=pictures), "")
    one = read_explainer(tmp_path / "eye")
    assert one.reads_pictures and one.fits(coats.open())
    del coats.spec["columns"]["image"]
    assert not one.fits(coats.open())
