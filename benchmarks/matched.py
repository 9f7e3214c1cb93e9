"""Animals before a known end against others like them that stay: windows, matched controls, alerts at equal false ones.

A case is the window of days before an animal's end. Its controls are the same windows, at the same age (or the same
days in milk), of other animals of its stratum that are known to stay for long. Whoever stays by another clock, as the
same animals long before, differs by growth and age alone. All limits come from the controls of other animals than those
they judge; intervals are percentiles over animals drawn anew, the limits with them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from explorer.change.panel import Bools, Floats, Ints, Panel

CASE, CONTROL, EARLIER = 0, 1, 2
FOLDS = 5


@dataclass(frozen=True, eq=False)
class Spans:
    """Stretches of animals' lives on which a clock runs, m in all: ``animal`` int64, the day on which its clock is 0
    (``start``), days ``low`` to ``high`` that it covers, the day up to which the animal is ``known`` to be there, and
    the ``stratum``, int64, in which controls are looked for."""

    animal: Ints
    start: Floats
    low: Floats
    high: Floats
    known: Floats
    stratum: Ints


@dataclass(frozen=True, eq=False)
class Windows:
    """``kind``: int64, CASE, CONTROL or EARLIER (a case's own animal, long before). ``animal``: int64. ``first``,
    ``last``: int64, its rows in the panel, the last one excluded. ``weight``: of a case 1, shared by its controls."""

    kind: Ints
    animal: Ints
    first: Ints
    last: Ints
    weight: Floats


def rows_before(panel: Panel, animal: Ints, day: Floats, width: float, learning: int) -> tuple[Ints, Ints]:
    """Rows of ``animal`` in the ``width`` days before ``day`` (that day excluded), from its visit ``learning`` on."""
    every = np.concatenate([panel.day, day])
    base = float(every.min()) - width
    stride = float(every.max()) - base + 1
    keys = panel.animal * stride + panel.day - base
    begins = np.searchsorted(panel.animal, animal) + learning
    low, high = (np.searchsorted(keys, animal * stride + one - base, side="left") for one in (day - width, day))
    return np.maximum(low, begins).astype(np.int64), high.astype(np.int64)


def matched_windows(
    panel: Panel,
    spans: Spans,
    case: Ints,
    day: Floats,
    *,
    width: float,
    free: float,
    earlier: float,
    learning: int,
    near: float = np.inf,
    most: int = 4,
    seed: int = 0,
) -> Windows:
    """Windows of ``width`` days before ``day`` of the spans ``case`` and of up to ``most`` controls of each.

    A control has the same stratum and the same time on its clock, is another animal, is known to be there for more than
    ``free`` days after, and its day lies within ``near`` days of the case's. Cases without a visit after learning in
    their window, or without a control, are left out. ``earlier``: days before, for the windows of the same animals.
    """
    rng = np.random.default_rng(seed)
    first, last = rows_before(panel, spans.animal[case], day, width, learning)
    kinds, found = [], []
    by_stratum = {int(one): np.flatnonzero(spans.stratum == one) for one in np.unique(spans.stratum[case])}
    for at in np.flatnonzero(last > first):
        span = case[at]
        able = by_stratum[int(spans.stratum[span])]
        clock = day[at] - spans.start[span]
        when = spans.start[able] + clock
        like = (spans.animal[able] != spans.animal[span]) & (spans.known[able] - when > free)
        like &= (spans.low[able] <= when) & (when <= spans.high[able]) & (np.abs(when - day[at]) <= near)
        able, when = able[like], when[like]
        begin, end = rows_before(panel, spans.animal[able], when, width, learning)
        seen = rng.permutation(np.flatnonzero(end > begin))[:most]
        if not len(seen):
            continue
        found.append((spans.animal[span], first[at], last[at], 1.0))
        found += [(spans.animal[able[one]], begin[one], end[one], 1 / len(seen)) for one in seen]
        kinds += [CASE, *[CONTROL] * len(seen)]
        own = spans.animal[span : span + 1]
        (past,), (until,) = rows_before(panel, own, day[at : at + 1] - earlier, width, learning)
        if until > past:
            found.append((own[0], past, until, 1.0))
            kinds.append(EARLIER)
    table = np.array(found, dtype=np.float64).reshape(-1, 4)
    animal, begins, ends = table[:, :3].astype(np.int64).T
    return Windows(np.array(kinds, dtype=np.int64), animal, begins, ends, table[:, 3])


def largest(values: Floats, first: Ints, last: Ints) -> Floats:
    """The largest of ``values`` (n,) from row ``first`` to before ``last`` of each window; -inf in an empty one."""
    bounds = np.column_stack([first, np.maximum(last, first)]).ravel()
    padded = np.append(values, -np.inf)  # a window may end with the last row
    return np.where(last > first, np.maximum.reduceat(padded, bounds)[::2], -np.inf)


def folds_of(animals: int, seed: int = 0) -> Ints:
    """The fold of each animal, int64 (animals,)."""
    return np.random.default_rng([seed, 5]).permutation(animals) % FOLDS


def tails(scores: Floats, weights: Floats) -> Floats:
    """Share of ``weights`` (n,) on scores as large as each of ``scores`` (n,), itself and its equals included."""
    _, codes = np.unique(-scores, return_inverse=True)
    return np.asarray((np.cumsum(np.bincount(codes, weights)) / weights.sum())[codes], dtype=np.float64)


def limits_of(scores: Floats, weights: Floats, rate: float) -> Floats:
    """Limits, one for each channel of ``scores`` (n, c), beyond any of which lies at most a share ``rate``.

    Every channel has the same tail. Equal scores are all beyond a limit or none is.
    """
    tail = np.column_stack([tails(one, weights) for one in scores.T])
    nearest = tail.min(axis=1)
    beyond = tails(-nearest, weights)
    allowed = nearest[beyond <= rate].max(initial=0.0)
    return np.array([one[share > allowed].max(initial=-np.inf) for one, share in zip(scores.T, tail.T, strict=True)])


@dataclass(frozen=True, eq=False)
class Shares:
    """Shares of windows alerted, float64 (draws + 1,) each; the first is of the animals as they are."""

    case: Floats
    control: Floats
    earlier: Floats


def shares_at(
    scores: Mapping[str, Floats], windows: Windows, fold: Ints, rate: float, *, draws: int = 500, seed: int = 0
) -> dict[str, Shares]:
    """What each method of ``scores``, float64 (windows, channels), alerts to when of the controls of other folds at
    most ``rate`` are alerted."""
    here = fold[windows.animal]
    found: dict[str, list[tuple[float, ...]]] = {name: [] for name in scores}
    for weight in drawn_weights(windows, draws, seed):
        for name, score in scores.items():
            limits = fold_limits(score, windows, here, weight, rate)
            alerted = (score > limits[here]).any(axis=1)
            found[name].append(_by_kind(alerted, windows, weight))
    return {name: Shares(*np.array(one).T) for name, one in found.items()}


def fold_limits(score: Floats, windows: Windows, fold: Ints, weight: Floats, rate: float) -> Floats:
    """Limits of each fold's windows by the controls of the others, float64 (FOLDS, channels); ``fold`` (windows,)."""
    learnt = [(windows.kind == CONTROL) & (fold != one) & (weight > 0) for one in range(FOLDS)]
    return np.stack([limits_of(score[rows], weight[rows], rate) for rows in learnt])


def shares_of(alerted: Bools, windows: Windows, *, draws: int = 500, seed: int = 0) -> Shares:
    """The same where it is settled already which windows are ``alerted``, bool (windows,)."""
    return Shares(*np.array([_by_kind(alerted, windows, weight) for weight in drawn_weights(windows, draws, seed)]).T)


def drawn_weights(windows: Windows, draws: int, seed: int) -> Iterator[Floats]:
    """Weights of the windows as they are, then ``draws`` times with animals drawn anew."""
    rng = np.random.default_rng([seed, 6])
    who, own = np.unique(windows.animal, return_inverse=True)
    yield windows.weight
    for _ in range(draws):
        yield windows.weight * np.bincount(rng.integers(0, len(who), len(who)), minlength=len(who))[own]


def _by_kind(alerted: Bools, windows: Windows, weight: Floats) -> tuple[float, ...]:
    shares = []
    for kind in (CASE, CONTROL, EARLIER):
        part = windows.kind == kind
        total = weight[part].sum()
        shares.append(float(weight[part] @ alerted[part] / total) if total > 0 else np.nan)
    return tuple(shares)


def told(values: Floats, *, sign: bool = False) -> str:
    """The first of ``values`` with the 95 % interval of the others, in per cent."""
    low, high = np.nanquantile(values[1:], [0.025, 0.975])
    plus = "+" if sign else ""
    return f"{100 * values[0]:{plus}.1f} ({100 * low:{plus}.1f} to {100 * high:{plus}.1f})"


HEAD = "| method | before the end, alerted % | controls, alerted % | same animals earlier, % |"


def table_of(found: Mapping[str, Shares], simple: tuple[str, ...], ours: tuple[str, ...]) -> str:
    """Markdown of one false alert rate, with the difference of each of ``ours`` to the best of the ``simple`` rules."""
    best = max(simple, key=lambda name: found[name].case[0])
    lines = [f"{HEAD} less {best} |", "|---|---|---|---|---|"]
    for name, one in found.items():
        lead = told(one.case - found[best].case, sign=True) if name in ours else ""
        lines.append(f"| {name} | {told(one.case)} | {told(one.control)} | {told(one.earlier)} | {lead} |")
    leader = max(ours, key=lambda name: found[name].case[0])
    low = float(np.quantile((found[leader].case - found[best].case)[1:], 0.025))
    verdict = "beaten" if low > 0 else "not beaten"
    lines.append(f"\nBest simple rule: {best}; {verdict} by the best of ours, {leader}.")
    return "\n".join(lines)


def report(
    scores: Mapping[str, Floats],
    windows: Windows,
    fold: Ints,
    simple: tuple[str, ...],
    ours: tuple[str, ...],
    *,
    draws: int = 500,
) -> None:
    """Print the tables at 5 and 10 % false alerts, with the numbers of windows and animals."""
    print(counted(windows))
    for rate in (0.05, 0.1):
        print(f"\n#### {rate:.0%} of the controls\n")
        print(table_of(shares_at(scores, windows, fold, rate, draws=draws), simple, ours), flush=True)


def counted(windows: Windows) -> str:
    """How many windows, animals and visits there are of each kind."""
    lines = []
    for kind, name in ((CASE, "cases"), (CONTROL, "controls"), (EARLIER, "the same animals earlier")):
        part = windows.kind == kind
        visits = (windows.last - windows.first)[part].mean()
        animals = len(np.unique(windows.animal[part]))
        lines.append(f"{name}: {part.sum():,} windows of {animals:,} animals, {visits:.2f} visits in one")
    return "\n".join(lines)
