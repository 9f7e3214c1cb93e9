import csv
import hashlib
import io
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.study.export import csv_bytes, manifest, manifest_text, write_with_manifest

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
