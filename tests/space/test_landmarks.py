import re
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.datasets import load_digits

from explorer.space import projections
from explorer.space.landmarks import draw, measured
from explorer.space.quality import knn_overlap
from explorer.study.embeddings import Embedding, EmbeddingNote
from explorer.view import MapChoice


def test_landmarks_are_drawn_with_the_seed():
    one = draw(1_000, 100, 3)
    assert one.dtype == bool
    assert one.sum() == 100
    np.testing.assert_array_equal(draw(1_000, 100, 3), one)
    assert (draw(1_000, 100, 4) != one).any()
    assert draw(50, 100, 0).all()


@pytest.mark.parametrize("method", ["tsne", pytest.param("umap", marks=pytest.mark.slow)])
@pytest.mark.slow
def test_landmarks_are_laid_out_and_the_rest_is_placed(tmp_path, method):
    vectors = load_digits().data[:900].astype(np.float32)
    vectors[::50] = np.nan
    used = np.isfinite(vectors[:, 0])
    net = Embedding("net", vectors, EmbeddingNote(observations="", encoder="test"), "f")
    study, heard = SimpleNamespace(cache=tmp_path), []
    made = projections.compute(
        study,
        net,
        MapChoice(method=method, seed=5),
        lambda f, note: heard.append(f),
        landmarks_above=500,
        landmarks=400,
    )
    assert heard == sorted(heard)
    assert heard[-1] == 1
    np.testing.assert_array_equal(made.placed, used)
    assert made.landmarks is not None
    assert made.landmarks.sum() == 400
    assert not made.landmarks[~used].any()
    np.testing.assert_array_equal(made.landmarks[used], draw(int(used.sum()), 400, 5))
    shares = {}
    for kind, rows in (("landmarks", made.landmarks[used]), ("placed", ~made.landmarks[used])):
        found = knn_overlap(vectors[used], made.coordinates[used], np.flatnonzero(rows))
        shares[kind] = found.share
        assert found.share > 12 * found.chance
    assert shares["placed"] > 0.6 * shares["landmarks"]
    remark = made.remarks[-1]
    told = [int(number) / 100 for number in re.findall(r"(\d+)%", remark)]
    assert told == [pytest.approx(shares["landmarks"], abs=0.006), pytest.approx(shares["placed"], abs=0.006)]
    assert "(400 measured)" in remark
    assert f"({int(used.sum()) - 400} measured)" in remark
    assert "laid out with 400 observations drawn at random (seed 5); the other 482 were placed" in made.remarks[-2]
    few = projections.compute(study, net, MapChoice(method=method, seed=5), landmarks_above=5_000)
    assert few.landmarks is None


def test_nothing_is_said_of_a_kind_that_is_not_there():
    points = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    assert measured(points, points, np.ones(30, dtype=bool), others="x", seed=0) is None
    assert measured(points, points, np.zeros(30, dtype=bool), others="x", seed=0) is None
    said = measured(points, points, np.arange(30) < 10, others="points placed", seed=0)
    assert "100% are among its 15 nearest on the map for points laid out (10 measured)" in said
    assert "100% for points placed (20 measured)" in said
