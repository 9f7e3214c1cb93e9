"""The map of the validation animals: what it keeps, that it does not spin, that it is small."""

import dataclasses
import io
import itertools

import numpy as np
import pytest

from explorer.errors import UserError
from explorer.learning.encoders import EncoderConfig
from explorer.learning.recipe import Recipe
from explorer.learning.train import train
from explorer.learning.validation_map import MAP, MOST_LOOKS, MOST_OBSERVATIONS, empty_map, read_map
from explorer.space.pca import fit_pca

RECIPE = Recipe(steps=24, animals=4, each=4, warm_up=4, look_every=6, shares=(0.5, 0.25, 0.25))
CONFIG = EncoderConfig(architecture="multilayer", input_size=4, dims=8, widths=(16,))


def of(n, animals=5):
    names = np.array([f"cow {row % animals}" for row in range(n)])
    return empty_map(np.zeros(n, dtype=np.int64), np.arange(n), names)


def units(rng, n, dims=6):
    vectors = rng.normal(size=(n, dims)) * np.linspace(3, 0.2, dims)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
def test_a_space_that_only_turns_stays_where_it_is(seed):
    """Vectors in a frame turned and mirrored anew at each look have the same map."""
    rng = np.random.default_rng(seed)
    vectors = units(rng, 60)
    found = of(60)
    for step in (1, 2, 3):
        turn, _ = np.linalg.qr(rng.normal(size=(6, 6)))
        found = found.and_then(step, (vectors @ turn).astype(np.float32))
    np.testing.assert_allclose(found.places[1:], found.places[:1].repeat(2, axis=0), atol=1e-4)
    np.testing.assert_allclose(found.shares, found.shares[0], atol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_distances_are_those_of_the_principal_components_never_scaled(seed):
    rng = np.random.default_rng(seed)
    looks = [units(rng, 40), units(rng, 40) * 0.1]
    found = of(40).and_then(10, looks[0]).and_then(20, looks[1])
    for places, vectors in zip(found.places, looks, strict=True):
        plain = fit_pca(vectors, np.ones(40, dtype=bool), 2).transform(vectors)
        for one, other in itertools.combinations(range(0, 40, 7), 2):
            apart = np.linalg.norm(places[one] - places[other])
            assert apart == pytest.approx(np.linalg.norm(plain[one] - plain[other]), abs=1e-5)
    moved = np.square(found.places[1] - found.places[0]).sum()
    plain = fit_pca(looks[1], np.ones(40, dtype=bool), 2).transform(looks[1])
    for flip in itertools.product((1, -1), repeat=2):  # no mirroring of the plain map lies better on the one before
        assert moved <= np.square(plain * np.array(flip) - found.places[0]).sum() + 1e-6


def test_many_observations_are_a_fixed_sample_and_it_is_said_of_how_many():
    found, again = of(MOST_OBSERVATIONS + 500), of(MOST_OBSERVATIONS + 500)
    assert len(found.rows) == MOST_OBSERVATIONS == len(np.unique(found.chosen))
    assert found.observations == MOST_OBSERVATIONS + 500 and found.individuals == 5
    assert np.array_equal(found.rows, again.rows) and found.rows.max() > MOST_OBSERVATIONS
    assert (found.animals == np.array([f"cow {row % 5}" for row in found.rows])).all()
    assert len(of(7).rows) == 7


def test_however_long_it_learns_few_looks_are_kept_evenly_and_always_the_last():
    rng = np.random.default_rng(0)
    found, vectors = of(5), units(rng, 5)
    for number in range(5 * MOST_LOOKS):
        found = found.and_then(10 * (number + 1), vectors)
        assert len(found.steps) <= MOST_LOOKS and found.steps[-1] == 10 * (number + 1)
    assert len(found.steps) > MOST_LOOKS // 2 and found.steps[0] == 10
    assert len(set(np.diff(found.numbers[:-1]))) == 1


def test_an_encoder_that_puts_all_at_one_place_has_a_map_too():
    same = np.ones((9, 4), dtype=np.float32) / 2
    found = of(9).and_then(1, same).and_then(2, units(np.random.default_rng(0), 9, 4)).and_then(3, same)
    assert np.isfinite(found.places).all() and not found.places[0].any()


def test_what_is_written_is_read_and_nothing_else(tmp_path):
    found = of(30).and_then(5, units(np.random.default_rng(0), 30))
    assert read_map(tmp_path) is None
    (tmp_path / MAP).write_bytes(found.content())
    read = read_map(tmp_path)
    assert read.content() == found.content()
    assert (read.observations, read.individuals, read.animals[3]) == (30, 5, "cow 3")
    for wrong in (b"", b"no archive", found.content()[:200], b"\x80\x04\x95"):
        (tmp_path / MAP).write_bytes(wrong)
        with pytest.raises(UserError, match="cannot be read as the map"):
            read_map(tmp_path)
    stream = io.BytesIO()
    np.savez(stream, chosen=np.array([object()], dtype=object))
    (tmp_path / MAP).write_bytes(stream.getvalue())
    with pytest.raises(UserError, match="cannot be read as the map"):
        read_map(tmp_path)
    with pytest.raises(ValueError, match="other observations"):
        of(9).with_looks(found.looks())


def test_a_run_maps_its_validation_animals_and_no_others(herd, tmp_path):
    study, other = herd.open(), herd.open()
    trained = train([study, other], CONFIG, tmp_path / "m", recipe=dataclasses.replace(RECIPE), workers=0)
    found = read_map(tmp_path / "m")
    assert found.steps.tolist() == [look.step for look in trained.looks]
    assert set(found.studies) <= {0, 1}
    for number, name, row in zip(found.studies, found.animals, found.rows, strict=True):
        assert study.animal.iloc[row] == name
        assert name in trained.model.info.trained_on[number].validation
    parts = [set(one.validation) for one in trained.model.info.trained_on]
    assert found.individuals == sum(map(len, parts))
    assert [set(found.animals[found.studies == number]) for number in (0, 1)] == parts
