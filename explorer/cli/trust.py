"""The commands that say how far a map can be believed: quality, compare."""

import argparse
from pathlib import Path
from typing import Any

from explorer.cli.map_options import FILE, add_map_options, embedding_name, map_choice, write_export
from explorer.cli.parsing import command, whole
from explorer.cli.talking import OK, reporter

_K = whole("a number of neighbours", 1, 1_000)


def add(commands: Any) -> None:
    """Add ``quality`` and ``compare``."""
    quality = command(commands, "quality", _quality, "how far a map can be believed, overall and point by point")
    add_map_options(quality)
    quality.add_argument("--k", type=_K, default=15, help="among how many neighbours (default: 15)")
    quality.add_argument(
        "--sample",
        type=whole("a number of points", 10, 10_000_000),
        metavar="N",
        help="measure so many points (default: all up to 10,000, else 2,000 or, of very many, fewer)",
    )
    quality.add_argument(
        "--seeds",
        type=whole("a number of seeds", 0, 20),
        default=3,
        metavar="N",
        help="maps with so many other seeds tell the stability (default: 3; 0: leave it out)",
    )
    quality.add_argument("--all-points", action="store_true", help="the table tells all points, not only the sample")
    quality.add_argument("--out", type=Path, required=True, metavar=FILE)

    compare = command(commands, "compare", _compare, "what two embeddings of a study have in common")
    compare.add_argument("--a", required=True, metavar="NAME", help="one embedding")
    compare.add_argument("--b", required=True, metavar="NAME", help="the other")
    compare.add_argument("--k", type=_K, default=15, help="among how many neighbours (default: 15)")
    compare.add_argument("--out", type=Path, metavar=FILE, help="write each observation's share as a table too")


def _quality(options: argparse.Namespace) -> int:
    from explorer.space.quality_table import export_quality
    from explorer.study.export import format_of
    from explorer.study.study import open_study

    written_as = format_of(options.out)
    choice = map_choice(options)
    study = open_study(options.study)
    export = export_quality(
        study,
        embedding_name(study, options.embedding),
        choice,
        file=str(options.out),
        k=options.k,
        sample=options.sample,
        seeds=options.seeds,
        all_points=options.all_points,
        format=written_as,
        report=reporter(),
    )
    return write_export(export, options.out)


def _compare(options: argparse.Namespace) -> int:
    from explorer.space.quality_table import export_comparison
    from explorer.study.export import format_of
    from explorer.study.study import open_study

    written_as = "csv" if options.out is None else format_of(options.out)
    study = open_study(options.study)
    export = export_comparison(
        study, options.a, options.b, file=str(options.out), k=options.k, format=written_as, report=reporter()
    )
    if options.out is not None:
        return write_export(export, options.out)
    for remark in export.remarks:
        print(remark)
    return OK
