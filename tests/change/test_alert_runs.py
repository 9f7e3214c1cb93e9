"""Alerts as runs: each alert is in one, and what was decided stands by the run that it is about."""

import numpy as np
import pandas as pd
import pytest
from change.watched import ILL, watched
from herds import Herd

from explorer.change.alerts import alerts_of
from explorer.change.runs import runs_of_alerts, unseen
from explorer.decisions.alert_verdicts import resolutions, resolve_alert


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    study = watched(Herd(tmp_path_factory.mktemp("runs") / "herd")).open()
    return study, alerts_of(study, ("weight", "milk"), rate=0.5)


@pytest.mark.slow
def test_the_frozen_band_is_the_own_one_when_learning_ends_and_then_stays_as_wide(made):
    _, alerts = made
    found = alerts.followed["weight"]
    after = found.panel.visit == found.settings.learning
    known = after & (found.judged_by >= 0)
    assert known.sum() > 10
    for frozen, own in ((found.frozen, found.own), (found.frozen_low, found.low), (found.frozen_high, found.high)):
        np.testing.assert_allclose(frozen[known], own[known])
    width = found.frozen_high - found.frozen_low
    later = (found.panel.visit > found.settings.learning) & (found.judged_by == len(found.references) - 1)
    spread = pd.Series(width[later]).groupby(found.panel.animal[later]).agg(np.ptp)
    np.testing.assert_allclose(spread, 0, atol=1e-9)
    own_spread = pd.Series((found.high - found.low)[later]).groupby(found.panel.animal[later]).agg(np.ptp)
    assert (own_spread > 1e-6).any(), "the adaptive one moves"
    frame = found.frame(ILL)
    assert {"frozen", "frozen_low", "frozen_high"} <= set(frame)


def test_each_alert_is_in_one_run_that_begins_with_the_new_one(made):
    study, alerts = made
    decided = resolutions(study)
    several = 0
    for animal, own in alerts.table.groupby("animal_id"):
        runs = runs_of_alerts(alerts, animal, decided)
        told = sorted((run.task, day) for run in runs for day in run.days)
        assert told == sorted(zip(own["task"], own["day"], strict=True))
        assert [run.days[-1] for run in runs] == sorted((run.days[-1] for run in runs), reverse=True)
        several += len(runs) > 1
        for run in runs:
            last = own[(own["task"] == run.task) & (own["day"] == run.days[-1])].iloc[0]
            assert run.reason == last["reason"]
            alone = own[(own["task"] == run.task) & (own["channel"] != "together")]
            if run.channel != "together":
                assert alone.loc[alone["day"] == run.days[0], "new"].all()
    assert several, "an animal with more than one run"


def test_a_decision_stands_by_its_run_and_is_kept_in_sight_when_the_run_is_gone(made):
    study, alerts = made
    last = runs_of_alerts(alerts, ILL, resolutions(study))[0]
    resolve_alert(study, ILL, last.days, last.task, "watch", who="Ann")
    resolve_alert(study, ILL, [1.0], "milk", "false alarm", who="Bob")
    decided = resolutions(study)
    runs = runs_of_alerts(alerts, ILL, decided)
    assert runs[0].resolved.who == "Ann" and all(run.resolved is None for run in runs[1:])
    assert [one.who for one in unseen(runs, decided, ILL)] == ["Bob"]
    assert unseen([], decided, "cow-01") == []
