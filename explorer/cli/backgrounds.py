"""The command that says which background variables shape an embedding: saliency."""

import argparse
from pathlib import Path
from typing import Any

from explorer.cli.map_options import FILE, embedding_name, write_export
from explorer.cli.parsing import command, seed, whole
from explorer.cli.talking import reporter


def add(commands: Any) -> None:
    """Add ``saliency``."""
    saliency = command(commands, "saliency", _saliency, "which background variables shape the latent space")
    saliency.add_argument("--embedding", metavar="NAME", help="default: the study's first")
    saliency.add_argument(
        "--variables", nargs="+", metavar="NAME", help="those to look at (default: all background variables)"
    )
    saliency.add_argument(
        "--permutations",
        type=whole("a number of permutations", 19, 100_000),
        default=999,
        metavar="N",
        help="shuffles for each p (default: 999)",
    )
    saliency.add_argument("--seed", type=seed, default=0, help="default: 0")
    saliency.add_argument("--out", type=Path, required=True, metavar=FILE)


def _saliency(options: argparse.Namespace) -> int:
    from explorer.space.saliency_table import export_saliency
    from explorer.study.export import format_of
    from explorer.study.study import open_study

    written_as = format_of(options.out)
    study = open_study(options.study)
    export = export_saliency(
        study,
        embedding_name(study, options.embedding),
        file=str(options.out),
        variables=options.variables,
        permutations=options.permutations,
        seed=options.seed,
        format=written_as,
        report=reporter(),
    )
    return write_export(export, options.out)
