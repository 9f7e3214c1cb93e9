import numpy as np
import pytest
import torch
from loss_batches import all_pairs, close, pairs_of, plain, reduced, unit
from pytorch_metric_learning import losses as peers
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.reducers import MeanReducer

from explorer.learning.losses.contrastive import ContrastiveLoss
from explorer.learning.losses.histogram import HistogramLoss
from explorer.learning.losses.lifted_structure import LiftedStructureLoss

REDUCTIONS = ["mean", "nonzero", "sum"]


def every_other(labels):
    """Part of the similar and of the dissimilar pairs, such as no labels could say."""
    similar, others = all_pairs(labels)
    return similar[::2], others[::3]


def given(how, labels):
    """The pairs as lists, and as a loss is given them."""
    if how == "labels":
        return *all_pairs(labels.tolist()), {"labels": labels}
    similar, others = every_other(labels.tolist())
    return similar, others, {"positives": pairs_of(similar), "negatives": pairs_of(others)}


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("how", ["labels", "pairs"])
def test_contrastive_equals_plain_loops(vectors, labels, dtype, how, reduction, squared, normalise):
    similar, others, arguments = given(how, labels)
    x = unit(plain(vectors)) if normalise else plain(vectors)
    power = 2 if squared else 1
    pull = [np.linalg.norm(x[i] - x[j]) ** power for i, j in similar]
    push = [max(0.0, 1.2 - np.linalg.norm(x[i] - x[j])) ** power for i, j in others]
    loss = ContrastiveLoss(1.2, squared=squared, reduction=reduction, normalise=normalise)
    assert float(loss(vectors, **arguments).detach()) == pytest.approx(
        reduced(pull, reduction) + reduced(push, reduction), **close(dtype)
    )


def test_contrastive_unsquared_is_the_peer(vectors, labels, dtype):
    found = ContrastiveLoss(1.0, squared=False, reduction="nonzero")(vectors, labels=labels)
    assert float(found.detach()) == pytest.approx(
        float(peers.ContrastiveLoss()(vectors, labels).detach()), **close(dtype)
    )


def lifted(x, similar, others, margin):
    losses = []
    for i, j in similar:
        total = 0.0
        for end in (i, j):
            for pair in others:
                if end in pair:
                    k = pair[0] if pair[1] == end else pair[1]
                    total += np.exp(margin - np.linalg.norm(x[end] - x[k]))
        value = np.log(total) + np.linalg.norm(x[i] - x[j]) if total else -np.inf
        losses.append(max(0.0, value) ** 2 / 2)
    return losses


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("how", ["labels", "pairs"])
def test_lifted_structure_equals_plain_loops(vectors, labels, dtype, how, reduction, normalise):
    similar, others, arguments = given(how, labels)
    x = unit(plain(vectors)) if normalise else plain(vectors)
    loss = LiftedStructureLoss(1.1, reduction=reduction, normalise=normalise)
    expected = reduced(lifted(x, similar, others, 1.1), reduction)
    assert float(loss(vectors, **arguments).detach()) == pytest.approx(expected, **close(dtype))


@pytest.mark.parametrize("normalise", [True, False])
def test_lifted_structure_is_the_peer(vectors, labels, dtype, normalise):
    peer = peers.LiftedStructureLoss(distance=LpDistance(normalize_embeddings=normalise), reducer=MeanReducer())
    found = LiftedStructureLoss(normalise=normalise)(vectors, labels=labels)
    expected = peer(vectors.detach(), labels)
    assert float(found.detach()) == pytest.approx(float(expected), **close(dtype))


def test_a_similar_pair_without_any_dissimilar_row_has_no_lifted_loss():
    vectors = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    loss = LiftedStructureLoss(reduction="sum")(vectors, positives=pairs_of([(0, 1)]), negatives=pairs_of([(2, 3)]))
    loss.backward()
    assert float(loss.detach()) == 0 and torch.equal(vectors.grad, torch.zeros_like(vectors))


def histogram(cosines, bins):
    step = 2 / (bins - 1)
    return [
        np.mean([max(0.0, 1 - abs(cosine - (-1 + node * step)) / step) for cosine in cosines]) for node in range(bins)
    ]


@pytest.mark.parametrize("bins", [2, 11, 101])
@pytest.mark.parametrize("how", ["labels", "pairs"])
def test_histogram_equals_plain_loops(vectors, labels, dtype, how, bins):
    similar, others, arguments = given(how, labels)
    x = unit(plain(vectors))
    alike, unlike = ([np.clip(x[i] @ x[j], -1, 1) for i, j in pairs] for pairs in (similar, others))
    below = np.cumsum(histogram(alike, bins))
    expected = sum(share * below[node] for node, share in enumerate(histogram(unlike, bins)))
    assert float(HistogramLoss(bins)(vectors, **arguments).detach()) == pytest.approx(expected, **close(dtype))


@pytest.mark.filterwarnings("ignore:Using a non-tuple sequence")
def test_histogram_is_the_peer(vectors, labels, dtype):
    expected = peers.HistogramLoss(n_bins=100)(vectors.detach(), labels)  # that counts in float32 whatever the dtype
    found = HistogramLoss(101)(vectors, labels=labels)
    assert float(found.detach()) == pytest.approx(float(expected), abs=2e-4 if dtype == torch.float32 else 2e-6)


def test_histogram_of_equal_vectors_is_not_the_index_error_of_the_peer():
    vectors, labels = torch.eye(3).repeat_interleave(2, dim=0), torch.tensor([0, 0, 1, 1, 2, 2])
    assert float(HistogramLoss()(vectors, labels=labels)) == 0  # no dissimilar pair is as similar as a similar one
    assert float(HistogramLoss()(torch.ones(6, 3), labels=labels)) == pytest.approx(1)


def test_cosines_that_round_beyond_one_have_a_place_in_the_histogram():
    vectors = torch.nn.functional.normalize(torch.randn(200, 7, generator=torch.Generator().manual_seed(0)), dim=1)
    both = torch.cat([vectors, -vectors, vectors])
    cosines = torch.nn.functional.normalize(both, dim=1) @ torch.nn.functional.normalize(both, dim=1).T
    assert float(cosines.min()) < -1 and float(cosines.max()) > 1
    assert 0 < float(HistogramLoss()(both, labels=torch.arange(600) % 2)) < 1


@pytest.mark.parametrize("kind", [ContrastiveLoss, LiftedStructureLoss])
def test_small_distances_between_many_long_vectors_keep_their_digits(kind):
    """Above 25 rows PyTorch takes distances by products unless told otherwise."""
    exact = 1000 + torch.from_numpy(np.random.default_rng(0).normal(size=(30, 4))).mul(4).round() / 4
    loss, labels = kind(normalise=False), torch.arange(30) // 3
    assert float(loss(exact.float(), labels=labels)) == pytest.approx(float(loss(exact, labels=labels)), rel=1e-5)
