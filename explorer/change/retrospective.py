"""Where a series changed, looking back at all of it: change points, for a view of their own and never for an alert.

Out of the box such methods hardly beat saying "nothing changed" (van den Burg and Williams, 2020), and they look at
both sides of a change, which nobody has when it happens.
"""

from typing import Literal, get_args

import numpy as np

from explorer.change.panel import Floats, Ints
from explorer.errors import UserError

Search = Literal["pelt", "binary segmentation", "window"]
SEARCHES: tuple[Search, ...] = get_args(Search)

FEWEST = 4
"""Values below which nothing can be told of a change."""

_SHORTEST = 2


def change_points(values: Floats, *, search: Search = "pelt", penalty: float | None = None) -> Ints:
    """Places in ``values`` (n,), in the order of time, at which a new level begins; ascending int64, none at 0.

    Least squares about the level of each part (Killick et al., 2012, for PELT; ``ruptures``, Truong et al., 2020),
    after scaling by the standard deviation of all values, as the published defaults do: scaled by the spread between
    neighbours, whatever wanders, as weights do, would be cut into many levels. penalty: of each change, in squared
    standard deviations; by default 3 log n (a strengthened BIC). Missing values are passed over; the place is that of
    the first value of the new level.

    Raises UserError for an unknown search, for infinite values and for a penalty that is not above 0.
    """
    if search not in SEARCHES:
        raise UserError(f"there is no search {search!r}", how=f"There are: {', '.join(SEARCHES)}")
    if np.isinf(values).any():
        raise UserError("an infinite value has no level", how="Leave it out")
    if penalty is not None and not penalty > 0:
        raise UserError(f"the penalty must be above 0, not {penalty}", how="Leave it out")
    known = np.flatnonzero(~np.isnan(values))
    signal = np.asarray(values, dtype=np.float64)[known]
    if len(signal) < FEWEST or np.ptp(signal) == 0:
        return np.empty(0, dtype=np.int64)
    import ruptures

    scaled = ((signal - signal.mean()) / signal.std())[:, None]
    cost = 3 * np.log(len(signal)) if penalty is None else penalty
    if search == "pelt":
        found = ruptures.Pelt(model="l2", min_size=_SHORTEST, jump=1).fit(scaled).predict(pen=cost)
    elif search == "binary segmentation":
        found = ruptures.Binseg(model="l2", min_size=_SHORTEST, jump=1).fit(scaled).predict(pen=cost)
    else:
        width = max(2 * _SHORTEST, min(20, 2 * (len(signal) // 4)))
        found = ruptures.Window(width=width, model="l2", min_size=_SHORTEST, jump=1).fit(scaled).predict(pen=cost)
    return known[np.array(found[:-1], dtype=np.int64)]
