import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from explorer.learning.miners.matches import Matches, MatchRule, class_matches

NAN = float("nan")


def agree(one, other, tolerance, period):
    if np.isnan(one) or np.isnan(other):
        return False
    apart = abs(one - other)
    if period is not None:
        apart = min(apart, period - apart)
    return bool(apart <= tolerance)


def looped(labels, rule):
    """positive and negative, pair by pair."""
    n = len(labels)
    positive, negative = np.zeros((n, n), bool), np.zeros((n, n), bool)
    periods = rule.periods or [None] * len(rule.tolerances)
    for i in range(n):
        for j in range(n):
            if i == j:
                continue
            three = list(zip(labels[i], labels[j], rule.tolerances, periods, strict=True))
            q = sum(agree(*label) for label in three)
            present = sum(not np.isnan(one) and not np.isnan(other) for one, other, _, _ in three)
            if rule.min_matches is not None:
                positive[i, j] = q >= rule.min_matches
                negative[i, j] = not positive[i, j]
            elif present:
                positive[i, j] = q / present >= rule.min_fraction - 1e-9
                negative[i, j] = not positive[i, j]
    return positive, negative


TABLES = arrays.arrays(
    np.float32,
    some.tuples(some.integers(1, 9), some.just(4)),
    elements=some.sampled_from([NAN, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 11.5]),
)
RULES = some.one_of(
    some.integers(1, 4).map(lambda n: {"min_matches": n}),
    some.sampled_from([0.1, 0.25, 1 / 3, 0.5, 2 / 3, 0.75, 1.0]).map(lambda f: {"min_fraction": f}),
)


@given(TABLES, RULES, some.sampled_from([torch.float32, torch.float64]))
def test_matches_equal_plain_loops(labels, how_many, dtype):
    rule = MatchRule((0.0, 0.5, 1.0, 1.0), (None, None, None, 12.0), **how_many)
    found = rule(torch.from_numpy(labels).to(dtype))
    positive, negative = looped(labels, rule)
    np.testing.assert_array_equal(found.positive.numpy(), positive)
    np.testing.assert_array_equal(found.negative.numpy(), negative)
    alone, unlike_none = ~positive.any(1), ~negative.any(1)
    assert found.anchors_dropped == (alone | unlike_none).sum()
    assert found.anchors.tolist() == np.flatnonzero(~(alone | unlike_none)).tolist()


@given(TABLES, RULES)
def test_matches_are_symmetric_and_never_of_an_observation_with_itself(labels, how_many):
    found = MatchRule((0.0, 0.5, 1.0, 2.0), **how_many)(torch.from_numpy(labels))
    for mask in (found.positive, found.negative):
        assert torch.equal(mask, mask.T) and not mask.diagonal().any()
    assert not (found.positive & found.negative).any()


def test_missing_never_agrees_and_is_a_negative_only_under_min_matches():
    labels = torch.tensor([[NAN, NAN], [NAN, NAN], [1.0, NAN], [1.0, 2.0]])
    strict = MatchRule((9.0, 9.0), min_matches=1)(labels)
    assert strict.positive.nonzero().tolist() == [[2, 3], [3, 2]]
    assert strict.negative[0].tolist() == [False, True, True, True]
    fair = MatchRule((9.0, 9.0), min_fraction=1.0)(labels)
    assert fair.positive.nonzero().tolist() == [[2, 3], [3, 2]]
    assert not fair.negative.any() and fair.anchors_dropped == 4


@pytest.mark.parametrize("present", range(1, 22))
def test_a_fraction_that_is_a_whole_number_of_labels_is_met_by_that_number(present):
    for needed in range(1, present + 1):
        labels = torch.zeros(2, present)
        labels[1, needed:] = 5.0
        rule = MatchRule((1.0,) * present, min_fraction=needed / present)
        assert rule(labels).positive[0, 1]
        if needed < present:
            more = MatchRule((1.0,) * present, min_fraction=(needed + 1) / present)
            assert more(labels).negative[0, 1]


def test_cyclic_labels_agree_the_shorter_way_round():
    hours = torch.tensor([[23.5], [0.5], [12.0]])
    assert MatchRule((1.0,), (24.0,), min_matches=1)(hours).positive[0].tolist() == [False, True, False]
    assert not MatchRule((1.0,), min_matches=1)(hours).positive.any()
    exact = MatchRule((0.0,), (24.0,), min_matches=1)(torch.tensor([[0.0], [24.0], [1.0]]))
    assert exact.positive[0].tolist() == [False, True, False]


def test_agreeing_labels_are_no_classes():
    found = MatchRule((1.0,), min_matches=1)(torch.tensor([[0.0], [1.0], [2.0]]))
    assert found.positive[0, 1] and found.positive[1, 2] and found.negative[0, 2]


def test_classes_and_unknown_ones():
    found = class_matches(torch.tensor([3, 3, -1, 0, -1]))
    assert found.positive.nonzero().tolist() == [[0, 1], [1, 0]]
    assert found.negative.nonzero().tolist() == [[0, 3], [1, 3], [3, 0], [3, 1]]
    assert found.anchors.tolist() == [0, 1] and found.anchors_dropped == 3


@given(arrays.arrays(np.int64, some.integers(0, 12), elements=some.integers(-1, 3)))
def test_classes_are_a_table_of_one_label_that_must_agree_where_it_is_present(classes):
    found = class_matches(torch.from_numpy(classes))
    labels = torch.from_numpy(np.where(classes < 0, np.nan, classes))[:, None]
    same = MatchRule((0.0,), min_fraction=1.0)(labels)
    assert torch.equal(found.positive, same.positive) and torch.equal(found.negative, same.negative)


def test_a_batch_of_one_or_none_has_no_anchor():
    for n in (0, 1):
        for found in (
            class_matches(torch.zeros(n, dtype=torch.int64)),
            MatchRule((0.0,), min_matches=1)(torch.zeros(n, 1)),
        ):
            assert isinstance(found, Matches) and len(found) == n
            assert len(found.anchors) == 0 and found.anchors_dropped == n


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tolerances": (), "min_matches": 1}, "1 to 255"),
        ({"tolerances": (-1.0,), "min_matches": 1}, "0 or more"),
        ({"tolerances": (NAN,), "min_matches": 1}, "0 or more"),
        ({"tolerances": (1.0,), "periods": (1.0, 2.0), "min_matches": 1}, "periods"),
        ({"tolerances": (1.0,), "periods": (0.0,), "min_matches": 1}, "more than 0"),
        ({"tolerances": (1.0,)}, "exactly one"),
        ({"tolerances": (1.0,), "min_matches": 1, "min_fraction": 0.5}, "exactly one"),
        ({"tolerances": (1.0,), "min_matches": 2}, "1 to 1"),
        ({"tolerances": (1.0,), "min_matches": 0}, "1 to 1"),
        ({"tolerances": (1.0,), "min_fraction": 0.0}, "above 0"),
        ({"tolerances": (1.0,), "min_fraction": 1.1}, "at most 1"),
    ],
)
def test_what_makes_no_rule_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        MatchRule(**settings)


def test_labels_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"\(n, 2\)"):
        MatchRule((0.0, 0.0), min_matches=1)(torch.zeros(3, 3))
    with pytest.raises(ValueError, match="1-d"):
        class_matches(torch.zeros(3, 3))
