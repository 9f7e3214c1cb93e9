"""Alerts against the hidden truth of a simulated herd: which episodes are seen, how late, at which false alerts.

python -m benchmarks.change_truth [STUDY] [--draws N]

STUDY: a simulated study with its truth beside it and an embedding ``herd`` (default: the sample herd). An episode is
seen when any series alerts from its onset to a month after its worst days; chance: the same days of healthy animals.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.episodes import Episode, Spans, delays, judged, late_by, opened, said, scores_of, windows_of
from benchmarks.judged import SIMPLE
from benchmarks.matched import CASE, folds_of, shares_at, shares_of, told
from explorer.change.alerts import alerts_of
from explorer.change.arms import METHODS
from explorer.places import sample_study
from explorer.study.study import Study

MEASURED = ("milk", "weight", "activity", "body_condition", "locomotion")
SEEN = tuple(f"herd:{one}" for one in MEASURED)
RATES = (0.0125, 0.025, 0.05, 0.1)
"""Of healthy half-years; a year has twice as many."""
KINDS = ("lameness", "ketosis", "mastitis")
_SIZES = (("small", False), ("large", True))


def every_method(study: Study, names: Sequence[str], spans: Spans, episodes: Sequence[Episode], draws: int) -> None:
    """Print, for every method: episodes seen by kind and size, and how late, at several false alert rates."""
    assert study.animal is not None
    fold = folds_of(len(study.animal.cat.categories))
    series = [judged(study, name, spans, fold, METHODS) for name in names]
    windows = windows_of(spans)
    case = spans.kind == CASE
    kinds = np.array([episodes[one]["kind"] for one in spans.episode[case]])
    amounts = np.array([episodes[one]["size"] for one in spans.episode[case]])
    large = np.zeros(len(kinds), dtype=bool)
    for kind in KINDS:
        large[kinds == kind] = amounts[kinds == kind] > np.median(amounts[kinds == kind])
    sudden = np.array([episodes[one]["sudden"] for one in spans.episode[case]])
    cells = {f"{kind}, {text}": (kinds == kind) & (large == flag) for kind in KINDS for text, flag in _SIZES}
    cells |= {"sudden": sudden, "slow": ~sudden}
    for rate in (0.025, 0.05):
        print(f"\n#### {2 * rate:.0%} of healthy animal-years\n")
        heads = [f"{name} ({part.sum()})" for name, part in cells.items()]
        print("| method | healthy half-years, % | all seen % | " + " | ".join(heads) + " | days late | chance |")
        print("|" + "---|" * (len(cells) + 5))
        shares = shares_at({method: scores_of(series, method) for method in METHODS}, windows, fold, rate, draws=draws)
        for method, found in shares.items():
            late = delays(series, method, spans, fold, rate)[case]
            seen = np.isfinite(late)
            parts = [f"{100 * seen[part].mean():.0f}" for part in cells.values()]
            print(
                f"| {method} | {told(found.control)} | {told(found.case)} | {' | '.join(parts)} | "
                f"{late_by(late[seen])} | {told(found.earlier)} |",
                flush=True,
            )
        best = max(SIMPLE, key=lambda rule: shares[rule].case[0])
        for other in (best, "ewma"):
            lead = shares["two-channel"].case - shares[other].case
            print(f"\ntwo-channel less {other}: {told(lead, sign=True)} points")
    print("\n#### seen % at other rates\n")
    print("| method | " + " | ".join(f"{2 * rate:.1%} a year" for rate in RATES) + " |")
    print("|---|" + "---|" * len(RATES))
    for method in METHODS:
        scores = {method: scores_of(series, method)}
        told_at = [told(shares_at(scores, windows, fold, rate, draws=draws)[method].case) for rate in RATES]
        print(f"| {method} | {' | '.join(told_at)} |", flush=True)


def the_app(study: Study, names: Sequence[str], spans: Spans, draws: int) -> str:
    """What the app's own alerts at 5 % come to, in a sentence: learnt from the past alone, nothing told of health."""
    assert study.animal is not None
    table = alerts_of(study, names, rate=0.05).table
    codes = study.animal.cat.categories.get_indexer(table["animal_id"])
    day, new = table["day"].to_numpy(), table["new"].to_numpy()
    hit = np.zeros((2, len(spans.animal)), dtype=bool)
    for span, (animal, begin, end) in enumerate(zip(spans.animal, spans.begin, spans.end, strict=True)):
        inside = (codes == animal) & (day >= begin) & (day < end)
        hit[:, span] = inside.any(), (inside & new).any()
    seen, fresh = (shares_of(one, windows_of(spans), draws=draws) for one in hit)
    return (
        f"\nThe app at 5 % a year: {told(seen.case)} % of episodes seen ({told(fresh.case)} % by a new alert), "
        f"{told(fresh.control)} % of healthy half-years with a new alert, {told(seen.earlier)} % by chance."
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables; ``arguments`` as on the command line, by default those given there."""
    parser = argparse.ArgumentParser(description="Alerts against the hidden truth of a simulated herd.")
    parser.add_argument("study", type=Path, nargs="?", default=sample_study("herd"))
    parser.add_argument("--draws", type=int, default=300)
    options = parser.parse_args(arguments)
    study, episodes, spans = opened(options.study)
    print(said(spans))
    for title, names in (("measured", MEASURED), ("from pictures, through the encoder", SEEN)):
        print(f"\n### {title}: {', '.join(names)}", flush=True)
        every_method(study, names, spans, episodes, options.draws)
        print(the_app(study, names, spans, options.draws), flush=True)


if __name__ == "__main__":
    main()
