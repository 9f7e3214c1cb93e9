"""The whole comparison on animals whose truth is known: no leak, no gain from nothing, a gain where there is one."""

import re

import numpy as np
import pytest
from returning import Returning
from scipy.stats import binom

from explorer.errors import UserError
from explorer.recognition.arms import CLUSTERS, CONDITIONED, GLOBAL, SHUFFLED
from explorer.recognition.comparing import compare
from explorer.recognition.one_per_animal import weights
from explorer.space.bootstrap import AnimalBootstrap

ARMS = ["global", "stratum", "clusters", "s-norm", "residualised", "residualised + stratum", "per-animal"]


@pytest.fixture(scope="module")
def made():
    return Returning(0, effect=1.0)


@pytest.fixture(scope="module")
def found(made):
    return made.analysed(fpir=0.1)


def test_no_animal_plays_two_parts_and_the_gallery_comes_first(made, found):
    split = found.split
    known = set(made.animals[split.gallery])
    assert set(made.animals[split.known]) <= known
    parts = [known, *(set(made.animals[rows]) for rows in (split.calibration, split.test, split.adjustment))]
    assert len(set().union(*parts)) == sum(len(part) for part in parts)
    assert made.days[split.gallery].max() < split.t0 <= made.days[split.calibration].min()
    assert made.days[split.calibration].max() < split.t1 <= made.days[split.known].min()
    assert made.days[split.test].min() >= split.t1 > made.days[split.adjustment].max()


def test_all_arms_are_there_with_the_same_animals(found):
    assert [one.arm.name for one in found.tested] == [*ARMS, SHUFFLED]
    assert {one.arm.animals for one in found.tested} == {found.split.count(found.split.calibration)}
    assert set(found.deltas) == {*ARMS[1:], SHUFFLED}


def leaking(made, found, rows):
    """Arms whose scores of the test change when the vectors of ``rows`` are others."""
    vectors = made.vectors.copy()
    vectors[rows] = 3 * np.random.default_rng(1).normal(size=vectors[rows].shape)
    again = made.analysed(vectors, fpir=0.1)
    out = []
    for before, after in zip(found.tested, again.tested, strict=True):
        at = found.of_test
        same = np.array_equal(before.arm.searches.score[at], after.arm.searches.score[at])
        out += [] if same else [before.arm.name]
    changed = [b.arm.name for b, a in zip(found.tested, again.tested, strict=True) if (b.arm.tau != a.arm.tau).any()]
    return out, changed, again


def test_calibration_animals_decide_thresholds_and_nothing_else(made, found):
    """Both known leaks: residuals fitted on the calibration fold, and its queries as the cohort of s-norm."""
    scores, taus, again = leaking(made, found, found.split.calibration)
    assert scores == []
    assert taus == [*ARMS, SHUFFLED]
    assert np.array_equal(found.fitting.adjustment.slopes, again.fitting.adjustment.slopes)
    centres = [
        next(one.arm.learnt.centres for one in each.tested if one.arm.name == CLUSTERS) for each in (found, again)
    ]
    assert np.array_equal(*centres)


def test_adjustment_animals_decide_what_is_adjusted(made, found):
    """Else the test of the leaks could not fail."""
    scores, _, _ = leaking(made, found, found.split.adjustment)
    assert scores[:3] == ["s-norm", "residualised", "residualised + stratum"]


def test_unknown_animals_of_the_test_decide_nothing(made, found):
    vectors = made.vectors.copy()
    vectors[found.split.test] += 1
    again = made.analysed(vectors, fpir=0.1)
    for before, after in zip(found.tested, again.tested, strict=True):
        assert before.arm.taus.by_label() == after.arm.taus.by_label()


def test_differences_are_those_at_the_same_false_accepts(found):
    """Against a plain search of all thresholds, and a bootstrap written out."""
    arms = [one.arm for one in found.tested]
    for arm in arms[1:]:
        at = {}
        for one in (arm, arms[0]):
            slack, searches = one.slack[found.of_test], one.searches.of(found.of_test)
            unknown = ~searches.known
            best = 0.0
            for cut in np.append(slack[unknown], np.inf):
                if (
                    weights(searches.animals[unknown]) @ (slack[unknown] < cut)
                    <= 0.1 * found.split.count(found.split.test) + 1e-9
                ):
                    hit = (slack < cut) & searches.right
                    own = AnimalBootstrap(searches.animals[searches.known], 0, 2)
                    share = [hit[searches.animals == a].mean() for a in np.unique(searches.animals[searches.known])]
                    best = max(best, float(np.mean(share)))
                    assert own.animals == len(share)
            at[one.name] = best
        delta = found.deltas[arm.name]
        assert delta.at == pytest.approx(at[arm.name])
        assert delta.tar == pytest.approx(at[arm.name] - at[GLOBAL])
        assert delta.low <= delta.tar + 1e-9 and delta.tar - 1e-9 <= delta.high


def test_a_shift_of_all_thresholds_changes_no_difference(found):
    from dataclasses import replace

    arms = [replace(one.arm, tau=one.arm.tau - 0.3 * place) for place, one in enumerate(found.tested)]
    again = compare(arms, 0.1, tested=found.of_test, seed=0).deltas
    for name, delta in found.deltas.items():
        assert (again[name].tar, again[name].low) == pytest.approx((delta.tar, delta.low), abs=1e-9)


def test_a_strong_effect_of_the_background_is_worth_conditioning_on():
    found = Returning(1, effect=1.5, animals=320, noise=0.2).analysed(fpir=0.1)
    assert found.deltas["residualised"].helps
    assert found.deltas["residualised"].tar > 0.1
    assert not found.deltas[SHUFFLED].helps
    assert found.verdict.startswith("Conditioning on light helps")
    assert "'residualised" in found.verdict


def gains_from_nothing(runs):
    """In how many runs some arm beats the global one beyond its interval although the background does nothing."""
    gained = 0
    for run in range(runs):
        found = Returning(100 + run, animals=80, noise=0.25).analysed(fpir=0.1, confidence=0.0)
        gained += any(delta.low > 0 for delta in found.deltas.values())
        if not any(delta.helps for name, delta in found.deltas.items() if name in CONDITIONED):
            assert found.verdict.startswith("Conditioning does not help here")
    return gained


def test_without_an_effect_no_arm_gains():
    assert gains_from_nothing(12) <= binom.ppf(0.99, 12, 0.05)


@pytest.mark.slow
def test_without_an_effect_no_arm_gains_in_a_hundred_runs():
    assert gains_from_nothing(100) <= 5


def test_a_promise_too_strict_is_told_and_given_up(made):
    found = made.analysed(fpir=0.01)
    assert found.promise.fpir == 0.1
    assert any(
        "30 animals to calibrate with are too few to promise 1% with 90% confidence: 200 more" in one
        for one in found.remarks
    )
    assert made.analysed().promise.fpir == 0.1


def test_too_few_animals_for_anything_are_refused():
    with pytest.raises(UserError, match="too few"):
        Returning(0, animals=6).analysed()
    few = Returning(0, animals=20)
    with pytest.raises(
        UserError, match=r"^5 animals, about a quarter .* average needs 9\. .* about 36 animals"
    ) as error:
        few.analysed()
    share, confidence = re.search(r"--fpir ([0-9.]+) --confidence (0)", str(error.value)).groups()
    kept = few.analysed(fpir=float(share), confidence=float(confidence)).promise
    assert kept.fpir == float(share) and not kept.remarks, "what it proposes does"
    assert Returning(0, animals=36).analysed(confidence=0.0).promise.fpir == 0.1


def test_of_a_handful_of_animals_nothing_is_concluded():
    found = Returning(0, animals=20, noise=0.02).analysed(fpir=0.3, confidence=0.0)
    assert [found.split.count(rows) for rows in (found.split.known, found.split.test)] == [5, 5]
    start = found.at[GLOBAL].value
    for delta in found.deltas.values():
        assert (delta.low, delta.high, delta.helps) == (-start, 1 - start, False), "all that is possible"
    assert found.verdict.startswith("5 known and 5 unknown animals in the test are too few to tell whether")


def test_the_same_seed_gives_the_same_and_another_other_animals(made, found):
    again = made.analysed(fpir=0.1)
    assert again.verdict == found.verdict
    assert again.deltas == found.deltas
    assert set(made.animals[made.analysed(fpir=0.1, seed=1).split.gallery]) != set(made.animals[found.split.gallery])
