"""A saved threshold decides as the analysis did: every arm, every search; and what it says when it cannot."""

import json

import numpy as np
import pandas as pd
import pytest
from coming_back import VISITS, coming_back

from explorer.errors import UserError
from explorer.recognition.analysis import analyse
from explorer.recognition.arms import BY_STRATUM, DECIDES, PER_ANIMAL, SHUFFLED, STRATUM
from explorer.recognition.arrays_in_json import Packed
from explorer.recognition.deciding import decide
from explorer.recognition.mondrian import STRICTEST
from explorer.recognition.saved_threshold import read_threshold
from explorer.recognition.threshold_file import VERSION, encoded, saved
from explorer.study.embeddings import EmbeddingNote, write_embedding

BY = ["lamp", "weight", "hour"]
RARE = 7
"""An animal under a lamp that no adjustment animal was under."""


class Fitted:
    """An analysis of animals under lamps and hours, some of them missing, and its files read back."""

    def __init__(self, herd, folder):
        made = coming_back(herd)
        rng = np.random.default_rng(3)
        table = made.observations
        night = (table["lamp"] == "new").to_numpy()
        for column in ("p_0", "p_1", "p_2"):
            table.loc[night, column] += 0.4
        table["hour"] = rng.uniform(0, 24, len(table))
        for column in ("lamp", "weight", "hour"):
            table.loc[rng.random(len(table)) < 0.05, column] = None
        table.loc[RARE * VISITS + np.array([2, 14]), "lamp"] = "broken"
        made.spec["variables"]["hour"] = {"column": "hour", "kind": "cyclic", "period": 24}
        self.herd, self.folder = made, folder
        self.study = made.open()
        self.embedding = self.study.embedding("features")
        self.found = analyse(self.study, self.embedding, BY, confidence=0)
        self.content = encoded(self.found, self.embedding)
        self.background = {name: self.study.values(name) for name in BY}
        self.names = self.study.animal.cat.categories

    def file(self, arm):
        path = self.folder / f"{arm}.json"
        path.write_bytes(saved(self.content, arm))
        return path

    def read(self, arm):
        return read_threshold(self.file(arm), self.embedding)

    def decided(self, arm, queries, *, vectors=None, background=None, gallery=None, rule=None):
        return decide(
            self.read(arm),
            self.embedding.vectors if vectors is None else vectors,
            queries,
            self.found.split.gallery if gallery is None else gallery,
            rule or self.found.fitting.rule,
            names=self.names,
            background=self.background if background is None else background,
        )

    def arm(self, name):
        return next(one.arm for one in self.found.tested if one.arm.name == name)


@pytest.fixture(scope="module")
def tested(tmp_path_factory):
    from herds import Herd

    folder = tmp_path_factory.mktemp("deciding")
    return Fitted(Herd(folder / "herd"), folder)


def test_every_real_arm_can_be_saved_and_the_control_cannot(tested):
    assert [one.arm.name for one in tested.found.tested] == [*DECIDES, SHUFFLED]
    with pytest.raises(UserError, match="'shuffled stratum' is a control, whose strata were dealt at random"):
        saved(tested.content, SHUFFLED)
    with pytest.raises(UserError, match="no arm 'best'"):
        saved(tested.content, "best")


@pytest.mark.parametrize("arm", DECIDES)
def test_it_decides_all_searches_as_the_analysis_did(tested, arm):
    split, theirs = tested.found.split, tested.arm(arm)
    ours = tested.decided(arm, split.queries)
    assert np.array_equal(ours.item, theirs.item)
    assert np.array_equal(ours.tau, theirs.tau)
    assert np.array_equal(ours.score, theirs.searches.score)
    assert np.array_equal(ours.accepted, theirs.searches.score < theirs.tau)
    inside = ours.accepted[tested.found.of_test]
    assert 0 < inside.sum() < len(inside), "else all would be decided alike"


@pytest.mark.parametrize("arm", DECIDES)
def test_one_search_at_a_time_is_decided_as_all_of_them_are(tested, arm):
    split, theirs = tested.found.split, tested.arm(arm)
    at = np.flatnonzero(tested.found.of_test)
    threshold = tested.read(arm)
    for place in at.tolist():
        one = decide(
            threshold,
            tested.embedding.vectors,
            split.queries[place : place + 1],
            split.gallery,
            tested.found.fitting.rule,
            names=tested.names,
            background=tested.background,
        )
        assert one.accepted[0] == (theirs.searches.score[place] < theirs.tau[place])
        assert one.score[0] == pytest.approx(theirs.searches.score[place], rel=1e-9, abs=1e-9)


def test_a_category_that_the_adjustment_has_not_learnt_is_in_the_file(tested):
    """Else the comparison above would not see it."""
    assert tested.found.fitting.adjustment.unseen.any()
    assert tested.read("residualised").adjustment.unseen.any()


def looked_up(tested, arm, **values):
    """The first searches of the test, their background changed."""
    queries = tested.found.split.test[:20]
    background = {name: column.copy() for name, column in tested.background.items()}
    for name, value in values.items():
        background[name] = background[name].astype(object)
        background[name].iloc[queries] = value
    return tested.decided(arm, queries, background=background)


def test_a_search_whose_stratum_is_not_known_gets_the_strictest_that_it_may_have(tested):
    taus = tested.read(STRATUM).taus
    whole = {label: tau for label, tau in taus.items() if "unknown" not in label}
    known = {"weight": 600.0, "hour": 7.0}
    strict = min(tau for label, tau in whole.items() if "weight = 508 or more, hour = 6 to 12" in label)
    assert strict > min(whole.values())
    missing = looked_up(tested, STRATUM, lamp=None, **known)
    new = looked_up(tested, STRATUM, lamp="blue", **known)
    for found in (missing, new):
        assert (found.tau == strict).all()
    assert missing.remarks[-1] == (
        "20 searches do not say 'lamp': they get the strictest threshold of the strata that they may belong to."
    )
    assert "20 searches do not have a 'lamp' that the threshold knows (such as 'blue')" in new.remarks[-1]


def test_so_it_does_where_the_gap_was_not_there_when_the_threshold_was_fitted(tested):
    threshold = tested.read(STRATUM)
    tau_of = {tuple(codes): threshold.taus[label] for label, codes in threshold.strata.items()}
    whole = {codes: tau for codes, tau in tau_of.items() if -1 not in codes}
    gaps = [(0, -1, hour) for hour in range(4) if (0, -1, hour) not in tau_of]  # a broken lamp
    strict = {hour: [tau for (lamp, _, at), tau in whole.items() if (lamp, at) == (0, hour)] for _, _, hour in gaps}
    hour = next(hour for hour, taus in strict.items() if taus and min(taus) > min(whole.values()))
    found = looked_up(tested, STRATUM, lamp="broken", weight=None, hour=1 + 6.0 * hour)
    assert (found.tau == min(strict[hour])).all() and (found.group == STRICTEST).all()


def test_values_that_were_never_met_together_get_the_strictest_of_all(tested):
    met = {tuple(codes) for codes in tested.read(STRATUM).strata.values()}
    weight, hour = next((w, h) for w in range(3) for h in range(4) if (0, w, h) not in met)
    found = looked_up(tested, STRATUM, lamp="broken", weight=[400.0, 500.0, 600.0][weight], hour=1 + 6.0 * hour)
    assert (found.group == STRICTEST).all()
    assert (found.tau == min(tested.read(STRATUM).taus.values())).all()
    assert "20 searches do not have values that were met together" in found.remarks[-1]


def test_without_its_background_nothing_is_taken_from_a_vector(tested):
    found = looked_up(tested, "residualised", lamp=None, weight=None, hour=None)
    queries, gallery = tested.found.split.test[:20], tested.found.split.gallery
    adjusted = tested.found.fitting.adjusted[gallery]
    plain = tested.embedding.vectors[queries].astype(float)
    far = np.linalg.norm(plain[:, None] - adjusted[None], axis=2)
    assert found.score == pytest.approx(far.min(axis=1))
    assert found.remarks[0] == "20 searches do not say 'lamp': what it adds to their vectors stays in them."


@pytest.mark.parametrize("arm", DECIDES)
def test_a_variable_that_is_not_given_is_named_where_it_is_needed(tested, arm):
    queries = tested.found.split.test
    background = {"lamp": tested.background["lamp"]}
    if arm in (*BY_STRATUM, "residualised"):
        with pytest.raises(UserError, match=r"depends on lamp, weight, hour, and .* their weight, hour\."):
            tested.decided(arm, queries, background=background)
    else:
        assert np.array_equal(
            tested.decided(arm, queries, background={}).accepted, tested.decided(arm, queries).accepted
        )


@pytest.mark.parametrize("arm", DECIDES)
def test_other_vectors_are_refused(tested, arm):
    vectors, queries = tested.embedding.vectors, tested.found.split.test
    with pytest.raises(UserError, match="have 5 numbers each, those of the threshold's embedding 'features' have 6"):
        tested.decided(arm, queries, vectors=vectors[:, :5])
    gaps = vectors.copy()
    gaps[queries[0], 3] = np.nan
    with pytest.raises(UserError, match=r"1 of the .* observations that are to be compared have no vector"):
        tested.decided(arm, queries, vectors=gaps)


def test_text_in_the_place_of_numbers_is_refused(tested):
    background = {**tested.background, "weight": pd.Series(["heavy"] * len(tested.study))}
    with pytest.raises(UserError, match="takes numbers for 'weight', and these are not"):
        tested.decided(STRATUM, tested.found.split.test, background=background)


def forgetting(tested, names, monkeypatch):
    """The file of the per-animal arm without the thresholds of ``names``."""
    facts = json.loads(saved(tested.content, PER_ANIMAL))
    for name in names:
        del facts["recognition"]["own"]["by_name"][name]
    monkeypatch.setattr(tested, "file", lambda arm: written(tested.folder / "less.json", facts))


def written(path, facts):
    path.write_text(json.dumps(facts))
    return path


def test_an_animal_enrolled_later_gets_what_it_would_have_got(tested, monkeypatch):
    """By the same rule, from the gallery at hand: with the same gallery, the same decisions."""
    split, theirs = tested.found.split, tested.arm(PER_ANIMAL)
    enrolled = [tested.names[code] for code in np.unique(split.animals[split.gallery])]
    for names in (enrolled[:1], enrolled[3:9], enrolled):
        forgetting(tested, names, monkeypatch)
        ours = tested.decided(PER_ANIMAL, split.queries)
        assert np.array_equal(ours.score, theirs.searches.score)
        n = "1 animal of the gallery was" if len(names) == 1 else f"{len(names)} animals of the gallery were"
        assert ours.remarks == (
            f"{n} not in it when the threshold was fitted: their own thresholds are made from what is there now.",
        )


def test_a_neighbour_enrolled_later_narrows_an_animals_own_threshold(tested):
    split = tested.found.split
    vectors = tested.embedding.vectors.copy()
    host = split.animals[split.gallery[0]]
    guest = split.test[split.animals[split.test] == split.animals[split.test[0]]]
    vectors[guest] = vectors[split.gallery[0]] + 0.02 / np.sqrt(6)
    query = split.known[split.animals[split.known] == host][:1]
    vectors[query] = vectors[split.gallery[0]]
    before = tested.decided(PER_ANIMAL, query, vectors=vectors)
    gallery = np.append(split.gallery, guest)
    after = tested.decided(PER_ANIMAL, query, vectors=vectors, gallery=gallery)
    assert before.item == after.item == split.gallery[0]
    assert before.score[0] == pytest.approx(-tested.read(PER_ANIMAL).own.by_name[tested.names[host]], abs=1e-6)
    assert after.score[0] == pytest.approx(-0.01, abs=1e-6) and before.score[0] < -0.1
    assert "The gallery has 16 animals, the one that the threshold was fitted with had 15" in after.remarks[0]
    vectors[split.test[-1]] = vectors[guest[0]]
    found = tested.decided(PER_ANIMAL, split.test[-1:], vectors=vectors, gallery=gallery)
    assert found.item == guest[0] and found.score[0] == pytest.approx(-0.01, abs=1e-6)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_arrays_come_back_to_the_last_bit(kind):
    matrix = np.random.default_rng(0).normal(size=(7, 5)).astype(kind)
    again = Packed.model_validate_json(Packed.of(matrix[:, ::-1]).model_dump_json()).matrix(5)
    assert again.dtype == kind and np.array_equal(again, matrix[:, ::-1])


def broken(facts, path, value):
    """``facts`` with ``value`` at ``path``; without it where the value is ``...``."""
    out = json.loads(json.dumps(facts))
    *way, last = path
    inside = out
    for step in way:
        inside = inside[step]
    if value is ...:
        del inside[last]
    else:
        inside[last] = value
    return out


@pytest.mark.parametrize(
    ("arm", "path", "value", "sentence"),
    [
        ("global", ["embedding", "sha256"], "0" * 64, "was fitted on the embedding 'features' as it was then"),
        ("global", ["version"], 1, "saved by an older Latent Explorer .*Fit the threshold again"),
        ("global", ["version"], VERSION + 1, "saved by a newer Latent Explorer"),
        ("global", ["version"], "2", "is not a threshold of ours"),
        ("global", ["version"], True, "is not a threshold of ours"),
        ("global", ["arms", 0, "tau", "all"], -0.1, "is damaged .a threshold of distances below 0"),
        ("global", ["arm"], SHUFFLED, "is a control, whose strata were dealt at random"),
        ("global", ["arm"], "best", "there is no arm 'best'"),
        ("global", ["arm"], "clusters", "is damaged .it has no centres of its clusters"),
        ("global", ["arms", 0, "tau", "all"], ..., "is damaged .it has no threshold of 'all'"),
        ("global", ["arms", 0, "tau", "all"], "far", "is damaged .arms.0.tau.all"),
        ("global", ["split", "gallery"], ..., "is damaged .split.gallery: Field required"),
        ("stratum", ["recognition", "strata"], ..., "is damaged .it has no strata"),
        ("stratum", ["recognition", "strata"], {}, "is damaged .it has no strata"),
        ("stratum", ["recognition", "strata", "extra"], [0, 0], "is damaged .the stratum 'extra' is not one"),
        ("stratum", ["recognition", "strata", "extra"], [0, 9, 0], "is damaged .the stratum 'extra' is not one"),
        ("stratum", ["recognition", "strata", "extra"], [0, 0, 0], "is damaged .it has no threshold of 'extra'"),
        ("stratum", ["conditions", 1, "cuts"], [500.0], "is damaged .conditions.1: .* do not belong to its bins"),
        ("stratum", ["conditions", 1, "cuts"], [510.0, 500.0], "is damaged .conditions.1: .*Edges must increase"),
        ("clusters", ["recognition", "centres", "base64"], "AAAA", "is damaged .*cut off"),
        ("clusters", ["recognition", "centres", "base64"], "?", "is damaged"),
        ("clusters", ["recognition", "centres", "shape"], [2, 7], "is damaged .*rows of 6 numbers"),
        ("s-norm", ["recognition", "cohort", "shape"], [3, 6], "is damaged .*cut off"),
        ("s-norm", ["recognition", "cohort", "type"], "object", "is damaged .recognition.cohort.type"),
        ("residualised", ["adjustment", "slopes", 0], [1.0], "is damaged .the adjustment is not one of its emb"),
        ("residualised", ["adjustment", "columns", 0], "moon", "is damaged .the adjustment is not one of its var"),
        ("per-animal", ["recognition", "own", "common"], None, "is damaged .recognition.own.common"),
    ],
)
def test_a_file_that_cannot_serve_is_refused_in_one_sentence(tested, tmp_path, arm, path, value, sentence):
    facts = json.loads(saved(tested.content, arm))
    file = written(tmp_path / "tau.json", broken(facts, path, value))
    with pytest.raises(UserError, match=sentence) as error:
        read_threshold(file, tested.embedding)
    assert str(error.value).startswith(str(file)) and "\n" not in str(error.value)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 2}', "\x00", '{"version": [2', "[" * 100_000])
def test_other_files_are_no_thresholds(tested, tmp_path, content):
    path = tmp_path / "tau.json"
    path.write_text(content)
    with pytest.raises(UserError, match="is not a threshold of ours"):
        read_threshold(path, tested.embedding)
    with pytest.raises(UserError, match="there is no such file"):
        read_threshold(tmp_path / "none.json", tested.embedding)


def test_the_file_serves_in_another_study_of_the_same_vectors(tested, tmp_path):
    """With other observation ids and fewer rows: nothing of the study is looked up."""
    from herds import Herd

    rows = np.concatenate([tested.found.split.test, tested.found.split.gallery])
    queries, gallery = np.split(np.arange(len(rows)), [len(tested.found.split.test)])
    other = coming_back(Herd(tmp_path / "other"))
    other.observations = tested.herd.observations.iloc[rows].reset_index(drop=True)
    other.observations["observation_id"] = [f"x-{row}" for row in range(len(rows))]
    other.spec["variables"] = tested.herd.spec["variables"]
    study = other.open()
    note = EmbeddingNote(observations=study.ids_hash, encoder="net")
    write_embedding(study.path, "net", tested.embedding.vectors[rows], note)
    days = tested.found.fitting.rule.days[rows]
    rule = type(tested.found.fitting.rule)(study.animal.cat.codes.to_numpy().astype(np.int64), days)
    for arm in DECIDES:
        ours = decide(
            tested.read(arm),
            study.embedding("net").vectors,
            queries,
            gallery,
            rule,
            names=study.animal.cat.categories,
            background={name: study.values(name) for name in BY},
        )
        theirs = tested.arm(arm)
        of_test = np.isin(tested.found.split.queries, tested.found.split.test)
        accepted = (theirs.searches.score < theirs.tau)[of_test]
        assert np.array_equal(ours.accepted, accepted), arm
