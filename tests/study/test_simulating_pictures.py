"""The pictures: that what is true shows in them, and what has no effect does not."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from explorer.study.pictures import decode
from explorer.study.simulating.body import half_widths, lay_out
from explorer.study.simulating.coats import BREEDS, IDENTITY, make_coat
from explorer.study.simulating.drawing import SIZE, draw
from explorer.study.simulating.herd import draw_animal, make_herd
from explorer.study.simulating.scenes import scene_of


@pytest.fixture(scope="module")
def herd():
    return make_herd(10, 7)


@pytest.fixture(scope="module")
def pictures(herd):
    """Grey pictures of the first animals, as lossy WebP gives them back: (N, SIZE * SIZE), and whose they are."""
    drawn = [draw_animal(herd.to_draw(animal)) for animal in range(8)]
    grey = [np.asarray(decode(image, where="").convert("L")) for of_animal in drawn for image in of_animal]
    who = np.repeat(np.arange(8), [len(of_animal) for of_animal in drawn])
    return np.stack(grey).reshape(len(grey), -1).astype(np.float32), who


def drawn(herd, animal=0, **changes):
    """Raw pictures of one animal whose looks are changed."""
    looks = replace(herd.looks, **{name: np.full_like(getattr(herd.looks, name), v) for name, v in changes.items()})
    scene = scene_of(looks, herd.rows(animal), lame_side=1, animal=animal, seed=0)
    return draw(herd.to_draw(animal).coat, scene, np.random.default_rng(0)).astype(np.int64)


def scene_with(herd, **changes):
    looks = replace(herd.looks, **{name: np.full_like(getattr(herd.looks, name), v) for name, v in changes.items()})
    return scene_of(looks, herd.rows(0), lame_side=1, animal=0, seed=0)


def test_a_picture_is_a_64_pixel_webp(herd):
    image = draw_animal(herd.to_draw(1))[0]
    opened = decode(image, where="")
    assert opened.size == (SIZE, SIZE) == (64, 64)
    assert image[8:12] == b"WEBP"
    assert isinstance(opened, Image.Image)


def test_no_two_coats_are_alike():
    rng = np.random.default_rng(0)
    coats = [make_coat(rng.standard_normal(IDENTITY), BREEDS[0]).sharp[:150].ravel() for _ in range(228)]
    alike = np.corrcoef(coats) - np.eye(228)
    assert alike.max() < 0.9


@pytest.mark.parametrize("breed", BREEDS, ids=lambda breed: breed.name)
def test_the_coat_keeps_its_patches_in_every_breed(breed):
    identity = np.random.default_rng(1).standard_normal(IDENTITY)
    coat, other = make_coat(identity, breed), make_coat(identity, BREEDS[0])
    assert coat.sharp.min() >= 0
    assert coat.sharp.max() <= 1
    assert np.corrcoef(coat.sharp.ravel(), other.sharp.ravel())[0, 1] > 0.5
    assert coat.soft.std() < coat.sharp.std()


def test_a_fat_cow_is_wider_than_a_thin_one(herd):
    areas = []
    for condition in (1.5, 2.5, 3.5, 4.5):
        posture = scene_with(herd, condition=condition).posture
        assert half_widths(posture).max() < 0.6
        layers = lay_out(posture, size=64, softness=np.full(len(posture.frame), 0.03, dtype=np.float32))
        areas.append(layers.trunk.sum(axis=(1, 2)))
    assert (np.diff(areas, axis=0) > 0).all()
    assert np.mean(areas[-1] / areas[0]) > 1.4


def test_width_follows_condition_across_the_herd():
    herd = make_herd(100, 0)
    postures = [herd.to_draw(animal).scene.posture for animal in range(100)]
    widest = np.concatenate([half_widths(posture).max(axis=1) * posture.frame for posture in postures])
    assert np.corrcoef(widest, herd.looks.condition)[0, 1] > 0.6


def test_a_lame_cow_is_bent(herd):
    sound, lame = (scene_with(herd, locomotion=points).posture for points in (1.2, 4.5))
    assert lame.bend.mean() > 0.1 > abs(sound.bend.mean())
    assert lame.drop.mean() > sound.drop.mean() + 0.05
    assert lame.nod.mean() < sound.nod.mean()


def test_winter_is_darker_and_colder_than_summer(herd):
    winter, summer = drawn(herd, winter=1.0, camera=0), drawn(herd, winter=-1.0, camera=0)
    assert winter.mean() < summer.mean() - 5
    warmth = [(pictures[..., 0] - pictures[..., 2]).mean() for pictures in (winter, summer)]
    assert warmth[0] < warmth[1] - 3


def test_cameras_differ_in_colour_and_noise(herd):
    one, two = drawn(herd, camera=0), drawn(herd, camera=1)
    warmth = [(pictures[..., 0] - pictures[..., 2]).mean() for pictures in (one, two)]
    assert abs(warmth[0] - warmth[1]) > 10

    def grain(pictures):
        corner = pictures[:, :10, 6:20].astype(float)
        return np.abs(np.diff(corner, axis=2)).mean()

    assert grain(two) > 1.3 * grain(one)


def test_without_camera_a_picture_is_the_same_by_either(herd):
    without = make_herd(3, 7, ["camera"])
    swapped = replace(without.visits, camera=1 - without.visits.camera)
    again = replace(without, visits=swapped)
    assert draw_animal(without.to_draw(2)) == draw_animal(again.to_draw(2))
    assert draw_animal(without.to_draw(2)) != draw_animal(herd.to_draw(2))


@pytest.mark.slow
def test_without_episodes_the_healthy_look_the_same():
    herd, healthy = make_herd(12, 7), make_herd(12, 7, ["episodes"])
    ill = {episode.animal for episode in herd.episodes}
    assert ill
    well = next(animal for animal in range(12) if animal not in ill)
    assert draw_animal(herd.to_draw(well)) == draw_animal(healthy.to_draw(well))
    assert draw_animal(herd.to_draw(min(ill))) != draw_animal(healthy.to_draw(min(ill)))


@pytest.mark.slow
def test_pixels_know_an_animal_but_not_always(pictures):
    """Nearest neighbour in plain pixels: neither hopeless nor enough. Eight animals are easier than 228."""
    grey, who = pictures
    grey = grey - grey.mean(axis=0)
    distance = (grey**2).sum(1)[:, None] + (grey**2).sum(1)[None] - 2 * grey @ grey.T
    np.fill_diagonal(distance, np.inf)
    recall = (who[distance.argmin(axis=1)] == who).mean()
    assert 0.4 < recall < 0.98
