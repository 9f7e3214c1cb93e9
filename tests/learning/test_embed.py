import numpy as np
import pytest
import torch

from explorer.errors import UserError
from explorer.learning.averaging import views
from explorer.learning.embed import embed_study
from explorer.learning.encoders import build_encoder
from explorer.learning.model_files import ModelInfo, load_model, save_model, to_tensor
from explorer.learning.pictures import letterbox, read_pictures
from explorer.learning.tasks import embed_at
from explorer.study.embeddings import TaskScale
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
    monkeypatch.setattr("explorer.learning.pictures._AT_ONCE", 7)
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


# --- task dimensions, averages -------------------------------------------------------------------------------


@pytest.fixture
def telling(tmp_path, pictures):
    encoder = build_encoder(pictures.model_copy(update={"task_dims": 1}))
    encoder.task_mean.fill_(3.0)
    encoder.task_spread.fill_(5.0)
    info = ModelInfo(
        name="telling",
        config=pictures,
        task_dimensions={"bcs": 0},
        task_scales={"bcs": TaskScale(mean=3.0, spread=5.0, unit="points")},
    )
    save_model(tmp_path / "telling", encoder, info, "")
    return tmp_path / "telling"


def test_a_stored_embedding_says_tasks_in_their_own_unit(coats, telling):
    coats.observations.loc[2, "image"] = None
    study = coats.open()
    embed_study(study, telling, "mine", workers=0)
    embedding = open_study(study.path).embedding("mine")
    assert embedding.note.task_dimensions == {"bcs": 0} and embedding.note.task_scales["bcs"].unit == "points"
    said = embedding.task_values("bcs")
    assert np.flatnonzero(np.isnan(said)).tolist() == [2] and said.dtype == np.float64
    pixels = read_pictures(study, 16, workers=0).pixels
    raw = load_model(telling).encoder.raw(to_tensor(pixels)).detach().numpy()[:, 0]
    np.testing.assert_allclose(np.delete(said, 2), np.delete(3.0 + 0.5 * raw, 2), rtol=1e-5)
    with pytest.raises(UserError, match=r"no dimension of the embedding 'mine' says 'weight'.*one says: bcs"):
        embedding.task_values("weight")


@pytest.mark.parametrize("which", ["ten", "five"])
def test_an_average_is_that_of_its_views_and_keeps_its_tasks(coats, telling, which):
    study = coats.open()
    embed_study(study, telling, "mean", average=which, workers=0)
    embed_study(study, telling, "plain", workers=0)
    study = open_study(study.path)
    embedding = study.embedding("mean")
    assert embedding.note.averaged == which and study.embedding("plain").note.averaged is None
    assert f"--average {which}" in embedding.note.command
    encoder = load_model(telling).encoder
    pictures = to_tensor(read_pictures(study, 16, workers=0).pixels)
    units = []
    for mirrored in (pictures, torch.flip(pictures, [3]))[: 2 if which == "ten" else 1]:
        for top, left in ((0, 0), (0, 2), (2, 0), (2, 2), (1, 1)):
            crop = mirrored[:, :, top : top + 14, left : left + 14]
            big = torch.nn.functional.interpolate(crop, (16, 16), mode="bilinear", align_corners=False)
            units.append(encoder(big).detach().double())
    mean = torch.stack(units).mean(dim=0).numpy()
    np.testing.assert_allclose(np.linalg.norm(embedding.vectors, axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(embedding.task_values("bcs"), 3.0 + 5.0 * mean[:, 0], atol=1e-5)
    others = embedding.vectors[:, 1:] / np.linalg.norm(embedding.vectors[:, 1:], axis=1, keepdims=True)
    np.testing.assert_allclose(others, mean[:, 1:] / np.linalg.norm(mean[:, 1:], axis=1, keepdims=True), atol=1e-5)


def test_views_of_a_flat_picture_are_that_picture():
    flat = torch.full((2, 3, 20, 20), 0.3)
    seen = list(views(flat, "ten"))
    assert len(seen) == 10 and len(list(views(flat, "five"))) == 5
    for view in seen:
        torch.testing.assert_close(view, flat)


def test_features_have_no_average(herd, of_features):
    with pytest.raises(UserError, match="reads features, which have no views"):
        embed_study(herd.open(), of_features, "mine", average="five")
    with pytest.raises(ValueError, match="only pictures"):
        load_model(of_features).encode(np.zeros((2, 4)), average="five")
