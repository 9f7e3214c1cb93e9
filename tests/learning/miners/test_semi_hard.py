import numpy as np
import pytest
import torch
from mining_loops import batch, loose_matches, semi_hard, told
from pytorch_metric_learning.miners import TripletMarginMiner

from explorer.learning.miners import SemiHardMiner, class_matches
from explorer.learning.miners import semi_hard as module
from explorer.learning.miners.base import distances


def found_of(mined):
    return {(a, p): n for a, p, n in told(mined.triplets)}


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("how", ["raw", "unit", "grid"])
@pytest.mark.parametrize("band", [None, 0.3, 2.0])
@pytest.mark.parametrize("loose", [False, True])
@pytest.mark.parametrize("at_once", [1, 50, 2**17])
@pytest.mark.slow
def test_triplets_equal_plain_loops(monkeypatch, loose, band, how, dtype, at_once):
    monkeypatch.setattr(module, "_PAIRS_AT_ONCE", at_once)
    for seed in range(3):
        embeddings, matches = batch(seed, how=how, dtype=dtype)
        matches = loose_matches(20, seed) if loose else matches
        mined = SemiHardMiner(band=band)(embeddings, matches)
        expected, without = semi_hard(embeddings, matches, band)
        assert found_of(mined) == expected and len(mined.triplets.anchors) == len(expected)
        assert mined.pairs_dropped == without


def test_triplets_come_by_anchor_and_then_from_the_nearest_positive():
    embeddings, matches = batch(each=5)
    a, p, _ = SemiHardMiner()(embeddings, matches).triplets
    apart = distances(embeddings, matches)[a, p]
    assert (a.diff() >= 0).all()
    assert (apart.diff()[a.diff() == 0] >= 0).all()


@pytest.mark.parametrize("margin", [None, 0.15])
@pytest.mark.parametrize("seed", range(4))
def test_the_nearest_of_the_negatives_that_pytorch_metric_learning_gives(seed, margin):
    embeddings, _ = batch(seed, classes=6, each=7, dims=9, how="unit", dtype=torch.float64)
    classes = torch.from_numpy(np.random.default_rng(seed).integers(0, 6, 42))
    a, p, n = TripletMarginMiner(margin=margin or 9.0, type_of_triplets="semihard")(embeddings, classes)
    apart = torch.cdist(embeddings, embeddings)[a, n]
    expected = {}
    for place in torch.argsort(apart, descending=True).tolist():
        expected[int(a[place]), int(p[place])] = int(n[place])
    assert found_of(SemiHardMiner(band=margin)(embeddings, class_matches(classes))) == expected
    assert len(expected) > 20


def test_a_negative_as_far_as_the_positive_is_not_farther_and_of_equals_the_first_is_taken():
    line = torch.tensor([[0.0], [1.0], [-1.0], [2.0], [-2.0], [3.0]])
    matches = class_matches(torch.tensor([0, 0, 1, 1, 1, 1]))
    assert found_of(SemiHardMiner()(line, matches))[0, 1] == 3  # not 2, at 1 like the positive; 4 is as far as 3


def test_the_band_ends_before_its_width():
    line, matches = torch.tensor([[0.0], [1.0], [3.0]]), class_matches(torch.tensor([0, 0, 1]))
    assert found_of(SemiHardMiner(band=2.5)(line, matches)) == {(0, 1): 2, (1, 0): 2}
    mined = SemiHardMiner(band=2.0)(line, matches)
    assert found_of(mined) == {(1, 0): 2} and mined.pairs_dropped == 1


def test_pairs_without_a_farther_negative_are_counted():
    line = torch.tensor([[0.0], [9.0], [1.0]])
    mined = SemiHardMiner()(line, class_matches(torch.tensor([0, 0, 1])))
    assert told(mined.triplets) == [] and mined.pairs_dropped == 2 and mined.anchors_dropped == 1


def test_embeddings_that_all_coincide_have_no_farther_negative():
    mined = SemiHardMiner()(torch.full((40, 8), 0.3), class_matches(torch.arange(40) // 4))
    assert len(mined.triplets.anchors) == 0 and mined.pairs_dropped == 120


def test_a_larger_batch_is_no_different_from_row_minima():
    embeddings, matches = batch(3, classes=60, each=5, dims=16, how="unit")
    apart = distances(embeddings, matches)
    a, p = matches.positive.nonzero().unbind(1)
    farther = matches.negative[a] & (apart[a] > apart[a, p][:, None])
    nearest = apart[a].where(farther, torch.inf).argmin(1)
    some = farther.any(1)
    expected = {(i, j): k for i, j, k in told((a[some], p[some], nearest[some]))}
    assert found_of(SemiHardMiner()(embeddings, matches)) == expected


@pytest.mark.parametrize("band", [0.0, -1.0, float("nan")])
def test_a_band_without_width_is_refused(band):
    with pytest.raises(ValueError, match="band"):
        SemiHardMiner(band=band)
