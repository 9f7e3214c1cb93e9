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
    told = verdict(deltas(0.12), "season", 0.025, 10, 10)
    assert told.startswith("Conditioning does not help here: where 2.5% of")
    assert "do not rule out a gain of up to 12 points" in told


def test_a_narrow_interval_leaves_no_room():
    assert "rule out" not in verdict(deltas(0.01), "season", 0.1, 1_000, 1_000)
