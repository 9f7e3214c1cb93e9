"""Whether conditioning tightens the threshold, in one sentence with its evidence."""

from collections.abc import Mapping

from explorer.recognition.arms import CLUSTERS, CONDITIONED, SHUFFLED
from explorer.recognition.comparing import FEWEST, Delta
from explorer.recognition.promise import percent

HARDLY = 0.05
"""A share of known animals accepted as themselves below which there is nothing to tighten."""

ROOM = 0.05
"""A gain that would matter: where the intervals leave room for it, that none was seen does not mean there is none."""


def verdict(deltas: Mapping[str, Delta], by: str, fpir: float, known: int, unknown: int) -> str:
    """``by``: the variables in words; ``known`` and ``unknown``: animals of the test."""
    fewest = min(known, unknown)
    if fewest < FEWEST:
        return (
            f"{known:,} known and {unknown:,} unknown animals in the test are too few to tell whether conditioning on "
            f"{by} helps: {FEWEST} of each are needed at least, about a quarter of the study each."
        )
    start = deltas[SHUFFLED].at - deltas[SHUFFLED].tar
    of = f"on {known:,} known and {unknown:,} unknown animals"
    arms = {name: delta for name, delta in deltas.items() if name != SHUFFLED}
    conditioned = {name: delta for name, delta in arms.items() if name in CONDITIONED}
    helping = {name: delta for name, delta in conditioned.items() if delta.helps}
    if helping:
        name = max(helping, key=lambda one: helping[one].tar)
        what = "A threshold for each cluster" if name == CLUSTERS else f"Conditioning on {by}"  # no cluster knows those
        said = (
            f"{what} helps: where {percent(fpir)} of unknown animals' searches are accepted, the arm "
            f"'{name}' knows {helping[name].at:.1%} of known ones again, {_points(helping[name])} than one threshold "
            f"for all and better than shuffled strata ({of})"
        )
    else:
        name = max(conditioned, key=lambda one: conditioned[one].tar)
        said = (
            f"Conditioning does not help here: where {percent(fpir)} of unknown animals' searches are accepted, no arm "
            f"that uses {by} or clusters knows more animals again than one threshold for all beyond chance; the best, "
            f"'{name}', comes to {_points(conditioned[name])} ({of})"
        )
        # Where no animal of n comes right, up to 1 - 0.05^(1/n) of all may (95 %; Clopper and Pearson, 1934): a
        # bootstrap of animals that are all alike does not know.
        most = max(min(1 - 0.05 ** (1 / fewest), 1 - start), *(delta.high for delta in conditioned.values()))
        if most > ROOM:
            said += f"; so few animals do not rule out a gain of up to {100 * most:.0f} points"
    if start < HARDLY:
        said = f"These vectors know hardly any animal again ({start:.1%} with one threshold for all). {said}"
    others = [name for name, delta in arms.items() if name not in conditioned and delta.helps]
    if others:
        told = " and ".join(f"'{name}' with {_points(arms[name])}" for name in others)
        said += f"; without the background helps {told}"
    harmed = [name for name, delta in conditioned.items() if delta.high < 0]
    if harmed:
        told = " and ".join(f"'{name}' with {_points(conditioned[name])}" for name in harmed)
        said += f"; it does harm in {told}"
    return f"{said}."


def _points(delta: Delta) -> str:
    sign, word = (-1, "fewer") if round(100 * delta.tar, 1) < 0 else (1, "more")
    bounds = sorted(round(sign * 100 * bound, 1) + 0.0 for bound in (delta.low, delta.high))
    return f"{abs(100 * delta.tar):.1f} points {word} ({bounds[0]:.1f} to {bounds[1]:.1f})"
