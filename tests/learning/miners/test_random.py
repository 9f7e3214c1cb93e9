from collections import Counter

import pytest
import torch
from mining_loops import loose_matches, told
from scipy.stats import chisquare

from explorer.learning.miners import RandomMiner, class_matches

VECTORS = torch.zeros(6, 2)


def test_anchors_positives_and_negatives_are_drawn_uniformly():
    matches = class_matches(torch.tensor([0, 0, 0, 1, 1, 2]))
    drawn = told(RandomMiner(count=30_000)(VECTORS, matches).triplets)
    anchors = Counter(a for a, _, _ in drawn)
    assert set(anchors) == {0, 1, 2, 3, 4} and chisquare(list(anchors.values())).pvalue > 1e-3
    pairs = Counter((p, n) for a, p, n in drawn if a == 0)
    assert set(pairs) == {(p, n) for p in (1, 2) for n in (3, 4, 5)} and chisquare(list(pairs.values())).pvalue > 1e-3


def test_every_triplet_can_come_and_no_other():
    matches = loose_matches(9, 4)
    possible = {
        (a, p, n)
        for a in range(9)
        for p in range(9)
        for n in range(9)
        if matches.positive[a, p] & matches.negative[a, n]
    }
    drawn = told(RandomMiner(count=60 * len(possible))(torch.zeros(9, 2), matches).triplets)
    assert set(drawn) == possible


def test_there_are_as_many_as_asked_for_or_as_the_batch_has_observations():
    matches = class_matches(torch.tensor([0, 0, 1, 1, 2, 3]))
    assert len(RandomMiner()(VECTORS, matches).triplets.anchors) == 6
    assert len(RandomMiner(count=50)(VECTORS, matches).triplets.anchors) == 50
    with pytest.raises(ValueError, match="count"):
        RandomMiner(count=0)
