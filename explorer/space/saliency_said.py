"""What the saliency of background variables comes to, in plain sentences."""

import numpy as np

from explorer.space.association import INSEPARABLE
from explorer.space.bootstrap import Interval
from explorer.space.saliency import Saliency, VariableSaliency
from explorer.space.varying import SHUFFLED

ALPHA = 0.05
_NAMED = 3


def said_of(saliency: Saliency) -> tuple[str, ...]:
    """A sentence for each variable, those that explain most first."""
    return tuple(_said(one, saliency) for one in saliency.variables)


def said_of_pairs(saliency: Saliency) -> tuple[str, ...]:
    """Which variables cannot be told apart, each pair in a sentence."""
    labels = {one.name: one.label for one in saliency.variables}
    out, named = [], set()
    for pair in saliency.association.pairs:
        if pair.separable:
            continue
        first, second, share = pair.first, pair.second, pair.first_by_second
        if share < pair.second_by_first:
            first, second, share = second, first, pair.second_by_first
        named |= {first, second}
        one, other = _inside(labels[first]), _inside(labels[second])
        why = f"{other} tells {share:.0%} of it" if pair.overlaps else "where both are known, one of them does not vary"
        out.append(f"Cannot separate {one} from {other}: {why}")
    for name, inflation in saliency.association.inflation.items():
        if name not in named and not inflation < 1 / (1 - INSEPARABLE):
            out.append(
                f"Cannot separate {_inside(labels[name])} from the other variables: "
                f"together they tell {1 - 1 / inflation:.0%} of it"
            )
    return tuple(out)


def _said(one: VariableSaliency, saliency: Saliency) -> str:
    test = one.test
    notes = [f"95% interval over {_count(one)} {_bounds(one.r2)}"] if np.isfinite(one.r2.low) else []
    if not test.p > ALPHA:
        notes.append(f"p = {test.p:.3g}, {SHUFFLED[one.how]}" if np.isfinite(test.p) else "not tested")
    said = f"{one.label} explains {one.r2.value:.1%} of the space" + (f" ({'; '.join(notes)})" if notes else "")
    if test.p > ALPHA:
        if one.how == "visits":  # which p and the null are about
            said += f", its ups and downs in each animal {test.explained:.1%}"
        few = f"which {_count(one)} cannot tell from chance, whatever it were"
        said += f", {few if _least_p(one) > ALPHA else 'no more than chance may give'} "
        said += f"(shuffled {test.null.mean():.1%} on average, p = {test.p:.3g})"
        if one.probe.value > one.probe.high:
            band = f"R squared {one.probe.value:.0%}, shuffled {one.probe.low:.0%} to {one.probe.high:.0%}"
            said += f"; yet vectors of other animals tell it ({band}): it lies in directions in which they vary little"
        return said
    others = [other.label for other in saliency.variables if other is not one]
    if others:
        own = f"{one.conditional.value:.1%}"
        own += f" ({_bounds(one.conditional)})" if np.isfinite(one.conditional.low) else ""
        said += f", {own} that {_listed(others)} {'does' if len(others) == 1 else 'do'} not"
    if test.spread_p <= ALPHA:
        said += f"; how far its observations scatter differs too (p = {test.spread_p:.3g}), which may be part of this"
    return said


def _bounds(interval: Interval) -> str:
    return f"{interval.low:.1%} to {interval.high:.1%}"


def _count(one: VariableSaliency) -> str:
    """What intervals and p are over, in words."""
    n, noun = (one.n, "observation") if one.animals is None else (one.animals, "animal")
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _least_p(one: VariableSaliency) -> float:
    """The p of the shuffle that explains most: with few animals, the least that could have come out."""
    null = one.test.null
    return float((1 + (null >= null.max(initial=0.0) - 1e-9).sum()) / (1 + len(null)))


def _listed(labels: list[str]) -> str:
    if len(labels) > _NAMED:
        return f"the other {len(labels)} variables"
    inside = [_inside(label) for label in labels]
    return inside[0] if len(inside) == 1 else f"{', '.join(inside[:-1])} and {inside[-1]}"


def _inside(label: str) -> str:
    """A label within a sentence; abbreviations stay as they are."""
    return label[0].lower() + label[1:] if label[1:2].islower() else label
