"""The commands that look at the latent space: project, export, neighbours."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.cli.map_options import FILE, add_map_options, embedding_name, map_choice, write_export
from explorer.cli.parsing import command, view_asked, whole
from explorer.cli.talking import OK, reporter

if TYPE_CHECKING:
    import pandas as pd


def add(commands: Any) -> None:
    """Add ``project``, ``export`` and ``neighbours``."""
    project = command(commands, "project", _project, "write the coordinates of a map")
    add_map_options(project)
    project.add_argument("--out", type=Path, required=True, metavar=FILE)

    export = command(commands, "export", _export, "write what a view selects (or shows) as a table")
    export.add_argument("--view", required=True, metavar="QUERY", help="the part after '?' of the app's address")
    export.add_argument(
        "--decisions",
        type=whole("the number of an event", 0, 10**12),
        metavar="N",
        help="named selections as they were after event N (default: now; 0: none)",
    )
    export.add_argument("--out", type=Path, required=True, metavar=FILE)

    neighbours = command(commands, "neighbours", _neighbours, "the nearest observations in the latent space itself")
    neighbours.add_argument("--observation", required=True, metavar="ID")
    neighbours.add_argument("--k", type=whole("a number of neighbours", 1, 1_000_000), default=12, help="default: 12")
    neighbours.add_argument("--embedding", metavar="NAME", help="default: the study's first")
    neighbours.add_argument("--out", type=Path, metavar=FILE, help="write them as a table too")


def _project(options: argparse.Namespace) -> int:
    from explorer.space.view_table import export_projection
    from explorer.study.export import format_of
    from explorer.study.study import open_study

    written_as = format_of(options.out)
    choice = map_choice(options)
    study = open_study(options.study)
    name = embedding_name(study, options.embedding)
    export = export_projection(study, name, choice, file=str(options.out), format=written_as, report=reporter())
    return write_export(export, options.out)


def _export(options: argparse.Namespace) -> int:
    from explorer.clustering.variables import made_for
    from explorer.decisions.selections import named_at
    from explorer.space.view_table import export_view
    from explorer.study.export import format_of
    from explorer.study.study import open_study
    from explorer.view import NO_COLOUR

    written_as = format_of(options.out)
    study = open_study(options.study)
    view = view_asked(options.view)
    if view.embedding is None and study.embedding_names:
        view = view.but(embedding=study.embedding_names[0])
    decisions, named = named_at(study, options.decisions)
    study = made_for(study, [view, *named.values()], reporter())
    colour = view.colour
    if colour is not None and colour != NO_COLOUR and not colour.startswith("map:"):
        study.variable(colour)  # which says what there is
    export = export_view(
        study,
        view,
        file=str(options.out),
        format=written_as,
        named=named,
        decisions=decisions,
        report=reporter(),
    )
    return write_export(export, options.out)


def _neighbours(options: argparse.Namespace) -> int:
    from explorer.space.nearest import nearest_frame, nearest_of, remarks
    from explorer.space.view_table import export_nearest
    from explorer.study.export import format_of
    from explorer.study.study import open_study

    written_as = None if options.out is None else format_of(options.out)
    study = open_study(options.study)
    name = embedding_name(study, options.embedding)
    embedding = study.embedding(name)
    found = nearest_of(study, embedding, options.observation, options.k)
    print(_table(nearest_frame(study, found)))
    for sentence in remarks(study, embedding, found):
        print(sentence)
    if written_as is None:
        return OK
    export = export_nearest(study, name, found, options.k, file=str(options.out), format=written_as)
    return write_export(export, options.out, told=())


def _table(frame: "pd.DataFrame") -> str:
    """Neighbours as lines of text."""
    from explorer.study.times import written

    shown = frame.assign(distance=frame["distance"].map("{:.4g}".format))
    if "time" in shown:
        shown["time"] = written(shown["time"].to_numpy())
    if "same_animal" in shown:
        shown["same_animal"] = shown["same_animal"].astype(object).map({True: "yes", False: "no"})
    return str(shown.rename(columns={"same_animal": "same animal"}).to_string(index=False, na_rep="?"))
