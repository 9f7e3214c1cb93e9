import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from importing_files import read_text
from PIL import Image

from explorer.errors import UserError
from explorer.study.importing import (
    build,
    build_study,
    guess_roles,
    override_roles,
    read_side_table,
    read_source,
    study_spec,
)
from explorer.study.study import open_study

HERD = "obs;cow;date;bcs;note\n" + "".join(
    f"o{n};{100 + n % 3};{n + 1:02}/03/2020;{2 + n % 4 / 2:.1f};n{n}\n".replace(".", ",") for n in range(20)
)


@pytest.fixture
def herd(tmp_path):
    np.save(tmp_path / "dino.npy", np.eye(20, 4, dtype=np.float32) + 1)
    (tmp_path / "herd.csv").write_text(HERD)
    return read_source(tmp_path / "herd.csv", vectors=tmp_path / "dino.npy")


def made(source, out, **options):
    return build_study(source, study_spec(source, guess_roles(source)), out, **options)


def test_a_study_holds_everything(herd, tmp_path):
    study = open_study(made(herd, tmp_path / "study"))
    assert study.table.columns == ["obs", "cow", "date", "bcs", "note"]
    assert list(study.animal[:3]) == ["100", "101", "102"]
    assert study.time[19] == np.datetime64("2020-03-20")
    assert study.values("bcs")[1] == 2.5
    assert np.array_equal(study.embedding("dino").vectors, herd.vectors["dino"])
    assert study.ids[0].as_py() == "o0"
    assert list(study.values("season").astype(str).unique()) == ["spring"]


def test_without_ids_rows_are_numbered_and_vectors_still_belong(herd, tmp_path):
    source = herd
    roles = override_roles(guess_roles(source), ignore=["obs"])
    study = open_study(build_study(source, study_spec(source, roles), tmp_path / "study"))
    assert study.ids[0].as_py() == "row-1"
    assert study.embedding("dino").dims == 4
    assert "obs" in study.table.columns


def test_nothing_is_overwritten(herd, tmp_path):
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="exists already"):
        made(herd, tmp_path / "study")
    assert [path.name for path in (tmp_path / "study").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, MemoryError])
@pytest.mark.parametrize("step", ["write_embedding", "_write_table", "study_file_text", "_check_spec"])
def test_what_breaks_off_leaves_nothing(herd, tmp_path, monkeypatch, step, error):
    def broken(*args, **kwargs):
        raise error

    monkeypatch.setattr(build, step, broken)
    before = sorted(tmp_path.iterdir())
    with pytest.raises((error, UserError)):
        made(herd, tmp_path / "study")
    assert sorted(tmp_path.iterdir()) == before


def test_cancelling_from_the_progress_leaves_nothing(herd, tmp_path):
    def cancel(fraction, note):
        if fraction > 0.5:
            raise KeyboardInterrupt

    before = sorted(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt):
        made(herd, tmp_path / "study", report=cancel)
    assert sorted(tmp_path.iterdir()) == before


def test_progress_only_grows(herd, tmp_path):
    seen = []
    made(herd, tmp_path / "study", report=lambda fraction, note: seen.append((fraction, note)))
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert all(note for _, note in seen)


@pytest.mark.parametrize(("cell", "parts"), [("o3", ["row 4", "row 6"]), ("", ["row 6", "no id"])])
def test_ids_must_be_there_and_unique(tmp_path, cell, parts):
    source = read_text(tmp_path, HERD.replace("\no5;", f"\n{cell};"))
    roles = override_roles(guess_roles(source), observation="obs")
    with pytest.raises(UserError) as caught:
        build_study(source, study_spec(source, roles), tmp_path / "study")
    assert "herd.csv, row" in str(caught.value)
    assert all(part in str(caught.value) for part in parts)
    assert not (tmp_path / "study").exists()


def test_a_description_of_another_table_is_refused(herd, tmp_path):
    spec = study_spec(herd, guess_roles(herd))
    other = read_text(tmp_path, "a,b\n1,2\n", "other.csv")
    with pytest.raises(UserError, match=r"other\.csv: there is no column 'obs'"):
        build_study(other, spec, tmp_path / "study")


def test_further_tables_take_the_names_of_the_study(herd, tmp_path):
    (tmp_path / "events.csv").write_text("cow,date,event,herd\n100,2020-03-02,calving,7\n102,2020-03-05,move,7\n")
    (tmp_path / "scores.csv").write_text(
        "cow;date;trait;score;vet\n100;2020-03-02;bcs;3,5;K\n101;2020-03-02;bcs;3,0;K\n"
    )
    (tmp_path / "animals.csv").write_text("cow,dob,sex,strain\n100.0,2015-01-01,F,x\n101.0,2016-01-01,F,y\n")
    study = open_study(
        made(
            herd,
            tmp_path / "study",
            events=tmp_path / "events.csv",
            scores=tmp_path / "scores.csv",
            animals=read_side_table("animals", tmp_path / "animals.csv"),
        )
    )
    assert list(study.events.columns) == ["animal", "time", "kind", "herd"]
    assert list(study.scores.columns) == ["animal", "time", "task", "value", "observer"]
    assert list(study.animals.columns) == ["animal", "birth", "sex", "breed"]
    for frame in (study.events, study.scores, study.animals):
        assert (study.animal_codes(frame["animal"]) >= 0).all()
    assert study.scores["value"].tolist() == [3.5, 3.0]


SIDE_MISTAKES = [
    ("events", "date,event\n2020-01-01,x\n", "no column for the animal"),
    ("events", "cow,date,event\n,2020-01-01,x\n", "row 1, column cow: no animal is named"),
    ("events", "cow,date,event\n100,soon,x\n", "does not hold dates"),
    ("events", "cow,day,event\n100,3,x\n", "its times are numbers, those of the observations dates"),
    ("events", "cow,date,event\nZ9,2020-01-01,x\n", "none of its 1 animals (such as 'Z9') is among the observations"),
    ("scores", "cow,date,task,value\n100,2020-01-01,bcs,good\n", "does not hold numbers"),
    ("animals", "cow,sex\n100,F\n101,F\n100,M\n", "row 1, column cow: '100' has more than one row"),
]


@pytest.mark.parametrize(("stem", "text", "part"), SIDE_MISTAKES)
def test_further_tables_that_do_not_fit(herd, tmp_path, stem, text, part):
    (tmp_path / f"{stem}.csv").write_text(text)
    with pytest.raises(UserError) as caught:
        made(herd, tmp_path / "study", **{stem: tmp_path / f"{stem}.csv"})
    assert part in str(caught.value)
    assert not (tmp_path / "study").exists()


def test_pictures_as_bytes_are_read_in_small_groups(tmp_path):
    stream = io.BytesIO()
    Image.new("RGB", (4, 4)).save(stream, "PNG")
    table = pa.table({"cow": ["A", "B"] * 1_500, "image": [stream.getvalue()] * 3_000})
    pq.write_table(table, tmp_path / "herd.parquet")
    study = open_study(made(read_source(tmp_path / "herd.parquet"), tmp_path / "study"))
    assert pq.ParquetFile(study.path / "observations.parquet").metadata.row_group(0).num_rows == 1_024
    assert study.picture(2_999).size == (4, 4)


def test_a_picture_swapped_for_a_link_is_not_followed(tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "x.jpg").symlink_to(tmp_path / "secret")
    with pytest.raises(UserError, match="cannot be opened"):
        build._copy(tmp_path / "x.jpg", tmp_path / "copy.jpg", "image", "herd.csv")
