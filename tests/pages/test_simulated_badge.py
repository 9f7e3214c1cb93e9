"""No page shows figures of a simulated study without saying that they are of no real animals."""

import pytest
from visiting import herd, run, sound, words


@pytest.mark.parametrize("page", ["background", "clusters", "threshold"])
@pytest.mark.slow
def test_figures_of_a_simulated_study_are_marked(tmp_path, monkeypatch, page):
    folder = herd(tmp_path / "herd")
    assert "no real animals" in words(sound(run(folder, monkeypatch, page)))
    spec = folder / "study.toml"
    spec.write_text(spec.read_text().replace("simulated = true\n", ""))
    assert "no real animals" not in words(sound(run(folder, monkeypatch, page)))
