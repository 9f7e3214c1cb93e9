"""Clusters of a study as variables: named, made once, of a part, and the same wherever a view is opened."""

import numpy as np
import pytest

from explorer.clustering.clusters import Clusters, as_values, named, of_part
from explorer.clustering.conditioned import assign, clusters_path, read_labels
from explorer.clustering.variables import made_for, names_in, with_clusters
from explorer.errors import UserError
from explorer.space.parts import part_of
from explorer.space.shown import filter_mask, part, shown
from explorer.space.view_table import export_view
from explorer.view import Group, Selection, Stroke, VariableFilter, View, from_query, to_query

ALL = ((-1e6, -1e6), (1e6, -1e6), (1e6, 1e6), (-1e6, 1e6))


@pytest.fixture
def study(herd):
    rng = np.random.default_rng(0)
    herd.observations["p_0"] = np.repeat([0.0, 100.0], 20) + rng.normal(size=40)  # two groups far apart
    for place in (1, 2, 3):
        herd.observations[f"p_{place}"] = rng.normal(size=40)
    herd.observations.loc[3, "p_1"] = np.nan
    return herd.open()


@pytest.mark.parametrize(
    "one",
    [
        Clusters("hdbscan", 5, "features"),
        Clusters("kmeans", 12, "a.b-c of d", None),
        Clusters("hdbscan", 40, "features", "0123456789ab"),
    ],
)
def test_a_name_says_how_they_are_made(one):
    assert named(one.name) == one


@pytest.mark.parametrize(
    "name", ["season", "cluster", "cluster hdbscan 1 of x", "cluster dbscan 5 of x", "cluster kmeans 99999 of x", ""]
)
def test_other_names_stand_for_no_clusters(name):
    assert named(name) is None


@pytest.mark.parametrize("method", ["hdbscan", "kmeans"])
def test_clusters_are_found_kept_and_are_a_variable(study, method):
    wanted = Clusters(method, 5 if method == "hdbscan" else 2, "features")
    assert wanted.name not in with_clusters(study, [wanted.name]).variables
    labels = assign(study, wanted).labels
    assert labels[3] == -2
    grouped = np.where(labels >= 0, labels, -1)
    assert set(grouped[:20]) - {-1} != set(grouped[20:]) - {-1}
    assert len({*grouped[:20].tolist()} & {*grouped[20:].tolist()} - {-1}) == 0
    assert np.array_equal(read_labels(study, wanted), labels)
    more = with_clusters(study, [wanted.name, "season", "cluster hdbscan 7 of features"])
    assert set(more.variables) == {*study.variables, wanted.name}
    values = more.values(wanted.name)
    assert values.isna().tolist() == (labels == -2).tolist()
    assert filter_mask(more, (VariableFilter(variable=wanted.name, values=("1",)),)).sum() == (labels == 0).sum()
    assert study.values("breed").equals(more.values("breed"))


def test_noise_is_named_and_a_row_without_a_vector_is_missing():
    values = as_values(np.array([0, 1, 0, -1, -2], dtype=np.int32))
    assert values.astype(object).where(values.notna(), None).tolist() == ["1", "2", "1", "noise", None]
    assert as_values(np.array([-2, -1], dtype=np.int32)).cat.categories.tolist() == ["noise"]


def test_of_a_part_only_its_members_are_clustered(study):
    members = np.zeros(40, dtype=bool)
    members[:20] = True
    some = part_of(study.embedding("features"), members, "some")
    wanted = Clusters("kmeans", 3, "features", of_part(some))
    labels = assign(study, wanted, embedding=some).labels
    assert (labels[20:] == -2).all()
    assert set(labels[:20]) == {-2, 0, 1, 2}
    assert clusters_path(study, wanted) != clusters_path(study, wanted._replace(part=None))
    with pytest.raises(ValueError, match="not made of this"):
        assign(study, wanted._replace(size=4))


def test_too_few_vectors_are_refused_with_a_way_out(study):
    with pytest.raises(UserError, match=r"only 39 observations have a vector.*too few for clusters of 40"):
        assign(study, Clusters("hdbscan", 40, "features"))
    with pytest.raises(UserError, match="fewer than 50 clusters"):
        assign(study, Clusters("kmeans", 50, "features"))


def test_spoilt_files_are_made_again(study):
    wanted = Clusters("kmeans", 2, "features")
    labels = assign(study, wanted).labels
    clusters_path(study, wanted).write_bytes(b"PK nonsense")
    assert read_labels(study, wanted) is None
    assert np.array_equal(assign(study, wanted).labels, labels)


def test_all_names_that_a_view_needs():
    a, b, c, d = (f"cluster kmeans {k} of features" for k in (2, 3, 4, 5))

    def only(name):
        return (VariableFilter(variable=name, values=("1",)),)

    inner = Group(strokes=(Stroke(ids=("x",)),), filters=only(c))
    view = View(
        colour=a,
        filters=only(b),
        selection=Selection(strokes=(Stroke(group=Group(strokes=(Stroke(group=inner),), filters=only("season"))),)),
        within=Group(strokes=(), filters=only(d)),
    )
    assert names_in(view) == {a, b, c, d}


def test_an_address_with_clusters_means_the_same_on_a_machine_that_has_not_made_them(study):
    name = "cluster kmeans 2 of features"
    view = View(embedding="features", colour=name, filters=(VariableFilter(variable=name, values=("2",)),))
    again = from_query(to_query(view))
    more = made_for(study, [again])
    found = shown(more, again, None).filtered
    assert found.sum() in (19, 20)
    made = export_view(more, again, file="out.csv")
    assert made.rows == found.sum()
    assert name in made.content.decode().splitlines()[0]


def test_clusters_of_the_part_that_is_looked_into_are_made_for_an_export(study):
    within = Group(
        strokes=(Stroke(polygon=ALL, embedding="features"),),
        filters=(VariableFilter(variable="breed", values=("Jersey",)),),
    )
    some = part(study, study.embedding("features"), within)
    name = Clusters("kmeans", 2, "features", of_part(some)).name
    more = made_for(study, [View(embedding="features", colour=name, within=within)])
    assert more.values(name).notna().sum() == some.complete.sum()
    with pytest.raises(UserError, match="made of a part"):
        made_for(study, [View(colour=name.replace(str(of_part(some)), "0" * 12))])
