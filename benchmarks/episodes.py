"""A simulated herd's hidden truth as windows: episodes, half-years of healthy animals, and what every visit came to.

Baselines are learnt on four fifths of the animals outside episodes, limits on their healthy half-years; the other fifth
is judged.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.matched import CASE, CONTROL, EARLIER, FOLDS, Windows, fold_limits, largest, rows_before
from explorer.change.arms import Method, channels
from explorer.change.calibrating import healthy_of, limits_at, made_healthy, raised
from explorer.change.clock import clock_of
from explorer.change.known_backgrounds import backgrounds_of
from explorer.change.normal_inverse_gamma import LEARNING, sizes
from explorer.change.panel import Bools, Floats, Ints, Panel
from explorer.change.reference import Settings, fit_reference
from explorer.change.series import series_of
from explorer.study.simulating.herd import truth_of
from explorer.study.study import Study, open_study

Episode = dict[str, Any]

HALF_YEAR = 182.0
SHARE = 0.01
"""Of healthy animal-years that each of five series may alert."""
AFTER, SETTLED = 30, 42
"""Days after the worst ones in which an alert still counts, and days before an animal is judged."""


@dataclass(frozen=True, eq=False)
class Spans:
    """What is judged: ``animal`` int64, ``begin`` and ``end`` (day excluded) float64, ``kind`` as of ``Windows``;
    ``episode``: place in the truth's list, -1 for none."""

    animal: Ints
    begin: Floats
    end: Floats
    kind: Ints
    episode: Ints

    def only(self, rows: Bools) -> "Spans":
        """Some of them, bool (spans,)."""
        return Spans(self.animal[rows], self.begin[rows], self.end[rows], self.kind[rows], self.episode[rows])


def opened(folder: Path) -> tuple[Study, list[Episode], Spans]:
    """A simulated study, the episodes of its truth and what is judged of it."""
    study = open_study(folder)
    episodes: list[Episode] = json.loads((truth_of(folder) / "episodes.json").read_text())
    return study, episodes, spans_of(study, episodes)


def said(spans: Spans) -> str:
    """How much there is to judge, in a sentence."""
    healthy = spans.kind == CONTROL
    animals = len(np.unique(spans.animal[healthy]))
    return f"{(spans.kind == CASE).sum()} episodes; {healthy.sum()} half-years of {animals} animals that stay healthy"


def spans_of(study: Study, episodes: Sequence[Episode], seed: int = 0) -> Spans:
    """Episodes; half-years of animals that never fall ill; and days of them, drawn, as many as each episode has."""
    rng = np.random.default_rng(seed)
    assert study.animal is not None and study.time is not None
    codes = study.animal.cat.codes.to_numpy().astype(np.int64)
    days = clock_of(study).days(study.time)
    count = len(study.animal.cat.categories)
    first, last = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(first, codes, days)
    np.maximum.at(last, codes, days)
    places = {str(name): code for code, name in enumerate(study.animal.cat.categories)}
    ill = {places[one["animal"]] for one in episodes}
    rows: list[tuple[float, ...]] = []
    for code in sorted(set(range(count)) - ill):
        begins = np.arange(first[code] + SETTLED, last[code] - HALF_YEAR + 1, HALF_YEAR)
        rows += [(code, begin, begin + HALF_YEAR, CONTROL, -1) for begin in begins]
    able = sorted({int(row[0]) for row in rows})
    for place, one in enumerate(episodes):
        begin = float((np.datetime64(one["onset"]) - np.datetime64("1970-01-01")).astype(int))
        length = one["rise"] + one["hold"] + AFTER
        rows.append((places[one["animal"]], begin, begin + length, CASE, place))
        code = rng.choice(able)
        start = rng.integers(first[code] + SETTLED, max(last[code] - length, first[code] + SETTLED + 1))
        rows.append((code, start, start + length, EARLIER, place))
    table = np.array(rows, dtype=np.float64)
    animal, kind, episode = table[:, [0, 3, 4]].astype(np.int64).T
    return Spans(animal, table[:, 1], table[:, 2], kind, episode)


@dataclass(frozen=True, eq=False)
class Judged:
    """One series: its panel, which rows each span has, and by method how far each visit goes, float64 (n,).

    That is the largest channel in units of the limit that the app would set it at ``SHARE``, so that series and
    channels can be taken together and one limit does for all.
    """

    panel: Panel
    first: Ints
    last: Ints
    sizes: dict[Method, Floats]


def judged(study: Study, name: str, spans: Spans, fold: Ints, methods: Sequence[Method]) -> Judged:
    """Every visit of the series ``name`` by what the other folds tell, learnt outside the episodes of ``spans``."""
    series = series_of(study, name)
    panel, backgrounds = series.panel(), backgrounds_of(study, series)
    ill = _in_spans(panel, spans, spans.kind == CASE)
    out: dict[Method, Floats] = {}
    for one in range(FOLDS):
        learnt = ~ill & (fold[panel.animal] != one)
        used = panel.only(learnt)
        every = np.ones(len(used), dtype=bool)
        end = float(panel.day.max())
        reference = fit_reference(used, series.value[learnt], backgrounds.only(learnt), every, Settings(), end)
        residual = series.value - reference.expected(panel, series.value, backgrounds)
        test = fold[panel.animal] == one
        made = made_healthy(used, residual[learnt], reference.baseline, reference.herd.prior)
        past = healthy_of(used, residual[learnt])
        for method in methods:
            own, theirs, real = (
                [sizes(part, "both") for part in channels(method, where, values, reference.herd)]
                for where, values in ((made.panel, made.values), (used, residual[learnt]), (panel, residual))
            )
            limits = raised(limits_at(own, made, SHARE), theirs, past, own, made, SHARE)
            ratios = [part / (limit or 1.0) for part, limit in zip(real, limits, strict=True)]
            out.setdefault(method, np.empty(len(panel)))[test] = np.max(ratios, axis=0)[test]
    first, last = np.empty(len(spans.animal), dtype=np.int64), np.empty(len(spans.animal), dtype=np.int64)
    for width in np.unique(spans.end - spans.begin):
        rows = spans.end - spans.begin == width
        first[rows], last[rows] = rows_before(panel, spans.animal[rows], spans.end[rows], float(width), LEARNING)
    return Judged(panel, first, last, out)


def _in_spans(panel: Panel, spans: Spans, some: Bools) -> Bools:
    inside = np.zeros(len(panel), dtype=bool)
    for animal, begin, end in zip(spans.animal[some], spans.begin[some], spans.end[some], strict=True):
        inside |= (panel.animal == animal) & (panel.day >= begin) & (panel.day < end)
    return inside


def some_of(one: Judged, rows: Bools) -> Judged:
    """The same for some of the spans, bool (spans,)."""
    return Judged(one.panel, one.first[rows], one.last[rows], one.sizes)


def windows_of(spans: Spans) -> Windows:
    """The spans as windows; rows differ from series to series and stay out of it."""
    nothing = np.zeros(len(spans.animal), dtype=np.int64)
    return Windows(spans.kind, spans.animal, nothing, nothing, np.ones(len(spans.animal)))


def scores_of(series: Sequence[Judged], method: Method) -> Floats:
    """How far any of ``series`` goes in each span, float64 (spans, 1)."""
    return np.max([largest(one.sizes[method], one.first, one.last) for one in series], axis=0)[:, None]


def delays(series: Sequence[Judged], method: Method, spans: Spans, fold: Ints, rate: float) -> Floats:
    """Days from onset to the first alert of each episode, float64 (spans,); NaN where there is none."""
    windows, here = windows_of(spans), fold[spans.animal]
    limits = fold_limits(scores_of(series, method), windows, here, windows.weight, rate)[here, 0]
    out = np.full(len(here), np.inf)
    for one in series:
        for span in np.flatnonzero(spans.kind == CASE):
            rows = np.arange(one.first[span], one.last[span])
            beyond = rows[one.sizes[method][rows] > limits[span]]
            if len(beyond):
                out[span] = min(out[span], one.panel.day[beyond[0]] - spans.begin[span])
    return np.where(np.isfinite(out), out, np.nan)


def late_by(late: Floats) -> str:
    """Median and quartiles of days."""
    if not len(late):
        return "–"
    low, middle, high = np.quantile(late, [0.25, 0.5, 0.75])
    return f"{middle:.0f} ({low:.0f} to {high:.0f})"
