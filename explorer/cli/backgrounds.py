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
    saliency.add_argument(
        "--divergences", type=Path, metavar=FILE, help="also write in which latent dimensions subgroups lie apart"
    )


def _saliency(options: argparse.Namespace) -> int:
    from explorer.space.divergence_table import export_divergences
    from explorer.space.saliency_asked import Asked, background_of
    from explorer.space.saliency_table import export_saliency
    from explorer.study.export import format_of
    from explorer.study.study import open_study

    written_as = format_of(options.out)
    if options.divergences is not None:
        format_of(options.divergences)
    study = open_study(options.study)
    asked = Asked(
        embedding_name(study, options.embedding),
        None if options.variables is None else tuple(options.variables),
        options.permutations,
        options.seed,
    )
    found = background_of(study, asked, reporter())
    main = export_saliency(study, found, file=str(options.out), format=written_as)
    beside = []
    if (file := options.divergences) is not None:
        apart = export_divergences(study, found, file=str(file), beside=str(options.out), format=format_of(file))
        beside.append((apart, file))
    return write_export(main, options.out, beside=beside)
