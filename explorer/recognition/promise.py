"""What can be promised with the animals there are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from explorer.errors import UserError
from explorer.recognition.conformal import PROMISES, least_animals

CONFIDENCE = 0.9


def percent(share: float) -> str:
    """A share that was asked for, as it was asked for: 0.025 is 2.5%, not 2%."""
    return f"{100 * share:.3g}%"


def surely(confidence: float) -> str:
    """How sure a promise is, in words; 0: on average."""
    return f"with {percent(confidence)} confidence" if confidence else "on average"


@dataclass(frozen=True)
class Promise:
    """At most ``fpir`` of the searches for unknown animals are accepted, with ``confidence`` (0: on average).

    ``asked``: what was asked for, None for the default. ``least``: how many animals it needs; ``remarks``: what had to
    be given up, in sentences.
    """

    fpir: float
    confidence: float
    asked: float | None
    least: int
    remarks: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The promise in words."""
        return f"at most {percent(self.fpir)} of searches for unknown animals are accepted, {surely(self.confidence)}"


def default_fpir(strata: Sequence[int], searches: Sequence[int], confidence: float = CONFIDENCE) -> float:
    """The strictest of ``PROMISES`` that strata can keep by themselves in which most searches lie, else the mildest.

    ``strata``: calibration animals of each; ``searches``: test searches in each.
    """
    counts, weights = np.array(strata), np.array(searches, dtype=float)
    for fpir in PROMISES:
        if weights[counts >= least_animals(fpir, confidence)].sum() > 0.5 * weights.sum():
            return fpir
    return PROMISES[-1]


def settle(asked: float | None, confidence: float, default: float, animals: int) -> Promise:
    """The promise ``asked`` for or the ``default``; a milder one when ``animals``, all of the calibration, are too few.

    First a milder share, then one on average only. Raises UserError when there are too few for any.
    """
    fpir = default if asked is None else asked
    least = least_animals(fpir, confidence)
    if animals >= least:
        return Promise(fpir, confidence, asked, least)
    missing = least - animals
    lack = (
        f"{animals} animals to calibrate with are too few to promise {percent(fpir)} {surely(confidence)}: "
        f"{missing} more {'is' if missing == 1 else 'are'} needed"
    )
    for milder, sure in [(one, confidence) for one in PROMISES] + [(one, 0.0) for one in (fpir, *PROMISES)]:
        if milder >= fpir and animals >= least_animals(milder, sure):
            found = Promise(milder, sure, asked, least_animals(milder, sure))
            return replace(found, remarks=(f"{lack}; instead, {found.sentence}",))
    least, milder = least_animals(PROMISES[-1]), np.ceil(100 / (animals + 1)) / 100
    raise UserError(
        f"{animals} animals, about a quarter of the study, are all there is to calibrate with, too few for any promise "
        f"that is offered: {percent(PROMISES[-1])} on average needs {least}",
        how=f"Use a study of about {4 * least} animals, or promise less: --fpir {milder:g} --confidence 0",
    )


@dataclass(frozen=True)
class Offer:
    """Whether a promise can be kept. ``least``: animals that it needs with the confidence asked for; ``average``: on
    average only. ``missing``: how many all strata together lack for it; ``strata``: how many can keep it by themselves.
    """

    fpir: float
    least: int
    average: int
    missing: int
    strata: int


def offers(animals: int, strata: Sequence[int], confidence: float = CONFIDENCE) -> list[Offer]:
    """Each of ``PROMISES``, for so many calibration ``animals`` in all and in each of the ``strata``."""
    out = []
    for fpir in PROMISES:
        least = least_animals(fpir, confidence)
        able = sum(one >= least for one in strata)
        out.append(Offer(fpir, least, least_animals(fpir), max(0, least - animals), able))
    return out


def jointly(strata: int, confidence: float) -> str:
    """How sure it is that the promises of several strata, each with ``confidence``, all hold at once (Bonferroni).

    Empty for one stratum, and for a promise on average, which says nothing of any one calibration.
    """
    if strata < 2 or not confidence:
        return ""
    at_least = max(0.0, 1 - strata * (1 - confidence))
    sure = f"has {percent(at_least)} confidence or more" if at_least > 0.005 else "is not promised"
    return f"Each promise holds for its stratum by itself; that all {strata:,} hold at once {sure}."
