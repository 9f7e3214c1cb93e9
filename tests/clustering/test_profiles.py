"""What is in a cluster more than elsewhere, who is typical of it, and how that is told."""

from dataclasses import replace

import numpy as np
import pytest

from explorer.clustering.clusters import Clusters
from explorer.clustering.conditioned import assign
from explorer.clustering.explained import explained
from explorer.clustering.profiles import Profile, profiles
from explorer.clustering.traits import FEWEST, Trait
from explorer.errors import UserError
from explorer.space.bootstrap import Interval

ANIMALS = 24


@pytest.fixture
def study(herd):
    """Horned animals lie apart, and are heavier; of luck nothing hangs."""
    rng = np.random.default_rng(0)
    frame = herd.observations.loc[np.repeat(0, ANIMALS * 4)].reset_index(drop=True)
    animal = np.repeat(np.arange(ANIMALS), 4)
    frame["observation_id"] = [f"o-{row}" for row in range(len(frame))]
    frame["animal_id"] = [f"ewe-{one}" for one in animal]
    horned = animal % 3 == 0
    frame["breed"] = np.where(horned, "horned", "polled")
    frame["weight"] = 60 + 10 * horned + rng.normal(size=len(frame))
    frame["luck"] = rng.normal(size=ANIMALS)[animal]
    frame.loc[5, "weight"] = np.nan
    herd.observations, herd.scores, herd.events, herd.animals = frame, None, None, None
    herd.spec["variables"] = {
        "breed": {"column": "breed", "kind": "nominal", "label": "Breed"},
        "weight": {"column": "weight", "kind": "continuous", "role": "task", "unit": "kg"},
        "luck": {"column": "luck", "kind": "continuous"},
        "hour": {"derive": {"from": "captured_at", "as": "hour"}, "kind": "cyclic"},
    }
    vectors = rng.normal(size=(len(frame), 3)) + 20 * horned[:, None]
    return herd.embed("apart", vectors.astype(np.float32))


@pytest.fixture
def made(study):
    return assign(study, Clusters("kmeans", 2, "apart"))


def test_traits_are_shares_and_means_inside_and_outside(study, made):
    polled, horned = profiles(study, made)
    assert (polled.size, polled.animals, polled.name) == (64, 16, "1")
    assert (horned.size, horned.animals, horned.cluster) == (32, 8, 1)
    traits = {(one.variable, one.value): one for one in horned.traits}
    breed = traits["breed", "horned"]
    assert (breed.inside, breed.outside) == (1, 0)
    assert (breed.difference.value, breed.difference.low, breed.difference.high) == (1, 1, 1)
    assert breed.effect == pytest.approx(np.pi)
    assert traits["breed", "polled"].effect == pytest.approx(-np.pi)
    weight = traits["weight", None]
    values = study.values("weight").to_numpy()
    inside, outside = values[made.labels == 1], values[(made.labels == 0) & ~np.isnan(values)]
    assert weight.inside == pytest.approx(inside.mean())
    assert weight.difference.value == pytest.approx(inside.mean() - outside.mean())
    pooled = np.sqrt(((inside - inside.mean()) ** 2).sum() + ((outside - outside.mean()) ** 2).sum()) / np.sqrt(93)
    assert weight.effect == pytest.approx((inside.mean() - outside.mean()) / pooled * (1 - 3 / (4 * 93 - 1)))
    assert (weight.n, weight.missing, weight.task) == (32, 0, True)
    assert {one.variable: one.missing for one in polled.traits}["weight"] == 1
    assert not traits["luck", None].sure
    ranks = [(not one.sure, -abs(one.effect)) for one in horned.traits]
    assert ranks == sorted(ranks)


def test_the_interval_of_a_share_goes_by_animals(study, made):
    """A trait dealt to whole animals is surer of many animals than of many pictures of the same ones."""
    luck = study.values("luck")
    wide = {one.variable: one for one in profiles(study, made)[1].traits}["luck"].difference
    alone = luck.groupby(study.animal, observed=True).first()
    place = np.arange(ANIMALS) % 3 == 0
    names = [f"ewe-{one}" for one in range(ANIMALS)]
    spread = np.sqrt(sum(alone[np.array(names)[group]].var() / group.sum() for group in (place, ~place)))
    assert wide.high - wide.low == pytest.approx(2 * 1.96 * spread, rel=0.25)


def test_typical_members_lie_near_the_middle_and_odd_ones_far(study, made):
    first = profiles(study, made)[0]
    vectors = study.embedding("apart").vectors
    far = np.linalg.norm(vectors - vectors[made.labels == 0].mean(axis=0), axis=1)
    assert first.typical[0] == np.flatnonzero(made.labels == 0)[far[made.labels == 0].argmin()]
    assert first.odd[0] == np.flatnonzero(made.labels == 0)[far[made.labels == 0].argmax()]
    for rows in (first.typical, first.odd):
        assert len({study.animal.iloc[row] for row in rows}) == len(rows) == 6
    assert (np.diff(far[list(first.typical)]) >= 0).all()
    assert (np.diff(far[list(first.odd)]) <= 0).all()


def test_sentences_say_what_sets_a_cluster_apart(study, made):
    polled, horned = profiles(study, made)
    said = explained(horned)
    assert len(said) == 2  # "fewer polled" says the same as "more horned"
    assert said[0].startswith("weight (a task) is 70 kg on average, 60")
    assert said[1].startswith("100% of its observations have Breed = horned, 0% elsewhere (100 points more, 95% 100")
    assert "not known of 1" in explained(polled)[0]
    assert len(explained(horned, limit=1)) == 1


def test_of_chance_nothing_is_told(study, made):
    told = 0
    for seed in range(20):
        shuffled = np.repeat(np.random.default_rng(seed).permutation(ANIMALS) % 2, 4).astype(np.int32)
        for one in profiles(study, replace(made, labels=shuffled), ["luck", "breed"], seed=seed):
            told += any(trait.sure for trait in one.traits)
    assert told <= 10  # of 40 clusters with two variables, 4 on average


def test_a_cluster_of_few_animals_has_no_intervals_and_says_so(study, made):
    labels = np.where(np.arange(96) < 4 * (FEWEST - 1), 1, 0).astype(np.int32)
    few = profiles(study, replace(made, labels=labels))[1]
    assert not any(trait.sure for trait in few.traits)
    assert explained(few) == ("Its observations are of fewer than 5 animals, too few to say what sets them apart",)


def test_a_cluster_with_few_animals_outside_of_it_has_none_either(study, made):
    """With the same few animals outside in every draw, the difference would look surer than it is."""
    labels = np.where(np.arange(96) < 4 * (FEWEST - 1), 1, 0).astype(np.int32)
    most = profiles(study, replace(made, labels=labels))[0]
    assert not any(trait.sure for trait in most.traits)
    assert explained(most)[0].startswith("The observations outside of it are of fewer than 5 animals")
    enough = profiles(study, replace(made, labels=made.labels))[0]
    assert any(trait.sure for trait in enough.traits)


def test_what_was_put_into_clusters_comes_last_and_is_marked(study):
    """That a cluster made of luck differs in luck is no finding, however large it is."""
    wanted = Clusters("kmeans", 2, "apart", way="joined", by=("breed",), weight=50.0)
    one = profiles(study, assign(study, wanted))[1]
    assert [trait.put_in for trait in one.traits] == [trait.variable == "breed" for trait in one.traits]
    assert [trait.put_in for trait in one.traits[-2:]] == [True, True]
    said = explained(one)
    assert said[0].startswith("weight (a task) is ")
    assert "have Breed (put into the clusters) = horned" in said[-1]
    none = profiles(study, assign(study, wanted._replace(weight=0.0)))[1]
    assert not any(trait.put_in for trait in none.traits), "with a weight of 0 nothing was"


def test_what_is_rare_in_a_cluster_is_told_before_what_was_put_into_it():
    rare, put_in = (
        Trait(name, name, "x", 0.5, 0.5 - effect, Interval(effect, effect, effect), effect, None, False, 9, 0, given)
        for name, effect, given in (("rare", -0.4, False), ("own", 0.4, True))
    )
    said = explained(Profile(0, "1", "all", 9, 9, 1.0, (rare, put_in), (), ()))
    assert [sentence.split(" have ")[1].split(" ")[0] for sentence in said] == ["rare", "own"]


def test_noise_comes_last_and_has_no_middle(study, made):
    labels = np.where(made.labels == 1, -1, made.labels).astype(np.int32)
    found = profiles(study, replace(made, labels=labels))
    assert [one.name for one in found] == ["1", "noise"]
    assert (found[1].typical, found[1].cluster, found[1].size) == ((), -1, 32)


def test_a_variable_that_there_is_not(study, made):
    with pytest.raises(UserError, match="no variable 'sex'"):
        profiles(study, made, ["sex"])


def test_inside_a_stratum_a_cluster_is_held_against_the_rest_of_it(study):
    """All that is known of horned animals is known: within breeds, weight tells nothing more, and breed is not told."""
    found = profiles(study, assign(study, Clusters("kmeans", 2, "apart", way="strata", by=("breed",))))
    assert [one.stratum for one in found].count("breed = horned") == 2
    for one in found:
        weight = next(trait for trait in one.traits if trait.variable == "weight")
        assert abs(weight.difference.value) < 2
        assert "breed" not in {trait.variable for trait in one.traits}
        assert "elsewhere in its stratum" in explained(one)[0] or "fewer than 5 animals" in explained(one)[0]


@pytest.mark.parametrize(
    ("value", "digits", "said"),
    [
        (110.0, 2, "110"),
        (99.7, 2, "100"),
        (99.3, 2, "99"),
        (0.00134, 2, "0.0013"),
        (4321.6, 3, "4,322"),
        (25.04, 3, "25"),
    ],
)
def test_figures_are_written_as_people_write_them(value, digits, said):
    trait = Trait("w", "w", None, value, 0.0, Interval(value, value, value), 1.0, None, False, 9, 0)
    profile = Profile(0, "1", "all", 9, 9, 1.0, (trait,), (), ())
    sentence = explained(profile)[0]
    assert f"({said} higher" in sentence if digits == 2 else f"w is {said} on average" in sentence
    assert "e+" not in sentence
