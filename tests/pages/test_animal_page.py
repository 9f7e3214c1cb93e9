"""The Animal page: what it says of an ill, a healthy and a new animal; deciding, noting, comparing; odd studies."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from change.watched import ILL, watched
from herds import Herd
from visiting import herd as small_herd
from visiting import make, run, sound, words

from explorer.change.agreement_kept import agreements_at, compute_agreements
from explorer.change.kept import alerts_at, compute_at, read_alerts
from explorer.decisions.alert_verdicts import resolutions, verdicts_at
from explorer.decisions.noted_events import noted_events
from explorer.errors import UserError
from explorer.places import sample_study
from explorer.study.embeddings import EmbeddingNote, write_embedding
from explorer.study.study import open_study
from explorer.ui import jobs
from explorer.view import Follow

YOUNG = "cow-03"
FOLLOW = Follow(variables=("weight", "milk", "bcs"))


def compute(study, verdicts=None):
    compute_at(study.path, FOLLOW, verdicts or {}, alerts_at(study, FOLLOW, verdicts or {}), report=lambda *_: None)


@pytest.fixture(scope="module")
def followed(tmp_path_factory) -> Path:
    """A herd whose alerts are at hand; one animal has been seen three times."""
    made = watched(Herd(tmp_path_factory.mktemp("followed") / "herd"))
    made.observations = made.observations.groupby("animal_id", group_keys=False)[made.observations.columns].apply(
        lambda rows: rows.head(3) if rows.name == YOUNG else rows
    )
    made.scores = made.scores[made.scores["animal"] != YOUNG].reset_index(drop=True)
    made.observations = made.observations.reset_index(drop=True)
    study = made.open()
    compute(study)
    compute_agreements(study.path, agreements_at(study), report=lambda *_: None)
    return study.path


@pytest.fixture
def folder(followed, tmp_path) -> Path:
    return Path(shutil.copytree(followed, tmp_path / "herd"))


def charts(app):
    return len(app.get("plotly_chart"))


def press(app, label):
    next(one for one in app.button if one.label == label).click().run()
    return sound(app)


@pytest.mark.slow
def test_an_ill_animal_says_what_since_when_and_what_to_check(folder, monkeypatch):
    app = sound(run(folder, monkeypatch, "animal", animal=ILL))
    told = words(app)
    assert not app.error
    assert "expected" in app.warning[0].value and "The alerts began on" in app.warning[0].value
    assert "look at the animal" in app.warning[0].value
    assert "not a diagnosis" in told
    held = read_alerts(alerts_at(open_study(folder), FOLLOW, {})).followed["weight"].frame(ILL)["held"].sum()
    assert "**Weight**" in told and held > 0
    assert f"its own band from {30 - held} visits; the herd's of" in told, "alerts are no part of it"
    assert "The herd's band is of 39 animals; 120 are needed" in told
    assert "visits with an alert" in told
    assert "**treatment**" in told, "its event"
    assert charts(app) == 3
    assert "What else changed between the two dates" in told


def outside_their_band(alerts):
    """How many tasks of each animal without any alert end outside its own band."""
    found = {}
    for animal in alerts.followed["weight"].series.animals:
        last = [one.frame(animal).tail(1) for one in alerts.followed.values()]
        if animal != YOUNG and animal not in set(alerts.table["animal_id"]):
            found[animal] = sum(
                not one["low"].iloc[0] <= one["value"].iloc[0] <= one["high"].iloc[0] for one in last if len(one)
            )
    return found


@pytest.mark.slow
def test_a_healthy_animal_one_at_the_edge_and_one_that_is_still_learnt(folder, monkeypatch):
    study = open_study(folder)
    outside = outside_their_band(read_alerts(alerts_at(study, FOLLOW, {})))
    healthy = next(name for name, number in outside.items() if number == 0)
    app = sound(run(folder, monkeypatch, "animal", animal=healthy))
    assert "Nothing beyond what it and its calendar explain" in app.success[0].value
    assert "None so far." in words(app)
    edge = next(name for name, number in outside.items() if number)
    app = sound(run(folder, monkeypatch, "animal", animal=edge))
    assert "Nothing beyond" in app.info[0].value and "but outside its own band" in app.info[0].value
    assert not app.success
    app = sound(run(folder, monkeypatch, "animal", animal=YOUNG))
    assert "Learning" in app.info[0].value
    assert charts(app) == 2, "it was never scored"


def test_beside_a_score_stands_what_observers_differ_by(folder, monkeypatch):
    app = sound(run(folder, monkeypatch, "animal", animal=ILL))
    (line,) = [one.value for one in app.caption if "Two observers differ by up to" in one.value]
    assert "within what observers differ by" in line and "points" in line


@pytest.mark.slow
def test_looking_back_is_apart_from_the_alerts_and_says_that_it_sees_the_future(folder, monkeypatch):
    app = sound(run(folder, monkeypatch, "animal", animal=ILL))
    assert "never raises an alert" not in words(app)
    app.button_group(key="animal_charts").set_value("Looking back").run()
    told = words(sound(app))
    assert "never raises an alert" in told and "**Weight** · 1 change of level :gray[in 30 visits]" in told
    assert charts(app) == 3 and "Compare with" not in [one.label for one in app.selectbox]
    table = next(one.value for one in app.dataframe if "level (kg)" in one.value.columns)
    assert table["visits"].sum() == 30 and table["change from the level before"].iloc[-1].startswith("-")
    app.button_group(key="animal_amount").set_value("many").run()
    more = next(one.value for one in sound(app).dataframe if "level (kg)" in one.value.columns)
    assert len(more) >= len(table) and more["visits"].sum() == 30
    assert "Levels as CSV" in [one.label for one in app.get("download_button")]
    app.selectbox(key="animal_choice").set_value(YOUNG).run()
    assert "3 visits: too few to tell of a change" in words(sound(app)) and charts(app) == 0


def test_looking_back_does_not_wait_for_the_alerts(tmp_path, monkeypatch, no_work):
    app = run(watched(Herd(tmp_path / "herd"), animals=12, visits=8).save(), monkeypatch, "animal", animal=ILL)
    assert charts(sound(app)) == 0
    app.button_group(key="animal_charts").set_value("Looking back").run()
    assert charts(sound(app)) == 3


@pytest.mark.slow
def test_the_next_animal_is_in_the_address(folder, monkeypatch):
    app = sound(run(folder, monkeypatch, "animal"))
    assert app.title[0].value == r"cow\-00" and "animal" not in app.query_params
    assert app.button(key="animal_previous").disabled
    app.button(key="animal_next").click().run()
    assert app.query_params["animal"] == "cow-01"
    assert sound(app).title[0].value == r"cow\-01"
    app.selectbox(key="animal_choice").set_value("cow-39").run()
    assert app.query_params["animal"] == "cow-39" and app.button(key="animal_next").disabled
    app.button(key="animal_previous").click().run()
    assert app.query_params["animal"] == "cow-38"


def test_an_animal_that_is_not_there_is_said(folder, monkeypatch):
    app = sound(run(folder, monkeypatch, "animal", animal="cow-99"))
    assert "There is no animal" in app.warning[0].value and "99" in app.warning[0].value
    assert app.title[0].value == r"cow\-00"


@pytest.mark.slow
def test_an_alert_is_resolved_with_name_and_note_and_taken_back(folder, monkeypatch):
    monkeypatch.setattr(jobs, "start", lambda *_, **__: None)
    app = sound(run(folder, monkeypatch, "animal", animal=ILL))
    study = open_study(folder)
    table = read_alerts(alerts_at(study, FOLLOW, {})).table
    last = table[table["animal_id"] == ILL].iloc[-1]
    run_of = table[(table["animal_id"] == ILL) & (table["task"] == last["task"])]
    first = run_of[run_of["new"]].iloc[-1]
    key = f"{ILL}-{last['task']}-{first['day']}"
    app.session_state[f"alert-menu-{key}"] = True
    app.run()
    app.text_area(key=f"alert-note-{key}").set_value("left hind")
    app.text_input(key=f"alert-who-{key}").set_value("Dr Kelly")
    app.button(key=f"alert-false alarm-{key}").click().run()
    sound(app)
    (one,) = resolutions(study).of(ILL)
    assert (one.verdict, one.who, one.note, one.task) == ("false alarm", "Dr Kelly", "left hind", last["task"])
    assert set(one.days) == set(run_of[run_of["day"] >= first["day"]]["day"])
    assert "**false alarm** by Dr Kelly" in words(app) and "left hind" in words(app)
    assert "as they were before the last decision" in words(app), "the old ones, until it is worked in"
    assert all(one.disabled for one in app.get("download_button")), "nothing is saved of them"
    compute(study, verdicts_at(study))
    app.run()
    assert "as they were before" not in words(sound(app))
    press(app, "Undo")
    assert verdicts_at(study) == {}
    assert "false alarm** by" not in words(app)


@pytest.mark.slow
def test_an_event_is_noted_and_taken_back(folder, monkeypatch):
    app = sound(run(folder, monkeypatch, "animal", animal="cow-20"))
    assert "None are known of this animal" in words(app)
    app.selectbox(key="event_kind").set_value("illness")
    app.text_input(key="event_detail").set_value("off feed")
    app.text_input(key="event_who").set_value("Ann")
    app.button(key="event_add").click().run()
    ((noted,), _) = noted_events(open_study(folder))
    assert (noted.animal, noted.kind, noted.detail, noted.who) == ("cow-20", "illness", "off feed", "Ann")
    assert "**illness**: off feed, noted by Ann" in words(sound(app))
    assert app.text_input(key="event_who").value == "Ann", "the name stays"
    press(app, "Undo")
    assert "noted by" not in words(app)


def test_the_rate_is_in_the_address(folder, monkeypatch):
    monkeypatch.setattr(jobs, "start", lambda *_, **__: None)
    app = sound(run(folder, monkeypatch, "animal", animal=ILL))
    app.select_slider(key="follow_rate").set_value(0.1).run()
    assert json.loads(app.query_params["follow"]) == {"rate": 0.1}
    assert charts(sound(app)) == 0, "other alerts, which are not there yet"
    assert app.title[0].value == r"cow\-07", "but the animal is"


@pytest.mark.parametrize("how", ["its matched peers", "another animal"])
@pytest.mark.slow
def test_it_is_compared(folder, monkeypatch, how):
    app = sound(run(folder, monkeypatch, "animal", animal=ILL))
    app.selectbox(key="animal_compare").set_value(how).run()
    assert charts(sound(app)) == 3
    legend = "".join(str(one.value) for one in app.get("html"))
    assert ("20 matched peers" if how == "its matched peers" else "cow-00") in legend


@pytest.mark.slow
def test_the_frozen_baseline_is_shown_when_it_is_asked_for(folder, monkeypatch):
    app = sound(run(folder, monkeypatch, "animal", animal=ILL))
    assert "frozen baseline" not in "".join(str(one.value) for one in app.get("html"))
    app.toggle(key="animal_frozen").set_value(True).run()
    assert "frozen baseline" in "".join(str(one.value) for one in sound(app).get("html"))
    assert "first 5 visits let expect and has learnt nothing since" in words(app)
    assert charts(app) == 3


@pytest.mark.slow
def test_the_encoder_is_told_among_what_did_not_change(folder, monkeypatch):
    assert "the same for all visits" not in words(run(folder, monkeypatch, "animal", animal=ILL))
    study = open_study(folder)
    note = EmbeddingNote(observations=study.ids_hash, encoder="net", encoder_hash="0123456789abcdef")
    write_embedding(folder, "net", np.random.default_rng(0).normal(size=(len(study), 3)).astype(np.float32), note)
    told = words(sound(run(folder, monkeypatch, "animal", animal=ILL)))
    assert r"Encoder net \(0123456789ab\)\: the same for all visits" in told


@pytest.mark.slow
def test_another_method_stands_beside_the_one_that_judges(folder, monkeypatch):
    """It is computed like the first, the page stays usable meanwhile, and the alerts are those of the first."""
    asked = []
    monkeypatch.setattr(jobs, "start", lambda key, function, path, follow, *_, **__: asked.append(follow.method))
    app = sound(run(folder, monkeypatch, "animal", animal=ILL))
    judged = app.warning[0].value
    app.multiselect(key="animal_methods").set_value(["ewma"]).run()
    assert set(asked) == {"ewma"} and charts(sound(app)) == 3
    assert "alert by" not in "".join(str(one.value) for one in app.get("html"))
    study, follow = open_study(folder), FOLLOW.model_copy(update={"method": "ewma"})
    path = alerts_at(study, follow, {})
    compute_at(study.path, follow, {}, path, report=lambda *_: None)
    app.run()
    assert "alert by ewma" in "".join(str(one.value) for one in sound(app).get("html"))
    table = read_alerts(path).table
    drawn = [json.loads(one.proto.spec)["data"] for one in app.get("plotly_chart")]
    days = [len(one["x"]) for data in drawn for one in data if one.get("name") == "alert by ewma"]
    told = table[table["animal_id"] == ILL]["task"].value_counts()
    assert days == [told.get(task, 0) for task in FOLLOW.variables] and sum(days) > 0
    assert app.warning[0].value == judged, "the first alone decides"
    assert not {"two-channel", "never"} & set(app.multiselect(key="animal_methods").options)


def test_while_it_is_computed_the_animal_is_there(tmp_path, monkeypatch, no_work):
    app = sound(run(watched(Herd(tmp_path / "herd")).save(), monkeypatch, "animal", animal=ILL))
    assert app.title[0].value == r"cow\-07"
    assert "parity **2**" in words(app)


def test_too_little_to_learn_from_is_said(tmp_path, monkeypatch):
    def at_once(key, function, *args, **_):
        try:
            function(*args, report=lambda *_, **__: None)
        except UserError as error:
            said = str(error)
            monkeypatch.setattr(jobs, "trouble", lambda _: said)

    monkeypatch.setattr(jobs, "start", at_once)
    app = sound(run(small_herd(tmp_path / "herd"), monkeypatch, "animal"))
    assert "Alerts need about 60 visits" in words(app)


@pytest.mark.slow
def test_studies_without_animals_or_times_say_so(tmp_path, monkeypatch):
    app = sound(run(sample_study("digits"), monkeypatch, "animal"))
    assert "does not say when" in words(app)
    toml = '[study]\nname = "Two"\n[columns]\nanimal = "a"\n[variables.w]\ncolumn = "w"\nkind = "continuous"\n'
    app = sound(run(make(tmp_path / "two", toml, {"a": ["x", "y"], "w": [1.0, 2.0]}), monkeypatch, "animal"))
    assert "as time = ..." in words(app)


@pytest.mark.slow
def test_names_are_shown_letter_by_letter(tmp_path, monkeypatch):
    made = watched(Herd(tmp_path / "herd"), animals=12, visits=8)
    odd = "<b>$x$ **cow** %{y}"
    made.observations["animal_id"] = made.observations["animal_id"].replace("cow-05", odd)
    made.scores["animal"] = made.scores["animal"].replace("cow-05", odd)
    study = made.open()
    compute(study)
    app = sound(run(study.path, monkeypatch, "animal", animal=odd))
    assert app.title[0].value == r"\<b\>\$x\$ \*\*cow\*\* %\{y\}"
    assert not app.error


@pytest.mark.slow
def test_a_value_is_judged_on_the_spot_and_not_kept(folder, monkeypatch):
    app = sound(run(folder, monkeypatch, "animal", animal=ILL))
    app.number_input(key="more_value").set_value(300.0).run()
    (said,) = [one.value for one in sound(app).error]
    assert "Weight 300 kg on" in said and "would be an alert" in said
    app.number_input(key="more_value").set_value(540.0).run()
    assert not [one for one in sound(app).success if "would be" in one.value and "not" not in one.value]
    assert open_study(folder).observations["weight"].min() > 300
