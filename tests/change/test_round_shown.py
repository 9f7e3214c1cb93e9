"""The round that a view shows: filters, task, day, what is new or open; on paper the same rows."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from change.printed import pages_of
from change.watched import ILL, watched
from herds import Herd

from explorer.change.alert_table import TOGETHER
from explorer.change.alerts import alerts_of
from explorer.change.clock import clock_of
from explorer.change.figures import figures_of, last_row
from explorer.change.herd_round import herd_round
from explorer.change.round_report import round_pdf
from explorer.change.round_shown import COURSE, NOTHING, round_of, round_table, shown_alerts, shown_round
from explorer.change.standing import last_day
from explorer.decisions.noted_events import note_event
from explorer.errors import UserError
from explorer.view import Round, VariableFilter, View

pytestmark = pytest.mark.usefixtures("quick_limits")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return watched(Herd(tmp_path_factory.mktemp("round") / "herd")).open()


@pytest.fixture(scope="module")
def alerts(study):
    return alerts_of(study, ["weight", "milk"])


@pytest.mark.slow
def test_everything_is_shown_by_default_in_the_order_of_the_round(study, alerts):
    shown = shown_round(study, alerts, Round())
    assert shown.day == last_day(alerts) and shown.among == ""
    assert shown.rows.drop(columns=["verdict", "about"]).equals(herd_round(alerts))
    assert (shown.gone, shown.learning) == (0, 0) and "Not in the round" not in shown.sentence
    assert shown.counts["animals"] == 40 and ILL in set(shown.rows["animal_id"])
    assert str(shown.counts["alerted"]) in shown.sentence


def test_how_many_alerts_stand_among_so_many_looked_at(study, alerts):
    shown = shown_round(study, alerts, Round())
    rows = shown.whole[shown.whole["alerted"].to_numpy(dtype=bool)]
    stands = rows[rows["q"] <= 0.1]["animal_id"].nunique()
    assert 0 < stands == shown.counts["stands"] <= shown.counts["alerted"]
    assert f"{stands} stand if at most 10% of what is picked out" in shown.sentence
    table = round_table(alerts, shown)
    assert table["by_chance"].notna().tolist() == (table["new"] != "").tolist()


def test_a_filter_shows_the_animals_whose_last_observation_passes(study, alerts):
    first = VariableFilter(variable="parity", low=1, high=1)
    shown = shown_round(study, alerts, Round(), filters=[first])
    assert set(shown.rows["animal_id"]) == {f"cow-{number:02}" for number in range(0, 40, 3)}
    assert shown.counts == shown_round(study, alerts, Round()).counts  # of the whole round
    assert "parity" in shown.among


def test_one_task_only_new_and_only_unresolved(study, alerts):
    assert set(shown_round(study, alerts, Round(task="milk")).rows["task"]) == {"milk"}
    began = alerts.table[(alerts.table["animal_id"] == ILL) & alerts.table["new"]]["day"].iloc[0]
    then = shown_round(study, alerts, Round(as_of=float(began), only="new")).rows
    assert then["new"].all() and ILL in set(then["animal_id"])
    now = shown_round(study, alerts, Round(only="alerts")).rows
    mine = now[(now["animal_id"] == ILL) & (now["task"] == "weight")].iloc[0]
    before, within = {(ILL, mine["since"] - 100, "weight"): "confirmed"}, {(ILL, mine["since"], "weight"): "confirmed"}
    watch = {(ILL, mine["day"], "weight"): "watch"}
    for verdicts, open_ in ((before, True), (within, False), (watch, True)):
        rows = shown_round(study, alerts, Round(only="open"), verdicts=verdicts).rows
        assert ((rows["animal_id"] == ILL) & (rows["task"] == "weight")).any() == open_


def test_an_earlier_day_uses_nothing_later(study, alerts):
    day = float(np.median(alerts.followed["weight"].panel.day[alerts.followed["weight"].monitored]))
    shown = shown_round(study, alerts, Round(as_of=day))
    table = round_table(alerts, shown)
    assert (shown.rows["day"] <= day).all()
    weight = alerts.followed["weight"].frame(ILL)
    course = table[(table["animal"] == ILL) & (table["followed"] == "Weight")]["course"].iloc[0]
    assert course == weight[weight["day"] <= day]["value"].tolist()[-COURSE:]
    with pytest.raises(UserError, match="no animal had been seen often enough"):
        shown_round(study, alerts, Round(as_of=float(weight["day"].min())))


def test_the_table_says_each_row_as_the_figures_do(study, alerts):
    shown = shown_round(study, alerts, Round())
    table = round_table(alerts, shown)
    assert len(table) == len(shown.rows)
    for one, row in zip(table.head(12).itertuples(), shown.rows.head(12).itertuples(), strict=True):
        followed = alerts.followed[row.task]
        said = figures_of(followed, last_row(followed, row.animal_id))
        assert (one.animal, one.value, one.change) == (row.animal_id, said.value, said.effect)
        assert one.new == ("NEW" if row.new else "alert" if row.alerted else "")
        assert (one.reason, one.about) == (row.reason if row.alerted else NOTHING, row.about)
        assert one.severity == row.severity if row.alerted else np.isnan(one.severity)


def test_an_alert_is_told_with_what_happened_about_that_time(study, alerts):
    """The ill cow was treated on 1 March 2023, some weeks after its alerts began; another one, long before any."""
    rows = shown_round(study, alerts, Round(only="alerts")).rows
    mine = rows["animal_id"] == ILL
    assert set(rows[mine]["about"]) == {"treatment 1 Mar 2023"}
    assert (rows[~mine]["about"] == "").all()
    before = clock_of(study).read("2023-02-28")
    assert (shown_round(study, alerts, Round(as_of=before)).rows["about"] == "").all(), "it had not happened yet"
    note_event(study, ILL, date(2023, 5, 2), "move", who="Ann")
    told = shown_round(study, alerts, Round(only="alerts")).rows
    assert told[told["animal_id"] == ILL]["about"].iloc[0] == "treatment 1 Mar 2023, move 2 May 2023"
    assert shown_round(study, alerts, Round(only="alerts"), decisions=0).rows.equals(rows), "before it was noted"


def test_a_day_that_never_was_is_the_first_or_the_last_there_is(study, alerts):
    assert shown_round(study, alerts, Round(as_of=1e300)).rows.equals(shown_round(study, alerts, Round()).rows)
    with pytest.raises(UserError, match="no animal had been seen often enough on 3 Jan 2022"):
        shown_round(study, alerts, Round(as_of=-1e300))


@pytest.mark.slow
def test_who_is_left_out_of_the_round_is_counted(herd):
    herd = watched(herd, animals=30)
    seen = herd.observations.groupby("animal_id").cumcount()
    gone, new = herd.observations["animal_id"] == "cow-03", herd.observations["animal_id"].isin(["cow-04", "cow-05"])
    herd.observations = herd.observations[~(gone & (seen >= 20)) & ~(new & (seen < 27))].reset_index(drop=True)
    study = herd.open()
    shown = shown_round(study, alerts_of(study, ["weight"]), Round())
    assert shown.counts["animals"] == 27 and (shown.gone, shown.learning) == (1, 2)
    assert "Not in the round: 1 not seen lately, 2 seen too few times so far." in shown.sentence


def test_on_paper_stand_the_alerts_that_are_shown_and_no_others(study, alerts):
    shown = shown_round(study, alerts, Round(only="alerts"))
    content = round_pdf(study, alerts, shown)
    assert content == round_pdf(study, alerts, shown)
    text = " ".join(pages_of(content))
    assert all(reason in text for reason in shown.rows["reason"]) and shown.sentence in text
    of_milk = " ".join(pages_of(round_pdf(study, alerts, shown_round(study, alerts, Round(task="milk")))))
    assert not any(one in of_milk for one in shown.rows[shown.rows["task"] == "weight"]["reason"])
    assert "not a diagnosis" in text and "page 1 of 1" in text


def test_an_alert_of_several_tasks_together_says_that_none_changed_by_itself(study, alerts):
    shown = shown_round(study, alerts, Round(only="alerts"))
    together = replace(shown, rows=shown.rows.head(1).assign(channel=TOGETHER))
    assert round_table(alerts, together)["change"].tolist() == ["none by itself"]
    (page,) = pages_of(round_pdf(study, alerts, together))
    assert "none by itself" in page and "none by itself" not in " ".join(pages_of(round_pdf(study, alerts, shown)))


@pytest.mark.slow
def test_a_long_round_takes_pages_and_loses_no_row(study):
    many = alerts_of(study, ["weight", "milk"], rate=0.9)
    shown = shown_round(study, many, Round())
    rows = shown.rows.assign(alerted=True, reason=[f"Reason number {place}." for place in range(len(shown.rows))])
    pages = pages_of(round_pdf(study, many, replace(shown, rows=rows), paper="letter"))
    assert len(pages) > 2 and all(f"page {at + 1} of {len(pages)}" in page for at, page in enumerate(pages))
    text = " ".join(pages)
    assert all(f"Reason number {place}." in text for place in range(len(rows)))


def test_the_file_holds_what_the_view_shows(study, alerts):
    assert shown_alerts(study, alerts, View(), 0).equals(alerts.exported)
    mine = shown_alerts(study, alerts, View(animal=ILL), 0)
    assert set(mine["animal_id"]) == {ILL} and len(mine) == (alerts.table["animal_id"] == ILL).sum()
    view = View(round=Round(task="milk", only="alerts"))
    some = shown_alerts(study, alerts, view, 0)
    assert set(some["task"]) == {"milk"}
    assert set(some["animal_id"]) == set(round_of(study, alerts, view, 0).rows["animal_id"])


def test_animals_that_have_left_are_no_part_of_the_round(tmp_path):
    herd = watched(Herd(tmp_path / "herd"))
    end = herd.observations["captured_at"].max()
    sold, back, later, wrong = "cow-01", "cow-02", "cow-03", "cow-04"
    last = herd.observations.groupby("animal_id")["captured_at"].max()
    gone = herd.observations["animal_id"].isin([sold, back]) & (herd.observations["captured_at"] == end)
    herd.observations = herd.observations[~gone].reset_index(drop=True)
    events = [
        (sold, last[sold], "exit_sold"),
        (back, last[back], "exit"),
        (back, last[back] + pd.Timedelta(days=1), "entry"),
        (later, end + pd.Timedelta(days=30), "death"),
        (wrong, last[wrong] - pd.Timedelta(days=60), "exit"),  # seen after it: the study contradicts itself
    ]
    herd.events = pd.concat([herd.events, pd.DataFrame(events, columns=["animal", "time", "kind"])], ignore_index=True)
    study = herd.open()
    alerts = alerts_of(study, ["weight"], memory=14)
    shown = shown_round(study, alerts, Round())
    assert not {sold} & set(shown.whole["animal_id"]) and {back, later, wrong} <= set(shown.whole["animal_id"])
    assert shown.left == 1 and "1 that have left" in shown.sentence
    before = shown_round(study, alerts, Round(as_of=float(shown.day - 40)))
    assert sold in set(before.whole["animal_id"]) and before.left == 0
