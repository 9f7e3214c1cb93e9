"""What was measured of a map, in one plain sentence for each measure."""

from collections.abc import Callable

from explorer.space.compare import Comparison
from explorer.space.quality import Quality
from explorer.space.quality_bands import Measure
from explorer.space.stability import Stability


def said_of(quality: Quality) -> dict[str, str]:
    """A sentence for each measure by its name: value, interval, what a shuffled map has, how many were measured."""
    k, n = quality.k, quality.n
    points = f"all {n:,} points measured" if quality.sample == n else f"{quality.sample:,} of {n:,} points measured"
    local = f"{points}, k = {k}"
    pairs = f"{quality.pairs:,} pairs of {n:,} points"
    over = _over(quality.units, quality.by_animal)
    return {
        "trustworthiness": "Is what is near on the map near in the latent space too? Trustworthiness "
        + _share(quality.measures["trustworthiness"], over, local),
        "continuity": "Is what is near in the latent space near on the map too? Continuity "
        + _share(quality.measures["continuity"], over, local),
        "knn_overlap": f"How many of the {k} nearest in the latent space are among the {k} nearest on the map? "
        + _share(quality.measures["knn_overlap"], over, local),
        "shepard": "Is what is far apart in the latent space far apart on the map? Rank correlation of distances "
        + _number(quality.measures["shepard"], "", pairs),
        "pearson": "Is the distance on the map in proportion to that in the latent space? Correlation of distances "
        + _number(quality.measures["pearson"], "", pairs),
        "stress": "How much of the distances does the map miss at its best scale (0: nothing)? Stress "
        + _number(quality.measures["stress"], "", pairs),
    }


def said_of_stability(stability: Stability) -> str:
    """A sentence on how stable a map is across seeds."""
    if not stability.seeds:
        return "Would another seed give the same map? PCA has no seed: every point stays where it is (stability 1)"
    seeds = f"{len(stability.seeds)} other seed{'' if len(stability.seeds) == 1 else 's'}"
    return (
        "Would another seed give the same map? Stability (1: every point stays, 0: placed as if at random) "
        + _number(stability.overall, "", seeds)
    )


def said_of_comparison(comparison: Comparison, a: str, b: str) -> tuple[str, ...]:
    """Sentences on what two latent spaces ``a`` and ``b`` have in common, and who was left out."""
    k, n = comparison.k, comparison.n
    over = _over(comparison.units, comparison.by_animal)
    out = [
        f"How many of the {k} nearest in {a} are among the {k} nearest in {b}? "
        + _share(comparison.overall, over, f"{n:,} observations, k = {k}; by chance {comparison.chance:.2%}"),
        f"Is what is far apart in {a} far apart in {b}? Rank correlation of distances "
        + _number(comparison.distances, "", f"{comparison.pairs:,} pairs of {n:,} observations"),
    ]
    out += [
        f"{count:,} observations have a vector in {one} only and were left out"
        for one, count in ((a, comparison.only_a), (b, comparison.only_b))
        if count
    ]
    return (*out, *comparison.remarks)


def _over(units: int, by_animal: bool) -> str:
    return f" over {units:,} animals" if by_animal else ""


def _share(found: Measure, over: str, measured: str) -> str:
    digits = 1 if not found.high - found.low < 0.002 else 2  # of a narrow interval both ends are to be seen
    # A band around next to nothing reaches below it on paper only.
    return _told(found, over, measured, lambda value: f"{max(value, 0.0):.{digits}%}")


def _number(found: Measure, over: str, measured: str) -> str:
    return _told(found, over, measured, lambda value: f"{value:.2f}".replace("-0.00", "0.00"))


def _told(found: Measure, over: str, measured: str, write: Callable[[float], str]) -> str:
    value, low, high, null, null_low, null_high = (
        "not defined" if one != one else write(one)
        for one in (found.value, found.low, found.high, found.null, found.null_low, found.null_high)
    )
    if value == "not defined":
        return f"is not defined: all distances are the same ({measured})"
    interval = "no interval" if "not defined" in (low, high) else f"95% interval{over} {low} to {high}"
    verdict = "" if found.beyond_chance else ": no more than by chance"
    return f"{value} ({interval}; a shuffled map: {null}, {null_low} to {null_high}{verdict}; {measured})"
