"""What all losses share: what they take is checked, computed, and reduced to one number."""

from dataclasses import dataclass, fields
from typing import ClassVar, Literal, TypeVar, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from explorer.learning.tuples import Pairs, Quadruplets, Triplets

Reduction = Literal["mean", "nonzero", "sum"]
"""How the losses of single pairs, triplets or rows become one: their mean, the mean of those above 0, their sum."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Given:
    """What a loss was given beside the embeddings of n rows; the rest is None.

    ``labels`` int (n,): the class of each row, -1 where unknown. ``clusters`` int (n,): its cluster within the class.
    ``scores`` float (n, k): k labels of each row, NaN where missing. The others name rows.
    """

    labels: Tensor | None = None
    clusters: Tensor | None = None
    scores: Tensor | None = None
    positives: Pairs | None = None
    negatives: Pairs | None = None
    triplets: Triplets | None = None
    quadruplets: Quadruplets | None = None

    @property
    def names(self) -> frozenset[str]:
        """What is there."""
        return frozenset(field.name for field in fields(self) if getattr(self, field.name) is not None)

    def of(self, rows: Tensor) -> "Given":
        """Labels, clusters and scores of some ``rows``: what may be given together with labels."""
        parts = {name: getattr(self, name)[rows] for name in ("labels", "clusters", "scores") if name in self.names}
        return Given(**parts)

    def pairs(self) -> tuple[Pairs, Pairs]:
        """The similar and the dissimilar pairs: those given, or all of the labels, each once (first < second)."""
        if self.labels is None:
            return present(self.positives), present(self.negatives)
        return same_label(self.labels), _where(self.labels[:, None] != self.labels[None, :])


class Loss(nn.Module):
    """``loss(embeddings, labels=...)`` or ``loss(embeddings, triplets=...)``: a scalar with a gradient.

    ``takes`` names what a loss can be given: one of these sets, neither less nor more. Without any pair, triplet or
    row to learn from, a loss is 0, with a gradient of zeros; a row whose label is -1 takes part in nothing.
    ``reduction`` is as ``Reduction`` says. ``normalise``: the embeddings are first brought to unit length; a loss
    without this option says in its docstring what it reads.
    """

    takes: ClassVar[tuple[frozenset[str], ...]]
    hinged: ClassVar[bool] = True
    """Whether single losses are exactly 0 once they are met, so that "nonzero" means something."""

    def __init__(self, *, reduction: Reduction = "mean", normalise: bool = False) -> None:
        super().__init__()
        choice = [name for name in get_args(Reduction) if self.hinged or name != "nonzero"]
        if reduction not in choice:
            raise ValueError(
                f"reduction of {type(self).__name__} must be one of {', '.join(choice)}, not {reduction!r}"
            )
        self.reduction = reduction
        self.normalise = normalise

    def terms(self, embeddings: Tensor, given: Given) -> tuple[Tensor, ...]:
        """The loss before it is reduced: one or more (k,), each reduced on its own, then added."""
        raise NotImplementedError

    def forward(
        self,
        embeddings: Tensor,
        *,
        labels: Tensor | None = None,
        clusters: Tensor | None = None,
        scores: Tensor | None = None,
        positives: Pairs | None = None,
        negatives: Pairs | None = None,
        triplets: Triplets | None = None,
        quadruplets: Quadruplets | None = None,
    ) -> Tensor:
        """The loss of ``embeddings`` float (n, m), a scalar of their dtype.

        Raises ValueError for anything but what the loss ``takes``, and for shapes, dtypes or rows that do not fit.
        """
        given = Given(labels, clusters, scores, positives, negatives, triplets, quadruplets)
        self._check(embeddings, given)
        total = embeddings[:0].sum()  # 0, and still part of the graph
        if labels is not None:
            known = labels >= 0
            embeddings, given = embeddings[known], given.of(known)
        if self.normalise:
            embeddings = functional.normalize(embeddings, dim=1)
        if len(embeddings):
            for term in self.terms(embeddings, given):
                total = total + self._reduce(term)
        return total

    def _reduce(self, term: Tensor) -> Tensor:
        if self.reduction == "sum":
            return term.sum()
        if self.reduction == "nonzero":
            term = term[term > 0]
        return term.mean() if len(term) else term.sum()

    def _check(self, embeddings: Tensor, given: Given) -> None:
        name = type(self).__name__
        if given.names not in self.takes:
            choice = ", or ".join(" and ".join(sorted(names)) for names in self.takes)
            got = " and ".join(sorted(given.names)) or "nothing"
            raise ValueError(f"{name} takes {choice} beside the embeddings; it was given {got}")
        if embeddings.ndim != 2 or not embeddings.is_floating_point():
            raise ValueError(f"embeddings must be floating (n, m), not {_told(embeddings)}")
        n = len(embeddings)
        for field in fields(given):
            value = getattr(given, field.name)
            if value is None:
                continue
            if field.name == "scores":
                if value.ndim != 2 or len(value) != n or not value.is_floating_point():
                    raise ValueError(f"scores must be floating ({n}, labels), not {_told(value)}")
            elif isinstance(value, Tensor):
                if value.shape != (n,) or value.is_floating_point() or value.dtype == torch.bool:
                    raise ValueError(f"{field.name} must be integers ({n},), not {_told(value)}")
            else:
                _check_rows(field.name, value, n)


def present(value: _T | None) -> _T:
    """``value``, which ``takes`` has made sure of."""
    assert value is not None
    return value


def takes(*sets: str) -> tuple[frozenset[str], ...]:
    """Each set of what a loss can be given, its names apart by a space."""
    return tuple(frozenset(names.split()) for names in sets)


def same_label(labels: Tensor) -> Pairs:
    """All pairs of rows with one label, each once (first < second)."""
    return _where(labels[:, None] == labels[None, :])


def check_dims(embeddings: Tensor, dims: int) -> None:
    """Raise ValueError unless the embeddings have as many dimensions as the loss was made for."""
    if embeddings.shape[1] != dims:
        raise ValueError(f"embeddings must have {dims} dimensions, not {embeddings.shape[1]}")


def check_classes(labels: Tensor, classes: int) -> None:
    """Raise ValueError unless ``labels`` are in 0..classes-1; on a GPU that would be waiting for it, so not there."""
    if labels.device.type == "cpu" and len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        raise ValueError(f"labels must be in 0..{classes - 1}, not {int(labels.min())}..{int(labels.max())}")


def _where(mask: Tensor) -> Pairs:
    first, second = torch.nonzero(torch.triu(mask, diagonal=1), as_tuple=True)
    return Pairs(first, second)


def _check_rows(name: str, rows: Pairs | Triplets | Quadruplets, n: int) -> None:
    for part in rows:
        if part.dtype != torch.int64 or part.ndim != 1 or len(part) != len(rows[0]):
            raise ValueError(f"{name} must be int64 ({len(rows[0])},) each, not {_told(part)}")
        # negative rows would silently count from the end; on a GPU looking would be waiting
        if part.device.type == "cpu" and len(part) and not 0 <= int(part.min()) <= int(part.max()) < n:
            raise ValueError(f"{name} must name rows 0..{n - 1}, not {int(part.min())}..{int(part.max())}")


def _told(value: Tensor) -> str:
    return f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
