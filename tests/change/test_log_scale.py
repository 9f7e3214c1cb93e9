"""A variable followed on its logarithm: as if the logarithm were stored, told in the variable's unit and as factors."""

import numpy as np
import pytest
from change.printed import pages_of
from change.watched import ILL, celled
from herds import Herd

from explorer.change import report_charts
from explorer.change.alerts import COLUMNS, alerts_of
from explorer.change.beside import band_of
from explorer.change.clock import clock_of
from explorer.change.digits import change_said, value_said, with_unit
from explorer.change.figures import figures_of, last_row
from explorer.change.herd_round import herd_round
from explorer.change.kept import keep_alerts, read_alerts
from explorer.change.known_backgrounds import backgrounds_of
from explorer.change.levels_table import levels_table
from explorer.change.monitor import monitor_of
from explorer.change.report import report_pdf
from explorer.change.round_report import round_pdf
from explorer.change.round_shown import round_table, shown_round
from explorer.change.scale import is_lopsided
from explorer.change.series import followable, series_of
from explorer.change.usual import usual_variables
from explorer.errors import UserError
from explorer.study.embeddings import EmbeddingNote, TaskScale, write_embedding
from explorer.view import Follow, Round, View, from_query, to_query

pytestmark = pytest.mark.usefixtures("quick_limits")

LOG, STORED = "log2:cells", "stored"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return celled(Herd(tmp_path_factory.mktemp("log") / "herd")).open()


@pytest.fixture(scope="module")
def alerts(study):
    return alerts_of(study, [LOG])


@pytest.fixture(scope="module")
def stored(study):
    return alerts_of(study, [STORED])


@pytest.mark.slow
def test_it_is_followed_as_a_stored_logarithm_is_and_told_as_it_was_measured(alerts, stored):
    found, plain = alerts.followed[LOG], stored.followed[STORED]
    assert len(alerts.table) > 3 and ILL in set(alerts.table["animal_id"])
    np.testing.assert_allclose(found.series.value, plain.series.value, rtol=1e-12)
    for name in ("animal_id", "time", "channel", "new", "n_visits", "severity", "p"):
        assert alerts.table[name].tolist() == pytest.approx(stored.table[name].tolist()), name
    for name in ("value", "effect", "effect_low", "effect_high"):
        np.testing.assert_allclose(alerts.table[name], np.exp2(stored.table[name]))
    own, other = found.frame(ILL), plain.frame(ILL)
    for name in ("value", "herd", "own", "low", "high", "population_low", "population_high", "frozen", "effect_high"):
        np.testing.assert_allclose(own[name], np.exp2(other[name]), err_msg=name)
    for name in ("day", "z", "shift", "ratio", "p", "alerted", "monitored"):
        np.testing.assert_allclose(own[name], other[name])
    assert (own["low"].dropna() > 0).all()
    assert alerts.table["probability_relevant"].isna().all(), "200 × 1000/mL is no factor"


def test_the_mean_of_a_day_is_that_of_the_logarithms(study):
    found, raw = series_of(study, LOG), series_of(study, "cells")
    twice = found.merged == 2
    assert twice.any() and (found.merged == raw.merged).all()
    np.testing.assert_allclose(found.shown(found.value)[~twice], raw.value[~twice])
    assert (found.shown(found.value)[twice] < raw.value[twice]).all(), "a geometric mean lies below the other"
    np.testing.assert_allclose(found.shown(found.value)[twice], raw.value[twice] / 1.25 * np.sqrt(1.5))


def test_the_table_keeps_its_columns_and_its_unit_says_what_the_effect_is(alerts):
    assert tuple(alerts.exported.columns) == COLUMNS
    assert set(alerts.exported["unit"]) == {"1000/mL (change: times)"}
    ill = alerts.table[alerts.table["animal_id"] == ILL]
    assert ill["effect"].max() == pytest.approx(8, rel=0.5)
    assert (ill["effect_low"] > 1).mean() > 0.8 and (ill["effect"] < ill["effect_high"]).all()


def test_a_sentence_tells_the_value_in_its_unit_and_the_change_as_a_factor(alerts):
    for one in alerts.table.itertuples():
        assert f"Cells (log scale) {one.value:.0f}" in one.reason.replace(".0 ×", " ×") or one.value < 40
        assert " × 1000/mL, expected " in one.reason and "higher" not in one.reason and "lower" not in one.reason
        assert "times what was expected" in one.reason or "times its own level before" in one.reason
    found = alerts.followed[LOG]
    row = int(np.flatnonzero(found.alerted & (found.effects.estimate > 2))[0])
    said = figures_of(found, row)
    assert " times (" in said.effect and "1000/mL" not in said.effect and said.relevant == ""
    assert said.value.endswith(" × 1000/mL") and float(said.value.split()[0]) == pytest.approx(
        2 ** found.series.value[row], rel=0.05
    )


def test_the_round_and_what_stands_beside_are_told_as_measured(study, alerts, stored):
    found, plain = herd_round(alerts), herd_round(stored)
    assert found["animal_id"].tolist() == plain["animal_id"].tolist()
    for name in ("value", "expected", "effect", "effect_low", "effect_high"):
        np.testing.assert_allclose(found[name], np.exp2(plain[name]), err_msg=name)
    assert found["trend"].tolist() == plain["trend"].tolist()
    shown = round_table(alerts, shown_round(study, alerts, Round()))
    series = alerts.followed[LOG].series
    ill = shown[shown["animal"] == ILL].iloc[0]
    own = series.value[series.animal == series.animals.index(ILL)]
    np.testing.assert_allclose(ill["course"][-3:], np.exp2(own[-3:]))
    band = band_of(series, list(series.animals), np.array([series.day.max()]))
    assert band["low"].iloc[0] > 0 and band["high"].iloc[0] == pytest.approx(
        np.exp2(band_of(stored.followed[STORED].series, list(series.animals), np.array([series.day.max()]))["high"])[0],
        rel=0.15,  # the quantile lies between two animals
    )


def test_levels_are_geometric_means_and_their_changes_factors(study):
    table, plain = (levels_table([series_of(study, name)], [ILL]) for name in (LOG, STORED))
    assert len(table) == 2 and table["unit"].iloc[0] == "1000/mL (change: times)"
    for name in ("mean", "mean_low", "mean_high", "change", "change_low", "change_high"):
        np.testing.assert_allclose(table[name], np.exp2(plain[name]))
    assert table["change"].iloc[1] == pytest.approx(8, rel=0.3)


def test_one_more_visit_is_judged_as_its_stored_logarithm_is(study, alerts, stored):
    outcomes = []
    for name, found, value in ((LOG, alerts, 5000.0), (STORED, stored, np.log2(5000.0))):
        followed = found.followed[name]
        backgrounds = backgrounds_of(study, followed.series)
        last = np.flatnonzero(followed.panel.animal == followed.series.animals.index("cow-01"))[-1:]
        monitor = monitor_of(followed, backgrounds)
        outcomes.append(monitor.add("cow-01", value, backgrounds.only(last)))
    log, plain = outcomes
    assert log.alerted and (log.z, log.ratio) == pytest.approx((plain.z, plain.ratio))
    assert (log.expected, log.low, log.high) == pytest.approx((plain.expected, plain.low, plain.high))
    backgrounds = backgrounds_of(study, alerts.followed[LOG].series)
    with pytest.raises(UserError, match=r"0 has no logarithm to judge. Give a value above 0"):
        monitor_of(alerts.followed[LOG], backgrounds).add("cow-01", 0.0, backgrounds.only(np.array([0])))


def test_it_is_kept_and_printed(study, alerts, tmp_path):
    keep_alerts(tmp_path / "a.npz", alerts)
    back = read_alerts(tmp_path / "a.npz")
    assert back.followed[LOG].series.scale == "log2"
    (page,) = pages_of(report_pdf(study, ILL, back))
    found = alerts.followed[LOG]
    said = figures_of(found, last_row(found, ILL))
    assert said.value in page and f"expected {said.expected}" in page and f": {said.effect}" in page
    assert " times (" in page and " 100 " in page and " 300 " in page, "the axis has round counts of cells"
    pages = pages_of(round_pdf(study, back, shown_round(study, back, Round())))
    assert alerts.table[alerts.table["animal_id"] == ILL]["reason"].iloc[-1] in pages[0]
    assert report_pdf(study, ILL, back) == report_pdf(study, ILL, alerts)


def test_on_paper_equal_factors_are_equally_long_and_a_fall_points_down(study, monkeypatch):
    found = alerts_of(study, ["log2:weight"])
    drawn = []
    monkeypatch.setattr(report_charts, "_triangle", lambda sheet, x, y, *, up, new: drawn.append((x, y, up)))
    report_pdf(study, ILL, found)
    ill = found.table[found.table["animal_id"] == ILL]
    heights = [y for *_, y, _ in sorted(drawn[: len(ill)])]
    assert len(ill) > 2 and (ill["effect"] < 1).all() and not any(up for *_, up in drawn[: len(ill)])
    slope, middle = np.polyfit(np.log(ill["value"]), heights, 1)
    assert slope < 0
    np.testing.assert_allclose(heights, middle + slope * np.log(ill["value"]), atol=1e-6)


@pytest.mark.slow
def test_with_other_tasks_it_is_one_of_those_that_are_judged_together(study):
    found = alerts_of(study, ["weight", LOG])
    plain = alerts_of(study, ["weight", STORED])
    np.testing.assert_allclose(found.joint.score, plain.joint.score)
    together = found.table["channel"] == "together"
    assert found.table["reason"][together].str.contains("Cells (log scale)", regex=False).all()
    assert len(found.table) == len(plain.table) and set(found.table["task"]) <= {"weight", LOG}


# --- what is offered, and what is refused ----------------------------------------------------------------


def test_it_is_offered_where_it_helps_and_taken_wherever_it_can_be(study, alerts):
    offered = followable(study)
    assert offered[LOG] == "Cells (log scale)" and list(offered).index(LOG) == list(offered).index("cells") + 1
    assert [name for name in offered if name.startswith("log2:")] == [LOG], "the others are not lopsided"
    assert series_of(study, "log2:weight").unit == "kg"
    assert usual_variables(study, offered) == ("weight", "milk", "bcs", "cells"), "nothing changes by itself"
    (said,) = [one for one in alerts_of(study, ["cells"]).remarks if "logarithm" in one]
    assert "'Cells (log scale)' on the pages, log2:cells elsewhere" in said
    (said,) = [one for one in alerts.remarks if "factor" in one]
    assert "the change that matters, 200 1000/mL, is an amount" in said


@pytest.mark.parametrize("value", [0.0, -3.0])
def test_values_that_have_no_logarithm_are_named(herd, value):
    herd = celled(herd)
    herd.observations.loc[[40, 100], "cells"] = value
    herd.observations.loc[7, "cells"] = np.nan
    study = herd.open()
    assert LOG not in followable(study), "it is not offered"
    with pytest.raises(UserError) as told:
        series_of(study, LOG)
    when = clock_of(study).say(clock_of(study).days(study.time[40:41])[0])
    assert f"'cells' has no logarithm to follow: {value:g} of 'cow-01' on {when} and 1 more are not" in str(told.value)
    assert "half of the least that can be" in str(told.value)
    early = clock_of(study).read("2022-06-01")
    assert len(series_of(study, LOG, as_of=early)), "later values are not read"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("log2:bcs", "'bcs' has no logarithm to follow: it is not measured on a continuous scale"),
        ("log2:age", "'age' has no logarithm to follow"),
        ("log2:hoof", "there is nothing called 'log2:hoof' to follow.*log2:cells"),
        ("log2:", "there is nothing called 'log2:' to follow"),
        ("log10:cells", "there is nothing called 'log10:cells' to follow"),
    ],
)
def test_what_has_no_logarithm_is_refused(study, name, sentence):
    with pytest.raises(UserError, match=sentence):
        series_of(study, name)


def test_an_embedding_of_that_name_keeps_its_task_dimensions(herd):
    study = celled(herd).open()
    note = EmbeddingNote(
        observations=study.ids_hash,
        encoder="made",
        task_dimensions={"weight": 0},
        task_scales={"weight": TaskScale(mean=500.0, spread=20.0, unit="kg")},
    )
    write_embedding(study.path, "log2", np.zeros((len(study), 2), dtype=np.float32), note)
    study = herd.open()
    assert series_of(study, "log2:weight").value.tolist() == [500.0] * len(series_of(study, "log2:weight"))
    assert LOG not in followable(study)
    with pytest.raises(UserError, match="no dimension of the embedding 'log2' says 'cells'"):
        series_of(study, LOG)
    assert not any("logarithm" in one for one in alerts_of(study, ["cells"]).remarks), "nobody is sent there"


def test_a_variable_of_that_name_is_itself(herd):
    herd = celled(herd)
    herd.spec["variables"][LOG] = {"column": "milk", "kind": "continuous", "role": "task", "unit": "kg/day"}
    study = herd.open()
    np.testing.assert_array_equal(series_of(study, LOG).value, series_of(study, "milk").value)
    assert followable(study)[LOG] == LOG


def test_its_name_survives_the_address():
    view = View(follow=Follow(variables=(LOG, "weight")), round=Round(task=LOG))
    assert from_query(to_query(view)) == view


def test_it_cannot_be_explained_by_itself(study):
    with pytest.raises(UserError, match="'cells' cannot explain itself"):
        backgrounds_of(study, series_of(study, LOG), ["cells"])


# --- figures in words ------------------------------------------------------------------------------------


def test_digits_follow_the_size_of_what_is_told(study):
    series = series_of(study, LOG)
    told = [value_said(series, np.log2(one), 1.0) for one in (3.24, 61.2, 812.4, 12_345.6)]
    assert told == ["3.2", "61", "812", "12346"]
    assert change_said(series, np.log2(3.2), np.log2(1.9), np.log2(5.4), 1.0) == "3.2 times (1.9 to 5.4)"
    assert change_said(series, np.log2(0.31), np.log2(0.19), np.log2(0.54), 1.0) == "0.31 times (0.19 to 0.54)"
    plain = series_of(study, "weight")
    assert change_said(plain, 3.2, -1.94, 5.4, 1.0) == "+3.2 (-1.9 to 5.4)"
    assert [with_unit("812", unit) for unit in ("1000/mL", "kg", "")] == ["812 × 1000/mL", "812 kg", "812"]


def test_one_slip_of_the_pen_makes_no_variable_lopsided():
    rng = np.random.default_rng(0)
    weights, cells = rng.normal(30, 4, 2_000), np.exp(rng.normal(4, 1, 2_000))
    for odd in (2_530.0, 0.1):
        weights[0] = cells[0] = odd
        assert not is_lopsided(weights) and is_lopsided(cells)
    cells[0] = -1.0
    assert not is_lopsided(cells)
