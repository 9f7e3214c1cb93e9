"""Embeddings that have learnt nothing: what an encoder must beat to be worth using."""

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from explorer.engine import Report
from explorer.learning.hog import HOG, hog_of_pictures
from explorer.learning.pictures import read_pictures
from explorer.space.pca import fit_pca
from explorer.space.pixels import COMPONENTS, SIDE
from explorer.study.embeddings import FEATURES
from explorer.study.study import Study

PIXELS = f"pixels ({SIDE} x {SIDE} grey)"
_LUMA = np.array([299, 587, 114], dtype=np.float32) / 1000  # of ITU-R 601-2, as Pillow turns colour into grey

Vectors = npt.NDArray[np.floating]


def pixel_baselines(
    study: Study,
    *,
    train_animals: Collection[str] | None = None,
    report: Report | None = None,
    workers: int | None = None,
) -> dict[str, Vectors]:
    """What plain pixels do: 32 x 32 grey levels as they are, and their principal components.

    The components are fitted on ``train_animals`` if given (and at least two pictures), else on all pictures.
    """
    read = read_pictures(study, SIDE, report=report, workers=workers)
    grey = np.einsum("ncxy,c->nxy", read.pixels, _LUMA, dtype=np.float32).reshape(len(study), -1) / np.float32(255)
    grey[~read.readable] = np.nan
    fitted = read.readable
    if train_animals is not None and study.animal is not None:
        own = read.readable & study.animal.isin(list(train_animals)).to_numpy()
        fitted = own if own.sum() > 1 else fitted
    if fitted.sum() < 2:
        return {PIXELS: grey}
    pca = fit_pca(grey, fitted, min(COMPONENTS, int(fitted.sum()) - 1))
    return {PIXELS: grey, f"pixels, {len(pca.axes)} principal components": pca.transform(grey)}


def baselines(
    study: Study,
    *,
    train_animals: Collection[str] | None = None,
    report: Report | None = None,
    workers: int | None = None,
) -> dict[str, Vectors]:
    """What has learnt nothing: pixels and HOG for a study with pictures, else the z-scored features."""
    if study.has_pictures:
        tell = report or (lambda _fraction, _note: None)
        pixels = pixel_baselines(
            study, train_animals=train_animals, report=lambda f, note: tell(f / 2, note), workers=workers
        )
        gradients = hog_of_pictures(study, report=lambda f, note: tell((1 + f) / 2, note), workers=workers)
        return {**pixels, HOG: gradients}
    return {f"{FEATURES}, z-scored": study.embedding(FEATURES).vectors}
