from collections import Counter

import numpy as np
import pytest
import torch
from mining_loops import batch, loose_matches, told
from pytorch_metric_learning.miners import DistanceWeightedMiner as Peer
from scipy.stats import chisquare

from explorer.learning.miners import DistanceWeightedMiner, class_matches


def looped(embeddings, matches, nearest, furthest):
    """1 / q(d) of each negative, pair by pair in float64."""
    unit = embeddings.double() / embeddings.double().norm(dim=1, keepdim=True)
    dims, n = embeddings.shape[1], len(embeddings)
    weights = np.zeros((n, n))
    for a in range(n):
        for x in range(n):
            d = float((unit[a] - unit[x]).norm())
            if matches.negative[a, x] and d < furthest:
                d = max(d, nearest)
                weights[a, x] = 1 / (d ** (dims - 2) * (1 - d**2 / 4) ** ((dims - 3) / 2))
    return weights


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("how", ["raw", "unit"])
@pytest.mark.parametrize(("nearest", "furthest", "dims"), [(0.5, 1.4, 6), (0.9, 2.0, 3), (0.2, 1.0, 2)])
def test_weights_are_in_proportion_to_plain_loops(nearest, furthest, dims, how, dtype):
    embeddings, _ = batch(how=how, dims=dims, dtype=dtype)
    matches = loose_matches(20)
    miner = DistanceWeightedMiner(nearest=nearest, furthest=furthest)
    expected = looped(embeddings, matches, nearest, furthest)
    highest = expected.max(axis=1, keepdims=True)
    expected = np.divide(expected, highest, out=np.zeros_like(expected), where=highest > 0)
    np.testing.assert_allclose(miner.weights(embeddings, matches).numpy(), expected, rtol=2e-3, atol=1e-7)


def test_negatives_are_drawn_by_their_weights():
    embeddings, matches = batch(2, classes=3, each=4, dims=4, how="unit")
    miner = DistanceWeightedMiner()
    weights = miner.weights(embeddings, matches)[0].double()
    drawn = Counter()
    for _ in range(1_000):
        a, _, n = miner(embeddings, matches).triplets
        drawn.update(n[a == 0].tolist())
    possible = weights.nonzero().squeeze(1).tolist()
    assert set(drawn) <= set(possible) and len(possible) > 2
    expected = weights[possible] / weights.sum() * sum(drawn.values())
    assert chisquare([drawn[n] for n in possible], expected.numpy()).pvalue > 1e-3


def test_every_positive_pair_gets_one_negative_unless_all_are_too_far():
    embeddings = torch.tensor([[1.0, 0.1], [1.0, 0.0], [-1.0, 0.0], [0.8, 0.6], [-1.0, 0.1]])
    matches = class_matches(torch.tensor([0, 0, 1, 2, 1]))
    mined = DistanceWeightedMiner()(embeddings, matches)
    assert told(mined.triplets) == [(0, 1, 3), (1, 0, 3)]
    assert mined.pairs_dropped == 2 and mined.anchors_dropped == 1


def test_only_what_the_peer_can_draw_is_drawn():
    embeddings, _ = batch(1, classes=4, each=5, dims=5, how="raw")
    classes = torch.arange(20) // 5
    ours, theirs = DistanceWeightedMiner(), Peer()
    mine = {(a, n) for _ in range(200) for a, _, n in told(ours(embeddings, class_matches(classes)).triplets)}
    torch.manual_seed(0)
    peers = {(a, n) for _ in range(200) for a, _, n in told(theirs(embeddings, classes))}
    assert len(peers) > 40 and len(mine ^ peers) <= 0.05 * len(peers)


def test_weights_of_many_dimensions_do_not_overflow():
    embeddings, matches = batch(dims=512, how="unit")
    weights = DistanceWeightedMiner(furthest=2.0).weights(embeddings, matches)
    assert weights.isfinite().all() and torch.equal(weights.amax(1), torch.ones(20))


@pytest.mark.parametrize(("nearest", "furthest"), [(0.0, 1.4), (1.4, 1.4), (0.5, 2.1)])
def test_cut_offs_out_of_order_are_refused(nearest, furthest):
    with pytest.raises(ValueError, match="nearest"):
        DistanceWeightedMiner(nearest=nearest, furthest=furthest)


def test_a_line_has_no_sphere():
    with pytest.raises(ValueError, match="two dimensions"):
        DistanceWeightedMiner()(torch.zeros(20, 1), loose_matches(20))
