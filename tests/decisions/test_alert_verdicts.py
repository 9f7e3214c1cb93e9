"""What was said of alerts is what comes back; the last word counts; anything can be undone."""

import tempfile
from pathlib import Path

import pytest
from herds import Herd
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.decisions.alert_verdicts import RESOLVE, resolutions, resolve_alert, verdicts_at
from explorer.decisions.events import Store
from explorer.decisions.history import history
from explorer.decisions.place import store_of
from explorer.decisions.purging import purge
from explorer.decisions.undoing import redo, undo
from explorer.errors import UserError
from explorer.study.study import open_study

DAYS = st.lists(st.sampled_from([0.0, 19_800.0, 19_807.25, -3.5]), min_size=1, max_size=3)
DEEDS = st.tuples(
    st.sampled_from(["cow-1", "cow-2"]),
    DAYS,
    st.sampled_from(["weight", "herd:bcs"]),
    st.sampled_from(["confirmed", "false alarm", "watch"]),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.one_of(DEEDS, st.integers(0, 20)), max_size=8))
@pytest.mark.slow
def test_any_order_of_deciding_and_undoing_is_that_of_a_plain_list(steps):
    """The oracle: play the decisions that are not undone into a dictionary."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "study.toml").write_text('[study]\nname = "Cows"\n')
        (Path(folder) / "observations.csv").write_text("weight\n500\n")
        study = open_study(folder)
        made = {}
        for step in steps:
            if isinstance(step, tuple):
                made[resolve_alert(study, *step).seq] = step
            elif made:
                seq = sorted(made)[step % len(made)]
                undo(study, seq)
                del made[seq]
        expected = {}
        for animal, days, task, verdict in (made[seq] for seq in sorted(made)):
            expected.update({(animal, day, task): verdict for day in days})
        assert verdicts_at(study) == expected
        found = resolutions(study)
        assert found.troubles == ()
        told = [(one.animal, day, one.task) for one in found.resolved for day in one.days]
        assert sorted(told) == sorted(expected), "each alert has one last word"


@pytest.fixture
def study(herd: Herd):
    return herd.open()


def test_name_time_and_note_come_back_and_undo_takes_them_back(study):
    resolve_alert(study, "cow-1", [19_800, 19_807], "weight", "confirmed", note="  lame, left hind ", who="Ann")
    (one,) = resolutions(study).of("cow-1")
    assert (one.days, one.verdict, one.note, one.who, one.seq) == (
        (19_800.0, 19_807.0),
        "confirmed",
        "lame, left hind",
        "Ann",
        1,
    )
    resolve_alert(study, "cow-1", [19_807], "weight", "false alarm", who="Bob")
    first, second = resolutions(study).of("cow-1")
    assert (first.days, second.days, second.who) == ((19_800.0,), (19_807.0,), "Bob")
    undo(study)
    assert resolutions(study).of("cow-1") == (one,)
    redo(study)
    assert verdicts_at(study) == {
        ("cow-1", 19_800.0, "weight"): "confirmed",
        ("cow-1", 19_807.0, "weight"): "false alarm",
    }
    assert verdicts_at(study, 1) == {("cow-1", day, "weight"): "confirmed" for day in (19_800.0, 19_807.0)}
    assert resolutions(study).of("cow-2") == ()


def test_the_history_says_what_was_decided_and_a_purge_takes_it_out(study):
    seq = resolve_alert(study, "cow-1", [1.0], "weight", "watch", note="owner is ill", who="Ann").seq
    assert history(study)[-1].sentence == "Ann resolved alerts of 'cow-1': weight, watch"
    assert purge(study, seq) == []
    assert verdicts_at(study) == {}


@pytest.mark.parametrize(
    ("mistake", "match"),
    [
        ({"days": []}, "no alert was chosen"),
        ({"verdict": "fine"}, "cannot be 'fine'.*confirmed, false alarm, watch"),
        ({"note": "x" * 2_001}, "2,001 characters.*at most 2,000"),
        ({"who": ""}, "0 characters"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_a_sentence(study, mistake, match):
    asked = {"animal": "cow-1", "days": [1.0], "task": "weight", "verdict": "watch", **mistake}
    with pytest.raises(UserError, match=match):
        resolve_alert(study, **asked)
    assert history(study) == []


def test_a_decision_of_a_later_version_has_no_effect_and_is_told(study):
    resolve_alert(study, "cow-1", [1.0], "weight", "watch")
    with Store(store_of(study).path).writing() as log:
        log.append(RESOLVE, "cow-1", who="Eve", payload={"task": "weight", "days": [1.0], "verdict": "perhaps"})
    found = resolutions(study)
    assert [one.verdict for one in found.resolved] == ["watch"]
    assert found.troubles == ("decision 2 about an alert cannot be read and has no effect",)
