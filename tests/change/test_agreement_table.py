"""Agreement of observers as a table, and kept on disk."""

import numpy as np
import pandas as pd
import pytest
from change.watched import watched

from explorer.change.agreement import icc, weighted_kappa
from explorer.change.agreement_kept import agreements_at, compute_agreements, read_agreements
from explorer.change.agreement_table import COLUMNS, agreement_table, agreements_of, scored_tasks
from explorer.errors import UserError


def rescored(herd):
    """``watched``, where Ann scores the first 20 animals twice: the second time the same, or a quarter off."""
    herd = watched(herd)
    own = herd.scores[herd.scores["observer"] == "Ann"]
    own = own[own["animal"] < "cow-20"].copy()
    own["value"] += np.random.default_rng(3).choice([-0.25, 0, 0.25], len(own))
    herd.scores = pd.concat([herd.scores, own], ignore_index=True)
    return herd


def test_it_tells_of_each_pair_of_each_with_themselves_and_of_all(herd):
    study = rescored(herd).open()
    found = agreements_of(study)
    table = agreement_table(study, found)
    assert tuple(table.columns) == COLUMNS and set(table["task"]) == {"bcs"}
    assert {(row.kind, row.observers) for row in table.itertuples()} == {
        ("inter", "any two"),
        ("inter", "Ann and Bob"),
        ("intra", "Ann"),
    }
    by = table.set_index(["observers", "measure"])
    (pair,) = found["bcs"].intra
    assert by.loc[("Ann", "icc_2_1"), "value"] == pair.absolute.value and by.loc[("Ann", "icc_2_1"), "animals"] == 20
    # Two draws from -0.25, 0, 0.25 added one after the other: the second score differs from the first by one draw.
    assert by.loc[("Ann", "icc_2_1"), "sem"] == pytest.approx(0.25 * np.sqrt(2 / 3 / 2), rel=0.1)
    assert by.loc[("Ann and Bob", "bias"), "value"] == pytest.approx(0.25, abs=0.05)
    assert ("any two", "bias") not in by.index, "nobody is the second of any two"
    assert (
        np.allclose(table["smallest_change"], 1.96 * np.sqrt(2) * table["sem"])
        and table["relevant_change"].eq(0.5).all()
    )
    assert (table["low"] <= table["value"]).all() and (table["value"] <= table["high"]).all()


def test_each_measure_is_what_its_definition_gives(herd):
    study = rescored(herd).open()
    table = agreement_table(study, agreements_of(study))
    table = table[table["observers"] == "Ann and Bob"].set_index("measure")
    both = study.scores.groupby(["animal", "time", "observer"], observed=True)["value"].mean().unstack()
    first, second = both["Ann"].to_numpy(), both["Bob"].to_numpy()
    assert tuple(table.loc[["icc_2_1", "icc_3_1"], "value"]) == pytest.approx(icc(first, second))
    assert table.loc["weighted_kappa", "value"] == pytest.approx(weighted_kappa(first, second))
    assert table.loc["bias", "value"] == pytest.approx((second - first).mean())


def test_what_is_kept_is_what_was_computed_and_follows_the_data(herd):
    study = rescored(herd).open()
    path = agreements_at(study)
    assert read_agreements(path) is None
    compute_agreements(study.path, path, report=lambda *_: None)
    pd.testing.assert_frame_equal(
        agreement_table(study, read_agreements(path)), agreement_table(study, agreements_of(study))
    )
    path.write_bytes(b"spoilt")
    assert read_agreements(path) is None
    herd.scores.loc[0, "value"] += 1
    assert agreements_at(herd.open()) != path


def test_a_study_without_scores_says_so(herd):
    herd = watched(herd)
    del herd.spec["variables"]["bcs"], herd.spec["variables"]["bcs_next"]
    study = herd.open()
    assert scored_tasks(study) == ()
    with pytest.raises(UserError, match="no scores of people"):
        agreements_of(study)
