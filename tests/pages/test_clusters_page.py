"""The Clusters page in process: what it asks for, what it shows, and what people decide about clusters."""

import numpy as np
import pytest
from visiting import herd, press, run, sound, words

from explorer.clustering.clusters import Clusters
from explorer.clustering.conditioned import assign, made_of
from explorer.clustering.gap import number_at
from explorer.decisions.cluster_edits import edits_of
from explorer.study.study import open_study
from explorer.ui import jobs

SIX = Clusters("kmeans", 6, "features")
GROUPS = Clusters("kmeans", 2, "features", None, "strata", ("grade", "weight"), 1.0, (("weight", (20.0,)),))


@pytest.fixture
def folder(tmp_path):
    return herd(tmp_path / "herd")


def shown(folder, monkeypatch, wanted, **query):
    assign(open_study(folder), wanted)
    return sound(run(folder, monkeypatch, "clusters", clusters=wanted.name, **query))


@pytest.mark.slow
def test_what_is_chosen_is_what_is_made(folder, monkeypatch, asked):
    app = sound(run(folder, monkeypatch, "clusters"))
    assert "Choose how" in words(app)
    app.segmented_control(key="clusters_page_method").set_value("kmeans").run()
    app.segmented_control(key="clusters_way").set_value("strata").run()
    assert next(button for button in app.button if button.label == "Make clusters").disabled
    app.multiselect(key=f"clusters_by-{folder}").set_value(["grade", "weight"]).run()
    app.text_input(key=f"clusters_bins-{folder}-weight").set_value("20").run()
    app.number_input(key="clusters_page_size_kmeans").set_value(2).run()
    press(app, "Make clusters")
    assert app.query_params["clusters"] == GROUPS.name
    ((function, path, wanted, members),) = asked
    assert (function, path, wanted, members) == ("cluster_at", folder, GROUPS, None)


@pytest.mark.slow
def test_edges_stay_as_they_are(folder, monkeypatch, asked):
    exact = GROUPS._replace(bins=(("weight", (20.1234567,)),))
    app = shown(folder, monkeypatch, exact)
    press(app, "Make clusters")
    assert app.query_params["clusters"] == exact.name


def test_edges_that_are_no_numbers_are_refused_in_a_sentence(folder, monkeypatch, asked):
    app = sound(run(folder, monkeypatch, "clusters"))
    app.segmented_control(key="clusters_way").set_value("strata").run()
    app.multiselect(key=f"clusters_by-{folder}").set_value(["weight"]).run()
    app.text_input(key=f"clusters_bins-{folder}-weight").set_value("2 and 5").run()
    assert "no list of numbers" in words(sound(app))
    assert next(button for button in app.button if button.label == "Make clusters").disabled
    app.text_input(key=f"clusters_bins-{folder}-weight").set_value("50, 20").run()
    press(app, "Make clusters")
    assert "order" in words(app) or "increase" in words(app)


@pytest.mark.slow
def test_the_gap_statistic_decides_how_many(folder, monkeypatch):
    class Done:
        state = "done"

        def result(self):
            return 3, ("the gap is largest at 3",)

    monkeypatch.setattr(jobs, "start", lambda *_, **__: None)
    app = sound(run(folder, monkeypatch, "clusters"))
    app.segmented_control(key="clusters_page_method").set_value("kmeans").run()
    app.segmented_control(key="clusters_how_many").set_value("by the gap statistic").run()
    wanted = Clusters("kmeans", 3, "features")
    assign(open_study(folder), wanted)
    monkeypatch.setattr(jobs, "job", lambda key: Done() if key.startswith("gap-") else None)
    press(app, "Make clusters")
    assert app.query_params["clusters"] == wanted.name
    assert "The gap is largest at 3" in words(app).replace("\\", "")


@pytest.mark.slow
def test_the_gap_statistic_may_find_none(folder):
    study = open_study(folder)  # features are one cloud
    with pytest.raises(Exception, match="only one cloud"):
        number_at(study.path, Clusters("kmeans", 2, "features"), report=lambda *_: None)


@pytest.mark.slow
def test_clusters_are_described_with_their_groups(folder, monkeypatch):
    app = shown(folder, monkeypatch, GROUPS)
    text = words(app)
    assert "k\\-means" in text or "k-means" in text
    assert "Who is in them" in text and "Whether to believe them" in text
    table = next(one.value for one in app.dataframe if "what sets it apart most" in one.value)
    found = assign(open_study(folder), GROUPS)
    assert table["observations"].sum() == len(found.rows)
    assert set(table["stratum"]) <= set(found.stratum.categories)
    strata = next(one.value for one in app.dataframe if "why not" in one.value)
    assert len(strata) == len(found.strata)


@pytest.mark.slow
def test_naming_merging_splitting_and_undoing(folder, monkeypatch):
    app = shown(folder, monkeypatch, SIX)
    study = open_study(folder)

    def table():
        return next(one.value for one in app.dataframe if "what sets it apart most" in one.value)

    before = table()
    app.segmented_control(key="clusters_deed").set_value("name").run()
    app.text_input(key=f"clusters_name-{SIX.name}-1").set_value("thin").run()
    press(app, "Keep this name")
    assert table()["cluster"].tolist() == ["thin", "2", "3", "4", "5", "6"]
    app.segmented_control(key="clusters_deed").set_value("merge").run()
    app.multiselect(key=f"clusters_merge-{SIX.name}-1").set_value([2, 3]).run()
    press(app, "Merge")
    assert table()["cluster"].tolist() == ["thin", "2", "5", "6"]
    assert table()["observations"][0] == before["observations"][[0, 2, 3]].sum()
    app.segmented_control(key="clusters_deed").set_value("split").run()
    press(app, "Take the last merge apart")
    assert table()["observations"].tolist() == before["observations"].tolist()
    press(app, "Undo")
    assert table()["cluster"].tolist() == ["thin", "2", "5", "6"]
    press(app, "Redo")
    app.number_input(key=f"clusters_split-{SIX.name}-1").set_value(2).run()
    press(app, "Split")
    assert table()["cluster"].tolist() == ["thin", "2", "3", "4", "5", "6", "7"]
    kept = edits_of(study, SIX.name).edits
    assert len(kept) == 4
    assert {one.of for one in kept} == {made_of(study, SIX)}, "they are about the clusters of these vectors"


@pytest.mark.slow
def test_a_merge_with_nothing_says_so_and_changes_nothing(folder, monkeypatch):
    app = shown(folder, monkeypatch, SIX)
    app.segmented_control(key="clusters_deed").set_value("merge").run()
    press(app, "Merge")
    assert "only one cluster was chosen" in " ".join(str(one.value) for one in app.toast)
    assert edits_of(open_study(folder), SIX.name).edits == ()


@pytest.mark.slow
def test_two_clusterings_side_by_side(folder, monkeypatch):
    other = Clusters("kmeans", 3, "features")
    assign(open_study(folder), other)
    app = shown(folder, monkeypatch, SIX, against=other.name)
    labels = [one.label for one in app.metric]
    assert labels.count("Adjusted Rand index") == 2 and "Moved" in labels
    assert app.selectbox(key="clusters_against").value == other.name
    mine, theirs = (assign(open_study(folder), one).labels for one in (SIX, other))
    stayed = sum(np.bincount(theirs[mine == one]).max() for one in range(6))
    assert next(one for one in app.metric if one.label == "Moved").value == str(len(mine) - stayed)
    assert "Moved: not where most of its cluster went" in words(app)


@pytest.mark.parametrize(
    "name",
    [
        "cluster kmeans 1 of features",
        "nonsense",
        "cluster kmeans 3 of another",
        "cluster kmeans 3 of features in 0123456789ab",
    ],
)
def test_an_address_of_clusters_that_are_none_says_so(folder, monkeypatch, name):
    app = sound(run(folder, monkeypatch, "clusters", clusters=name))
    assert "There are no clusters called" in words(app)


def test_variables_that_are_not_there_are_told(folder, monkeypatch):
    app = sound(run(folder, monkeypatch, "clusters", clusters="cluster kmeans 3 inside breed of features"))
    assert "breed" in words(app)


@pytest.mark.slow
def test_the_map_outlives_an_address_of_a_decision_that_is_not_here(folder, monkeypatch):
    """Sent by a colleague whose copy of the study has more decisions: the map is there, and says what is not."""
    assign(open_study(folder), SIX)
    app = sound(run(folder, monkeypatch, "map", colour=SIX._replace(decided=99).name))
    assert "The clusters cannot be shown: there is no decision 99" in words(app)
    assert any(one.label == "Colour by clusters" for one in app.button), "the controls of the map"
