import os
import random
import subprocess
import sys
import time
from itertools import pairwise
from types import SimpleNamespace
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import KNeighborsClassifier

from explorer.errors import UserError
from explorer.space import neighbours, projections, umap_layout, warm
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
    real = projections.compute
    monkeypatch.setattr(projections, "compute", lambda *given: calls.append(given[2]) or real(*given))
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
    with np.load(path) as stored:
        good = dict(stored)
    for change in (
        {"coordinates": np.zeros((39, 2), np.float32)},
        {"coordinates": np.zeros((39, 2), np.float32), "hashes": np.zeros(39, np.uint64)},
        {"coordinates": np.zeros((40, 3), np.float32)},
        {"coordinates": np.zeros((40, 2))},
        {"hashes": np.zeros(40)},
        {"landmarks": np.zeros(39, dtype=bool)},
        {"facts": np.array("[]")},
        {"facts": np.array('{"explained": [], "remarks": []}')},
    ):
        np.savez(path, **good | change)
        assert read_projection(study, net, PCA) is None
    np.savez(path, **good)
    assert read_projection(study, net, PCA) is not None


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
    other = MapChoice(method="pca", dims=3, seed=9, scale="local", neighbours=9, min_dist=0.5, fast=True)
    assert settled(other) == MapChoice(method="pca", dims=3)
    assert settled(TSNE.model_copy(update={"seed": 9})).seed == 9
    one = embedding(np.ones((40, 2)))
    assert cache_path(study, one, other) == cache_path(study, one, MapChoice(dims=3))
    assert quick(PCA)
    assert not quick(TSNE)


choices = st.builds(
    MapChoice,
    method=st.sampled_from(["pca", "tsne", "umap"]),
    dims=st.sampled_from([2, 3]),
    scale=st.sampled_from(["local", "balanced", "global"]),
    neighbours=st.none() | st.integers(2, 200),
    min_dist=st.sampled_from([0.0, 0.1, 0.9]),
    seed=st.integers(0, 3),
    fast=st.booleans(),
)


@given(choices, choices)
def test_settled_choices_are_equal_exactly_when_what_the_method_is_given_is_equal(one, other):
    def what_counts(choice):
        given = [choice.method, choice.dims]
        if choice.method != "pca":
            given += [choice.neighbours or choice.scale, choice.seed]
        if choice.method == "umap":
            given += [choice.min_dist, choice.fast]
        return given

    assert (settled(one) == settled(other)) == (what_counts(one) == what_counts(other))
    assert settled(settled(one)) == settled(one)
    assert what_counts(settled(one)) == what_counts(one)


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


def layout(herd, method, *, seed=0, dims=2, scale="balanced", vectors=None, fast=False):
    """Coordinates and labels of two blobs with gaps, and the progress told."""
    given, label = blobs(3) if vectors is None else (vectors, None)
    given = given.copy()
    given[::29] = np.nan
    heard = []
    choice = MapChoice(method=method, dims=dims, seed=seed, scale=scale, fast=fast)
    study = SimpleNamespace(cache=herd.folder / f"cache-{uuid4()}")
    made = projections.compute(study, embedding(given), choice, lambda f, note: heard.append(f))
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


@pytest.mark.slow
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
    for shape in ((9, 1), (10, 2), (60, 300), (30, 3)):
        made, used, *_ = layout(herd, method, dims=dims, vectors=rng.normal(size=shape))
        assert np.isfinite(made.coordinates[used]).all()
        if shape[1] == 300:
            assert any("first 50 principal components" in remark for remark in made.remarks)
    repeated = np.repeat(rng.normal(size=(6, 4)), 20, axis=0)
    assert layout(herd, "tsne", dims=dims, vectors=repeated)[0].placed.sum() == 120 - 5


@pytest.mark.slow
def test_tsne_is_reproducible_beyond_exact_neighbours(herd):
    vectors = np.random.default_rng(0).normal(size=(1_200, 6))
    one, other = (layout(herd, "tsne", vectors=vectors)[0].coordinates for _ in range(2))
    np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_fast_umap_keeps_blobs_apart(herd):
    made, used, label, _ = layout(herd, "umap", fast=True)
    points = made.coordinates[used]
    assert KNeighborsClassifier(5).fit(points, label[used]).score(points, label[used]) > 0.95


@pytest.mark.slow
def test_neighbours_and_packing_change_a_map(herd):
    study = herd.embed("net", np.random.default_rng(0).normal(size=(40, 6)))
    net = study.embedding("net")
    maps = {
        change: projections.compute(study, net, MapChoice(method="umap", **dict([change]))).coordinates
        for change in (("neighbours", 15), ("neighbours", 6), ("min_dist", 0.9), ("scale", "balanced"))
    }
    np.testing.assert_array_equal(maps["scale", "balanced"], maps["neighbours", 15])
    assert np.abs(maps["neighbours", 6] - maps["neighbours", 15]).max() > 0.1
    assert np.abs(maps["min_dist", 0.9] - maps["neighbours", 15]).max() > 0.1


def test_what_few_vectors_do_not_allow_is_said(herd):
    study = herd.embed("net", np.random.default_rng(0).normal(size=(40, 6)))
    net = study.embedding("net")
    told = projections.compute(study, net, MapChoice(method="tsne", neighbours=50)).remarks
    assert told == ("perplexity 13 instead of 50, the most that 40 vectors allow",)
    assert projections.compute(study, net, MapChoice(method="tsne", neighbours=13)).remarks == ()


@pytest.mark.slow
def test_too_many_neighbours_for_umap_are_said(herd):
    study = herd.embed("net", np.random.default_rng(0).normal(size=(40, 6)))
    told = projections.compute(study, study.embedding("net"), MapChoice(method="umap", scale="global")).remarks
    assert told == ("39 neighbours instead of 100, the most that 40 vectors allow",)


@pytest.mark.slow
def test_tsne_and_umap_share_one_search(herd, monkeypatch):
    searches = []
    real = neighbours.find
    monkeypatch.setattr(neighbours, "find", lambda *given, **more: searches.append(given[1]) or real(*given, **more))
    vectors, _ = blobs(0, 40)
    vectors[3] = np.nan
    study = herd.embed("net", vectors)
    for method in ("tsne", "umap"):
        for scale in ("local", "balanced", "global"):
            project(study, study.embedding("net"), MapChoice(method=method, scale=scale))
    assert len(searches) == 1


@pytest.mark.slow
@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_the_same_seed_gives_the_same_map_in_another_process_with_one_thread(tmp_path, method):
    program = tmp_path / "program.py"
    program.write_text(
        f"import sys\nsys.path[1:1] = {sys.path!r}\n"
        "from pathlib import Path\nfrom types import SimpleNamespace\nimport numpy as np\n"
        "from explorer.space.projections import compute\n"
        "from explorer.study.embeddings import Embedding, EmbeddingNote\n"
        "from explorer.view import MapChoice\nfolder = Path(sys.argv[1])\n"
        "vectors = np.random.default_rng(0).normal(size=(1_500, 8)).astype(np.float32)\n"
        "net = Embedding('net', vectors, EmbeddingNote(observations='', encoder=''), 'f')\n"
        f"made = compute(SimpleNamespace(cache=folder), net, MapChoice(method={method!r}, seed=3))\n"
        "np.save(folder / 'map.npy', made.coordinates)\n"
    )
    maps = []
    for threads in ({}, dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")):
        folder = tmp_path / str(len(maps))
        folder.mkdir()
        subprocess.run([sys.executable, program, folder], env=os.environ | threads, check=True, timeout=120)
        maps.append(np.load(folder / "map.npy"))
    np.testing.assert_array_equal(*maps)


@pytest.mark.slow
def test_tsne_by_interpolation_does_not_hang_on_the_number_of_threads():
    from openTSNE import TSNE as Peer

    start = np.random.default_rng(0).normal(size=(1_500, 2)) * 1e-4
    data = np.random.default_rng(1).normal(size=(1_500, 5))
    one, two = (
        Peer(initialization=start, negative_gradient_method="fft", n_jobs=jobs, n_iter=100, neighbors="exact").fit(data)
        for jobs in (1, 2)
    )
    np.testing.assert_array_equal(np.asarray(one), np.asarray(two))


@pytest.mark.parametrize("method", ["tsne", pytest.param("umap", marks=pytest.mark.slow)])
def test_pictures_of_the_way_go_to_who_takes_them(herd, monkeypatch, method):
    monkeypatch.setattr(projections, "_SNAPSHOTS", 0.0)
    monkeypatch.setattr(umap_layout, "_HEARD", 0.0)
    vectors, _ = blobs(0, 40)
    vectors[3] = np.nan
    study = herd.embed("net", vectors)
    pictures = []

    def report(fraction, note, *, snapshot=None):
        pictures.extend([] if snapshot is None else [snapshot])

    choice = MapChoice(method=method)
    made = project(study, study.embedding("net"), choice, report)
    assert len(pictures) > 3
    for picture in pictures:
        assert picture.dtype == np.float32
        assert picture.shape == made.coordinates.shape
        np.testing.assert_array_equal(np.isfinite(picture).all(axis=1), made.placed)
    assert np.abs(pictures[0] - pictures[-1])[made.placed].max() > 0.1
    monkeypatch.setattr(projections, "_SNAPSHOTS", 3_600.0)
    pictures.clear()
    project(study, study.embedding("net"), choice.model_copy(update={"seed": 1}), report)
    assert pictures == []


# --- a study that grows ------------------------------------------------------------------------------------


def grown(herd, vectors, more, order=None):
    """The herd with so many observations more at its end, and an embedding that has their vectors."""
    herd.observations = pd.concat(
        [herd.observations, herd.observations.iloc[:more].assign(observation_id=lambda f: f.observation_id + "-new")],
        ignore_index=True,
    )
    if order is not None:
        herd.observations = herd.observations.iloc[order].reset_index(drop=True)
    return herd.embed("net", vectors)


def keeping(choice):
    return choice.model_copy(update={"keep_places": True})


@pytest.mark.parametrize("method", ["pca", "tsne", pytest.param("umap", marks=pytest.mark.slow)])
def test_old_places_are_kept_to_the_bit(herd, counted, method):
    choice = MapChoice(method=method)
    vectors, label = blobs(0, 60)
    vectors[3] = np.nan
    vectors[7] = vectors[8]
    order = np.random.default_rng(0).permutation(60)
    order[np.sort(np.flatnonzero(np.isin(order, [7, 8])))] = 7, 8  # identical vectors are told apart by their order
    before = project(*(lambda study: (study, study.embedding("net")))(herd.embed("net", vectors[:40])), choice)
    assert len(counted) == 1
    study = grown(herd, vectors[order], 20, order)
    net = study.embedding("net")
    assert read_projection(study, net, keeping(choice)) is None
    made = project(study, net, keeping(choice))
    assert len(counted) == 1
    old = order < 40
    np.testing.assert_array_equal(made.coordinates[old], before.coordinates[order[old]])
    assert np.isfinite(made.coordinates[~old]).all()
    assert made.landmarks.tolist() == (old & (order != 3)).tolist()
    said = "along the same axes" if method == "pca" else "beside their neighbours"
    assert f"39 observations keep their places from the map made before; 20 new ones were placed {said}" in made.remarks
    assert made.remarks[0] == "1 of 60 observations have no vector and no place on the map"
    assert any("points placed (20 measured)" in remark for remark in made.remarks) == (method != "pca")
    nearest = KNeighborsClassifier(3).fit(made.coordinates[old & made.placed], label[order[old & made.placed]])
    assert nearest.score(made.coordinates[~old], label[order[~old]]) > 0.9
    again = read_projection(study, net, keeping(choice))
    np.testing.assert_array_equal(again.coordinates, made.coordinates)
    np.testing.assert_array_equal(again.landmarks, made.landmarks)
    assert (again.remarks, again.explained, again.choice) == (made.remarks, made.explained, made.choice)
    assert read_projection(study, net, choice) is None
    fresh = project(study, net, choice)
    assert len(counted) == 2
    assert fresh.landmarks is None
    np.testing.assert_array_equal(project(study, net, keeping(choice)).coordinates, made.coordinates)


def test_places_are_kept_only_from_a_map_of_the_same_kind_that_is_mostly_the_same(herd, counted):
    vectors, _ = blobs(0, 60)
    study = herd.embed("net", vectors[:40])
    project(study, study.embedding("net"), PCA)
    study = grown(herd, vectors, 20)
    net = study.embedding("net")
    project(study, net, keeping(MapChoice(dims=3)))
    project(study, Embedding("other", net.vectors, net.note, "g"), keeping(PCA))
    changed = vectors.copy()
    changed[:21] += 1
    mostly_new = Embedding("net", changed.astype(np.float32), net.note, "h")
    project(study, mostly_new, keeping(PCA))
    assert len(counted) == 4
    for each in (PCA, keeping(PCA)):
        cache_path(study, mostly_new, each).unlink()
    changed[20] -= 1  # now a half of the old vectors is there
    made = project(study, Embedding("net", changed.astype(np.float32), net.note, "i"), keeping(PCA))
    assert len(counted) == 4
    assert made.remarks[0].startswith("20 observations keep")


def test_of_several_older_maps_that_with_most_in_common_is_taken(herd, counted):
    vectors, _ = blobs(0, 40)
    study = herd.embed("net", vectors)
    net = study.embedding("net")
    smaller = vectors.astype(np.float32).copy()
    smaller[20:] = np.nan
    for fingerprint, older in (
        ("small", smaller),
        ("wider", np.where(np.arange(40)[:, None] < 35, vectors, 5 * vectors)),
    ):
        project(study, Embedding("net", np.asarray(older, dtype=np.float32), net.note, fingerprint), PCA)
    made = project(study, net, keeping(PCA))
    assert made.remarks[0].startswith("35 observations keep their places from the map made before; 5 new")


def test_with_nothing_to_keep_a_map_is_made(herd, counted):
    study = herd.embed("net", blobs(0, 40)[0])
    first = project(study, study.embedding("net"), keeping(PCA))
    second = project(study, study.embedding("net"), PCA)
    assert len(counted) == 1
    np.testing.assert_array_equal(first.coordinates, second.coordinates)


@pytest.mark.slow
def test_a_process_that_stands_by_makes_the_same_map(herd):
    study = herd.embed("net", blobs(0, 40)[0])
    net = study.embedding("net")
    warm.warm()
    try:
        end = time.monotonic() + 60
        while not warm.ready():
            assert time.monotonic() < end
            time.sleep(0.05)
        warm.map_job(project_at, study.path, "net", UMAP).result(60)
    finally:
        warm.close()
    made = read_projection(study, net, UMAP)
    np.testing.assert_array_equal(made.coordinates, projections.compute(study, net, UMAP).coordinates)
