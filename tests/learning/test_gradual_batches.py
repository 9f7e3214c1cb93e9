from collections import Counter
from itertools import islice, pairwise

import numpy as np
import pytest

from explorer.learning.batches import AnimalBatches
from explorer.learning.gradual_batches import GradualBatches

COUNTS = [4, 9, 2, 6, 5, 4, 12, 3, 4, 7, 1]
CODES = np.repeat(np.arange(11), COUNTS)
DATES = np.concatenate([np.arange(count) // 2 for count in COUNTS]).astype(float)


def taken(steps=60, *, codes=CODES, animals=6, turnover=1 / 3, seed=0):
    batches = GradualBatches(codes, DATES, animals=animals, each=4, seed=seed, turnover=turnover)
    return [rows.reshape(-1, 4) for rows in islice(batches, steps)]


@pytest.mark.parametrize(("turnover", "exchanged"), [(1 / 3, 2), (0.5, 3), (0.01, 1)])
def test_a_share_of_the_animals_is_exchanged_and_the_others_keep_their_rows(turnover, exchanged):
    for before, after in pairwise(taken(turnover=turnover)):
        np.testing.assert_array_equal(after[:-exchanged], before[exchanged:])
        assert set(CODES[after[-exchanged:, 0]]).isdisjoint(CODES[after[:-exchanged, 0]])


def test_each_batch_holds_different_animals_with_rows_of_their_own():
    for rows in taken():
        assert (CODES[rows] == CODES[rows[:, :1]]).all()
        assert len(set(CODES[rows[:, 0]].tolist())) == 6


@pytest.mark.parametrize("animals", range(2, 8))
@pytest.mark.parametrize("turnover", [0.2, 0.4, 0.6, 0.8])
def test_no_animal_is_in_a_batch_twice_however_few_there_are(animals, turnover):
    codes = np.where(CODES < 7, CODES, -1)
    for rows in taken(100, codes=codes, animals=animals, turnover=turnover):
        assert len(rows) == animals and len(set(CODES[rows[:, 0]].tolist())) == animals


@pytest.mark.parametrize("animals", [2, 6, 9, 10])
def test_animals_enter_equally_often(animals):
    batches = taken(300, animals=animals, turnover=0.3)
    exchanged = max(1, round(0.3 * animals))
    entered = Counter(CODES[batches[0][:, 0]].tolist())
    for rows in batches[1:]:
        entered.update(CODES[rows[-exchanged:, 0]].tolist())
    assert set(entered) == set(range(10)), "an animal seen once has nothing to be like"
    assert max(entered.values()) - min(entered.values()) <= 2


def test_an_animal_that_enters_again_brings_other_rows():
    entries = [tuple(sorted(rows[-1])) for rows in taken(200, turnover=0.1) if CODES[rows[-1, 0]] == 6]
    assert len(entries) > 5 and len(set(entries)) > 3


def test_where_there_are_no_others_those_that_left_enter_again():
    codes = np.where(CODES < 3, CODES, -1)
    for rows in taken(20, codes=codes, animals=32, turnover=0.3):
        assert sorted(codes[rows[:, 0]].tolist()) == [0, 1, 2]


def test_a_turnover_of_one_is_no_different_from_batches_that_change_at_once():
    plain = AnimalBatches(CODES, DATES, animals=4, each=4, seed=3)
    np.testing.assert_array_equal(
        np.stack(taken(40, animals=4, turnover=1.0, seed=3)), np.stack(list(islice(plain, 40))).reshape(40, 4, 4)
    )


def test_the_seed_decides():
    np.testing.assert_array_equal(taken(seed=1), taken(seed=1))
    assert (np.stack(taken(seed=1)) != np.stack(taken(seed=2))).any()


@pytest.mark.parametrize("turnover", [0.0, 1.5, float("nan")])
def test_a_turnover_out_of_range_is_refused(turnover):
    with pytest.raises(ValueError, match="turnover"):
        taken(turnover=turnover)
