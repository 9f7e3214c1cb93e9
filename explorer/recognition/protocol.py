"""Which animals and which times a threshold is fitted with, and which it is tested on.

Disjoint animals: those of the gallery, those that adjustments are fitted on, those unknown animals that the threshold
is calibrated with, and those that it is tested on; animals that the encoder has learnt from are left out. The gallery
is what was seen before t0, calibration from t0 to t1, the test after t1.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.errors import UserError
from explorer.learning.days import dates_of
from explorer.recognition.pairs import NotCompared
from explorer.space.conditions import Condition, conditions, in_words
from explorer.study.study import Study

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

KNOWN_SHARE = 0.25
"""Of all animals, at most this share is in the gallery; the others are dealt to the three other parts."""

_STARTS = np.linspace(0.1, 0.5, 9)
_ENDS = np.linspace(0.4, 0.8, 9)
_ENOUGH = 22 * 4
"""Animals in a stratum of the calibration time, for a quarter of them to promise 10 % with 90 % confidence."""


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of the study, int64, by the part they play; no animal plays two.

    ``gallery``: of known animals, before t0. ``known``: of the same animals, from t1 on. ``calibration``: of unknown
    animals, from t0 to t1. ``test``: of other unknown animals, from t1 on. ``adjustment``: of yet others, before t1.
    ``t0``, ``t1``: days as ``dates_of`` gives them. ``animals`` int64 (n,) codes, -1 for unknown.
    """

    gallery: Ints
    known: Ints
    calibration: Ints
    test: Ints
    adjustment: Ints
    t0: float
    t1: float
    animals: Ints

    @property
    def queries(self) -> Ints:
        """All rows that are looked up: calibration, then known and unknown of the test."""
        return np.concatenate([self.calibration, self.known, self.test])

    @property
    def parts(self) -> dict[str, Ints]:
        """The rows of each part by its name."""
        return {name: getattr(self, name) for name in ("gallery", "known", "calibration", "test", "adjustment")}

    def count(self, rows: Ints) -> int:
        """How many animals ``rows`` are of."""
        return len(np.unique(self.animals[rows]))


def refuse_without_return(study: Study, chosen: Sequence[Condition]) -> Floats:
    """The dates of the observations, float64 (n,), of a study whose animals return under another background.

    Raises UserError, naming what is missing, for one whose animals do not.
    """
    if study.animal is None:
        raise UserError(
            f"{study.name} does not say which animal is which, so no threshold can be fitted",
            how="Name the column under [columns] as animal = ... in study.toml",
        )
    days = dates_of(study)
    codes = study.animal.cat.codes.to_numpy().astype(np.int64)
    count = len(study.animal.cat.categories)
    if study.time is not None and not _varies(codes, days, ~np.isnan(days)).any():
        raise UserError(
            f"none of the {count:,} animals of {study.name} is seen again on another date, so how far an animal moves "
            "from itself cannot be told",
            how="Use a study whose animals return",
        )
    if not any(_varies(codes, np.asarray(one.values.codes), one.known).any() for one in chosen):
        raise UserError(
            f"none of the {count:,} animals of {study.name} is seen again under another background: {in_words(chosen)} "
            f"{'never changes' if len(chosen) == 1 else 'never change'} within an animal",
            how="Name a variable that changes, such as the season, or use another study",
        )
    if study.time is None:
        raise UserError(
            f"{study.name} does not say when its observations were made, so a gallery cannot be set before its queries",
            how="Name the column under [columns] as time = ... in study.toml",
        )
    return days


def changing(study: Study) -> list[str]:
    """The background variables of ``study`` that change within an animal: those worth conditioning on.

    Those that cannot be read are left out. Raises UserError when there is none, saying what is missing.
    """
    chosen = []
    for name in study.variables:
        if name not in study.tasks:
            with suppress(UserError):
                chosen += conditions(study, [name])
    if not chosen:
        raise UserError(
            f"{study.name} has no background variable to condition on",
            how="Name one under [variables] in study.toml, such as the season",
        )
    refuse_without_return(study, chosen)
    assert study.animal is not None
    codes = study.animal.cat.codes.to_numpy().astype(np.int64)
    return [one.name for one in chosen if _varies(codes, np.asarray(one.values.codes), one.known).any()]


def _varies(codes: Ints, values: npt.NDArray[np.floating] | npt.NDArray[np.integer], fine: Bools) -> Bools:
    """Which animals have two different values, bool (animals,)."""
    fine = fine & (codes >= 0)
    size = int(codes.max(initial=-1)) + 1
    low, high = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(low, codes[fine], values[fine])
    np.maximum.at(high, codes[fine], values[fine])
    return high > low


def split_for_threshold(rule: NotCompared, used: Bools, strata: Ints, *, seed: int) -> Split:
    """Deal animals and choose t0 and t1, before any distance is looked at.

    ``used`` bool (n,): observations with a vector, an animal and a date. ``strata`` int64 (n,): t0 and t1 are such that
    most searches of the test lie in strata that enough animals were seen in from t0 to t1, and enough animals, known
    and others, are seen after t1. An animal plays a part only if it was seen in its time. Raises UserError when nothing
    can be found again.
    """
    present = np.unique(rule.animals[used])
    if len(present) < 8:
        raise UserError(
            f"{len(present)} {'animal is' if len(present) == 1 else 'animals are'} too few to fit a threshold on some "
            "and test it on others",
            how="Use a study with at least 8 animals, better 100",
        )
    wanted = max(2, round(KNOWN_SHARE * len(present)))
    t0, t1 = _times(rule, used, strata, wanted)
    before, after = used & (rule.days < t0), used & (rule.days >= t1)
    able = _come_back(rule, before, after)
    if len(able) < 2:
        raise UserError(
            "too few animals are seen both in the first and in the last part of the study, so none can be found again",
            how="Use a study whose animals are seen for longer",
        )
    rng = np.random.default_rng(seed)
    known = rng.permutation(able)[:wanted]
    between = used & (rule.days >= t0) & (rule.days < t1)
    rest = rng.permutation(np.setdiff1d(present, known))
    parts = _deal(rest, [np.unique(rule.animals[time]) for time in (between, after, used & (rule.days < t1))])
    is_in = [np.isin(rule.animals, part) & used for part in (known, *parts)]
    split = Split(
        gallery=np.flatnonzero(is_in[0] & before),
        known=np.flatnonzero(is_in[0] & after),
        calibration=np.flatnonzero(is_in[1] & between),
        test=np.flatnonzero(is_in[2] & after),
        adjustment=np.flatnonzero(is_in[3] & (rule.days < t1)),
        t0=t0,
        t1=t1,
        animals=rule.animals,
    )
    if min(len(split.calibration), len(split.test)) == 0 or split.count(split.adjustment) < 2:
        raise UserError(
            f"the {len(present)} animals are too few to have some in every part of the study",
            how="Use a study with more animals that are seen for longer",
        )
    return split


def _deal(animals: Ints, able: Sequence[Ints]) -> list[Ints]:
    """Each of ``animals``, in turn, to the smallest part in whose time it was seen; ``able``: who was, by part."""
    parts: list[list[int]] = [[] for _ in able]
    may = [set(one.tolist()) for one in able]
    for animal in animals.tolist():
        open_to = [place for place, names in enumerate(may) if animal in names]
        if open_to:
            parts[min(open_to, key=lambda place: len(parts[place]))].append(animal)
    return [np.array(part, dtype=np.int64) for part in parts]


def _come_back(rule: NotCompared, before: Bools, after: Bools) -> Ints:
    """Animals with a query after and a gallery item before that it may be compared with, at least by their dates."""
    size = int(rule.animals.max()) + 1
    first, last = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(first, rule.animals[before], rule.days[before])
    np.maximum.at(last, rule.animals[after], rule.days[after])
    return np.flatnonzero((last > first) & (last - first >= rule.apart))


def _times(rule: NotCompared, seen: Bools, strata: Ints, wanted: int) -> tuple[float, float]:
    days, size = rule.days[seen], int(rule.animals.max()) + 1
    best, chosen = -np.inf, (0.0, 0.0)
    for low in _STARTS:
        for high in _ENDS[_ENDS - low > 0.05]:
            t0, t1 = (float(np.ceil(day)) for day in np.quantile(days, [low, high]))
            before, after = seen & (rule.days < t0), seen & (rule.days >= t1)
            between = seen & ~before & ~after
            if not (before.any() and after.any() and between.any()):
                continue
            pairs = np.unique(strata[between] * size + rule.animals[between])
            met = np.bincount(pairs // size, minlength=int(strata.max()) + 1)
            covered = float(np.minimum(1.0, met / _ENOUGH)[strata[after]].mean())
            back = len(_come_back(rule, before, after))
            late = len(np.unique(rule.animals[after])) - min(back, wanted)
            full = min(1.0, back / wanted) * min(1.0, late / wanted)
            # Of equal ones, that nearest to thirds.
            score = covered * full + 0.01 * full - 1e-4 * (abs(low - 1 / 3) + abs(high - 2 / 3))
            if score > best:
                best, chosen = score, (t0, t1)
    if best == -np.inf:
        raise UserError(
            "the study is too short to set a gallery before its queries", how="Use a study of several dates"
        )
    return chosen
