"""The Background page in process: asked, found, kept, told in sentences, and led on to the map."""

import json
import shlex
import time

import numpy as np
import pytest
from visiting import herd, make, run, sound, words

from explorer import cli
from explorer.space.saliency_asked import Asked, background_of
from explorer.space.saliency_kept import background_path, keep_background
from explorer.study.export import manifest_text
from explorer.study.study import open_study
from explorer.ui import jobs
from explorer.ui.background import dimensions, shown
from explorer.view import View


@pytest.fixture
def kept(tmp_path):
    """A herd of which all has been found with 29 shuffles."""
    folder = herd(tmp_path / "herd")
    keep(folder, Asked("features", permutations=29))
    return folder


def keep(folder, asked):
    study = open_study(folder)
    path = background_path(study, study.embedding(asked.embedding), asked)
    keep_background(path, background_of(study, asked))


def button(app, label):
    return next(one for one in app.button if one.label == label)


def awaited(app):
    """The page when the work has ended."""
    for _ in range(600):
        if all(jobs.state(key) not in ("waiting", "running") for key in jobs.known("background-")):
            break
        time.sleep(0.1)
    return sound(app.run())


@pytest.mark.slow
def test_asked_once_it_is_found_kept_and_there_at_once_for_who_returns(tmp_path, monkeypatch):
    folder = herd(tmp_path / "herd")
    app = sound(run(folder, monkeypatch, "background"))
    assert "What shapes the space" not in words(app)
    app.number_input(key=f"background_permutations-{folder}").set_value(39).run()
    button(app, "Find out").click().run()
    text = words(awaited(app))
    assert "sex explains" in text and "of the space" in text
    monkeypatch.setattr(jobs, "start", lambda *_, **__: pytest.fail("it was kept"))
    again = sound(run(folder, monkeypatch, "background"))
    assert again.number_input(key=f"background_permutations-{folder}").value == 39, "as it was asked last"
    assert "sex explains" in words(again)


@pytest.mark.slow
def test_each_variable_has_its_sentence_the_first_explaining_most(kept, monkeypatch):
    app = sound(run(kept, monkeypatch, "background"))
    told = [one.value for one in app.markdown if " of the space" in one.value]
    study = open_study(kept)
    found = background_of(study, Asked("features", permutations=29))
    assert [sentence.split(" explains")[0] for sentence in told] == [one.name for one in found.saliency.variables]
    assert "How chance was told" in words(app) and "animals exchanged their values" in words(app)
    numbers = app.dataframe[0].value
    assert numbers["observations"].tolist() == [60] * 4 and numbers["animals"].tolist() == [6] * 4


def test_what_cannot_be_separated_is_said(tmp_path, monkeypatch):
    folder = herd(tmp_path / "herd")
    toml = folder / "study.toml"
    toml.write_text(toml.read_text() + '[variables.gender]\ncolumn = "sex"\nkind = "nominal"\n')
    keep(folder, Asked("features", permutations=29))
    app = sound(run(folder, monkeypatch, "background"))
    assert [one.value for one in app.warning] == ["Cannot separate sex from gender\\: gender tells 100% of it."]


def test_one_click_leads_to_the_map_coloured_by_the_variable(kept, monkeypatch):
    app = sound(run(kept, monkeypatch, "background", filter='[{"variable":"sex","values":["F"]}]'))
    app.button(key="background_colour-season").click().run()
    at: View = sound(app).session_state["view"]
    assert (at.colour, at.embedding) == ("season", "features")
    assert len(at.filters) == 1, "what was chosen on the map stays"
    assert "30 of 60 shown" in words(app)


@pytest.mark.slow
def test_the_saved_file_is_that_of_the_command_shown(kept, monkeypatch, tmp_path):
    made = {}
    for part in (shown, dimensions):
        monkeypatch.setattr(part, "save_buttons", lambda _label, export, _file, key: made.update({key: export()}))
    app = sound(run(kept, monkeypatch, "background"))
    line = shlex.split(app.code[0].value)
    assert line[:2] == ["latent-explorer", "saliency"]
    out, apart = tmp_path / "all.csv", tmp_path / "apart.csv"
    assert cli.main([*line[1:-1], str(out), "--divergences", str(apart)]) == 0
    assert made["background_numbers"].content == out.read_bytes()
    assert made["background_dimensions"].content == apart.read_bytes()
    assert shlex.split(made["background_numbers"].facts["command"]) == line
    theirs = json.loads((tmp_path / "all.csv.manifest.json").read_text())
    ours = json.loads(manifest_text(made["background_numbers"].facts))
    assert {key for key in theirs if theirs[key] != ours[key]} <= {"file", "command"}, "but for the file's name"


@pytest.mark.slow
def test_groups_of_a_task_are_compared_dimension_by_dimension(kept, monkeypatch):
    app = sound(run(kept, monkeypatch, "background"))
    groups = app.selectbox(key=f"background_groups-{kept}")
    assert groups.options[0] == "weight", "tasks first"
    frame = app.dataframe[-1].value
    assert sorted(frame["dimension"]) == [0, 1, 2, 3] and frame["Jeffrey"].is_monotonic_decreasing
    assert "sex" not in groups.options, "three animals of each are too few"
    groups.select("hour").run()
    assert "of 6 animals" in words(sound(app))


@pytest.mark.slow
def test_some_variables_only_and_tasks_among_them(kept, monkeypatch):
    keep(kept, Asked("features", ("sex", "weight"), permutations=29))
    app = sound(run(kept, monkeypatch, "background"))
    chosen = app.multiselect(key=f"background_variables-{kept}")
    assert chosen.value == ["sex", "weight"], "as it was asked last"
    assert "--variables sex weight" in app.code[0].value
    chosen.set_value([]).run()
    assert "Choose at least one variable" in words(sound(app))
    app.multiselect(key=f"background_variables-{kept}").set_value(["hour", "season", "grade", "sex"]).run()
    assert "--variables" not in sound(app).code[0].value, "all of the background is what the command does by itself"


BARE = '[study]\nname = "Bare"\n[columns]\nfeatures = ["x"]\n'


def test_a_study_without_variables_says_how_to_get_some(tmp_path, monkeypatch):
    folder = make(tmp_path / "bare", BARE, {"x": np.arange(12.0)})
    assert "no variables yet" in words(sound(run(folder, monkeypatch, "background")))


def test_a_study_without_vectors_says_so(tmp_path, monkeypatch):
    folder = make(tmp_path / "none", '[study]\nname = "None"\n', {"w": [1.0, 2.0]})
    assert "neither vectors nor pictures" in words(sound(run(folder, monkeypatch, "background")))


@pytest.mark.slow
def test_where_nothing_can_be_found_it_says_why_and_may_be_tried_again(tmp_path, monkeypatch):
    toml = BARE + '[variables.farm]\ncolumn = "farm"\nkind = "nominal"\n'
    folder = make(tmp_path / "bare", toml, {"x": np.arange(12.0), "farm": ["one"] * 12})
    app = sound(run(folder, monkeypatch, "background"))
    button(app, "Find out").click().run()
    app = awaited(app)
    assert "farm was left out: it does not vary" in words(app)
    assert button(app, "Try again")
