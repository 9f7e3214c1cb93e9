"""Networks that learn one thing, from the rows that are given and no others."""

from dataclasses import replace

import numpy as np
import pytest
from flock import flock

from explorer.learning.encoders import EncoderConfig
from explorer.learning.network_baselines import identity_net, like, task_nets
from explorer.learning.recipe import Recipe
from explorer.learning.train import train

TINY = EncoderConfig(architecture="multilayer", input_size=6, dims=8, widths=(16,))
SHORT = Recipe(steps=60, animals=6, each=4, warm_up=5, look_every=30, shares=(0.8, 0.2, 0.0), rate=2e-2)


@pytest.fixture
def herd(tmp_path):
    return flock(tmp_path / "flock")


def test_they_are_like_the_encoder_but_for_what_it_learns(herd, tmp_path):
    study = herd.open()
    recipe = replace(
        SHORT, tasks=("kind", "line"), min_matches=2, regress=("weight",), loss="angular", shares=(0.5, 0.25, 0.25)
    )
    model = train([study], TINY, tmp_path / "m", recipe=replace(recipe, steps=2)).model
    config, own = like(model, study)
    assert config == TINY and (own.steps, own.animals, own.rate) == (2, 6, 2e-2)
    assert (own.tasks, own.regress, own.loss, own.identity, own.min_matches) == ((), (), "triplet", 1.0, None)
    assert own.shares == pytest.approx((2 / 3, 1 / 3, 0))
    assert like(model, study, steps=7)[1].steps == 7
    config, own = like(None, study)
    assert config.input_size == 6 and own.steps == Recipe().steps and sum(own.shares) == pytest.approx(1)


@pytest.mark.slow
def test_they_learn_from_the_rows_given_alone(herd):
    study = herd.open()
    learn = study.animal.cat.codes.to_numpy() < 14
    said, remarks = task_nets(study, ["weight"], TINY, SHORT, learn)
    vectors = identity_net(study, TINY, replace(SHORT, steps=10), learn)
    assert remarks == ()
    weight = study.values("weight").to_numpy()
    assert np.corrcoef(said["weight"][~learn], weight[~learn])[0, 1] > 0.7
    herd.observations.loc[~learn, "weight"] = -1e6
    herd.observations.loc[~learn, "animal_id"] = "stranger"
    other = herd.open()
    again, _ = task_nets(other, ["weight"], TINY, SHORT, learn)
    np.testing.assert_array_equal(again["weight"], said["weight"])
    np.testing.assert_array_equal(identity_net(other, TINY, replace(SHORT, steps=10), learn), vectors)


def test_a_task_that_cannot_be_learnt_is_a_remark(herd):
    herd.observations["flat"] = 1.0
    herd.spec["variables"]["flat"] = {"column": "flat", "kind": "continuous", "role": "task"}
    study = herd.open()
    told = []
    said, remarks = task_nets(
        study,
        ["flat", "weight"],
        TINY,
        replace(SHORT, steps=4),
        np.ones(96, bool),
        report=lambda fraction, note: told.append((fraction, note)),
    )
    assert list(said) == ["weight"] and len(remarks) == 1
    assert "no net for flat alone: 'flat' has the same value" in remarks[0]
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions) and any("a net for weight alone" in note for _, note in told)


def test_a_run_of_some_rows_keeps_no_checkpoints(herd, tmp_path):
    with pytest.raises(ValueError, match="no checkpoints"):
        train([herd.open()], TINY, tmp_path / "m", recipe=SHORT, learnable=np.ones(96, bool), checkpoints=True)
