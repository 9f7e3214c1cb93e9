"""Histograms of oriented gradients: by hand, by a plain loop, and what must not change them."""

import numpy as np
import pytest

from explorer.learning.baselines import PIXELS, baselines
from explorer.learning.hog import BINS, CELL, HOG, hog, hog_of_pictures


def looped(picture):
    """One picture (3, side, side), pixel by pixel as Dalal and Triggs describe it."""
    grey = picture / 255.0
    side = grey.shape[1]
    cells = side // CELL
    votes = np.zeros((cells, cells, BINS))
    for i in range(side):
        for j in range(side):
            best, angle = -1.0, 0.0
            for channel in grey:
                down = channel[min(i + 1, side - 1), j] - channel[max(i - 1, 0), j]
                right = channel[i, min(j + 1, side - 1)] - channel[i, max(j - 1, 0)]
                if np.hypot(down, right) > best + 1e-7:
                    best, angle = np.hypot(down, right), np.arctan2(down, right) % np.pi
            place = angle / np.pi * BINS - 0.5
            for b in range(-1, BINS + 1):
                for ci in range(cells):
                    for cj in range(cells):
                        near = [1 - abs(place - b)]
                        near += [1 - abs(p - ((c + 0.5) * CELL - 0.5)) / CELL for p, c in ((i, ci), (j, cj))]
                        if min(near) > 0:
                            votes[ci, cj, b % BINS] += best * np.prod(near)
    out = []
    for i in range(cells - 1):
        for j in range(cells - 1):
            block = np.concatenate([votes[i, j], votes[i, j + 1], votes[i + 1, j], votes[i + 1, j + 1]])
            block = np.minimum(block / np.sqrt(block @ block + 1e-4), 0.2)
            out.append(block / np.sqrt(block @ block + 1e-4))
    return np.concatenate(out)


def noise(n=3, side=24, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 3, side, side)).astype(np.uint8)


def test_it_is_what_a_plain_loop_gives():
    pictures = noise(2)
    np.testing.assert_allclose(hog(pictures), [looped(one) for one in pictures], atol=2e-5)


@pytest.mark.parametrize(("degrees", "bin_"), [(0, None), (10, 0), (50, 2), (90, 4), (130, 6), (170, 8)])
def test_a_ramp_votes_for_its_own_direction(degrees, bin_):
    i, j = np.mgrid[0:32, 0:32]
    ramp = 128 + 3 * (np.cos(np.radians(degrees)) * j + np.sin(np.radians(degrees)) * i - 16)
    pictures = np.repeat(np.clip(ramp, 0, 255).round().astype(np.uint8)[None, None], 3, axis=1)
    inner = hog(pictures).reshape(9, 4, BINS)[4]  # a block that does not touch the border
    most = inner.mean(axis=0)
    if bin_ is None:  # 0 degrees lies between the last and the first bin
        assert set(np.argsort(most)[-2:]) == {0, 8} and most[0] == pytest.approx(most[8], rel=0.05)
    else:
        assert most.argmax() == bin_
        np.testing.assert_allclose(np.delete(most, bin_).max(), 0, atol=0.35 * most[bin_])


def test_brightness_and_contrast_hardly_matter_and_the_picture_does():
    pictures = (64 + noise(4, 64) // 4).astype(np.uint8)
    one = hog(pictures)
    assert one.shape == (4, 7 * 7 * 36) and one.dtype == np.float32
    np.testing.assert_allclose(hog(pictures + 50), one, atol=1e-6)
    np.testing.assert_allclose(hog((pictures.astype(int) * 2 - 64).astype(np.uint8)), one, atol=1e-2)
    assert np.abs(hog(pictures[::-1]) - one).max() > 0.1
    np.testing.assert_array_equal(hog(np.full((1, 3, 64, 64), 77, np.uint8)), 0)


def test_parts_give_the_same(monkeypatch):
    pictures = noise(7)
    whole = hog(pictures)
    monkeypatch.setattr("explorer.learning.hog._AT_ONCE", 3)
    np.testing.assert_array_equal(hog(pictures), whole)


@pytest.mark.parametrize("shape", [(1, 3, 20, 20), (1, 3, 8, 8), (1, 3, 16, 24)])
def test_pictures_that_no_cells_fit_are_refused(shape):
    with pytest.raises(ValueError, match="square"):
        hog(np.zeros(shape, np.uint8))


def test_it_stands_beside_pixels_and_marks_what_cannot_be_read(coats):
    coats.observations.loc[3, "image"] = b"no picture"
    study = coats.open()
    found = hog_of_pictures(study, workers=0)
    assert np.isnan(found[3]).all() and np.isfinite(np.delete(found, 3, axis=0)).all()
    told = []
    beside = baselines(study, report=lambda f, _: told.append(f), workers=0)
    assert next(iter(beside)) == PIXELS and list(beside)[-1] == HOG
    np.testing.assert_array_equal(beside[HOG], found)
    assert told == sorted(told)
