import dataclasses

import numpy as np
import pytest
import torch
from herds import Herd
from torch.nn import functional

from explorer.errors import UserError
from explorer.learning.encoders import REACH, EncoderConfig, build_encoder
from explorer.learning.losses import LOSSES
from explorer.learning.material import standardise
from explorer.learning.metric_loss import METRIC_LOSSES, check_metric, mines
from explorer.learning.miners import MINERS
from explorer.learning.objectives import Objective, set_scales, with_tasks
from explorer.learning.recipe import Recipe, read_recipe
from explorer.learning.targets import Targets, check_tasks, no_targets, read_targets

CODES = np.repeat(np.arange(8), 5)
ROWS = np.arange(40)
CONFIG = EncoderConfig(architecture="multilayer", input_size=4, dims=12, widths=(16,))
MATCHED = ("breed", "parity", "weight")


@pytest.fixture
def study(herd):
    return herd.open()


def inputs_of(study):
    return torch.from_numpy(study.table.numbers(study.feature_columns).astype(np.float32))


def made(study, *, codes=CODES, seed=0, **choices):
    """An encoder and the objective of a recipe with these choices, on the whole small herd."""
    recipe = Recipe(**choices)
    config = with_tasks(CONFIG, recipe)
    targets = read_targets([study], recipe, ROWS)
    torch.manual_seed(seed)
    encoder = build_encoder(config)
    standardise(encoder, inputs_of(study).numpy())
    set_scales(encoder, targets)
    return encoder, Objective(recipe, config, targets, codes, seed=seed), targets


def outcome(study, rows=ROWS, **choices):
    encoder, objective, _ = made(study, **choices)
    return objective(encoder, inputs_of(study)[rows], torch.from_numpy(rows))


def test_the_default_is_the_triplet_loss_of_animals_and_nothing_else(study):
    encoder, objective, _ = made(study)
    found = objective(encoder, inputs_of(study), torch.arange(40))
    units = encoder(inputs_of(study)).detach().double()
    apart = torch.cdist(units, units)
    losses = []
    for a in range(40):
        for p in np.flatnonzero(CODES[a] == CODES):
            farther = [float(apart[a, n]) for n in np.flatnonzero(CODES[a] != CODES) if apart[a, n] > apart[a, p]]
            if a != p and farther and min(farther) < apart[a, p] + 0.2:
                losses.append(float(apart[a, p]) - min(farther) + 0.2)
    assert list(found.parts) == ["identity"] and found.counts.triplets == len(losses)
    assert found.loss.item() == pytest.approx(np.mean(losses), abs=1e-5)
    assert found.counts.anchors == 40 and found.counts.anchors_dropped == 0


def test_the_loss_is_the_weighted_sum_of_its_parts(study):
    found = outcome(
        study, identity=0.5, tasks=MATCHED, min_matches=2, matching=3.0, regress=("bcs", "weight"), weight=0.25
    )
    assert list(found.parts) == ["identity", "matching", "regression"]
    parts = {name: float(part) for name, part in found.parts.items()}
    expected = 0.5 * parts["identity"] + 3.0 * parts["matching"] + 0.25 * parts["regression"]
    assert found.loss.item() == pytest.approx(expected, rel=1e-5)
    assert found.counts.anchors == 80, "40 of each relation"


def test_regression_is_the_masked_error_in_spreads_of_raw_dimensions(study):
    encoder, objective, targets = made(study, identity=0.0, regress=("bcs", "weight"))
    scores = targets.scores.copy()
    scores[::3, 1] = np.nan
    objective.scores.copy_(torch.from_numpy(scores))
    found = objective(encoder, inputs_of(study), torch.arange(40))
    raw = encoder.raw(inputs_of(study)).detach().double().numpy()
    expected = 0.0
    for place in range(2):
        known = np.isfinite(scores[:, place])
        wanted = (scores[known, place] - targets.means[place]) / targets.spreads[place]
        expected += np.mean((raw[known, place] - wanted) ** 2)
    assert list(found.parts) == ["regression"]
    assert float(found.parts["regression"]) == pytest.approx(expected, rel=1e-4)


def test_a_task_is_read_alike_before_and_after_the_vectors_are_brought_to_unit_length(study):
    encoder, objective, targets = made(study, regress=("bcs", "weight"))
    raw = encoder.raw(inputs_of(study)).detach()
    units = encoder(inputs_of(study)).detach()
    torch.testing.assert_close(units.norm(dim=1), torch.ones(40))
    read = encoder.task_mean + encoder.task_spread * units[:, :2]
    assert objective.regression is not None
    torch.testing.assert_close(read, objective.regression.predict(raw).float())
    torch.testing.assert_close(encoder.task_spread, REACH * torch.tensor(targets.spreads))


def test_tasks_far_out_leave_something_to_know_the_animal_by():
    encoder = build_encoder(EncoderConfig(architecture="multilayer", input_size=4, dims=6, widths=(8,), task_dims=2))
    raw = torch.tensor([[1e4, -1e4, 1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 1.0, 2.0, 3.0, 4.0]], requires_grad=True)
    units = encoder.unit(raw)
    torch.testing.assert_close(units.norm(dim=1), torch.ones(2))
    torch.testing.assert_close(units[0, :2].norm(), torch.tensor(0.95))
    torch.testing.assert_close(functional.normalize(units[0, 2:], dim=0), functional.normalize(raw[0, 2:], dim=0))
    units.sum().backward()
    assert torch.isfinite(raw.grad).all(), "also where all tasks are 0"


def test_a_final_layer_reads_all_dimensions_and_leaves_none_to_a_task(study):
    encoder, objective, _ = made(study, regress=("bcs",), final_layer=True)
    assert encoder.config.task_dims == 0 and objective.layer is not None
    assert objective.layer.weight.shape == (1, 12)
    found = objective(encoder, inputs_of(study), torch.arange(40))
    found.loss.backward()
    assert objective.layer.weight.grad.abs().sum() > 0


def test_labels_that_are_missing_throughout_a_batch_teach_nothing_and_break_nothing(study):
    for choice in ({"min_matches": 2}, {"min_fraction": 0.5}):
        encoder, objective, _ = made(study, identity=0.0, tasks=MATCHED, regress=("bcs",), **choice)
        objective.labels.fill_(torch.nan)
        objective.scores.fill_(torch.nan)
        found = objective(encoder, inputs_of(study), torch.arange(40))
        found.loss.backward()
        assert float(found.loss.detach()) == 0 and found.counts.anchors_dropped == found.counts.anchors == 40
        assert all(torch.isfinite(one.grad).all() for one in encoder.parameters() if one.grad is not None)


def test_anchors_without_anything_like_them_are_counted(study):
    found = outcome(study, identity=0.0, tasks=("breed", "parity"), min_matches=2, rows=np.array([0, 1, 5, 10]))
    # cows 0 to 2 differ in both labels: the two rows of cow 0 are alike, the others are like nothing
    assert found.counts.anchors == 4 and found.counts.anchors_dropped == 2


@pytest.mark.parametrize("loss", METRIC_LOSSES)
@pytest.mark.slow
def test_each_metric_loss_learns(herd, loss):
    """Steps lower the loss of animals or, for what learns from tasks alone, of tasks; triplets are drawn at random."""
    for place in range(4):  # features that tell animals apart, but for their noise
        herd.observations[f"p_{place}"] += (place + 1) * np.random.default_rng(place).normal(size=8)[CODES]
    study = herd.open()
    alone = {"identity": 0.0, "tasks": MATCHED, "min_matches": 2} if loss == "ladder" else {}
    encoder, objective, _ = made(study, loss=loss, miner="random", miner_options={"count": 400}, **alone)
    optimiser = torch.optim.Adam([*encoder.parameters(), *objective.parameters()], lr=3e-3)
    losses = []
    for _ in range(40):
        found = objective(encoder, inputs_of(study), torch.arange(40))
        optimiser.zero_grad()
        found.loss.backward()
        optimiser.step()
        losses.append(float(found.loss.detach()))
    floor = np.log(2) if loss == "opml" else 0.0
    assert np.mean(losses[-5:]) - floor < 0.95 * (np.mean(losses[:5]) - floor)


@pytest.mark.parametrize("loss", METRIC_LOSSES)
def test_a_metric_loss_takes_tasks_or_says_why_not(study, loss):
    recipe = Recipe(loss=loss, tasks=MATCHED, min_matches=2, identity=0.0)
    if loss in ("angular_batch", "center", "magnet", "n_pair", "triplet_center"):
        with pytest.raises(UserError, match=r"learns from classes.*choose one of: .*triplet"):
            check_metric(recipe)
        return
    found = outcome(study, loss=loss, tasks=MATCHED, min_matches=2, identity=0.0)
    found.loss.backward()
    assert list(found.parts) == ["matching"] and torch.isfinite(found.loss)


@pytest.mark.parametrize("miner", MINERS)
def test_every_miner_serves(study, miner):
    found = outcome(study, loss="angular", miner=miner, tasks=MATCHED, min_matches=2)
    assert found.counts.triplets > 0 and torch.isfinite(found.loss)
    assert [name for name in ("triplet", "contrastive") if mines(name)] == ["triplet"]


def test_the_fourth_of_a_quadruplet_is_like_none_of_the_three(study, monkeypatch):
    seen = []
    encoder, objective, _ = made(study, loss="quadruplet")
    loss = objective.metric.loss
    forward = loss.forward
    monkeypatch.setattr(
        loss, "forward", lambda units, quadruplets: seen.append(quadruplets) or forward(units, quadruplets=quadruplets)
    )
    objective(encoder, inputs_of(study), torch.arange(40))
    for a, p, n, o in zip(*(rows.tolist() for rows in seen[0]), strict=True):
        assert CODES[a] == CODES[p] and len({CODES[a], CODES[n], CODES[o]}) == 3


def test_opml_alternates_and_its_map_ends_in_the_encoder(study):
    encoder, objective, _ = made(study, loss="opml", regress=("bcs", "weight"))
    loss = objective.metric.loss
    before = loss.L.clone()
    objective.train()
    objective(encoder, inputs_of(study), torch.arange(40))
    assert (loss.L - before).abs().max() > 1e-3, "the maps move with each step that learns"
    assert (loss.L.mT @ loss.L - torch.eye(5)).abs().max() < 1e-12
    moved = loss.L.clone()
    objective.eval()
    objective(encoder, inputs_of(study), torch.arange(40))
    assert torch.equal(loss.L, moved)
    finished = objective.finished(encoder)
    assert (finished.config.dims, finished.config.task_dims) == (7, 2), "half of the 10 that say no task"
    encoder.eval()
    raw, mapped = encoder.raw(inputs_of(study)).detach(), finished.raw(inputs_of(study)).detach()
    torch.testing.assert_close(mapped[:, :2], raw[:, :2])
    torch.testing.assert_close(mapped[:, 2:], raw[:, 2:] @ loss.L.float())
    torch.testing.assert_close(finished.task_mean, encoder.task_mean)
    assert made(study)[1].finished(encoder) is encoder, "other losses leave the encoder as it is"


def test_scaling_and_tolerances_come_from_training_rows_alone(herd):
    expected = herd.observations["weight"][:10].to_numpy()
    herd.observations.loc[10:, "weight"] *= 100
    recipe = Recipe(tasks=("weight",), regress=("weight",))
    targets = read_targets([herd.open()], recipe, np.arange(10))
    assert targets.means == pytest.approx((expected.mean(),)) and targets.spreads == pytest.approx((expected.std(),))
    assert targets.units == ("kg",) and targets.rule.tolerances[0] == pytest.approx(0.25 * expected.std(), rel=1e-2)
    assert targets.rule.min_fraction == 0.5, "where nothing is said, half of the labels must agree"


def test_the_rule_of_pairs_is_that_of_batches(study):
    rng = np.random.default_rng(0)
    for choice in ({"min_matches": 2}, {"min_fraction": 0.6}):
        targets = read_targets([study], Recipe(tasks=("breed", "parity", "month", "trend"), **choice), ROWS)
        labels = torch.from_numpy(targets.labels)
        first, second = (torch.from_numpy(rng.integers(0, 40, 200)) for _ in range(2))
        other = first != second
        first, second = first[other], second[other]
        matches = targets.rule(labels)
        positive, known = targets.rule.alike(labels[first], labels[second])
        torch.testing.assert_close(positive, matches.positive[first, second])
        torch.testing.assert_close(known, (matches.positive | matches.negative)[first, second])


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ({"regress": ("wool",)}, "has no task 'wool'. Its tasks are: bcs, trend"),
        ({"tasks": ("wool",)}, "has no task 'wool'. Its tasks are: bcs, trend"),
        ({"regress": ("bcs", "bcs")}, "'bcs' is named twice"),
        ({"regress": ("breed",)}, "'breed' is nominal: its values have no order"),
        ({"regress": ("month",)}, "'month' is cyclic"),
        ({"tasks": ("bcs", "weight"), "min_matches": 3}, "3 tasks cannot agree where 2 are matched. Ask for 1 to 2"),
        ({"tasks": ("bcs",), "min_fraction": 0.0}, "above 0 and at most 1"),
        ({"tasks": ("bcs",), "min_fraction": 0.5, "min_matches": 1}, "not both"),
        ({"min_matches": 1}, "without tasks to match"),
    ],
)
def test_tasks_that_cannot_be_learnt_are_refused_at_once(study, choices, sentence):
    with pytest.raises(UserError) as caught:
        check_tasks([study], Recipe(**choices))
    assert sentence in str(caught.value)


def test_tasks_without_values_or_without_two_are_refused(herd):
    herd.observations["flat"] = 3.0
    herd.spec["variables"]["flat"] = {"column": "flat", "kind": "continuous", "role": "task"}
    herd.observations.loc[:9, "weight"] = np.nan
    study = herd.open()
    with pytest.raises(UserError, match="same value in all training observations"):
        read_targets([study], Recipe(regress=("flat",)), ROWS)
    with pytest.raises(UserError, match="no training observation has a value of 'weight'"):
        read_targets([study], Recipe(regress=("weight",)), np.arange(10))


@pytest.mark.parametrize("part", ["tasks", "regress"])
def test_studies_that_disagree_on_a_task_are_refused(herd, tmp_path, part):
    other = Herd(tmp_path / "other")
    other.spec["variables"]["weight"]["unit"] = "lb"
    with pytest.raises(UserError, match="differ in the unit of 'weight'"):
        read_targets([herd.open(), other.open()], Recipe(**{part: ("weight",)}), np.arange(80))
    del other.spec["variables"]["bcs"], other.spec["variables"]["trend"]
    with pytest.raises(UserError, match="has no task 'bcs'"):
        read_targets([herd.open(), other.open()], Recipe(**{part: ("bcs",)}), np.arange(80))


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ({"loss": "cosface"}, "no metric loss 'cosface'. Choose one of: angular"),
        ({"loss": "selected_dimensions"}, "no metric loss 'selected_dimensions'"),
        ({"miner": "lucky"}, "no miner 'lucky'. Choose one of: random"),
        ({"loss": "ladder"}, "learns from tasks that agree, not from animals"),
    ],
)
def test_losses_and_miners_that_there_are_not_are_refused(choices, sentence):
    with pytest.raises(UserError) as caught:
        check_metric(Recipe(**choices))
    assert sentence in str(caught.value)


def test_options_go_to_the_loss_and_the_miner_and_wrong_ones_are_told(study):
    _, objective, _ = made(study, loss="opml", loss_options={"size": 3, "alpha": 40.0, "weighting": "none"})
    assert objective.metric.loss.L.shape == (12, 3) and objective.metric.loss.A is None
    assert made(study)[1].metric.miner.band == 0.2
    assert made(study, miner_options={"band": None})[1].metric.miner.band is None
    for choice in (
        {"loss": "center", "loss_options": {"rate": 2.0}},
        {"loss": "angular", "loss_options": {"alpha": 95.0}},
    ):
        with pytest.raises(UserError, match=r"the loss .* cannot be made"):
            made(study, **choice)
    with pytest.raises(UserError, match="the miner 'hard' has no option 'band'"):
        made(study, miner="hard", miner_options={"band": 1.0})


def test_a_recipe_that_is_written_down_is_the_same_recipe():
    recipe = Recipe(
        steps=7, tasks=("a", "b"), min_fraction=0.5, loss_options={"alpha": 40.0}, regress=("c",), turnover=0.2
    )
    assert read_recipe(recipe.described()) == recipe
    assert read_recipe({}) == Recipe()
    with pytest.raises(ValueError, match="colour"):
        read_recipe({"colour": 1})
    with pytest.raises(ValueError, match="steps"):
        read_recipe({"steps": "many"})


def test_no_targets_stands_for_animals_alone(study):
    found, plain = read_targets([study], Recipe(), ROWS), no_targets(40)
    for field in dataclasses.fields(Targets):
        one, other = getattr(found, field.name), getattr(plain, field.name)
        assert one.shape == other.shape if field.name == "scores" else one == other
    assert set(METRIC_LOSSES) | {"selected_dimensions", "distance_regression"} == set(LOSSES)
