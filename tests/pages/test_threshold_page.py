"""The Threshold page in process: what it asks and refuses, what it says first, what it keeps and saves."""

import json
import re
import shlex
import subprocess
import sys

import numpy as np
import pytest
from coming_back import coming_back
from visiting import herd as six_animals
from visiting import make, run, sound, words

from explorer import cli
from explorer.recognition.arms import CONDITIONED, DECIDES, PER_ANIMAL, SHUFFLED
from explorer.recognition.asked import Asked
from explorer.recognition.kept import evidence_path, read_evidence, threshold_at
from explorer.recognition.saved_threshold import read_threshold
from explorer.recognition.searches_table import changed_places
from explorer.recognition.threshold_file import saved
from explorer.study.study import open_study
from explorer.ui import jobs
from explorer.ui.palette import palette
from explorer.ui.threshold.files import export_of
from explorer.ui.threshold.message import SCORES, message


@pytest.fixture
def asked(monkeypatch):
    """What would have been started, instead of starting it."""
    found = []
    monkeypatch.setattr(jobs, "start", lambda key, function, *args, **more: found.append((function, *args)))
    return found


@pytest.fixture
def returning(herd):
    return coming_back(herd).save()


def fitted(folder, **options):
    """The result of ``options`` made as the worker makes it; what was asked, and what came of it."""
    wanted = Asked("features", ("lamp",), **options)
    threshold_at(folder, wanted, report=lambda _fraction, _note: None)
    return wanted, read_evidence(evidence_path(open_study(folder), wanted))


def key(folder, name):
    return f"threshold_{name}-{folder}"


def plain(text):
    """Markdown without its escapes."""
    return re.sub(r"\\(.)", r"\1", text)


def look_at(app, part):
    app.segmented_control(key="threshold_part").set_value(part).run()
    return sound(app)


def test_the_form_asks_what_the_command_takes(returning, monkeypatch, asked):
    encoder = returning / "encoders" / "one"
    monkeypatch.setattr("explorer.ui.threshold.form.encoders_of", lambda _study: {"one": encoder})
    app = sound(run(returning, monkeypatch, "threshold"))
    assert app.multiselect(key=key(returning, "by")).value == ["lamp"], "the first that changes within an animal"
    app.button(key="threshold_fit").click().run()
    ((function, path, wanted),) = asked
    assert (function, path, wanted) == (threshold_at, returning, Asked("features", ("lamp",)))
    app.multiselect(key=key(returning, "by")).set_value(["season", "weight"]).run()
    app.segmented_control(key=key(returning, "fpir")).set_value(0.05).run()
    app.selectbox(key=key(returning, "confidence")).set_value(0.0).run()
    app.number_input(key=key(returning, "apart")).set_value(30.0).run()
    app.multiselect(key=key(returning, "not_within")).set_value(["tape"]).run()
    app.number_input(key=key(returning, "seed")).set_value(3).run()
    app.selectbox(key=key(returning, "model")).set_value(str(encoder)).run()
    sound(app).button(key="threshold_fit").click().run()
    assert asked[1][2] == Asked("features", ("season", "weight"), 0.05, 0.0, 3, 30.0, ("tape",), str(encoder))


def test_without_a_variable_it_asks_for_one(returning, monkeypatch):
    app = sound(run(returning, monkeypatch, "threshold"))
    app.multiselect(key=key(returning, "by")).set_value([]).run()
    assert "Choose at least one background variable" in words(sound(app))
    assert not [button for button in app.button if button.key == "threshold_fit"]


@pytest.mark.slow
def test_a_study_whose_animals_do_not_return_is_refused_in_one_sentence(tmp_path, monkeypatch):
    """As fishcam and the mice are."""
    folder = six_animals(tmp_path / "herd")
    text = (folder / "study.toml").read_text()
    app = sound(run(folder, monkeypatch, "threshold"))
    app.multiselect(key=key(folder, "by")).set_value(["sex"]).run()
    said = plain(words(sound(app)))
    assert "none of the 6 animals of Herd is seen again under another background: sex never changes" in said
    assert "Name a variable that changes" in said
    assert not [button for button in app.button if button.key == "threshold_fit"]
    one_day = {"animal": [f"cow {i % 6}" for i in range(12)], "when": ["2024-01-01"] * 12, "grade": ["low", "high"] * 6}
    features = {f"p_{j}": np.arange(12.0) ** j for j in range(4)}
    spare = re.sub(r"\[variables\.(weight|sex|hour|season)\][^[]*", "", text)
    other = make(tmp_path / "day", spare, {**one_day, **features})
    app = sound(run(other, monkeypatch, "threshold"))
    assert app.multiselect(key=key(other, "by")).value == []
    assert "is seen again on another date" in plain(words(sound(app)))


@pytest.mark.slow
def test_trouble_in_the_worker_is_told_and_can_be_mended(tmp_path, monkeypatch):
    folder = six_animals(tmp_path / "herd")
    monkeypatch.setattr(jobs, "trouble", lambda name: "6 animals are too few." if "threshold" in name else None)
    app = sound(run(folder, monkeypatch, "threshold"))
    assert "6 animals are too few" in words(app)
    assert app.button(key="threshold_fit").label == "Fit and test"


@pytest.mark.slow
def test_who_comes_back_finds_the_result_and_the_choices(returning, monkeypatch, asked):
    wanted, found = fitted(returning, confidence=0.0, apart=10.0)
    app = sound(run(returning, monkeypatch, "threshold"))
    assert app.number_input(key=key(returning, "apart")).value == 10.0
    assert not asked
    said = plain(words(app))
    assert found.facts["verdict"] in said
    assert found.facts["guarantee"]["sentence"] in said
    for remark in found.facts["remarks"]:
        assert remark[1:] in said
    split = found.facts["split"]
    assert f"({split['gallery']['animals']} animals), calibrated until {split['t1']}" in said
    for part in ("Strata", "Changed verdicts", "Arms compared", "Tau by hand"):
        look_at(app, part)
    app.number_input(key=key(returning, "seed")).set_value(1).run()
    assert sound(app).button(key="threshold_fit").label == "Fit and test", "another question, not yet answered"
    assert found.facts["verdict"] not in plain(words(app))
    app.number_input(key=key(returning, "seed")).set_value(0).run()
    assert found.facts["verdict"] in plain(words(sound(app)))
    assert wanted.apart == 10.0


@pytest.mark.slow
def test_the_parts_show_what_was_found(returning, monkeypatch):
    _, found = fitted(returning, confidence=0.0)
    app = look_at(run(returning, monkeypatch, "threshold"), "Strata")
    promised, strata = (frame.value for frame in app.dataframe)
    assert list(promised["at most"]) == ["1%", "2%", "5%", "10%"]
    assert list(promised["animals it needs"]) == [99, 49, 19, 9]
    assert list(strata["stratum"]) == list(found.labels)
    assert list(strata["tau"]) == [found.taus("stratum")[label] for label in found.labels]
    (arms,) = (frame.value for frame in look_at(app, "Arms compared").dataframe)
    assert list(arms["arm"]) == list(found.arms)
    assert set(arms["helps"]) <= {"", "yes", "no"} and arms["helps"].iloc[0] == ""
    look_at(app, "Changed verdicts")
    for arm in CONDITIONED:
        app.selectbox(key="threshold_changed_arm").set_value(arm).run()
        n = len(changed_places(found, arm))
        assert f"**{n:,} search{'' if n == 1 else 'es'}** of {len(found.rows):,}" in words(sound(app))
        assert sum(len(frame.value) for frame in app.dataframe) == n


@pytest.mark.slow
def test_files_are_those_of_the_command(returning, tmp_path, monkeypatch):
    wanted, found = fitted(returning, confidence=0.0)
    study = open_study(returning)
    app = sound(run(returning, monkeypatch, "threshold"))
    app.selectbox(key="threshold_arm").set_value("s-norm").run()
    shown = sound(app).code[0].value
    monkeypatch.chdir(tmp_path)
    assert cli.main(shlex.split(shown)[1:]) == 0
    file = tmp_path / f"{returning.name}-threshold.json"
    assert file.read_bytes() == saved(found.content, "s-norm")
    assert read_threshold(file, study.embedding("features")).arm == "s-norm"
    for kind, arm in (
        ("threshold", "global"),
        ("threshold", PER_ANIMAL),
        ("searches", "global"),
        ("changed", "global"),
    ):
        name = f"page-{kind}.{'json' if kind == 'threshold' else 'csv'}"
        export = export_of(study, wanted, found, kind, name, arm)
        assert cli.main(shlex.split(export.facts["command"])[1:]) == 0
        assert (tmp_path / name).read_bytes() == export.content
        facts = json.loads((tmp_path / f"{name}.manifest.json").read_text())
        assert facts == json.loads(json.dumps(export.facts))
    assert file.read_bytes() == saved(found.content, "s-norm"), "no other command writes over it"


@pytest.mark.slow
def test_every_arm_but_the_control_can_be_saved_in_the_words_of_the_table(returning, monkeypatch):
    _, found = fitted(returning, confidence=0.0)
    app = look_at(run(returning, monkeypatch, "threshold"), "Arms compared")
    offered = app.selectbox(key="threshold_arm")
    assert offered.options == [f"{arm}: {DECIDES[arm]}" for arm in found.arms if arm != SHUFFLED]
    assert offered.value == "global"
    app.selectbox(key="threshold_file").set_value("searches").run()
    assert not [one for one in sound(app).selectbox if one.key == "threshold_arm"]


def test_the_element_gets_every_search_once(returning):
    _, found = fitted(returning, confidence=0.0)
    for arm in SCORES:
        said, table = message(found, arm, palette())
        searches = found.arms[arm].searches
        assert np.array_equal(table["score"], searches.score) and np.array_equal(table["animal"], searches.animals)
        kind = np.array(table["kind"])
        assert np.array_equal(kind > 0, searches.known) and np.array_equal(kind == 1, searches.right)
        assert said["common"] == found.taus(arm)["all"] and said["labels"] == list(found.labels)
    assert message(found, "global", palette())[0]["taus"] == [found.taus("stratum")[label] for label in found.labels]
    assert message(found, "s-norm", palette())[0]["taus"] == [None] * len(found.labels)


@pytest.mark.slow
def test_the_page_does_not_load_pytorch():
    code = "import sys, explorer.ui.threshold.page; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
