"""Background variables as categories: every kind, with edges that put another observation into the same bins."""

import numpy as np
import pytest

from explorer.errors import UserError
from explorer.space.conditions import ARCS, BINS, conditions, in_words, nested_strata
from explorer.study.strata import bin_values


def test_each_kind_of_variable_becomes_categories(herd):
    herd.observations.loc[3, "weight"] = np.nan
    study = herd.open()
    season, month, weight, parity = conditions(study, ["season", "month", "weight", "parity"])
    assert season.binning is None and season.numbers is None
    assert list(season.values) == study.values("season").tolist()
    assert len(month.values.categories) == ARCS and month.binning.period == 12
    assert len(weight.values.categories) == BINS
    assert weight.known.tolist() == study.values("weight").notna().tolist()
    sizes = np.bincount(weight.values.codes[weight.known])
    assert sizes.sum() == 39 and np.ptp(sizes) <= 1
    for one in (weight, parity, month):
        again = bin_values(study.values(one.name), one.binning)
        assert again.codes.tolist() == one.values.codes.tolist()
        assert list(again.categories) == list(one.values.categories)


def test_a_number_that_does_not_vary_is_one_category(herd):
    herd.observations["weight"] = 500.0
    (weight,) = conditions(herd.open(), ["weight"])
    assert weight.binning is None and list(weight.values.categories) == ["all values"]


def test_arcs_by_hand_begin_within_the_cycle(herd):
    study = herd.open()
    (month,) = conditions(study, ["month"], {"month": (3, 12)})
    assert month.binning.cuts == (3, 0)
    for cuts in ((3, 30), (-1, 6)):
        with pytest.raises(
            UserError, match=r"bins of 'month' cannot be used: arcs begin within its cycle. Give 0 to 12"
        ):
            conditions(study, ["month"], {"month": cuts})


def test_strata_lose_the_last_variable_first(herd):
    study = herd.open()
    nested = nested_strata(conditions(study, ["breed", "season"]), len(study))
    assert [list(one.table.columns[:-2]) for one in nested] == [["breed", "season"], ["breed"], []]
    assert nested[-1].table["label"].tolist() == ["all"]
    assert nested[-1].table["n"].tolist() == [40]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([], "no background variable was named. The study has: breed, parity"),
        (["breed", "breed"], "'breed' was given twice"),
        (["hoof"], "no variable 'hoof'"),
        (["empty"], "no observation has a value of 'empty'"),
    ],
)
def test_mistakes_are_told(herd, names, sentence):
    herd.observations["empty"] = np.nan
    herd.spec["variables"]["empty"] = {"column": "empty", "kind": "continuous"}
    with pytest.raises(UserError, match=sentence):
        conditions(herd.open(), names)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["season"], "season"),
        (["season", "breed"], "season and breed"),
        (["season", "breed", "weight"], "season, breed and weight"),
    ],
)
def test_variables_are_listed_as_in_a_sentence(herd, names, said):
    assert in_words(conditions(herd.open(), names)) == said
