"""Figure 9 of S2 as it is drawn."""

import numpy as np
import pytest

from explorer.recognition.pairs import NotCompared
from explorer.recognition.separation import MOST, separation
from explorer.ui.palette import palette
from explorer.ui.threshold.charts import pairs_chart


@pytest.mark.parametrize(("strata", "digits"), [(2, 3), (MOST, 2), (MOST + 3, 2)])
def test_every_pair_of_strata_has_its_two_distances_in_its_cell(strata, digits):
    rng = np.random.default_rng(strata)
    animals = np.tile(np.arange(10), 6 * strata)
    n = len(animals)
    vectors = rng.normal(size=(10, 4))[animals] + 0.1 * rng.normal(size=(n, 4))
    rule = NotCompared(animals, np.arange(n).astype(float))
    found = separation(vectors, np.arange(n), rule, np.arange(n) % strata, tuple(f"s = {one}" for one in range(strata)))
    (heat,) = pairs_chart(found, palette()).data
    k = min(strata, MOST) + 1
    assert np.shape(heat.text) == (k, k)
    for cells, owns, others in zip(heat.text, found.farthest_own, found.nearest_other, strict=True):
        for cell, own, other in zip(cells, owns, others, strict=True):
            assert cell == "<br>".join("-" if np.isnan(one) else f"{one:.{digits}g}" for one in (own, other))
    assert np.isfinite(found.nearest_other).all()
