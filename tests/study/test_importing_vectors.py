import pickle
import zipfile

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from importing_files import told

from explorer.errors import UserError
from explorer.study.importing import arrays, read_source, unpack

RNG = np.random.default_rng(0)


def vectors(n=6, d=3):
    return RNG.normal(size=(n, d)).astype(np.float32)


def refusal(path, **options):
    with pytest.raises(UserError) as caught:
        read_source(path, **options)
    return str(caught.value)


class Malicious:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return exec, (f"open({str(self.mark)!r}, 'w').write('ran')",)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "uint8", "int16", "bool", ">f4"])
def test_npy_of_any_number_becomes_float32(tmp_path, dtype):
    matrix = (vectors() * 10).astype(dtype)
    np.save(tmp_path / "X.npy", matrix)
    source = read_source(tmp_path / "X.npy")
    assert source.vectors["vectors"].dtype == np.float32
    assert np.array_equal(source.vectors["vectors"], matrix.astype(np.float32))
    assert source.table.to_pydict() == {"row": [1, 2, 3, 4, 5, 6]}


def test_a_clean_npy_is_memory_mapped(tmp_path):
    np.save(tmp_path / "emb_v2.npy", vectors())
    assert isinstance(read_source(tmp_path / "emb_v2.npy").vectors["emb_v2"], np.memmap)


def test_npz_of_vectors_and_columns(tmp_path):
    matrix = vectors(3)
    np.savez_compressed(
        tmp_path / "herd.npz",
        X=matrix,
        y=np.array([1, 0, 1]),
        split=np.array([b"train", b"train", b"test"]),
        date=np.array(["2020-01-01", "2020-01-02", "2020-01-03"]),
        size=np.array([[1.5], [2.5], [3.5]]),
        version=np.array(3),
    )
    source = read_source(tmp_path / "herd.npz")
    assert np.array_equal(source.vectors["vectors"], matrix)
    assert source.table["split"].to_pylist() == ["train", "train", "test"]
    assert source.table["size"].to_pylist() == [1.5, 2.5, 3.5]
    assert pa.types.is_timestamp(source.table.schema.field("date").type)
    assert "single value version left out" in told(source)


def test_rows_without_a_whole_vector_have_none(tmp_path):
    matrix = vectors(40_000, 2)
    matrix[3] = np.nan
    matrix[20_000, 1] = np.nan
    matrix[30_000, 0] = np.inf
    np.save(tmp_path / "X.npy", matrix)
    source = read_source(tmp_path / "X.npy")
    found = source.vectors["vectors"]
    assert np.flatnonzero(np.isnan(found).all(axis=1)).tolist() == [3, 20_000, 30_000]
    assert np.isfinite(np.delete(found, [3, 20_000, 30_000], axis=0)).all()
    absent, broken = source.findings
    assert (absent.row, absent.rows_affected, absent.severity) == (4, 1, "note")
    assert (broken.row, broken.rows_affected, broken.column) == (20_001, 2, "2")
    assert np.load(tmp_path / "X.npy")[20_000, 0] == matrix[20_000, 0]  # the file itself is untouched


@pytest.mark.parametrize("dtype", [np.float64, np.int64])
def test_values_beyond_float32(tmp_path, dtype):
    big = 1e300 if dtype is np.float64 else 2**40 + 1
    np.save(tmp_path / "X.npy", np.array([[1, big], [2, 3]], dtype=dtype))
    assert "infinite part" in told(s := read_source(tmp_path / "X.npy")) or "too large to be kept exactly" in told(s)


def test_table_and_vectors(tmp_path):
    np.save(tmp_path / "X.npy", vectors(2))
    (tmp_path / "labels.csv").write_text("cow,n\nA,1\nB,2\n")
    for source in (
        read_source(tmp_path / "labels.csv", vectors=tmp_path / "X.npy"),
        read_source(tmp_path),
    ):
        assert source.table["cow"].to_pylist() == ["A", "B"]
        assert source.vectors["vectors"].shape == (2, 3)
    assert read_source(tmp_path).name == tmp_path.name


@pytest.mark.parametrize("n", [2, 4])
def test_counts_that_differ_are_both_named(tmp_path, n):
    np.save(tmp_path / "X.npy", vectors(n))
    (tmp_path / "labels.csv").write_text("cow,n\nA,1\nB,2\nC,3\n")
    sentence = refusal(tmp_path / "labels.csv", vectors=tmp_path / "X.npy")
    assert "3 rows" in sentence
    assert f"{n} vectors" in sentence


def test_an_empty_row_keeps_its_vector(tmp_path):
    np.save(tmp_path / "X.npy", vectors(3))
    (tmp_path / "labels.csv").write_text("cow,n\nA,1\n,\nC,3\n")
    assert read_source(tmp_path).table["cow"].to_pylist() == ["A", None, "C"]


def test_a_folder_with_two_tables_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    (tmp_path / "b.csv").write_text("a,b\n1,2\n")
    assert "2 tables" in refusal(tmp_path)


SHAPES = {
    "three dimensions": {"y": np.arange(3), "X": np.zeros((3, 4, 4))},
    "another length": {"X": np.zeros((3, 2)), "y": np.arange(4)},
    "two sets": {"X_train": np.zeros((3, 2)), "X_test": np.zeros((2, 2))},
    "complex": {"X": np.zeros((3, 2), dtype=complex)},
    "text in rows and columns": {"X": np.zeros((3, 2)), "names": np.array([["a", "b"]] * 3)},
}


@pytest.mark.parametrize("case", SHAPES)
def test_shapes_that_do_not_fit_are_named(tmp_path, case):
    np.savez(tmp_path / "herd.npz", **SHAPES[case])
    sentence = refusal(tmp_path / "herd.npz")
    assert sentence.startswith("herd.npz: ")
    assert list(SHAPES[case])[-1] in sentence


def test_one_row_of_numbers_is_refused(tmp_path):
    np.save(tmp_path / "X.npy", np.arange(5.0))
    assert "one row of 5 values" in refusal(tmp_path / "X.npy")


@pytest.mark.parametrize("cut", [40, 150])
def test_damaged_files(tmp_path, cut):
    np.save(tmp_path / "X.npy", vectors())
    data = (tmp_path / "X.npy").read_bytes()
    (tmp_path / "X.npy").write_bytes(data[:cut])
    assert refusal(tmp_path / "X.npy").startswith("X.npy: ")
    (tmp_path / "X.npz").write_bytes(b"PK\x03\x04 no archive")
    assert refusal(tmp_path / "X.npz").startswith("X.npz: ")
    (tmp_path / "X.h5").write_bytes(b"\x89HDF no more")
    assert refusal(tmp_path / "X.h5").startswith("X.h5: ")
    (tmp_path / "X.parquet").write_bytes(b"PAR1 no more")
    assert refusal(tmp_path / "X.parquet").startswith("X.parquet: ")


@pytest.mark.parametrize(
    "suffix", [".pkl", ".pickle", ".joblib", ".pt", ".pth", ".npy", ".npz", ".csv", ".h5", ".parquet"]
)
def test_a_malicious_pickle_does_not_run(tmp_path, suffix):
    mark = tmp_path / "mark"
    path = tmp_path / f"model{suffix}"
    path.write_bytes(pickle.dumps(Malicious(mark)))
    sentence = refusal(path)
    assert not mark.exists()
    if suffix in (".pkl", ".pt"):
        assert "can run any code" in sentence
        assert "numpy.save" in sentence
    pickle.loads(pickle.dumps(Malicious(mark)))  # it would have
    assert mark.exists()


def test_objects_inside_arrays_do_not_run(tmp_path):
    mark = tmp_path / "mark"
    evil = np.array([[Malicious(mark)]], dtype=object)
    np.save(tmp_path / "X.npy", evil, allow_pickle=True)
    np.savez(tmp_path / "X.npz", X=evil)
    for name in ("X.npy", "X.npz"):
        assert "Python objects, which could run code" in refusal(tmp_path / name)
    assert not mark.exists()


def test_bombs_are_refused_before_they_are_unpacked(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "X.npz", X=np.zeros((20_000, 100), dtype=np.float32))
    monkeypatch.setattr(unpack, "RATIO_FROM", 1_000_000)
    assert "claims to unpack from" in refusal(tmp_path / "X.npz")
    with h5py.File(tmp_path / "X.h5", "w") as file:
        file.create_dataset("X", shape=(10**7, 1_000), dtype="f4", chunks=(1_000, 1_000))
    assert "claims to unpack to" in refusal(tmp_path / "X.h5")


def test_a_header_that_promises_too_much(tmp_path):
    with zipfile.ZipFile(tmp_path / "X.npz", "w") as archive, archive.open("X.npy", "w") as stream:
        np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": (10**12, 10)})
    assert "cut short" in refusal(tmp_path / "X.npz")


def test_archives_of_something_else(tmp_path):
    with zipfile.ZipFile(tmp_path / "X.npz", "w") as archive:
        archive.writestr("../../evil.txt", "x")
    assert "is not an array" in refusal(tmp_path / "X.npz")


def test_hdf5(tmp_path):
    matrix = vectors(3)
    with h5py.File(tmp_path / "herd.h5", "w") as file:
        file["set/embeddings"] = matrix
        file["cow"] = ["A", "B", "A"]
        file["again"] = h5py.SoftLink("/set/embeddings")
    source = read_source(tmp_path / "herd.h5")
    assert np.array_equal(source.vectors["set_embeddings"], matrix)
    assert source.table["cow"].to_pylist() == ["A", "B", "A"]
    assert "the link again left out" in told(source)


def external_link(file, folder):
    file["X"] = h5py.ExternalLink(str(folder / "secret.h5"), "X")


def virtual(file, folder):
    layout = h5py.VirtualLayout(shape=(3, 2), dtype="f4")
    layout[:] = h5py.VirtualSource(str(folder / "secret.h5"), "X", shape=(3, 2))
    file.create_virtual_dataset("X", layout)


def external_storage(file, folder):
    file.create_dataset("X", shape=(3, 2), dtype="f4", external=[(str(folder / "secret.bin"), 0, 24)])


def references(file, folder):
    file["X"] = np.zeros((3, 2), dtype="f4")
    file.create_dataset("refs", data=[file["X"].ref] * 3, dtype=h5py.ref_dtype)


@pytest.mark.parametrize("make", [external_link, virtual, external_storage, references])
def test_hdf5_that_leads_elsewhere_is_refused(tmp_path, make):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["X"] = np.ones((3, 2), dtype="f4")
    with h5py.File(tmp_path / "herd.h5", "w") as file:
        make(file, tmp_path)
    sentence = refusal(tmp_path / "herd.h5")
    assert "not followed" in sentence or "objects" in sentence


def test_hdf5_lists_what_there_is_when_unclear(tmp_path):
    with h5py.File(tmp_path / "herd.h5", "w") as file:
        file["train"] = np.zeros((3, 2))
        file["test"] = np.zeros((2, 2))
    sentence = refusal(tmp_path / "herd.h5")
    assert "train (3, 2)" in sentence
    assert "test (2, 2)" in sentence


def test_parquet_types_vectors_and_pictures(tmp_path):
    table = pa.table(
        {
            "cow": pa.array(["A", "B", None]).dictionary_encode(),
            "when": pa.array(["2020-01-01", "2020-01-02", "2020-01-03"]),
            "emb": pa.array([[1.0, 2.0], None, [3.0, 4.0]]),
            "image": pa.array([{"bytes": b"x", "path": "a.jpg"}] * 3),
            "odd": pa.array([[1], [1, 2], []]),
        }
    )
    pq.write_table(table, tmp_path / "herd.parquet")
    source = read_source(tmp_path / "herd.parquet")
    assert source.table.column_names == ["cow", "when", "image"]
    assert source.table["cow"].to_pylist() == ["A", "B", None]
    assert pa.types.is_timestamp(source.table.schema.field("when").type)
    assert source.table["image"].to_pylist() == [b"x"] * 3
    assert np.array_equal(source.vectors["emb"], [[1, 2], [np.nan] * 2, [3, 4]], equal_nan=True)
    assert "column odd: left out" in told(source)


def test_parquet_with_text_in_another_encoding(tmp_path):
    broken = pa.Array.from_buffers(pa.string(), 1, pa.array([b"M\xfcller"]).buffers())
    pq.write_table(pa.table({"cow": broken}), tmp_path / "herd.parquet")
    assert "cannot be read as Parquet" in refusal(tmp_path / "herd.parquet")


def test_names_of_vector_sets():
    assert [arrays.vectors_name(name) for name in ("X", "features", "dino/v2 ", "a b", "")] == [
        "vectors", "vectors", "dino_v2", "a_b", "vectors",
    ]  # fmt: skip
