import math

import pytest

from explorer.engine import Clock, Progress, parts_of


class Time:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.mark.parametrize(
    ("fraction", "left", "note", "sentence"),
    [
        (0.43, 12.3, "placing points", "43 %, about 12 s left: placing points"),
        (0.0, None, "starting", "0 %: starting"),
        (0.29, 0.01, "", "29 %, about 1 s left"),
        (0.5, 59.7, "x", "50 %, about 1 min left: x"),
        (0.5, 200.0, "x", "50 %, about 3 min left: x"),
        (0.5, 3600 * 2 + 600, "x", "50 %, about 2 h 10 min left: x"),
        (0.9999, 1.0, "x", "99 %, about 1 s left: x"),
        (1.0, 0.0, "done", "100 %: done"),
    ],
)
def test_the_sentence(fraction, left, note, sentence):
    assert Progress(fraction, 1.0, left, note).sentence == sentence


def test_nothing_is_known_before_the_first_step(time):
    clock = Clock("starting", now=time)
    time.now += 5
    assert clock.read() == Progress(0.0, 5.0, None, "starting")
    clock.update(0.0, "loading")
    assert clock.read().seconds_left is None


def test_an_even_rate_gives_the_exact_time_left_and_counts_down_between_reports(time):
    clock = Clock(now=time)
    for i in range(1, 5):
        time.now += 1
        clock.update(i / 10, "x")
        assert clock.read().seconds_left == pytest.approx(10 - i)
    time.now += 2.5
    assert clock.read().seconds_left == pytest.approx(3.5)
    assert clock.read().fraction == 0.4


def test_an_estimate_that_has_run_out_is_withdrawn_not_negative(time):
    clock = Clock(now=time)
    time.now += 10
    clock.update(0.5, "x")
    time.now += 11
    assert clock.read().seconds_left is None
    clock.update(0.75, "x")
    assert 0 < clock.read().seconds_left < 20


def test_the_recent_rate_counts(time):
    clock = Clock(now=time)
    time.now += 100  # a slow start
    clock.update(0.1, "x")
    for i in range(11, 60):
        time.now += 5
        clock.update(i / 100, "x")
    assert clock.read().seconds_left == pytest.approx(41 * 5, rel=0.05)


def test_fractions_never_go_back_nor_out_of_range(time):
    clock = Clock(now=time)
    seen = []
    for fraction in (0.2, 0.1, math.nan, -3, 0.5, 7.0, 0.3):
        time.now += 1
        clock.update(fraction, "x")
        seen.append(clock.read().fraction)
    assert seen == [0.2, 0.2, 0.2, 0.2, 0.5, 1.0, 1.0]
    assert clock.read().seconds_left == 0


def test_very_many_reports_stay_quick_and_right(time):
    clock = Clock(now=time)
    for i in range(1, 50_001):
        time.now += 0.01
        clock.update(i / 100_000, "x")
    assert clock.read().seconds_left == pytest.approx(500, rel=0.01)


def test_steps_share_a_report_by_their_weights():
    told = []
    first, none, last = parts_of(lambda fraction, note: told.append((fraction, note)), [1, 0, 3])
    first(0.0, "a")
    first(1.0, "a")
    none(1.0, "b")
    last(0.5, "c")
    fractions = [fraction for fraction, _ in told]
    assert fractions == pytest.approx([0, 0.25, 0.25, 0.625], abs=1e-3) and max(fractions) < 1
    assert [note for _, note in told] == ["a", "a", "b", "c"]
    assert parts_of(None, [1, 2]) == [None, None]
