"""Options that say which map of which embedding, and the file that is written; shared by several commands."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.cli.parsing import seed, share, whole
from explorer.cli.talking import OK, counted
from explorer.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.space.view_table import Export
    from explorer.study.study import Study
    from explorer.view import MapChoice

FILE = "FILE.csv|.parquet"


def add_map_options(parser: argparse.ArgumentParser) -> None:
    """Add the settings of a map, and ``--embedding``."""
    parser.add_argument("--method", choices=["pca", "tsne", "umap"], default="pca")
    parser.add_argument("--dims", type=int, choices=[2, 3], default=2)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--scale", choices=["local", "balanced", "global"], default="balanced")
    how.add_argument(
        "--neighbours",
        type=whole("a number of neighbours", 2, 200),
        metavar="N",
        help="in place of --scale: UMAP's n_neighbors, t-SNE's perplexity (2 to 200)",
    )
    parser.add_argument(
        "--min-dist", type=share, metavar="X", help="UMAP: how closely points may be packed (0 to 1, default: 0.1)"
    )
    parser.add_argument("--seed", type=seed, default=0, help="of t-SNE and UMAP (default: 0)")
    parser.add_argument(
        "--fast", action="store_true", help="UMAP on all cores; the same seed then gives another map each time"
    )
    parser.add_argument(
        "--keep-places",
        action="store_true",
        help="after the study has grown: the old observations stay where the map before had them",
    )
    parser.add_argument("--embedding", metavar="NAME", help="default: the study's first")


def map_choice(options: argparse.Namespace) -> "MapChoice":
    """The map that was asked for. Raises UserError for an option that its method does not use."""
    from explorer.space.projections import NAMES
    from explorer.space.view_table import USED
    from explorer.view import MapChoice

    given = {
        "neighbours": options.neighbours,
        "min_dist": options.min_dist,
        "fast": options.fast or None,
        "keep_places": options.keep_places or None,
    }
    given = {name: value for name, value in given.items() if value is not None}
    for name in given:
        if name not in USED[options.method]:
            users = " and ".join(NAMES[method] for method, used in USED.items() if name in used)
            raise UserError(
                f"{NAMES[options.method]} does not use --{name.replace('_', '-')}", how=f"Leave it out; {users} can"
            )
    return MapChoice(method=options.method, dims=options.dims, scale=options.scale, seed=options.seed, **given)


def embedding_name(study: "Study", given: str | None) -> str:
    """The embedding that was named, else the study's first. Raises UserError when it has none."""
    name = given or next(iter(study.embedding_names), None)
    if name is None:
        raise UserError(
            f"{study.name} has no vectors",
            how="Import vectors, name feature columns, "
            "or make a baseline of its pictures: latent-explorer embed STUDY --model pixels",
        )
    return name


def write_export(
    export: "Export", out: Path, told: tuple[str, ...] | None = None, *, beside: "Sequence[tuple[Export, Path]]" = ()
) -> int:
    """Write the file and its manifest, and say what there is to say of it (``told``: else its remarks).

    ``beside``: more files, and where; all are written or none.
    """
    from explorer.study.export import write_together

    files = [(export, out), *beside]
    write_together([(path, one.content, one.facts) for one, path in files])
    for one, path in files:
        for remark in told if told is not None and one is export else one.remarks:
            print(remark)
        print(f"{counted(one.rows, 'row')} written to {path}; how: {path}.manifest.json")
    return OK
