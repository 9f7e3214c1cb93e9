"""The commands that look at all of a study's time: levels, agreement."""

import argparse
from pathlib import Path
from typing import Any

from explorer.cli.map_options import FILE, write_export
from explorer.cli.parsing import command, seed
from explorer.cli.talking import reporter

AMOUNTS = ("few", "usual", "many")
"""Those of ``change.levels``, told without importing it: ``--help`` answers at once."""


def add(commands: Any) -> None:
    """Add ``levels`` and ``agreement``."""
    levels = command(
        commands, "levels", _levels, "when animals came to a new level, looking back at all there is: never an alert"
    )
    levels.add_argument(
        "--variable",
        nargs="+",
        required=True,
        metavar="NAME",
        help="a variable, log2:VARIABLE (on a logarithmic scale), EMBEDDING:TASK (a task dimension), or "
        "EMBEDDING:own-baseline",
    )
    levels.add_argument("--animal", nargs="+", default=[], metavar="A", help="default: all")
    levels.add_argument("--changes", choices=AMOUNTS, default="usual", help="how readily a change is seen")
    levels.add_argument("--out", type=Path, required=True, metavar=FILE)

    agreement = command(
        commands, "agreement", _agreement, "how far observers agree, and the smallest change worth believing"
    )
    agreement.add_argument(
        "--task", nargs="+", default=[], metavar="T", help="variables that people scored (default: all)"
    )
    agreement.add_argument("--seed", type=seed, default=0, help="of the intervals (default: 0)")
    agreement.add_argument("--out", type=Path, required=True, metavar=FILE)


def _levels(options: argparse.Namespace) -> int:
    from explorer.change.levels_table import export_levels
    from explorer.study.export import format_of
    from explorer.study.study import open_study

    written_as = format_of(options.out)  # a name without a format is refused before anything is computed
    export = export_levels(
        open_study(options.study),
        options.variable,
        options.animal,
        amount=options.changes,
        file=str(options.out),
        format=written_as,
        report=reporter(),
    )
    return write_export(export, options.out)


def _agreement(options: argparse.Namespace) -> int:
    from explorer.change.agreement_table import export_agreement
    from explorer.study.export import format_of
    from explorer.study.study import open_study

    written_as = format_of(options.out)
    export = export_agreement(
        open_study(options.study), options.task, file=str(options.out), format=written_as, seed=options.seed
    )
    return write_export(export, options.out)
