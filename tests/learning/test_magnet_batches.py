"""Batches of neighbouring clusters, where the vectors are at present."""

import json
from collections import Counter
from itertools import islice

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans

from explorer.errors import UserError
from explorer.learning.losses.magnet import MagnetLoss
from explorer.learning.magnet_batches import MagnetBatches, _k_means
from explorer.learning.recipe import Recipe
from explorer.learning.train import train

COUNTS = [8, 12, 9, 10, 4, 8, 1]
CODES = np.repeat([*range(6), 6], COUNTS)
DATES = np.concatenate([np.arange(count) for count in COUNTS]).astype(float)


def placed(seed=0, apart=10.0, spread=0.1):
    """Two tight clusters of each animal on a line: animal a at a * apart and, in dimension 1, at 0 or 3."""
    rng = np.random.default_rng(seed)
    second = np.concatenate([np.arange(count) % 2 for count in COUNTS])
    points = np.stack([CODES * apart, second * 3.0], axis=1) + rng.normal(scale=spread, size=(len(CODES), 2))
    return points, second


def made(*, animals=4, each=4, seed=0, clusters=2, refresh_every=50, points=None, **more):
    batches = MagnetBatches(
        CODES, DATES, animals=animals, each=each, seed=seed, clusters=clusters, refresh_every=refresh_every, **more
    )
    points = placed()[0] if points is None else points
    batches.see(points[batches.rows])
    return batches


def test_clusters_are_within_animals_and_found_where_they_lie():
    batches, (_, second) = made(), placed()
    assert batches.rows.tolist() == np.flatnonzero(CODES < 6).tolist(), "an animal seen once has nothing to be like"
    assert (batches.clusters[CODES == 6] == -1).all()
    for cluster in range(batches.clusters.max() + 1):
        rows = np.flatnonzero(batches.clusters == cluster)
        assert len(set(CODES[rows])) == 1
        if CODES[rows[0]] != 4:  # of four observations one cluster is made
            assert len(set(second[rows])) == 1
    assert len(set(batches.clusters[CODES == 4])) == 1 and batches.clusters.max() + 1 == 11


@pytest.mark.parametrize("seed", range(4))
def test_k_means_is_no_worse_than_scikit_learn_from_one_start_as_often_as_not(seed):
    rng = np.random.default_rng(seed)
    wins = 0
    for _ in range(20):
        points = rng.normal(size=(30, 3))
        own = _k_means(points, 3, rng)
        within = sum(((points[own == one] - points[own == one].mean(axis=0)) ** 2).sum() for one in range(3))
        wins += within <= KMeans(3, n_init=1, random_state=int(rng.integers(1_000))).fit(points).inertia_ * (1 + 1e-9)
        centres = np.stack([points[own == one].mean(axis=0) for one in range(3)])
        nearest = ((points[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
        assert (nearest == own).all(), "it has settled"
    assert wins >= 5


def test_k_means_of_points_that_coincide_makes_no_empty_cluster():
    rng = np.random.default_rng(0)
    assert _k_means(np.zeros((5, 2)), 3, rng).tolist() == [0] * 5
    two = _k_means(np.repeat([[0.0, 0.0], [1.0, 1.0]], 3, axis=0), 3, rng)
    assert sorted(Counter(two.tolist()).values()) == [3, 3] and len(set(two[:3].tolist())) == 1


def test_a_batch_is_a_cluster_and_its_nearest_of_other_animals():
    points, _ = placed()
    batches = made()
    names = sorted(set(batches.clusters.tolist()) - {-1})
    means = {one: points[batches.clusters == one].mean(axis=0) for one in names}
    owner = {one: CODES[batches.clusters == one][0] for one in names}
    for rows in islice(batches, 50):
        groups = batches.clusters[rows].reshape(4, 4)
        assert (groups == groups[:, :1]).all()
        first, *others = groups[:, 0].tolist()
        apart = {one: np.linalg.norm(means[one] - means[first]) for one in names if owner[one] != owner[first]}
        assert others == sorted(apart, key=apart.get)[:3]
        for one, group in zip(groups[:, 0], rows.reshape(4, 4), strict=True):
            assert len(set(group)) == min(4, (batches.clusters == one).sum()), "repeated only where there are too few"


def test_seeds_come_in_proportion_to_the_loss_of_their_cluster():
    points, _ = placed(apart=0.8, spread=0.4)
    batches = made(points=points, refresh_every=4_000, margin=0.5)
    found = batches.clusters[batches.rows]
    loss = MagnetLoss(0.5, reduction="sum")
    terms = loss.terms(
        torch.from_numpy(points[batches.rows]),
        type("Given", (), {"labels": torch.from_numpy(CODES[batches.rows]), "clusters": torch.from_numpy(found)}),
    )[0].numpy()
    mean = np.array([terms[found == one].mean() for one in range(found.max() + 1)])
    assert mean.min() < 0.8 * mean.max()
    seeds = Counter(int(batches.clusters[rows[0]]) for rows in islice(batches, 4_000))
    drawn = np.array([seeds[one] for one in range(len(mean))]) / 4_000
    np.testing.assert_allclose(drawn, mean / mean.sum(), atol=0.03)


def test_where_nothing_is_lost_any_more_all_clusters_are_seeds():
    batches = made(points=placed(apart=1_000.0, spread=0.01)[0], margin=0.1)
    assert len({int(batches.clusters[rows[0]]) for rows in islice(batches, 50)}) == 11


def test_few_animals_make_smaller_batches():
    batches = made(animals=32)
    for rows in islice(batches, 20):
        lone = CODES[rows[0]] == 4  # of one cluster; of other seeds the animal's other cluster is no impostor
        assert len(set(batches.clusters[rows].tolist())) == len(rows) // 4 == (11 if lone else 10)


def test_the_vectors_must_be_told_first_and_then_every_so_many_batches():
    batches = MagnetBatches(CODES, DATES, animals=4, each=4, seed=0, refresh_every=3)
    assert batches.due
    with pytest.raises(RuntimeError, match="told first"):
        next(batches)
    points, _ = placed()
    batches.see(points[batches.rows])
    list(islice(batches, 3))
    assert batches.due
    mirrored = points[:, ::-1].copy()
    before = batches.clusters.copy()
    batches.see(mirrored[batches.rows] * [10.0, 0.01])
    assert not batches.due and (before >= 0).tolist() == (batches.clusters >= 0).tolist()


@pytest.mark.parametrize(
    ("vectors", "more"),
    [(np.zeros((3, 2)), {}), (np.full((51, 2), np.nan), {}), (None, {"clusters": 0}), (None, {"refresh_every": 0})],
)
def test_what_makes_no_batch_is_refused(vectors, more):
    with pytest.raises(ValueError):
        MagnetBatches(CODES, DATES, animals=4, each=4, seed=0, **more).see(vectors)


@pytest.mark.parametrize("taken", [0, 3, 5])
def test_batches_go_on_from_where_others_stood(taken):
    def on(batches, points, count):
        out = []
        for _ in range(count):
            if batches.due:
                batches.see(points[batches.rows])
            out.append(next(batches))
        return out

    first = MagnetBatches(CODES, DATES, animals=4, each=4, seed=1, clusters=2, refresh_every=5)
    on(first, placed(0)[0], taken)
    state = json.loads(json.dumps(first.state_dict()))
    expected = on(first, placed(1)[0], 12)
    second = MagnetBatches(CODES, DATES, animals=4, each=4, seed=2, clusters=2, refresh_every=5)
    on(second, placed(2)[0], 2)
    second.load_state_dict(state)
    found = on(second, placed(1)[0], 12)
    assert [rows.tolist() for rows in found] == [rows.tolist() for rows in expected]


# --- in training -----------------------------------------------------------------------------------------------


RECIPE = Recipe(
    steps=60, animals=4, each=4, warm_up=4, look_every=20, shares=(0.5, 0.25, 0.25), loss="magnet", refresh_every=25
)


def test_training_learns_from_the_clusters_it_finds_where_the_encoder_stands(herd, features, tmp_path, monkeypatch):
    animal = np.repeat(np.arange(8), 5)
    for place in range(4):
        herd.observations[f"p_{place}"] += 3 * (place + 1) * np.random.default_rng(place).normal(size=8)[animal]
    told, given = [], []
    see, forward = MagnetBatches.see, MagnetLoss.forward
    monkeypatch.setattr(MagnetBatches, "see", lambda self, vectors: (told.append(vectors), see(self, vectors))[1])
    monkeypatch.setattr(
        MagnetLoss,
        "forward",
        lambda self, units, **more: (given.append(more), forward(self, units, **more))[1],
    )
    trained = train([herd.open()], features, tmp_path / "m", recipe=RECIPE, workers=0)
    assert len(told) == 3 and all(vectors.shape == (20, 8) for vectors in told)
    np.testing.assert_allclose(np.linalg.norm(told[0], axis=1), 1.0, atol=1e-5)
    assert np.abs(told[1] - told[0]).max() > 0.1, "of the encoder as it is by then"
    assert len(given) == 60
    for more in given:
        labels, clusters = more["labels"].numpy(), more["clusters"].numpy()
        assert len(labels) == 16 and len(set(zip(labels.tolist(), clusters.tolist(), strict=True))) == len(
            set(clusters)
        )
    assert trained.looks[-1].loss < 0.7 * trained.looks[0].loss
    assert trained.best.recall == 1.0


def test_the_magnet_loss_makes_its_own_batches(herd, features, tmp_path):
    with pytest.raises(UserError, match=r"batches of clusters of its own.*Leave out --gradual"):
        train([herd.open()], features, tmp_path / "m", recipe=Recipe(loss="magnet", turnover=0.5), workers=0)
