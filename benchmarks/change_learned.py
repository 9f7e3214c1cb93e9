"""Which sees an episode first: the change an encoder learned, the difference of its levels, its level, or the score?

python -m benchmarks.change_learned [STUDY] [--draws N]

At equal false alerts of the two channels, on the episodes that move the score. STUDY: a simulated study with its truth
beside it and an embedding ``herd`` (default: the sample herd).
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.episodes import delays, judged, late_by, opened, said, scores_of, some_of, windows_of
from benchmarks.matched import CASE, CONTROL, folds_of, shares_at, told
from explorer.change.arms import Method
from explorer.change.panel import Floats
from explorer.places import sample_study

CHANGES = {"ketosis": "body_condition", "lameness": "locomotion"}
METHOD: Method = "two-channel"
RATES = (0.025, 0.05)
"""Of healthy half-years; a year has twice as many."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables; ``arguments`` as on the command line, by default those given there."""
    parser = argparse.ArgumentParser(description="Learned change, difference of levels, level and score.")
    parser.add_argument("study", type=Path, nargs="?", default=sample_study("herd"))
    parser.add_argument("--draws", type=int, default=500)
    options = parser.parse_args(arguments)
    study, episodes, spans = opened(options.study)
    print(said(spans))
    assert study.animal is not None
    fold = folds_of(len(study.animal.cat.categories))
    kinds = np.array([episodes[one]["kind"] if one >= 0 else "" for one in spans.episode])
    for kind, task in CHANGES.items():
        rows = (spans.kind == CONTROL) | (kinds == kind)
        some = spans.only(rows)
        case = some.kind == CASE
        note = study.embedding("herd").note.task_scales
        series = {
            text: [some_of(judged(study, name, spans, fold, (METHOD,)), rows)]
            for text, name in {
                "measured score": task,
                "level in the pictures": f"herd:{task}",
                "difference of levels": f"herd:difference:{task}",
                "learned change, backward": f"herd:{task}_backward",
                "learned change, forward": f"herd:{task}_forward",
            }.items()
        }
        print(
            f"\n### {kind}, by {task}: {case.sum()} episodes; spread of the learned changes "
            f"{note[f'{task}_backward'].spread:.1e} and {note[f'{task}_forward'].spread:.1e}, of the level "
            f"{note[task].spread:.1e} for each unit of the vector"
        )
        for rate in RATES:
            print(f"\n#### {2 * rate:.0%} of healthy animal-years\n")
            print("| series | healthy half-years, % | seen % | chance | days late | days after the score | first |")
            print("|---|---|---|---|---|---|---|")
            score: Floats | None = None
            for text, one in series.items():
                found = shares_at({text: scores_of(one, METHOD)}, windows_of(some), fold, rate, draws=options.draws)
                late = delays(one, METHOD, some, fold, rate)[case]
                score = late if score is None else score
                shares = found[text]
                print(
                    f"| {text} | {told(shares.control)} | {told(shares.case)} | {told(shares.earlier)} | "
                    f"{late_by(late[np.isfinite(late)])} | {_apart(late, score, options.draws)} |",
                    flush=True,
                )


def _apart(late: Floats, score: Floats, draws: int) -> str:
    """Mean days after the score where both see an episode, and of all episodes how many are seen before it and after.

    An episode that one alone sees is seen by it first.
    """
    if late is score:
        return "– | –"
    both = np.isfinite(late) & np.isfinite(score)
    one, other = (np.nan_to_num(days, nan=np.inf) for days in (late, score))
    sooner, later = int((one < other).sum()), int((other < one).sum())
    if both.sum() < 2:
        return f"– ({both.sum()}) | {sooner} before, {later} after"
    away = (late - score)[both]
    rng = np.random.default_rng(0)
    low, high = np.quantile([rng.choice(away, len(away)).mean() for _ in range(draws)], [0.025, 0.975])
    return f"{away.mean():+.0f} ({low:+.0f} to {high:+.0f}; {len(away)}) | {sooner} before, {later} after"


if __name__ == "__main__":
    main()
