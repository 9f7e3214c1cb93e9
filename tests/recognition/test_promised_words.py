"""What is said of a promise and of a verdict is what was asked and what was seen."""

import pytest

from explorer.recognition.arms import CONDITIONED, SHUFFLED
from explorer.recognition.comparing import Delta
from explorer.recognition.promise import jointly, percent, settle
from explorer.recognition.verdict import verdict


@pytest.mark.parametrize(
    ("share", "said"), [(0.004, "0.4%"), (0.01, "1%"), (0.025, "2.5%"), (0.07, "7%"), (0.1, "10%"), (0.999, "99.9%")]
)
def test_a_share_is_told_as_it_was_asked_for(share, said):
    assert percent(share) == said
    assert settle(share, 0.0, 0.1, 100_000).sentence.startswith(f"at most {said} of searches")


def test_a_promise_given_up_names_the_share_that_was_asked_for():
    found = settle(0.025, 0.9, 0.1, 30)
    assert found.fpir == 0.1
    assert found.remarks[0].startswith("30 animals to calibrate with are too few to promise 2.5% with 90% confidence")


@pytest.mark.parametrize(
    ("strata", "confidence", "said"),
    [
        (1, 0.9, ""),
        (4, 0.0, ""),
        (2, 0.9, "all 2 hold at once has 80% confidence or more"),
        (10, 0.9, "is not promised"),
    ],
)
def test_several_promises_at_once_are_less_sure(strata, confidence, said):
    told = jointly(strata, confidence)
    assert said in told and bool(told) == bool(said)


def deltas(high):
    """All arms as good as one threshold for all, with intervals that reach to ``high``."""
    return {name: Delta(0.5, 0.0, -0.01, high, False) for name in (*CONDITIONED, SHUFFLED)}


def test_no_gain_seen_among_few_is_not_called_no_gain():
    told = verdict(deltas(0.12), "season", 0.025, 100, 100)
    assert told.startswith("Conditioning does not help here: where 2.5% of")
    assert "do not rule out a gain of up to 12 points" in told


@pytest.mark.parametrize(("known", "unknown", "points"), [(13, 400, 21), (400, 28, 10), (58, 58, 5), (59, 59, None)])
def test_animals_that_are_all_alike_do_not_make_a_gain_impossible(known, unknown, points):
    """The interval of their bootstrap is a point. Of n animals of which none gains, 1 - 0.05^(1/n) of all may."""
    told = verdict(deltas(0.0), "season", 0.1, known, unknown)
    assert (f"do not rule out a gain of up to {points} points" in told) if points else ("rule out" not in told)


def test_there_is_no_more_to_gain_than_is_missing():
    almost = {name: Delta(0.98, 0.0, 0.0, 0.0, False) for name in (*CONDITIONED, SHUFFLED)}
    assert "rule out" not in verdict(almost, "season", 0.1, 15, 15)


def test_nothing_is_concluded_from_too_few():
    told = verdict(deltas(0.0), "season", 0.1, 9, 200)
    assert told.startswith("9 known and 200 unknown animals in the test are too few to tell whether conditioning on")
    assert verdict(deltas(0.0), "season", 0.1, 10, 10).startswith("Conditioning does not help")


@pytest.mark.parametrize(
    ("arm", "said"),
    [
        ("clusters", "A threshold for each cluster helps: where"),
        ("residualised + stratum", "Conditioning on season and camera helps: where"),
    ],
)
def test_what_helps_is_named_by_what_it_knows(arm, said):
    """Clusters know nothing of the variables."""
    told = verdict(deltas(0.0) | {arm: Delta(0.6, 0.1, 0.05, 0.15, True)}, "season and camera", 0.1, 200, 200)
    assert told.startswith(said) and f"the arm '{arm}'" in told


def test_a_narrow_interval_leaves_no_room():
    assert "rule out" not in verdict(deltas(0.01), "season", 0.1, 1_000, 1_000)
