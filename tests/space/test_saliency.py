"""Which background variables shape an embedding of a study: numbers, sentences, and what is left out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from explorer.errors import UserError
from explorer.space.designs import design_of
from explorer.space.label_tests import label_test
from explorer.space.permanova import Permanova
from explorer.space.saliency import saliency_of
from explorer.space.saliency_asked import divergences_of
from explorer.space.saliency_said import said_of, said_of_pairs
from explorer.space.saliency_table import saliency_frame
from explorer.space.varying import Varying
from explorer.study.schema import Variable

MICE = Path(__file__).parents[3] / "shared" / "data" / "mice_protein" / "mice_protein.csv"


def shaped(herd, seed=0):
    """30 cows seen 6 times; breed moves the vectors, age a little, the pen says what the breed says; 3 gaps in age."""
    rng = np.random.default_rng(seed)
    animal = np.repeat(np.arange(30), 6)
    n = len(animal)
    breed = np.array(["Jersey", "Holstein"])[(np.arange(30) % 2)[animal]]
    age = rng.uniform(2, 8, 30)[animal] + np.tile(np.arange(6) / 12, 30)
    x = rng.normal(size=(30, 4))[animal] + 0.5 * rng.normal(size=(n, 4))
    x[:, 0] += 3 * (breed == "Jersey") + 0.8 * age
    age[[4, 50, 99]] = np.nan
    herd.observations = pd.DataFrame(
        {
            "observation_id": [f"o-{row:03}" for row in range(n)],
            "animal_id": [f"cow-{one}" for one in animal],
            "captured_at": np.datetime64("2024-01-10", "us") + np.tile(np.arange(6), 30) * np.timedelta64(60, "D"),
            "breed": breed,
            "pen": np.where(breed == "Jersey", "north", "south"),
            "age": age,
            "light": rng.integers(0, 3, n),
            "farm": "one",
            "weight": 500 + 30 * x[:, 0] + rng.normal(size=n),
            **{f"p_{place}": x[:, place] for place in range(4)},
        }
    )
    herd.scores = herd.events = herd.animals = None
    herd.spec["variables"] = {
        "breed": {"column": "breed", "kind": "nominal", "label": "Breed"},
        "age": {"column": "age", "kind": "continuous", "label": "Age"},
        "light": {"column": "light", "kind": "ordinal"},
        "weight": {"column": "weight", "kind": "continuous", "role": "task"},
    }
    return herd


def found(study, **more):
    return saliency_of(study, study.embedding("features"), permutations=99, **more)


def test_what_shapes_the_vectors_comes_first_and_chance_is_called_chance(herd):
    study = shaped(herd).open()
    saliency = found(study)
    frame = saliency_frame(saliency).set_index("variable")
    assert frame.index.tolist() == ["breed", "age", "light"]
    assert frame["p"].tolist()[0] == 0.01
    assert frame["p"]["light"] > 0.05
    assert frame["n"].tolist() == [180, 177, 180]
    assert frame["animals"].tolist() == [30, 30, 30]
    np.testing.assert_allclose(frame["r2_shared"], frame["r2"] - frame["r2_conditional"])
    assert (frame["probe"]["breed"] > frame["probe_null_high"]["breed"]) and frame["probe"]["light"] < 0.1
    assert [one.how for one in saliency.variables] == ["animals", "courses", "visits"]
    breed, age, light = said_of(saliency)
    one, _, other = saliency.variables
    assert breed.startswith(
        f"Breed explains {one.r2.value:.1%} of the space (95% interval over 30 animals {one.r2.low:.1%} to "
        f"{one.r2.high:.1%}; p = 0.01, animals exchanged), {one.conditional.value:.1%} ({one.conditional.low:.1%} to "
        f"{one.conditional.high:.1%}) that age and light do not"
    ), "each number with its own interval, and p with what is tested"
    assert "interval over 30 animals" in age
    assert light.startswith(
        f"light explains {other.r2.value:.1%} of the space (95% interval over 30 animals {other.r2.low:.1%} to "
        f"{other.r2.high:.1%}), its ups and downs in each animal {other.test.explained:.1%}, no more than chance may "
        f"give (shuffled {other.test.null.mean():.1%} on average, p = {other.test.p:.3g})"
    ), "chance is of the ups and downs alone"
    assert other.test.explained < other.r2.value
    assert said_of_pairs(saliency) == ()


def test_r_squared_is_of_the_rows_that_have_the_variable_and_missing_is_a_category_beside_others(herd):
    study = shaped(herd).open()
    saliency = found(study)
    one = {one.name: one for one in saliency.variables}
    x = study.embedding("features").vectors.astype(float)
    columns = {
        name: design_of(name, study.values(name), study.variable(name)).columns for name in ("breed", "age", "light")
    }
    gaps = study.values("age").isna().to_numpy()
    units = np.repeat(np.arange(30), 6)
    whole = Permanova(columns | {"age": np.column_stack([columns["age"], gaps])}, x, units)
    assert one["breed"].conditional.value == pytest.approx(whole.conditional("breed").value)
    known = Permanova({name: block[~gaps] for name, block in columns.items()}, x[~gaps], units[~gaps])
    assert one["age"].r2.value == pytest.approx(known.marginal("age").value)
    assert one["age"].conditional.value == pytest.approx(known.conditional("age").value)
    assert (one["age"].missing, one["age"].n) == (3, 177)
    assert any("age is missing in 3 of 180 observations" in remark for remark in saliency.remarks)


@pytest.mark.slow
def test_a_variable_gets_the_same_p_whichever_others_are_asked_for_and_whatever_the_order_of_rows(herd):
    study = shaped(herd).open()
    every = {one.name: one for one in found(study).variables}
    (alone,) = found(study, variables=["light"]).variables
    assert alone.test.p == every["light"].test.p
    assert alone.probe == every["light"].probe
    assert alone.conditional == alone.r2
    order = np.arange(180).reshape(30, 6)[:, ::-1].ravel()  # the latest first; courses go by time
    herd.observations = herd.observations.iloc[order].reset_index(drop=True)
    mixed = {one.name: one for one in found(herd.open()).variables}
    for name, one in every.items():
        assert mixed[name].r2.value == pytest.approx(one.r2.value, rel=1e-6)
        assert mixed[name].how == one.how
        np.testing.assert_allclose(mixed[name].test.null, one.test.null, rtol=1e-4)
    assert found(study, seed=1).variables[1].test.null.tolist() != every["age"].test.null.tolist()


def test_what_says_the_same_is_said_to_be_inseparable(herd):
    shaped(herd).spec["variables"]["pen"] = {"column": "pen", "kind": "nominal"}
    saliency = found(herd.open(), variables=["breed", "pen", "light"])
    assert said_of_pairs(saliency) == ("Cannot separate breed from pen: pen tells 100% of it",)
    breed = next(one for one in saliency.variables if one.name == "breed")
    assert breed.conditional.value == pytest.approx(0, abs=1e-9)
    assert breed.shared == pytest.approx(breed.r2.value)
    assert "0.0% (0.0% to 0.0%) that pen and light do not" in said_of(saliency)[0]


def test_what_others_say_together_is_too(herd):
    frame = shaped(herd).observations
    frame["a"], frame["b"] = (np.random.default_rng(seed).integers(0, 2, 180) for seed in (1, 2))
    frame["sum"] = frame["a"] + frame["b"]
    herd.spec["variables"] = {
        name: {"column": name, "kind": "ordinal", "label": name.title()} for name in ("a", "b", "sum")
    }
    told = said_of_pairs(found(herd.open()))
    assert told == tuple(
        f"Cannot separate {one} from the other variables: together they tell 100% of it" for one in "AB"
    )


def test_what_cannot_be_used_is_named(herd):
    variables = shaped(herd).spec["variables"]
    variables["farm"] = {"column": "farm", "kind": "nominal"}
    variables["id"] = {"column": "observation_id", "kind": "nominal"}
    variables["lost"] = {"column": "breed", "kind": "continuous"}
    variables["rare"] = {"column": "rare", "kind": "continuous"}
    herd.observations["rare"] = np.where(np.arange(180) < 9, np.arange(180), np.nan)
    herd.observations.loc[7, "p_1"] = np.nan
    herd.observations.loc[8, "animal_id"] = None
    study = herd.open()
    saliency = found(study)
    told = "\n".join(saliency.remarks)
    assert "farm was left out: it does not vary" in saliency.remarks
    assert "rare was left out: fewer than 10 observations with a vector have it" in saliency.remarks
    assert "id was left out: 'id' has 179 categories" in told
    assert "lost was left out" in told
    assert "1 of 180 observations left out: a feature is missing" in told
    assert "have no vector" not in told, "said once"
    assert "1 observations of unknown animals count as an animal each" in told
    assert {one.name for one in saliency.variables} == {"breed", "age", "light"}
    assert saliency.observations == 179
    for name, sentence in (("id", "categories"), ("lost", "Jersey|Holstein"), ("gone", "no variable 'gone'")):
        with pytest.raises(UserError, match=sentence):
            found(study, variables=["breed", name])
    with pytest.raises(UserError, match=r"farm was left out: it does not vary\.$"):
        found(study, variables=["farm"])


def test_without_animals_observations_are_exchanged_and_without_background_it_says_so(herd):
    del shaped(herd).spec["columns"]["animal"]
    saliency = found(herd.open())
    assert {one.how for one in saliency.variables} == {"observations"}
    assert saliency_frame(saliency)["animals"].isna().all()
    assert any("does not say which animal is which" in remark for remark in saliency.remarks)
    assert "over 180 observations" in said_of(saliency)[0]
    herd.spec["variables"] = {"weight": herd.spec["variables"]["weight"]}
    study = herd.open()
    with pytest.raises(UserError, match="no background variables"):
        found(study)
    assert found(study, variables=["weight"]).variables[0].name == "weight", "a task by name"


def test_the_dimensions_in_which_a_task_differs(herd):
    study = shaped(herd).open()
    apart = divergences_of(study, study.embedding("features"), list(study.tasks))
    assert list(apart) == ["weight"]
    assert apart["weight"].widest[0].dimension == 0
    assert len(apart["weight"].dimensions) == 4


def test_the_same_vectors_everywhere_are_refused(herd):
    study = shaped(herd).embed("same", np.ones((180, 3)))
    with pytest.raises(UserError, match="all vectors of 'same' are the same"):
        saliency_of(study, study.embedding("same"))


def test_observations_without_a_vector_are_counted(herd):
    vectors = np.random.default_rng(0).normal(size=(180, 3))
    vectors[:20] = np.nan
    study = shaped(herd).embed("net", vectors)
    saliency = saliency_of(study, study.embedding("net"), permutations=19)
    assert saliency.remarks[0] == "20 of 180 observations have no vector and take no part"
    assert saliency.observations == 160


@pytest.mark.slow
def test_the_proteins_of_mice():
    """One-way R squared as known, and p of whole animals where rows would say 0.001 of all four."""
    if not MICE.exists():
        pytest.skip(f"the real data is not at {MICE}, so this was NOT tested")
    table = pd.read_csv(MICE)
    proteins = [name for name in table if name.endswith("_N") and table[name].isna().mean() <= 0.1]
    table = table.dropna(subset=proteins).reset_index(drop=True)
    x = table[proteins].to_numpy(float)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    units = table["animal_id"].astype("category").cat.codes.to_numpy()
    assert (x.shape, units.max() + 1) == ((972, 72), 65)
    known = {"genotype": 0.017858, "treatment": 0.017317, "behavior": 0.115398, "class": 0.213173}
    columns = {
        name: design_of(name, table[name].astype("category"), Variable(column=name, kind="nominal")).columns
        for name in known
    }
    shares = Permanova(columns, x, units)
    p = {}
    for name, r2 in known.items():
        assert shares.marginal(name).value == pytest.approx(r2, abs=5e-7)
        p[name] = label_test(Varying(columns[name], units), x, permutations=999).p
        assert label_test(Varying(columns[name], np.arange(972)), x, permutations=999).p == 0.001
    assert p["genotype"] == pytest.approx(0.105, abs=0.04)
    assert p["treatment"] == pytest.approx(0.118, abs=0.04)
    assert p["behavior"] == p["class"] == 0.001


def test_what_explains_little_but_can_be_told_is_said_so(herd):
    """Genotype in the proteins of mice is such a one."""
    frame = shaped(herd).observations
    rng = np.random.default_rng(3)
    quiet = rng.integers(0, 2, 30)[np.repeat(np.arange(30), 6)]
    x = 10 * rng.normal(size=(30, 4))[np.repeat(np.arange(30), 6)] + rng.normal(size=(180, 4))
    x[:, 3] = x[:, 0] + 2 * quiet + 0.2 * rng.normal(size=180)
    frame["quiet"] = np.where(quiet, "yes", "no")
    herd.spec["variables"] = {"quiet": {"column": "quiet", "kind": "nominal"}}
    study = herd.embed("net", x)
    (one,) = saliency_of(study, study.embedding("net"), permutations=99).variables
    assert one.test.p > 0.05
    (told,) = said_of(saliency_of(study, study.embedding("net"), permutations=99))
    assert f"yet vectors of other animals tell it (R squared {one.probe.value:.0%}, shuffled " in told


def test_where_no_p_could_have_been_small_that_is_said_and_not_that_it_is_chance(herd):
    """Three animals have four ways to mirror their visits: p cannot be below 1/4, however strong the effect."""
    herd.observations = herd.observations[herd.observations["animal_id"].isin(["cow-0", "cow-1", "cow-2"])]
    herd.observations = herd.observations.reset_index(drop=True).assign(light=np.tile([0.0, 1.0, 2.0, 3.0, 4.0], 3))
    herd.scores = herd.events = herd.animals = None
    herd.spec["variables"] = {"light": {"column": "light", "kind": "continuous"}}
    x = np.random.default_rng(0).normal(size=(15, 3)) + 9 * herd.observations["light"].to_numpy()[:, None]
    study = herd.embed("lit", x.astype(np.float32))
    (sentence,) = said_of(saliency_of(study, study.embedding("lit"), permutations=199))
    assert "which 3 animals cannot tell from chance, whatever it were" in sentence
    assert "no more than chance" not in sentence
