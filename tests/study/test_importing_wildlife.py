import pytest
from importing_files import told
from PIL import Image

from explorer.errors import UserError
from explorer.study.importing import build_study, guess_roles, read_source, study_spec
from explorer.study.study import open_study


@pytest.fixture
def herd(tmp_path):
    for name in ("a/1.jpg", "a/2.jpg", "b/1.jpg"):
        path = tmp_path / "shots" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), "red").save(path)
    return tmp_path


def table(folder, *paths):
    rows = "".join(f"{path},cow{number % 2}\n" for number, path in enumerate(paths))
    (folder / "meta.csv").write_text("path,identity\n" + rows)
    return folder / "meta.csv"


def refusal(path, **options):
    with pytest.raises(UserError) as caught:
        read_source(path, **options)
    return str(caught.value)


def test_pictures_are_copied_and_found(herd):
    path = table(herd, "a/1.jpg", "a\\2.jpg", "b/1.jpg", "")
    source = read_source(path, images=herd / "shots")
    roles = guess_roles(source)
    assert {role.column: role.part for role in roles} == {"path": "image", "identity": "animal"}
    study = open_study(build_study(source, study_spec(source, roles), herd / "study"))
    assert sorted(str(p.relative_to(study.path)) for p in study.path.glob("images/*/*")) == [
        "images/a/1.jpg", "images/a/2.jpg", "images/b/1.jpg",
    ]  # fmt: skip
    assert study.picture(1).size == (8, 8)
    assert study.picture(3) is None


def test_a_missing_picture_is_told_and_keeps_its_place(herd):
    path = table(herd, "a/1.jpg", "a/9.jpg", "a/9.jpg")
    source = read_source(path, images=herd / "shots")
    finding = source.findings[-1]
    assert (finding.row, finding.column, finding.rows_affected) == (2, "path", 2)
    assert "a/9.jpg" in told(source)
    study = open_study(build_study(source, study_spec(source, guess_roles(source)), herd / "study"))
    with pytest.raises(UserError, match="row 2, column path: the picture's file is missing"):
        study.picture(1)


def test_when_all_are_missing_from_the_folder_given_it_is_named(herd):
    sentence = refusal(table(herd, "no/1.jpg", "no/2.jpg"), images=herd / "shots")
    assert str(herd / "shots") in sentence
    assert "--images" in sentence


def test_a_table_whose_pictures_are_elsewhere_is_read_without_them(herd):
    source = read_source(table(herd, "a/1.jpg", "a/2.jpg"))
    assert [(finding.severity, finding.column) for finding in source.findings] == [("warning", "path")]
    role = next(role for role in guess_roles(source) if role.column == "path")
    assert role.part == "none"
    assert "none of them was found" in role.why


@pytest.mark.parametrize(
    "wanted", ["/etc/passwd.jpg", "../outside.jpg", "a/../../outside.jpg", "C:\\x.jpg", "\\\\srv\\x.jpg"]
)
def test_paths_out_of_the_folder_are_refused(herd, wanted):
    (herd / "outside.jpg").write_bytes(b"secret")
    sentence = refusal(table(herd, "a/1.jpg", wanted), images=herd / "shots")
    assert "meta.csv, row 2, column path" in sentence


@pytest.mark.parametrize("wanted", ["link.jpg", "linked/1.jpg"])
def test_links_are_refused(herd, wanted):
    (herd / "outside").mkdir()
    (herd / "outside" / "1.jpg").write_bytes(b"secret")
    (herd / "shots" / "link.jpg").symlink_to(herd / "outside" / "1.jpg")
    (herd / "shots" / "linked").symlink_to(herd / "outside")
    sentence = refusal(table(herd, "a/1.jpg", wanted), images=herd / "shots")
    assert "row 2, column path" in sentence
    assert "is a link" in sentence


def test_images_without_a_column(herd):
    (herd / "meta.csv").write_text("cow,weight\nA,1\n")
    assert "no column names pictures" in refusal(herd / "meta.csv", images=herd / "shots")
    assert "there is no folder" in refusal(herd / "meta.csv", images=herd / "none")
