import numpy as np
import pytest
import torch
from mining_loops import batch, loose_matches, told
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.miners import BatchHardMiner

from explorer.learning.miners import HardMiner, class_matches
from explorer.learning.miners.base import distances


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("how", ["raw", "unit", "grid"])
@pytest.mark.parametrize("seed", range(3))
def test_triplets_equal_plain_loops(seed, how, dtype):
    embeddings, _ = batch(seed, how=how, dtype=dtype)
    matches = loose_matches(20, seed)
    apart = distances(embeddings, matches)
    expected = []
    for a in range(20):
        positives = [p for p in range(20) if matches.positive[a, p]]
        negatives = [n for n in range(20) if matches.negative[a, n]]
        if positives and negatives:
            farthest = max(positives, key=lambda p: (apart[a, p], -p))
            expected.append((a, farthest, min(negatives, key=lambda n: (apart[a, n], n))))
    assert told(HardMiner()(embeddings, matches).triplets) == expected


@pytest.mark.parametrize("how", ["raw", "unit"])
@pytest.mark.parametrize("seed", range(4))
def test_triplets_equal_those_of_pytorch_metric_learning(seed, how):
    embeddings, _ = batch(seed, classes=8, each=5, how=how, dtype=torch.float64)
    classes = torch.from_numpy(np.random.default_rng(seed).integers(0, 12, 40))
    theirs = BatchHardMiner(distance=LpDistance(normalize_embeddings=False))(embeddings, classes)
    assert told(HardMiner()(embeddings, class_matches(classes)).triplets) == told(theirs)
