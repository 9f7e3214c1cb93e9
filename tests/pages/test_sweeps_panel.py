"""The sweeps of the Training page, in process: started, shown, gone on with."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from visiting import herd, make, sound, words

from explorer.learning.sweep import run_sweep
from explorer.learning.sweep_folder import read_sweep
from explorer.learning.sweep_plan import usual_plan
from explorer.places import made_of
from explorer.study.study import open_study
from explorer.ui import jobs

SHORT = {"seeds": 2, "steps": 4, "animals": 4, "tasks": ("weight", "grade", "sex")}


def draw(path: str) -> None:
    from explorer.study.study import open_study
    from explorer.ui.failures import told
    from explorer.ui.sweeps import sweeps_panel

    with told():
        sweeps_panel(open_study(path))


def panel(folder: Path) -> AppTest:
    return sound(AppTest.from_function(draw, default_timeout=300, kwargs={"path": str(folder)}).run())


def graded(folder: Path) -> Path:
    """A herd with more than one task."""
    made = herd(folder)
    toml = made / "study.toml"
    toml.write_text(toml.read_text().replace('order = ["low", "high"]', 'order = ["low", "high"]\nrole = "task"'))
    return made


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """A study with a finished sweep of two seeds."""
    study = open_study(graded(tmp_path_factory.mktemp("once") / "herd"))
    plan = usual_plan(study, "matches", values=(1, 2), methods=("angular",), **SHORT)
    run_sweep(study, plan, made_of(study.path, "sweeps") / "matches-1", workers=0)
    return study.path


@pytest.fixture
def swept(once, tmp_path):
    """A copy of it, and the same sweep as if it had stopped after four of six runs."""
    study = shutil.copytree(once, tmp_path / "herd")
    stopped = shutil.copytree(study / "sweeps" / "matches-1", study / "sweeps" / "matches-2")
    for cell in ("angular-1-seed-1", "angular-2-seed-1"):
        shutil.rmtree(stopped / "cells" / cell)
    return study


def test_a_study_without_sweeps_is_asked_what_to_vary(tmp_path):
    app = panel(graded(tmp_path / "herd"))
    assert "9 runs: n = 1, 2, each with 3 seeds" in words(app).replace("\\", "")
    assert [one.label for one in app.button] == ["Start the sweep"]
    app.segmented_control(key="sweep_over").set_value("alpha").run()
    assert "57 runs: alpha = 35, 40, 45, 50, 55, 60" in words(sound(app)).replace("\\", "")
    app.multiselect(key="sweep_methods_alpha").set_value([]).run()
    assert "no method to sweep" in words(sound(app)) and not app.button


def test_what_cannot_be_swept_says_why(tmp_path):
    assert "a sweep needs labels that agree" in words(panel(herd(tmp_path / "herd")))
    plain = make(tmp_path / "plain", '[study]\nname = "Plain"\n', {"x": [1.0, 2.0]})
    assert "A sweep needs animals" in words(panel(plain))


def test_the_start_hands_the_plan_to_a_worker(tmp_path, monkeypatch):
    folder, begun = graded(tmp_path / "herd"), []
    monkeypatch.setattr(jobs, "start", lambda *given, lane: begun.append((*given, lane)))
    app = panel(folder)
    app.number_input(key="sweep_seeds").set_value(2).run()
    app.button(key="sweep_start").click().run()
    ((_, function, path, plan, out, _),) = begun
    assert function.__name__ == "sweep_at" and path == folder and out == folder / "sweeps" / "matches-1"
    assert plan.over == "matches" and plan.seeds == 2 and plan.tasks == ("weight", "grade")


@pytest.mark.slow
def test_a_finished_sweep_is_shown_with_what_it_says(swept):
    app = panel(swept)
    app.selectbox(key="sweep").set_value("matches-1").run()
    text = words(sound(app)).replace("\\", "")
    assert "6 of 6 runs finished" in text and "beyond the spread between seeds" in text
    assert "angular loss less the untrained network" in text
    assert [one.label for one in app.button] == ["Start the sweep"]
    assert len(app.dataframe[0].value) == 3 and {"recall@1", "mAP@R", "by chance"} <= set(app.dataframe[0].value)
    assert len(app.get("plotly_chart")) == 1 and len(app.get("download_button")) == 2
    for measure in ("loss_per_triplet", "anchors_dropped", "recall_at_1"):
        app.segmented_control(key="sweep_measure").set_value(measure).run()
        assert len(sound(app).get("plotly_chart")) == 1


@pytest.mark.slow
def test_a_stopped_sweep_goes_on_in_a_worker(swept):
    folder = made_of(swept, "sweeps") / "matches-2"
    key = f"sweep-{folder}"
    app = panel(swept)
    assert app.selectbox(key="sweep").value == "matches-2" and "4 of 6 runs finished" in words(app).replace("\\", "")
    try:
        app.button(key=f"go-on-{key}").click().run()
        assert "Cancel" in [one.label for one in app.button]
        jobs.job(key).wait(120)
        assert jobs.trouble(key) is None
    finally:
        jobs.cancel(key)
        jobs.forget(key)
    assert read_sweep(folder).finished
    one, other = (made_of(swept, "sweeps") / name / "sweep.csv" for name in ("matches-1", "matches-2"))
    assert one.read_bytes() == other.read_bytes()
    assert "6 of 6 runs finished" in words(sound(app.run())).replace("\\", "")


def test_a_study_that_has_changed_since_is_told(swept):
    toml = swept / "study.toml"
    toml.write_text(toml.read_text().replace('unit = "kg"', 'unit = "t"'))
    app = panel(swept)
    assert "has changed since" in words(app) and "Go on with it" not in [one.label for one in app.button]


@pytest.mark.slow
def test_the_panel_does_not_load_torch():
    """It would cost the server its memory."""
    code = "import sys, explorer.ui.sweeps; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
