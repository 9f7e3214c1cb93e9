"""What the arms and the app itself say of windows of animals' lives."""

from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.matched import FOLDS, HEAD, Windows, largest, shares_of, told
from explorer.change.arms import METHODS, Method, channels
from explorer.change.backgrounds import YEAR, Backgrounds
from explorer.change.clock import Clock
from explorer.change.following import Followed, follow_series
from explorer.change.normal_inverse_gamma import Side, sizes
from explorer.change.panel import Bools, Floats, Ints, Panel
from explorer.change.reference import Settings, fit_reference
from explorer.change.series import Series

OURS = ("two-channel", "spike-only", "shift-only", "frozen")
SIMPLE: tuple[Method, ...] = ("since-last", "since-first", "own-best")
MEASURED = tuple(f"{one}, as measured" for one in SIMPLE)


def scores_of(
    panel: Panel, values: Floats, backgrounds: Backgrounds, healthy: Bools, fold: Ints, windows: Windows, side: Side
) -> dict[str, Floats]:
    """Of every method its largest sizes in each window, float64 (windows, channels); what a fold is judged by is
    learnt from the ``healthy`` visits of the others. The simple rules once more on ``values`` as they were measured."""
    out: dict[str, Floats] = {}
    for one in range(FOLDS):
        learnt = healthy & (fold[panel.animal] != one)
        used = panel.only(learnt)
        every = np.ones(len(used), dtype=bool)
        reference = fit_reference(
            used, values[learnt], backgrounds.only(learnt), every, Settings(side=side), float(panel.day.max())
        )
        herd, baseline = reference.herd, reference.baseline
        residual = values - reference.expected(panel, values, backgrounds)
        memory = "all visits" if herd.memory is None else f"{herd.memory:.0f} visits"
        print(
            f"fold {one}: SD within {np.sqrt(herd.within):.3g}, between {np.sqrt(herd.between):.3g}, "
            f"autocorrelation {baseline.phi:.2f} at {baseline.gap:.0f} days, memory of {memory}",
            flush=True,
        )
        test = fold[windows.animal] == one
        wanted = [(str(method), method, residual) for method in METHODS]
        wanted += [(name, rule, values) for name, rule in zip(MEASURED, SIMPLE, strict=True)]
        for name, method, series in wanted:
            parts = channels(method, panel, series, herd)
            made = [largest(sizes(part, side), windows.first, windows.last) for part in parts]
            out.setdefault(name, np.empty((len(test), len(made))))[test] = np.column_stack(made)[test]
    return out


def as_the_app(
    name: str,
    panel: Panel,
    values: Floats,
    backgrounds: Backgrounds,
    *,
    rate: float,
    healthy: Callable[[Series, float], Bools] | None = None,
) -> Followed:
    """The herd followed through time with the app's own settings: nothing of it knows folds, only the past."""
    names = tuple(str(one) for one in range(int(panel.animal.max()) + 1))
    ones = np.ones(len(values), dtype=np.int64)
    series = Series(name, name, "", None, Clock(None), names, panel.animal, panel.day, values, ones, ones)
    return follow_series(series, backgrounds, Settings(rate=rate), healthy=healthy)


def app_table(followed: Sequence[Followed], windows: Windows, healthy: Bools, *, draws: int = 500) -> str:
    """Markdown of the windows with any alert and any new one of ``followed``, which share their visits, and of the
    ``healthy`` animal-years, bool (visits,), with a new one beside what was promised."""
    alerted, new = (np.any([getattr(one, name) for one in followed], axis=0) for name in ("alerted", "new"))
    lines = [HEAD, "|---|---|---|---|"]
    for name, rows in (("two-channel as in the app, alerted", alerted), ("the same, newly alerted", new)):
        one = shares_of(largest(rows.astype(np.float64), windows.first, windows.last) > 0, windows, draws=draws)
        lines.append(f"| {name} | {told(one.case)} | {told(one.control)} | {told(one.earlier)} |")
    rates, years = realised(followed[0], new, healthy, draws=draws)
    promised = 1 - np.prod([1 - one.settings.rate for one in followed])
    lines.append(
        f"\nOf {years:,.0f} healthy animal-years {told(rates)} % have a new alert; {promised:.0%} were promised."
    )
    return "\n".join(lines)


def realised(
    followed: Followed, new: Bools, healthy: Bools, *, draws: int = 500, seed: int = 0
) -> tuple[Floats, float]:
    """Share of healthy animal-years with one of ``new``, as it is and with animals drawn anew; and these years.

    An animal is watched from its first monitored visit's forerunner to its last healthy one.
    """
    panel = followed.panel
    watched = followed.monitored & healthy
    gaps = np.where(watched, np.nan_to_num(panel.gaps), 0.0)
    span = np.bincount(panel.animal, gaps) / YEAR
    year = np.floor((panel.day - panel.day.min()) / YEAR).astype(np.int64)
    pairs = np.unique(np.column_stack([panel.animal, year])[new & watched], axis=0)
    hits = np.bincount(pairs[:, 0], minlength=len(span)).astype(np.float64)
    rng = np.random.default_rng([seed, 7])
    who = np.flatnonzero(span > 0)
    rates = [hits.sum() / span.sum()]
    for _ in range(draws):
        some = rng.choice(who, len(who))
        rates.append(hits[some].sum() / span[some].sum())
    return np.array(rates), float(span.sum())
