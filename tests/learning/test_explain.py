"""What moves an encoder: the parts sum up, are right where the answer is known, and are of what was learnt."""

import numpy as np
import pytest
import torch

from explorer.errors import UserError
from explorer.learning.encoders import build_encoder, features_config, pictures_config
from explorer.learning.explain import CELL, cells, explain, nearness, overlay, task_score
from explorer.learning.explain_study import explain_observation
from explorer.learning.model_files import Model, ModelInfo, load_model
from explorer.places import sample_study, shipped
from explorer.study.study import open_study


def model_of(encoder, tmp_path):
    return Model(encoder.eval(), ModelInfo(name="test", config=encoder.config), "", tmp_path)


@pytest.fixture(scope="module")
def herd():
    study = open_study(sample_study("herd"))
    model = load_model(shipped("pretrained") / "herd")
    from explorer.learning.pictures import letterbox

    rows = [0, 1, 40]
    return model, [letterbox(study.picture(row), 64) for row in rows]


def test_parts_of_a_linear_number_are_its_weights_times_the_distance_from_plain(tmp_path):
    torch.manual_seed(0)
    model = model_of(build_encoder(features_config(5, dims=4)), tmp_path)
    weights = torch.tensor([1.0, -2.0, 0.5, 0.0, 3.0])
    model.encoder.get_buffer("mean").copy_(torch.tensor([1.0, 1.0, 1.0, 1.0, 1.0]))
    found = explain(model, np.array([2.0, 3.0, -1.0, 7.0, 1.0], dtype=np.float32), lambda _, batch: batch @ weights)
    assert np.allclose(found.parts, [1.0, -4.0, -1.0, 0.0, 0.0], atol=1e-6)
    assert found.value - found.plain == pytest.approx(-4.0)


@pytest.mark.parametrize("seed", range(3))
def test_parts_of_features_sum_up_and_a_missing_one_adds_nothing(tmp_path, seed):
    torch.manual_seed(seed)
    model = model_of(build_encoder(features_config(6, dims=4)), tmp_path)
    given = np.random.default_rng(seed).normal(size=6).astype(np.float32)
    given[2] = np.nan
    found = explain(model, given, task_score(1), steps=512)
    assert found.parts[2] == 0
    assert found.missed == pytest.approx(found.value - found.plain - found.parts.sum())
    assert abs(found.missed) < 0.01 * np.abs(found.parts).sum()


@pytest.mark.parametrize("place", range(3))
def test_parts_of_a_picture_sum_up_for_the_shipped_encoder(herd, place):
    model, pictures = herd
    found = explain(model, pictures[place], nearness(model.encode(pictures[0][None])[0]))
    assert found.parts.shape == (64, 64)
    assert abs(found.missed) < 0.01 * np.abs(found.parts).sum()
    if place == 0:
        assert found.value == pytest.approx(1.0, abs=1e-4)


@pytest.mark.slow
def test_with_random_weights_the_overlay_is_another_one(herd):
    model, pictures = herd
    score = nearness(model.encode(pictures[1][None])[0])
    found = explain(model, pictures[0], score)
    assert abs(found.alike) < 0.5
    assert explain(model, pictures[0], score).alike == found.alike  # the same seed
    assert explain(model, pictures[0], score, seed=1).alike != found.alike
    torch.manual_seed(3)
    random = Model(build_encoder(pictures_config()).eval(), model.info, "", model.folder)
    theirs = explain(random, pictures[0], score)
    assert np.corrcoef(np.abs(cells(theirs.parts)).ravel(), np.abs(cells(found.parts)).ravel())[0, 1] < 0.7


def test_hiding_the_part_that_adds_most_takes_the_pictures_apart(herd):
    """The overlay names what matters: greying its strongest cells lowers the nearness more than its weakest do."""
    model, pictures = herd
    target = model.encode(pictures[1][None])[0]
    found = explain(model, pictures[0], nearness(target))
    order = np.argsort(cells(found.parts).ravel())
    mean = (model.encoder.get_buffer("mean").numpy() * 255).astype(np.uint8)

    def hidden(chosen):
        changed = pictures[0].copy()
        for cell in chosen:
            y, x = divmod(int(cell), 64 // CELL)
            changed[:, y * CELL : (y + 1) * CELL, x * CELL : (x + 1) * CELL] = mean[:, None, None]
        return float(model.encode(changed[None])[0] @ target)

    assert hidden(order[-20:]) < hidden(order[:20]) - 0.05


def test_the_overlay_is_a_picture_with_both_signs():
    picture = np.full((3, 64, 64), 128, dtype=np.uint8)
    parts = np.zeros((64, 64))
    parts[8:16, 8:16], parts[40:48, 40:48] = 1.0, -1.0
    shown = overlay(picture, parts, scale=2)
    assert shown.shape == (128, 128, 3)
    assert shown.dtype == np.uint8
    raised, lowered, rest = shown[24, 24].astype(int), shown[88, 88].astype(int), shown[120, 8].astype(int)
    assert raised[0] > raised[2] + 50
    assert lowered[2] > lowered[0] + 50
    assert np.ptp(rest) < 3
    assert np.ptp(overlay(picture, np.zeros((64, 64)))) == 0


@pytest.mark.slow
def test_of_a_study_a_picture_with_its_manifest():
    study = open_study(sample_study("herd"))
    ids = [str(one) for one in study.ids[:2]]
    found = explain_observation(study, shipped("pretrained") / "herd", ids[0], near=ids[1], file="x.png")
    assert found.content.startswith(b"\x89PNG")
    assert f"--near {ids[1]}" in found.facts["command"]
    assert "cosine" in found.remarks[0]
    again = explain_observation(study, shipped("pretrained") / "herd", ids[0], near=ids[1], file="x.png")
    assert again.content == found.content


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"near": "nobody"}, "no observation 'nobody'"),
        ({"task": "no such task"}, "no task 'no such task'"),
        ({"task": "x", "file": "x.csv"}, r"does not end in \.png"),
    ],
)
def test_what_does_not_fit_is_told(given, said):
    study = open_study(sample_study("herd"))
    options = {"file": "x.png"} | given
    with pytest.raises(UserError, match=said):
        explain_observation(study, shipped("pretrained") / "herd", str(study.ids[0]), **options)
