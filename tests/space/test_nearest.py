import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.errors import UserError
from explorer.space import nearest as module
from explorer.space.nearest import close_ids, nearest, nearest_frame, nearest_of, remarks, same_by_chance


def brute(vectors, used, row, k):
    """One row at a time, in float64."""
    far = [
        (float(np.sqrt(((vectors[other].astype(float) - vectors[row].astype(float)) ** 2).sum())), other)
        for other in range(len(vectors))
        if used[other] and other != row
    ]
    return sorted(far)[:k]


def check(vectors, used, row, k):
    found = nearest(vectors, used, row, k)
    expected = brute(vectors, used, row, k)
    np.testing.assert_allclose(found.distances, [far for far, _ in expected], rtol=1e-12, atol=0)
    assert found.rows.tolist() == [other for _, other in expected]
    assert (found.row, found.among, found.without) == (row, int(used.sum()) - 1, int((~used).sum()))
    assert (found.rows.dtype, found.distances.dtype) == (np.int64, np.float64)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 60),
    d=st.integers(1, 9),
    k=st.integers(1, 70),
    size=st.sampled_from([1e-40, 1e-25, 1e-3, 1.0, 1e4, 1e25, 3e37]),
    coarse=st.booleans(),
    away=st.sampled_from([0.0, 1e3]),
)
def test_neighbours_are_those_of_a_brute_search(seed, n, d, k, size, coarse, away):
    """Also with many ties (whole numbers), tiny, huge and far-off vectors, and rows without one."""
    rng = np.random.default_rng(seed)
    plain = rng.integers(-1, 2, size=(n, d)) if coarse else rng.normal(size=(n, d))
    vectors = ((plain + away) * (size / (1 + away))).astype(np.float32)
    used = rng.random(n) < 0.8
    row = int(rng.integers(n))
    used[row] = True
    vectors[~used, rng.integers(d)] = np.nan
    check(vectors, used, row, k)


@pytest.mark.parametrize("d", [1, 3, 128])
def test_blocks_are_read_one_after_the_other_from_a_memory_map(tmp_path, monkeypatch, d):
    monkeypatch.setattr(module, "_ROWS_AT_ONCE", 7)
    vectors = np.round(np.random.default_rng(0).normal(size=(200, d)), 1).astype(np.float32)
    np.save(tmp_path / "v.npy", vectors)
    check(np.load(tmp_path / "v.npy", mmap_mode="r"), np.ones(200, dtype=bool), 50, 60)


def test_equal_vectors_come_in_the_order_of_their_rows():
    found = nearest(np.zeros((5_000, 7), dtype=np.float32), np.ones(5_000, dtype=bool), 3, 6)
    assert found.rows.tolist() == [0, 1, 2, 4, 5, 6]
    assert found.distances.tolist() == [0.0] * 6
    vectors = np.tile(np.random.default_rng(1).normal(size=7), (5_000, 1)).astype(np.float32)
    vectors[3] += 1
    assert nearest(vectors, np.ones(5_000, dtype=bool), 3, 4_999).rows.tolist() == [*range(3), *range(4, 5_000)]


@pytest.mark.parametrize("size", [1.0, 1e-21, 3e-22, 1e-22, 1e15])
@pytest.mark.parametrize("seed", range(5))
def test_what_sums_of_float32_cannot_tell_apart_is_told_apart(seed, size):
    """All others on a sphere around the first: their distances differ in the last digits only."""
    around = np.random.default_rng(seed).normal(size=(300, 60))
    vectors = around / np.linalg.norm(around, axis=1, keepdims=True) * size
    vectors[0] = 0
    check(vectors.astype(np.float32), np.ones(300, dtype=bool), 0, 5)


def test_the_only_vector_has_no_neighbours():
    used = np.array([True, False])
    found = nearest(np.array([[1.0], [np.nan]], dtype=np.float32), used, 0, 5)
    assert (len(found.rows), found.among, found.without) == (0, 0, 1)


# --- of a study --------------------------------------------------------------------------------------------


def test_the_table_of_neighbours(herd):
    herd.observations.loc[8, "p_0"] = np.nan
    herd.observations.loc[11, "animal_id"] = None
    herd.observations.loc[12, "captured_at"] = pd.NaT
    study = herd.open()
    embedding = study.embedding("features")
    found = nearest_of(study, embedding, "o-010", 100)
    frame = nearest_frame(study, found)
    assert list(frame.columns) == ["rank", "observation_id", "animal_id", "time", "distance", "same_animal"]
    assert frame["rank"].tolist() == list(range(1, 39))
    assert frame["observation_id"].tolist() == [f"o-{row:03}" for row in found.rows]
    assert {8, 10}.isdisjoint(found.rows.tolist())
    own = herd.observations["animal_id"][found.rows]
    np.testing.assert_array_equal(frame["same_animal"].isna(), found.rows == 11)
    assert (frame["same_animal"] == (own == "cow-2").to_numpy())[found.rows != 11].all()
    assert np.isnat(frame["time"].to_numpy()[found.rows == 12]).all()
    assert same_by_chance(study, embedding, 10) == pytest.approx(3 / 38)
    assert remarks(study, embedding, found) == (
        "3 of the 38 nearest are of the same animal (8%); by chance it would be 7.9%",
        "the animal of 1 of them is not known",
        "1 of 40 observations have no vector and were left out",
    )


def test_of_an_unknown_animal_nothing_is_said(herd):
    herd.observations.loc[10, "animal_id"] = None
    study = herd.open()
    embedding = study.embedding("features")
    found = nearest_of(study, embedding, "o-010", 3)
    assert nearest_frame(study, found)["same_animal"].isna().all()
    assert same_by_chance(study, embedding, 10) is None
    assert remarks(study, embedding, found) == (
        "the animal of this observation is not known, so nothing is said of the same animal",
    )


def test_a_study_without_animals_and_times_leaves_their_columns_out(herd):
    herd.spec["columns"] = {"features": ["p_*"]}
    herd.spec["variables"] = {}
    study = herd.open()
    found = nearest_of(study, study.embedding("features"), "row-1", 3)
    assert list(nearest_frame(study, found).columns) == ["rank", "observation_id", "distance"]
    assert remarks(study, study.embedding("features"), found) == ()


def test_an_observation_that_has_no_neighbours_is_told(herd):
    herd.observations.loc[8, "p_0"] = np.nan
    study = herd.open()
    with pytest.raises(UserError, match="observation 'o-008' has no vector in 'features'"):
        nearest_of(study, study.embedding("features"), "o-008", 3)
    vectors = np.full((40, 2), np.nan)
    vectors[3] = 1
    alone = herd.embed("net", vectors)
    with pytest.raises(UserError, match="no observation but 'o-003' has a vector in 'net'"):
        nearest_of(alone, alone.embedding("net"), "o-003", 3)


def test_an_id_that_is_there_twice_is_told(herd):
    herd.observations.loc[8, "observation_id"] = "o-007"
    study = herd.open()
    with pytest.raises(UserError, match="2 observations are called 'o-007'"):
        nearest_of(study, study.embedding("features"), "o-007", 3)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("o-0007", "o-007"), ("O-007", "o-007"), ("o007", "o-007"), ("0-007", "o-007"), ("o-007 ", "o-007")],
)
def test_close_ids_are_suggested(herd, typed, meant):
    study = herd.open()
    assert meant in close_ids(study, typed)
    with pytest.raises(UserError, match=rf"has no observation '{typed}'. Did you mean '.*{meant}'"):
        nearest_of(study, study.embedding("features"), typed, 3)


@pytest.mark.parametrize("typed", ["", "x" * 100_000, "zzz", "%"])
def test_an_id_like_no_other_gets_no_suggestion(herd, typed):
    assert close_ids(herd.open(), typed) == []


def test_the_id_that_shares_the_longest_part_comes_first(herd):
    assert close_ids(herd.open(), "o-01x")[0].startswith("o-01")
    assert close_ids(herd.open(), "o-0390")[0] == "o-039"


def test_suggestions_are_sought_among_few(herd, monkeypatch):
    compared = []
    monkeypatch.setattr(module.difflib.SequenceMatcher, "set_seq1", lambda _, one: compared.append(one))
    monkeypatch.setattr(module.difflib.SequenceMatcher, "quick_ratio", lambda _: 0.0)
    monkeypatch.setattr(module, "_COMPARED", 5)
    close_ids(herd.open(), "o-0")
    assert 0 < len(compared) <= 30
