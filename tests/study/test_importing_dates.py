from datetime import datetime

import pytest
from importing_files import read_text, refused, told

from explorer.errors import UserError
from explorer.study.importing import guess_roles, study_spec

READ = {
    "ISO": (["2019-12-31", "2020-1-5"], ["2019-12-31", "2020-01-05"]),
    "ISO with time": (["2019-12-31 13:45", "2019-12-31T07:03:36.5"], ["2019-12-31T13:45", "2019-12-31T07:03:36.500"]),
    "with offset": (["2019-12-31T23:30:00+02:00", "2019-12-31T23:30:00Z"], ["2019-12-31T21:30", "2019-12-31T23:30"]),
    "year first, slashes": (["2019/12/31", "2020/01/05"], ["2019-12-31", "2020-01-05"]),
    "day first, slashes": (["31/12/2019", "01/02/2020"], ["2019-12-31", "2020-02-01"]),
    "month first, slashes": (["12/31/2019", "01/02/2020"], ["2019-12-31", "2020-01-02"]),
    "month first, decided late": (["01/02/2020", "12/31/2019"], ["2020-01-02", "2019-12-31"]),
    "day first, points": (["31.12.2019", "1.2.2020"], ["2019-12-31", "2020-02-01"]),
    "same day and month": (["5/5/2020", "06/06/2020"], ["2020-05-05", "2020-06-06"]),
    "names": (["5-Jan-2020", "17 February 2020"], ["2020-01-05", "2020-02-17"]),
    "American names": (["Jan 5, 2020", "December 31 2019"], ["2020-01-05", "2019-12-31"]),
    "eight digits": (["20191231", "20200105"], ["2019-12-31", "2020-01-05"]),
    "mixed": (["2019-12-31", "31/12/2019", "5-Jan-2020"], ["2019-12-31", "2019-12-31", "2020-01-05"]),
    "two-digit years": (["31/12/19", "01/02/98"], ["2019-12-31", "1998-02-01"]),
    "noon": (["12/31/2019 12:05 PM", "12/31/2019 12:05 am"], ["2019-12-31T12:05", "2019-12-31T00:05"]),
    "leap day": (["29/02/2020", "28/02/2019"], ["2020-02-29", "2019-02-28"]),
    "gaps": (["2019-12-31", "NA", ""], ["2019-12-31", None, None]),
}  # fmt: skip


@pytest.mark.parametrize("case", READ)
def test_it_reads(tmp_path, case):
    cells, expected = READ[case]
    source = read_text(tmp_path, "date;x\n" + "".join(f"{cell};1\n" for cell in cells))
    wanted = [None if text is None else datetime.fromisoformat(text) for text in expected]
    assert source.table["date"].to_pylist() == wanted


def test_how_it_was_read_is_told(tmp_path):
    source = read_text(tmp_path, "date,x\n2019-12-30,1\n31/12/2019,2\n01/02/2020,3\n")
    assert "day-month-year, which 31/12/2019 in row 2 decides" in told(source)
    assert "1 as year-month-day, 2 as day-month-year" in told(source)


def test_day_or_month_is_not_guessed(tmp_path):
    text = "date,x\n05/05/2020,1\n01/02/2020,2\n"
    sentence = refused(tmp_path, text)
    assert "row 2, column date" in sentence
    assert "--dates day-first or --dates month-first" in sentence
    assert read_text(tmp_path, text, dates="day-first").table["date"][1].as_py() == datetime(2020, 2, 1)
    assert read_text(tmp_path, text, dates="month-first").table["date"][1].as_py() == datetime(2020, 1, 2)


def test_contradictions_name_both_rows(tmp_path):
    sentence = refused(tmp_path, "date,x\n1/2/2020,1\n31/12/2019,2\n12/31/2019,3\n")
    assert "row 2, column date" in sentence
    assert "row 3" in sentence
    against = refused(tmp_path, "date,x\n31/12/2019,2\n", dates="month-first")
    assert "31/12/2019 cannot be read month-first" in against


@pytest.mark.parametrize("bad", ["31/02/2019", "soon", "2019-13-01", "2019-12-31 25:00", "00/01/2019"])
def test_a_cell_that_is_no_date(tmp_path, bad):
    good = "".join(f"{day:02}/01/2019,{day}\n" for day in range(13, 29))
    source = read_text(tmp_path, f"date,x\n{good}{bad},1\n")
    finding = next(finding for finding in source.findings if finding.column == "date")
    assert (finding.row, finding.rows_affected) == (17, 1)
    assert bad in finding.what
    assert source.table["date"][16].as_py() == bad
    roles = guess_roles(source)
    assert next(role for role in roles if role.column == "date").part == "time"
    with pytest.raises(UserError) as caught:
        study_spec(source, roles)
    assert "herd.csv, row 17, column date" in str(caught.value)
    assert bad in str(caught.value)


@pytest.mark.parametrize(
    "cells",
    [
        ["1-2-20", "31-12-20", "12-31-20"],
        ["1.2", "31.12"],
        ["12:30", "13:45"],
        ["1/2", "3/4"],
        ["99999999", "20191231"],
    ],
)
def test_what_is_no_date_stays(tmp_path, cells):
    source = read_text(tmp_path, "pen;x\n" + "".join(f"{cell};1\n" for cell in cells))
    assert not str(source.table.schema.field("pen").type).startswith("timestamp")


def test_eight_digit_ids_stay_numbers(tmp_path):
    source = read_text(tmp_path, "animal_id,x\n20191231,1\n20200105,2\n")
    assert source.table["animal_id"].to_pylist() == [20191231, 20200105]
