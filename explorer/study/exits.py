"""When animals left for good: sold, slaughtered, dead."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.study.times import Times, read_times

if TYPE_CHECKING:
    from explorer.study.study import Study


def final_exits(study: "Study") -> tuple[npt.NDArray[np.int64], Times]:
    """Animals (codes) whose last exit or death in the events is followed by no entry or birth, and when it was.

    An animal that was lent out or sold and came back may be seen again; so may one that entered on the day it left.
    """
    kinds = study.events["kind"].astype(str)
    times = pd.Series(study.events["time"].to_numpy(), index=study.animal_codes(study.events["animal"]))
    last = {}
    for side, pattern in (("exit", r"death|exit.*"), ("entry", r"birth|entry.*")):
        chosen = times[kinds.str.fullmatch(pattern, case=False).to_numpy(dtype=bool)].dropna()
        last[side] = chosen.groupby(level=0).max()
    back = last["entry"].reindex(last["exit"].index)
    final = last["exit"][~(back >= last["exit"]).to_numpy()]
    return final.index.to_numpy(dtype=np.int64), final.to_numpy()


def told_exits(study: "Study") -> tuple[npt.NDArray[np.int64], Times]:
    """Animals (codes) and their exits as the table of animals tells them; of no animals where it tells none."""
    animals = study.animals
    if "exit" not in animals.columns:
        return np.array([], dtype=np.int64), np.array([], dtype=np.float64)
    return study.animal_codes(animals["animal"]), read_times(animals["exit"], unit=study.spec.columns.time_unit)
