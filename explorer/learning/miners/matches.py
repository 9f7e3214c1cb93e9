"""Which observations of a batch are like each other: the match matrix that all miners work on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

_ROUNDING = 1e-5
"""``min_fraction`` of the labels present is met to within this: a third of three labels is one label."""


@dataclass(frozen=True, eq=False)
class Matches:
    """What each pair (anchor, other) of n observations is to each other; both masks are symmetric.

    positive: bool (n, n), like each other. negative: bool (n, n), not like each other. A pair that is neither, because
    nothing is known of it, takes part in no triplet; an observation is neither to itself. Miners use the anchors with
    at least one positive and one negative and drop the others, which are counted here.
    """

    positive: Tensor
    negative: Tensor

    def __len__(self) -> int:
        return len(self.positive)

    @cached_property
    def has_positive(self) -> Tensor:
        """Bool (n,): observations with anything like them."""
        return self.positive.any(dim=1)

    @cached_property
    def has_negative(self) -> Tensor:
        """Bool (n,): observations with anything unlike them."""
        return self.negative.any(dim=1)

    @cached_property
    def anchors(self) -> Tensor:
        """Rows of the observations that can be an anchor, int64 (a,), ascending."""
        return (self.has_positive & self.has_negative).nonzero().squeeze(1)

    @property
    def anchors_dropped(self) -> int:
        """Observations that cannot be an anchor: without a positive, without a negative, or without both."""
        return len(self) - len(self.anchors)


def class_matches(classes: Tensor) -> Matches:
    """Like each other: of one class. ``classes`` int (n,), -1 for unknown.

    An unknown class matches nothing, and is no negative either: nobody knows that it is another one.
    """
    if classes.ndim != 1:
        raise ValueError(f"classes must be 1-d, not {classes.ndim}-d")
    known = classes >= 0
    both = known[:, None] & known
    same = classes[:, None] == classes
    negative = both & ~same
    return Matches((both & same).fill_diagonal_(False), negative)


@dataclass(frozen=True)
class MatchRule:
    """Like each other: enough labels that agree. Two labels agree when both are present and within a tolerance.

    With q(i, j) the number of the K labels that agree, a pair is positive if q >= n, else negative; i = j is neither.
    n is ``min_matches``, or ``min_fraction`` (above 0, up to 1) of the labels present in both; give exactly one. A
    missing label (NaN) never agrees. Under ``min_matches`` that can make a pair negative, as in the source; under
    ``min_fraction`` a pair without any label present in both is neither positive nor negative.

    tolerances: K numbers, the largest difference that still agrees, in the label's unit; 0 asks for equality (codes
    of nominal labels). periods: K entries, the period of a cyclic label (values in 0..period), None for the others;
    left out, no label is cyclic.

    "q >= n" is not transitive, so no classes can stand in for it. Source: O'Mahony et al. 2021, section 5 (9 labels,
    n from 2 to 7); tolerances, missing labels and ``min_fraction`` are not settled there and are ours.
    """

    tolerances: Sequence[float]
    periods: Sequence[float | None] = ()
    min_matches: int | None = None
    min_fraction: float | None = None

    def __post_init__(self) -> None:
        count = len(self.tolerances)
        if not 1 <= count <= 255:
            raise ValueError(f"there must be 1 to 255 labels, not {count}")
        if not all(tolerance >= 0 for tolerance in self.tolerances):
            raise ValueError("tolerances must be 0 or more")
        if self.periods and len(self.periods) != count:
            raise ValueError(f"there are {count} tolerances but {len(self.periods)} periods")
        if not all(period is None or period > 0 for period in self.periods):
            raise ValueError("periods must be more than 0")
        if (self.min_matches is None) == (self.min_fraction is None):
            raise ValueError("give exactly one of min_matches and min_fraction")
        if self.min_matches is not None and not 1 <= self.min_matches <= count:
            raise ValueError(f"min_matches must be 1 to {count}, not {self.min_matches}")
        if self.min_fraction is not None and not 0 < self.min_fraction <= 1:
            raise ValueError(f"min_fraction must be above 0 and at most 1, not {self.min_fraction}")

    def __call__(self, labels: Tensor) -> Matches:
        """The matches of a batch's ``labels``, float (n, K) with NaN for missing."""
        agreeing = self.count(labels)
        if self.min_matches is not None:
            positive = agreeing >= self.min_matches
            negative = ~positive
        else:
            assert self.min_fraction is not None
            known = (~labels.isnan()).float()
            present = known @ known.T
            positive = (agreeing >= present * self.min_fraction - _ROUNDING) & (present > 0)
            negative = (present > 0) & ~positive
        return Matches(positive.fill_diagonal_(False), negative.fill_diagonal_(False))

    def count(self, labels: Tensor) -> Tensor:
        """q: how many labels agree in each pair, uint8 (n, n). ``labels`` as for a call."""
        if labels.ndim != 2 or labels.shape[1] != len(self.tolerances):
            raise ValueError(f"labels must be (n, {len(self.tolerances)}), not {tuple(labels.shape)}")
        n = len(labels)
        return self._agreeing(labels[:, None], labels[None, :], n, n)

    def alike(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Of pairs, row by row, whether they are positive, and whether positive or negative: bool (n,) each.

        first and second: labels float (n, K) as for a call; by the same rule as ``Matches`` of a batch.
        """
        present = (~first.isnan() & ~second.isnan()).sum(dim=1)
        agreeing = self._agreeing(first, second, len(first))
        if self.min_matches is not None:
            return agreeing >= self.min_matches, torch.ones_like(present, dtype=torch.bool)
        assert self.min_fraction is not None
        enough = (agreeing >= present * self.min_fraction - _ROUNDING) & (present > 0)
        return enough, present > 0

    def share(self, first: Tensor, second: Tensor) -> Tensor:
        """Of pairs, the share of the labels present in both that agree: float32 (...), NaN where none is.

        first and second: labels float (..., K) that broadcast to each other. However many labels are to agree makes
        no difference.
        """
        present = (~first.isnan() & ~second.isnan()).sum(dim=-1)
        return self._agreeing(first, second, *present.shape) / present

    def _agreeing(self, first: Tensor, second: Tensor, *shape: int) -> Tensor:
        """How many labels agree, uint8 ``shape``: of (..., K) and (..., K) that broadcast to it."""
        agreeing = torch.zeros(*shape, dtype=torch.uint8, device=first.device)
        periods = self.periods or [None] * len(self.tolerances)
        for place, (tolerance, period) in enumerate(zip(self.tolerances, periods, strict=True)):
            one, other = first[..., place].contiguous(), second[..., place].contiguous()
            if tolerance == 0 and period is None:
                agreeing += one == other
                continue
            apart = (one - other).abs_()
            if period is not None:
                apart = torch.minimum(apart, period - apart)
            agreeing += apart <= tolerance  # never true of NaN
        return agreeing
