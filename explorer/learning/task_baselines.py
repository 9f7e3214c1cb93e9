"""What predicts a task without metric learning: regressions on the raw features, or on plain pixels.

These are baselines of task predictions; ``baselines`` holds those of finding an animal again.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from explorer.engine import Report
from explorer.learning.baselines import PIXELS, Vectors, baselines
from explorer.learning.hog import HOG
from explorer.space.pca import fit_pca
from explorer.space.pixels import COMPONENTS
from explorer.space.task_directions import fit_plane
from explorer.space.task_values import ordered_task, units_of
from explorer.study.study import Study

Floats = npt.NDArray[np.float64]

RIDGE = "ridge on the features"
FOREST = "random forest on the features"
PIXELS_RIDGE = "ridge on pixels' principal components"
HOG_RIDGE = "ridge on HOG's principal components"

TREES = 200
LEAF = 5
"""Observations in a leaf, at least: labels are noisy, and those of one animal much alike."""


def ridge_predictions(
    vectors: npt.NDArray[np.floating],
    values: npt.NDArray[np.floating],
    units: npt.NDArray[np.integer],
    train: npt.NDArray[np.bool_],
    *,
    ordinal: bool = False,
    seed: int = 0,
) -> Floats:
    """A task at ``vectors`` (n, d) in its unit, float64 (n,), by a ridge fitted to the ``train`` rows (bool (n,)).

    values: float (n,), NaN where missing. units: int (n,), the animal; the penalty is chosen by holding out whole
    training animals. An ordinal task is regressed by its ranks. NaN where a vector is; everywhere, when no training
    row has both, and the one training value where that does not vary.
    """
    used = train & np.isfinite(values) & np.isfinite(vectors).all(axis=1)
    if not used.any():
        return np.full(len(vectors), np.nan)
    known = np.asarray(values, dtype=np.float64)[used]
    fitted, scale = fit_plane(known, vectors[used], units[used], ordinal=ordinal, seed=seed)
    found = fitted.predict(vectors)
    return found if scale is None else scale.from_ranks(found)


def forest_predictions(
    features: npt.NDArray[np.floating],
    values: npt.NDArray[np.floating],
    train: npt.NDArray[np.bool_],
    *,
    seed: int = 0,
    workers: int = 1,
) -> Floats:
    """A task in its unit, float64 (n,), by a random forest (Breiman, 2001) grown on the ``train`` rows (bool (n,)).

    features: (n, f), NaN where missing: each split sends those where they fit best. values: float (n,), NaN where
    missing. 200 trees, a third of the features tried at each split, leaves of 5 observations or more. NaN where every
    feature is missing; everywhere, when there is nothing to learn from.
    """
    there = np.isfinite(features).any(axis=1)
    used = train & there & np.isfinite(values)
    out = np.full(len(features), np.nan)
    if not used.any():
        return out
    forest = RandomForestRegressor(
        TREES, min_samples_leaf=LEAF, max_features=1 / 3, random_state=seed, n_jobs=max(1, workers)
    )
    finite = np.where(np.isfinite(features), features, np.nan).astype(np.float32)
    forest.fit(finite[used], np.asarray(values, dtype=np.float64)[used])
    out[there] = forest.predict(finite[there])
    return out


def forest_classes(
    features: npt.NDArray[np.floating],
    classes: npt.NDArray[np.integer],
    train: npt.NDArray[np.bool_],
    *,
    seed: int = 0,
    workers: int = 1,
) -> npt.NDArray[np.int64]:
    """The class of each row, int64 (n,), by a random forest of classes grown on the ``train`` rows (bool (n,)).

    As ``forest_predictions``; classes: int (n,), -1 where missing, as is the answer where nothing can be said.
    """
    there = np.isfinite(features).any(axis=1)
    used = train & there & (classes >= 0)
    out = np.full(len(features), -1, dtype=np.int64)
    if not used.any():
        return out
    forest = RandomForestClassifier(TREES, min_samples_leaf=LEAF, random_state=seed, n_jobs=max(1, workers))
    finite = np.where(np.isfinite(features), features, np.nan).astype(np.float32)
    forest.fit(finite[used], classes[used])
    out[there] = forest.predict(finite[there])
    return out


def standard_features(features: npt.NDArray[np.floating], train: npt.NDArray[np.bool_]) -> Floats:
    """Features (n, f) with the mean 0 and the spread 1 of the ``train`` rows, float64; those missing at the mean.

    A row without any feature is NaN; a feature that the training rows lack, or of which they have one value, is 0.
    """
    values = np.where(np.isfinite(features), features, np.nan).astype(np.float64)
    known = np.isfinite(values[train])
    counts = known.sum(axis=0)
    own = np.where(known, values[train], 0.0)
    mean = own.sum(axis=0) / np.maximum(counts, 1)
    spread = np.sqrt((np.where(known, own - mean, 0.0) ** 2).sum(axis=0) / np.maximum(counts, 1))
    varies = spread > 1e-9 * np.maximum(1.0, np.abs(mean))
    scaled = np.where(varies, (values - mean) / np.where(varies, spread, 1.0), 0.0)
    out = np.where(np.isfinite(scaled), scaled, 0.0)
    out[~np.isfinite(values).any(axis=1)] = np.nan
    return out


def task_baselines(
    study: Study,
    tasks: Sequence[str],
    *,
    train_animals: Collection[str],
    train_rows: npt.NDArray[np.bool_] | None = None,
    plain: Mapping[str, Vectors] | None = None,
    seed: int = 0,
    report: Report | None = None,
    workers: int | None = None,
) -> dict[str, dict[str, Floats]]:
    """Predictions by method and task, each float64 (n,) for all observations of ``study``, in the task's unit.

    For a study with features a ridge and a random forest on them; for one with pictures a ridge on the principal
    components of its grey pixels and one on those of HOG. All are fitted on ``train_animals`` alone (of ``train_rows``,
    bool (n,), if given), the components too. plain: what ``baselines`` gave for these animals, if it is at hand. Raises
    UserError for a task that the study has not or that has no order.
    """
    tell = report or (lambda _fraction, _note: None)
    values = {task: ordered_task(study, task) for task in tasks}
    ordinal = {task: study.variable(task).kind == "ordinal" for task in tasks}
    units = units_of(study)
    train = np.ones(len(study), dtype=bool) if train_rows is None else train_rows
    if study.animal is not None:
        train = train & study.animal.isin(list(train_animals)).to_numpy()
    out: dict[str, dict[str, Floats]] = {}

    def ridge(vectors: npt.NDArray[np.floating]) -> dict[str, Floats]:
        return {
            task: ridge_predictions(vectors, values[task], units, train, ordinal=ordinal[task], seed=seed)
            for task in tasks
        }

    if study.feature_columns:
        features = study.table.numbers(study.feature_columns)
        out[RIDGE] = ridge(standard_features(features, train))
        out[FOREST] = {}
        for number, task in enumerate(tasks):
            tell(0.4 * number / len(tasks), f"growing a forest for {task}")
            out[FOREST][task] = forest_predictions(features, values[task], train, seed=seed, workers=workers or 1)
    if study.has_pictures:
        at_hand = plain or baselines(
            study, train_animals=train_animals, report=lambda f, note: tell(0.4 + 0.4 * f, note), workers=workers
        )
        tell(0.8, "fitting pixels to tasks")
        # Without two pictures there are no components, and nothing to fit them to.
        components = next((vectors for name, vectors in at_hand.items() if name not in (PIXELS, HOG)), None)
        if components is not None:
            out[PIXELS_RIDGE] = ridge(components)
        tell(0.9, "fitting gradients to tasks")
        gradients = np.asarray(at_hand[HOG], dtype=np.float32)
        known = train & np.isfinite(gradients).all(axis=1)
        if known.sum() > 1:
            pca = fit_pca(gradients, known, min(COMPONENTS, int(known.sum()) - 1))
            out[HOG_RIDGE] = ridge(pca.transform(gradients))
    return out
