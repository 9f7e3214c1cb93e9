"""An ONNX file is looked at before anything opens it: no weights from outside its folder, one hash over all of it."""

import hashlib

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx_models import linear, save

from explorer.errors import UserError
from explorer.learning import onnx_file
from explorer.learning.onnx_encoder import open_onnx
from explorer.learning.onnx_file import read_onnx_file


def with_weights_at(path, location):
    """A linear model whose weight lies in another file."""
    linear(path, np.eye(4), np.zeros(4))
    model = onnx.load(path)
    tensor = model.graph.initializer[0]
    raw = tensor.raw_data
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", str(len(raw)))):
        tensor.external_data.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())
    return raw


def test_a_file_alone_has_the_hash_of_its_bytes(tmp_path):
    path = linear(tmp_path / "m.onnx", np.eye(4), np.zeros(4))
    found = read_onnx_file(path)
    assert found.beside == () and found.hash == hashlib.sha256(path.read_bytes()).hexdigest()


def test_weights_beside_it_belong_to_it_and_to_its_hash(tmp_path):
    raw = with_weights_at(tmp_path / "m.onnx", "weights/w.bin")
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "w.bin").write_bytes(raw)
    found = read_onnx_file(tmp_path / "m.onnx")
    assert found.beside == (tmp_path / "weights" / "w.bin",)
    x = np.random.default_rng(0).normal(size=(3, 4))
    encoder = open_onnx(tmp_path / "m.onnx")
    np.testing.assert_allclose(encoder.encode(x), x / np.linalg.norm(x, axis=1, keepdims=True), rtol=1e-5)
    (tmp_path / "weights" / "w.bin").write_bytes(raw[::-1])
    assert read_onnx_file(tmp_path / "m.onnx").hash != found.hash == encoder.file.hash


@pytest.mark.parametrize(
    "location", ["../secret.bin", "/etc/passwd", "a/../../secret.bin", "..\\secret.bin", "link.bin"]
)
def test_weights_outside_its_folder_are_refused_before_anything_opens_it(tmp_path, location, monkeypatch):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(64))
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    with_weights_at(folder / "m.onnx", location)
    monkeypatch.setattr("onnxruntime.InferenceSession", lambda *_, **__: pytest.fail("opened"))
    with pytest.raises(UserError, match="does not lie in its folder, so it is refused"):
        open_onnx(folder / "m.onnx")


@pytest.mark.parametrize("where", ["constant", "inner graph", "sparse", "function", "training"])
def test_weights_are_found_wherever_a_file_can_hide_them(tmp_path, where):
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), "t")
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret.bin")
    constant = helper.make_node("Constant", [], ["c"], value=tensor)
    path = linear(tmp_path / "m.onnx", np.eye(4), np.zeros(4))
    model = onnx.load(path)
    if where == "constant":
        model.graph.node.append(constant)
    elif where == "inner graph":
        inner = helper.make_graph([constant], "inner", [], [])
        model.graph.node.append(helper.make_node("If", ["x"], ["z"], then_branch=inner, else_branch=inner))
    elif where == "sparse":
        model.graph.sparse_initializer.add().values.CopyFrom(tensor)
    elif where == "function":
        model.functions.add().node.append(constant)
    else:
        model.training_info.add().algorithm.initializer.append(tensor)
    path.write_bytes(model.SerializeToString())
    with pytest.raises(UserError, match=r"wants weights from '\.\./secret\.bin'"):
        read_onnx_file(path)


def test_missing_weights_other_endings_and_large_files_are_one_sentence(tmp_path, monkeypatch):
    with_weights_at(tmp_path / "m.onnx", "w.bin")
    for path, sentence in (
        (tmp_path / "m.onnx", "lacks its file of weights 'w.bin'"),
        (tmp_path / "m.pt", "does not end in .onnx"),
        (tmp_path / "no.onnx", "there is no file"),
        (tmp_path, "does not end in .onnx"),
    ):
        with pytest.raises(UserError, match=sentence):
            read_onnx_file(path)
    monkeypatch.setattr(onnx_file, "MOST_BYTES", 10)
    with pytest.raises(UserError, match="large, more than"):
        read_onnx_file(save(tmp_path / "n.onnx", [], [1, 2], {"x": [1, 2]}))


def test_files_that_are_no_model_are_one_sentence_whatever_they_hold(tmp_path):
    rng = np.random.default_rng(0)
    good = linear(tmp_path / "good.onnx", rng.normal(size=(4, 3)), np.zeros(3)).read_bytes()
    cut = [good[:length] for length in range(0, len(good) - 1, 7)]
    noise = [rng.bytes(length) for length in range(1, 200, 3)]
    path = tmp_path / "m.onnx"
    for content in [b"", b"PK\x03\x04", b"\x80\x05pickle", b"{}", *cut, *noise]:
        path.write_bytes(content)
        with pytest.raises(UserError) as caught:
            open_onnx(path)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 500
