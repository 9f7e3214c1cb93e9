"""What is kept of a test: the figures of the file, the same after it was written, and tables that agree with it."""

import json
from dataclasses import replace

import numpy as np
import pytest
from returning import Returning

from explorer.recognition.arms import CONDITIONED, GLOBAL
from explorer.recognition.arms_table import arms_frame, strata_frame
from explorer.recognition.asked import Asked, as_facts, from_facts
from explorer.recognition.evidence import evidence_of
from explorer.recognition.kept import evidence_path, keep_evidence, read_evidence
from explorer.recognition.promise import offers
from explorer.recognition.searches_table import ANOTHER, ITSELF, changed_places, is_right, verdicts
from explorer.study.embeddings import Embedding, EmbeddingNote

ASKED = Asked("made", ("light",), fpir=0.05, not_within=("tape",), model="m")


@pytest.fixture(scope="module")
def seen():
    made = Returning(3, effect=1.0)
    note = EmbeddingNote(observations="", encoder="test")
    return evidence_of(made.analysed(fpir=0.1), Embedding("made", made.vectors.astype(np.float32), note, "f" * 64))


def test_what_is_kept_says_what_the_file_says(seen):
    assert list(seen.arms) == [arm["name"] for arm in seen.facts["arms"]]
    for arm in seen.facts["arms"]:
        got = seen.arms[arm["name"]].rates()
        assert (got.fpir.value, got.tar.high) == (arm["fpir"], arm["tar_high"])
        delta = seen.facts["delta"].get(arm["name"], {"tar": 0.0})
        assert seen.arms[arm["name"]].at.value == pytest.approx(seen.arms[GLOBAL].at.value + delta["tar"])
    assert len(seen.rows) == sum(seen.facts["split"][part]["observations"] for part in ("known", "test"))


def test_the_common_false_accepts_are_those_of_the_curve(seen):
    """TAR at the promise, from a bootstrap's first draw, against the error curve."""
    for one in seen.arms.values():
        assert one.at.value == pytest.approx(1 - one.curve.fnir_at(0.1))
        assert one.at.low <= one.at.value <= one.at.high


def test_it_comes_back_from_the_disk_as_it_was(seen, tmp_path):
    path = tmp_path / "thresholds" / "one.npz"
    keep_evidence(path, ASKED, seen)
    again = read_evidence(path)
    assert again.content == seen.content and again.labels == seen.labels
    assert again.facts == json.loads(seen.content)
    for name, one in seen.arms.items():
        other = again.arms[name]
        for field in ("score", "animals", "known", "right"):
            assert np.array_equal(getattr(one.searches, field), getattr(other.searches, field))
        assert np.array_equal(one.tau, other.tau) and np.array_equal(one.item, other.item) and one.at == other.at
    for field in ("farthest_own", "hardest_own", "nearest_other", "animals"):
        assert np.array_equal(getattr(seen.separation, field), getattr(again.separation, field), equal_nan=True)
    assert (again.separation.labels, again.separation.of) == (seen.separation.labels, seen.separation.of)
    path.write_bytes(path.read_bytes()[:2_000])
    assert read_evidence(path) is None and read_evidence(tmp_path / "none.npz") is None


def test_another_question_study_or_encoder_is_kept_elsewhere(herd, tmp_path):
    asked = Asked("features", ("season",), model=str(tmp_path))
    found = {evidence_path(herd.open(), one) for one in (asked, replace(asked, seed=1), replace(asked, by=("breed",)))}
    (tmp_path / "model.json").write_text("{}")
    found.add(evidence_path(herd.open(), asked))
    herd.observations["p_0"] += 1 + np.arange(40) % 3
    found.add(evidence_path(herd.open(), asked))
    assert len(found) == 5
    assert evidence_path(herd.open(), asked) in found


def test_what_was_asked_survives_json():
    assert from_facts(json.loads(json.dumps(as_facts(ASKED)))) == ASKED
    words = ASKED.words()
    assert words[words.index("--by") + 1] == "light" and words[-2:] == ["--not-within", "tape"]


def test_changed_searches_are_those_whose_verdict_differs(seen):
    for arm in CONDITIONED:
        before, after = seen.arms[GLOBAL], seen.arms[arm]
        places = changed_places(seen, arm)
        told = {place for place in range(len(seen.rows)) if _verdict(before, place) != _verdict(after, place)}
        assert set(places.tolist()) == told
        gained = is_right(after)[places]
        assert not (np.diff(gained.astype(int)) > 0).any(), "first those that come right"
    assert len(changed_places(seen, "stratum")) > 0 and len(changed_places(seen, GLOBAL)) == 0


def _verdict(arm, place):
    accepted = arm.searches.score[place] < arm.tau[place]
    return "unknown" if not accepted else "itself" if arm.searches.right[place] else "another"


def test_right_is_itself_for_known_animals_and_nobody_for_others(seen):
    for one in seen.arms.values():
        told, right = verdicts(one), is_right(one)
        assert (right[seen.known] == (told[seen.known] == ITSELF)).all()
        assert (right[~seen.known] == (told[~seen.known] != ANOTHER)).all()
        assert not (told[~seen.known] == ITSELF).any()


def test_strata_add_up_to_the_whole(seen):
    frame = strata_frame(seen, "stratum")
    assert list(frame["stratum"]) == list(seen.labels) == ["light = day", "light = night"]
    taus = seen.taus("stratum")
    for row in frame.itertuples():
        inside = seen.strata == seen.labels.index(row.stratum)
        unknown = inside & ~seen.known
        accepted = seen.arms["stratum"].searches.score[unknown] < taus[row.stratum]
        animals = seen.arms["stratum"].searches.animals[unknown]
        assert row.fpir == pytest.approx(np.mean([accepted[animals == one].mean() for one in np.unique(animals)]))
        assert row.unknown == len(np.unique(animals))
    arms = arms_frame(seen).set_index("arm")
    assert np.isnan(arms.loc[GLOBAL, "more"]) and arms.loc["stratum", "more"] == seen.facts["delta"]["stratum"]["tar"]


def test_what_can_be_promised_is_the_sheets_table():
    """45 animals keep 5 % with 90 % confidence, 22 keep 10 % (thresholds.md)."""
    found = {one.fpir: one for one in offers(50, [45, 22, 21], 0.9)}
    assert [(one.least, one.average) for one in found.values()] == [(230, 99), (114, 49), (45, 19), (22, 9)]
    assert [one.missing for one in found.values()] == [180, 64, 0, 0]
    assert [one.strata for one in found.values()] == [0, 0, 1, 2]
