"""Labels without an order, such as a treatment: whether an observation's nearest of another animal has the same."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.neighbors import NearestNeighbors

from explorer.learning.task_baselines import FOREST, forest_classes
from explorer.space.bootstrap import AnimalBootstrap, Interval
from explorer.space.task_values import units_of
from explorer.study.study import Study


@dataclass(frozen=True)
class LabelScore:
    """What one method says of one label, with 95 % intervals by bootstrap over animals.

    ``right``: share of the scored observations of which it says the right value. ``lead``: that less the first
    method's, observation by observation; None for the first itself. ``observations`` and ``animals`` are those scored.
    """

    right: Interval
    lead: Interval | None
    observations: int
    animals: int


@dataclass(frozen=True)
class LabelScores:
    """``scores`` by method; ``commonest``: the share right when all are said to have the commonest value learnt."""

    scores: dict[str, LabelScore]
    commonest: Interval
    values: int


def label_scores(
    study: Study,
    name: str,
    embeddings: Mapping[str, npt.NDArray[np.floating]],
    learn: npt.NDArray[np.bool_],
    scored: npt.NDArray[np.bool_],
    *,
    forest: bool = False,
    seed: int = 0,
    workers: int | None = None,
) -> LabelScores | None:
    """How often the nearest of the ``learn`` rows has the same value of ``name`` as a ``scored`` row (bool (n,) each).

    embeddings: vectors (n, d) by method, NaN where there is none; distances are Euclidean. The animals of the two sides
    must differ: an animal's own other observations would tell a label that is constant in it. forest: also a random
    forest on the study's features, grown on the ``learn`` rows. All methods are scored on the same rows, those with a
    value and a vector in each. None when there is nothing to score, or nothing to learn.
    """
    values = study.values(name)
    codes = np.asarray(values.astype("category").cat.codes, dtype=np.int64)
    units = units_of(study)
    known = scored & (codes >= 0)
    for vectors in embeddings.values():
        known &= np.isfinite(vectors).all(axis=1)
    said: dict[str, npt.NDArray[np.int64]] = {}
    for method, vectors in embeddings.items():
        gallery = np.flatnonzero(learn & (codes >= 0) & np.isfinite(vectors).all(axis=1))
        if not len(gallery) or not known.any():
            return None
        nearest = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(np.asarray(vectors, np.float64)[gallery])
        places = nearest.kneighbors(np.asarray(vectors, np.float64)[known], return_distance=False)[:, 0]
        said[method] = codes[gallery[places]]
    if forest:
        features = study.table.numbers(study.feature_columns)
        said[FOREST] = forest_classes(features, codes, learn, seed=seed, workers=workers or 1)[known]
    true = codes[known]
    boot = AnimalBootstrap(units[known], seed)
    right = {method: (one == true).astype(np.float64) for method, one in said.items()}
    first = next(iter(right))
    taught = codes[learn & (codes >= 0)]
    return LabelScores(
        scores={
            method: LabelScore(
                right=boot.mean(one),
                lead=None if method == first else boot.mean(one - right[first]),
                observations=len(true),
                animals=boot.animals,
            )
            for method, one in right.items()
        },
        commonest=boot.mean((true == np.bincount(taught).argmax()).astype(np.float64)),
        values=len(np.unique(true)),
    )
