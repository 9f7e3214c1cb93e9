import numpy as np
import pytest

from explorer.errors import UserError
from explorer.learning.embed import embed_study
from explorer.learning.encoders import build_encoder
from explorer.learning.model_files import ModelInfo, load_model, save_model
from explorer.learning.pictures import letterbox, read_pictures
from explorer.learning.tasks import embed_at
from explorer.study.study import open_study


@pytest.fixture
def of_pictures(tmp_path, pictures):
    save_model(tmp_path / "pictures", build_encoder(pictures), ModelInfo(name="of pictures", config=pictures), "")
    return tmp_path / "pictures"


@pytest.fixture
def of_features(tmp_path, features):
    info = ModelInfo(name="of features", config=features, features=("p_3", "p_0", "p_1", "p_2"))
    save_model(tmp_path / "features", build_encoder(features), info, "")
    return tmp_path / "features"


def test_pictures_become_unit_vectors_under_the_hash_of_the_ids(coats, of_pictures):
    coats.observations.loc[[2, 3], "image"] = [None, b"no picture"]
    study = coats.open()
    told = []
    embed_study(study, of_pictures, "mine", report=lambda fraction, note: told.append(fraction), workers=0)
    embedding = open_study(study.path).embedding("mine")
    assert np.flatnonzero(~embedding.complete).tolist() == [2, 3]
    assert np.isnan(embedding.vectors[[2, 3]]).all()
    lengths = np.linalg.norm(embedding.vectors[embedding.complete], axis=1)
    np.testing.assert_allclose(lengths, 1.0, atol=1e-6)
    assert embedding.remarks[0].startswith("2 of 40 observations have no readable picture; first: ")
    note = embedding.note
    assert note.observations == study.ids_hash and note.normalised and note.encoder == "of pictures"
    assert note.encoder_hash == load_model(of_pictures).hash and note.task_dimensions == {}
    assert told == sorted(told) and told[-1] == 1.0


def test_embedding_again_gives_the_same(coats, of_pictures, monkeypatch):
    study = coats.open()
    embed_study(study, of_pictures, "one", workers=0)
    monkeypatch.setattr("explorer.learning.embed._AT_ONCE", 7)
    embed_at(study.path, of_pictures, "two", report=lambda fraction, note: None)
    one, two = open_study(study.path).embedding("one"), open_study(study.path).embedding("two")
    np.testing.assert_allclose(one.vectors, two.vectors, atol=1e-5)


def test_features_are_found_by_name_and_gaps_are_told(herd, of_features):
    herd.observations.loc[4, ["p_0", "p_1", "p_2", "p_3"]] = np.nan
    herd.observations.loc[5, "p_2"] = np.inf
    study = herd.open()
    embed_study(study, of_features, "mine")
    embedding = study.embedding("mine")
    assert np.flatnonzero(~embedding.complete).tolist() == [4]
    np.testing.assert_allclose(np.linalg.norm(embedding.vectors[embedding.complete], axis=1), 1.0, atol=1e-6)
    assert embedding.remarks == (
        "1 of 40 observations have none of the encoder's features",
        "1 missing values were told to the encoder as missing",
    )
    ordered = herd.observations[["p_3", "p_0", "p_1", "p_2"]].to_numpy()
    expected = load_model(of_features).encode(ordered.astype(np.float32))
    np.testing.assert_allclose(embedding.vectors, expected, atol=1e-6)


def test_what_does_not_fit_the_encoder_is_refused(herd, of_pictures, of_features):
    with pytest.raises(UserError, match="has no pictures, which the encoder of pictures reads"):
        embed_study(herd.open(), of_pictures, "mine")
    with pytest.raises(UserError, match="cannot name an embedding"):
        embed_study(herd.open(), of_features, "features")
    herd.observations = herd.observations.drop(columns=["p_1"])
    with pytest.raises(UserError, match="no column 'p_1'"):
        embed_study(herd.open(), of_features, "mine")
    assert herd.open().embedding_names == ["features"]


def test_a_study_without_one_readable_picture_is_refused(coats, of_pictures):
    coats.observations["image"] = b"no picture"
    with pytest.raises(UserError, match="no picture of Small herd could be read; the first trouble"):
        embed_study(coats.open(), of_pictures, "mine", workers=0)


def test_letterboxing_keeps_proportions_and_fills_with_the_mean():
    from PIL import Image

    tall = Image.fromarray(np.full((20, 10, 3), (10, 200, 30), dtype=np.uint8))
    tall.putpixel((0, 0), (255, 255, 255))
    out = letterbox(tall, 16)
    assert out.shape == (3, 16, 16) and out.dtype == np.uint8
    np.testing.assert_array_equal(out[:, 8, 8], (10, 200, 30))
    mean = np.asarray(tall).mean(axis=(0, 1)).round()
    np.testing.assert_array_equal(out[:, 8, 0], mean)
    same = Image.fromarray(np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3))
    np.testing.assert_array_equal(letterbox(same, 16), np.asarray(same).transpose(2, 0, 1))


def test_rows_and_workers_do_not_change_the_pictures(coats, monkeypatch):
    study = coats.open()
    whole = read_pictures(study, 8, workers=0)
    monkeypatch.setattr("explorer.learning.pictures._PART", 9)
    some = read_pictures(study, 8, rows=np.array([30, 2, 7]), workers=0)
    np.testing.assert_array_equal(some.pixels, whole.pixels[[30, 2, 7]])
    assert whole.readable.all() and whole.trouble is None
