"""Encoders from elsewhere: what a file wants is found out, what it gives is checked."""

import sys

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx_models import linear, mean_colour, save

from explorer.errors import UserError
from explorer.learning import onnx_encoder
from explorer.learning.embed_onnx import embed_onnx
from explorer.learning.onnx_encoder import open_onnx
from explorer.learning.onnx_options import IMAGENET, OnnxOptions
from explorer.learning.pictures import read_pictures
from explorer.learning.tasks import embed_onnx_at
from explorer.study.study import open_study

RAW = OnnxOptions(normalise=False)


def pictures(n, side=16, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 3, side, side)).astype(np.uint8)


def means(pixels):
    return pixels.astype(np.float64).mean(axis=(2, 3)) / 255


# --- pictures --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("layout", "keepdims"), [("nchw", False), ("nchw", True), ("nhwc", False)])
@pytest.mark.parametrize("batch", ["n", 1, 4])
def test_the_mean_colour_is_the_mean_colour(tmp_path, layout, batch, keepdims):
    encoder = open_onnx(mean_colour(tmp_path / "m.onnx", layout=layout, batch=batch, keepdims=keepdims), RAW)
    assert (encoder.asks.layout, encoder.asks.side, encoder.asks.channels) == (layout, 16, 3)
    pixels = pictures(10)
    found = encoder.encode(pixels)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, means(pixels), rtol=1e-5)


def test_options_scale_and_order_the_colours(tmp_path):
    path, pixels = mean_colour(tmp_path / "m.onnx"), pictures(5)
    mean, std = np.array(IMAGENET[0]), np.array(IMAGENET[1])
    found = open_onnx(path, OnnxOptions(mean=IMAGENET[0], std=IMAGENET[1], normalise=False)).encode(pixels)
    np.testing.assert_allclose(found, (means(pixels) - mean) / std, rtol=1e-4, atol=1e-5)
    given = OnnxOptions(range=255, colours="bgr", mean=(1.0, 2.0, 3.0), std=(2.0,), normalise=False)
    np.testing.assert_allclose(
        open_onnx(path, given).encode(pixels), (255 * means(pixels)[:, ::-1] - [1, 2, 3]) / 2, rtol=1e-4
    )
    unit = open_onnx(path).encode(pixels)
    np.testing.assert_allclose(unit, means(pixels) / np.linalg.norm(means(pixels), axis=1, keepdims=True), rtol=1e-5)


def test_a_grey_model_is_given_grey(tmp_path):
    node = helper.make_node("ReduceMean", ["x"], ["y"], axes=[1, 2], keepdims=0)
    path = save(tmp_path / "m.onnx", [node], ["n", 1, 8, 8], {"y": ["n", 8]})
    found = open_onnx(path, RAW).encode(pixels := pictures(3, side=8))
    grey = np.tensordot([0.299, 0.587, 0.114], pixels.astype(np.float64), axes=(0, 1)) / 255
    np.testing.assert_allclose(found, grey.mean(axis=1), rtol=1e-5)


def test_what_the_shape_leaves_open_is_taken_from_the_options_or_asked_for(tmp_path):
    free = mean_colour(tmp_path / "free.onnx", side="s")
    assert open_onnx(free).asks.side == onnx_encoder.USUAL_SIDE
    assert open_onnx(free, OnnxOptions(side=32)).asks.side == 32
    unknown = mean_colour(tmp_path / "unknown.onnx", side="s", channels="c")
    with pytest.raises(UserError, match=r"does not say where the colours .* --onnx-layout nchw"):
        open_onnx(unknown)
    assert open_onnx(unknown, OnnxOptions(layout="nhwc", side=8)).asks.layout == "nhwc"
    with pytest.raises(UserError, match="takes pictures of 16 pixels, so --onnx-side changes nothing"):
        open_onnx(mean_colour(tmp_path / "fixed.onnx"), OnnxOptions(side=32))


def test_a_study_of_pictures_is_embedded_whatever_the_batches(coats, tmp_path, monkeypatch):
    coats.observations.loc[[2, 3], "image"] = [None, b"no picture"]
    study, path = coats.open(), mean_colour(tmp_path / "m.onnx")
    told = []
    embed_onnx(study, path, "whole", options=RAW, report=lambda fraction, note: told.append(fraction), workers=0)
    monkeypatch.setattr("explorer.learning.pictures._AT_ONCE", 7)
    monkeypatch.setattr(onnx_encoder, "_AT_ONCE", 3)
    embed_onnx_at(study.path, path, "parts", RAW, report=lambda fraction, note: None)
    fixed = mean_colour(tmp_path / "fixed.onnx", batch=4)
    embed_onnx(study, fixed, "fixed", options=RAW, workers=0)
    study = open_study(study.path)
    whole, parts, padded = (study.embedding(name) for name in ("whole", "parts", "fixed"))
    assert np.flatnonzero(~whole.complete).tolist() == [2, 3]
    pixels = np.delete(read_pictures(study, 16, workers=0).pixels, [2, 3], axis=0)
    np.testing.assert_allclose(whole.vectors[whole.complete], means(pixels), rtol=1e-5)
    np.testing.assert_allclose(parts.vectors, whole.vectors, rtol=1e-6)
    np.testing.assert_allclose(padded.vectors, whole.vectors, rtol=1e-6)
    assert told == sorted(told) and told[-1] == 1.0
    note = whole.note
    assert note.encoder == "m.onnx" and note.encoder_hash == open_onnx(path).file.hash and not note.normalised
    assert note.encoder_options == RAW.model_dump(mode="json") | {"output": "y"}
    assert note.command == "latent-explorer embed STUDY --model m.onnx --as whole --onnx-raw"
    assert whole.remarks[0].startswith("2 of 40 observations have no readable picture; first: ")
    assert "pictures of 16 x 16 pixels, RGB from 0 to 1; vectors of its output 'y', as they are" in whole.remarks[1]


# --- vectors ---------------------------------------------------------------------------------------------------


def test_a_linear_model_of_features_is_that_linear_map(herd, tmp_path):
    herd.observations.loc[4, "p_2"] = np.nan
    rng = np.random.default_rng(1)
    weight, bias = rng.normal(size=(4, 3)), rng.normal(size=3)
    study = herd.open()
    mean, std = (100.0, 200.0, 300.0, 400.0), (1.0, 2.0, 3.0, 4.0)
    for name, path in (
        ("free", linear(tmp_path / "a.onnx", weight, bias, width="f")),
        ("fixed", linear(tmp_path / "b.onnx", weight, bias, batch=7)),
    ):
        embed_onnx(study, path, name, options=OnnxOptions(mean=mean, std=std, normalise=False))
        embedding = open_study(study.path).embedding(name)
        values = study.table.numbers(["p_0", "p_1", "p_2", "p_3"])
        expected = (values - mean) / std @ weight + bias
        assert np.flatnonzero(~embedding.complete).tolist() == [4]
        np.testing.assert_allclose(embedding.vectors, expected, rtol=1e-3, atol=1e-4)
        assert embedding.remarks[0] == "1 of 40 observations left out: a feature is missing in each of them"


def test_features_of_another_number_are_one_sentence(herd, tmp_path):
    study = herd.open()
    path = linear(tmp_path / "m.onnx", np.ones((7, 3)), np.zeros(3))
    with pytest.raises(UserError, match="reads 7 features, and Small herd has 4 feature columns"):
        embed_onnx(study, path, "mine")
    with pytest.raises(UserError, match="reads 7 features, not 4"):
        open_onnx(path).encode(np.zeros((2, 4)))
    with pytest.raises(UserError, match="2 numbers of --onnx-mean for 4 features"):
        embed_onnx(study, linear(tmp_path / "n.onnx", np.eye(4), np.zeros(4)), "mine", options=OnnxOptions(mean=(1, 2)))
    with pytest.raises(UserError, match="cannot name an embedding"):
        embed_onnx(study, path, "../x")
    assert open_study(study.path).embedding_names == ["features"]


def test_vectors_that_are_not_finite_or_have_no_length(herd, tmp_path):
    study = herd.open()
    log = save(tmp_path / "log.onnx", [helper.make_node("Log", ["x"], ["y"])], ["n", 4], {"y": ["n", 4]})
    with pytest.raises(UserError, match=r"not finite for \d+ of 40 observations.*--onnx-range"):
        embed_onnx(study, log, "mine", options=OnnxOptions(mean=(1e6,)))
    none = linear(tmp_path / "zero.onnx", np.zeros((4, 3)), np.zeros(3))
    with pytest.raises(UserError, match="gives only vectors of length 0"):
        embed_onnx(study, none, "mine")
    part = save(tmp_path / "part.onnx", [helper.make_node("Relu", ["x"], ["y"])], ["n", 4], {"y": ["n", 4]})
    centre = tuple(np.add(study.table.numbers(["p_0", "p_1", "p_2", "p_3"]).mean(axis=0), [1, 2, 3, 4]).tolist())
    embed_onnx(study, part, "mine", options=OnnxOptions(mean=centre))
    embedding = open_study(study.path).embedding("mine")
    lost = int((~embedding.complete).sum())
    assert 0 < lost < 40 and f"{lost} of 40 observations have a vector of length 0, so none here" in embedding.remarks


# --- which output, which input ---------------------------------------------------------------------------------


def several(path, ranks):
    """A model with an output of each of these ranks."""
    nodes, outputs = [], {}
    for place, rank in enumerate(ranks):
        name = f"y{place}"
        nodes.append(helper.make_node("Identity" if rank == 2 else "Unsqueeze", ["x", *["a"][: rank - 2]], [name]))
        outputs[name] = ["n", 4] if rank == 2 else ["n", 4, 1]
    return save(path, nodes, ["n", 4], outputs, {"a": np.array([2])} if 3 in ranks else None)


def test_of_several_outputs_the_only_vector_is_taken_else_one_must_be_named(tmp_path):
    x = np.random.default_rng(0).normal(size=(3, 4))
    found = open_onnx(several(tmp_path / "a.onnx", [3, 2]), RAW)
    assert found.output == "y1"
    np.testing.assert_allclose(found.encode(x), x, rtol=1e-6)
    path = several(tmp_path / "b.onnx", [2, 2])
    with pytest.raises(UserError, match=r"has 2 outputs, and 2 of them are vectors.*--onnx-output NAME: y0, y1"):
        open_onnx(path)
    assert open_onnx(path, OnnxOptions(output="y1")).output == "y1"
    with pytest.raises(UserError, match=r"no output 'z'. Its outputs are: y0, y1"):
        open_onnx(path, OnnxOptions(output="z"))


def identity(path, shape, **more):
    return save(path, [helper.make_node("Identity", ["x"], ["y"])], shape, {"y": shape}, **more)


@pytest.mark.parametrize(
    ("shape", "more", "options", "sentence"),
    [
        (["n", 3, 8], {}, {}, r"input of rank 3 \(any x 3 x 8\): neither pictures"),
        (["n"], {}, {}, "input of rank 1"),
        (["n", 4], {"dtype": TensorProto.INT64}, {}, r"takes tensor\(int64\), not floating numbers"),
        (["n", 4], {"inputs": 2}, {}, r"takes 2 inputs \(x, xx\), not one"),
        (["n", 4], {}, {"colours": "bgr"}, "reads vectors, so --onnx-colours changes nothing"),
        (["n", 5, 8, 8], {}, {}, "takes 5 or 8 colours"),
        (["n", 8, 8, 3], {}, {"layout": "nchw"}, "takes 8 colours"),
        (["n", 3, 8, 16], {}, {}, "takes pictures of 8 x 16 pixels; only square ones"),
        (["n", 3, 4096, 4096], {}, {}, "4,096 pixels a side, more than"),
        (["n", 3, 8, 8], {}, {}, "gives 3 x 8 x 8 numbers an observation in 'y', which is no vector"),
        (["n", 3, 8, 8], {}, {"std": (1.0, 2.0)}, "2 numbers of --onnx-std for 3 colours"),
    ],
)
def test_what_a_model_takes_that_is_neither_pictures_nor_vectors(tmp_path, shape, more, options, sentence):
    with pytest.raises(UserError, match=sentence) as caught:
        open_onnx(identity(tmp_path / "m.onnx", shape, **more), OnnxOptions(**options))
    assert "\n" not in str(caught.value)


def test_a_model_that_cannot_be_run_or_gives_another_number_of_vectors(tmp_path):
    reshape = helper.make_node("Reshape", ["x", "s"], ["y"])
    one = save(tmp_path / "m.onnx", [reshape], ["n", 3, 8, 8], {"y": ["n", "d"]}, {"s": np.array([1, 3 * 64])})
    with pytest.raises(UserError, match=r"m\.onnx: cannot be run: .*Reshape"):
        open_onnx(one)
    all_ = save(tmp_path / "n.onnx", [reshape], ["n", 3, 8, 8], {"y": ["n", "d"]}, {"s": np.array([-1, 8])})
    with pytest.raises(UserError, match="gives 48 vectors in 'y' for 2 observations"):
        open_onnx(all_)


def test_half_precision_is_given_as_it_is_asked_for(tmp_path):
    path = identity(tmp_path / "m.onnx", ["n", 4], dtype=TensorProto.FLOAT16)
    x = np.random.default_rng(0).normal(size=(3, 4))
    np.testing.assert_allclose(open_onnx(path, RAW).encode(x), x.astype(np.float16), rtol=1e-6)


def test_without_onnxruntime_one_sentence_says_how_to_get_it(tmp_path, monkeypatch):
    path = linear(tmp_path / "m.onnx", np.eye(4), np.zeros(4))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UserError, match=r"onnxruntime is not installed.*pip install 'latent-explorer\[onnx\]'"):
        open_onnx(path)


@pytest.mark.parametrize("wrong", [{"std": (0.0,)}, {"mean": (float("nan"),)}, {"mean": ()}, {"side": 3}, {"range": 2}])
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError):
        OnnxOptions(**wrong)
