"""From which animals and times baselines and read-outs may learn, and on which everything is scored."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.errors import UserError
from explorer.space.task_directions import FEWEST
from explorer.study.study import Study
from explorer.study.times import read_times

Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Sides:
    """Animals to learn from and animals to be scored on, none of them both; and their observations, bool (n,) each.

    ``earlier`` and ``later``: where time divides them too, what is older than the chosen moment and what is not.
    ``sentence``: how they were chosen.
    """

    learn: tuple[str, ...]
    scored: tuple[str, ...]
    learn_rows: Rows
    scored_rows: Rows
    earlier: Rows | None
    later: Rows | None
    sentence: str
    remarks: tuple[str, ...]


def sides_of(
    study: Study, seen: Collection[str], *, halve: bool = False, after: str | None = None, seed: int = 0
) -> Sides:
    """Which animals of ``study`` teach, and which are scored: all that are not among ``seen``.

    Those ``seen`` by the encoder teach baselines and read-outs too. When it has seen none, nobody teaches or, with
    ``halve``, a half of the animals drawn by ``seed``, and only the other half is scored. after: a time as the study
    writes them; what is older teaches and is found, the rest is scored. An observation whose time is not known is then
    on neither side. Raises UserError for a study without animals, when there are too few animals or observations for
    both sides, and for a time that cannot be read.
    """
    if study.animal is None:
        raise UserError(f"{study.name} does not say which animal is which, so none can be kept unseen")
    unseen = sorted(set(study.animal.cat.categories) - set(seen))
    learn, scored = sorted(seen), unseen
    if learn:
        sentence = (
            f"Baselines and read-outs learn from these {len(learn):,}; scored are the {len(scored):,} it has not seen."
        )
    elif halve:
        if len(unseen) < 4:
            raise UserError(
                f"{len(unseen)} animals are too few to learn from some and be scored on others",
                how="Leave out what must be learnt: --tasks without a name, --baselines quick",
            )
        order = np.random.default_rng(seed).permutation(len(unseen))
        half = {unseen[place] for place in order[: len(unseen) // 2]}
        learn, scored = sorted(half), [name for name in unseen if name not in half]
        sentence = (
            f"Baselines and read-outs learn from {len(learn):,} of the animals, drawn with seed {seed}; "
            f"what is compared with them is scored on the other {len(scored):,}."
        )
    else:
        sentence = ""
    remarks: list[str] = []
    if 0 < len(learn) < FEWEST:
        remarks.append(f"{len(learn)} animals are few to learn from: baselines and read-outs could do better with more")
    learn_rows, scored_rows = (study.animal.isin(names).to_numpy() for names in (learn, scored))
    if after is None:
        return Sides(tuple(learn), tuple(scored), learn_rows, scored_rows, None, None, sentence, tuple(remarks))
    earlier, later = _split_at(study, after)
    learn_rows, scored_rows = learn_rows & earlier, scored_rows & later
    if not scored_rows.any():
        raise UserError(f"no animal to be scored was seen from {after} on", how="Give an earlier time")
    if not earlier.any() or (learn and not learn_rows.any()):
        raise UserError(f"there is nothing to learn from or to find before {after}", how="Give a later time")
    sentence += (
        f" Only what was seen before {after} teaches or is found, and only what was seen from then on is scored."
    )
    if seen:
        sentence += " The encoder itself has learnt from all times of its animals."
    return Sides(tuple(learn), tuple(scored), learn_rows, scored_rows, earlier, later, sentence.strip(), tuple(remarks))


def _split_at(study: Study, after: str) -> tuple[Rows, Rows]:
    """Which observations are older than ``after``, and which are not."""
    if study.time is None:
        raise UserError(f"{study.name} tells no time, so nothing in it is later", how="Leave out --after")
    unit = study.spec.columns.time_unit
    moment = read_times(pd.Series([after]), unit=unit)[0]
    if pd.isna(moment):
        how = "Write a date as 2024-06-30" if unit is None else f"Write a number of {unit}"
        raise UserError(f"{after!r} is not a time of {study.name}", how=how)
    return study.time < moment, study.time >= moment
