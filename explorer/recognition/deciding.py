"""Whether searches have found their animal, by a threshold that was fitted before: exactly as it was tested."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.errors import UserError
from explorer.recognition.adaptive import caps, shrunk_taus
from explorer.recognition.background import Known, conditions_as
from explorer.recognition.groups import ALL, may_be
from explorer.recognition.learnt import less_own, nearest_centre, normalised
from explorer.recognition.mondrian import STRICTEST
from explorer.recognition.pairs import NotCompared
from explorer.recognition.search import Matches, search
from explorer.space.adjusting import Adjustment
from explorer.space.conditions import Condition

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class OwnTaus:
    """The threshold of each animal by its name, and that of all, which those of other animals are shrunk to."""

    common: float
    by_name: dict[str, float]


@dataclass(frozen=True, eq=False)
class Threshold:
    """A threshold that was fitted before, with all that its ``arm`` decides by.

    ``embedding``: its name; ``dims``: of its vectors. ``taus``: by the label of a search's group. ``known``: the
    background variables that the arm depends on, none for most. ``strata``: the codes of their categories in each
    stratum, -1 for unknown; ``centres`` float64 (k, d): of clusters; ``adjustment``: what is taken from vectors;
    ``cohort`` (m, d): what distances are normalised by; ``own``: each animal's own threshold; None for arms without.
    ``gallery``: how many animals were searched when it was fitted. ``promise``: the guarantee in words.
    """

    arm: str
    embedding: str
    dims: int
    taus: dict[str, float]
    known: tuple[Known, ...]
    strata: dict[str, Ints] | None
    centres: Floats | None
    adjustment: Adjustment | None
    cohort: npt.NDArray[np.floating] | None
    own: OwnTaus | None
    gallery: int
    promise: str
    verdict: str

    @property
    def variables(self) -> list[str]:
        """The background variables that have to be given."""
        return [one.variable for one in self.known]


@dataclass(frozen=True, eq=False)
class Decisions:
    """What q searches came to.

    ``score`` float64 (q,): of the best match, in the arm's own terms, less is nearer; inf without any. ``item`` int64
    (q,): its row, -1 without any. ``tau`` float64 (q,): the threshold of each; ``group`` text (q,): whose it is, the
    label of a stratum or cluster, ``ALL``, or ``STRICTEST`` where the stratum is not known. ``remarks``: sentences.
    """

    score: Floats
    item: Ints
    tau: Floats
    group: npt.NDArray[np.object_]
    remarks: tuple[str, ...]

    @property
    def accepted(self) -> npt.NDArray[np.bool_]:
        """Whether what was found is taken for the same animal, bool (q,)."""
        return self.score < self.tau


def decide(
    threshold: Threshold,
    vectors: npt.NDArray[np.floating],
    queries: Ints,
    gallery: Ints,
    rule: NotCompared,
    *,
    names: Sequence[str],
    background: Mapping[str, pd.Series] | None = None,
) -> Decisions:
    """Look up the rows ``queries`` (q,) of ``vectors`` (n, d) among the rows ``gallery`` (g,), and accept or do not.

    ``rule``: which observations are of one animal, and are not compared; a query of an unknown animal has a code that
    no row of the gallery has. ``names``: of the animals, by code. ``background``: the values (n,) of each of the
    threshold's ``variables``, missing where unknown. The vectors are those of the embedding that the threshold was
    fitted on, or of the same encoder.

    A search whose stratum is not known, since a value is missing, new, or never met beside the others, gets the
    strictest threshold of the strata that it may belong to. An animal of the gallery that has no threshold of its own
    gets one by the rule of ``adaptive`` from what the gallery holds of it; then no other's is more than half the
    distance to the nearest other animal either.

    Raises UserError for vectors of another width, for queries or gallery items without a vector, and without a
    variable that the threshold depends on.
    """
    rows = np.concatenate([queries, gallery])
    _refuse_other_vectors(threshold, vectors, rows)
    chosen = conditions_as(threshold.known, background or {}, len(vectors))
    if threshold.adjustment is not None:
        adjusted = np.zeros(vectors.shape)
        adjusted[rows] = threshold.adjustment.residuals(vectors, chosen, rows)
        vectors = adjusted
    if threshold.cohort is None:
        matches = search(vectors, queries, gallery, rule)
    else:
        cohort = len(vectors) + np.arange(len(threshold.cohort))
        matches = normalised(np.concatenate([vectors, threshold.cohort]), queries, gallery, rule, cohort)
    remarks = _of_gallery(threshold, rule, gallery)
    if threshold.own is not None:
        matches, more = _less_own(threshold.own, matches, vectors, gallery, rule, names)
        remarks += more
    if threshold.strata is not None:
        group, tau = _by_stratum(threshold.strata, threshold.taus, [one.values.codes[queries] for one in chosen])
    elif threshold.centres is not None:
        labels = np.array(list(threshold.taus), dtype=object)
        group = labels[nearest_centre(vectors[queries], threshold.centres)]
        tau = np.array([threshold.taus[label] for label in group])
    else:
        group, tau = np.full(len(queries), ALL, dtype=object), np.full(len(queries), threshold.taus[ALL])
    if chosen:
        remarks += _of_background(threshold, chosen, background or {}, queries, group)
    return Decisions(matches.score, matches.item, tau, group, tuple(remarks))


def _refuse_other_vectors(threshold: Threshold, vectors: npt.NDArray[np.floating], rows: Ints) -> None:
    if vectors.ndim != 2 or vectors.shape[1] != threshold.dims:
        raise UserError(
            f"the vectors have {vectors.shape[-1]:,} numbers each, those of the threshold's embedding "
            f"{threshold.embedding!r} have {threshold.dims:,}",
            how="Use vectors of the encoder that made that embedding",
        )
    without = int((~np.isfinite(vectors[rows]).all(axis=1)).sum())
    if without:
        raise UserError(
            f"{without:,} of the {len(rows):,} observations that are to be compared have no vector",
            how="Leave them out, or embed them first",
        )


def _of_gallery(threshold: Threshold, rule: NotCompared, gallery: Ints) -> list[str]:
    animals = len(np.unique(rule.animals[gallery]))
    if animals <= threshold.gallery:
        return []
    return [
        f"The gallery has {animals:,} animals, the one that the threshold was fitted with had {threshold.gallery:,}: "
        "the more animals, the more often one of them is near by chance, so more unknown ones may be accepted than "
        "promised."
    ]


def _less_own(
    own: OwnTaus,
    matches: Matches,
    vectors: npt.NDArray[np.floating],
    gallery: Ints,
    rule: NotCompared,
    names: Sequence[str],
) -> tuple[Matches, list[str]]:
    codes = np.unique(rule.animals[gallery])
    size = int(codes.max(initial=-1)) + 1
    taus = np.full(size, np.nan)
    taus[codes] = [own.by_name.get(names[code], np.nan) for code in codes.tolist()]
    later = codes[np.isnan(taus[codes])]
    if not len(later):
        return less_own(matches, taus, rule), []
    taus[later] = shrunk_taus(vectors, gallery, rule, own.common, size)[later]
    taus = np.minimum(taus, caps(vectors, gallery, rule, size))
    said = "1 animal of the gallery was" if len(later) == 1 else f"{len(later):,} animals of the gallery were"
    return less_own(matches, taus, rule), [
        f"{said} not in it when the threshold was fitted: their own thresholds are made from what is there now."
    ]


def _by_stratum(
    strata: dict[str, Ints], taus: dict[str, float], codes: Sequence[Ints]
) -> tuple[npt.NDArray[np.object_], Floats]:
    """The label and the threshold of each search of the ``codes`` (q,) of each variable."""
    labels, table = list(strata), np.stack(list(strata.values()))
    whole = table[(table >= 0).all(axis=1)]
    of_whole = np.array([taus[label] for label, one in strata.items() if (one >= 0).all()])
    met = {tuple(one.tolist()): label for label, one in strata.items()}
    found, place = np.unique(np.stack(codes, axis=1), axis=0, return_inverse=True)
    group, tau = np.empty(len(found), dtype=object), np.empty(len(found))
    for at, one in enumerate(found):
        label = met.get(tuple(one.tolist()))
        if label is not None:
            group[at], tau[at] = label, taus[label]
            continue
        group[at] = STRICTEST
        tau[at] = of_whole[may_be(whole, one)].min() if len(whole) else min(taus[label] for label in labels)
    return group[place], tau[place]


def _of_background(
    threshold: Threshold,
    chosen: Sequence[Condition],
    background: Mapping[str, pd.Series],
    queries: Ints,
    group: npt.NDArray[np.object_],
) -> list[str]:
    """Of which searches the background is not known, in sentences."""
    then = "what it adds to their vectors stays in them"
    if threshold.strata is not None:
        then = "they get the strictest threshold of the strata that they may belong to"
    out = []
    for one in chosen:
        given = background[one.name].iloc[queries]
        missing = given.isna().to_numpy()
        new = ~missing & ~one.known[queries]
        if missing.any():
            out.append(f"{_searches(missing)} not say {one.name!r}: {then}.")
        if new.any():
            value = given[new].iloc[0]
            out.append(
                f"{_searches(new)} not have a {one.name!r} that the threshold knows (such as {value!r}): {then}."
            )
    apart = (group == STRICTEST) & np.all([one.known[queries] for one in chosen], axis=0)
    if apart.any():
        out.append(
            f"{_searches(apart)} not have values that were met together when the threshold was fitted: they get the "
            "strictest threshold of all strata."
        )
    return out


def _searches(which: npt.NDArray[np.bool_]) -> str:
    n = int(which.sum())
    return "1 search does" if n == 1 else f"{n:,} searches do"
