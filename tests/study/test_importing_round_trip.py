"""What was written in any dialect is read back as it was."""

import csv
import datetime
import io
import math
import re
import string
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from importing_files import read_text

from explorer.study.importing.texts import MISSING_WORDS

LETTERS = string.ascii_letters + "äöüß æø 中" + "\"',;|\t\n_"
WORDS = st.text(LETTERS, min_size=1, max_size=12).filter(
    lambda text: text == text.strip() and text not in MISSING_WORDS and re.search(r"[A-Za-z]", text)
)
DATES = st.dates(datetime.date(1950, 1, 1), datetime.date(2100, 1, 1))
# Numbers that are dates without dashes (20210301) are read as dates.
NUMBERS = st.integers(-(10**12), 10**12).filter(lambda number: not re.fullmatch(r"[12]\d{7}", str(number)))
COLUMNS = st.one_of(
    st.lists(st.none() | WORDS, min_size=2, max_size=8),
    st.lists(st.none() | NUMBERS, min_size=2, max_size=8),
    st.lists(st.none() | st.floats(-1e9, 1e9, allow_nan=False, allow_subnormal=False), min_size=2, max_size=8),
    st.lists(st.none() | DATES, min_size=2, max_size=8),
)


@st.composite
def tables(draw):
    width = draw(st.integers(1, 5))
    rows = draw(st.integers(2, 8))
    columns = [(draw(COLUMNS) * 8)[:rows] for _ in range(width)]
    # A column without any value has no type to come back to, and a row without any value is left out.
    columns = [column if any(v is not None for v in column) else ["x"] * rows for column in columns]
    columns.append([f"row {number}" for number in range(rows)])
    return columns


def written(columns, *, delimiter, decimal, line_end, quoting):
    def cell(value):
        if value is None:
            return ""
        text = repr(value) if isinstance(value, float) else str(value)
        return text.replace(".", decimal) if isinstance(value, float) else text

    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=line_end, quoting=quoting)
    writer.writerow([f"c{number}" for number in range(len(columns))])
    writer.writerows([[cell(column[row]) for column in columns] for row in range(len(columns[0]))])
    return stream.getvalue()


@settings(max_examples=300, deadline=None)
@given(
    columns=tables(),
    dialect=st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ","), ("|", ",")]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@pytest.mark.slow
def test_round_trip(columns, dialect, line_end, quoting, encoding):
    delimiter, decimal = dialect
    text = written(columns, delimiter=delimiter, decimal=decimal, line_end=line_end, quoting=quoting)
    with tempfile.TemporaryDirectory() as folder:
        # The decimal mark is told, since three decimals everywhere could be thousands.
        source = read_text(Path(folder), text.encode(encoding), decimal=decimal)
    assert source.table.num_rows == len(columns[0])
    for number, column in enumerate(columns):
        found = source.table[f"c{number}"].to_pylist()
        for value, again in zip(column, found, strict=True):
            if isinstance(value, datetime.date):
                assert again == datetime.datetime.combine(value, datetime.time())
            elif isinstance(value, float):
                assert math.isclose(again, value, rel_tol=1e-15, abs_tol=0)
            else:
                assert again == value
