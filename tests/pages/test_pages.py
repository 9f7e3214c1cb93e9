"""Every page on every sort of study, in process: sentences where something is missing, never an exception."""

import numpy as np
import pytest
from visiting import herd, make, run, sound, words

from explorer.study.embeddings import EmbeddingNote, write_embedding
from explorer.study.study import open_study
from explorer.ui import map_controls, recent
from explorer.ui.studies import labels
from explorer.view import MapChoice, VariableFilter, View


@pytest.mark.parametrize("page", ["overview", "map", "background", "training", "data"])
def test_every_page_of_the_sample(page, monkeypatch):
    app = sound(run(None, monkeypatch, page))
    assert not app.error


@pytest.mark.parametrize("colour", ["weight", "sex", "hour", "grade", "season", "none"])
@pytest.mark.parametrize("dims", ["2", "3"])
@pytest.mark.slow
def test_a_herd_is_drawn_by_every_kind_of_variable(tmp_path, monkeypatch, colour, dims):
    app = sound(run(herd(tmp_path / "herd"), monkeypatch, "map", colour=colour, dims=dims))
    assert not app.error
    assert "60 of 60 shown" in words(app)


def test_the_overview_says_what_the_study_is(tmp_path, monkeypatch):
    app = sound(run(herd(tmp_path / "herd"), monkeypatch))
    text = words(app)
    assert "60 observations of 6 animals" in text
    assert "simulated" in text
    assert "13% of the cells are missing" in text or "12% of the cells are missing" in text
    assert {metric.label: metric.value for metric in app.metric}["Observations an animal"] == "10 (10 to 10)"


def test_a_selection_in_the_address_is_counted_and_shown_as_a_table(tmp_path, monkeypatch):
    everything = "[[-99,-99],[99,-99],[99,99],[-99,99]]"
    selection = '{"strokes":[{"embedding":"features","polygon":' + everything + "}]}"
    sex = '[{"variable":"sex","values":["F"]}]'
    app = sound(run(herd(tmp_path / "herd"), monkeypatch, "map", select=selection, filter=sex))
    text = words(app)
    assert "30 of 60 shown" in text
    assert "30 observations selected" in text
    assert "30 more inside the outline are filtered out" in text
    assert len(app.dataframe[0].value) == 30


def test_strokes_of_ids_in_the_address_add_and_take_away(tmp_path, monkeypatch):
    selection = '{"strokes":[{"ids":["row-1","row-2","row-9","gone"]},{"how":"remove","ids":["row-2"]}]}'
    app = sound(run(herd(tmp_path / "herd"), monkeypatch, "map", select=selection))
    assert "2 observations selected" in words(app)
    assert "1 of the selected ids are not in this study" in words(app)
    assert app.dataframe[0].value["observation_id"].tolist() == ["row-1", "row-9"]
    app.button[[one.label for one in app.button].index("Clear")].click().run()
    assert "select" not in app.query_params
    assert "Nothing selected" in words(sound(app))


def test_an_outline_on_a_map_that_is_not_at_hand_says_so_and_saves_nothing(tmp_path, monkeypatch):
    polygon = "[[-99,-99],[99,-99],[99,99]]"
    on = '{"method":"tsne","seed":7}'
    selection = '{"strokes":[{"embedding":"features","on":' + on + ',"polygon":' + polygon + "}]}"
    app = sound(run(herd(tmp_path / "herd"), monkeypatch, "map", select=selection))
    assert "t-SNE map of features that has not been computed here yet" in words(app)


def test_a_study_without_vectors_says_what_to_do(tmp_path, monkeypatch):
    toml = '[study]\nname = "Tables only"\n[columns]\nanimal = "a"\n[variables.w]\ncolumn = "w"\nkind = "continuous"\n'
    folder = make(tmp_path / "plain", toml, {"a": ["x", "y"], "w": [1.0, 2.0]})
    for page in ("overview", "map"):
        text = words(sound(run(folder, monkeypatch, page)))
        assert "no map" in text
        assert "features" in text


def test_a_study_of_nothing_but_vectors(tmp_path, monkeypatch):
    folder = make(tmp_path / "bare", '[study]\nname = "Bare"\n', {"x": [1.0, 2.0, 3.0]})
    study = open_study(folder)
    vectors = np.random.default_rng(0).normal(size=(3, 5))
    write_embedding(folder, "v", vectors, EmbeddingNote(observations=study.ids_hash, encoder="test"))
    text = words(sound(run(folder, monkeypatch)))
    assert "No variable is described" in text
    assert "does not say when" in text
    assert "3 of 3 shown" in words(sound(run(folder, monkeypatch, "map")))


@pytest.mark.parametrize("spoil", ["folder", "toml", "column", "table", "embedding"])
@pytest.mark.slow
def test_a_broken_study_is_told_in_one_sentence(tmp_path, monkeypatch, spoil):
    folder = herd(tmp_path / "herd")
    if spoil == "folder":
        folder = tmp_path / "nowhere"
    elif spoil == "toml":
        (folder / "study.toml").write_text("[study\nname = 3")
    elif spoil == "column":
        text = (folder / "study.toml").read_text()
        (folder / "study.toml").write_text(text.replace('column = "weight"', 'column = "wait"'))
    elif spoil == "table":
        (folder / "observations.parquet").write_bytes(b"not a table")
    else:
        (folder / "embeddings").mkdir()
        np.save(folder / "embeddings" / "v.npy", np.zeros((3, 2), dtype=np.float32))
    for page in ("overview", "map", "data"):
        app = sound(run(folder, monkeypatch, page, **({"embedding": "v"} if spoil == "embedding" else {})))
        if page != "data":
            assert words(app)


def test_widgets_change_the_view_and_the_address(tmp_path, monkeypatch):
    app = sound(run(herd(tmp_path / "herd"), monkeypatch, "map"))
    app.selectbox(key="map_colour").select("season").run()
    assert app.query_params["colour"] == "season"
    app.multiselect(key="filter_variables").select("weight").run()
    app.slider(key="filter-weight").set_range(10.0, 20.0).run()
    sound(app)
    view: View = app.session_state["view"]
    assert view.filters == (VariableFilter(variable="weight", low=10.0, high=20.0, missing=False),)
    weights = [i for i in range(60) if i % 9 and 10 <= i <= 20]
    assert f"{len(weights)} of 60 shown" in words(app)
    app.selectbox(key="map_animal").select("cow 3").run()
    assert app.query_params["animal"] == "cow 3"
    sound(app)


@pytest.mark.slow
def test_the_details_of_a_map_change_it_and_go_back_to_the_usual(tmp_path, monkeypatch, no_work):
    app = sound(run(herd(tmp_path / "herd"), monkeypatch, "map", method="umap"))
    app.number_input(key="map_neighbours").set_value(33).run()
    app.slider(key="map_min_dist").set_value(0.5).run()
    app.number_input(key="map_seed").set_value(4).run()
    app.button_group(key="map_fast").set_value([True]).run()
    sound(app)
    view: View = app.session_state["view"]
    assert view.map == MapChoice(method="umap", neighbours=33, min_dist=0.5, seed=4, fast=True)
    assert app.query_params["neighbours"] == "33"
    assert app.select_slider(key="map_scale").disabled  # the number takes its place
    app.button[[one.label for one in app.button].index("Back to the usual")].click().run()
    assert sound(app).session_state["view"].map == MapChoice(method="umap")


def test_an_emptied_number_of_neighbours_leaves_it_to_the_slider_again(tmp_path, monkeypatch, no_work):
    app = sound(run(herd(tmp_path / "herd"), monkeypatch, "map", method="umap", neighbours="33"))
    assert app.number_input(key="map_neighbours").value == 33
    app.number_input(key="map_neighbours").set_value(None).run()
    assert sound(app).session_state["view"].map == MapChoice(method="umap")
    assert app.number_input(key="map_neighbours").value is None
    assert not app.select_slider(key="map_scale").disabled


def test_what_the_card_says_is_chosen_and_kept_in_the_address(tmp_path, monkeypatch):
    app = sound(run(herd(tmp_path / "herd"), monkeypatch, "map", colour="sex"))
    assert app.multiselect(key="map_card").value == ["sex", "weight"]  # what colours the map, and the task
    app.multiselect(key="map_card").set_value(["hour", "grade"]).run()
    assert sound(app).session_state["view"].card == ("hour", "grade")
    assert app.query_params["card"] == '["hour","grade"]'


def test_an_animal_is_followed_and_let_go(tmp_path, monkeypatch):
    app = sound(run(herd(tmp_path / "herd"), monkeypatch, "map"))
    app.selectbox(key="map_animal").select("cow 3").run()
    assert "**cow 3**: 10 dates in order" in words(sound(app))
    app.selectbox(key="map_animal").set_value(None).run()
    assert "dates in order" not in words(sound(app))
    assert "animal" not in app.query_params


def test_an_animal_of_the_address_that_the_study_does_not_have_is_no_failure(tmp_path, monkeypatch):
    app = sound(run(herd(tmp_path / "herd"), monkeypatch, "map", animal="nobody"))
    assert "60 of 60 shown" in words(app)
    assert app.selectbox(key="map_animal").value is None


def test_of_very_many_animals_the_name_is_typed_and_a_wrong_one_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(map_controls, "_MOST_LISTED", 5)
    app = sound(run(herd(tmp_path / "herd"), monkeypatch, "map"))
    app.text_input(key="map_animal").input("cow 33").run()
    assert [toast.value for toast in app.toast] == ["There is no animal 'cow 33'. Is it cow 3 or cow 5 or cow 4?"]
    assert app.session_state["view"].animal is None
    app.text_input(key="map_animal").input(" cow 3 ").run()
    assert app.session_state["view"].animal == "cow 3"
    assert "**cow 3**: 10 dates in order" in words(sound(app))
    app.text_input(key="map_animal").input("").run()
    assert sound(app).session_state["view"].animal is None


def test_studies_of_one_name_have_labels_of_their_own(tmp_path):
    """A select box finds its option by the label; two alike once opened the wrong study."""
    one, two = herd(tmp_path / "one"), herd(tmp_path / "two")
    found = labels([str(one), str(two)])
    assert len(set(found.values())) == 2
    assert all("Herd" in label for label in found.values())


def test_recent_studies_are_remembered_last_first_and_once(tmp_path):
    folders = [herd(tmp_path / f"herd-{i}", n=6) for i in range(recent.KEPT + 2)]
    for folder in [*folders, folders[3]]:
        recent.remember(str(folder))
    known = recent.recent()
    assert known[0] == str(folders[3])
    assert len(known) == len(set(known)) == recent.KEPT
    (folders[3] / "study.toml").unlink()
    assert str(folders[3]) not in recent.recent()
