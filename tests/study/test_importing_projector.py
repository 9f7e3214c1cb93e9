import numpy as np
import pytest
from importing_files import told

from explorer.errors import UserError
from explorer.study.importing import read_source

MATRIX = np.array([[0.5, 1.5], [2.5, -3.5], [4.5, 5.5]], dtype=np.float32)
TENSORS = "".join("\t".join(str(x) for x in row) + "\n" for row in MATRIX)


def refusal(path, **options):
    with pytest.raises(UserError) as caught:
        read_source(path, **options)
    return str(caught.value)


def config(folder, text):
    (folder / "tensors.tsv").write_text(TENSORS)
    (folder / "meta.tsv").write_text('cow\tbcs\nA "big"\t3.5\nB\t2.5\nA\t3\n')
    (folder / "projector_config.pbtxt").write_text(text)
    return folder / "projector_config.pbtxt"


def test_config_with_tensors_and_metadata(tmp_path):
    path = config(
        tmp_path,
        """# made by hand
        model_checkpoint_path: "somewhere"
        embeddings {
          tensor_name: "encoder/out:0"
          tensor_path: "tensors.tsv"
          metadata_path: 'meta.tsv'
          tensor_shape: [3, 2]
          sprite { image_path: "sprite.png" single_image_dim: 28 single_image_dim: 28 }
        }
        """,
    )
    for source in (read_source(path), read_source(tmp_path)):
        assert np.array_equal(source.vectors["encoder_out"], MATRIX)
        assert source.table.to_pydict() == {"cow": ['A "big"', "B", "A"], "bcs": [3.5, 2.5, 3.0]}
        assert "sprite" in told(source)
        assert source.name == tmp_path.name


def test_raw_bytes_with_a_shape(tmp_path):
    (tmp_path / "t.bytes").write_bytes(MATRIX.tobytes())
    path = config(tmp_path, 'embeddings { tensor_path: "t.bytes" tensor_shape: 3 tensor_shape: 2 }')
    assert np.array_equal(next(iter(read_source(path).vectors.values())), MATRIX)
    path = config(tmp_path, 'embeddings { tensor_path: "t.bytes" tensor_shape: 3 tensor_shape: 3 }')
    assert "24 bytes" in refusal(path)
    path = config(tmp_path, 'embeddings { tensor_path: "t.bytes" }')
    assert "its shape is not told" in refusal(path)


@pytest.mark.parametrize(
    "wanted", ["/etc/passwd", "../secret.tsv", "sub/../../secret.tsv", "C:\\secret.tsv", "link.tsv"]
)
@pytest.mark.parametrize("field", ["tensor_path", "metadata_path"])
def test_paths_out_of_the_folder_are_refused(tmp_path, wanted, field):
    (tmp_path / "secret.tsv").write_text(TENSORS)
    inner = tmp_path / "logs"
    (inner / "sub").mkdir(parents=True)
    (inner / "link.tsv").symlink_to(tmp_path / "secret.tsv")
    other = 'tensor_path: "tensors.tsv"' if field == "metadata_path" else ""
    path = config(inner, f'embeddings {{ {other} {field}: "{wanted}" }}')
    sentence = refusal(path)
    assert "leads out" in sentence or "is a link" in sentence
    assert "0.5" not in sentence


def test_even_a_link_inside_the_folder_is_not_followed(tmp_path):
    path = config(tmp_path, 'embeddings { tensor_path: "link.tsv" }')
    (tmp_path / "link.tsv").symlink_to(tmp_path / "tensors.tsv")
    assert "is a link" in refusal(path)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "names no embeddings"),
        ('embeddings { tensor_name: "x" }', "checkpoint"),
        ('embeddings { tensor_path: "tensors.tsv"', "last bracket"),
        ("}", "bracket too many"),
        ("embeddings", "cannot be understood"),
        ("embeddings { tensor_path:", "in the middle"),
        ('embeddings { tensor_path: "nothing.tsv" }', "there is no file"),
        ("\x00", "cannot be understood"),
    ],
)
def test_configurations_that_say_nothing(tmp_path, text, part):
    assert part in refusal(config(tmp_path, text))


def test_tensors_alone(tmp_path):
    (tmp_path / "vectors.tsv").write_text(TENSORS)
    source = read_source(tmp_path / "vectors.tsv")
    assert np.array_equal(source.vectors["vectors"], MATRIX)
    assert "3 vectors of 2 numbers" in told(source)


def test_metadata_of_one_column_has_no_header(tmp_path):
    (tmp_path / "tensors.tsv").write_text(TENSORS)
    (tmp_path / "metadata.tsv").write_text("A\nB\nA\n")
    for source in (
        read_source(tmp_path / "metadata.tsv", vectors=tmp_path / "tensors.tsv"),
        read_source(tmp_path),
    ):
        assert source.table.to_pydict() == {"label": ["A", "B", "A"]}
    (tmp_path / "metadata.tsv").write_text("cow\nA\nB\nA\n")
    assert read_source(tmp_path).table.to_pydict() == {"cow": ["A", "B", "A"]}
    (tmp_path / "metadata.tsv").write_text("A\nB\n")
    assert "2 rows, but there are 3 vectors" in refusal(tmp_path)


def test_a_word_among_the_numbers_is_named(tmp_path):
    (tmp_path / "tensors.tsv").write_text("1\t2\n3\tmany\n")
    assert "tensors.tsv, row 2, column 2: 'many' is not a number" in refusal(tmp_path / "tensors.tsv")
