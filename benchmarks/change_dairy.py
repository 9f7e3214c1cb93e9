"""Alerts on milk and cell count in the 60 days before slaughter or death, against cow-time that stays; and the speed.

python -m benchmarks.change_dairy FOLDER [--draws N] [--cows N] [--speed]

FOLDER: monthly milk records as tables, milk_tests.csv.gz and events.csv.gz. A control is a cow of the same herd and
parity (1, 2, 3 and more) at the same day in milk, within 90 days of the same date, that stays for more than 200 days.
It is no part of ``python -m benchmarks``: the data are not ours to ship.
"""

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from benchmarks.judged import MEASURED, OURS, SIMPLE, app_table, as_the_app, scores_of
from benchmarks.matched import Spans, Windows, folds_of, matched_windows, report
from explorer.change.alerts import alerts_of
from explorer.change.backgrounds import YEAR, Backgrounds
from explorer.change.known_backgrounds import backgrounds_of
from explorer.change.monitor import Monitor, monitor_of
from explorer.change.normal_inverse_gamma import LEARNING, Side
from explorer.change.panel import Bools, Floats, Ints, panel_of
from explorer.change.series import Series
from explorer.study.schema import About, Columns, Derive, StudyFile, Variable, study_file_text
from explorer.study.study import open_study

WIDTH, FREE, EARLIER, NEAR = 60.0, 200.0, 365.0, 90.0
GONE = ("exit_slaughter", "exit_death")
CASES = 4_000
COVARIATES = ("dim", "parity")
MORE = 500
"""Cows of which one more visit is timed."""
SIDES: dict[str, Side] = {"milk_kg": "down", "log2_cells": "up"}


def read(folder: Path, cows: int | None, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tests, sorted, with days as numbers and the binary logarithm of the cell count, and events of the same cows."""
    tests = pd.read_csv(folder / "milk_tests.csv.gz", parse_dates=["date", "birth_date", "calv_date"])
    events = pd.read_csv(folder / "events.csv.gz", parse_dates=["date"])
    tests["log2_cells"] = np.log2(tests["scc_1000_per_ml"].clip(lower=1))
    tests = tests.dropna(subset=["milk_kg", "log2_cells", "dim", "calv_date"])
    names = tests["animal_id"].unique()
    if cows is not None:
        names = np.random.default_rng(seed).permutation(names)[:cows]
    tests = tests[tests["animal_id"].isin(names)].sort_values(["animal_id", "date"], ignore_index=True)
    return tests, events[events["animal_id"].isin(names)]


def days_of(dates: "pd.Series[pd.Timestamp]") -> Floats:
    """Days since 1970, NaN where missing."""
    return ((dates - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)).to_numpy(dtype=np.float64)


def compared(folder: Path, cows: int | None, draws: int) -> None:
    """Print the tables."""
    tests, events = read(folder, cows)
    names, animal = np.unique(tests["animal_id"].to_numpy(dtype=str), return_inverse=True)
    panel = panel_of(animal.astype(np.int64), days_of(tests["date"]))
    parity = np.minimum(tests["parity"].to_numpy(), 5).astype(int)
    backgrounds = Backgrounds(
        {"age": (panel.day - days_of(tests["birth_date"])) / YEAR, "dim": tests["dim"].to_numpy(dtype=np.float64)},
        panel.day / YEAR % 1,
        {"parity": parity.astype(str)},
        len(tests),
    )
    leaving = events[events["event"].str.startswith("exit_")].groupby("animal_id")["date"].max().reindex(names)
    ends = events[events["event"].isin(GONE)].groupby("animal_id")["date"].max().reindex(names)
    left, end = days_of(leaving), days_of(ends)
    last_seen = panel.day[np.append(animal[1:] != animal[:-1], True)]
    known = np.where(np.isfinite(left), left, last_seen)

    lactations = tests.assign(code=animal, group=np.minimum(parity, 3)).groupby(["code", "calv_date"], as_index=False)
    spans_table = lactations.agg(herd=("place_herd", "first"), group=("group", "first"), until=("date", "max"))
    code = spans_table["code"].to_numpy(dtype=np.int64)
    calved = days_of(spans_table["calv_date"])
    following = np.append(np.where(code[1:] == code[:-1], calved[1:], np.inf), np.inf)
    stratum = spans_table.groupby(["herd", "group"]).ngroup().to_numpy(dtype=np.int64)
    spans = Spans(code, calved, calved, np.minimum(following, known[code]), known[code], stratum)
    latest = np.flatnonzero(np.append(code[1:] != code[:-1], True))
    case = latest[np.isfinite(end[code[latest]])]
    case = np.sort(np.random.default_rng(0).permutation(case)[:CASES])
    windows = matched_windows(
        panel, spans, case, end[code[case]],
        width=WIDTH, free=FREE, earlier=EARLIER, learning=LEARNING, near=NEAR,
    )  # fmt: skip
    healthy = ~(end[animal] - panel.day <= FREE)
    fold = folds_of(len(names))

    def well(series: Series, until: float) -> Bools:
        """Ends that were known by then, as the app takes events."""
        own = end[series.animal]
        return ~((own <= until) & (own - series.day <= WIDTH))

    scores: dict[str, dict[str, Floats]] = {}
    together = []
    for name, side in SIDES.items():
        print(f"\n### {name}, {side}\n", flush=True)
        values = tests[name].to_numpy(dtype=np.float64)
        scores[name] = scores_of(panel, values, backgrounds, healthy, fold, windows, side)
        _report(scores[name], windows, fold, draws)
        followed = as_the_app(name, panel, values, backgrounds, rate=0.05, healthy=well)
        print(app_table([followed], windows, healthy, draws=draws), flush=True)
        together.append(as_the_app(name, panel, values, backgrounds, rate=1 - 0.95**0.5, healthy=well))
    print("\n### either of the two\n")
    either = {name: np.hstack([one[name] for one in scores.values()]) for name in scores["milk_kg"]}
    _report(either, windows, fold, draws)
    print(app_table(together, windows, healthy, draws=draws))


def _report(scores: dict[str, Floats], windows: Windows, fold: Ints, draws: int) -> None:
    report(scores, windows, fold, (*SIMPLE, *MEASURED), OURS, draws=draws)


def speed(folder: Path) -> None:
    """Print the time that alerts of growing parts of the herds take, three variables together."""
    print("| cows | tests | seconds | seconds of processor | per 1,000 tests | load |")
    print("|---|---|---|---|---|---|")
    sizes: list[int] = []
    seconds: list[float] = []
    for cows in (784, 1_568, 3_136, None):
        tests, _ = read(folder, cows)
        with TemporaryDirectory() as where:
            study = Path(where)
            columns = ["animal_id", "date", "birth_date", "parity", "dim", "milk_kg", "protein_pct", "log2_cells"]
            tests.assign(parity=tests["parity"].clip(upper=5))[columns].to_parquet(study / "observations.parquet")
            (study / "study.toml").write_text(study_file_text(_described()))
            opened = open_study(study)
            start, processor = time.perf_counter(), time.process_time()
            found = alerts_of(opened, ["milk", "protein", "cells"], covariates=COVARIATES)
            took, worked = time.perf_counter() - start, time.process_time() - processor
        print(
            f"| {tests['animal_id'].nunique():,} | {len(tests):,} | {took:.1f} | {worked:.1f} | "
            f"{1000 * worked / len(tests):.2f} | {os.getloadavg()[0]:.1f} |",
            flush=True,
        )
        sizes.append(len(tests))
        seconds.append(worked)
    print(f"\n{curve(sizes, seconds)}")
    milk = found.followed["milk"]
    backgrounds = backgrounds_of(opened, milk.series, COVARIATES)
    monitor = monitor_of(milk, backgrounds)
    rows = np.append(np.flatnonzero(np.diff(milk.panel.animal)), len(milk.panel) - 1)[:MORE]
    times = [_one_more(monitor, milk.series, int(row), backgrounds.only(np.array([row]))) for row in rows]
    print(
        f"\none more visit of one cow, {len(times)} of them: median {1e3 * np.median(times):.1f} ms, "
        f"slowest {1e3 * max(times):.1f} ms"
    )


def curve(sizes: Sequence[int], seconds: Sequence[float], width: int = 60) -> str:
    """Seconds by size as bars; ``|`` is where each would end if every test cost as much as those of the first."""
    linear = [seconds[0] * one / sizes[0] for one in sizes]
    dots = width / max(*linear, *seconds)
    lines = []
    for size, took, as_many in zip(sizes, seconds, linear, strict=True):
        bar = list("█" * round(dots * took) + " " * (width + 1))[: width + 1]
        bar[round(dots * as_many)] = "|"
        lines.append(f"{size:>9,} {''.join(bar)} {took:.1f} s")
    return "\n".join(lines)


def _one_more(monitor: Monitor, series: Series, row: int, backgrounds: Backgrounds) -> float:
    """Seconds to judge once more the last visit of an animal."""
    start = time.perf_counter()
    monitor.add(series.animals[series.animal[row]], float(series.value[row]), backgrounds)
    return time.perf_counter() - start


def _described() -> StudyFile:
    age = Derive.model_validate({"from": "birth_date", "as": "age"})
    return StudyFile(
        study=About(name="Dairy herds"),
        columns=Columns(animal="animal_id", time="date"),
        variables={
            "parity": Variable(column="parity", kind="ordinal"),
            "dim": Variable(column="dim", kind="continuous", unit="days"),
            "age": Variable(derive=age, kind="continuous", unit="years"),
            "milk": Variable(column="milk_kg", kind="continuous", role="task", unit="kg", relevant_change=5.0),
            "protein": Variable(column="protein_pct", kind="continuous", role="task", unit="%"),
            "cells": Variable(column="log2_cells", kind="continuous", role="task"),
        },
    )


def main() -> None:
    """Print the tables, or with --speed the times."""
    parser = argparse.ArgumentParser(description="Alerts before slaughter or death.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--cows", type=int, help="so many of the cows, drawn")
    parser.add_argument("--speed", action="store_true")
    options = parser.parse_args()
    if options.speed:
        speed(options.folder)
    else:
        compared(options.folder, options.cows, options.draws)


if __name__ == "__main__":
    main()
