"""Settings of losses and miners: by name, of the type that each asks for."""

import dataclasses

import pytest
import torch

from explorer.errors import UserError
from explorer.learning.losses import LOSSES
from explorer.learning.metric_loss import METRIC_LOSSES, MetricLoss, check_metric, with_options
from explorer.learning.miners import MINERS
from explorer.learning.options import option_types, read_options
from explorer.learning.recipe import Recipe


@pytest.mark.parametrize("name", METRIC_LOSSES)
def test_every_setting_that_a_loss_names_can_be_given_to_it_as_text(name):
    texts = {float: "0.5", int: "16", bool: "true"}
    own = {"weighting": "fixed", "reduction": "sum", "alpha": "30"}
    known = option_types(LOSSES[name], ("classes", "dims", "seed"))
    given = {one: own.get(one) or texts[hint] for one, hint in known.items()}
    recipe = with_options(Recipe(loss=name), given, {})
    assert recipe.loss_options.keys() == given.keys()
    assert all(not isinstance(value, str) or key in own for key, value in recipe.loss_options.items())
    if name != "ladder":
        check_metric(recipe)
        loss = MetricLoss(recipe, dims=32, classes=3, rule=None, seed=0).loss
        if "margin" in given:
            assert loss.margin == 0.5
        if "reduction" in given:
            assert loss.reduction == "sum"


def test_text_becomes_what_is_asked_for():
    assert with_options(Recipe(miner="random"), {}, {"count": "none"}).miner_options == {"count": None}
    assert with_options(Recipe(miner="random"), {}, {"count": "7"}).miner_options == {"count": 7}
    assert with_options(Recipe(), {"squared": "true"}, {"band": "0.3"}).miner_options == {"band": 0.3}
    assert with_options(Recipe(loss="opml"), {"weighting": "none"}, {}).loss_options == {"weighting": "none"}
    assert with_options(Recipe(), {"margin": "1e-1"}, {}).loss_options == {"margin": 0.1}


@pytest.mark.parametrize(
    ("recipe", "loss", "miner", "sentence"),
    [
        (
            {},
            {"mrgin": "1"},
            {},
            "loss 'triplet' has no option 'mrgin'. Its options are: margin, squared, reduction, n",
        ),
        ({}, {"margin": "wide"}, {}, "option 'margin' of the loss 'triplet' cannot be 'wide'. Give a number"),
        ({}, {"margin": "nan"}, {}, "cannot be 'nan'. Give a number"),
        ({}, {"margin": "none"}, {}, "cannot be 'none'. Give a number"),
        ({}, {"squared": "perhaps"}, {}, "cannot be 'perhaps'. Give true or false"),
        ({}, {"reduction": "max"}, {}, "cannot be 'max'. Give mean or nonzero or sum"),
        ({}, {}, {"band": "wide"}, "option 'band' of the miner 'semi_hard' cannot be 'wide'. Give a number or none"),
        ({"miner": "random"}, {}, {"count": "1.5"}, "Give a whole number or none"),
        ({"miner": "random"}, {}, {"seed": "1"}, "the miner 'random' has no option 'seed'. Its options are: count"),
        ({"miner": "hard"}, {}, {"band": "1"}, "the miner 'hard' has no option 'band'."),
        ({"loss": "center"}, {"dims": "3"}, {}, "has no option 'dims'. Its options are: rate, reduction, normalise"),
        ({"loss": "cosface"}, {"m": "3"}, {}, "there is no metric loss 'cosface'"),
    ],
)
def test_a_wrong_name_or_value_is_one_sentence(recipe, loss, miner, sentence):
    with pytest.raises(UserError) as caught:
        with_options(Recipe(**recipe), loss, miner)
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "recipe",
    [
        {"loss": "center", "loss_options": {"rate": 3.0}},
        {"loss": "angular", "loss_options": {"alpha": 95.0}},
        {"loss": "histogram", "loss_options": {"bins": 1}},
        {"miner_options": {"band": -1.0}},
        {"miner": "distance_weighted", "miner_options": {"nearest": 1.9}},
    ],
)
def test_a_value_out_of_range_is_found_before_anything_is_begun_and_costs_no_chance(recipe):
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    with pytest.raises(UserError, match=r"cannot be made: .*not"):
        check_metric(Recipe(**recipe))
    check_metric(Recipe(loss="center", loss_options={"rate": 0.5}))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_band_of_semi_hard_negatives_follows_the_margin():
    recipe = with_options(Recipe(), {"margin": "0.4"}, {})
    made = MetricLoss(recipe, dims=4, classes=2, rule=None, seed=0)
    assert made.loss.margin == made.miner.band == 0.4
    made = MetricLoss(dataclasses.replace(recipe, miner_options={"band": 0.1}), dims=4, classes=2, rule=None, seed=0)
    assert made.miner.band == 0.1


def test_what_no_plain_value_can_set_is_no_option():
    assert "margins" not in option_types(LOSSES["quadruplet"]) and "weights" not in option_types(LOSSES["ladder"])
    assert option_types(MINERS["hard"]) == {}
    with pytest.raises(UserError, match=r"the miner 'hard' has no option 'x'\.$"):
        read_options("miner 'hard'", MINERS["hard"], {"x": 1})
