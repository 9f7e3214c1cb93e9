import numpy as np
import pytest
import torch
from loss_batches import all_pairs, close, pairs_of, plain, reduced, unit

from explorer.learning.losses.distance_regression import DistanceRegression
from explorer.learning.losses.ladder import LadderLoss
from explorer.learning.losses.selected_dimensions import SelectedDimensions

REDUCTIONS = ["mean", "nonzero", "sum"]


@pytest.fixture
def scores(seed, dtype):
    """Three labels of each of 14 rows in half points, a quarter of them missing."""
    rng = np.random.default_rng(seed + 10)
    made = rng.integers(0, 5, (14, 3)) / 2
    made[rng.random((14, 3)) < 0.25] = np.nan
    return torch.from_numpy(made).to(dtype)


def matching(y, i, j, tolerances):
    return sum(
        not np.isnan(y[i][c]) and not np.isnan(y[j][c]) and abs(y[i][c] - y[j][c]) <= tolerance
        for c, tolerance in enumerate(tolerances)
    )


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_ladder_equals_plain_loops(vectors, scores, dtype, reduction, normalise):
    x, y = unit(plain(vectors)) if normalise else plain(vectors), plain(scores)
    rungs = [(1.0, 0.9, 1.0), (0.6, 0.5, 0.3), (0.3, 0.2, 2.0)]
    thresholds, margins, weights = zip(*rungs, strict=True)
    expected = 0.0
    for threshold, margin, weight in rungs:
        losses = []
        for q in range(14):
            shares = {i: matching(y, q, i, (0.5, 0.5, 1.0)) / 3 for i in range(14) if i != q}
            relevant = [x[q] @ x[i] for i, share in shares.items() if share >= threshold]
            others = [x[q] @ x[i] for i, share in shares.items() if share < threshold]
            if relevant and others:
                losses.append(weight * max(0.0, margin - min(relevant) + max(others)))
        expected += reduced(losses, reduction)
    loss = LadderLoss((0.5, 0.5, 1.0), thresholds, margins, weights, reduction=reduction, normalise=normalise)
    assert float(loss(vectors, scores=scores).detach()) == pytest.approx(expected, **close(dtype))
    assert expected > 0


def test_a_cosine_of_zero_or_below_is_no_missing_one_to_the_ladder():
    """Masks of 0 and 1 instead of infinities would take the wrong extreme here: all relevant ones are below 0."""
    vectors = torch.tensor([[1.0, 0.0], [-0.6, 0.8], [-0.8, -0.6]], dtype=torch.float64)
    scores = torch.tensor([[0.0], [0.0], [9.0]], dtype=torch.float64)
    loss = LadderLoss([1.0], [1.0], [0.1], reduction="sum")(vectors, scores=scores)
    expected = max(0.0, 0.1 + 0.6 - 0.8) + max(0.0, 0.1 + 0.6 + 0.0)  # of rows 0 and 1; nothing is like row 2
    assert float(loss) == pytest.approx(expected)


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("how", ["labels", "pairs"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_distance_regression_equals_plain_loops(vectors, labels, scores, dtype, reduction, how, normalise):
    x, y = unit(plain(vectors)) if normalise else plain(vectors), plain(scores)
    similar, _ = all_pairs(labels.tolist())
    weights, units = (1.0, 0.5, 2.0), (0.5, 1.0, 3.0)
    expected = [
        weights[t] * (np.linalg.norm(x[i] - x[j]) - abs(y[i, t] - y[j, t]) / units[t]) ** 2
        for i, j in similar
        for t in range(3)
        if not np.isnan(y[i, t] - y[j, t])
    ]
    loss = DistanceRegression(weights, units, reduction=reduction, normalise=normalise)
    given = {"labels": labels} if how == "labels" else {"positives": pairs_of(similar)}
    assert float(loss(vectors, scores=scores, **given).detach()) == pytest.approx(
        reduced(expected, reduction), **close(dtype)
    )


def test_distances_that_are_the_differences_of_the_scores_cost_nothing():
    scores = torch.tensor([[0.0], [1.5], [4.0]], dtype=torch.float64)
    loss = DistanceRegression([1.0], [0.5])
    assert float(loss(scores / 0.5, labels=torch.zeros(3, dtype=torch.int64), scores=scores)) == pytest.approx(
        0, abs=1e-20
    )


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_selected_dimensions_equal_plain_loops(vectors, scores, dtype, reduction):
    x, y = plain(vectors), plain(scores)
    means, spreads, weights, dimensions = (1.0, 0.8, 1.1), (0.7, 0.6, 0.5), (1.0, 2.0, 0.3), (4, 0, 2)
    expected = 0.0
    for t in range(3):
        there = [row for row in range(14) if not np.isnan(y[row, t])]
        losses = [weights[t] * (x[row, dimensions[t]] - (y[row, t] - means[t]) / spreads[t]) ** 2 for row in there]
        expected += reduced(losses, reduction)
    loss = SelectedDimensions(dimensions, means, spreads, weights, reduction=reduction)
    assert float(loss(vectors, scores=scores).detach()) == pytest.approx(expected, **close(dtype))


def test_the_scale_is_learnt_from_the_rows_given_and_travels_with_the_model(scores):
    loss = SelectedDimensions.learnt([4, 0, 2], scores)
    assert np.allclose(plain(loss.means), np.nanmean(plain(scores), axis=0))
    assert np.allclose(plain(loss.spreads), np.nanstd(plain(scores), axis=0))
    other = SelectedDimensions([0, 1, 2], [0.0] * 3, [1.0] * 3)
    other.load_state_dict(loss.state_dict())
    vectors = torch.randn(5, 6, dtype=torch.float64)
    assert torch.equal(other.predict(vectors), loss.predict(vectors))


def test_dimensions_that_say_the_scores_predict_them_in_their_own_unit(scores):
    loss = SelectedDimensions.learnt([4, 0, 2], scores)
    vectors = torch.zeros(14, 6, dtype=torch.float64)
    y = scores.double()
    vectors[:, [4, 0, 2]] = (y.nan_to_num(0.0) - loss.means) / loss.spreads
    assert float(loss(vectors, scores=scores)) == pytest.approx(0, abs=1e-12)
    there = ~torch.isnan(y)
    assert torch.allclose(loss.predict(vectors)[there], y[there])


def test_a_missing_label_pulls_at_nothing(vectors, scores):
    loss = SelectedDimensions.learnt([4, 0, 2], scores)
    loss(vectors, scores=scores).backward()
    missing = torch.isnan(scores)
    assert torch.equal(vectors.grad[:, [4, 0, 2]][missing], torch.zeros_like(vectors.grad[:, [4, 0, 2]][missing]))
    assert (vectors.grad[:, [4, 0, 2]][~missing] != 0).all()
    assert torch.equal(vectors.grad[:, [1, 3, 5]], torch.zeros_like(vectors.grad[:, [1, 3, 5]]))


def test_a_column_without_spread_has_no_scale_and_says_so():
    with pytest.raises(ValueError, match="column 1 of the scores has no two different values"):
        SelectedDimensions.learnt([0, 1], torch.tensor([[1.0, 2.0], [2.0, 2.0], [3.0, torch.nan]]))
    with pytest.raises(ValueError, match="column 0"):
        SelectedDimensions.learnt([0], torch.full((3, 1), torch.nan))


def test_a_dimension_that_is_not_there_is_told():
    with pytest.raises(ValueError, match="the embeddings have 3 dimensions, none of number 5"):
        SelectedDimensions([5], [0.0], [1.0])(torch.zeros(2, 3), scores=torch.zeros(2, 1))
