import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from explorer.errors import UserError
from explorer.study import fingerprint
from explorer.study.embeddings import EmbeddingNote, open_vectors, valid_name, write_embedding
from explorer.study.fingerprint import FileHashes, hash_ids
from explorer.study.study import open_study

FEATURES = ["p_0", "p_1", "p_2", "p_3"]


def refusal(act, *arguments):
    with pytest.raises(UserError) as caught:
        act(*arguments)
    return str(caught.value)


# --- measured features -------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1.0, 1e-13, 1e9])
@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_features_are_standardised_as_scikit_learn_does(herd, suffix, scale):
    herd.observations[FEATURES] *= scale
    embedding = herd.open(suffix).embedding("features")
    expected = StandardScaler().fit_transform(herd.observations[FEATURES])
    assert embedding.vectors.dtype == np.float32
    assert embedding.columns == tuple(FEATURES)
    assert embedding.complete.all()
    assert embedding.remarks == ()
    np.testing.assert_allclose(embedding.vectors, expected, atol=1e-5)


def test_rows_with_a_gap_have_no_vector_and_are_counted(herd):
    herd.observations.loc[[3, 9], "p_1"] = np.nan
    herd.observations.loc[9, "p_2"] = np.inf
    embedding = herd.open().embedding("features")
    used = np.ones(40, dtype=bool)
    used[[3, 9]] = False
    np.testing.assert_array_equal(embedding.complete, used)
    expected = StandardScaler().fit_transform(herd.observations.loc[used, FEATURES])
    np.testing.assert_allclose(embedding.vectors[used], expected, atol=1e-5)
    assert np.isnan(embedding.vectors[~used]).all()
    assert len(embedding.remarks) == 1
    assert embedding.remarks[0].startswith("2 of 40 observations left out")


def test_a_feature_missing_in_over_a_tenth_of_the_rows_is_left_out_and_named(herd):
    herd.observations.loc[:3, "p_0"] = np.nan  # exactly a tenth stays
    herd.observations.loc[:4, "p_2"] = np.nan
    embedding = herd.open().embedding("features")
    assert embedding.columns == ("p_0", "p_1", "p_3")
    assert embedding.remarks[0] == "1 feature missing in over 10% of the rows left out: p_2"
    assert embedding.complete.sum() == 36


def test_gaps_are_filled_with_the_median_when_asked_for(herd):
    herd.spec["columns"]["features_missing"] = "column_median"
    herd.observations.loc[:9, "p_0"] = np.nan
    herd.observations["p_3"] = np.nan
    embedding = herd.open().embedding("features")
    filled = herd.observations[FEATURES[:3]]
    filled = filled.fillna(filled.median())
    np.testing.assert_allclose(embedding.vectors, StandardScaler().fit_transform(filled), atol=1e-5)
    assert embedding.remarks == (
        "1 feature missing everywhere left out: p_3",
        "10 missing values filled with their column's median",
    )


@pytest.mark.parametrize("value", [0.0, 0.1, -1e17])
def test_constant_features_are_left_out_and_named(herd, value):
    herd.observations["p_1"] = value
    embedding = herd.open().embedding("features")
    assert embedding.columns == ("p_0", "p_2", "p_3")
    assert embedding.remarks == ("1 feature without any variation left out: p_1",)
    assert embedding.dims == 3


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda frame: frame.assign(p_1="much"), "column 'p_1' does not hold numbers"),
        (lambda frame: frame.assign(p_1=np.datetime64("2024-01-01", "us")), "column 'p_1' does not hold numbers"),
        (lambda frame: frame.assign(**dict.fromkeys(FEATURES, 7.0)), "every feature is constant"),
        (lambda frame: frame.assign(**dict.fromkeys(FEATURES, np.nan)), "no observation has all of its"),
    ],
)
def test_features_that_make_no_vectors_are_refused(herd, change, sentence):
    herd.observations = change(herd.observations)
    assert sentence in refusal(herd.open().embedding, "features")


def test_another_table_or_choice_is_another_embedding(herd):
    seen = {herd.open().embedding("features").fingerprint}
    assert herd.open().embedding("features").fingerprint in seen
    herd.spec["columns"]["features_missing"] = "column_median"
    seen.add(herd.open().embedding("features").fingerprint)
    herd.spec["columns"]["features"] = ["p_0", "p_1"]
    seen.add(herd.open().embedding("features").fingerprint)
    herd.observations.loc[0, "p_0"] += 1
    seen.add(herd.open().embedding("features").fingerprint)
    assert len(seen) == 4


# --- stored vectors ----------------------------------------------------------------------------------------

VECTORS = np.random.default_rng(1).normal(size=(40, 6))


def test_stored_vectors_come_back_memory_mapped(herd):
    study = herd.embed("net", VECTORS)
    assert study.embedding_names == ["features", "net"]
    embedding = study.embedding("net")
    assert isinstance(embedding.vectors, np.memmap)
    np.testing.assert_array_equal(embedding.vectors, VECTORS.astype(np.float32))
    assert embedding.note.encoder == "test"


def test_a_resorted_table_is_refused(herd):
    herd.embed("net", VECTORS)
    herd.observations = herd.observations.iloc[::-1]
    assert "net.npy: belongs to another table" in refusal(herd.open().embedding, "net")
    herd.observations = herd.observations.iloc[::-1]
    assert herd.open().embedding("net").complete.all()


def test_another_number_of_rows_is_refused(herd):
    herd.embed("net", VECTORS)
    herd.observations = herd.observations.iloc[:39]
    assert "holds 40 vectors, but the table has 39 observations" in refusal(herd.open().embedding, "net")


def test_rows_without_a_whole_vector_are_known(herd):
    vectors = VECTORS.copy()
    vectors[2] = np.nan
    vectors[3, 1], vectors[4, 0], vectors[4, 1] = np.inf, np.inf, -np.inf
    np.testing.assert_array_equal(np.flatnonzero(~herd.embed("net", vectors).embedding("net").complete), [2, 3, 4])


class Malicious:
    def __init__(self, victim):
        self.victim = victim

    def __reduce__(self):
        return os.mkdir, (str(self.victim),)


def test_a_pickle_is_refused_and_never_executed(herd, tmp_path):
    study = herd.embed("net", VECTORS)
    path = study.path / "embeddings" / "net.npy"
    np.save(path, np.array([Malicious(tmp_path / "executed")], dtype=object), allow_pickle=True)
    assert "Python objects, which could run code" in refusal(open_study(study.path).embedding, "net")
    path.write_bytes(pickle.dumps(Malicious(tmp_path / "executed")))
    assert "cannot be opened as vectors" in refusal(open_study(study.path).embedding, "net")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (VECTORS, "holds float64 of shape (40, 6)"),
        (VECTORS.astype(">f4"), "not float32"),
        (VECTORS.astype(np.float32)[:, 0], "of shape (40,)"),
        (VECTORS.astype(np.float32)[:, :0], "of shape (40, 0)"),
        (np.zeros(3, dtype=[("a", "f4")]), "not float32"),
    ],
)
def test_arrays_that_are_no_float32_vectors_are_refused(tmp_path, content, sentence):
    np.save(tmp_path / "a.npy", content)
    text = refusal(open_vectors, tmp_path / "a.npy")
    assert sentence in text
    assert str(tmp_path / "a.npy") in text


def test_a_cut_off_file_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", VECTORS.astype(np.float32))
    whole = (tmp_path / "a.npy").read_bytes()
    for length in (0, 3, 8, 60, 127, 128, 500, len(whole) - 1):
        (tmp_path / "a.npy").write_bytes(whole[:length])
        assert "cannot be opened as vectors" in refusal(open_vectors, tmp_path / "a.npy")


@settings(max_examples=200)
@given(st.integers(0, 127), st.integers(0, 255))
def test_a_spoilt_header_is_refused_or_harmless(tmp_path_factory, place, byte):
    path = tmp_path_factory.getbasetemp() / "spoilt.npy"
    np.save(path, VECTORS.astype(np.float32))
    content = bytearray(path.read_bytes())
    content[place] = byte
    path.write_bytes(content)
    try:
        vectors = open_vectors(path)
    except UserError:
        return
    assert vectors.dtype == np.float32
    assert vectors.size <= VECTORS.size


@pytest.mark.parametrize(
    ("text", "sentence"),
    [(None, "is missing"), ("{", "cannot be read"), ("[]", "cannot be read"), ('{"encoder": "x"}', "cannot be read")],
)
def test_vectors_without_a_note_are_refused(herd, text, sentence):
    study = herd.embed("net", VECTORS)
    note = study.path / "embeddings" / "net.json"
    note.unlink() if text is None else note.write_text(text)
    assert f"net.json: {sentence}" in refusal(study.embedding, "net")


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\\b", "-x", "a\n", "é", "features", "x" * 65])
def test_names_with_tricks_are_refused(name):
    assert "cannot name an embedding" in refusal(valid_name, name)


@pytest.mark.parametrize("name", ["net", "v1.2", "A-b_c.npy"])
def test_plain_names_are_stored_and_found(herd, name):
    study = herd.embed(name, VECTORS)
    assert name in study.embedding_names
    np.testing.assert_array_equal(study.embedding(name).vectors, VECTORS.astype(np.float32))


def test_a_stored_file_never_stands_for_the_features(herd):
    herd.embed("net", VECTORS)
    np.save(herd.folder / "embeddings" / "features.npy", VECTORS.astype(np.float32))
    study = herd.open()
    assert study.embedding_names == ["features", "net"]
    herd.spec["columns"]["features"] = []
    assert herd.open().embedding_names == ["net"]
    assert "Its embeddings are: net" in refusal(herd.open().embedding, "features")


@pytest.mark.parametrize("call", [0, 1, 2, 3])
def test_a_full_disk_leaves_the_old_embedding_or_refuses(herd, monkeypatch, call):
    study = herd.embed("net", VECTORS)
    calls = iter(range(100))
    real = os.fsync

    def fsync(handle):
        if next(calls) == call:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    note = EmbeddingNote(observations=study.ids_hash, encoder="new")
    assert "No space left" in refusal(write_embedding, study.path, "net", VECTORS + 1, note)
    monkeypatch.undo()
    opened = open_study(study.path)
    if call == 0:  # before anything was renamed
        np.testing.assert_array_equal(opened.embedding("net").vectors, VECTORS.astype(np.float32))
        assert opened.embedding("net").note.encoder == "test"
    else:
        assert "net.json: is missing" in refusal(opened.embedding, "net")
    assert not list((study.path / "embeddings").glob(".*.partial"))


KILLED = """
import os, signal, sys
import numpy as np
from pathlib import Path
from explorer.study.embeddings import EmbeddingNote, write_embedding
real, left = Path.replace, int(sys.argv[3])
def replace(self, target):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    return real(self, target)
Path.replace = replace
write_embedding(
    Path(sys.argv[1]), "net", np.full((40, 6), 7.0), EmbeddingNote(observations=sys.argv[2], encoder="new")
)
"""


@pytest.mark.parametrize("renames", [0, 1])
def test_a_kill_between_vectors_and_note_leaves_a_refused_embedding(herd, renames):
    study = herd.embed("net", VECTORS)
    ended = subprocess.run([sys.executable, "-c", KILLED, str(study.path), study.ids_hash, str(renames)])
    assert ended.returncode == -9
    assert "net.json: is missing" in refusal(open_study(study.path).embedding, "net")
    write_embedding(study.path, "net", VECTORS, EmbeddingNote(observations=study.ids_hash, encoder="again"))
    assert open_study(study.path).embedding("net").note.encoder == "again"


# --- hashes ------------------------------------------------------------------------------------------------

IDS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), max_size=6)


@given(IDS, IDS)
def test_only_the_same_ids_in_the_same_order_have_the_same_hash(one, other):
    same = hash_ids(pa.array(one, pa.large_string())) == hash_ids(pa.array(other, pa.large_string()))
    assert same == (one == other)


@given(IDS, st.integers(0, 6))
def test_chunks_slices_and_types_do_not_change_the_hash(ids, cut):
    whole = hash_ids(pa.array(ids, pa.large_string()))
    assert hash_ids(pa.chunked_array([ids[:cut], ids[cut:]], pa.string())) == whole
    assert hash_ids(pa.array(["x", *ids, "y"], pa.string()).slice(1, len(ids))) == whole


def test_the_cut_between_ids_counts():
    assert hash_ids(pa.array(["ab", "c"])) != hash_ids(pa.array(["a", "bc"]))
    assert hash_ids(pa.array(["a", ""])) != hash_ids(pa.array(["a"]))


def test_a_file_is_hashed_again_only_when_it_changed(tmp_path, monkeypatch):
    path, memory = tmp_path / "a", tmp_path / "cache" / "hashes.json"
    path.write_text("one")
    first = FileHashes(memory).of(path)
    assert first == "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    monkeypatch.setattr(fingerprint, "hash_file", lambda path: "computed")
    assert FileHashes(memory).of(path) == first
    path.write_text("other")
    assert FileHashes(memory).of(path) == "computed"


@pytest.mark.parametrize("spoilt", ["", "[]", "{", '{"a": 1}', "\x00"])
def test_a_spoilt_memory_of_hashes_is_made_again(tmp_path, spoilt):
    (tmp_path / "a").write_text("one")
    memory = tmp_path / "hashes.json"
    memory.write_text(spoilt)
    assert FileHashes(memory).of(tmp_path / "a").startswith("7692c3ad")
    assert str(tmp_path / "a") in json.loads(memory.read_text())


def test_a_memory_that_cannot_be_written_costs_only_time(tmp_path):
    (tmp_path / "a").write_text("one")
    assert FileHashes(tmp_path / "a" / "hashes.json").of(tmp_path / "a").startswith("7692c3ad")
