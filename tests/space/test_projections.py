import random
from itertools import pairwise

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from explorer.errors import UserError
from explorer.space import projections
from explorer.space.projections import cache_path, project, project_at, quick, read_projection, settled
from explorer.study.embeddings import Embedding, EmbeddingNote
from explorer.view import MapChoice

PCA, TSNE, UMAP = (MapChoice(method=name) for name in ("pca", "tsne", "umap"))


def embedding(vectors, fingerprint="f"):
    note = EmbeddingNote(observations="", encoder="test")
    return Embedding("net", np.asarray(vectors, dtype=np.float32), note, fingerprint)


def blobs(seed, n=150, d=8):
    rng = np.random.default_rng(seed)
    label = np.arange(n) % 2
    return rng.normal(size=(n, d)) + 20 * label[:, None], label


@pytest.fixture
def counted(monkeypatch):
    """How often a map has been computed."""
    calls = []
    real = projections._compute
    monkeypatch.setattr(projections, "_compute", lambda *given: calls.append(given[1]) or real(*given))
    return calls


# --- the cache ---------------------------------------------------------------------------------------------


def test_a_map_is_computed_once(herd, counted):
    vectors, _ = blobs(0, 40)
    vectors[3] = np.nan
    study = herd.embed("net", vectors)
    first = project(study, study.embedding("net"), PCA)
    assert len(counted) == 1
    again = herd.open()
    second = project(again, again.embedding("net"), PCA)
    assert len(counted) == 1
    np.testing.assert_array_equal(first.coordinates, second.coordinates)
    assert (first.explained, first.remarks, first.choice) == (second.explained, second.remarks, second.choice)
    assert second.remarks == ("1 of 40 observations have no vector and no place on the map",)
    assert second.placed.sum() == 39


def test_a_spoilt_cache_file_is_made_again(herd, counted):
    study = herd.embed("net", blobs(0, 40)[0])
    first = project(study, study.embedding("net"), PCA)
    path = cache_path(study, study.embedding("net"), PCA)
    whole = path.read_bytes()
    rng = random.Random(0)
    contents = [b"", b"PK\x03\x04", b"\x80\x04.", whole[:-1], whole[: len(whole) // 2], whole[len(whole) // 2 :]]
    for _ in range(300):
        spoilt = bytearray(whole)
        for _ in range(rng.choice([1, 4])):
            spoilt[rng.randrange(len(spoilt))] ^= 1 << rng.randrange(8)
        contents.append(bytes(spoilt))
    for content in contents:
        path.write_bytes(content)
        found = read_projection(study, study.embedding("net"), PCA)
        if found is not None:  # the change touched nothing that is read
            np.testing.assert_array_equal(found.coordinates, first.coordinates)
            assert found.explained == first.explained
    path.write_bytes(b"spoilt")
    counted.clear()
    np.testing.assert_array_equal(project(study, study.embedding("net"), PCA).coordinates, first.coordinates)
    assert len(counted) == 1
    assert path.read_bytes()[:2] == b"PK"


def test_a_cached_map_of_another_shape_is_not_used(herd):
    study = herd.embed("net", blobs(0, 40)[0])
    net = study.embedding("net")
    project(study, net, PCA)
    path = cache_path(study, net, PCA)
    np.savez(path, coordinates=np.zeros((39, 2), np.float32), facts=np.array('{"explained": [], "remarks": []}'))
    assert read_projection(study, net, PCA) is None
    np.savez(path, coordinates=np.zeros((40, 2), np.float32), facts=np.array("[]"))
    assert read_projection(study, net, PCA) is None


def test_a_pickle_in_the_cache_is_never_executed(herd, tmp_path):
    class Malicious:
        def __reduce__(self):
            import os

            return os.mkdir, (str(tmp_path / "executed"),)

    study = herd.embed("net", blobs(0, 40)[0])
    path = cache_path(study, study.embedding("net"), PCA)
    path.parent.mkdir(parents=True)
    np.savez(path, coordinates=np.array([Malicious()], dtype=object), facts=np.array("{}"))
    assert read_projection(study, study.embedding("net"), PCA) is None
    assert not (tmp_path / "executed").exists()


def test_the_name_in_the_cache_follows_vectors_and_settings(herd, monkeypatch):
    study = herd.open()
    base = MapChoice(method="tsne")
    one = embedding(np.ones((40, 2)))
    names = {
        cache_path(study, one, base),
        cache_path(study, embedding(np.ones((40, 2)), "other"), base),
        *(
            cache_path(study, one, base.model_copy(update=change))
            for change in ({"seed": 1}, {"dims": 3}, {"scale": "local"}, {"method": "umap"}, {"method": "pca"})
        ),
    }
    assert len(names) == 7
    assert cache_path(study, one, base) in names
    monkeypatch.setattr(projections, "_VERSION", 10_000)
    assert cache_path(study, one, base) not in names


def test_pca_has_no_seed_and_no_scale(herd):
    study = herd.open()
    other = MapChoice(method="pca", dims=3, seed=9, scale="local")
    assert settled(other) == MapChoice(method="pca", dims=3)
    assert settled(TSNE.model_copy(update={"seed": 9})).seed == 9
    one = embedding(np.ones((40, 2)))
    assert cache_path(study, one, other) == cache_path(study, one, MapChoice(dims=3))
    assert quick(PCA)
    assert not quick(TSNE)


def test_a_worker_leaves_its_map_in_the_cache(herd, counted):
    study = herd.embed("net", blobs(0, 40)[0])
    project_at(study.path, "net", PCA, report=lambda fraction, note: None)
    assert read_projection(study, study.embedding("net"), PCA) is not None
    assert len(counted) == 1


# --- maps --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "least"), [("pca", 2), ("tsne", 8), ("umap", 8)])
def test_too_few_vectors_make_no_map(herd, method, least):
    vectors = np.full((40, 3), np.nan)
    vectors[: least - 1] = np.arange(3 * (least - 1)).reshape(-1, 3)
    study = herd.embed("net", vectors)
    with pytest.raises(UserError, match=f"only {least - 1} observations have a vector in 'net', and .* {least}"):
        project(study, study.embedding("net"), MapChoice(method=method))


def test_vectors_with_fewer_dimensions_than_the_map_are_padded(herd):
    study = herd.embed("net", np.arange(40.0)[:, None])
    made = project(study, study.embedding("net"), MapChoice(dims=3))
    assert made.coordinates.shape == (40, 3)
    assert (made.coordinates[:, 1:] == 0).all()
    assert made.explained == (1.0,)


@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_vectors_that_are_all_the_same_make_no_layout(herd, method):
    study = herd.embed("net", np.full((40, 3), 0.1))
    with pytest.raises(UserError, match="all vectors in 'net' are the same"):
        project(study, study.embedding("net"), MapChoice(method=method))


def layout(herd, method, *, seed=0, dims=2, scale="balanced", vectors=None):
    """Coordinates and labels of two blobs with gaps, and the progress told."""
    given, label = blobs(3) if vectors is None else (vectors, None)
    given = given.copy()
    given[::29] = np.nan
    heard = []
    made = projections._compute(
        embedding(given), MapChoice(method=method, dims=dims, seed=seed, scale=scale), lambda f, note: heard.append(f)
    )
    used = np.isfinite(given).all(axis=1)
    np.testing.assert_array_equal(made.placed, used)
    np.testing.assert_array_equal(np.isnan(made.coordinates).all(axis=1), ~used)
    assert made.coordinates.dtype == np.float32
    assert made.coordinates.shape == (len(given), dims)
    return made, used, label, heard


def check_layout(herd, method):
    made, used, label, heard = layout(herd, method)
    assert heard[0] == 0.0
    assert all(later >= earlier for earlier, later in pairwise(heard))
    assert heard[-1] == pytest.approx(1.0)
    points = made.coordinates[used]
    assert KNeighborsClassifier(5).fit(points, label[used]).score(points, label[used]) > 0.95
    np.testing.assert_array_equal(layout(herd, method)[0].coordinates, made.coordinates)
    scaled = layout(herd, method, scale="local")[0].coordinates
    assert np.abs(scaled[used] - points).max() > 1e-3


def test_tsne_keeps_blobs_apart_and_is_reproducible(herd):
    check_layout(herd, "tsne")


@pytest.mark.slow
def test_umap_keeps_blobs_apart_and_is_reproducible(herd):
    check_layout(herd, "umap")
    first, used, *_ = layout(herd, "umap")
    assert np.abs(layout(herd, "umap", seed=1)[0].coordinates[used] - first.coordinates[used]).max() > 1e-3


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("method", ["tsne", pytest.param("umap", marks=pytest.mark.slow)])
def test_layouts_of_few_rows_or_dimensions_are_finite(herd, method, dims):
    rng = np.random.default_rng(0)
    for shape in ((9, 1), (10, 2), (40, 60), (30, 3)):
        made, used, *_ = layout(herd, method, dims=dims, vectors=rng.normal(size=shape))
        assert np.isfinite(made.coordinates[used]).all()
        if shape[1] == 60:
            assert any("first 50 principal components" in remark for remark in made.remarks)
    repeated = np.repeat(rng.normal(size=(6, 4)), 20, axis=0)
    assert layout(herd, "tsne", dims=dims, vectors=repeated)[0].placed.sum() == 120 - 5


@pytest.mark.slow
def test_tsne_is_reproducible_beyond_exact_neighbours(herd):
    vectors = np.random.default_rng(0).normal(size=(1_200, 6))
    one, other = (layout(herd, "tsne", vectors=vectors)[0].coordinates for _ in range(2))
    np.testing.assert_array_equal(one, other)
