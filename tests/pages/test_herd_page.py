"""The Herd round page in process: what it shows of the alerts, how it narrows, what it says where there is nothing."""

import json

import pandas as pd
import pytest
from change.watched import ILL, watched
from visiting import make, run, sound, words

from explorer.change.agreement_kept import agreements_at, compute_agreements
from explorer.change.kept import alerts_at, compute_at, read_alerts
from explorer.change.round_shown import shown_round
from explorer.decisions.alert_verdicts import resolve_alert, verdicts_at
from explorer.study.study import open_study
from explorer.view import Follow, Round

FOLLOW = Follow(variables=("weight", "milk"))
FOLLOWED = json.dumps({"variables": ["weight", "milk"]})


def computed(folder):
    """The alerts of a study, as the worker leaves them."""
    study = open_study(folder)
    verdicts = verdicts_at(study)
    path = alerts_at(study, FOLLOW, verdicts)
    compute_at(study.path, FOLLOW, verdicts, path, report=lambda *_: None)
    return study, read_alerts(path)


def metrics(app):
    return {metric.label: metric.value for metric in app.metric}


@pytest.mark.slow
def test_the_round_is_what_the_package_says(herd, monkeypatch):
    study, alerts = computed(watched(herd).save())
    app = sound(run(study.path, monkeypatch, "herd", follow=FOLLOWED))
    shown = shown_round(study, alerts, Round())
    said = metrics(app)
    assert said["Animals in the round"] == "40"
    assert said["With an alert"] == str(shown.counts["alerted"])
    assert said["With a new one"] == str(shown.counts["new"])
    assert float(said["False alerts to expect in a month"]) == pytest.approx(
        alerts.facts["false_alarms"]["expected_per_month"], rel=0.05
    )
    table = app.dataframe[0].value
    assert table["animal"].tolist() == shown.rows["animal_id"].tolist()
    assert table["reason"].iloc[0] == shown.rows["reason"].iloc[0]
    text = words(app)
    assert "not a diagnosis" in text and "needs 120 animals" in text and "40 animals" in text
    assert "simulated" not in text


@pytest.mark.slow
def test_the_address_narrows_it_and_so_do_the_controls(herd, monkeypatch):
    study, _ = computed(watched(herd).save())
    query = {
        "follow": FOLLOWED,
        "round": json.dumps({"task": "weight", "only": "alerts"}),
        "filter": json.dumps([{"variable": "parity", "low": 2, "high": 2}]),
    }
    app = sound(run(study.path, monkeypatch, "herd", **query))
    table = app.dataframe[0].value
    assert set(table["followed"]) == {"Weight"} and table["new"].ne("").all() and ILL in set(table["animal"])
    app.button_group(key="round_only").set_value("all").run()
    table = sound(app).dataframe[0].value
    assert len(table) == 13 and json.loads(app.query_params["round"]) == {"task": "weight"}
    app.selectbox(key="round_task").set_value("milk").run()
    assert set(sound(app).dataframe[0].value["followed"]) == {"milk"}


@pytest.mark.slow
def test_an_earlier_day_and_one_before_anything_was_known(herd, monkeypatch):
    study, alerts = computed(watched(herd).save())
    app = sound(run(study.path, monkeypatch, "herd", follow=FOLLOWED))
    app.date_input(key="round_day").set_value("2023-01-15").run()
    day = json.loads(app.query_params["round"])["as_of"]
    assert day == alerts.followed["weight"].series.clock.read("2023-01-15")
    expected = shown_round(study, alerts, Round(as_of=day)).rows["animal_id"].tolist()
    assert sound(app).dataframe[0].value["animal"].tolist() == expected
    app.date_input(key="round_day").set_value("2022-01-05").run()
    assert not app.exception and "no animal had been seen often enough" in words(app)


@pytest.mark.slow
def test_a_resolved_alert_is_no_longer_open(herd, monkeypatch):
    folder = watched(herd).save()
    study, alerts = computed(folder)
    mine = alerts.table[alerts.table["animal_id"] == ILL]
    for task, rows in mine.groupby("task"):
        resolve_alert(study, ILL, rows["day"].tolist(), task, "confirmed", who="Ann")
    computed(folder)
    app = sound(run(study.path, monkeypatch, "herd", follow=FOLLOWED, round='{"only":"alerts"}'))
    table = app.dataframe[0].value
    assert (table[table["animal"] == ILL]["verdict"] == "confirmed").all() and ILL in set(table["animal"])
    app.button_group(key="round_only").set_value("open").run()
    shown = sound(app).dataframe
    assert not len(shown) or ILL not in set(shown[0].value["animal"])


def opened(app):
    app.session_state["observers_open"] = True
    return words(sound(app.run()))


@pytest.mark.slow
def test_how_far_the_scores_can_be_believed(herd, monkeypatch):
    study, _ = computed(watched(herd).save())
    compute_agreements(study.path, agreements_at(study), report=lambda *_: None)
    app = sound(run(study.path, monkeypatch, "herd", follow=FOLLOWED))
    assert "Two observers differ" not in words(app), "only when asked"
    told = opened(app)
    assert "**bcs**: Two observers differ by up to" in told and "A change of 0.5 points is what matters here" in told
    assert "alerts count it like one" in told
    table = next(one.value for one in app.dataframe if "ICC, absolute" in one.value.columns)
    assert table["observers"].tolist() == ["Ann and Bob"] and "weighted kappa" in table.columns
    assert table["of"].tolist() == ["600 pairs, 40 animals"]
    assert "Agreement as CSV" in [one.label for one in app.get("download_button")]


@pytest.mark.slow
def test_scores_of_nobody_in_particular_and_studies_without_scores(herd, monkeypatch, tmp_path):
    herd = watched(herd)
    herd.scores = herd.scores.drop(columns="observer")
    study, _ = computed(herd.save())
    assert "do not say who gave them" in opened(run(study.path, monkeypatch, "herd", follow=FOLLOWED))
    herd.scores = None
    del herd.spec["variables"]["bcs"], herd.spec["variables"]["bcs_next"]
    study, _ = computed(herd.save())
    app = sound(run(study.path, monkeypatch, "herd", follow=FOLLOWED))
    assert "How far can these scores be believed?" not in [one.label for one in app.expander]


def test_while_the_alerts_are_looked_for_the_page_says_so(herd, monkeypatch, no_work):
    app = run(watched(herd).save(), monkeypatch, "herd")
    assert not app.exception and not app.dataframe


def test_a_study_without_animals_in_time_says_what_is_missing(tmp_path, monkeypatch):
    folder = make(tmp_path / "plain", '[study]\nname = "Plain"\n', {"weight": [1.0, 2.0]})
    app = sound(run(folder, monkeypatch, "herd"))
    assert "does not say" in words(app) or "cannot be" in words(app) or "can be followed" in words(app)


def test_the_overview_leads_to_the_round(herd, monkeypatch):
    app = sound(run(watched(herd).save(), monkeypatch))
    assert "Herd round" in [link.label.split("**")[1] for link in app.get("page_link") if "**" in link.label]


@pytest.mark.slow
def test_a_study_with_numeric_times_is_asked_for_a_number(herd, monkeypatch):
    herd = watched(herd)
    for frame, column in ((herd.observations, "captured_at"), (herd.scores, "time"), (herd.events, "time")):
        frame[column] = (frame[column].dt.normalize() - pd.Timestamp("2022-01-01")) / pd.Timedelta(days=1)
    herd.spec["columns"]["time_unit"] = "days"
    del herd.spec["variables"]["age"]
    study, alerts = computed(herd.save())
    app = sound(run(study.path, monkeypatch, "herd", follow=FOLLOWED))
    app.number_input(key="round_day").set_value(350.0).run()
    expected = shown_round(study, alerts, Round(as_of=350.0)).rows["animal_id"].tolist()
    assert sound(app).dataframe[0].value["animal"].tolist() == expected


@pytest.mark.slow
def test_a_study_that_does_not_say_when_says_so_at_once(tmp_path, monkeypatch):
    toml = '[study]\nname = "Two"\n[columns]\nanimal = "a"\n[variables.w]\ncolumn = "w"\nkind = "continuous"\n'
    app = sound(run(make(tmp_path / "two", toml, {"a": ["x", "y"], "w": [1.0, 2.0]}), monkeypatch, "herd"))
    assert "does not say when its observations are" in app.info[0].value


@pytest.mark.slow
def test_a_day_in_the_address_that_never_was_is_no_fault_of_the_app(herd, monkeypatch):
    study, alerts = computed(watched(herd).save())
    app = sound(run(study.path, monkeypatch, "herd", follow=FOLLOWED, round=json.dumps({"as_of": 1e300})))
    assert metrics(app)["With an alert"] == str(shown_round(study, alerts, Round()).counts["alerted"])
