"""What a cluster is, in plain sentences."""

from math import isfinite

from explorer.clustering.profiles import Profile
from explorer.clustering.traits import FEWEST, Trait

MOST = 8
"""So many sentences are told."""

LEAST = 0.2
"""The smallest effect that is told, what Cohen calls small: of many variables, some smaller ones are due to chance."""


def explained(profile: Profile, limit: int = MOST) -> tuple[str, ...]:
    """What sets the cluster apart, the largest effects first, what is rare in it later, what the clusters were made of
    last; one sentence where nothing does.

    Of a variable with two categories, only one is told: the other says the same.
    """
    sure = [trait for trait in profile.traits if trait.sure and abs(trait.effect) >= LEAST]
    told: list[Trait] = []
    for trait in sorted(sure, key=lambda one: (one.put_in, one.value is not None and one.effect < 0)):
        if not _says_the_same(trait, told, profile):
            told.append(trait)
    if not told and profile.traits and not any(isfinite(trait.difference.low) for trait in profile.traits):
        few = profile.size if profile.animals is None else profile.animals
        whose = "Its observations" if few < FEWEST else "The observations outside of it"
        return (f"{whose} are of fewer than {FEWEST} animals, too few to say what sets them apart",)
    elsewhere = "elsewhere" if profile.stratum in ("all", "several") else "elsewhere in its stratum"
    if not told:
        return (f"Nothing known of its observations sets them apart from those {elsewhere} beyond chance",)
    return tuple(_sentence(trait, elsewhere) for trait in told[:limit])


def _says_the_same(trait: Trait, told: list[Trait], profile: Profile) -> bool:
    """Whether the variable has two categories and the other one has been told."""
    if trait.value is None or not any(one.variable == trait.variable for one in told):
        return False
    return sum(one.variable == trait.variable for one in profile.traits) == 2


def _sentence(trait: Trait, elsewhere: str) -> str:
    marks = " (a task)" * trait.task + " (put into the clusters)" * trait.put_in
    missing = f"; not known of {trait.missing:,}" if trait.missing else ""
    difference = trait.difference
    low, high = sorted((abs(difference.low), abs(difference.high)))
    if trait.value is not None:
        way = "more" if difference.value > 0 else "fewer"
        points = f"{_points(abs(difference.value))} points {way}, 95% {_points(low)} to {_points(high)}"
        return (
            f"{trait.inside:.0%} of its observations have {trait.label}{marks} = {trait.value}, {trait.outside:.0%} "
            f"{elsewhere} ({points}{missing})"
        )
    way = "higher" if difference.value > 0 else "lower"
    unit = f" {trait.unit}" if trait.unit else ""
    return (
        f"{trait.label}{marks} is {_figure(trait.inside, 3)}{unit} on average, {_figure(trait.outside, 3)}{unit} "
        f"{elsewhere} ({_figure(abs(difference.value), 2)}{unit} {way}, 95% {_figure(low, 2)} to {_figure(high, 2)}; "
        f"{abs(trait.effect):.1f} standard deviations{missing})"
    )


def _figure(value: float, digits: int) -> str:
    """With so many digits that count, or all of a larger one: never 1.1e+02."""
    return f"{value:.{digits}g}" if abs(value) < 10**digits - 0.5 else f"{value:,.0f}"


def _points(share: float) -> str:
    """A share in points of a hundred; small ones with a decimal."""
    return f"{100 * share:.0f}" if share >= 0.0995 else f"{100 * share:.1f}"
