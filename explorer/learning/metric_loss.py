"""The metric part of what a step minimises: any of our losses, given what it takes of what is alike in a batch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor

from explorer.errors import UserError
from explorer.learning.losses import LOSSES
from explorer.learning.losses.base import Loss
from explorer.learning.losses.opml import OpmlLoss
from explorer.learning.miners import MINERS, Matches, MatchRule, Mined, Miner
from explorer.learning.options import read_options
from explorer.learning.recipe import Option, Recipe
from explorer.learning.tuples import Pairs, Quadruplets, Triplets

_T = TypeVar("_T")

_REGRESSIONS = ("distance_regression", "selected_dimensions")
METRIC_LOSSES = tuple(name for name in LOSSES if name not in _REGRESSIONS)
"""The losses that a metric part can be made of."""

_FIXED = ("classes", "dims", "seed")
"""Settings of losses and miners that follow from the rest of a run."""

_TRIED = 128
"""Dimensions of a loss that is made only to see whether its settings are right."""

REFINEMENTS = 5
"""Conjugate gradient steps on OPML's maps for one step of the network, as its authors take."""


@dataclass(frozen=True, eq=False)
class Relation:
    """One way in which observations of a batch are alike: ``weight`` times its loss is minimised.

    ``classes`` int (n,), for the relation that has some, and ``clusters`` within them, where the batch is made of such;
    ``labels`` float (n, K), for the one that comes of them.
    """

    name: str
    weight: float
    matches: Matches
    classes: Tensor | None = None
    clusters: Tensor | None = None
    labels: Tensor | None = None


@dataclass(frozen=True)
class Counts:
    """Triplets learnt from; observations that could be an anchor in each relation, and those that could not.

    ``pairs_dropped`` are pairs of an anchor and a positive for which the miner found no negative. All 0 for a loss that
    takes no triplets.
    """

    triplets: int = 0
    anchors: int = 0
    anchors_dropped: int = 0
    pairs_dropped: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.triplets + other.triplets,
            self.anchors + other.anchors,
            self.anchors_dropped + other.anchors_dropped,
            self.pairs_dropped + other.pairs_dropped,
        )


def check_metric(recipe: Recipe) -> None:
    """Raise UserError for a loss or a miner that there is not, or that cannot learn what ``recipe`` asks for."""
    _check_names(recipe)
    takes = _taken(recipe.loss)
    if takes == "labels" and recipe.tasks:
        able = [name for name in METRIC_LOSSES if _taken(name) != "labels"]
        raise UserError(
            f"the loss {recipe.loss!r} learns from classes, and tasks that agree make none",
            how=f"For tasks choose one of: {', '.join(able)}",
        )
    if takes == "scores" and (recipe.identity > 0 or not recipe.tasks):
        raise UserError(
            f"the loss {recipe.loss!r} learns from tasks that agree, not from animals",
            how="Name tasks to match and leave out the animals, or choose another loss",
        )
    if recipe.loss == "magnet" and recipe.turnover is not None:
        raise UserError(
            "the loss 'magnet' makes batches of clusters of its own, which do not change gradually",
            how="Leave out --gradual, or choose another loss",
        )
    if recipe.loss_options or recipe.miner_options:
        with torch.random.fork_rng(devices=[]):  # made once to see that they can be, and not kept
            size = recipe.loss_options.get("size")
            dims = max(_TRIED, size) if isinstance(size, int) else _TRIED
            _loss(recipe, dims, 2, MatchRule((0.0,), min_fraction=1.0), 0)
            _miner(recipe, 0)


def with_options(recipe: Recipe, loss: Mapping[str, Option], miner: Mapping[str, Option]) -> Recipe:
    """``recipe`` with these settings of its loss and its miner, text read as the type that each asks for.

    Raises UserError for a loss or a miner that there is not, and for a setting or a value that one has not.
    """
    _check_names(recipe)
    return replace(
        recipe,
        loss_options=read_options(f"loss {recipe.loss!r}", LOSSES[recipe.loss], loss, _FIXED),
        miner_options=read_options(f"miner {recipe.miner!r}", MINERS[recipe.miner], miner, _FIXED),
    )


def _check_names(recipe: Recipe) -> None:
    if recipe.loss not in METRIC_LOSSES:
        raise UserError(f"there is no metric loss {recipe.loss!r}", how=f"Choose one of: {', '.join(METRIC_LOSSES)}")
    if recipe.miner not in MINERS:
        raise UserError(f"there is no miner {recipe.miner!r}", how=f"Choose one of: {', '.join(MINERS)}")


def mines(loss: str) -> bool:
    """Whether ``loss``, one of ``METRIC_LOSSES``, learns from the triplets of a miner."""
    return _taken(loss) in ("triplets", "quadruplets")


def _taken(name: str) -> str:
    """What a loss is given here: the first of these that it takes."""
    taken = LOSSES[name].takes
    ways = {"triplets": "triplets", "quadruplets": "quadruplets", "positives negatives": "pairs", "scores": "scores"}
    return next((way for names, way in ways.items() if frozenset(names.split()) in taken), "labels")


class MetricLoss(torch.nn.Module):
    """A metric loss with its miner, on relations between the observations of a batch.

    It reads unit vectors of ``dims`` dimensions. Losses that learn from pairs are given all pairs of a batch; the
    quadruplet loss the miner's triplets, each with the row nearest to its negative that is like none of the three;
    losses that know classes the animals. OPML alternates: each call that learns first moves its maps by
    ``REFINEMENTS`` conjugate gradient steps on the triplets of all relations.
    """

    def __init__(self, recipe: Recipe, *, dims: int, classes: int, rule: MatchRule | None, seed: int) -> None:
        super().__init__()
        check_metric(recipe)
        self.takes = _taken(recipe.loss)
        self.loss = _loss(recipe, dims, classes, rule, seed)
        self.miner = _miner(recipe, seed)

    def forward(self, units: Tensor, relations: Sequence[Relation]) -> tuple[dict[str, Tensor], Counts]:
        """The loss of each relation, by its name and without its weight, and what was mined."""
        counts = Counts()
        mined: dict[str, Triplets] = {}
        if self.takes in ("triplets", "quadruplets"):
            for relation in relations:
                found: Mined = self.miner(units, relation.matches)
                mined[relation.name] = found.triplets
                counts += Counts(
                    len(found.triplets.anchors), len(relation.matches), found.anchors_dropped, found.pairs_dropped
                )
        if isinstance(self.loss, OpmlLoss) and self.training:
            self.loss.refine(
                units, Triplets(*(torch.cat(rows) for rows in zip(*mined.values(), strict=True))), REFINEMENTS
            )
        return {relation.name: self._of(units, relation, mined.get(relation.name)) for relation in relations}, counts

    def _of(self, units: Tensor, relation: Relation, mined: Triplets | None) -> Tensor:
        matches = relation.matches
        if self.takes == "labels":
            return self.loss(units, labels=relation.classes, clusters=relation.clusters)
        if self.takes == "scores":
            return self.loss(units, scores=relation.labels)
        if self.takes == "pairs":
            return self.loss(units, positives=_each_once(matches.positive), negatives=_each_once(matches.negative))
        assert mined is not None
        if self.takes == "quadruplets":
            return self.loss(units, quadruplets=_with_others(units.detach(), mined, matches.negative))
        return self.loss(units, triplets=mined)


def _each_once(mask: Tensor) -> Pairs:
    first, second = torch.nonzero(torch.triu(mask, diagonal=1), as_tuple=True)
    return Pairs(first, second)


def _with_others(units: Tensor, triplets: Triplets, negative: Tensor) -> Quadruplets:
    """Each triplet with the nearest row to its negative that is a negative of all three; without one it is left out."""
    anchors, positives, negatives = triplets
    free = negative[anchors] & negative[positives] & negative[negatives]
    if not free.numel():
        return Quadruplets(anchors[:0], anchors[:0], anchors[:0], anchors[:0])
    apart = torch.cdist(units[negatives], units).masked_fill_(~free, torch.inf)
    others = apart.argmin(dim=1)
    kept = free.any(dim=1)
    return Quadruplets(anchors[kept], positives[kept], negatives[kept], others[kept])


def _loss(recipe: Recipe, dims: int, classes: int, rule: MatchRule | None, seed: int) -> Loss:
    own: dict[str, object] = {}
    if recipe.loss == "triplet":
        own = {"margin": recipe.margin}
    elif recipe.loss in ("center", "triplet_center"):
        own = {"classes": classes, "dims": dims}
    elif recipe.loss == "opml":
        own = {"dims": dims, "size": max(1, dims // 2), "seed": seed}
    elif recipe.loss == "ladder":
        assert rule is not None
        count = len(rule.tolerances)
        share = rule.min_fraction if rule.min_matches is None else rule.min_matches / count
        own = {
            "tolerances": rule.tolerances,
            "periods": rule.periods,
            "thresholds": [share],
            "margins": [recipe.margin],
        }
    return _made(f"loss {recipe.loss!r}", LOSSES[recipe.loss], own, recipe.loss_options)


def _miner(recipe: Recipe, seed: int) -> Miner:
    own: dict[str, object] = {}
    if recipe.miner == "semi_hard" and recipe.loss == "triplet":
        own = {"band": recipe.loss_options.get("margin", recipe.margin)}  # beyond it the loss is 0
    elif recipe.miner in ("random", "distance_weighted"):
        own = {"seed": seed}
    return _made(f"miner {recipe.miner!r}", MINERS[recipe.miner], own, recipe.miner_options)


def _made(what: str, kind: Callable[..., _T], own: Mapping[str, object], options: Mapping[str, Option]) -> _T:
    chosen = read_options(what, kind, options, _FIXED)
    try:
        return kind(**{**own, **chosen})
    except (TypeError, ValueError) as error:
        raise UserError(f"the {what} cannot be made: {str(error).splitlines()[0]}", how="Mend its options") from None
