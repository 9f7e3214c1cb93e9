import json
from collections import Counter
from itertools import islice

import numpy as np
import pytest

from explorer.learning.batches import AnimalBatches
from explorer.learning.gradual_batches import GradualBatches

CODES = np.repeat(np.arange(6), [40, 12, 5, 3, 2, 1])
DATES = np.concatenate([np.arange(count) // 2 for count in (40, 12, 5, 3, 2, 1)]).astype(float)


def batches(seed=0, animals=3, codes=CODES, each=4):
    return AnimalBatches(codes, DATES, animals=animals, each=each, seed=seed)


def test_each_batch_holds_several_observations_of_several_animals():
    for rows in islice(batches(), 50):
        counts = Counter(CODES[rows].tolist())
        assert len(counts) == 3 and set(counts.values()) == {4}


def test_animals_come_equally_often_whatever_their_number_of_observations():
    seen = Counter(name for rows in islice(batches(), 100) for name in CODES[rows][::4].tolist())
    assert set(seen) == {0, 1, 2, 3, 4}, "an animal seen once has nothing to be like"
    assert max(seen.values()) - min(seen.values()) <= 1


def test_dates_come_before_repetitions():
    for rows in islice(batches(), 50):
        for group in rows.reshape(3, 4):
            name = CODES[group[0]]
            dates = len(np.unique(DATES[name == CODES]))
            assert len(np.unique(DATES[group])) == min(4, dates)
            assert len(np.unique(group)) == min(4, (name == CODES).sum())


def test_the_seed_decides():
    def taken(seed):
        return np.stack(list(islice(batches(seed), 20)))

    np.testing.assert_array_equal(taken(1), taken(1))
    assert (taken(1) != taken(2)).any()


def test_rows_of_no_animal_are_never_drawn_and_few_animals_make_smaller_batches():
    codes = np.where(CODES == 0, -1, CODES)
    for rows in islice(batches(animals=32, codes=codes), 20):
        assert len(rows) == 16 and (codes[rows] > 0).all()


def test_what_makes_no_batch_is_refused():
    with pytest.raises(ValueError, match="at least 4"):
        batches(each=3)
    with pytest.raises(ValueError, match="two animals"):
        batches(codes=np.where(CODES < 5, -1, CODES))


@pytest.mark.parametrize("kind", [AnimalBatches, GradualBatches])
def test_batches_go_on_from_where_others_stood(kind):
    first = kind(CODES, DATES, animals=3, each=4, seed=1)
    list(islice(first, 7))
    state = json.loads(json.dumps(first.state_dict()))
    expected = np.stack(list(islice(first, 20)))
    second = kind(CODES, DATES, animals=3, each=4, seed=2)
    list(islice(second, 3))
    second.load_state_dict(state)
    np.testing.assert_array_equal(np.stack(list(islice(second, 20))), expected)
