"""Agreement of observers as a table, and kept on disk."""

import numpy as np
import pandas as pd
import pytest
from change.watched import watched
from sklearn.metrics import cohen_kappa_score

from explorer.change.agreement import agreement
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


def shrout_and_fleiss(scores):
    """ICC(2,1) and ICC(3,1) of scores (n, k) by the analysis of variance (1979)."""
    n, k = scores.shape
    grand = scores.mean()
    b = k * ((scores.mean(axis=1) - grand) ** 2).sum() / (n - 1)
    j = n * ((scores.mean(axis=0) - grand) ** 2).sum() / (k - 1)
    e = (((scores - grand) ** 2).sum() - b * (n - 1) - j * (k - 1)) / ((n - 1) * (k - 1))
    return (b - e) / (b + (k - 1) * e + k * (j - e) / n), (b - e) / (b + (k - 1) * e)


def scored_by(herd, scores):
    """``herd`` whose animals are scored by observers, (animals, days, observers), NaN where one was not there."""
    herd = watched(herd, animals=scores.shape[0], visits=scores.shape[1])
    names = sorted(herd.animals["animal"])
    herd.scores = pd.DataFrame(
        [
            (names[animal], np.datetime64("2022-02-01", "us") + np.timedelta64(30 * day, "D"), "bcs", value, f"o{who}")
            for (animal, day, who), value in np.ndenumerate(scores)
            if np.isfinite(value)
        ],
        columns=["animal", "time", "task", "value", "observer"],
    )
    return agreement(herd.open(), "bcs")


def test_any_two_of_two_observers_are_these_two(herd):
    rng = np.random.default_rng(0)
    scores = rng.normal(3, 1, (12, 2))[:, :, None] + [0.0, 1.0] + rng.normal(0, 0.3, (12, 2, 2))
    found = scored_by(herd, scores)
    (two,) = found.inter
    for measure in ("absolute", "consistent", "kappa", "error", "pairs", "animals"):
        assert getattr(found.overall, measure) == getattr(two, measure), measure
    scores[:, :, 1] = scores[:, :, 0] + 1
    found = scored_by(herd, scores)
    assert found.overall.consistent.value == pytest.approx(1.0), "who is always one higher is consistent"
    assert found.overall.absolute.value < 0.8


def test_any_two_of_three_observers_are_those_of_the_analysis_of_variance(herd):
    rng = np.random.default_rng(1)
    scores = rng.normal(3, 1, (30, 2))[:, :, None] + [0.0, 0.5, -0.4] + rng.normal(0, 0.4, (30, 2, 3))
    found = scored_by(herd, scores).overall
    theirs = shrout_and_fleiss(scores.reshape(-1, 3))
    assert (found.absolute.value, found.consistent.value) == pytest.approx(theirs)
    assert found.pairs == 180 and not found.bias.known
    scores[rng.random(scores.shape) < 0.3] = np.nan
    found = scored_by(herd, scores).overall
    assert (found.absolute.value, found.consistent.value) == pytest.approx(theirs, abs=0.06), "with gaps nearly so"
    assert found.absolute.low < theirs[0] < found.absolute.high


def test_nine_pairs_of_scores_are_too_few(herd):
    rng = np.random.default_rng(2)
    assert scored_by(herd, rng.normal(3, 1, (9, 1, 2))).overall is None
    assert scored_by(herd, rng.normal(3, 1, (10, 1, 2))).overall is not None


def test_scores_that_never_differ_have_no_share(herd):
    found = scored_by(herd, np.full((12, 1, 2), 3.0)).overall
    assert not found.absolute.known and not found.kappa.known and found.error.value == 0


def test_each_measure_is_what_its_definition_gives(herd):
    study = rescored(herd).open()
    table = agreement_table(study, agreements_of(study))
    table = table[table["observers"] == "Ann and Bob"].set_index("measure")
    both = study.scores.groupby(["animal", "time", "observer"], observed=True)["value"].mean().unstack()
    first, second = both["Ann"].to_numpy(), both["Bob"].to_numpy()
    scores = np.column_stack([first, second])
    assert tuple(table.loc[["icc_2_1", "icc_3_1"], "value"]) == pytest.approx(shrout_and_fleiss(scores))
    steps = (8 * scores).astype(int)  # the mean of two scores by quarters
    theirs = cohen_kappa_score(*steps.T, labels=np.arange(steps.min(), steps.max() + 1), weights="quadratic")
    assert table.loc["weighted_kappa", "value"] == pytest.approx(theirs)
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
