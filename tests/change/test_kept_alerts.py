"""Alerts come back from disk as they were made, under a name of what they follow from; nothing foreign is read."""

import json

import numpy as np
import pandas as pd
import pytest
from change.watched import ILL, watched

from explorer.change.alerts import alerts_of
from explorer.change.herd_round import herd_round
from explorer.change.kept import alerts_at, compute_at, keep_alerts, read_alerts
from explorer.change.known_backgrounds import backgrounds_of
from explorer.change.known_events import noted_at
from explorer.change.monitor import monitor_of
from explorer.decisions.noted_events import note_event
from explorer.space.quality_cache import keep, read_kept
from explorer.view import Follow

pytestmark = pytest.mark.usefixtures("quick_limits")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    from herds import Herd

    study = watched(Herd(tmp_path_factory.mktemp("kept") / "herd")).open()
    return study, alerts_of(study, ("weight", "milk"))


@pytest.mark.slow
def test_what_was_kept_comes_back(made, tmp_path):
    study, alerts = made
    keep_alerts(tmp_path / "a.npz", alerts)
    back = read_alerts(tmp_path / "a.npz")
    pd.testing.assert_frame_equal(back.table, alerts.table, check_dtype=False)
    assert back.facts == alerts.facts and back.remarks == alerts.remarks and back.summary == alerts.summary
    for task, followed in alerts.followed.items():
        pd.testing.assert_frame_equal(back.followed[task].frame(ILL), followed.frame(ILL))
    pd.testing.assert_frame_equal(herd_round(back), herd_round(alerts))
    assert back.exported.to_csv() == alerts.exported.to_csv()
    backgrounds = backgrounds_of(study, alerts.followed["weight"].series, ())
    last = np.flatnonzero(alerts.followed["weight"].panel.animal == 7)[-1:]
    one, other = (
        monitor_of(found.followed["weight"], backgrounds).add(ILL, 480.0, backgrounds.only(last))
        for found in (alerts, back)
    )
    assert one == other, "one more visit is judged alike"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda facts: facts["alerts"].update({"is": ["os", "system"]}),
        lambda facts: facts["alerts"].update({"is": ["alerts", "alerts_of"]}),
        lambda facts: facts["alerts"].update({"is": ["../cli", "main"]}),
        lambda facts: facts["alerts"]["parts"].pop("table"),
        lambda facts: facts["alerts"]["parts"].update({"table": {"array": "none"}}),
        lambda facts: facts.update({"alerts": 3}),
        lambda facts: facts.pop("alerts"),
    ],
)
def test_what_is_none_of_ours_is_not_read(made, tmp_path, spoil):
    path = tmp_path / "a.npz"
    keep_alerts(path, made[1])
    facts, arrays = read_kept(path)
    facts = json.loads(json.dumps(facts))
    spoil(facts)
    keep(path, facts, arrays)
    assert read_alerts(path) is None


def test_half_a_file_is_none(made, tmp_path):
    path = tmp_path / "a.npz"
    keep_alerts(path, made[1])
    path.write_bytes(path.read_bytes()[:5_000])
    assert read_alerts(path) is None
    assert read_alerts(tmp_path / "never.npz") is None


def test_the_name_follows_from_data_settings_and_verdicts_only(herd):
    study = watched(herd).open()
    follow = Follow(variables=("weight",))
    at = alerts_at(study, follow, {})
    note_event(study, ILL, pd.Timestamp("2023-04-01").date(), "treatment")
    assert alerts_at(study, follow, {}, noted_at(study)) == at, "no baseline knows of a treatment"
    assert alerts_at(study, follow, {}, noted_at(study, ["treatment"])) != at
    note_event(study, ILL, pd.Timestamp("2023-04-01").date(), "calving")
    calved = alerts_at(study, follow, {}, noted_at(study))
    assert calved != at and calved.parent == at.parent
    decided = alerts_at(study, follow, {(ILL, 19_000.0, "weight"): "false alarm"})
    assert decided != at and decided.parent == at.parent
    others = [follow.model_copy(update={"rate": 0.1}), follow.model_copy(update={"variables": ("milk",)})]
    assert len({at.parent, *(alerts_at(study, one, {}).parent for one in others)}) == 3
    herd.observations.loc[0, "weight"] += 1
    assert alerts_at(herd.open(), follow, {}).parent != at.parent


def test_a_worker_keeps_them_and_forgets_the_oldest(herd):
    study = watched(herd, animals=12, visits=8).open()
    made = []
    for number in range(3):
        verdicts = {(ILL, float(number), "weight"): "watch"}
        follow = Follow(variables=("weight",), method="never")
        made.append(alerts_at(study, follow, verdicts))
        compute_at(study.path, follow, verdicts, made[-1], report=lambda *_: None)
    assert [path.exists() for path in made] == [False, True, True]
    assert len(read_alerts(made[-1]).table) == 0
