"""Clusters conditioned on background variables: without them, beside them, inside their strata."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from explorer.clustering.centres import margins
from explorer.clustering.clusters import Clusters, is_sound, named
from explorer.clustering.conditioned import assign, read_assignment
from explorer.clustering.variables import with_clusters
from explorer.errors import UserError
from explorer.space.parts import part_of

ANIMALS, VISITS = 30, 8


@pytest.fixture
def flock(herd):
    """Three kinds of animals; a season moves all of them, further than kinds differ. Seasons are dealt at random."""
    rng = np.random.default_rng(0)
    n = ANIMALS * VISITS
    frame = herd.observations.loc[np.zeros(n, dtype=int)].reset_index(drop=True)
    animal = np.repeat(np.arange(ANIMALS), VISITS)
    frame["observation_id"] = [f"o-{row:03}" for row in range(n)]
    frame["animal_id"] = [f"ewe-{one:02}" for one in animal]
    season = rng.integers(2, size=n)
    frame["time_of_year"] = np.where(season, "summer", "winter")
    frame["age"] = rng.uniform(1, 9, size=n)
    frame["hour"] = rng.integers(24, size=n)
    frame.loc[:79:8, "time_of_year"] = None  # of ten animals
    herd.observations, herd.scores, herd.events, herd.animals = frame, None, None, None
    herd.spec["variables"] = {
        "season": {"column": "time_of_year", "kind": "nominal"},
        "age": {"column": "age", "kind": "continuous", "unit": "years"},
        "hour": {"column": "hour", "kind": "cyclic", "period": 24},
        "breed": {"column": "breed", "kind": "nominal"},
    }
    kind = animal % 3
    still = 6 * np.eye(3)[kind] + 0.5 * rng.normal(size=(n, 3))
    herd.kind, herd.season, herd.still = kind, season, still
    herd.moved = still + np.outer(season, [9.0, -9.0, 4.0])
    return herd


def study_of(flock, vectors):
    return flock.embed("e", np.asarray(vectors, dtype=np.float32))


KMEANS = Clusters("kmeans", 3, "e")


@pytest.mark.parametrize(
    "one",
    [
        KMEANS._replace(way="residual", by=("season",)),
        KMEANS._replace(way="joined", by=("season", "age"), weight=0.25, seed=7),
        KMEANS._replace(way="strata", by=("age", "hour"), bins=(("age", (2.0, 4.5)), ("hour", (22.0, 6.0)))),
        KMEANS._replace(way="strata", by=("a & b of c", "d:1,2 in e", "%"), part="0123456789ab"),
        Clusters("hdbscan", 5, "x of y", way="joined", by=("käse",), weight=1e6),
    ],
)
def test_a_name_says_how_they_are_conditioned(one):
    assert is_sound(one)
    assert named(one.name) == one
    assert named(one._replace(seed=one.seed + 1).name) != one


@pytest.mark.parametrize(
    "name",
    [
        "cluster kmeans 3 inside  of e",
        "cluster kmeans 3 inside age&age of e",
        "cluster kmeans 3 inside age:a of e",
        "cluster kmeans 3 inside age:nan of e",
        "cluster kmeans 3 inside age:2,2 of e",
        "cluster kmeans 3 inside %ff of e",
        "cluster kmeans 3 without age:2 of e",
        "cluster kmeans 3 without age at 1 of e",
        "cluster kmeans 3 with age of e",
        "cluster kmeans 3 with age at -1 of e",
        "cluster kmeans 3 with age at 1.0 of e",
        "cluster kmeans 3 seed 0 of e",
        "cluster kmeans 3 seed 99999999999 of e",
    ],
)
def test_what_cannot_be_meant_is_no_name(name):
    assert named(name) is None


def test_without_the_variable_clusters_are_those_without_its_shift(flock):
    wanted = KMEANS._replace(way="residual", by=("season",))
    flock.observations["time_of_year"] = np.where(flock.season, "summer", "winter")
    study = study_of(flock, flock.moved)
    assert adjusted_rand_score(assign(study, KMEANS).labels, flock.kind) < 0.6
    assert adjusted_rand_score(assign(study, wanted).labels, flock.kind) == 1
    assert adjusted_rand_score(assign(study, wanted._replace(method="hdbscan", size=10)).labels, flock.kind) > 0.95


def test_a_season_is_not_blamed_for_the_animals_seen_in_it(flock):
    """Kind 0 is seen mostly in winter: learnt across animals, part of its kind would go for the season."""
    rng = np.random.default_rng(1)
    season = (rng.random(len(flock.kind)) < np.where(flock.kind == 0, 0.1, 0.9)).astype(int)
    flock.observations["time_of_year"] = np.where(season, "summer", "winter")
    study = study_of(flock, flock.still + np.outer(season, [9.0, -9.0, 4.0]))
    found = assign(study, KMEANS._replace(way="residual", by=("season",)))
    assert adjusted_rand_score(found.labels, flock.kind) == 1


def test_what_is_fixed_to_an_animal_is_taken_out_across_animals(flock):
    flock.observations["breed"] = np.where(np.repeat(np.arange(ANIMALS) // 3 % 2, VISITS), "A", "B")
    shift = (flock.observations["breed"] == "A").to_numpy()[:, None] * [8.0, 0.0, 8.0]
    study = study_of(flock, flock.still + shift)
    found = assign(study, KMEANS._replace(way="residual", by=("breed",)))
    assert adjusted_rand_score(found.labels, flock.kind) == 1


@pytest.mark.parametrize("method", ["kmeans", "hdbscan"])
def test_beside_the_vectors_a_weight_of_nothing_is_plain_and_a_huge_one_the_groups(flock, method):
    plain = Clusters(method, 2 if method == "kmeans" else 20, "e")
    flock.observations["time_of_year"] = np.where(flock.season, "summer", "winter")
    study = study_of(flock, flock.still)
    nothing = assign(study, plain._replace(way="joined", by=("season",), weight=0.0))
    assert np.array_equal(nothing.labels, assign(study, plain).labels)
    huge = assign(study, plain._replace(way="joined", by=("season",), weight=1e5))
    within = [
        adjusted_rand_score(huge.labels[flock.season == one], flock.season[flock.season == one]) for one in (0, 1)
    ]
    if method == "kmeans":
        assert adjusted_rand_score(huge.labels, flock.season) == 1
        assert within == [1, 1]
    clustered = huge.labels >= 0
    for one in range(huge.count):  # no cluster holds both seasons
        assert len(set(flock.season[clustered & (huge.labels == one)])) == 1


def test_beside_the_vectors_units_and_numbers_of_categories_do_not_count(flock):
    study = study_of(flock, flock.still)
    wanted = KMEANS._replace(way="joined", by=("age", "season"), weight=2.0)
    before = assign(study, wanted).labels
    flock.observations["age"] = 365.25 * flock.observations["age"] + 1000
    assert np.array_equal(assign(study_of(flock, flock.still), wanted).labels, before)


@pytest.mark.parametrize("method", ["kmeans", "hdbscan"])
def test_inside_strata_clusters_never_cross_and_are_those_of_each_stratum_alone(flock, method):
    size = 3 if method == "kmeans" else 8
    wanted = Clusters(method, size, "e", way="strata", by=("season", "age"), bins=(("age", (5.0,)),))
    study = study_of(flock, flock.moved)
    found = assign(study, wanted)
    codes = np.asarray(found.stratum.codes)
    for one in range(found.count):
        assert len(set(codes[found.labels == one])) == 1
    for place, row in found.strata.iterrows():
        own = codes == place
        assert row["n"] == own.sum()
        assert row["animals"] == study.animal[own].nunique()
        if row["trouble"]:
            continue
        alone = assign(
            study,
            Clusters(method, size, "e", part_of(study.embedding("e"), own, "own").fingerprint[:12]),
            embedding=part_of(study.embedding("e"), own, "own"),
        )
        assert adjusted_rand_score(alone.labels[own], found.labels[own]) == 1
        assert row["clusters"] == alone.count
        assert np.allclose(alone.strength[own], found.strength[own])
    assert found.strata["stratum"].tolist()[-1].startswith("season = unknown")


def test_strata_too_small_and_missing_ones_are_named(flock):
    flock.observations.loc[:99, "breed"] = "A"
    flock.observations.loc[100:, "breed"] = "B"
    flock.observations.loc[100:, "time_of_year"] = "summer"
    study = study_of(flock, flock.moved)
    found = assign(study, KMEANS._replace(size=6, way="strata", by=("breed", "season")))
    small = found.strata[found.strata["trouble"] != ""]
    assert small["stratum"].tolist() == ["breed = A, season = unknown"]
    assert small["n"].item() == small["noise"].item() == 10
    assert (found.labels[:80:8] == -1).all()
    told = " ".join(found.remarks)
    assert "10 observations without a value of season are strata of their own" in told
    assert "Not clustered: breed = A, season = unknown (10): fewer observations" in told
    assert "no observation is in: breed = B, season = winter" in told


def test_arcs_of_a_cycle_hold_midnight_together(flock):
    study = study_of(flock, flock.still)
    found = assign(study, KMEANS._replace(way="strata", by=("hour",), bins=(("hour", (22.0, 6.0, 14.0)),)))
    night = (flock.observations["hour"] >= 22) | (flock.observations["hour"] < 6)
    assert (np.asarray(found.stratum == "hour = 22 to 6") == night.to_numpy()).all()


def test_the_strength_of_k_means_is_the_margin_to_the_next_centre(flock):
    study = study_of(flock, flock.still)
    found = assign(study, KMEANS)
    vectors = study.embedding("e").vectors
    theirs = KMeans(3, n_init=4, random_state=0).fit(vectors)
    near = np.sort(theirs.transform(vectors), axis=1)
    assert np.allclose(found.strength, 1 - near[:, 0] / near[:, 1], atol=1e-4)
    assert (margins(np.zeros((4, 2), dtype=np.float32), np.zeros(4, dtype=np.int32)) == 0).all()


def test_the_order_of_rows_does_not_matter(flock):
    order = np.random.default_rng(3).permutation(len(flock.kind))
    ways = [
        KMEANS,
        KMEANS._replace(way="residual", by=("season", "age")),
        KMEANS._replace(way="joined", by=("season",), weight=0.1),
        KMEANS._replace(way="strata", by=("season",)),
        Clusters("hdbscan", 10, "e", way="strata", by=("season",)),
    ]
    study = study_of(flock, flock.still)
    before = [assign(study, wanted) for wanted in ways]
    flock.observations = flock.observations.iloc[order].reset_index(drop=True)
    study = study_of(flock, flock.still[order])
    for old, wanted in zip(before, ways, strict=True):
        new = assign(study, wanted)
        assert adjusted_rand_score(old.labels[order], new.labels) == 1
        assert np.allclose(old.strength[order], new.strength, atol=1e-4)


def test_they_are_kept_until_the_table_changes_and_are_variables(flock):
    study = study_of(flock, flock.moved)
    wanted = KMEANS._replace(way="strata", by=("season",))
    assert read_assignment(study, wanted) is None
    made = assign(study, wanted)
    kept = read_assignment(study, wanted)
    assert np.array_equal(kept.labels, made.labels)
    assert np.array_equal(kept.strength, made.strength)
    assert kept.remarks == made.remarks
    assert with_clusters(study, [wanted.name]).values(wanted.name).notna().all()
    flock.observations["time_of_year"] = "winter"
    assert read_assignment(study_of(flock, flock.moved), wanted) is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"way": "residual", "by": ("sex",)}, "no variable 'sex'"),
        ({"way": "joined", "by": ("season", "season")}, "given twice"),
        ({"way": "strata", "by": ("season",), "bins": (("season", (2.0,)),)}, "'season' has categories"),
        ({"way": "strata", "by": ("age",), "bins": (("age", (4.0, 2.0)),)}, "Edges must increase"),
        ({"way": "strata", "by": ("season",), "bins": (("age", (4.0,)),)}, "'age', which is not among"),
        ({"way": "strata", "by": ("season", "age"), "size": 60}, "each of the .* strata is too small"),
        ({"way": "strata", "by": ()}, "no background variable was named"),
        ({"way": "strata", "by": ("cluster kmeans 2 of e",)}, "clusters themselves"),
        ({"size": 500}, "fewer than 500 clusters"),
    ],
)
def test_what_cannot_be_made_is_told_in_a_sentence(flock, changes, sentence):
    with pytest.raises(UserError, match=sentence):
        assign(study_of(flock, flock.still), KMEANS._replace(**changes))
