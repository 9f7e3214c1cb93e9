import numpy as np
import pandas as pd
import pytest

from explorer.space.colouring import MOST_CATEGORIES, first_colour, share_explained


def adjusted_r2(groups, points):
    """One-way analysis of variance over both axes, group by group."""
    kept = [place for place, group in enumerate(groups) if group is not None and np.isfinite(points[place]).all()]
    groups, points = [groups[place] for place in kept], points[kept]
    grand = points.mean(axis=0)
    within = sum(
        ((points[[g == group for g in groups]] - points[[g == group for g in groups]].mean(axis=0)) ** 2).sum()
        for group in set(groups)
    )
    n, k = len(points), len(set(groups))
    return 1 - (within / (n - k)) / (((points - grand) ** 2).sum() / (n - 1))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("dims", [2, 3])
def test_the_share_is_the_adjusted_r_squared(seed, dims):
    rng = np.random.default_rng(seed)
    groups = [None if draw < 0.1 else "abcd"[int(draw * 4)] for draw in rng.random(90)]
    shift = {"a": 0, "b": 1, "c": 5, "d": -2, None: 9}
    points = rng.normal(size=(90, dims)) + 100 + np.array([shift[group] for group in groups])[:, None]
    points[::17] = np.nan
    values = pd.Series(pd.Categorical(groups, categories=["d", "unused", "a", "b", "c"]))
    assert share_explained(values, points.astype(np.float32)) == pytest.approx(adjusted_r2(groups, points), abs=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_numbers_are_cut_into_tenths(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=200)
    points = rng.normal(size=(200, 2)) + values[:, None]
    rank = values.argsort().argsort()
    expected = adjusted_r2([int(place // 20) for place in rank], points)
    assert share_explained(pd.Series(values), points) == pytest.approx(expected, abs=1e-9)


def test_a_shuffled_variable_explains_nothing_on_average():
    shares = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        groups = pd.Series(pd.Categorical(rng.permutation(np.repeat(list("abcdefgh"), 8))))
        shares.append(share_explained(groups, rng.normal(size=(64, 2))))
    assert abs(np.mean(shares)) < 3 * np.std(shares) / np.sqrt(len(shares))
    assert np.mean(shares) < 0.01  # unadjusted, it would be 7 / 63


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([np.nan] * 20),
        pd.Series([3.0] * 20),
        pd.Series(pd.Categorical(["a"] * 20)),
        pd.Series(pd.Categorical([None] * 20, categories=["a", "b"])),
        pd.Series(pd.Categorical([str(row) for row in range(20)])),
    ],
)
def test_what_cannot_tell_apart_explains_nothing(values):
    assert share_explained(values, np.random.default_rng(0).normal(size=(20, 2))) == 0.0
    assert share_explained(values, np.ones((20, 2))) == 0.0


def coloured(herd, **columns):
    """First colour on a map whose places follow three groups; each column is a nominal variable."""
    herd.observations = herd.observations.assign(**columns)
    herd.spec["variables"] = {
        name: {"column": name, "kind": "nominal" if isinstance(column[0], str) else "continuous"}
        for name, column in columns.items()
    }
    group = np.arange(40) % 3
    points = np.random.default_rng(0).normal(size=(40, 2)) * 0.1 + group[:, None]
    return first_colour(herd.open(), points)


def test_the_variable_that_says_most_comes_first(herd):
    noise = np.random.default_rng(1).normal(size=40).tolist()
    group = [f"g{row % 3}" for row in range(40)]
    assert coloured(herd, noise=noise, group=group, half=["a", "b"] * 20) == "group"
    assert coloured(herd, number=[float(row % 3) for row in range(40)], noise=noise) == "number"


def test_names_of_individuals_never_come_first(herd):
    noise = np.random.default_rng(1).normal(size=40).tolist()
    names = [f"g{row % 3}-{row // 6}" for row in range(40)]
    assert coloured(herd, names=names, noise=noise) == "noise"
    assert coloured(herd, names=names) is None


def test_more_categories_than_a_legend_holds_never_come_first(herd):
    herd.observations = pd.concat([herd.observations] * 10, ignore_index=True)
    herd.spec["columns"].pop("observation")
    rows = np.arange(400)
    points = np.random.default_rng(0).normal(size=(400, 2)) * 0.1 + (rows % (MOST_CATEGORIES + 1))[:, None]
    for categories, expected in ((MOST_CATEGORIES, "many"), (MOST_CATEGORIES + 1, "noise")):
        herd.observations["many"] = [f"g{row % categories}" for row in rows]
        herd.observations["noise"] = np.random.default_rng(1).normal(size=400)
        herd.spec["variables"] = {
            "many": {"column": "many", "kind": "nominal"},
            "noise": {"column": "noise", "kind": "continuous"},
        }
        where = points if categories > MOST_CATEGORIES else points * 0 + (rows % categories)[:, None]
        assert first_colour(herd.open(), where) == expected


def test_a_variable_that_cannot_be_read_is_passed_over(herd):
    herd.spec["variables"]["weight"]["column"] = "breed"
    assert first_colour(herd.open(), np.random.default_rng(0).normal(size=(40, 2))) not in (None, "weight")


def test_a_study_without_variables_has_no_colour(herd):
    herd.spec["variables"] = {}
    assert first_colour(herd.open(), np.ones((40, 2))) is None
