import gzip

import pytest
from importing_files import read_text, refused, told

from explorer.study.importing import unpack

READ = {
    "comma": ("a,b\n1,x\n2,y\n", {"a": [1, 2], "b": ["x", "y"]}),
    "semicolon, decimal comma": ("a;b\n1,5;x\n2;y\n", {"a": [1.5, 2.0], "b": ["x", "y"]}),
    "bar": ("a|b\n1|x\n", {"a": [1], "b": ["x"]}),
    "byte order mark": ("\ufeffa,b\n1,x\n", {"a": [1], "b": ["x"]}),
    "CRLF": ("a,b\r\n1,x\r\n2,y\r\n", {"a": [1, 2], "b": ["x", "y"]}),
    "old Mac line ends": ("a,b\r1,x\r2,y\r", {"a": [1, 2], "b": ["x", "y"]}),
    "no line end at the end": ("a,b\n1,x", {"a": [1], "b": ["x"]}),
    "line break in quotes": ('a,b\n1,"x\ny"\n2,z\n', {"a": [1, 2], "b": ["x\ny", "z"]}),
    "quotes in quotes": ('a,b\n1,"say ""moo"""\n', {"a": [1], "b": ['say "moo"']}),
    "separator in quotes": ('a,b\n1,"x,y"\n2,"p,q"\n', {"a": [1, 2], "b": ["x,y", "p,q"]}),
    "inch mark": ('a,b\n1,5" pipe\n2,z\n', {"a": [1, 2], "b": ['5" pipe', "z"]}),
    "comma in a semicolon header": ("weight, kg;day\n1,5;3\n2,5;4\n", {"weight, kg": [1.5, 2.5], "day": [3, 4]}),
    "one column": ("a\n1\n2\n", {"a": [1, 2]}),
    "one column of decimal commas": ("a\n1,5\n2,25\n", {"a": [1.5, 2.25]}),
    "one column with a gap": ("a\n1\n\n3\n", {"a": [1, 3]}),
    "sep line of Excel": ("sep=;\na;b\n1;2\n", {"a": [1], "b": [2]}),
    "spaces around": ("a , b\n 1 , x \n", {"a": [1], "b": ["x"]}),
    "leading zeros": ("id,n\n001,1\n002,2\n", {"id": ["001", "002"], "n": [1, 2]}),
    "zero is no leading zero": ("a,b\n0,0.5\n10,1.5\n", {"a": [0, 10], "b": [0.5, 1.5]}),
    "units": ("a,b\n12 kg,1\n13 kg,2\n", {"a": ["12 kg", "13 kg"], "b": [1, 2]}),
    "exponents": ("a,b\n1e-05,1\n2.5E+3,2\n", {"a": [1e-05, 2500.0], "b": [1, 2]}),
    "tags with an E": ("tag,b\n12E3,1\n45E2,2\n", {"tag": ["12E3", "45E2"], "b": [1, 2]}),
    "signs": ("a,b\n+1.5,-2\n-.5,+3\n", {"a": [1.5, -0.5], "b": [-2, 3]}),
    "transponders": ("tag,b\n982000123456789,1\n", {"tag": [982000123456789], "b": [1]}),
    "too many digits": ("tag,b\n98200012345678912345,1\n", {"tag": ["98200012345678912345"], "b": [1]}),
    "European thousands": ("a;b\n1.234,5;2\n12.345,0;3\n", {"a": [1234.5, 12345.0], "b": [2, 3]}),
    "quoted thousands": ('a,b\n"1,234.5",0.5\n"2,000.0",1.5\n', {"a": [1234.5, 2000.0], "b": [0.5, 1.5]}),
    "thousands beside a decimal comma": ("a;b\n1.234;0,5\n2.500;1,5\n", {"a": [1234, 2500], "b": [0.5, 1.5]}),
    "three decimals with a point": ("a,b\n1.234,1\n2.500,2\n", {"a": [1.234, 2.5], "b": [1, 2]}),
    "duplicate names": ("a,a,a_2\n1,2,3\n", {"a": [1], "a_3": [2], "a_2": [3]}),
    "empty names": ("a,,\n1,2,3\n", {"a": [1], "column_2": [2], "column_3": [3]}),
    "empty last column": ("a;b;\n1;2;\n3;4;\n", {"a": [1, 3], "b": [2, 4]}),
    "empty rows": ("a,b\n1,2\n,\n3,4\n , \n", {"a": [1, 3], "b": [2, 4]}),
    "blank lines": ("a,b\n\n1,2\n\n3,4\n\n", {"a": [1, 3], "b": [2, 4]}),
}  # fmt: skip


@pytest.mark.parametrize("case", READ)
def test_it_reads(tmp_path, case):
    text, expected = READ[case]
    assert read_text(tmp_path, text).table.to_pydict() == expected


MISSING = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", ".", "-", "?", " "]


@pytest.mark.parametrize("word", MISSING)
def test_missing_words_are_missing_and_told(tmp_path, word):
    source = read_text(tmp_path, f"a,b\n1,x\n{word},y\n3,{word}\n")
    assert source.table.to_pydict() == {"a": [1, None, 3], "b": ["x", "y", None]}
    assert not word.strip() or f"2 cells holding '{word}' read as missing" in told(source)


REFUSED = {
    "empty": ("", ["herd.csv: is empty"]),
    "only spaces": (" \n\n", ["is empty"]),
    "header only": ("a,b\n", ["holds a header line and no rows"]),
    "header and empty rows": ("a,b\n,\n", ["only empty rows"]),
    "a row too short": ("a,b,c\n1,2,3\n4,5\n", ["herd.csv, line 3: 2 cells", "line 1 has 3"]),
    "a row too long": ("a,b\n1,2\n\n3,4,5\n", ["line 4: 3 cells", "has 2"]),
    "too long after a line break": ('a,b\n"x\ny",2\n3,4,5\n', ["line 4: 3 cells"]),
    "a title above": ("Herd 12\na;b\n1;2\n3;4\n", ["line 2: 2 cells", "line 1 has 1", "Remove the lines above"]),
    "an open quote": ('a,b\n1,x\n2,"y\n3,z\n', ["line 3", "quotation mark is opened"]),
    "a quote that swallows a row": ('a,b\n1,"x\n2,"y\n3,z\n', ["line 2", "quotation mark"]),
    "NUL": ("a,b\n1,\0\n", ["herd.csv, line 2", "NUL"]),
    "numbers for names": ("1,2\n3,4\n", ["the columns have no names"]),
    "one thousand or one and a bit": ('a,b\n"1,234",1\n"2,500",2\n', ["row 1, column a", "1,234", "--decimal"]),
    "either, with semicolons": ("a;b\n1,234;1\n2,500;2\n", ["row 1, column a", "--decimal"]),
    "Excel": (b"PK\x03\x04\x14\0\0", ["an Excel workbook", "Save the table as CSV"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses_and_says_where(tmp_path, case):
    text, parts = REFUSED[case]
    sentence = refused(tmp_path, text)
    assert all(part in sentence for part in parts), sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(("decimal", "value"), [(",", 1.234), (".", 1234.0)])
def test_the_user_decides_what_a_comma_is(tmp_path, decimal, value):
    source = read_text(tmp_path, "a;b\n1,234;1\n2,500;2\n", decimal=decimal)
    assert source.table["a"][0].as_py() == value


def test_old_encodings_are_read_and_told(tmp_path):
    source = read_text(tmp_path, "a,b\n1,x\n2,Müller\n".encode("cp1252"))
    assert source.table["b"].to_pylist() == ["x", "Müller"]
    assert "not UTF-8 from line 3 on" in told(source)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig"])
def test_marked_encodings(tmp_path, encoding):
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    source = read_text(tmp_path, mark + "a\tb\n1\tBjørn\n".encode(encoding), "herd.txt")
    assert source.table.to_pydict() == {"a": [1], "b": ["Bjørn"]}


def test_what_was_changed_is_told(tmp_path):
    source = read_text(tmp_path, "weight;weight;;n\n1,5;2,5;x;7\n2,5;3,5;y;abc\n")
    words = told(source)
    assert source.table.column_names == ["weight", "weight_2", "column_3", "n"]
    assert "a second column 'weight' renamed weight_2" in words
    assert "1 empty header cell named column_3" in words
    assert "decimal commas read as decimals in weight, weight_2" in words


def test_one_bad_number_leaves_text_and_names_the_cell(tmp_path):
    rows = "".join(f"{number}.5,x\n" for number in range(20))
    source = read_text(tmp_path, f"a,b\n{rows}heavy,x\n")
    finding = next(finding for finding in source.findings if finding.column == "a")
    assert (finding.row, finding.severity, finding.rows_affected) == (21, "warning", 1)
    assert "'heavy' is not a number" in finding.what


def test_rows_left_out_are_counted(tmp_path):
    source = read_text(tmp_path, "a,b\n1,2\n,\n3,4\n,\n")
    finding = next(finding for finding in source.findings if "without any value" in finding.what)
    assert (finding.row, finding.rows_affected) == (2, 2)


def test_gzip_and_its_bounds(tmp_path, monkeypatch):
    packed = gzip.compress(b"a,b\n" + b"1,2\n" * 50_000)
    assert read_text(tmp_path, packed, "herd.csv.gz").table.num_rows == 50_000
    assert "cut short" in refused(tmp_path, packed[:-20], "herd.csv.gz")
    assert "not a gzip file" in refused(tmp_path, b"a,b\n1,2\n", "herd.csv.gz")
    monkeypatch.setattr(unpack, "MAX_TEXT_BYTES", 100_000)
    assert "which no table does" in refused(tmp_path, packed, "herd.csv.gz")
    monkeypatch.setattr(unpack, "MAX_TEXT_BYTES", 2**30)
    monkeypatch.setattr(unpack, "RATIO_FROM", 1_000)
    monkeypatch.setattr(unpack, "MAX_RATIO", 50)
    assert "which no table does" in refused(tmp_path, packed, "herd.csv.gz")


@pytest.mark.parametrize("name", ["herd.xlsx", "herd.ods", "herd.docx", "herd", "herd.bytes"])
def test_other_files_are_refused(tmp_path, name):
    assert "." in refused(tmp_path, b"anything", name)


def test_what_is_not_there(tmp_path):
    from explorer.errors import UserError
    from explorer.study.importing import read_source

    with pytest.raises(UserError, match="there is no file or folder"):
        read_source(tmp_path / "none.csv")


def test_a_cell_larger_than_a_block(tmp_path):
    long = "x" * 9_000_000
    source = read_text(tmp_path, f'a,b\n1,"{long}\n"\n2,y\n')
    assert source.table.num_rows == 2
    assert len(source.table["b"][0].as_py()) == 9_000_000
