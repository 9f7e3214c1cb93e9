"""How often an embedding finds the same animal again, beside embeddings that have learnt nothing."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.errors import UserError
from explorer.learning.baselines import Vectors
from explorer.learning.days import dates_of
from explorer.learning.model_files import Model
from explorer.learning.retrieval import Retrieved, retrieve
from explorer.learning.trained_on import unseen
from explorer.space.bootstrap import AnimalBootstrap
from explorer.study.study import Study


@dataclass(frozen=True)
class Figure:
    """A share with its 95 % interval, by bootstrap over animals."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.1%} ({self.low:.1%} to {self.high:.1%})"


@dataclass(frozen=True)
class Score:
    """One embedding's figures. ``recall`` is recall@1, ``precision`` mAP@R.

    ``lead`` and ``precision_lead`` are these less those of the baseline, query by query; None for the baseline.
    """

    recall: Figure
    precision: Figure
    lead: Figure | None
    precision_lead: Figure | None
    found: Retrieved


@dataclass(frozen=True)
class Evaluation:
    """What ``evaluate`` found. Print it, or take ``markdown()``, for a table with its protocol.

    ``scores`` by method. ``across_dates`` says which protocol was possible. ``observations`` and ``animals`` are
    those looked up, ``queries`` those with anything to find.
    """

    study: str
    protocol: str
    across_dates: bool
    scores: dict[str, Score]
    encoder: str | None
    baseline: str | None
    observations: int
    animals: int
    queries: int
    remarks: tuple[str, ...]

    @property
    def warning(self) -> str | None:
        """A sentence when the encoder does no better than the baseline; None when it does, or is not compared.

        Better: a recall@1 that is higher beyond chance, or one that is not lower with a higher mAP@R.
        """
        if self.encoder is None or self.baseline is None:
            return None
        lead, order = self.scores[self.encoder].lead, self.scores[self.encoder].precision_lead
        assert lead is not None and order is not None
        plain = "plain pixels" if self.baseline.startswith("pixels") else self.baseline
        what = "pictures" if self.baseline.startswith("pixels") else "observations"
        if lead.high < 0:
            return f"On these {what} the encoder finds the same animal less often than {plain}: do not use it here."
        if lead.low <= 0 and order.low <= 0:
            return (
                f"On these {what} the encoder does not reliably find the same animal more often than {plain} "
                f"(recall@1 {lead.value:+.1%}, 95 % interval {lead.low:+.1%} to {lead.high:+.1%}): "
                "there is no reason to use it here."
            )
        return None

    def table(self) -> pd.DataFrame:
        """One row per method: recall_at_1, map_at_r and their leads, each with _low and _high; queries and animals."""
        rows = []
        for method, score in self.scores.items():
            row: dict[str, object] = {"method": method}
            figures = {
                "recall_at_1": score.recall,
                "map_at_r": score.precision,
                "recall_at_1_lead": score.lead,
                "map_at_r_lead": score.precision_lead,
            }
            for name, figure in figures.items():
                row[name] = figure.value if figure else np.nan
                row[f"{name}_low"] = figure.low if figure else np.nan
                row[f"{name}_high"] = figure.high if figure else np.nan
            rows.append(row | {"queries": self.queries, "animals": self.animals})
        return pd.DataFrame(rows)

    def markdown(self) -> str:
        """The table with its protocol, sample sizes, remarks and warning."""
        lines = [
            f"{self.protocol} {self.queries:,} queries of {self.animals:,} animals among {self.observations:,} "
            "observations; 95 % intervals by bootstrap over animals.",
            "",
            "| embedding | recall@1 | mAP@R |",
            "|---|---|---|",
            *(f"| {method} | {score.recall} | {score.precision} |" for method, score in self.scores.items()),
        ]
        notes = [*self.remarks, *([self.warning] if self.warning else [])]
        return "\n".join([*lines, *([""] if notes else []), *(f"{note.rstrip('.')}." for note in notes)])

    def __str__(self) -> str:
        return f"{self.study}\n{self.markdown()}"


def evaluate(
    study: Study,
    embeddings: Mapping[str, Vectors],
    *,
    animals: Collection[str] | None = None,
    encoder: str | None = None,
    baseline: str | None = None,
    apart: float = 0.0,
    places: pd.Series | None = None,
    queries: npt.NDArray[np.bool_] | None = None,
    gallery: npt.NDArray[np.bool_] | None = None,
    seed: int = 0,
) -> Evaluation:
    """Recall@1 and mAP@R of several embeddings, (n, d) each, on the same observations of ``animals`` (all by default).

    Every observation is looked up among all others of these animals, less those of the same animal on the same date
    (``dates_of``), or less than ``apart`` days away, or with the same value of ``places`` (one per observation).
    When no animal was seen on two dates that is impossible, and an observation is looked up among all others: the
    protocol is then called "within the same date", and says little about knowing an animal again. ``queries``
    (bool, (n,)) counts only these as queries; all stay in the gallery. ``gallery`` (bool, (n,)): only these are found.

    Observations that lack a vector in any embedding, an animal, or (across dates) a time are left out of all and
    counted. Figures are means over queries; intervals resample animals. ``encoder`` is compared with ``baseline``
    (by default the first other method) in pairs. Raises UserError when there is nothing to compare.
    """
    if study.animal is None:
        raise UserError(f"{study.name} does not say which animal is which, so nothing can be found again")
    codes = study.animal.cat.codes.to_numpy().astype(np.int64)
    names = study.animal.cat.categories
    chosen = np.ones(len(names), bool) if animals is None else names.isin(list(animals))
    used = np.append(chosen, False)[codes]
    remarks: list[str] = []
    whole = np.ones(len(study), dtype=bool)
    for vectors in embeddings.values():
        whole &= np.isfinite(np.asarray(vectors)).all(axis=1)
    _count(remarks, used & ~whole, "lack a vector")
    used &= whole
    dates = dates_of(study)
    dated = used & np.isfinite(dates)
    pairs = np.unique(np.stack([codes[dated], dates[dated]], axis=1), axis=0)
    across = len(pairs) > len(np.unique(pairs[:, 0]))
    if across:
        _count(remarks, used & ~dated, "have no time")
        used = dated
    rows = np.flatnonzero(used)
    place_codes = None
    if places is not None:
        place_codes = np.asarray(pd.factorize(places)[0], dtype=np.int64)[rows]
        unknown = place_codes < 0
        place_codes[unknown] = -1 - np.arange(int(unknown.sum()))  # an unknown place is no other's
    found = {
        method: retrieve(
            np.asarray(vectors)[rows],
            codes[rows],
            dates[rows] if across else None,
            apart=apart,
            places=place_codes,
            gallery=None if gallery is None else np.asarray(gallery)[rows],
        )
        for method, vectors in embeddings.items()
    }
    if queries is not None:
        found = {method: _only(one, np.asarray(queries)[rows]) for method, one in found.items()}
    any_found = next(iter(found.values()), None)
    if any_found is None or len(np.unique(codes[rows])) < 2 or len(np.unique(any_found.animals)) < 2:
        raise UserError(
            f"there is nothing to find again in {study.name}: fewer than two animals were seen twice as asked",
            how="Choose more animals, or observations less far apart",
        )
    if any_found.without:
        remarks.append(
            f"{any_found.without:,} observations have no other of their animal to find; they are only gallery"
        )
    if baseline is None:
        baseline = next((method for method in embeddings if method != encoder), None)
    plain = found[baseline] if baseline is not None else None
    weights = AnimalBootstrap(any_found.animals, seed)
    scores = {
        method: Score(
            _figure(weights, one.first.astype(float)),
            _figure(weights, one.precision),
            None if plain is None or one is plain else _figure(weights, one.first.astype(float) - plain.first),
            None if plain is None or one is plain else _figure(weights, one.precision - plain.precision),
            one,
        )
        for method, one in found.items()
    }
    return Evaluation(
        study=study.name,
        protocol=_protocol(across, apart, None if places is None else str(places.name), gallery is not None),
        across_dates=across,
        scores=scores,
        encoder=encoder,
        baseline=baseline,
        observations=len(rows),
        animals=len(np.unique(any_found.animals)),
        queries=len(any_found.rows),
        remarks=tuple(remarks),
    )


def unseen_animals(study: Study, model: Model) -> tuple[str, ...]:
    """The animals of ``study`` that ``model`` was neither trained on nor chosen by, sorted."""
    return unseen(study, model.info.trained_on)


def _figure(weights: AnimalBootstrap, values: npt.NDArray[np.float64]) -> Figure:
    found = weights.mean(values)
    return Figure(found.value, found.low, found.high)


def _only(found: Retrieved, chosen: npt.NDArray[np.bool_]) -> Retrieved:
    keep = chosen[found.rows]
    return Retrieved(
        found.rows[keep],
        found.animals[keep],
        found.first[keep],
        found.precision[keep],
        found.relevant[keep],
        int(chosen.sum() - keep.sum()),
    )


def _protocol(across: bool, apart: float, place: str | None, chosen: bool) -> str:
    others = "all others of the gallery" if chosen else "all others"
    left_out = []
    if across and apart > 0:
        left_out.append(f"taken on the same date or less than {apart:g} days away")
    elif across:
        left_out.append("taken on the same date")
    if place is not None:
        left_out.append(f"with the same {place}")
    if across:
        return (
            f"Across dates: each observation is looked up among {others}, except those of the same animal "
            + " and those ".join(left_out)
            + "."
        )
    also = f" except those of the same animal {left_out[0]}" if left_out else ""
    return (
        f"Within the same date, since no animal was seen on two: each observation is looked up among {others}"
        + also
        + ". Neighbouring frames look alike whatever the animal, so this says little about knowing it again."
    )


def _count(remarks: list[str], lost: npt.NDArray[np.bool_], why: str) -> None:
    if lost.any():
        remarks.append(f"{int(lost.sum()):,} observations left out: they {why}")
