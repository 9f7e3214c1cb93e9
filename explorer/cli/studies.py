"""The commands that make a study and look it through: import, check, simulate."""

import argparse
from pathlib import Path
from typing import Any

from explorer.cli.parsing import command, seed, whole
from explorer.cli.talking import OK, command_line, complain, counted, reporter


def add(commands: Any) -> None:
    """Add ``import``, ``check`` and ``simulate``."""
    _import_options(commands)

    check = command(commands, "check", _check, "say what is in a study, what is missing, what is wrong")
    check.add_argument("--pictures", action="store_true", help="open every picture too")
    check.add_argument("--out", type=Path, metavar="FILE.csv", help="write the findings as a table")

    simulate = command(commands, "simulate", _simulate, "make a herd whose truth is known", study="none")
    simulate.add_argument("--animals", type=whole("a number of animals", 1, 999_999), default=228)
    simulate.add_argument("--seed", type=seed, default=0)
    simulate.add_argument("--out", type=Path, required=True, metavar="STUDY", help="folder to make")
    simulate.add_argument("--no-pictures", action="store_true", help="measured features instead, for large herds")
    simulate.add_argument("--without", nargs="+", default=(), metavar="VARIABLE", help="take away all its effects")


def _import_options(commands: Any) -> None:
    parser = command(commands, "import", _import, "make a study of a table, vectors or pictures", study="none")
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
    made = files.build(source, spec, options.out, reporter())
    print(f"{counted(source.table.num_rows, 'observation')} written to {made}")
    print(f"look at it with: latent-explorer app {made}")
    return OK


def _check(options: argparse.Namespace) -> int:
    from explorer.study.check import check
    from explorer.study.study import open_study

    study = open_study(options.study)
    print(f"{study.name}: {len(study):,} observations, {len(study.variables)} variables")
    if study.animal is not None:
        print(f"{study.animal.nunique():,} animals")
    print(f"embeddings: {', '.join(study.embedding_names) or 'none'}")
    found = check(study, pictures=options.pictures, report=reporter())
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
            command=command_line(
                "check", study.path, *(["--pictures"] if options.pictures else []), "--out", options.out
            ),
            study={"name": study.name, "data_sha256": study.data_hash},
        )
        write_with_manifest(options.out, content, facts)
    errors = sum(finding.severity == "error" for finding in found)
    if errors:
        return complain(f"{errors} to mend in {study.path}")
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
        report=reporter(),
    )
    study = open_study(made)
    animals = 0 if study.animal is None else study.animal.nunique()
    print(f"{len(study):,} observations of {animals:,} simulated animals written to {made}")
    print("what is true of them lies beside it; the product never reads that")
    return OK
