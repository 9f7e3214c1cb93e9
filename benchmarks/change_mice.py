"""Alerts on weight in the 90 days before natural death, against other mice like them that live on.

The same age, sex and strain, and more than 200 days to live.

python -m benchmarks.change_mice FOLDER [--draws N]

FOLDER: the SLAM mice as tables, animals.csv and body_composition.csv. Baselines, priors and memories are learnt on four
fifths of the mice, limits on their controls; the other fifth is judged. It is no part of ``python -m benchmarks``: the
data are not ours to ship.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.judged import MEASURED, OURS, SIMPLE, app_table, as_the_app, scores_of
from benchmarks.matched import Spans, folds_of, matched_windows, report
from explorer.change.backgrounds import YEAR, Backgrounds
from explorer.change.normal_inverse_gamma import LEARNING, Side
from explorer.change.panel import Bools, Floats, panel_of
from explorer.change.series import Series

WIDTH, FREE, EARLIER = 90.0, 200.0, 270.0


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--draws", type=int, default=500)
    options = parser.parse_args()
    mice = pd.read_csv(options.folder / "animals.csv", parse_dates=["dob", "exit_date"])
    weights = pd.read_csv(options.folder / "body_composition.csv", parse_dates=["date"])
    sound = (weights["flag_implausible"] == 0) & (weights["flag_after_exit"] == 0)
    weights = weights[sound & weights["body_weight_g"].notna() & weights["animal_id"].isin(mice["animal_id"])]
    visits = weights.groupby(["animal_id", "date"], as_index=False)["body_weight_g"].mean()
    mice = mice.set_index("animal_id").loc[np.unique(visits["animal_id"])]
    animal = mice.index.get_indexer(visits["animal_id"]).astype(np.int64)
    panel = panel_of(animal, _days(visits["date"]))
    values = visits["body_weight_g"].to_numpy(dtype=np.float64)
    born, gone = _days(mice["dob"]), _days(mice["exit_date"])
    natural = (mice["natural_death"] == 1).to_numpy() & np.isfinite(gone)
    kept = np.flatnonzero(np.append(animal[1:] != animal[:-1], True))
    known = np.where(np.isfinite(gone), gone, panel.day[kept])
    texts = {one: mice[one].astype(str).to_numpy() for one in ("sex", "strain")}
    stratum = np.unique(np.char.add(*(one.astype(str) for one in texts.values())), return_inverse=True)[1]
    spans = Spans(np.arange(len(mice)), born, born, known, known, stratum.astype(np.int64))
    case = np.flatnonzero(natural)
    windows = matched_windows(
        panel, spans, case, gone[case], width=WIDTH, free=FREE, earlier=EARLIER, learning=LEARNING
    )
    backgrounds = Backgrounds(
        {"age": (panel.day - born[animal]) / YEAR},
        panel.day / YEAR % 1,
        {name: one[animal] for name, one in texts.items()},
        len(values),
    )
    healthy = ~(natural[animal] & (gone[animal] - panel.day <= FREE))
    fold = folds_of(len(mice))

    def well(series: Series, until: float) -> Bools:
        """Deaths that were known by then, as the app takes events."""
        ends = gone[series.animal]
        return ~(natural[series.animal] & (ends <= until) & (ends - series.day <= WIDTH))

    sides: tuple[tuple[Side, str], ...] = (("down", "falls of weight"), ("both", "changes either way"))
    for side, text in sides:
        print(f"\n### {text}\n", flush=True)
        scores = scores_of(panel, values, backgrounds, healthy, fold, windows, side)
        report(scores, windows, fold, (*SIMPLE, *MEASURED), OURS, draws=options.draws)
    print("\n### as the app follows the herd\n")
    followed = as_the_app("weight", panel, values, backgrounds, rate=0.05, healthy=well)
    print(app_table([followed], windows, healthy, draws=options.draws))


def _days(dates: "pd.Series[pd.Timestamp]") -> Floats:
    return ((dates - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)).to_numpy(dtype=np.float64)


if __name__ == "__main__":
    main()
