import numpy as np
import pytest
import torch
from pydantic import ValidationError

from explorer.learning.encoders import EncoderConfig, build_encoder, features_config, pictures_config
from explorer.learning.model_files import encode, to_tensor


@pytest.mark.parametrize("kind", ["pictures", "features"])
def test_vectors_have_unit_length_and_do_not_depend_on_their_batch(kind, request):
    config = request.getfixturevalue(kind)
    encoder = build_encoder(config)
    rng = np.random.default_rng(0)
    if kind == "pictures":
        inputs = rng.integers(0, 256, (7, 3, 16, 16), dtype=np.uint8)
    else:
        inputs = rng.normal(size=(7, 4)).astype(np.float32)
    vectors = encode(encoder, inputs)
    assert vectors.shape == (7, 8) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(encode(encoder, inputs[2:3]), vectors[2:3], atol=1e-6)
    raw = encoder.raw(to_tensor(inputs)).detach()
    assert not np.allclose(raw.norm(dim=1), 1.0)


def test_the_usual_encoder_of_pictures_is_small():
    encoder = build_encoder(pictures_config())
    assert 300_000 <= sum(parameter.numel() for parameter in encoder.parameters()) <= 1_000_000
    assert encoder(torch.rand(2, 3, 64, 64)).shape == (2, 128)
    assert {tensor.dtype for tensor in encoder.state_dict().values()} == {torch.float32}


def test_a_missing_feature_is_told_from_an_average_one():
    encoder = build_encoder(features_config(3, dims=8))
    encoder.get_buffer("mean").fill_(5.0)
    average, missing, infinite = np.full((3, 1, 3), 5.0, dtype=np.float32)
    missing[0, 1], infinite[0, 1] = np.nan, np.inf
    assert np.isfinite(encode(encoder, missing)).all()
    assert np.abs(encode(encoder, missing) - encode(encoder, average)).max() > 1e-3
    np.testing.assert_array_equal(encode(encoder, infinite), encode(encoder, missing))
    assert np.isnan(encode(encoder, np.full((1, 3), np.nan, dtype=np.float32))).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"input_size": 63},
        {"input_size": 1024},
        {"dims": 1},
        {"dims": 10**9},
        {"widths": ()},
        {"architecture": "resnet"},
    ],
)
def test_an_impossible_description_is_refused(wrong):
    with pytest.raises(ValidationError):
        EncoderConfig(**wrong)
