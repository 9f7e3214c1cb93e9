import pytest
import torch
from scipy.stats import chisquare

from explorer.learning.miners import RandomMiner

WEIGHTS = torch.tensor([[0.0, 0.003, 0.001, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 7.0, 0.0], [2.0, 2.0, 2.0, 4.0]])


@pytest.mark.parametrize(("uniform", "expected"), [(0.0, [1, 2, 0]), (1 - 2**-24, [2, 2, 3])])
def test_columns_without_weight_are_not_drawn_even_at_the_ends(monkeypatch, uniform, expected):
    miner = RandomMiner()
    monkeypatch.setattr(miner, "_uniform", lambda count, device: torch.full((count,), uniform))
    assert miner._draw(WEIGHTS, torch.tensor([0, 2, 3])).tolist() == expected


def test_columns_are_drawn_in_proportion_to_the_weights_of_their_row():
    miner = RandomMiner(seed=4)
    for row in (0, 3):
        drawn = miner._draw(WEIGHTS, torch.full((8_000,), row)).bincount(minlength=4)
        possible = WEIGHTS[row] > 0
        assert drawn.sum() == 8_000 and (drawn[~possible] == 0).all()
        expected = WEIGHTS[row].double()[possible] / WEIGHTS[row].double().sum() * 8_000
        assert chisquare(drawn[possible].double(), expected).pvalue > 1e-3
