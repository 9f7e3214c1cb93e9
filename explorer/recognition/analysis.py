"""Which distance means the same animal: thresholds fitted in every way at hand, tested on other animals later on."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from explorer.engine import Report, parts_of
from explorer.errors import UserError
from explorer.learning.learnt_from import learnt_from as learnt_from_by
from explorer.learning.run_folders import DESCRIPTION
from explorer.places import made_of, shipped_encoders
from explorer.recognition.arms import STRATUM, Arm, Fitting, fit_arms
from explorer.recognition.comparing import Delta, compare
from explorer.recognition.groups import of_strata
from explorer.recognition.open_set import Rates, rates
from explorer.recognition.pairs import NotCompared
from explorer.recognition.promise import CONFIDENCE, Promise, default_fpir, settle
from explorer.recognition.protocol import Split, refuse_without_return, split_for_threshold
from explorer.recognition.search import search
from explorer.recognition.verdict import verdict
from explorer.space.adjusting import fit_adjustment
from explorer.space.bootstrap import Interval
from explorer.space.conditions import Condition, conditions, in_words, nested_strata
from explorer.study.embeddings import FEATURES, Embedding
from explorer.study.strata import Strata
from explorer.study.study import Study

Ints = npt.NDArray[np.int64]

_MOST_NAMED = 12

WORST_OF = 5
"""Animals that a stratum of the test needs to be named the worst."""


@dataclass(frozen=True, eq=False)
class Tested:
    """An arm on the test: its ``rates`` at its own thresholds, and in which stratum it accepts most unknown animals.

    ``worst_stratum`` and ``worst_fpir`` are None where no stratum has ``WORST_OF`` unknown animals.
    """

    arm: Arm
    rates: Rates
    worst_stratum: str | None
    worst_fpir: Interval | None


@dataclass(frozen=True, eq=False)
class Analysis:
    """All arms on the test, their differences to the global one, and what it comes to.

    ``strata``: of the n observations; ``used`` bool (n,): those that count. ``of_test`` bool (q,): which of the arms'
    searches are of the test. ``at``: each arm's TAR where all accept the promised share of unknown animals.
    ``remarks``: sentences on what was left out or given up. ``left_out``: animals that the encoder has learnt from.
    ``dated``: days are since 1970. ``names``: of the animals, by their codes.
    """

    chosen: list[Condition]
    strata: Strata
    used: npt.NDArray[np.bool_]
    fitting: Fitting
    tested: list[Tested]
    of_test: npt.NDArray[np.bool_]
    at: dict[str, Interval]
    deltas: dict[str, Delta]
    verdict: str
    remarks: tuple[str, ...]
    names: tuple[str, ...]
    left_out: int = 0
    dated: bool = True

    @property
    def split(self) -> Split:
        """Who and when."""
        return self.fitting.split

    @property
    def promise(self) -> Promise:
        """What the thresholds keep."""
        return self.fitting.promise


def analyse(
    study: Study,
    embedding: Embedding,
    by: Sequence[str],
    *,
    fpir: float | None = None,
    confidence: float = CONFIDENCE,
    seed: int = 0,
    apart: float = 0.0,
    not_within: Sequence[str] = (),
    learnt_from: Collection[str] | None = None,
    report: Report | None = None,
) -> Analysis:
    """Fit and test thresholds on ``embedding`` of ``study``, conditioned on the variables ``by``.

    ``fpir`` None: the default that follows from the number of animals. ``apart`` and ``not_within``: observations of
    one animal less than so many days from each other, or with the same value in one of these columns of the table, are
    never compared. ``learnt_from``: animals to leave out; None: none are. Then, and where the embedding does not say
    which encoder made it, what is known of that is said. Distances are Euclidean, between the vectors as they are.

    Raises UserError for a study whose animals do not return under another background, and for too few animals.
    """
    chosen = conditions(study, by)
    days = refuse_without_return(study, chosen)
    assert study.animal is not None and study.time is not None
    animals = study.animal.cat.codes.to_numpy().astype(np.int64)
    used = embedding.complete & (animals >= 0) & ~np.isnan(days)
    left_out = np.isin(study.animal.cat.categories.to_numpy(dtype=object).astype(str), sorted(learnt_from or ()))
    remarks = []
    if embedding.name != FEATURES and (learnt_from is None or embedding.note.encoder_hash is None):
        remarks.append(about_encoder(study, embedding))
    if not used.all():
        remarks.append(f"{int((~used).sum()):,} observations without a vector, an animal or a date left out")
    if left_out.any():
        remarks.append(f"{int(left_out.sum()):,} animals that the encoder has learnt from left out")
        used &= ~left_out[animals]
    found = analyse_vectors(
        embedding.vectors,
        NotCompared(animals, days, apart, tuple(_ids(study, column) for column in not_within)),
        chosen,
        used=used,
        fpir=fpir,
        confidence=confidence,
        seed=seed,
        report=report,
    )
    return replace(
        found,
        remarks=(*remarks, *found.remarks),
        left_out=int(left_out.sum()),
        dated=study.time.dtype.kind == "M",
        names=tuple(study.animal.cat.categories.astype(str)),
    )


def analyse_vectors(
    vectors: npt.NDArray[np.floating],
    rule: NotCompared,
    chosen: list[Condition],
    *,
    used: npt.NDArray[np.bool_],
    fpir: float | None = None,
    confidence: float = CONFIDENCE,
    seed: int = 0,
    report: Report | None = None,
) -> Analysis:
    """The same for ``vectors`` (n, d) of the animals and dates of ``rule``; ``used`` bool (n,): which rows count."""
    nested = nested_strata(chosen, len(vectors))
    split_part, arms_part, compare_part = parts_of(report, [2, 6, 2])
    if split_part:
        split_part(0.0, "setting the gallery before its queries")
    split = split_for_threshold(rule, used, nested[0].codes, seed=seed)
    remarks = []
    has_own = search(vectors, split.known, split.gallery, rule).has_own
    if not has_own.all():
        split = replace(split, known=split.known[has_own])
        remarks.append(
            f"{int((~has_own).sum()):,} searches for known animals left out: the gallery has nothing of theirs that "
            "they may be compared with"
        )
        if not len(split.known):
            raise UserError(
                "no known animal may be compared with itself: each of its earlier observations shares a value with "
                f"each later one that none compared may share{', or is too close in time' if rule.apart else ''}",
                how="Take a column out of --not-within" + (" or allow fewer days for --apart" if rule.apart else ""),
            )

    promise = settle(fpir, confidence, _default(split, nested[0].codes, confidence), split.count(split.calibration))
    learnt = np.zeros(len(vectors), dtype=bool)
    learnt[split.adjustment] = True
    adjustment = fit_adjustment(vectors, chosen, learnt, rule.animals)
    adjusted = np.zeros(vectors.shape)
    rows = np.concatenate([split.queries, split.gallery])
    adjusted[rows] = adjustment.residuals(vectors, chosen, rows)
    fitting = Fitting(split, rule, vectors, adjusted, adjustment, of_strata(nested), promise, seed)
    arms = fit_arms(fitting, arms_part or (lambda _fraction, _note: None))
    if compare_part:
        compare_part(0.0, "comparing at equal false accepts")
    of_test = np.arange(len(split.queries)) >= len(split.calibration)
    compared = compare(arms, promise.fpir, tested=of_test, seed=seed)
    tested = [_test(arm, of_test, nested[0], split) for arm in arms]
    told = verdict(compared.deltas, in_words(chosen), promise.fpir, split.count(split.known), split.count(split.test))
    if report:
        report(1.0, "done")
    remarks += [*promise.remarks, *_fallbacks(arms)]
    return Analysis(
        chosen,
        nested[0],
        used,
        fitting,
        tested,
        of_test,
        compared.at,
        compared.deltas,
        told,
        tuple(remarks),
        names=tuple(str(code) for code in range(int(rule.animals.max()) + 1)),
    )


def about_encoder(study: Study, embedding: Embedding) -> str:
    """Which animals of ``study`` the encoder of ``embedding`` has learnt from, as far as it is found at hand."""
    folders = [path.parent for path in made_of(study.path, "encoders").glob(f"*/{DESCRIPTION}")]
    found = learnt_from_by(study, embedding, [*shipped_encoders().values(), *folders])
    if found.unseen is None:
        return f"{found.sentence[:-1]}: if any of these, its figures flatter"
    new = set(found.unseen)
    assert study.animal is not None
    seen = [name for name in study.animal.cat.categories.astype(str) if name not in new]
    if not seen:
        return found.sentence[:-1]
    named = ", ".join(seen[:_MOST_NAMED]) + (f" and {len(seen) - _MOST_NAMED:,} more" if seen[_MOST_NAMED:] else "")
    return f"{found.sentence[:-1]} ({named}), so its figures flatter: --model leaves them out"


def _ids(study: Study, column: str) -> Ints:
    if column not in study.table.columns:
        raise UserError(
            f"there is no column {column!r} in {study.table.path.name}",
            how=f"Its columns are: {', '.join(study.table.columns[:12])}",
        )
    return np.asarray(study.table.series(column).astype("category").cat.codes).astype(np.int64)


def _default(split: Split, strata: Ints, confidence: float) -> float:
    """The default promise, by how many calibration animals each stratum of the test has."""
    size = int(strata.max()) + 1
    pairs = np.unique(np.stack([strata[split.calibration], split.animals[split.calibration]], axis=1), axis=0)
    tested = np.concatenate([split.known, split.test])
    searches = np.bincount(strata[tested], minlength=size)
    return default_fpir(np.bincount(pairs[:, 0], minlength=size).tolist(), searches.tolist(), confidence)


def _test(arm: Arm, of_test: npt.NDArray[np.bool_], strata: Strata, split: Split) -> Tested:
    searches, tau = arm.searches.of(of_test), arm.tau[of_test]
    codes = strata.codes[split.queries][of_test]
    worst: tuple[str, Interval] | None = None
    for code in np.unique(codes[~searches.known]).tolist():
        inside = (codes == code) & ~searches.known
        found = rates(searches.of(inside), tau[inside])
        if found.unknown >= WORST_OF and (worst is None or found.fpir.value > worst[1].value):
            worst = str(strata.table["label"].iloc[code]), found.fpir
    return Tested(arm, rates(searches, tau), worst[0] if worst else None, worst[1] if worst else None)


def _fallbacks(arms: Sequence[Arm]) -> list[str]:
    """What strata without a threshold of their own take in its place, in one sentence."""
    taus = next(arm.taus for arm in arms if arm.name == STRATUM)
    without = [place for place, source in enumerate(taus.taken_from) if source is not None]
    if not without:
        return []
    told = [
        f"{taus.labels[place]} takes {taus.taken_from[place]!r}"
        + (f" ({taus.missing[place]} animals too few)" if taus.missing[place] else "")
        for place in without[:6]
    ]
    more = f" and {len(without) - 6} more" if len(without) > 6 else ""
    return [f"{len(without)} of {len(taus.labels)} strata have no threshold of their own: {'; '.join(told)}{more}"]
