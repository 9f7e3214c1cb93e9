"""Undo, parts, combined selections, a second map and belief, in process."""

import itertools
import json
import time

import numpy as np
import pytest
from visiting import herd, press, run, sound, words

from explorer.clustering.clusters import named
from explorer.clustering.variables import with_clusters
from explorer.decisions.selections import name_selection
from explorer.space.projections import project
from explorer.space.shown import selection_mask, shown
from explorer.study.study import open_study
from explorer.view import NO_COLOUR, Beside, Group, MapChoice, Selection, Stroke, VariableFilter, View, to_query

ALL = ((-1e6, -1e6), (1e6, -1e6), (1e6, 1e6), (-1e6, 1e6))
EVERYTHING = Selection(strokes=(Stroke(polygon=ALL, embedding="features"),))
FEMALES = VariableFilter(variable="sex", values=("F",))


def visit(tmp_path, monkeypatch, **fields):
    folder = herd(tmp_path / "herd")
    query = to_query(View(embedding="features", **fields))
    return open_study(folder), sound(run(folder, monkeypatch, "map", **query))


def at(app) -> View:
    return app.session_state["view"]


@pytest.mark.slow
def test_ten_steps_are_undone_one_by_one_to_the_first_view_and_done_again(tmp_path, monkeypatch, no_work):
    _, app = visit(tmp_path, monkeypatch)
    views = [at(app)]
    for colour in ("sex", "hour", "grade", "season", NO_COLOUR):
        app.selectbox(key="map_colour").set_value(colour).run()
        views.append(at(app))
    for animal in ("cow 1", "cow 2", None):
        app.selectbox(key="map_animal").set_value(animal).run()
        views.append(at(app))
    app.multiselect(key="map_card").set_value(["hour"]).run()
    views.append(at(app))
    app.button_group(key="map_dims").set_value(3).run()
    views.append(at(app))
    assert len(views) == 11
    assert all(one != other for one, other in itertools.pairwise(views))
    for expected in views[-2::-1]:
        app.button(key="view_undo").click().run()
        assert at(sound(app)) == expected
    assert app.button(key="view_undo").disabled
    for expected in views[1:]:
        app.button(key="view_redo").click().run()
        assert at(app) == expected
    app.button(key="view_undo").click().run()
    app.selectbox(key="map_colour").set_value("sex").run()  # something else done: nothing to do again
    assert app.button(key="view_redo").disabled


def test_what_the_page_fills_in_by_itself_is_no_step(tmp_path, monkeypatch):
    folder = herd(tmp_path / "herd")
    app = sound(run(folder, monkeypatch, "map"))
    assert at(app).embedding == "features"
    assert app.button(key="view_undo").disabled


@pytest.mark.slow
def test_a_part_is_looked_into_and_left(tmp_path, monkeypatch):
    study, app = visit(tmp_path, monkeypatch, selection=EVERYTHING, filters=(FEMALES,))
    assert "30 observations selected" in words(app)
    app.text_input(key="part_name").set_value("the females")
    press(app, "Make the map")
    assert at(app).within == Group(strokes=EVERYTHING.strokes, filters=(FEMALES,), name="the females")
    assert (at(app).filters, at(app).selection) == ((), Selection())
    assert "30 of 30 in this part shown" in words(app)
    assert "the females" in words(app)
    press(app, "Select it in the whole")
    assert at(app).within is None
    mask, _ = selection_mask(study, at(app).selection)
    assert mask.tolist() == (study.values("sex") == "F").tolist()
    app.button(key="view_undo").click().run()
    press(app, "Back to all")  # to the view that the part was made from
    assert (at(app).within, at(app).filters, at(app).selection) == (None, (FEMALES,), EVERYTHING)
    assert "30 of 60 shown" in words(app)
    assert "30 observations selected" in words(app)


def test_a_part_of_a_part_is_in_both(tmp_path, monkeypatch):
    within = Group(strokes=EVERYTHING.strokes, filters=(FEMALES,), name="the females")
    left = ((-1e6, -1e6), (0.0, -1e6), (0.0, 1e6), (-1e6, 1e6))
    drawn = Stroke(polygon=left, embedding="features", within=within)  # on the map of the part
    study, app = visit(tmp_path, monkeypatch, within=within, selection=Selection(strokes=(drawn,)))
    picked = selection_mask(study, at(app).selection)[0]
    press(app, "Make the map")
    inner = at(app).within
    mask, _ = selection_mask(study, Selection(strokes=(Stroke(group=inner),)))
    assert mask.tolist() == (picked & (study.values("sex") == "F").to_numpy()).tolist()
    assert 8 <= mask.sum() < 30


@pytest.mark.parametrize(("how", "word"), [("add", "or"), ("remove", "not"), ("keep", "and")])
@pytest.mark.slow
def test_the_present_selection_and_a_named_one_are_combined_as_shown(tmp_path, monkeypatch, how, word):
    folder = herd(tmp_path / "herd")
    study = open_study(folder)
    right = ((0.0, -1e6), (1e6, -1e6), (1e6, 1e6), (0.0, 1e6))
    named = View(embedding="features", selection=Selection(strokes=(Stroke(polygon=right, embedding="features"),)))
    name_selection(study, "right", named.selection, count=1, made_on=named)
    query = to_query(View(embedding="features", selection=EVERYTHING, filters=(FEMALES,)))
    app = run(folder, monkeypatch, "map", **query)
    app.session_state["kept_menu"] = True
    app.session_state["kept_shown"] = "Selections"
    app.run()
    press(app, word)
    females = (study.values("sex") == "F").to_numpy()
    east = project(study, study.embedding("features"), MapChoice()).coordinates[:, 0] > 0
    expected = {"add": females | east, "remove": females & ~east, "keep": females & east}[how]
    seen = shown(study, at(app), project(study, study.embedding("features"), MapChoice()))
    assert seen.selected.tolist() == expected.tolist()  # the filters have become part of it


@pytest.mark.slow
def test_a_second_map_opens_beside_the_first_and_closes(tmp_path, monkeypatch, no_work):
    _, app = visit(tmp_path, monkeypatch)
    app.button(key="two_maps").click().run()
    assert at(sound(app)).beside == Beside(embedding="features", map=MapChoice(method="tsne"))
    app.button_group(key="beside_method").set_value("pca").run()
    said = words(sound(app)).replace("\\", "")
    assert "How many of the 15 nearest in the PCA map of features are among" in said
    assert "? 100.0" in said  # a map beside itself
    assert (
        json.loads(
            app.query_params["beside"][0]
            if isinstance(app.query_params["beside"], list)
            else app.query_params["beside"]
        )["embedding"]
        == "features"
    )
    app.button(key="one_map").click().run()
    assert at(sound(app)).beside is None


def test_a_second_map_of_an_embedding_that_is_gone_says_so(tmp_path, monkeypatch):
    _, app = visit(tmp_path, monkeypatch, beside=Beside(embedding="gone"))
    assert "no embedding 'gone'" in words(app)


def test_how_far_a_map_can_be_believed_is_said_and_each_point_coloured(tmp_path, monkeypatch):
    from explorer.space.quality_study import points_of, quality_of

    folder = herd(tmp_path / "herd")
    study = open_study(folder)
    embedding = study.embedding("features")
    made = project(study, embedding, MapChoice())
    quality = quality_of(study, embedding, made)
    points_of(study, embedding, made)
    app = sound(run(folder, monkeypatch, "map", colour="map:knn_overlap"))
    value = quality.measures["trustworthiness"].value
    assert f"trustworthiness {value:.0%}" in words(app)
    assert "of all" not in words(app)
    assert app.selectbox(key="map_colour").value == "map:knn_overlap"
    assert np.isfinite(value)


@pytest.mark.slow
def test_clusters_are_a_colour_a_filter_and_a_column_of_a_part_too(tmp_path, monkeypatch):
    study, app = visit(tmp_path, monkeypatch)
    app.button_group(key="clusters_method").set_value("kmeans").run()
    app.number_input(key="clusters_size_kmeans").set_value(3).run()
    press(app, "Colour by clusters")
    name = "cluster kmeans 3 of features"
    assert at(app).colour == name
    made(app)
    assert "**3 clusters** by k-means" in words(app)
    assert app.selectbox(key="map_colour").value == name
    app.session_state["view"] = at(app).but(
        colour=None, filters=(VariableFilter(variable=name, values=("1",)),), selection=EVERYTHING
    )
    sound(app.run())
    n = int((with_clusters(study, [name]).values(name) == "1").sum())
    assert f"{n} of 60 shown" in words(app)
    app.text_input(key="part_name").set_value("the first cluster")
    press(app, "Make the map")
    assert f"{n} of {n} in this part shown" in words(app)
    app.number_input(key="clusters_size_kmeans").set_value(2).run()
    press(app, "Colour by clusters")
    assert named(at(app).colour).part is not None
    made(app)
    assert "**2 clusters** by k-means" in words(app)


def test_clusters_of_a_part_stay_with_it(tmp_path, monkeypatch, no_work):
    within = Group(strokes=EVERYTHING.strokes, filters=(FEMALES,), name="the females")
    _, app = visit(tmp_path, monkeypatch, within=within, colour="cluster kmeans 3 of features in 0123456789ab")
    press(app, "Back to all")
    assert at(app).colour != "cluster kmeans 3 of features in 0123456789ab"
    app.button(key="view_undo").click().run()
    assert (at(app).within, at(app).colour) == (within, "cluster kmeans 3 of features in 0123456789ab")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"embedding": "nope"}, "no embedding 'nope'"),
        ({"colour": "wieght"}, "nothing called 'wieght'"),
        ({"colour": "cluster kmeans 3 of nowhere"}, "nothing called 'cluster kmeans 3 of nowhere'"),
        ({"animal": "nobody"}, "no animal 'nobody'"),
        ({"beside": Beside(embedding="nope")}, "no embedding 'nope' for a second map"),
    ],
)
@pytest.mark.slow
def test_what_the_study_has_not_is_told_and_taken_out_of_the_view(tmp_path, monkeypatch, fields, said):
    folder = herd(tmp_path / "herd")
    app = sound(run(folder, monkeypatch, "map", **to_query(View(**fields))))
    assert said in words(app)
    assert at(app).embedding == "features"
    assert at(app).colour in ("sex", "hour", "grade", "season", "weight")
    assert (at(app).animal, at(app).beside) == (None, None)
    assert "60 of 60 shown" in words(app)


def test_the_first_colour_stays_when_the_method_changes(tmp_path, monkeypatch, no_work):
    _, app = visit(tmp_path, monkeypatch)
    first = at(app).colour
    assert first is not None
    app.button_group(key="map_method").set_value("umap").run()
    assert at(app).colour == first
    assert app.button(key="view_undo").disabled is False


def test_a_view_that_filters_by_clusters_waits_for_them(tmp_path, monkeypatch, no_work):
    chosen = VariableFilter(variable="cluster hdbscan 5 of features", values=("1",))
    _, app = visit(tmp_path, monkeypatch, filters=(chosen,))
    assert "still being made" in words(app)
    assert at(app).filters == (chosen,)


def made(app):
    """Wait for the worker, and draw the page again."""
    for _ in range(300):
        if not any(bar for bar in app.get("progress")):
            break
        time.sleep(0.1)
        app.run()
    return sound(app)
