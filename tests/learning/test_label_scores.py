"""Labels without an order, told by the nearest of another animal."""

import numpy as np
import pytest
from flock import flock

from explorer.learning.label_scores import label_scores
from explorer.learning.task_baselines import FOREST


@pytest.fixture
def study(tmp_path):
    return flock(tmp_path / "flock").open()


def sides(study):
    animals = study.animal.cat.codes.to_numpy()
    return animals < 14, animals >= 14


@pytest.mark.parametrize("unit", [True, False])
def test_it_equals_plain_loops(study, unit):
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(96, 5)) + 3
    if unit:
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    learn, scored = sides(study)
    found = label_scores(study, "line", {"mine": vectors}, learn, scored)
    line = study.values("line").to_numpy()
    right = []
    for row in np.flatnonzero(scored):
        best = min(np.flatnonzero(learn), key=lambda other, row=row: np.linalg.norm(vectors[row] - vectors[other]))
        right.append(line[best] == line[row])
    assert found.scores["mine"].right.value == pytest.approx(np.mean(right))
    taught, counts = np.unique(line[learn].astype(str), return_counts=True)
    assert found.commonest.value == pytest.approx(np.mean(line[scored] == taught[counts.argmax()]))
    assert (found.scores["mine"].observations, found.scores["mine"].animals, found.values) == (40, 10, 2)


def test_what_the_features_say_is_found_and_what_they_do_not_say_is_not(study):
    learn, scored = sides(study)
    methods = {"features": study.embedding("features").vectors, "one": study.embedding("features").vectors[:, 1:2]}
    kind = label_scores(study, "kind", methods, learn, scored, forest=True)
    assert kind.scores["one"].right.value == kind.scores[FOREST].right.value == 1
    assert kind.scores["features"].lead is None and kind.scores["one"].lead.value >= 0
    line = label_scores(study, "line", methods, learn, scored, forest=True)
    for score in line.scores.values():
        assert score.right.low < line.commonest.value + 0.3


def test_gaps_are_left_out_of_all_and_nothing_is_made_of_nothing(tmp_path):
    herd = flock(tmp_path / "flock")
    herd.observations.loc[90:, "kind"] = None
    study = herd.open()
    learn, scored = sides(study)
    gappy = np.arange(96.0)[:, None].copy()
    gappy[60:65] = np.nan
    found = label_scores(study, "kind", {"whole": np.arange(96.0)[:, None], "gappy": gappy}, learn, scored)
    assert {score.observations for score in found.scores.values()} == {40 - 6 - 5}
    assert label_scores(study, "kind", {"none": np.full((96, 1), np.nan)}, learn, scored) is None
    assert label_scores(study, "kind", {"whole": gappy}, np.zeros(96, bool), scored) is None
