"""The report on one animal: the figures of the screen on one page, the same bytes each time, nothing from later."""

import io
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from change.printed import pages_of, size_of
from change.watched import FROM, ILL, watched
from herds import Herd
from PIL import Image

from explorer import __version__
from explorer.change.alerts import alerts_of
from explorer.change.circumstances import circumstances, encoders_said, facts_of
from explorer.change.clock import clock_of
from explorer.change.false_alerts import false_alerts
from explorer.change.figures import figures_of, last_row
from explorer.change.report import reference_day, report_pdf
from explorer.change.standing import standing_of
from explorer.decisions.alert_verdicts import resolutions, resolve_alert
from explorer.decisions.noted_events import note_event
from explorer.errors import UserError
from explorer.study.embeddings import EmbeddingNote, write_embedding
from explorer.study.study import open_study

pytestmark = pytest.mark.usefixtures("quick_limits")

TASKS = ["weight", "milk", "bcs"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return watched(Herd(tmp_path_factory.mktemp("report") / "herd")).open()


@pytest.fixture(scope="module")
def alerts(study):
    return alerts_of(study, TASKS)


def words(study, alerts, animal=ILL, **options):
    (page,) = pages_of(report_pdf(study, animal, alerts, **options))
    return page


@pytest.mark.parametrize(("paper", "size"), [("A4", (595, 842)), ("letter", (612, 792))])
@pytest.mark.slow
def test_one_page_says_what_the_alerts_say(study, alerts, paper, size):
    content = report_pdf(study, ILL, alerts, paper=paper)
    assert size_of(content) == pytest.approx(size, abs=0.5)
    (page,) = pages_of(content)
    standing = standing_of(alerts, ILL)
    latest = alerts.table[(alerts.table["animal_id"] == ILL) & (alerts.table["task"] == "weight")].iloc[-1]
    assert standing.rows["alerted"].any() and standing.sentence in page and latest["reason"] in page
    for followed in alerts.followed.values():
        row = last_row(followed, ILL)
        said = figures_of(followed, row)
        assert said.value in page and f"expected {said.expected}" in page
        # Of a task without an alert no change is told: the visits that differ most would say too much.
        assert bool(said.effect) == bool(followed.alerted[row])
        assert not said.effect or f"change, {said.of}: {said.effect}; {said.relevant}" in page
        baseline = followed.reference.baseline
        assert f"{baseline.animals:,} animals, {baseline.observations:,} visits" in page
    rates, said = alerts.facts["false_alarms"], false_alerts(alerts.facts)
    assert f"about {rates['expected_per_month']:.2g} false alerts a month" in said
    assert said[1:] in page and said in alerts.summary, "the same words on paper, on the screen and in the terminal"
    assert "not a diagnosis" in page and study.data_hash[:12] in page
    assert "SIMULATED" not in page
    assert "1 Mar 2023: treatment" in page and "About that time: treatment 1 Mar 2023." in page
    assert "120 animals are needed" in page  # it has 40


def test_the_promise_is_told_with_what_it_came_to_and_with_more_where_animals_are_few(alerts):
    said = false_alerts(alerts.facts)
    assert "set for 5 % of healthy animals" in said and "5 % came to 5 to 11 %" in said
    assert "fewer than 120 animals: expect half as many more" in said, "it has 40"
    tasks = {name: one | {"fitted_on_animals": 120} for name, one in alerts.facts["tasks"].items()}
    assert "fewer than" not in false_alerts(alerts.facts | {"tasks": tasks})
    alone = tasks | {"milk": tasks["milk"] | {"fitted_on_animals": 119}}
    assert "fewer than 120" in false_alerts(alerts.facts | {"tasks": alone})


@pytest.mark.slow
def test_the_foot_keeps_versions_and_the_promise_however_much_is_followed(herd):
    herd = watched(herd, animals=20)
    names = [f"measure number {number} of the milking robot" for number in range(9)]
    rng = np.random.default_rng(1)
    for name in names:
        herd.observations[name] = rng.normal(10, 1, len(herd.observations))
        herd.spec["variables"][name] = {"column": name, "kind": "continuous", "role": "task"}
    study = herd.open()
    alerts = alerts_of(study, names, memory=14)
    for paper in ("A4", "letter"):
        page = words(study, alerts, paper=paper)
        assert f"Latent Explorer {__version__}; data {study.data_hash[:12]}; no encoder." in page
        assert false_alerts(alerts.facts)[1:] in page and "The herd's bands are of: 20 animals," in page
        assert "Intervals are of 95 %." in page, "the last words of the foot"


@pytest.mark.slow
def test_letters_of_close_events_do_not_run_into_each_other(herd):
    herd = watched(herd)
    days = ["2022-03-01", "2023-03-01", "2023-03-02", "2023-03-03", "2023-06-01"]
    herd.events = pd.DataFrame({"animal": ILL, "time": np.array(days, dtype="datetime64[us]"), "kind": "treatment"})
    study = herd.open()
    page = words(study, alerts_of(study, ["weight"]))
    assert " a b–d e " in page


@pytest.mark.slow
def test_more_facts_than_fit_are_counted(herd):
    herd = watched(herd)
    for number in range(9):
        herd.observations[f"pen {number}"] = 1.0 + number
        herd.spec["variables"][f"pen {number}"] = {"column": f"pen {number}", "kind": "continuous"}
    study = herd.open()
    assert len(facts_of(study, ILL)) == 11
    page = words(study, alerts_of(study, ["weight"]))
    assert "pen 6 7" in page and "pen 7 8" not in page and "and 2 more" in page


def test_a_long_title_keeps_its_end_which_names_the_embedding(study, alerts):
    weight = alerts.followed["weight"]
    label = "distance from its own earlier vectors in herd-2024-winter"
    long = replace(weight, series=replace(weight.series, label=label))
    page = words(study, replace(alerts, followed=alerts.followed | {"weight": long}))
    assert label in page


@pytest.mark.slow
def test_encoders_are_named_by_their_hash_or_not_at_all(herd):
    study = watched(herd, animals=20).open()
    vectors = np.random.default_rng(0).normal(size=(len(study), 3)).astype(np.float32)
    for name, mark in (("net", "0123456789abcdef"), ("other", None)):
        note = EmbeddingNote(observations=study.ids_hash, encoder=f"the {name}", encoder_hash=mark)
        write_embedding(study.path, name, vectors, note)
    study = open_study(study.path)
    assert encoders_said(study, ["net", "other"]) == "Encoder the net (0123456789ab): the same for all visits"
    assert encoders_said(study, ["other"]) == "", "nobody knows which one it was"
    page = words(study, alerts_of(study, ["weight", "net:own-baseline"], memory=14))
    assert "encoder the net (0123456789ab): the same for all visits." in page


def test_the_effect_has_the_size_and_the_sign_of_what_was_done_to_it(alerts):
    weight = alerts.followed["weight"]
    said = figures_of(weight, last_row(weight, ILL)).effect
    estimate, low, high = (float(one) for one in re.findall(r"[-+]?\d+(?:\.\d+)?(?=[ )]|$)", said))
    assert low < estimate < high < 0
    assert estimate == pytest.approx(-60, abs=15)


def test_the_same_bytes_until_somebody_decides_and_then_with_the_name(study, alerts):
    first = report_pdf(study, ILL, alerts)
    assert report_pdf(study, ILL, alerts) == first
    head = resolutions(study).as_of
    mine = alerts.table[(alerts.table["animal_id"] == ILL) & (alerts.table["task"] == "weight")]
    resolve_alert(study, ILL, mine["day"].tolist(), "weight", "confirmed", note="ketosis", who="Dr Šárka")
    note_event(study, ILL, pd.Timestamp("2023-03-09").date(), "vet's visit", "drenched", who="Ann")
    page = words(study, alerts)
    assert "confirmed, Dr Šárka" in page and "ketosis" in page
    assert "vet's visit, drenched (noted by Ann)" in page
    assert report_pdf(study, ILL, alerts, decisions=head) == first


@pytest.mark.slow
def test_names_beyond_latin_are_printed_and_what_the_typeface_has_not_is_marked(herd):
    herd = watched(herd)
    name = "Kälbchen č Ωμέγα Жанна 牛"
    for frame, column in ((herd.observations, "animal_id"), (herd.scores, "animal"), (herd.events, "animal")):
        frame[column] = frame[column].replace(ILL, name)
    study = herd.open()
    page = words(study, alerts_of(study, ["weight"]), name)
    assert "Kälbchen č Ωμέγα Жанна �" in page


@pytest.mark.slow
def test_a_name_without_end_and_many_alerts_stay_on_one_page(herd):
    herd = watched(herd)
    name = "cow " + "W" * 300
    herd.observations["animal_id"] = herd.observations["animal_id"].replace(ILL, name)
    herd.events = pd.DataFrame(
        {"animal": name, "time": herd.observations["captured_at"].iloc[:40], "kind": "treatment " * 30}
    )
    study = herd.open()
    page = words(study, alerts_of(study, ["weight", "milk"], rate=0.5), name)
    assert "…" in page and "more" in page


def test_an_animal_that_is_not_there_is_told_with_those_called_much_the_same(study, alerts):
    with pytest.raises(UserError, match=r"Cow-07.*such as cow-07"):
        report_pdf(study, "Cow-07", alerts)


@pytest.mark.slow
def test_few_visits_are_called_learning(herd):
    herd = watched(herd)
    own = herd.observations["animal_id"] == ILL
    last = herd.observations["captured_at"].max()
    herd.observations = herd.observations[~own | (own.cumsum() <= 3)].reset_index(drop=True)
    few = herd.observations["animal_id"] == ILL
    herd.observations.loc[few, "captured_at"] = last - np.arange(3)[::-1] * np.timedelta64(20, "D")
    study = herd.open()
    alerts = alerts_of(study, ["weight"])
    standing = standing_of(alerts, ILL)
    assert standing.learning and standing.rows.empty
    page = words(study, alerts)
    assert "Learning: too few visits" in page and "learning: alerts begin after 5 visits, 3 so far" in page


@pytest.mark.slow
def test_a_report_as_of_a_day_says_nothing_of_later(herd, tmp_path):
    cut = "2023-02-20"
    whole = watched(herd).open()
    early = watched(type(herd)(tmp_path / "early"))
    at = np.datetime64(cut) + 1
    early.observations = early.observations[early.observations["captured_at"] < at]
    early.scores = early.scores[early.scores["time"] < at]
    early.events = early.events[early.events["time"] < at]
    known = early.open()
    then = words(whole, alerts_of(whole, TASKS, as_of=clock_of(whole).read(cut)))
    was = words(known, alerts_of(known, TASKS))
    assert then.replace(whole.data_hash[:12], "") == was.replace(known.data_hash[:12], "")


@pytest.mark.slow
def test_an_animal_not_seen_for_long_is_judged_on_its_own_last_day(herd):
    herd = watched(herd)
    own = herd.observations["animal_id"] == ILL
    herd.observations = herd.observations[~own | (own.cumsum() <= FROM + 3)].reset_index(drop=True)
    study = herd.open()
    alerts = alerts_of(study, ["weight"])
    standing = standing_of(alerts, ILL)
    assert standing.rows["alerted"].any() and "It has not been seen since" in standing.sentence
    assert standing.day == alerts.followed["weight"].frame(ILL)["day"].max()


def test_what_else_changed_is_told_between_the_days_compared(study, alerts):
    standing = standing_of(alerts, ILL)
    reference = reference_day(alerts, standing)
    assert reference < standing.since
    found = {one.label: (one.before, one.after) for one in circumstances(study, ILL, reference, standing.day)}
    assert "parity" not in found  # it stays
    before, after = (float(one.split()[0]) for one in found["age"])
    assert after - before == pytest.approx((standing.day - reference) / 365.25, abs=0.02)
    assert dict(facts_of(study, ILL))["parity"] == "2"


@pytest.mark.slow
def test_pictures_before_and_now_are_on_the_page_and_a_simulated_study_says_so(herd):
    plain = watched(herd).open()
    without = len(report_pdf(plain, ILL, alerts_of(plain, ["weight"])))
    rng = np.random.default_rng(0)
    herd.pictured("bytes")
    for row in range(len(herd.observations)):
        stream = io.BytesIO()
        Image.fromarray(rng.integers(0, 255, (24, 24, 3), dtype=np.uint8)).save(stream, "PNG")
        herd.observations.at[row, "image"] = stream.getvalue()
    herd.spec["study"]["simulated"] = True
    study = herd.open()
    content = report_pdf(study, ILL, alerts_of(study, ["weight"]))
    (page,) = pages_of(content)
    assert "Before: " in page and "Now: " in page and "SIMULATED" in page
    assert len(content) > without + 2 * 24 * 24


@pytest.mark.slow
def test_numeric_times_are_told_as_numbers(herd):
    herd = watched(herd)
    for frame, column in ((herd.observations, "captured_at"), (herd.scores, "time"), (herd.events, "time")):
        frame[column] = (frame[column].dt.normalize() - pd.Timestamp("2022-01-01")) / pd.Timedelta(days=1)
    herd.spec["columns"]["time_unit"] = "days"
    del herd.spec["variables"]["age"]
    study = herd.open()
    alerts = alerts_of(study, ["weight"])
    page = words(study, alerts)
    last = alerts.followed["weight"].frame(ILL)["day"].max()
    assert f"State of day {standing_of(alerts, ILL).day:g}" in page and f"kg, day {last:g}" in page
    assert "day 424: treatment" in page
