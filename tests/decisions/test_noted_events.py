"""Events that people note stand beside those of the study's table, in its own sort of time, and can be undone."""

from datetime import date, datetime

import numpy as np
import pytest
from herds import Herd

from explorer.decisions.events import Store
from explorer.decisions.history import history
from explorer.decisions.noted_events import NOTE, events_with_noted, note_event, noted_events
from explorer.decisions.place import store_of
from explorer.decisions.undoing import undo
from explorer.errors import UserError


def test_a_noted_event_joins_the_table_in_order_and_leaves_when_undone(herd: Herd):
    study = herd.open()
    before = events_with_noted(study)
    assert len(before) == 8 and set(before["seq"]) == {-1}
    note_event(study, "cow-3", date(2024, 2, 29), "treatment", " left hind ", who="Ann")
    note_event(study, "cow-3", datetime(2024, 5, 1, 13, 30), "treatment", who="Bob")
    table = events_with_noted(study)
    own = table[table["animal"] == "cow-3"]
    assert own["kind"].tolist() == ["treatment", "calving", "treatment"]
    assert own["time"].tolist() == [np.datetime64(day) for day in ("2024-02-29", "2024-03-01", "2024-05-01")]
    assert own["who"].tolist() == ["Ann", "", "Bob"]
    assert own["detail"].iloc[0] == "left hind"
    assert history(study)[0].sentence == "Ann noted an event of 'cow-3': treatment, 2024-02-29"
    undo(study, 1)
    assert noted_events(study)[0][0].who == "Bob"
    undo(study, 2)
    assert events_with_noted(study).equals(before)
    assert len(events_with_noted(study, 2)) == 10, "as it was then"


def test_a_study_of_numbers_has_events_at_numbers(herd: Herd):
    study = herd.numbered().open()
    note_event(study, "cow-3", 12, "moved")
    note_event(study, "cow-3", 70.5, "moved")
    own = events_with_noted(study).query("animal == 'cow-3'")
    assert own["time"].tolist() == [12.0, 60.0, 70.5]
    assert own["time"].dtype == np.float64
    assert [one.time for one in noted_events(study)[0]] == [12.0, 70.5]


def test_a_study_without_a_table_of_events_can_have_noted_ones(herd: Herd):
    herd.events = None
    study = herd.open()
    assert events_with_noted(study).empty
    note_event(study, "cow-3", date(2024, 2, 29), "treatment")
    assert events_with_noted(study)["time"].tolist() == [np.datetime64("2024-02-29")]


@pytest.mark.parametrize(
    ("mistake", "match"),
    [
        ({"animal": "cow-99"}, "no animal 'cow-99'.*Choose one"),
        ({"time": 12.0}, "12.0 is none of this study's.*a date"),
        ({"kind": " "}, "kind of event has 0 characters"),
        ({"detail": "x" * 401}, "401 characters"),
    ],
)
def test_what_cannot_be_noted_is_refused_in_a_sentence(herd: Herd, mistake, match):
    study = herd.open()
    asked = {"animal": "cow-1", "time": date(2024, 3, 1), "kind": "calving", "detail": "", **mistake}
    with pytest.raises(UserError, match=match):
        note_event(study, **asked)
    assert history(study) == []


@pytest.mark.parametrize("time", [date(2024, 3, 1), float("nan")])
def test_a_study_of_numbers_refuses_what_is_no_number(herd: Herd, time):
    with pytest.raises(UserError, match="a number of days"):
        note_event(herd.numbered().open(), "cow-1", time, "calving")


@pytest.mark.parametrize("payload", [{"time": "soon", "kind": "x"}, {"time": 1.0}, {"kind": "x"}])
def test_what_cannot_be_read_is_told_and_hides_nothing_else(herd: Herd, payload):
    study = herd.open()
    note_event(study, "cow-1", date(2024, 3, 1), "calving")
    with Store(store_of(study).path).writing() as log:
        log.append(NOTE, "cow-2", who="Eve", payload=payload)
    found, troubles = noted_events(study)
    assert [one.animal for one in found] == ["cow-1"]
    assert troubles == ["the event of cow-2 that decision 2 noted cannot be read"]
