"""A variable followed on its logarithm, on the pages: chosen, named by the address, drawn and told as measured."""

import json

import numpy as np
import pytest
from change.watched import ILL, celled
from herds import Herd
from visiting import run, sound, words

from explorer.change.figures import visits_told
from explorer.change.kept import alerts_at, compute_at, read_alerts
from explorer.study.study import open_study
from explorer.view import Follow

LOG = "log2:cells"
FOLLOW = Follow(variables=(LOG,))
QUERY = json.dumps({"variables": [LOG]})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    study = celled(Herd(tmp_path_factory.mktemp("log") / "herd")).open()
    compute_at(study.path, FOLLOW, {}, alerts_at(study, FOLLOW, {}), report=lambda *_: None)
    return study.path


def chart(app):
    (one,) = app.get("plotly_chart")
    return json.loads(one.proto.spec)


@pytest.mark.slow
def test_the_animal_is_drawn_on_an_axis_of_factors_with_what_was_measured(folder, monkeypatch):
    app = sound(run(folder, monkeypatch, "animal", animal=ILL, follow=QUERY))
    study = open_study(folder)
    own = visits_told(read_alerts(alerts_at(study, FOLLOW, {})).followed[LOG], ILL)
    drawn = chart(app)
    axis = drawn["layout"]["yaxis"]
    low, high = 10 ** np.array(axis["range"])
    assert axis["type"] == "log" and axis["title"]["text"].endswith("1000/mL")
    assert 0 < low < own["value"].min() and own["value"].max() < high < 100 * own["value"].max()
    assert [float(one.replace(",", "")) for one in axis["ticktext"]] == axis["tickvals"]
    told = " ".join(one for trace in drawn["data"] for one in trace.get("customdata", []) if isinstance(one, str))
    assert all(one in told for one in own["said"]) and own["said"].iloc[-1].endswith(" × 1000/mL")
    assert "times" in told and "geometric mean of 2" in told
    said = words(app)
    assert r"**Cells \(log scale\)**" in said and r"× 1000/mL, expected" in app.warning[0].value
    assert r"times \(" in said, "the change, beside its alert"
    table = next(one.value for one in app.dataframe if "expected" in one.value.columns)
    assert (table["low"].dropna() > 0).all() and table["value"].max() == pytest.approx(own["value"].max())


def test_looking_back_tells_levels_as_measured_and_changes_as_factors(folder, monkeypatch):
    app = sound(run(folder, monkeypatch, "animal", animal=ILL, follow=QUERY))
    app.button_group(key="animal_charts").set_value("Looking back").run()
    table = next(one.value for one in sound(app).dataframe if "level (1000/mL)" in one.value.columns)
    assert table["change from the level before"].iloc[-1].split(" ")[1] == "times"
    assert chart(app)["layout"]["yaxis"]["type"] == "log"


def test_the_round_tells_values_in_their_unit_and_changes_as_factors(folder, monkeypatch):
    app = sound(run(folder, monkeypatch, "herd", follow=QUERY))
    table = app.dataframe[0].value
    alerted = table[table["change"] != ""]
    assert len(alerted) and alerted["change"].str.contains(r"^[\d.]+ times \([\d.]+ to [\d.]+\)$").all()
    assert table["value"].str.endswith(" × 1000/mL").all() and set(table["followed"]) == {"Cells (log scale)"}
    assert app.multiselect(key="follow_variables").value == [LOG]
    assert "Cells (log scale)" in app.multiselect(key="follow_variables").options


def test_one_that_is_not_offered_is_followed_when_the_address_names_it(folder, monkeypatch, no_work):
    query = json.dumps({"variables": ["log2:weight", "log2:hoof"]})
    app = sound(run(folder, monkeypatch, "herd", follow=query))
    chosen = app.multiselect(key="follow_variables")
    assert chosen.value == ["log2:weight"] and "Weight (log scale)" in chosen.options
    app = sound(run(folder, monkeypatch, "herd", follow=QUERY))
    assert "Weight (log scale)" not in app.multiselect(key="follow_variables").options
    assert not any("change a day" in one for one in app.multiselect(key="follow_variables").options)
