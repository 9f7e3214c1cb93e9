"""Encoders of a real study beside all baselines, on several splits of its animals.

python -m benchmarks.real_encoders STUDY OUT.csv [--regress TASK ...] [--match LABEL ...] [--seeds S ...] [--steps N]

For each seed half of the animals are learnt from, 15 % choose the encoder, and the rest is scored, by everything that
``latent-explorer evaluate --baselines all`` tells. OUT.csv is its table, with the seed of each row; a summary of all
seeds comes last. It is no part of ``python -m benchmarks``: the studies are not ours to ship.
"""

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from explorer.learning.evaluate_fully import evaluate_fully
from explorer.learning.recipe import Recipe
from explorer.learning.train import train, usual_config
from explorer.study.study import open_study

SHARES = (0.5, 0.15, 0.35)

LEADS = {"mae": "mae_lead", "nearest_alike": "nearest_alike_lead"}
"""What says whether a method differs from the encoder in one split. An error is better when it is smaller."""


def summary(table: pd.DataFrame) -> str:
    """Markdown: for each measure, task and method the mean over seeds, the least and the most of them.

    ``beats`` and ``loses``: in how many seeds the method is better or worse than the encoder beyond chance: the 95 %
    interval of the difference lies on one side of 0.
    """
    lines = ["| task | measure | method | mean of seeds (least to most) | beats | loses |", "|---|---|---|---|---|---|"]
    shown = ("recall_at_1", "map_at_r", "mae", "spearman", "nearest_alike", "angle")
    table = table.assign(task=table["task"].fillna(""))
    for (task, measure), part in table[table["measure"].isin(shown)].groupby(["task", "measure"], sort=False):
        for method, own in part.groupby("method", sort=False):
            told = f"{own['value'].mean():.3g} ({own['value'].min():.3g} to {own['value'].max():.3g})"
            chosen = (table["task"] == task) & (table["method"] == method)
            leads = table[chosen & (table["measure"] == LEADS.get(measure, ""))]
            better = leads["high"] < 0 if measure == "mae" else leads["low"] > 0
            worse = leads["low"] > 0 if measure == "mae" else leads["high"] < 0
            counts = f"{better.sum()} | {worse.sum()}" if len(leads) else " | "
            lines.append(f"| {task} | {measure} | {method} | {told} | {counts} |")
    return "\n".join(lines)


def main() -> None:
    """Train, evaluate, write the table after each seed."""
    parser = argparse.ArgumentParser(description="Encoders of a real study beside all baselines.")
    parser.add_argument("study", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--regress", nargs="*", default=[])
    parser.add_argument("--match", nargs="*", default=[])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--animals", type=int, default=16)
    options = parser.parse_args()
    study = open_study(options.study)
    recipe = Recipe(
        steps=options.steps,
        animals=options.animals,
        look_every=50,
        shares=SHARES,
        tasks=tuple(options.match),
        regress=tuple(options.regress),
    )
    tables = []
    for seed in options.seeds:
        start = time.monotonic()
        with TemporaryDirectory() as folder:
            out = Path(folder) / "m"
            trained = train([study], usual_config(study), out, name="multi-task", recipe=recipe, seed=seed)
            found = evaluate_fully(
                study, model=out, tasks=[*options.regress, *options.match], compared="all", seed=seed
            )
        sys.stdout.write(
            f"\n# seed {seed}: step {trained.best.step} of {trained.looks[-1].step} kept, "
            f"{time.monotonic() - start:.0f} s\n{found}\n"
        )
        sys.stdout.flush()
        tables.append(found.table().assign(seed=seed))
        pd.concat(tables).to_csv(options.out, index=False)
    sys.stdout.write(f"\n{summary(pd.concat(tables))}\n")


if __name__ == "__main__":
    main()
