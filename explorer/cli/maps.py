"""The commands that look at the latent space: project, export, neighbours."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.cli.parsing import command, seed, share, whole
from explorer.cli.talking import OK, counted, reporter
from explorer.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from explorer.space.view_table import Export
    from explorer.study.study import Study
    from explorer.view import MapChoice

_FILE = "FILE.csv|.parquet"


def add(commands: Any) -> None:
    """Add ``project``, ``export`` and ``neighbours``."""
    project = command(commands, "project", _project, "write the coordinates of a map")
    project.add_argument("--method", choices=["pca", "tsne", "umap"], default="pca")
    project.add_argument("--dims", type=int, choices=[2, 3], default=2)
    how = project.add_mutually_exclusive_group()
    how.add_argument("--scale", choices=["local", "balanced", "global"], default="balanced")
    how.add_argument(
        "--neighbours",
        type=whole("a number of neighbours", 2, 200),
        metavar="N",
        help="in place of --scale: UMAP's n_neighbors, t-SNE's perplexity (2 to 200)",
    )
    project.add_argument(
        "--min-dist", type=share, metavar="X", help="UMAP: how closely points may be packed (0 to 1, default: 0.1)"
    )
    project.add_argument("--seed", type=seed, default=0, help="of t-SNE and UMAP (default: 0)")
    project.add_argument(
        "--fast", action="store_true", help="UMAP on all cores; the same seed then gives another map each time"
    )
    project.add_argument(
        "--keep-places",
        action="store_true",
        help="after the study has grown: the old observations stay where the map before had them",
    )
    project.add_argument("--embedding", metavar="NAME", help="default: the study's first")
    project.add_argument("--out", type=Path, required=True, metavar=_FILE)

    export = command(commands, "export", _export, "write what a view selects (or shows) as a table")
    export.add_argument("--view", required=True, metavar="QUERY", help="the part after '?' of the app's address")
    export.add_argument(
        "--decisions",
        type=whole("the number of an event", 0, 10**12),
        metavar="N",
        help="named selections as they were after event N (default: now; 0: none)",
    )
    export.add_argument("--out", type=Path, required=True, metavar=_FILE)

    neighbours = command(commands, "neighbours", _neighbours, "the nearest observations in the latent space itself")
    neighbours.add_argument("--observation", required=True, metavar="ID")
    neighbours.add_argument("--k", type=whole("a number of neighbours", 1, 1_000_000), default=12, help="default: 12")
    neighbours.add_argument("--embedding", metavar="NAME", help="default: the study's first")
    neighbours.add_argument("--out", type=Path, metavar=_FILE, help="write them as a table too")


def _project(options: argparse.Namespace) -> int:
    from explorer.space.view_table import export_projection
    from explorer.study.export import format_of
    from explorer.study.study import open_study

    written_as = format_of(options.out)
    choice = _choice(options)
    study = open_study(options.study)
    name = _embedding_name(study, options.embedding)
    export = export_projection(study, name, choice, file=str(options.out), format=written_as, report=reporter())
    return _write(export, options.out)


def _choice(options: argparse.Namespace) -> "MapChoice":
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


def _embedding_name(study: "Study", given: str | None) -> str:
    """The embedding that was named, else the study's first. Raises UserError when it has none."""
    name = given or next(iter(study.embedding_names), None)
    if name is None:
        raise UserError(
            f"{study.name} has no vectors",
            how="Import vectors, name feature columns, "
            "or make a baseline of its pictures: latent-explorer embed STUDY --model pixels",
        )
    return name


def _export(options: argparse.Namespace) -> int:
    from urllib.parse import parse_qsl

    from explorer.decisions.selections import named_at
    from explorer.space.view_table import export_view
    from explorer.study.export import format_of
    from explorer.study.study import open_study
    from explorer.view import from_query

    written_as = format_of(options.out)
    study = open_study(options.study)
    view = from_query(dict(parse_qsl(options.view.partition("?")[2] or options.view, keep_blank_values=True)))
    if view.embedding is None and study.embedding_names:
        view = view.but(embedding=study.embedding_names[0])
    decisions, named = named_at(study, options.decisions)
    export = export_view(
        study,
        view,
        file=str(options.out),
        format=written_as,
        named=named,
        decisions=decisions,
        report=reporter(),
    )
    return _write(export, options.out)


def _neighbours(options: argparse.Namespace) -> int:
    from explorer.space.nearest import nearest_frame, nearest_of, remarks
    from explorer.space.view_table import export_nearest
    from explorer.study.export import format_of
    from explorer.study.study import open_study

    written_as = None if options.out is None else format_of(options.out)
    study = open_study(options.study)
    name = _embedding_name(study, options.embedding)
    embedding = study.embedding(name)
    found = nearest_of(study, embedding, options.observation, options.k)
    print(_table(nearest_frame(study, found)))
    for sentence in remarks(study, embedding, found):
        print(sentence)
    if written_as is None:
        return OK
    export = export_nearest(study, name, found, options.k, file=str(options.out), format=written_as)
    return _write(export, options.out, told=())


def _table(frame: "pd.DataFrame") -> str:
    """Neighbours as lines of text."""
    from explorer.study.times import written

    shown = frame.assign(distance=frame["distance"].map("{:.4g}".format))
    if "time" in shown:
        shown["time"] = written(shown["time"].to_numpy())
    if "same_animal" in shown:
        shown["same_animal"] = shown["same_animal"].astype(object).map({True: "yes", False: "no"})
    return str(shown.rename(columns={"same_animal": "same animal"}).to_string(index=False, na_rep="?"))


def _write(export: "Export", out: Path, told: tuple[str, ...] | None = None) -> int:
    from explorer.study.export import write_with_manifest

    write_with_manifest(out, export.content, export.facts)
    for remark in export.remarks if told is None else told:
        print(remark)
    print(f"{counted(export.rows, 'row')} written to {out}; how: {out}.manifest.json")
    return OK
