"""What was found of background variables, kept on disk: the same again, and only for what it follows from."""

import os
from dataclasses import replace

import numpy as np
import pytest

from explorer.space.divergence_table import export_divergences
from explorer.space.saliency_asked import Asked, background_of
from explorer.space.saliency_kept import asked_last, background_at, background_path, keep_background, read_background
from explorer.space.saliency_table import export_saliency

ASKED = Asked("features", ("breed", "season"), permutations=29, seed=3)


@pytest.fixture
def study(herd):
    rng = np.random.default_rng(1)
    return herd.embed("net", rng.normal(size=(40, 3)))


def silent(_fraction, _note):
    return None


def test_what_is_kept_reads_back_the_same_to_the_last_bit(study, tmp_path):
    found = background_of(study, ASKED)
    keep_background(tmp_path / "kept.npz", found)
    again = read_background(tmp_path / "kept.npz")
    assert again.asked == ASKED
    for export in (export_saliency, export_divergences):
        before, after = export(study, found, file="a.csv"), export(study, again, file="a.csv")
        assert (before.content, before.facts, before.remarks) == (after.content, after.facts, after.remarks)
    for one, other in zip(found.saliency.variables, again.saliency.variables, strict=True):
        assert np.array_equal(one.test.null, other.test.null)
        assert (one.test.explained, one.test.spread) == (other.test.explained, other.test.spread)
    assert again.saliency.association == found.saliency.association


def test_a_worker_leaves_it_where_the_page_looks(study):
    embedding = study.embedding("features")
    path = background_path(study, embedding, ASKED)
    assert read_background(path) is None
    background_at(study.path, ASKED, report=silent)
    assert read_background(path).asked == ASKED


@pytest.mark.parametrize("change", [{"seed": 4}, {"permutations": 30}, {"variables": None}, {"variables": ("breed",)}])
def test_other_questions_have_other_places(study, change):
    embedding = study.embedding("features")
    assert background_path(study, embedding, replace(ASKED, **change)) != background_path(study, embedding, ASKED)


def test_other_data_and_other_vectors_have_other_places(herd, study):
    asked = Asked("net")
    before = background_path(study, study.embedding("net"), asked)
    herd.embed("net", np.ones((40, 3)))
    other = herd.open()
    assert background_path(other, other.embedding("net"), asked) != before
    herd.observations["weight"] += 1
    changed = herd.open()
    assert background_path(changed, changed.embedding("features"), ASKED) != background_path(
        study, study.embedding("features"), ASKED
    )


def test_the_last_question_is_remembered_while_its_vectors_are_the_same(herd, study):
    embedding = study.embedding("net")
    assert asked_last(study, embedding) is None
    for place, asked in enumerate([Asked("net", permutations=19), Asked("net", ("breed",), 19), ASKED]):
        path = background_path(study, study.embedding(asked.embedding), asked)
        keep_background(path, background_of(study, asked))
        os.utime(path, (place, place))
    assert asked_last(study, embedding) == Asked("net", ("breed",), 19)
    assert asked_last(study, study.embedding("features")) == ASKED
    changed = herd.embed("net", np.random.default_rng(2).normal(size=(40, 3)))
    assert asked_last(changed, changed.embedding("net")) is None


def test_what_is_spoilt_is_as_if_it_were_not_there(study, tmp_path):
    path = background_path(study, study.embedding("features"), ASKED)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not an archive")
    assert read_background(path) is None
    assert asked_last(study, study.embedding("features")) is None
    np.savez(path, facts=np.array('{"asked": {"embedding": "features", "variables": null, "colour": 1}}'))
    assert read_background(path) is None
    assert asked_last(study, study.embedding("features")) is None
