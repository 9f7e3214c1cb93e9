import numpy as np
import pytest
import torch
from mining_loops import batch, loose_matches, told

from explorer.learning.miners import AdaptiveMarginMiner, class_matches
from explorer.learning.miners.base import distances


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("how", ["raw", "unit", "grid"])
@pytest.mark.parametrize("weight", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.slow
def test_triplets_equal_plain_loops(seed, weight, how, dtype):
    embeddings, classes = batch(seed, how=how, dtype=dtype)
    for matches in (classes, loose_matches(20, seed)):
        squared = distances(embeddings, matches).square()
        pairs = [(a, b) for a in range(20) for b in range(20)]
        apart = np.mean([float(squared[pair]) for pair in pairs if matches.negative[pair]])
        together = np.mean([float(squared[pair]) for pair in pairs if matches.positive[pair]])
        margin, expected, kept = weight * (apart - together), [], 0
        for a, p in pairs:
            negatives = [n for n in range(20) if matches.negative[a, n]]
            if matches.positive[a, p] and negatives:
                nearest = min(negatives, key=lambda n: (squared[a, n], n))
                if squared[a, nearest] < squared[a, p] + margin:
                    expected.append((a, p, nearest))
                else:
                    kept += 1
        mined = AdaptiveMarginMiner(weight=weight)(embeddings, matches)
        assert told(mined.triplets) == expected and mined.pairs_dropped == kept


def test_the_margin_grows_as_the_classes_come_apart():
    classes = torch.arange(20) // 4
    far, matches = batch(how="unit", dims=5)[0] * 0.01 + 10 * torch.eye(5)[classes], class_matches(classes)
    assert len(AdaptiveMarginMiner(weight=0.9)(far, matches).triplets.anchors) == 0
    assert len(AdaptiveMarginMiner(weight=1.1)(far, matches).triplets.anchors) == 60


def test_a_weight_of_nothing_is_refused():
    with pytest.raises(ValueError, match="weight"):
        AdaptiveMarginMiner(weight=0.0)
