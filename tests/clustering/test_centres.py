"""k-means, and the order of clusters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from explorer.clustering.centres import kmeans
from explorer.clustering.labels import by_size


@given(arrays(np.int64, st.integers(0, 40), elements=st.integers(-1, 6)))
def test_numbers_go_by_size_and_groups_stay(labels):
    found = by_size(labels)
    assert (found[labels < 0] == -1).all()
    assert (found[labels >= 0] >= 0).all()
    sizes = np.bincount(found[found >= 0])
    assert (np.diff(sizes) <= 0).all()
    for one in set(labels[labels >= 0].tolist()):
        assert len(set(found[labels == one].tolist())) == 1
    assert len(set(found.tolist())) == len(set(labels.tolist()))


@pytest.mark.parametrize("seed", range(3))
def test_groups_far_apart_are_found_whatever_the_seed(seed):
    rng = np.random.default_rng(seed)
    truth = np.repeat([0, 1, 2], [50, 30, 20])
    vectors = (truth[:, None] * 10 + rng.normal(size=(100, 4))).astype(np.float32)
    assert (kmeans(vectors, 3, seed=seed) == truth).all()
    assert (kmeans(vectors, 3, seed=seed) == kmeans(vectors, 3, seed=seed)).all()


def test_what_cannot_be_done_is_refused():
    with pytest.raises(ValueError, match="from 2 to 5"):
        kmeans(np.zeros((5, 2), dtype=np.float32), 6)
