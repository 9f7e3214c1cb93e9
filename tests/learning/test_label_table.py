import numpy as np
import pytest
import torch
from herds import Herd

from explorer.errors import UserError
from explorer.learning.label_table import label_table

EVERY = np.arange(40)


def test_values_are_those_of_the_study_and_missing_ones_stay_missing(herd):
    herd.observations["weight"] = herd.observations["weight"].mask(herd.observations.index % 7 == 0)
    herd.observations["breed"] = herd.observations["breed"].mask(herd.observations.index % 5 == 0)
    study = herd.open()
    table = label_table([study], ["weight", "breed", "bcs", "trend", "month"], EVERY)
    assert table.names == ("weight", "breed", "bcs", "trend", "month")
    assert table.values.dtype == np.float32 and table.values.shape == (40, 5)
    for place, name in ((0, "weight"), (2, "bcs"), (3, "trend"), (4, "month")):
        np.testing.assert_allclose(table.values[:, place], study.values(name), rtol=1e-6)
    breed = study.values("breed")
    assert np.isnan(table.values[:, 0]).sum() == 6 and np.isnan(table.values[:, 3]).any()
    np.testing.assert_array_equal(np.isnan(table.values[:, 1]), breed.isna())
    known = breed.notna().to_numpy()
    same = breed[known].astype(str).to_numpy()
    codes = table.values[known, 1]
    np.testing.assert_array_equal(codes[:, None] == codes, same[:, None] == same)


def test_tolerances_by_kind(herd):
    herd.spec["variables"]["weight"]["relevant_change"] = 15.0
    herd.spec["variables"]["bcs"]["relevant_change"] = 0.5
    names = ["breed", "parity", "weight", "bcs", "month", "calved"]
    table = label_table([herd.open()], names, EVERY, fraction=0.5)
    calved = table.values[:, 5].astype(np.float64)
    turns = np.exp(2j * np.pi * table.values[:, 4] / 12)
    deviation = 12 / (2 * np.pi) * np.sqrt(2 * (1 - abs(turns.mean())))
    assert table.periods == (None, None, None, None, 12.0, None)
    assert table.tolerances == pytest.approx((0, 0, 15, 0.5, 0.5 * deviation, 0.5 * np.nanstd(calved)))
    herd.spec["variables"]["month"]["relevant_change"] = 2.0
    assert label_table([herd.open()], ["month"], EVERY).tolerances == (2.0,)


def test_the_angular_deviation_does_not_see_where_the_year_begins(herd):
    def tolerance(hours):
        herd.observations["hour"] = hours
        herd.spec["variables"]["hour"] = {"column": "hour", "kind": "cyclic", "period": 24.0}
        return label_table([herd.open()], ["hour"], EVERY).tolerances[0]

    hours = np.random.default_rng(0).normal(12, 0.5, 40)
    assert tolerance(hours) == pytest.approx(tolerance((hours + 12) % 24))
    assert tolerance(hours) == pytest.approx(0.25 * hours.std(), rel=0.02), "of a narrow spread it is the usual one"


@pytest.mark.parametrize("mask", [True, False])
def test_tolerances_come_from_training_rows_alone(herd, mask):
    rows = np.arange(10)
    expected = 0.25 * herd.observations["weight"][:10].std(ddof=0)
    herd.observations.loc[10:, "weight"] *= 100
    train = np.isin(EVERY, rows) if mask else rows
    assert label_table([herd.open()], ["weight"], train).tolerances == pytest.approx((expected,))


def test_scores_one_step_apart_agree_within_that_step(herd):
    herd.observations["score"] = np.tile(np.arange(20) / 10 + 1.1, 2)
    herd.spec["variables"]["score"] = {"column": "score", "kind": "ordinal", "relevant_change": 0.1}
    table = label_table([herd.open()], ["score"], EVERY)
    found = table.rule(min_matches=1)(torch.from_numpy(table.values))
    steps = np.tile(np.arange(20), 2)
    expected = (np.abs(steps[:, None] - steps) <= 1) & ~np.eye(40, dtype=bool)
    np.testing.assert_array_equal(found.positive.numpy(), expected)


def test_the_rule_knows_the_periods(herd):
    herd.observations["hour"] = np.tile([23.9, 0.1, 12.0, 12.0], 10)
    herd.spec["variables"]["hour"] = {"column": "hour", "kind": "cyclic", "period": 24.0, "relevant_change": 0.5}
    table = label_table([herd.open()], ["hour"], EVERY)
    rule = table.rule(min_fraction=1.0)
    assert (rule.min_matches, rule.min_fraction) == (None, 1.0)
    assert rule(torch.from_numpy(table.values[:4])).positive[0].tolist() == [False, True, False, False]


def test_categories_of_text_have_one_code_in_all_studies(herd, tmp_path):
    other = Herd(tmp_path / "other")
    other.observations["breed"] = np.repeat(["Angus", "Jersey"], 20)
    table = label_table([herd.open(), other.open()], ["breed"], np.arange(80))
    names = np.concatenate([herd.observations["breed"], other.observations["breed"]])
    codes = table.values[:, 0]
    np.testing.assert_array_equal(codes[:, None] == codes, names[:, None] == names)


def test_ordered_text_counts_steps(herd):
    order = ["thin", "good", "fat"]
    herd.observations["look"] = np.tile(order, 14)[:40]
    herd.spec["variables"]["look"] = {"column": "look", "kind": "ordinal", "order": order, "relevant_change": 1.0}
    table = label_table([herd.open()], ["look"], EVERY)
    assert table.values[:3, 0].tolist() == [0, 1, 2] and table.tolerances == (1.0,)


def test_orders_that_differ_between_studies_are_refused(herd, tmp_path):
    other = Herd(tmp_path / "other")
    for one, looks in ((herd, ["a", "b"]), (other, ["b", "c"])):
        one.observations["look"] = np.tile(looks, 20)
        one.spec["variables"]["look"] = {"column": "look", "kind": "ordinal"}
    with pytest.raises(UserError, match="no common order"):
        label_table([herd.open(), other.open()], ["look"], np.arange(80))
    other.observations["look"] = np.arange(40)
    with pytest.raises(UserError, match="no common order"):
        label_table([herd.open(), other.open()], ["look"], np.arange(80))


@pytest.mark.parametrize(("part", "value"), [("unit", "lb"), ("relevant_change", 3.0), ("kind", "ordinal")])
def test_studies_that_describe_a_label_differently_are_refused(herd, tmp_path, part, value):
    other = Herd(tmp_path / "other")
    other.spec["variables"]["weight"][part] = value
    with pytest.raises(UserError, match=f"the {part.replace('_', ' ')} of 'weight'"):
        label_table([herd.open(), other.open()], ["weight"], np.arange(80))


def test_a_label_that_no_training_row_has_is_refused(herd):
    herd.observations.loc[:9, "weight"] = np.nan
    with pytest.raises(UserError, match="no training observation has a value of 'weight'"):
        label_table([herd.open()], ["breed", "weight"], np.arange(10))
    with pytest.raises(UserError, match="no variable 'wool'"):
        label_table([herd.open()], ["wool"], EVERY)


def test_arguments_that_make_no_table_are_refused(herd):
    with pytest.raises(ValueError, match="at least one label"):
        label_table([herd.open()], [], EVERY)
    with pytest.raises(ValueError, match="fraction"):
        label_table([herd.open()], ["weight"], EVERY, fraction=-1.0)
