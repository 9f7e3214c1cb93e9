import io
import random
import struct
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from explorer.errors import UserError
from explorer.study.pictures import FORMATS, decode, inside
from explorer.study.study import open_study


def refusal(act, *arguments, **options):
    with pytest.raises(UserError) as caught:
        act(*arguments, **options)
    return str(caught.value)


@pytest.mark.parametrize("how", ["files", "bytes"])
def test_files_and_bytes_give_the_same_pictures(herd, how):
    study = herd.pictured(how).open()
    for row in (0, 7, 39):
        np.testing.assert_array_equal(np.asarray(study.picture(row)), np.full((8, 8), 5 * row))


def test_bytes_are_found_across_row_groups(herd):
    folder = herd.pictured("bytes").save()
    table = pq.read_table(folder / "observations.parquet")
    pq.write_table(table, folder / "observations.parquet", row_group_size=3)
    study = open_study(folder)
    for row in [*range(39, -1, -5), *range(40)]:
        assert np.asarray(study.picture(row))[0, 0] == 5 * row


@pytest.mark.parametrize("how", ["files", "bytes"])
def test_a_row_without_a_picture_has_none(herd, how):
    herd.pictured(how).observations.loc[4, "image"] = None
    assert herd.open().picture(4) is None


OUTSIDE = [
    "../secret.png",
    "images/../../secret.png",
    "/etc/passwd",
    "..\\secret.png",
    "images\\..\\..\\secret.png",
    "\\secret.png",
    "C:\\secret.png",
    "c:secret.png",
    "\\\\host\\share\\secret.png",
    "a\0.png",
    "",
]


@pytest.mark.parametrize("path", OUTSIDE)
def test_paths_out_of_the_study_are_refused_with_their_cell(herd, path):
    herd.pictured("files").observations.loc[2, "image"] = path
    (herd.folder.parent / "secret.png").write_bytes((herd.folder / "images" / "0.png").read_bytes())
    text = refusal(herd.open().picture, 2)
    assert text.startswith("observations.parquet, row 3, column image: ")
    assert "does not lie inside the study" in text


@pytest.mark.parametrize("kind", ["file", "folder", "circle"])
def test_links_out_of_the_study_are_refused(herd, kind):
    folder = herd.pictured("files").save()
    secret = folder.parent / "secret"
    secret.mkdir()
    (secret / "s.png").write_bytes((folder / "images" / "0.png").read_bytes())
    link = folder / "images" / "link"
    link.symlink_to({"file": secret / "s.png", "folder": secret, "circle": link}[kind])
    herd.observations.loc[0, "image"] = "images/link/s.png" if kind == "folder" else "images/link"
    text = refusal(herd.open().picture, 0)
    assert text.startswith("observations.parquet, row 1, column image: ")


def test_a_link_inside_the_study_and_odd_names_are_fine(herd):
    folder = herd.pictured("files").save()
    (folder / "images" / "%2e%2e ü..png").symlink_to(folder / "images" / "3.png")
    herd.observations.loc[0, "image"] = "images/%2e%2e ü..png"
    herd.observations.loc[1, "image"] = ".\\images\\3.png"
    study = herd.open()
    assert np.asarray(study.picture(0))[0, 0] == np.asarray(study.picture(1))[0, 0] == 15


def test_a_study_behind_a_link_opens_its_own_pictures(herd, tmp_path):
    (tmp_path / "link").symlink_to(herd.pictured("files").save())
    assert np.asarray(open_study(tmp_path / "link").picture(1))[0, 0] == 5
    assert inside(tmp_path / "link", "images/1.png").exists()


def huge_png(width, height):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def encoded(kind):
    stream = io.BytesIO()
    Image.effect_noise((16, 16), 60).save(stream, kind)
    return stream.getvalue()


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (huge_png(8_001, 8_000), "has 8001 x 8000 pixels, more than 64 million"),
        (huge_png(10_000, 10_000), "more than 64 million"),
        (huge_png(100_000, 100_000), "cannot be decoded"),
        (encoded("PNG")[:60], "cannot be decoded"),
        (encoded("JPEG")[:200], "cannot be decoded"),
        (b"GIF89a", "cannot be decoded"),
        (b"", "not a JPEG, PNG, WebP, TIFF, BMP or GIF"),
        (b"<svg onload=alert(1)>", "not a JPEG, PNG, WebP, TIFF, BMP or GIF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a JPEG"),
        (encoded("PPM"), "not a JPEG"),
    ],
)
@pytest.mark.parametrize("how", ["files", "bytes"])
def test_what_is_no_picture_is_refused_with_its_cell(herd, how, content, sentence):
    herd.pictured(how)
    if how == "bytes":
        herd.observations["image"] = [
            content if row == 5 else one for row, one in enumerate(herd.observations["image"])
        ]
    else:
        (herd.folder / "images" / "5.png").write_bytes(content)
    text = refusal(herd.open().picture, 5)
    assert text.startswith("observations.parquet, row 6, column image: ")
    assert sentence in text


@pytest.mark.parametrize("path", ["images/none.png", "images", "x" * 300])
def test_a_file_that_is_no_file_is_refused_with_its_cell(herd, path):
    herd.pictured("files").observations.loc[5, "image"] = path
    assert refusal(herd.open().picture, 5).startswith("observations.parquet, row 6, column image: ")


def test_every_format_told_is_decoded():
    for kind in FORMATS:
        assert decode(encoded(kind), where="here").size == (16, 16)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", FORMATS)
def test_spoilt_bytes_are_a_picture_or_refused(kind):
    rng = random.Random(kind)
    whole = encoded(kind)
    refused = 0
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(rng.choice([1, 3, 10])):
            content[rng.randrange(min(len(content), rng.choice([40, 400, 4000])))] = rng.randrange(256)
        if rng.random() < 0.3:
            del content[rng.randrange(len(content)) :]
        try:
            assert decode(bytes(content), where="here").width > 0
        except UserError as error:
            refused += 1
            assert str(error).startswith("here: ")
    assert refused > 0


def test_a_csv_table_names_files_only(herd):
    study = herd.pictured("files").open(".csv")
    assert np.asarray(study.picture(3))[0, 0] == 15
    assert "a CSV table cannot hold pictures as bytes" in refusal(study.table.binary_cell, "image", 0)


def test_a_spoilt_row_group_is_refused(herd):
    folder = herd.pictured("bytes").save()
    path = folder / "observations.parquet"
    pq.write_table(pq.read_table(path), path, compression="zstd", use_dictionary=False)
    content = bytearray(path.read_bytes())
    meta = pq.read_metadata(path).row_group(0)
    column = next(meta.column(i) for i in range(meta.num_columns) if meta.column(i).path_in_schema == "image")
    start = column.data_page_offset
    content[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(content)
    assert isinstance(open_study(folder).table.schema.field("image").type, pa.DataType)
    assert "cannot be read" in refusal(open_study(folder).picture, 0)
