"""What the herd shares: found when it is there, nothing when it is not, and never from later days."""

import numpy as np
import pytest

from explorer.change.calendar import shared
from explorer.change.panel import panel_of


def herd(seed, animals=40, visits=20):
    rng = np.random.default_rng(seed)
    day = (10 * np.arange(visits)[None] + rng.integers(0, 5, (animals, visits))).astype(float)
    panel = panel_of(np.repeat(np.arange(animals), visits), day.ravel())
    return panel, np.repeat(rng.normal(0, 5, animals), visits) + rng.normal(size=animals * visits)


@pytest.mark.parametrize("seed", range(3))
def test_a_step_of_all_animals_is_shared_and_of_one_is_not(seed):
    panel, values = herd(seed)
    stepped = values + 4.0 * (panel.day >= 120)
    found = shared(panel, stepped)
    assert np.abs(found[panel.day < 120]).max() < 0.8
    assert found[panel.day >= 170] == pytest.approx(4.0, abs=0.8)
    alone = values + 40.0 * ((panel.day >= 120) & (panel.animal == 3))
    np.testing.assert_allclose(shared(panel, alone), shared(panel, values), atol=0.25)


def test_without_anything_in_common_next_to_nothing_is_shared():
    panel, values = herd(5, animals=200)
    assert np.sqrt(np.mean(shared(panel, values) ** 2)) < 0.1


def test_nothing_comes_from_later_days_or_from_few_visits():
    panel, values = herd(6)
    early = panel.day <= 100
    np.testing.assert_array_equal(shared(panel, values)[early], shared(panel.only(early), values[early]))
    few = panel.animal < 2
    assert (shared(panel.only(few), values[few]) == 0).all()
