"""The command line: parse, call, print.

Heavy modules are imported by the command that needs them, so that ``--help`` answers at once.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from explorer import __version__
from explorer.errors import UserError

OK, MENDABLE, INTERRUPTED = 0, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0, 2 for what the user can mend (one line on standard error), 130 for Ctrl-C."""
    try:
        options = _parser().parse_args(arguments)
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except UserError as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        return _complain("stopped; nothing was half-written", INTERRUPTED)
    except BrokenPipeError:  # the reader of our output has gone, as in "... | head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for Python's own flush at the end
        return OK
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _complain(f"{place}{error.strerror or error}.")


def _complain(sentence: str, code: int = MENDABLE) -> int:
    print(f"latent-explorer: {' '.join(sentence.split())}", file=sys.stderr)
    return code


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaints are one line, like all others."""

    def error(self, message: str) -> NoReturn:
        raise UserError(message, how=f"{self.prog} --help says more")


# --- what can be said ------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="latent-explorer",
        description="See the latent space of animals observed again and again.",
        epilog="latent-explorer COMMAND --help says more about one command.",
    )
    parser.add_argument("--version", action="version", version=f"latent-explorer {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    app = _command(commands, "app", _app, "open the app in the browser", study="optional")
    app.add_argument("--port", type=_port, help="port to listen on (default: the first free one from 8501 on)")
    app.add_argument("--no-browser", action="store_true", help="do not open a browser window")

    _import_options(commands)

    check = _command(commands, "check", _check, "say what is in a study, what is missing, what is wrong")
    check.add_argument("--pictures", action="store_true", help="open every picture too")
    check.add_argument("--out", type=Path, metavar="FILE.csv", help="write the findings as a table")

    simulate = _command(commands, "simulate", _simulate, "make a herd whose truth is known", study="none")
    simulate.add_argument("--animals", type=_count, default=228)
    simulate.add_argument("--seed", type=_seed, default=0)
    simulate.add_argument("--out", type=Path, required=True, metavar="STUDY", help="folder to make")
    simulate.add_argument("--no-pictures", action="store_true", help="measured features instead, for large herds")
    simulate.add_argument("--without", nargs="+", default=(), metavar="VARIABLE", help="take away all its effects")

    train = _command(commands, "train", _train, "train an encoder to know a study's animals again")
    train.add_argument("--out", type=Path, required=True, metavar="MODEL", help="folder to make")
    train.add_argument("--name", help="name of the encoder (default: that of the folder)")
    train.add_argument("--seed", type=_seed, default=0)
    train.add_argument("--steps", type=_count, help="steps at most (default: the usual recipe's)")

    evaluate = _command(commands, "evaluate", _evaluate, "how often an encoder finds the same animal again")
    evaluate.add_argument("--model", required=True, metavar="MODEL", help="its folder, or a shipped encoder's name")
    evaluate.add_argument("--apart", type=float, default=0.0, metavar="DAYS", help="look only at least so far apart")
    evaluate.add_argument("--out", type=Path, metavar="FILE.csv", help="write the figures as a table")

    embed = _command(commands, "embed", _embed, "make an embedding of a study")
    embed.add_argument(
        "--model",
        required=True,
        metavar="MODEL",
        help="an encoder's folder, a shipped encoder's name, or pixels (downscaled grey pixels, PCA)",
    )
    embed.add_argument("--as", dest="name", metavar="NAME", help="name of the embedding (default: the encoder's)")

    project = _command(commands, "project", _project, "write the coordinates of a map")
    project.add_argument("--method", choices=["pca", "tsne", "umap"], default="pca")
    project.add_argument("--dims", type=int, choices=[2, 3], default=2)
    project.add_argument("--scale", choices=["local", "balanced", "global"], default="balanced")
    project.add_argument("--seed", type=_seed, default=0, help="of t-SNE and UMAP (default: 0)")
    project.add_argument("--embedding", metavar="NAME", help="default: the study's first")
    project.add_argument("--out", type=Path, required=True, metavar="FILE.csv")

    export = _command(commands, "export", _export, "write what a view selects (or shows) as a table")
    export.add_argument("--view", required=True, metavar="QUERY", help="the part after '?' of the app's address")
    export.add_argument("--out", type=Path, required=True, metavar="FILE.csv")
    return parser


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], does: str, *, study: str = "required"
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=does, description=does.capitalize() + ".")
    parser.set_defaults(run=run)
    optional = {"nargs": "?"} if study == "optional" else {}
    if study != "none":
        parser.add_argument("study", type=Path, metavar="STUDY", help="folder of the study", **optional)  # type: ignore[arg-type]
    return parser


def _import_options(commands: Any) -> None:
    parser = _command(commands, "import", _import, "make a study of a table, vectors or pictures", study="none")
    parser.add_argument(
        "source", type=Path, metavar="SOURCE", help="CSV, TSV, Parquet, npy, npz, HDF5, projector folder"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="STUDY", help="folder to make")
    parser.add_argument("--name", help="name of the study (default: that of the file)")
    parser.add_argument("--vectors", type=Path, metavar="FILE", help="vectors that belong to the table, row by row")
    parser.add_argument("--images", type=Path, metavar="FOLDER", help="where the table's pictures are")
    for table in ("scores", "events", "animals"):
        parser.add_argument(f"--{table}", type=Path, metavar="FILE", help=f"a table of {table}")
    roles = parser.add_argument_group("what the columns are (guessed when not said; --guess shows the guesses)")
    roles.add_argument("--guess", action="store_true", help="only show how the columns would be read")
    for part in ("observation", "animal", "time", "image"):
        roles.add_argument(f"--{part}", metavar="COLUMN")
    roles.add_argument("--time-unit", choices=["days", "weeks", "months", "years", "visits"])
    roles.add_argument("--features", nargs="+", default=(), metavar="PATTERN", help="measured columns, as p_*")
    roles.add_argument("--task", nargs="+", default=(), metavar="COLUMN")
    roles.add_argument("--background", nargs="+", default=(), metavar="COLUMN")
    roles.add_argument("--ignore", nargs="+", default=(), metavar="COLUMN")
    roles.add_argument(
        "--kind", nargs="+", default=(), metavar="COLUMN=KIND", help="continuous, ordinal, nominal or cyclic"
    )
    reading = parser.add_argument_group("how the text is read (found out when not said)")
    reading.add_argument("--delimiter", help="between cells: , ; | or tab")
    reading.add_argument("--decimal", choices=[".", ","])
    reading.add_argument("--dates", choices=["day-first", "month-first"])


def _port(text: str) -> int:
    if not text.isdecimal() or len(text) > 5 or not 1 <= int(text) <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (1 to 65535)")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > 6 or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of animals (1 to 999999)")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or len(text) > 10 or int(text) > 2**31 - 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a seed (a whole number from 0 to 2147483647)")
    return int(text)


# --- the commands ----------------------------------------------------------------------------------------


def _app(options: argparse.Namespace) -> int:
    # The browser draws on the same cores: BLAS threads that wait for one then cost ten times the work itself.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from explorer.ui.server import serve

    if options.study is not None:
        from explorer.study.study import open_study

        options.study = open_study(options.study).path
    serve(options.study, port=options.port, browser=not options.no_browser)
    return OK


def _check(options: argparse.Namespace) -> int:
    from explorer.study.check import check
    from explorer.study.study import open_study

    study = open_study(options.study)
    print(f"{study.name}: {len(study):,} observations, {len(study.variables)} variables")
    if study.animal is not None:
        print(f"{study.animal.nunique():,} animals")
    print(f"embeddings: {', '.join(study.embedding_names) or 'none'}")
    found = check(study, pictures=options.pictures, report=_reporter())
    for finding in found:
        print(f"{finding.severity:8}{finding}")
    if options.out:
        import pandas as pd

        from explorer.study.export import csv_bytes, manifest, write_with_manifest

        fields = ["severity", "file", "row", "column", "rows_affected", "what", "how"]
        table = pd.DataFrame([vars(finding) for finding in found], columns=fields).astype({"row": "Int64"})
        content = csv_bytes(table)
        facts = manifest(
            file=options.out.name,
            content=content,
            rows=len(table),
            command=_command_line(
                "check", study.path, *(["--pictures"] if options.pictures else []), "--out", options.out
            ),
            study={"name": study.name, "data_sha256": study.data_hash},
        )
        write_with_manifest(options.out, content, facts)
    errors = sum(finding.severity == "error" for finding in found)
    if errors:
        return _complain(f"{errors} to mend in {study.path}")
    print("nothing to mend" if not found else "no errors")
    return OK


def _simulate(options: argparse.Namespace) -> int:
    from explorer.study.simulating import simulate_herd
    from explorer.study.study import open_study

    made = simulate_herd(
        options.out,
        animals=options.animals,
        seed=options.seed,
        pictures=not options.no_pictures,
        without=options.without,
        report=_reporter(),
    )
    study = open_study(made)
    animals = 0 if study.animal is None else study.animal.nunique()
    print(f"{len(study):,} observations of {animals:,} simulated animals written to {made}")
    print("what is true of them lies beside it; the product never reads that")
    return OK


def _train(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from explorer.learning.train import Recipe, train_identity, usual_config
    from explorer.study.study import open_study

    study = open_study(options.study)
    recipe = Recipe() if options.steps is None else replace(Recipe(), steps=options.steps)
    name = options.name or options.out.name
    trained = train_identity(
        [study], usual_config(study), options.out, name=name, recipe=recipe, seed=options.seed, report=_reporter()
    )
    best = trained.best
    print(f"trained in {trained.seconds:.0f} s on {trained.device}; kept the encoder of step {best.step:,}")
    print(f"validation animals: recall@1 {best.recall:.1%}, mAP@R {best.precision:.1%}")
    for remark in trained.remarks:
        print(remark)
    print(f"the encoder and its card are in {options.out}; test it with: latent-explorer evaluate")
    return OK


def _evaluate(options: argparse.Namespace) -> int:
    from explorer.learning.evaluate import evaluate_model
    from explorer.study.study import open_study

    study = open_study(options.study)
    found = evaluate_model(study, _encoder_folder(options.model), apart=options.apart, report=_reporter())
    print(found)
    if options.out:
        from explorer.study.export import csv_bytes, manifest, write_with_manifest

        content = csv_bytes(found.table())
        model = ["--model", options.model, "--apart", options.apart]
        facts = manifest(
            file=str(options.out),
            content=content,
            rows=len(found.scores),
            command=_command_line("evaluate", study.path, *model, "--out", options.out),
            study={"name": study.name, "data_sha256": study.data_hash},
            protocol=found.protocol,
        )
        write_with_manifest(options.out, content, facts)
    return OK


def _encoder_folder(named: str) -> Path:
    """The folder of an encoder given by its folder or by the name of a shipped one."""
    from explorer.places import shipped_encoders

    return shipped_encoders().get(named, Path(named).expanduser())


def _embed(options: argparse.Namespace) -> int:
    from explorer.study.study import open_study

    study = open_study(options.study)
    if options.model == "pixels":
        from explorer.space.pixels import NAME, embed_pixels

        if options.name not in (None, NAME):
            raise UserError(f"the baseline is always called {NAME!r}", how="Leave out --as")
        name = NAME
        embed_pixels(study, report=_reporter())
    else:
        from explorer.learning.embed import embed_study

        folder = _encoder_folder(options.model)
        name = options.name or folder.name
        embed_study(study, folder, name, report=_reporter())
    embedding = open_study(options.study).embedding(name)
    vectors = f"{int(embedding.complete.sum()):,} of {_counted(len(study), 'observation')}"
    print(f"{vectors} have a vector of {embedding.dims} dimensions in {name!r}")
    for remark in embedding.remarks:
        print(remark)
    return OK


def _project(options: argparse.Namespace) -> int:
    from explorer.space.view_table import export_projection
    from explorer.study.study import open_study
    from explorer.view import MapChoice

    study = open_study(options.study)
    choice = MapChoice(method=options.method, dims=options.dims, scale=options.scale, seed=options.seed)
    name = options.embedding or next(iter(study.embedding_names), None)
    if name is None:
        raise UserError(
            f"{study.name} has no vectors, so there is no map",
            how="Import vectors, name feature columns, "
            "or make a baseline of its pictures: latent-explorer embed STUDY --model pixels",
        )
    export = export_projection(study, name, choice, file=str(options.out), report=_reporter())
    return _write(export, options.out)


def _export(options: argparse.Namespace) -> int:
    from explorer.space.view_table import export_view
    from explorer.study.study import open_study
    from explorer.view import from_query

    study = open_study(options.study)
    view = from_query(dict(parse_qsl(options.view.partition("?")[2] or options.view, keep_blank_values=True)))
    if view.embedding is None and study.embedding_names:
        view = view.but(embedding=study.embedding_names[0])
    return _write(export_view(study, view, file=str(options.out), report=_reporter()), options.out)


def _write(export: Any, out: Path) -> int:
    from explorer.study.export import write_with_manifest

    write_with_manifest(out, export.content, export.facts)
    print(f"{_counted(export.rows, 'row')} written to {out}; how: {out}.manifest.json")
    return OK


def _import(options: argparse.Namespace) -> int:
    from explorer.study import importing
    from explorer.study.importing.request import Files

    files = Files(
        source=options.source,
        vectors=options.vectors,
        images=options.images,
        scores=options.scores,
        events=options.events,
        animals=options.animals,
        decimal=options.decimal,
        delimiter=options.delimiter,
        dates=options.dates,
    )
    source = files.read()
    kinds = dict(pair.partition("=")[::2] for pair in options.kind)
    roles = importing.override_roles(
        importing.guess_roles(source),
        observation=options.observation,
        animal=options.animal,
        time=options.time,
        time_unit=options.time_unit,
        image=options.image,
        features=options.features,
        task=options.task,
        background=options.background,
        ignore=options.ignore,
        kinds=kinds,
    )
    for role in roles:
        what = role.part if role.part != "variable" else f"{role.role}, {role.kind}"
        print(f"{role.column:28.28} {what:24} {role.why}")
    for finding in source.findings:
        print(f"{finding.severity:8}{finding}")
    if options.guess:
        return OK
    description = f"Imported from {options.source.name}."
    spec = importing.study_spec(source, roles, name=options.name, description=description)
    made = files.build(source, spec, options.out, _reporter())
    print(f"{_counted(source.table.num_rows, 'observation')} written to {made}")
    print(f"look at it with: latent-explorer app {made}")
    return OK


# --- talking ---------------------------------------------------------------------------------------------


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _command_line(*parts: object) -> str:
    import shlex

    return shlex.join(["latent-explorer", *(str(part) for part in parts)])


def _reporter() -> Callable[[float, str], None] | None:
    """Progress on one line of the terminal, with the time left; nothing when nobody looks."""
    if not sys.stderr.isatty():
        return None
    from explorer.engine import Clock

    clock = Clock()

    def report(fraction: float, note: str) -> None:
        clock.update(fraction, note)
        end = "\n" if fraction >= 1 else ""
        print(f"\r\033[K{clock.read().sentence}", end=end, file=sys.stderr, flush=True)

    return report


if __name__ == "__main__":
    sys.exit(main())
