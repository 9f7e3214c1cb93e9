"""Change points looking back, beside published ones: F1 and cover on human annotations of the Turing data set.

python -m benchmarks.change_points FOLDER [--draws N]

FOLDER: series.csv.gz, annotations.csv and published_default_scores.csv. Definitions as in van den Burg and Williams
(2020, An evaluation of change point detection algorithms, section 4): F1 with a margin of 5, precision against all
annotators together, recall the mean over them; cover the mean over them of the covering metric. ZERO never says that
anything changed. Intervals are over series. It is no part of ``python -m benchmarks``: the series are not ours to ship.
"""

import argparse
from collections.abc import Collection, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from explorer.change.panel import Bools, Floats
from explorer.change.retrospective import SEARCHES, change_points

MARGIN = 5
SYNTHETIC = "quality_control"
PUBLISHED = ("amoc", "binseg", "bocpd", "pelt", "zero")


def matched(true: Collection[int], said: Collection[int], margin: int = MARGIN) -> int:
    """How many of ``true`` have one of ``said`` within ``margin``, each of which counts once, the nearest first."""
    left = set(said)
    found = 0
    for place in sorted(true):
        near = sorted((abs(place - one), one) for one in left if abs(place - one) <= margin)
        if near:
            left.remove(near[0][1])
            found += 1
    return found


def f1_of(annotations: Sequence[Collection[int]], said: Collection[int], margin: int = MARGIN) -> float:
    """F1 of change points ``said`` against those of each annotator; the start of a series counts as one in all."""
    own = {0, *said}
    each = [{0, *one} for one in annotations]
    together = set().union(*each)
    precision = matched(together, own, margin) / len(own)
    recall = float(np.mean([matched(one, own, margin) / len(one) for one in each]))
    return 2 * precision * recall / (precision + recall)


def cover_of(annotations: Sequence[Collection[int]], said: Collection[int], length: int) -> float:
    """How well the parts between change points cover those of each annotator: overlap over union, by length, mean."""
    own = _parts(said, length)
    covers = []
    for one in annotations:
        total = 0.0
        for start, end in _parts(one, length):
            overlaps = [(min(end, stop) - max(start, begin), max(end, stop) - min(start, begin)) for begin, stop in own]
            total += (end - start) * max(both / either for both, either in overlaps if both > 0)
        covers.append(total / length)
    return float(np.mean(covers))


def _parts(points: Collection[int], length: int) -> list[tuple[int, int]]:
    ends = [0, *sorted(one for one in set(points) if 0 < one < length), length]
    return list(pairwise(ends))


def main() -> None:
    """Check the metrics against the published ZERO row, then print the tables."""
    parser = argparse.ArgumentParser(description="Change points looking back.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--draws", type=int, default=2_000)
    options = parser.parse_args()
    values = pd.read_csv(options.folder / "series.csv.gz")
    marks = pd.read_csv(options.folder / "annotations.csv")
    published = pd.read_csv(options.folder / "published_default_scores.csv")
    scores: dict[str, dict[str, tuple[float, float]]] = {}
    several = []
    for name, part in values.groupby("series"):
        wide = part.pivot_table(index="t", columns="dimension", values="value", dropna=False).sort_index()
        if wide.shape[1] > 1:
            several.append(str(name))
            continue
        signal = wide.iloc[:, 0].to_numpy(dtype=np.float64)
        of_series = marks[marks["series"] == name]
        annotations = [
            [int(place) for place in one["changepoint_t"].dropna()] for _, one in of_series.groupby("annotator")
        ]
        said = {f"ours, {search}": change_points(signal, search=search).tolist() for search in SEARCHES}
        said["ZERO, ours"] = []
        scores[str(name)] = {
            method: (f1_of(annotations, one), cover_of(annotations, one, len(signal))) for method, one in said.items()
        }
    ours = {method: np.array([one[method] for one in scores.values()]) for method in next(iter(scores.values()))}
    zero = published[published["method"] == "zero"].set_index("series")[["f1", "cover"]].reindex(list(scores))
    away = np.nanmax(np.abs(zero.to_numpy() - ours["ZERO, ours"]))
    print(f"{len(scores)} series of one dimension; left out, with more: {', '.join(several) or 'none'}")
    print(f"largest difference of our ZERO to the published one: {away:.1e}\n")
    theirs = {
        f"published, {method}": published[published["method"] == method]
        .set_index("series")[["f1", "cover"]]
        .reindex(list(scores))
        .to_numpy(dtype=np.float64)
        for method in PUBLISHED
    }
    real = np.array([not name.startswith(SYNTHETIC) for name in scores])
    for title, some in (("all", np.ones(len(real), dtype=bool)), ("without the synthetic ones", real)):
        print(f"### {title}: {some.sum()} series\n")
        print(_table({**ours, **theirs}, some, options.draws))


def _table(scores: dict[str, Floats], some: Bools, draws: int) -> str:
    rng = np.random.default_rng(0)
    drawn = [np.flatnonzero(some), *(rng.choice(np.flatnonzero(some), some.sum()) for _ in range(draws))]
    lines = ["| method | series | F1 | F1 less ZERO | cover | cover less ZERO |", "|---|---|---|---|---|---|"]
    zero = scores["ZERO, ours"]
    for name, one in scores.items():
        cells = []
        for place in (0, 1):
            both = (one[:, place], one[:, place] - zero[:, place])
            cells += [_told([float(np.nanmean(values[rows])) for rows in drawn]) for values in both]
        lines.append(f"| {name} | {np.isfinite(one[some, 0]).sum()} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _told(values: Sequence[float]) -> str:
    low, high = np.quantile(values[1:], [0.025, 0.975])
    return f"{values[0]:.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    main()
