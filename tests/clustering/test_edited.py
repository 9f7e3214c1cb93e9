import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.clustering.clusters import Clusters, named
from explorer.clustering.conditioned import assign, made_of, read_assignment
from explorer.clustering.decided import decided
from explorer.clustering.edited import edited
from explorer.clustering.variables import with_clusters
from explorer.decisions.cluster_edits import (
    Merge,
    Name,
    Split,
    edited_clusterings,
    edits_of,
    last_edit,
    merge_clusters,
    name_cluster,
    split_cluster,
)
from explorer.decisions.history import history
from explorer.decisions.place import store_of
from explorer.decisions.undoing import next_redo, next_undo, redo, undo
from explorer.errors import UserError

LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 3, -1, -2], dtype=np.int32)
VECTORS = np.array([[0, 0], [0, 1], [9, 9], [9, 8], [3, 3], [3, 3], [4, 4], [5, 0], [5, 1], [7, 7], [0, 0], [0, 0]])
CLUSTERING = "cluster kmeans 4 of features"

numbers = st.integers(1, 7)
edits = st.lists(
    st.one_of(
        st.builds(Name, cluster=numbers, to=st.sampled_from(["thin", "noise", "2", "thin (1)", ""])),
        st.builds(Merge, clusters=st.lists(numbers, min_size=2, max_size=3, unique=True).map(tuple)),
        st.builds(Split, cluster=numbers, parts=st.one_of(st.none(), st.integers(2, 3))),
    ),
    max_size=12,
)


def after(*deeds):
    return edited(LABELS, deeds, lambda: VECTORS)


def test_a_merge_takes_the_smallest_number_and_a_split_frees_what_it_held():
    merged = after(Name(cluster=3, to="thin"), Merge(clusters=(2, 3)))
    assert merged.labels.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 1, 3, -1, -2]
    assert merged.merged == {1}
    assert merged.called == {0: "1", 1: "2", 3: "4"}
    freed = after(Name(cluster=3, to="thin"), Merge(clusters=(2, 3)), Split(cluster=2))
    assert freed.labels.tolist() == LABELS.tolist()
    assert freed.called == {0: "1", 1: "2", 2: "thin", 3: "4"}
    assert not freed.merged


def test_merges_come_apart_one_by_one():
    deeds = (Merge(clusters=(2, 3)), Merge(clusters=(2, 4)))
    assert after(*deeds, Split(cluster=2)).labels.tolist() == after(deeds[0]).labels.tolist()
    assert after(*deeds, Split(cluster=2), Split(cluster=2)).labels.tolist() == LABELS.tolist()


def test_a_split_by_kmeans_finds_the_two_groups_and_numbers_anew():
    parts = after(Name(cluster=1, to="herd"), Split(cluster=1, parts=2))
    assert len({*parts.labels[:2]}) == len({*parts.labels[2:4]}) == 1
    assert {int(parts.labels[0]), int(parts.labels[2])} == {0, 4}
    assert (parts.called[0], parts.called[4]) == ("herd", "5")
    assert parts.labels[4:].tolist() == LABELS[4:].tolist()


def test_what_has_no_effect_is_told():
    state = after(Merge(clusters=(4, 9)), Split(cluster=4, parts=2), Split(cluster=1), Name(cluster=8, to="x"))
    assert state.labels.tolist() == LABELS.tolist()
    assert len(state.idle) == 4
    assert "it holds 1 observations" in state.idle[1]


@given(edits)
def test_whatever_was_decided_nobody_is_lost(deeds):
    state = edited(LABELS, deeds, lambda: VECTORS)
    assert (state.labels[-2:] == LABELS[-2:]).all()  # noise and what has no vector
    assert (state.labels[:-2] >= 0).all()
    assert set(state.names) | state.merged <= set(state.present)
    assert len({*state.called.values(), "noise"}) == len(state.present) + 1
    again = edited(LABELS, deeds, lambda: VECTORS)
    assert (again.labels == state.labels).all()
    assert LABELS.tolist() == [0, 0, 0, 0, 1, 1, 1, 2, 2, 3, -1, -2]  # the cached ones are left alone


def test_decisions_about_clusters_are_kept_undone_and_told(herd):
    study = herd.open()
    name_cluster(study, CLUSTERING, 2, " thin cows ", of="x", who="Ann")
    merge_clusters(study, CLUSTERING, (3, 2, 3), of="x", who="Ann")
    split_cluster(study, CLUSTERING, 1, 2, of="x", who="Bob")
    name_cluster(study, "another", 1, "x", of="x")
    assert edits_of(study, CLUSTERING).edits == (
        Name(cluster=2, to="thin cows", of="x"),
        Merge(clusters=(2, 3), of="x"),
        Split(cluster=1, parts=2, of="x"),
    )
    assert edited_clusterings(study) == [CLUSTERING, "another"]
    assert len(edits_of(study, CLUSTERING, as_of=1).edits) == 1
    undo(study)
    undo(study)
    assert len(edits_of(study, CLUSTERING).edits) == 2
    redo(study)
    assert len(edits_of(study, CLUSTERING).edits) == 3
    name_cluster(study, "another", 1, "y", of="x")
    assert next_undo(study, CLUSTERING).seq == 3
    undo(study, subject=CLUSTERING)
    assert len(edits_of(study, CLUSTERING).edits) == 2
    name_cluster(study, "another", 1, "z", of="x")
    assert next_redo(study) is None
    assert next_redo(study, CLUSTERING).seq == 3  # what was decided since is about others
    redo(study, subject=CLUSTERING)
    assert len(edits_of(study, CLUSTERING).edits) == 3
    assert last_edit(study, CLUSTERING) == 11
    told = [entry.sentence for entry in history(study)]
    assert told[0] == f"Ann named one of the clusters {CLUSTERING!r}: 2 is 'thin cows'"
    assert told[1].endswith(": [2, 3]")


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        (lambda study: name_cluster(study, CLUSTERING, 1, "x" * 81, of="x"), "81 characters"),
        (lambda study: merge_clusters(study, CLUSTERING, (2, 2), of="x"), "only one cluster"),
        (lambda study: split_cluster(study, CLUSTERING, 2, 1, of="x"), "split into 1"),
    ],
)
def test_mistakes_are_one_sentence_and_write_nothing(herd, deed, said):
    study = herd.open()
    with pytest.raises(UserError, match=said):
        deed(study)
    assert history(study) == []


def test_clusters_as_decided_are_those_that_were_made_with_their_names(herd):
    study = herd.open()
    made = Clusters("kmeans", 4, "features")
    raw = assign(study, made)
    of = made_of(study, made)
    name_cluster(study, made.name, 1, "thin", of=of)
    merge_clusters(study, made.name, (2, 3), of=of)
    seen = made._replace(decided=last_edit(study, made.name))
    assert named(seen.name) == seen and seen.made == made
    assert np.array_equal(read_assignment(study, seen).labels, raw.labels)  # nothing is clustered anew
    values = with_clusters(study, [seen.name]).values(seen.name)
    assert list(values.cat.categories) == ["thin", "2", "4"]
    assert (values == "2").sum() == np.isin(raw.labels, [1, 2]).sum()
    name_cluster(study, made.name, 1, "fat", of=of)  # later decisions do not change what an address means
    again = with_clusters(study, [seen.name]).values(seen.name)
    assert list(again.cat.categories) == ["thin", "2", "4"]


def seen_by(study, made):
    """What the clusters ``made`` are called now, and the remarks."""
    found, state = decided(study, assign(study, made._replace(decided=last_edit(study, made.name))))
    return state.called, " ".join(found.remarks)


def test_names_do_not_pass_to_clusters_of_other_vectors(herd):
    vectors = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    study, made = herd.embed("net", vectors), Clusters("kmeans", 2, "net")
    name_cluster(study, made.name, 1, "thin", of=made_of(study, made))
    called, told = seen_by(study, made)
    assert called[0] == "thin" and "without effect" not in told
    called, told = seen_by(herd.embed("net", vectors[::-1]), made)
    assert called[0] == "1"
    assert "vectors or data have changed since: 1 of 1 decisions about these clusters" in told
    assert seen_by(herd.embed("net", vectors), made)[0][0] == "thin", "the vectors are back"


def test_names_do_not_pass_to_clusters_by_other_values_of_a_variable(herd):
    vectors = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    study = herd.embed("net", vectors)
    plain, inside = (
        Clusters("kmeans", 2, "net", way=way, by=by) for way, by in (("plain", ()), ("strata", ("breed",)))
    )
    for made in (plain, inside):
        name_cluster(study, made.name, 1, "thin", of=made_of(study, made))
    herd.observations["breed"] = herd.observations["breed"].to_numpy()[::-1]
    study = herd.embed("net", vectors)
    assert seen_by(study, plain)[0][0] == "thin"
    called, told = seen_by(study, inside)
    assert called[0] == "1" and "without effect" in told


def test_decisions_of_a_time_that_did_not_keep_what_clusters_were_made_of_still_count(herd):
    study, made = herd.open(), Clusters("kmeans", 2, "features")
    with store_of(study).writing() as log:
        log.append("cluster.name", made.name, who="Ann", payload={"cluster": 1, "to": "thin"})
    assert seen_by(study, made)[0][0] == "thin"
