"""Who teaches and who is scored."""

import numpy as np
import pandas as pd
import pytest
from flock import flock, names

from explorer.errors import UserError
from explorer.learning.sides import sides_of


@pytest.fixture
def study(tmp_path):
    return flock(tmp_path / "flock").open()


def test_animals_the_encoder_has_seen_teach_and_the_others_are_scored(study):
    seen = names(study)[:15]
    found = sides_of(study, seen, halve=True)
    assert (found.learn, found.scored) == (tuple(seen), tuple(names(study)[15:]))
    assert found.learn_rows.sum() == 60 and found.scored_rows.sum() == 36
    assert not (found.learn_rows & found.scored_rows).any() and found.remarks == ()
    assert "learn from these 15" in found.sentence and "the 9 it has not seen" in found.sentence


@pytest.mark.parametrize("seed", range(4))
def test_a_half_that_the_seed_draws_teaches_when_none_was_seen(study, seed):
    found = sides_of(study, [], halve=True, seed=seed)
    assert len(found.learn) == len(found.scored) == 12
    assert sorted([*found.learn, *found.scored]) == names(study)
    assert found.learn == sides_of(study, [], halve=True, seed=seed).learn
    assert found.learn != sides_of(study, [], halve=True, seed=seed + 1).learn
    assert f"drawn with seed {seed}" in found.sentence


def test_nobody_teaches_when_nothing_is_to_be_learnt(study):
    found = sides_of(study, [])
    assert found.learn == () and len(found.scored) == 24 and found.scored_rows.all() and found.sentence == ""


def test_a_date_divides_too(study):
    found = sides_of(study, names(study)[:15], after="2024-05-09")
    late = study.time >= np.datetime64("2024-05-09")
    assert late.sum() == 48
    assert found.learn_rows.sum() == 30 and not (found.learn_rows & late).any()
    assert found.scored_rows.sum() == 18 and (found.scored_rows <= late).all()
    np.testing.assert_array_equal(found.later, late)
    assert "The encoder itself has learnt from all times" in found.sentence


def test_an_unknown_time_is_on_neither_side(tmp_path):
    herd = flock(tmp_path / "flock")
    herd.observations.loc[[0, 95], "captured_at"] = pd.NaT
    found = sides_of(herd.open(), [], halve=True, after="2024-05-09")
    assert not (found.earlier | found.later)[[0, 95]].any() and (found.earlier | found.later).sum() == 94


def test_numbered_times_are_divided_by_a_number(tmp_path):
    herd = flock(tmp_path / "flock")
    herd.observations["captured_at"] = np.tile(np.arange(4.0), 24)
    herd.spec["columns"]["time_unit"] = "visits"
    study = herd.open()
    assert sides_of(study, [], after="2").later.sum() == 48
    with pytest.raises(UserError, match=r"'soon' is not a time of Small herd\. Write a number of visits"):
        sides_of(study, [], after="soon")


def test_mistakes_are_one_sentence(study, tmp_path):
    with pytest.raises(UserError, match=r"'tomorrow' is not a time of Small herd\. Write a date as"):
        sides_of(study, [], after="tomorrow")
    with pytest.raises(UserError, match="no animal to be scored was seen from 2030-01-01 on"):
        sides_of(study, [], after="2030-01-01")
    with pytest.raises(UserError, match="nothing to learn from or to find before 2020-01-01"):
        sides_of(study, [], after="2020-01-01")
    with pytest.raises(UserError, match="3 animals are too few"):
        few = flock(tmp_path / "few")
        few.observations = few.observations.iloc[:12]
        sides_of(few.open(), [], halve=True)
    timeless = flock(tmp_path / "timeless")
    del timeless.spec["columns"]["time"]
    with pytest.raises(UserError, match="tells no time"):
        sides_of(timeless.open(), [], after="2024-01-01")
    nameless = flock(tmp_path / "nameless")
    del nameless.spec["columns"]["animal"]
    with pytest.raises(UserError, match="does not say which animal"):
        sides_of(nameless.open(), [])
    assert "5 animals are few to learn from" in sides_of(study, names(study)[:5]).remarks[0]
