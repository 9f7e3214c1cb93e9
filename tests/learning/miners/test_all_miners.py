"""What every miner keeps to."""

import numpy as np
import pytest
import torch
from mining_loops import batch, loose_matches, told
from torch.utils._python_dispatch import TorchDispatchMode

from explorer.learning.miners import MINERS, MatchRule, class_matches
from explorer.learning.miners.base import distances

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


@pytest.fixture(params=sorted(MINERS))
def miner(request):
    return MINERS[request.param]()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("how", ["raw", "unit", "grid"])
@pytest.mark.parametrize("seed", [0, 1])
def test_positives_match_negatives_do_not_and_all_is_counted(miner, seed, how, dtype):
    rng = np.random.default_rng(seed)
    embeddings, _ = batch(seed, classes=6, how=how, dtype=dtype)
    labels = torch.from_numpy(np.where(rng.random((24, 5)) < 0.25, np.nan, rng.integers(0, 3, (24, 5))))
    rule = MatchRule((0.0, 1.0, 0.0, 0.0, 1.0), min_matches=3)
    count, matches = rule.count(labels), rule(labels)
    mined = miner(embeddings, matches)
    a, p, n = mined.triplets
    assert len(a) > 0 and all(rows.dtype == torch.int64 and rows.ndim == 1 for rows in mined.triplets)
    assert (count[a, p] >= 3).all() and (count[a, n] < 3).all()
    assert (a != p).all() and (a != n).all()
    assert mined.anchors_dropped == matches.anchors_dropped
    assert set(a.tolist()) <= set(matches.anchors.tolist())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_pairs_of_which_nothing_is_known_are_in_no_triplet(miner, seed):
    embeddings, _ = batch(seed)
    matches = loose_matches(20, seed)
    a, p, n = miner(embeddings, matches).triplets
    assert len(a) > 0 and matches.positive[a, p].all() and matches.negative[a, n].all()


@pytest.mark.parametrize(
    "classes",
    [[], [0], [0, 1, 2, 3], [0, 0, 0, 0], [-1, -1, -1], [0, 0, -1, -1]],
    ids=["empty", "one", "no positive", "no negative", "unknown", "no known negative"],
)
def test_a_batch_without_triplets_gives_none_and_drops_all(miner, classes):
    embeddings = torch.randn(len(classes), 4, generator=torch.Generator().manual_seed(0))
    mined = miner(embeddings, class_matches(torch.tensor(classes, dtype=torch.int64)))
    assert [rows.shape for rows in mined.triplets] == [(0,)] * 3
    assert all(rows.dtype == torch.int64 for rows in mined.triplets)
    assert mined.anchors_dropped == len(classes) and mined.pairs_dropped == 0


def test_anchors_without_a_partner_are_dropped_and_the_others_are_not(miner):
    embeddings = torch.randn(6, 4, generator=torch.Generator().manual_seed(1))
    mined = miner(embeddings, class_matches(torch.tensor([0, 0, 1, 2, -1, 2])))
    assert mined.anchors_dropped == 2
    assert set(mined.triplets.anchors.tolist()) <= {0, 1, 3, 5}


def test_coincident_embeddings_are_no_trouble(miner):
    vectors = torch.randn(3, 8, generator=torch.Generator().manual_seed(0)).repeat(4, 1)
    classes = torch.arange(12) // 6
    mined = miner(vectors, class_matches(classes))
    a, p, n = mined.triplets
    assert (classes[a] == classes[p]).all() and (classes[a] != classes[n]).all()
    same = miner(torch.zeros(12, 8), class_matches(classes)).triplets
    assert (classes[same.anchors] != classes[same.negatives]).all()


class Largest(TorchDispatchMode):
    """Remembers how many numbers the largest tensor held that was made."""

    numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        made = [one for one in (out if isinstance(out, tuple | list) else [out]) if isinstance(one, torch.Tensor)]
        self.numbers = max([self.numbers, *(one.numel() for one in made)])
        return out


@pytest.mark.parametrize("labels", [1, 9])
@pytest.mark.slow
def test_memory_grows_with_the_pairs_not_with_the_triplets(miner, labels):
    generator = torch.Generator().manual_seed(0)
    table = torch.randint(0, 3, (200, labels), generator=generator).float()
    vectors = torch.randn(200, 8, generator=generator)
    with Largest() as largest:
        mined = miner(vectors, MatchRule((0.0,) * labels, min_matches=(labels + 1) // 2)(table))
    assert len(mined.triplets.anchors) > 0
    assert 200 * 200 <= largest.numbers <= 3 * 200 * 200


def test_no_gradient_passes_and_the_embeddings_stay_as_they_were(miner):
    embeddings, matches = batch()
    before = embeddings.clone()
    mined = miner(embeddings.requires_grad_(), matches)
    assert torch.equal(embeddings, before) and not any(rows.requires_grad for rows in mined.triplets)


def test_the_same_seed_gives_the_same_triplets_and_a_saved_state_goes_on(miner):
    embeddings, matches = batch(how="unit", dims=3)
    miner(embeddings, matches)
    state = {name: value.clone() for name, value in miner.state_dict().items()}
    expected = [told(miner(embeddings, matches).triplets) for _ in range(3)]
    again = type(miner)()
    again.load_state_dict(state)
    assert [told(again(embeddings, matches).triplets) for _ in range(3)] == expected
    if state:
        assert expected[0] != expected[1]
        other = type(miner)(seed=1)
        assert told(other(embeddings, matches).triplets) != told(type(miner)()(embeddings, matches).triplets)
    else:
        with pytest.raises(ValueError, match="no state"):
            miner.load_state_dict({"generator": 1})


def test_embeddings_that_do_not_fit_are_refused(miner):
    embeddings, matches = batch()
    with pytest.raises(ValueError, match=r"\(20, d\)"):
        miner(embeddings[:3], matches)
    with pytest.raises(ValueError, match=r"\(20, d\)"):
        miner(embeddings[:, 0], matches)
    embeddings[3, 2] = torch.nan
    with pytest.raises(ValueError, match="finite"):
        miner(embeddings, matches)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_distances_equal_exact_ones(offset, dtype):
    rng = np.random.default_rng(0)
    vectors = torch.from_numpy(rng.normal(size=(70, 9)) + offset).to(dtype)
    found = distances(vectors, loose_matches(70))
    exact = (vectors.double()[:, None] - vectors.double()).square().sum(dim=2).sqrt()
    torch.testing.assert_close(found, exact.float(), atol=1e-5, rtol=1e-5)
    twice = distances(vectors.repeat(2, 1), loose_matches(140))
    assert (twice.diagonal() == 0).all() and (twice.diagonal(70) == 0).all()


@pytest.mark.parametrize("dims", [2, 16, 128, 512])
def test_equal_rows_are_at_no_distance_wherever_they_stand(dims):
    once = torch.randn(150, dims, generator=torch.Generator().manual_seed(dims))
    found = distances(once.repeat(2, 1), loose_matches(300))
    assert (found.diagonal(150) == 0).all() and (found[:150, :150] + torch.eye(150) > 0).all()
