import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from explorer.space.neighbours import find
from explorer.space.pca import fit_pca
from explorer.space.placing import place, row_hashes, same_rows
from explorer.space.quality import knn_overlap
from explorer.space.tsne_layout import tsne
from explorer.view import MapChoice

TSNE = MapChoice(method="tsne")


def cloud(seed, n, d):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def mapped(vectors):
    heard = []
    places = tsne(
        vectors, find(vectors, 60), dims=2, perplexity=20, seed=0, report=lambda f, note, snapshot=None: heard.append(f)
    )
    return places


@pytest.mark.parametrize(("n", "d", "dims"), [(300, 6, 2), (300, 60, 3), (20, 40, 2), (50, 1, 2)])
def test_pca_places_new_vectors_exactly(n, d, dims):
    known, new = cloud(n, n, d) + np.float32(5), cloud(d, 30, d) + np.float32(5)
    if n < d:  # what lies outside the span of the known vectors has no place that follows from them
        new = (np.random.default_rng(0).dirichlet(np.ones(n), 30) @ known).astype(np.float32)
    pca = fit_pca(known, np.ones(n, dtype=bool), min(dims, d))

    def axes(vectors):
        return np.pad(pca.transform(vectors), ((0, 0), (0, dims - min(dims, d))))

    placed = place(known, axes(known), new, MapChoice(dims=dims))
    assert placed.dtype == np.float32
    np.testing.assert_allclose(placed, axes(new), atol=1e-4 * max(1, np.abs(axes(new)).max()))


def test_a_point_that_is_known_lies_among_its_neighbours_and_not_between_groups():
    known = np.vstack([cloud(0, 30, 3), cloud(1, 30, 3) + 50]).astype(np.float32)
    places = np.vstack([cloud(2, 30, 2), cloud(3, 30, 2) + 50]).astype(np.float32)
    # Two of its five nearest were drawn to the far group: the mean would leave it in the void.
    new = known[:1]
    near = np.argsort(np.linalg.norm(known - new, axis=1))[:5]
    places[near[3:]] += np.float32(50)
    placed = place(known, places, new, TSNE)
    np.testing.assert_array_equal(placed, np.median(places[near], axis=0)[None])
    assert np.linalg.norm(placed) < 5
    assert place(known[:2], places[:2], new, TSNE).shape == (1, 2)
    assert place(known, places, known[:0], TSNE).shape == (0, 2)


def test_each_point_is_placed_for_itself():
    known, places, new = cloud(0, 100, 4), cloud(1, 100, 2), cloud(2, 20, 4)
    together = place(known, places, new, TSNE)
    apart = np.vstack([place(known, places, one[None], TSNE) for one in new])
    np.testing.assert_array_equal(together, apart)


@pytest.mark.slow
def test_a_held_out_part_lands_near_its_neighbours():
    vectors = load_digits().data[:900].astype(np.float32)
    held = np.random.default_rng(0).random(len(vectors)) < 0.2
    coordinates = np.empty((len(vectors), 2), dtype=np.float32)
    coordinates[~held] = mapped(vectors[~held])
    coordinates[held] = place(vectors[~held], coordinates[~held], vectors[held], TSNE)
    placed = knn_overlap(vectors, coordinates, np.flatnonzero(held))
    laid_out = knn_overlap(vectors, coordinates, np.flatnonzero(~held))
    assert placed.share > 0.35
    assert placed.share > 15 * placed.chance
    assert placed.share > 0.65 * laid_out.share


# --- the same vectors again ------------------------------------------------------------------------------


def test_hashes_follow_the_bits_of_a_row():
    vectors = cloud(0, 1_000, 5)
    one = row_hashes(vectors)
    assert one.dtype == np.uint64
    assert len(set(one.tolist())) == 1_000
    order = np.random.default_rng(0).permutation(1_000)
    np.testing.assert_array_equal(row_hashes(vectors[order]), one[order])
    nudged = vectors.copy()
    nudged[7, 3] = np.nextafter(nudged[7, 3], np.float32(9))
    np.testing.assert_array_equal(np.flatnonzero(row_hashes(nudged) != one), [7])
    assert (row_hashes(vectors[:, ::-1]) != one).all()


def test_hashes_of_many_small_whole_numbers_differ():
    grid = np.stack(np.meshgrid(*[np.arange(40)] * 3), axis=-1).reshape(-1, 3).astype(np.float32)
    assert len(np.unique(row_hashes(grid))) == len(grid)


def test_hashes_do_not_hang_on_the_blocks(monkeypatch):
    vectors = cloud(0, 100, 3)
    whole = row_hashes(vectors)
    monkeypatch.setattr("explorer.space.placing._WORDS", 14)
    np.testing.assert_array_equal(row_hashes(vectors), whole)


@given(st.lists(st.integers(0, 5), max_size=12), st.lists(st.integers(0, 5), max_size=12))
def test_rows_are_paired_one_to_one_in_their_order(old, new):
    same = same_rows(np.array(old, dtype=np.uint64), np.array(new, dtype=np.uint64))
    assert same.dtype == np.int64
    expected, taken = [], set()
    for one in new:
        match = next((row for row, other in enumerate(old) if other == one and row not in taken), -1)
        taken.add(match)
        expected.append(match)
    assert same.tolist() == expected
