"""The encoder that ships with the product."""

import numpy as np
import pytest

from explorer.learning.embed import encode_study
from explorer.learning.evaluate import unseen_animals
from explorer.learning.evaluate_fully import evaluate_fully
from explorer.learning.model_files import WEIGHTS, load_model
from explorer.learning.run_folders import read_card
from explorer.places import shipped
from explorer.study.simulating import simulate_herd
from explorer.study.study import open_study

HERD = shipped("pretrained") / "herd"


def test_the_shipped_encoder_loads_and_tells_what_it_learnt_from():
    model = load_model(HERD)
    assert (HERD / WEIGHTS).stat().st_size < 4_000_000
    assert model.reads_pictures and model.info.config.input_size == 64 and model.info.config.dims == 128
    seeds = [int(one.study.removeprefix("Herd of seed ")) for one in model.info.trained_on]
    assert len(seeds) == 3 and 0 not in seeds
    assert "recall@1" in read_card(model.folder) and "On the sample herd" in read_card(model.folder)


@pytest.mark.slow
def test_it_finds_animals_of_an_unseen_herd_better_than_pixels(tmp_path):
    study = open_study(simulate_herd(tmp_path / "herd", animals=8, seed=5, workers=0))
    model = load_model(HERD)
    assert len(unseen_animals(study, model)) == 8
    vectors, remarks = encode_study(study, model, workers=0)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert remarks == ()
    result = evaluate_fully(study, model=HERD, tasks=[], workers=0).retrieval
    assert result is not None and result.warning is None
    assert result.scores["encoder herd"].recall.value > 0.9


@pytest.mark.slow
def test_the_sample_herd_was_not_learnt_from(tmp_path):
    sample = open_study(simulate_herd(tmp_path / "herd", seed=0))
    info = load_model(HERD).info
    assert sample.ids_hash not in {one.ids_hash for one in info.trained_on}
    assert sample.data_hash not in {one.data_hash for one in info.trained_on}
