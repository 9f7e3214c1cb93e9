import pytest

from explorer.errors import UserError
from explorer.learning.splits import split_animals

NAMES = [f"cow-{number}" for number in range(100)]


def test_the_groups_are_disjoint_complete_and_of_the_asked_size():
    split = split_animals(NAMES, seed=0)
    groups = [set(split.train), set(split.validation), set(split.test)]
    assert [len(group) for group in groups] == [70, 15, 15]
    assert set.union(*groups) == set(NAMES)


def test_names_and_seed_decide_not_their_order():
    assert split_animals(NAMES[::-1] + NAMES[:3], seed=4) == split_animals(NAMES, seed=4)
    assert split_animals(NAMES, seed=5) != split_animals(NAMES, seed=4)


@pytest.mark.parametrize("count", [6, 7, 9, 13, 31])
def test_every_group_asked_for_has_two_animals(count):
    split = split_animals(NAMES[:count], seed=1)
    assert len(split.train) + len(split.validation) + len(split.test) == count
    assert min(len(split.train), len(split.validation), len(split.test)) >= 2


def test_a_group_can_be_left_out():
    assert split_animals(NAMES, seed=0, shares=(0.8, 0.2, 0.0)).test == ()


def test_too_few_animals_and_wrong_shares_are_refused():
    with pytest.raises(UserError, match="too few"):
        split_animals(NAMES[:5], seed=0)
    with pytest.raises(ValueError, match="sum to 1"):
        split_animals(NAMES, seed=0, shares=(0.5, 0.1, 0.1))
