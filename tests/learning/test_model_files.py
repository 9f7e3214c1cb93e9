import json
import os
import pickle
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from explorer.errors import UserError
from explorer.learning.encoders import build_encoder
from explorer.learning.model_files import UNSAFE, ModelInfo, load_model, save_model, to_tensor, write_card
from explorer.learning.run_folders import read_card
from explorer.study.embeddings import TaskScale
from explorer.study.fingerprint import hash_file


@pytest.fixture
def folder(tmp_path, pictures):
    torch.manual_seed(3)
    save_model(tmp_path / "model", build_encoder(pictures), ModelInfo(name="small", config=pictures), "# Small\n")
    return tmp_path / "model"


def refusal(path) -> str:
    with pytest.raises(UserError) as caught:
        load_model(path)
    return str(caught.value)


def resave(folder, tensors):
    """Store other tensors under a description that vouches for them."""
    save_file(tensors, folder / "model.safetensors")
    vouch(folder)


def vouch(folder):
    described = json.loads((folder / "model.json").read_text())
    described["weights_sha256"] = hash_file(folder / "model.safetensors")
    (folder / "model.json").write_text(json.dumps(described))


@pytest.mark.parametrize("kind", ["pictures", "features"])
def test_a_loaded_encoder_gives_identical_vectors(tmp_path, kind, request):
    config = request.getfixturevalue(kind)
    encoder = build_encoder(config)
    rng = np.random.default_rng(0)
    if kind == "pictures":
        inputs, names = rng.integers(0, 256, (9, 3, 16, 16), dtype=np.uint8), ()
    else:
        inputs, names = rng.normal(size=(9, 4)), ("a", "b", "c", "d")
    saved = save_model(tmp_path / "m", encoder, ModelInfo(name="x", config=config, features=names, seed=7), "card")
    loaded = load_model(tmp_path / "m")
    np.testing.assert_array_equal(loaded.encode(inputs), saved.encode(inputs))
    assert loaded.info == saved.info and loaded.info.seed == 7
    assert loaded.hash == saved.hash == hash_file(tmp_path / "m" / "model.safetensors")
    assert read_card(loaded.folder) == "card"
    assert not list(tmp_path.glob(".*"))


def test_the_card_can_be_replaced_without_touching_the_model(folder):
    before = load_model(folder).hash
    write_card(folder, "# Other\n")
    assert load_model(folder).hash == before and read_card(folder) == "# Other\n"


def test_a_model_is_never_overwritten(folder, pictures):
    with pytest.raises(UserError, match="exists already"):
        save_model(folder, build_encoder(pictures), ModelInfo(name="x", config=pictures), "")


@pytest.mark.parametrize("suffix", UNSAFE)
def test_other_kinds_of_files_are_refused_with_the_reason_and_the_way(tmp_path, suffix):
    file = tmp_path / f"model{suffix}"
    file.write_bytes(b"anything")
    assert "can run code" in refusal(file) and "safetensors" in refusal(file)
    assert "can run code" in refusal(tmp_path) and "safetensors" in refusal(tmp_path)


class Harm:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("how", ["pickle", "torch"])
def test_a_pickle_in_disguise_does_not_run(folder, tmp_path, how):
    weights = folder / "model.safetensors"
    if how == "pickle":
        weights.write_bytes(pickle.dumps(Harm(tmp_path / "harm")))
    else:
        torch.save({"mean": Harm(tmp_path / "harm")}, weights)
    assert "hash differs" in refusal(folder)
    vouch(folder)
    assert "not a safetensors file" in refusal(folder)
    assert not (tmp_path / "harm").exists()


def test_tampering_with_the_weights_is_noticed(folder):
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "model.safetensors").write_bytes(content)
    assert "hash differs" in refusal(folder)


@pytest.mark.parametrize("keep", [0, 7, 100, 5000])
def test_a_cut_file_is_refused(folder, keep):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:keep])
    vouch(folder)
    assert "not a safetensors file" in refusal(folder)


def test_other_tensors_are_refused(folder):
    good = load_file(folder / "model.safetensors")
    resave(folder, {name: tensor for name, tensor in good.items() if name != "head.bias"})
    assert "lacks the tensor 'head.bias'" in refusal(folder)
    resave(folder, good | {"extra": torch.zeros(2)})
    assert "a tensor too many, 'extra'" in refusal(folder)
    resave(folder, good | {"head.bias": good["head.bias"].half()})
    assert "float16, not torch.float32" in refusal(folder)
    resave(folder, good | {"head.bias": torch.zeros(9)})
    assert "(9,), not (8,)" in refusal(folder)
    resave(folder, good | {"head.bias": good["head.bias"] * torch.nan})
    assert "not finite" in refusal(folder)
    resave(folder, good | {"std": torch.tensor([0.2, 0.0, 0.2])})
    assert "not above 0" in refusal(folder)
    resave(folder, good)
    load_model(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"surprise": 1},
        {"config": {"architecture": "small_conv", "input_size": 15}},
        {"config": {"architecture": "multilayer", "input_size": 4, "widths": [16]}},
        {"task_dimensions": {"bcs": 8}},
        {"task_dimensions": {"bcs": 0}},
        {"task_scales": {"bcs": {"mean": 3.0, "spread": 1.0}}},
        {"name": ""},
    ],
)
def test_a_wrong_description_is_refused(folder, change):
    described = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(described | change))
    assert "model.json" in refusal(folder)


def test_a_large_claim_takes_no_memory(folder):
    described = json.loads((folder / "model.json").read_text())
    described["config"] = {"architecture": "small_conv", "input_size": 512, "dims": 4096, "widths": [4096] * 8}
    (folder / "model.json").write_text(json.dumps(described))
    assert "lacks the tensor" in refusal(folder)


def test_missing_parts_are_named(folder, tmp_path):
    assert "there is no folder" in refusal(tmp_path / "nowhere")
    assert "is a file" in refusal(folder / "model.safetensors")
    (folder / "model.json").write_text("{")
    assert "cannot be read" in refusal(folder)
    (folder / "model.json").unlink()
    assert "model.json: is missing" in refusal(folder)
    shutil.rmtree(folder)
    folder.mkdir()
    assert "holds no model.safetensors" in refusal(folder)


# --- task dimensions -----------------------------------------------------------------------------------------


@pytest.fixture
def telling(tmp_path, pictures):
    """A model whose first two dimensions say a task each."""
    encoder = build_encoder(pictures.model_copy(update={"task_dims": 2}))
    encoder.task_mean.copy_(torch.tensor([3.1, 500.0]))
    encoder.task_spread.copy_(torch.tensor([7.3, 400.0]))
    scales = {
        task: TaskScale(mean=float(encoder.task_mean[place]), spread=float(encoder.task_spread[place]), unit=unit)
        for place, (task, unit) in enumerate([("bcs", None), ("weight", "kg")])
    }
    info = ModelInfo(name="x", config=pictures, task_dimensions={"bcs": 0, "weight": 1}, task_scales=scales)
    save_model(tmp_path / "telling", encoder, info, "")
    return tmp_path / "telling"


def test_task_dimensions_are_read_in_their_own_unit(telling):
    model = load_model(telling)
    vectors = model.encode(np.random.default_rng(0).integers(0, 256, (5, 3, 16, 16), dtype=np.uint8))
    told = model.task_values(vectors)
    assert list(told) == ["bcs", "weight"] and model.info.task_scales["weight"].unit == "kg"
    raw = model.encoder.raw(to_tensor(np.random.default_rng(0).integers(0, 256, (5, 3, 16, 16), dtype=np.uint8)))
    np.testing.assert_allclose(told["weight"], 500 + 40 * raw[:, 1].detach().numpy(), rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"task_scales": {"bcs": {"mean": 3.0, "spread": 7.3}, "weight": {"mean": 500, "spread": 400}}},
            "'bcs' in another",
        ),
        ({"task_dimensions": {"bcs": 1, "weight": 0}}, "another way than the weights"),
        ({"task_dimensions": {"bcs": 0, "weight": 0}}, "each once"),
        ({"task_dimensions": {"bcs": 0}}, "each once"),
        ({"task_dimensions": {}, "task_scales": {}}, "each once"),
        ({"task_scales": {}}, "how each task dimension"),
        ({"task_scales": {"bcs": {"mean": 3.1, "spread": 0}, "weight": {"mean": 5, "spread": 4}}}, "greater than 0"),
        ({"task_scales": {"bcs": {"mean": 3.1, "spread": 1, "more": 2}}}, "model.json"),
    ],
)
def test_a_tampered_scale_is_refused(telling, change, sentence):
    described = json.loads((telling / "model.json").read_text())
    (telling / "model.json").write_text(json.dumps(described | change))
    assert sentence in refusal(telling)


def test_a_tampered_scale_in_the_weights_is_refused(telling):
    good = load_file(telling / "model.safetensors")
    resave(telling, good | {"task_spread": good["task_spread"] * 2})
    assert "another way than the weights" in refusal(telling)
    resave(telling, good | {"task_spread": good["task_spread"] * -1})
    assert "not above 0" in refusal(telling)
    resave(telling, good)
    load_model(telling)


def test_a_description_from_before_task_scales_still_reads(folder):
    described = json.loads((folder / "model.json").read_text())
    del described["task_scales"], described["config"]["task_dims"]
    (folder / "model.json").write_text(json.dumps(described))
    assert load_model(folder).task_values(np.zeros((2, 8))) == {}


def test_a_run_that_has_not_ended_says_so(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text("{}")
    assert "is a training run that has not ended" in refusal(tmp_path / "run")
    assert "--resume" in refusal(tmp_path / "run")
