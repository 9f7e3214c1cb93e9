import csv
import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import UserError
from explorer.study.export import (
    csv_bytes,
    format_of,
    manifest,
    manifest_text,
    parquet_bytes,
    table_bytes,
    write_together,
    write_with_manifest,
)

FORMULAS = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\0=1",
    "-",
    "+",
    "=",
    "-1_000",
    "\t1",
    "-inf",
]
NUMBERS = ["-1", "+1.5", "-1e-5", "+.5", "-3."]


def cells(content):
    """Rows as Python's own reader sees them, which is what a spreadsheet sees."""
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("kind", [object, "str", "category"])
def test_formulas_get_an_apostrophe_in_cells_and_header(text, kind):
    frame = pd.DataFrame({text: pd.Series([text, "plain", None], dtype=kind)})
    rows = cells(csv_bytes(frame))
    assert [row[0] if row else "" for row in rows] == ["'" + text, "'" + text, "plain", ""]


@pytest.mark.parametrize("text", NUMBERS)
@pytest.mark.parametrize("kind", [object, "category"])
def test_genuine_numbers_are_left_alone(text, kind):
    assert cells(csv_bytes(pd.DataFrame({"a": pd.Series([text], dtype=kind)}))) == [["a"], [text]]


def test_numbers_stay_numbers_to_the_last_digit():
    frame = pd.DataFrame({"a": [-1.1, 1 / 3, np.nan], "b": np.array([-0.1, 1 / 3, 2], np.float32), "c": [-1, 2, 3]})
    frame["d"] = pd.Categorical([-1, -2, -1])
    back = pd.read_csv(io.BytesIO(csv_bytes(frame)))
    assert back["a"].tolist()[:2] == [-1.1, 1 / 3]
    np.testing.assert_array_equal(back["b"].to_numpy().astype(np.float32), frame["b"])
    assert back["c"].tolist() == [-1, 2, 3]
    assert back["d"].tolist() == [-1, -2, -1]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("seed", range(3))
def test_numbers_are_written_as_pandas_writes_them(dtype, seed):
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2**64, 5_000, dtype=np.uint64).view(np.float64)
    sizes = 10.0 ** rng.uniform(-9, 19, 5_000) * rng.choice([-1, 1], 5_000)
    edges = [0.0, -0.0, np.inf, -np.inf, np.nan, 999_999.5, 1e6, 1e15, 1e16, 1e-3, 1e-4, 9.999e-5]
    with np.errstate(all="ignore"):
        numbers = np.concatenate([bits, sizes, np.round(sizes), edges]).astype(dtype)
        frame = pd.DataFrame({"a": numbers, "b": 1})
    assert csv_bytes(frame).decode() == frame.to_csv(index=False, lineterminator="\n")


def test_dates_and_truths_and_gaps_are_written_plainly():
    frame = pd.DataFrame(
        {
            "day": pd.to_datetime(["2024-01-10", None]),
            "time": pd.to_datetime(["2024-01-10T08:00:00", "2024-01-11T09:30:15"]),
            "known": [True, False],
            "perhaps": pd.array([True, None], dtype="boolean"),
            "count": pd.array([7, None], dtype="Int64"),
            "mixed": [None, 1.5],
            "grade": pd.Categorical([2, None]),
        }
    )
    assert csv_bytes(frame).decode().splitlines()[1:] == [
        "2024-01-10,2024-01-10T08:00:00,True,True,7,,2",
        ",2024-01-11T09:30:15,False,,,1.5,",
    ]


@pytest.mark.parametrize("rows", [0, 1, 65_535, 65_536, 65_537, 131_073])
def test_long_tables_are_written_whole(rows):
    frame = pd.DataFrame({"a": np.arange(rows), "b": [f"ü{row}" for row in range(rows)]})
    content = csv_bytes(frame)
    assert content.decode() == frame.to_csv(index=False, lineterminator="\n")


@pytest.mark.parametrize("text", ["a,b", 'say "so"', "two\nlines", "two\rlines", "end\r\n", '"', "plain", ""])
def test_cells_that_need_it_are_quoted(text):
    for frame in (pd.DataFrame({text: [text]}), pd.DataFrame({text: [text], "b": [text]})):
        assert cells(csv_bytes(frame)) == [list(frame.columns), [text] * frame.shape[1]]


SAFE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12).filter(
    lambda text: not text.startswith(("=", "+", "-", "@", "\t", "\r"))
)


@given(st.lists(st.tuples(SAFE, SAFE), min_size=1, max_size=5), SAFE)
def test_safe_text_reads_back_the_same(rows, header):
    frame = pd.DataFrame(rows, columns=[header, header + "2"])
    content = csv_bytes(frame)
    assert cells(content)[1:] == [list(row) for row in rows]
    back = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
    assert list(back.columns) == list(frame.columns)
    assert back.to_numpy().tolist() == [list(row) for row in rows]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=1, max_size=5))
def test_no_cell_begins_like_a_formula(texts):
    rows = cells(csv_bytes(pd.DataFrame({"a": texts, "b": "b"})))
    assert len(rows) == len(texts) + 1
    for text, (cell, _) in zip(texts, rows[1:], strict=True):
        assert cell in (text, "'" + text)
        assert not cell.startswith(("=", "@", "\t", "\r", "\0"))
        if cell.startswith(("+", "-")):
            float(cell)


def test_the_same_frame_gives_the_same_bytes_and_stays_as_it_was():
    frame = pd.DataFrame({"a": ["=1", "b"], "b": pd.Categorical(["=1", "x"])})
    before = frame.copy(deep=True)
    content = csv_bytes(frame)
    assert csv_bytes(frame) == content == csv_bytes(before)
    pd.testing.assert_frame_equal(frame, before)
    assert b"\r" not in content
    assert content.endswith(b"\n")


def test_an_empty_frame_is_its_header():
    assert csv_bytes(pd.DataFrame({"a": [], "=b": []})) == b"a,'=b\n"


# --- Parquet -----------------------------------------------------------------------------------------------


FRAME = pd.DataFrame(
    {
        "id": ["=a", "b", None],
        "when": np.array(["2024-01-10T08:00", "NaT", "2024-01-11"], dtype="datetime64[us]"),
        "breed": pd.Categorical(["Jersey", None, "Jersey"], categories=["Angus", "Jersey"]),
        "grade": pd.Categorical(["low", "high", None], categories=["low", "high"], ordered=True),
        "known": [True, False, True],
        "perhaps": pd.array([True, None, False], dtype="boolean"),
        "x": np.array([0.5, np.nan, 2], dtype=np.float32),
        "weight": [500.25, np.nan, 1e-9],
        "rank": [1, 2, 3],
        "mixed": [1, "two", None],
    }
)


def test_parquet_keeps_types():
    table = pq.read_table(io.BytesIO(parquet_bytes(FRAME)))
    assert table.column_names == list(FRAME.columns)
    kinds = {field.name: field.type for field in table.schema}
    assert kinds["when"] == pa.timestamp("us")
    assert (kinds["known"], kinds["perhaps"]) == (pa.bool_(), pa.bool_())
    assert (kinds["x"], kinds["weight"], kinds["rank"]) == (pa.float32(), pa.float64(), pa.int64())
    assert all(pa.types.is_dictionary(kinds[name]) for name in ("breed", "grade"))
    rows = table.to_pydict()
    assert rows["id"] == ["=a", "b", None]  # nothing runs a formula here
    assert rows["x"] == [0.5, None, 2.0]
    assert rows["weight"] == [500.25, None, 1e-9]
    assert rows["perhaps"] == [True, None, False]
    assert rows["mixed"] == ["1", "two", None]
    back = table.to_pandas()
    assert back["breed"].tolist()[::2] == ["Jersey", "Jersey"]
    assert list(back["grade"].cat.categories) == ["low", "high"]
    assert back["grade"].cat.ordered


def test_parquet_is_the_same_bytes_for_the_same_frame_and_names_no_category_without_rows():
    before = FRAME.copy(deep=True)
    content = parquet_bytes(FRAME)
    assert content == parquet_bytes(before.copy())
    assert b"Jersey" in content
    assert b"Angus" not in content
    pd.testing.assert_frame_equal(FRAME, before)
    assert pq.read_table(io.BytesIO(parquet_bytes(FRAME.head(0)))).column_names == list(FRAME.columns)


def test_the_name_of_a_file_says_its_format():
    assert format_of(Path("a.b.csv")) == format_of(Path("x/A.CSV")) == "csv"
    assert format_of(Path("a.Parquet")) == "parquet"
    for name in ("a", "a.txt", "csv", ".csv", "a.csv.gz", "", "/"):
        with pytest.raises(UserError, match="does not say its format"):
            format_of(Path(name))
    assert table_bytes(FRAME, "csv") == csv_bytes(FRAME)
    assert table_bytes(FRAME, "parquet") == parquet_bytes(FRAME)


# --- the manifest ------------------------------------------------------------------------------------------


def test_the_manifest_names_the_hash_of_the_file_beside_it(tmp_path):
    content = csv_bytes(pd.DataFrame({"a": ["Kühe"]}))
    path = tmp_path / "out" / "map.csv"
    write_with_manifest(path, content, manifest(file="map.csv", content=content, rows=1, command="go", seed=3))
    facts = json.loads((tmp_path / "out" / "map.csv.manifest.json").read_text(encoding="utf-8"))
    assert facts["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (facts["rows"], facts["seed"], facts["command"]) == (1, 3, "go")
    assert facts["made_with"]["pandas"] == pd.__version__


def test_a_manifest_takes_what_json_does_not_know(tmp_path):
    assert json.loads(manifest_text({"path": tmp_path, "name": "Kühe"})) == {"path": str(tmp_path), "name": "Kühe"}


@pytest.mark.parametrize(
    "name", ["study.toml", "events.csv", "Animals.parquet", "embeddings/other.json", "images/0.png"]
)
def test_a_part_of_a_study_is_never_written_over(herd, name):
    """By a name of its own, by a link to its folder, or one that it does not have yet."""
    folder = herd.pictured("files").save()
    link = folder.parent / "link"
    link.symlink_to(folder, target_is_directory=True)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for place in (folder, link, folder / "images" / ".."):
        with pytest.raises(UserError, match=r"is a part of the study|no export has made it"):
            write_with_manifest(place / name, b"a", manifest(file=name, content=b"a", rows=1, command="go"))
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_an_export_in_a_study_can_be_made_again(herd):
    path = herd.save() / "exports" / "map.csv"
    for content in (b"a", b"b"):
        write_with_manifest(path, content, manifest(file="map.csv", content=content, rows=1, command="go"))
        assert path.read_bytes() == content


@pytest.mark.parametrize("bad", ["a-file/second.csv", "a-folder.csv"])
def test_of_several_files_all_are_written_or_none(tmp_path, bad):
    (tmp_path / "a-file").write_bytes(b"")
    (tmp_path / "a-folder.csv").mkdir()
    (tmp_path / "old.csv").write_bytes(b"old")
    there = sorted(tmp_path.iterdir())
    for names in (["old.csv", "new.csv", bad], [bad, "old.csv", "new.csv"]):
        with pytest.raises(UserError, match=r"could not be written: .*; nothing was changed"):
            write_together([(tmp_path / name, b"a", {}) for name in names])
        assert sorted(tmp_path.iterdir()) == there and (tmp_path / "old.csv").read_bytes() == b"old"
