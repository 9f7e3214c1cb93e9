import numpy as np
import pytest
from PIL import Image
from sklearn.decomposition import PCA

from explorer.errors import UserError
from explorer.space.pixels import COMPONENTS, SIDE, embed_pixels, embed_pixels_at, grey_pixels
from explorer.study.study import open_study


def noise(herd, rng):
    """Pictures that differ from each other."""
    herd.pictured("files")
    for row in range(40):
        grey = rng.integers(0, 256, size=(SIDE, SIDE), dtype=np.uint8)
        Image.fromarray(grey).save(herd.folder / "images" / f"{row}.png")


def test_a_picture_of_the_right_size_keeps_its_pixels():
    grey = np.random.default_rng(0).integers(0, 256, size=(SIDE, SIDE), dtype=np.uint8)
    np.testing.assert_array_equal(grey_pixels(Image.fromarray(grey)), (grey / 255).astype(np.float32).ravel())


@pytest.mark.parametrize("size", [(64, 16), (16, 64), (1, 1), (500, 3)])
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "CMYK", "I;16", "1"])
def test_the_margin_has_the_mean_grey(size, mode):
    value = grey_pixels(Image.new(mode, size, 1 if mode == "1" else None))
    assert value.shape == (SIDE * SIDE,)
    assert value.dtype == np.float32
    assert value.min() == value.max()


def test_the_embedding_is_the_pca_of_the_pixels(herd):
    noise(herd, np.random.default_rng(0))
    study = herd.open()
    heard = []
    embed_pixels(study, report=lambda fraction, note: heard.append(fraction), workers=1)
    embedding = open_study(study.path).embedding("pixels")
    grey = np.stack([grey_pixels(study.picture(row)) for row in range(40)]).astype(np.float64)
    theirs = PCA(39, svd_solver="full").fit_transform(grey)
    assert embedding.dims == 39 <= COMPONENTS
    np.testing.assert_allclose(np.abs(embedding.vectors[:, :5]), np.abs(theirs[:, :5]), atol=1e-3)
    assert heard == sorted(heard)
    assert heard[-1] == pytest.approx(0.95, abs=0.002)
    assert embedding.remarks == ("grey pixels at 32 x 32, 100% of their variance kept",)


def test_pictures_that_cannot_be_read_are_counted_with_the_first_trouble(herd):
    noise(herd, np.random.default_rng(0))
    (herd.folder / "images" / "6.png").write_bytes(b"no")
    herd.observations.loc[9, "image"] = None
    study = herd.open()
    embed_pixels(study, workers=1)
    embedding = study.embedding("pixels")
    np.testing.assert_array_equal(np.flatnonzero(~embedding.complete), [6, 9])
    assert "2 of 40 observations have no readable picture; first: " in embedding.remarks[1]
    assert "row 7, column image" in embedding.remarks[1]


def test_a_study_without_readable_pictures_is_refused(herd):
    with pytest.raises(UserError, match="has no pictures"):
        embed_pixels(herd.open(), workers=1)
    herd.pictured("files").observations["image"] = "images/none.png"
    with pytest.raises(UserError, match=r"no picture of Small herd could be read; the first trouble: .*row 1"):
        embed_pixels_at(herd.save(), report=lambda fraction, note: None)
    assert open_study(herd.folder).embedding_names == ["features"]
