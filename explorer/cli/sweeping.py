"""The command that trains many encoders to compare one choice: sweep."""

import argparse
import shlex
from pathlib import Path
from typing import Any

from explorer.cli.parsing import command, positive, whole
from explorer.cli.talking import OK, reporter


def add(commands: Any) -> None:
    """Add ``sweep``."""
    sweep = command(commands, "sweep", _sweep, "train an encoder for each value of one choice, and compare them")
    sweep.add_argument(
        "--over", required=True, choices=["matches", "alpha"], help="how many labels must agree, or the losses' angle"
    )
    sweep.add_argument(
        "--values", nargs="+", type=positive, metavar="X", help="default: 2 to 7 labels, or 35 to 60 degrees by 5"
    )
    sweep.add_argument(
        "--methods",
        nargs="+",
        metavar="NAME",
        help="opml, opml_mse, opml_dimensions, angular (default: opml; over alpha opml, opml_mse and angular)",
    )
    sweep.add_argument("--tasks", nargs="+", metavar="NAME", help="the labels that may agree (default: all tasks)")
    sweep.add_argument(
        "--matches", type=whole("a number of labels", 1, 255), metavar="N", help="over alpha: so many must agree"
    )
    sweep.add_argument("--alpha", type=positive, metavar="DEGREES", help="over matches: the angle (default: 45)")
    sweep.add_argument("--miner", metavar="NAME", help="what finds triplets: random (default), semi_hard, hard, ...")
    sweep.add_argument("--seeds", type=whole("a number of seeds", 1, 100), default=3, help="default: 3")
    sweep.add_argument("--steps", type=whole("a number of steps", 1, 999_999), help="of each run (default: 300)")
    sweep.add_argument("--animals", type=whole("a number of animals", 2, 9_999), help="in a batch (default: 32)")
    sweep.add_argument("--side", type=whole("a number of pixels", 1, 512), help="of the pictures it gets (default: 64)")
    sweep.add_argument("--keep-models", action="store_true", help="keep each run's encoder, not only its figures")
    sweep.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="folder to make, or to go on with")


def _sweep(options: argparse.Namespace) -> int:
    from explorer.learning.sweep_plan import usual_plan
    from explorer.learning.sweep_tables import said, shown, summary
    from explorer.study.study import open_study

    study = open_study(options.study)
    others = {name: getattr(options, name) for name in ("miner", "steps", "animals")}
    plan = usual_plan(
        study,
        options.over,
        values=options.values,
        methods=options.methods,
        seeds=options.seeds,
        tasks=options.tasks,
        matches=options.matches,
        alpha=options.alpha,
        **{name: value for name, value in others.items() if value is not None},
    )
    from explorer.learning.sweep import config_of, run_sweep
    from explorer.learning.sweep_folder import PLAN, read_file, sweep_command

    config = config_of(study, options.side)
    try:
        found = run_sweep(study, plan, options.out, config=config, report=reporter(), keep_models=options.keep_models)
    except KeyboardInterrupt:
        if (options.out / PLAN).exists():
            again = shlex.join(sweep_command(options.study, read_file(options.out), options.out))
            raise KeyboardInterrupt(f"go on with: {again}{' --keep-models' * options.keep_models}") from None
        raise
    print(shown(summary(found)).to_string(index=False))
    print(f"means over {plan.seeds} seeds, with half their 95 % intervals over seeds (Student's t)")
    for sentence in said(found):
        print(sentence)
    print(f"each run is in {options.out / 'sweep.csv'}, the means in {options.out / 'summary.csv'}")
    return OK
