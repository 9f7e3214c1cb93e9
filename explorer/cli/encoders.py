"""The commands of encoders: train, evaluate, embed."""

import argparse
from pathlib import Path
from typing import Any

from explorer.cli.parsing import command, seed, whole
from explorer.cli.talking import OK, command_line, counted, reporter
from explorer.errors import UserError


def add(commands: Any) -> None:
    """Add ``train``, ``evaluate`` and ``embed``."""
    train = command(commands, "train", _train, "train an encoder to know a study's animals again")
    train.add_argument("--out", type=Path, required=True, metavar="MODEL", help="folder to make")
    train.add_argument("--name", help="name of the encoder (default: that of the folder)")
    train.add_argument("--seed", type=seed, default=0)
    train.add_argument(
        "--steps", type=whole("a number of steps", 1, 999_999), help="steps at most (default: the usual recipe's)"
    )

    evaluate = command(commands, "evaluate", _evaluate, "how often an encoder finds the same animal again")
    evaluate.add_argument("--model", required=True, metavar="MODEL", help="its folder, or a shipped encoder's name")
    evaluate.add_argument("--apart", type=float, default=0.0, metavar="DAYS", help="look only at least so far apart")
    evaluate.add_argument("--out", type=Path, metavar="FILE.csv", help="write the figures as a table")

    embed = command(commands, "embed", _embed, "make an embedding of a study")
    embed.add_argument(
        "--model",
        required=True,
        metavar="MODEL",
        help="an encoder's folder, a shipped encoder's name, or pixels (downscaled grey pixels, PCA)",
    )
    embed.add_argument("--as", dest="name", metavar="NAME", help="name of the embedding (default: the encoder's)")


def _train(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from explorer.learning.train import Recipe, train_identity, usual_config
    from explorer.study.study import open_study

    study = open_study(options.study)
    recipe = Recipe() if options.steps is None else replace(Recipe(), steps=options.steps)
    name = options.name or options.out.name
    trained = train_identity(
        [study], usual_config(study), options.out, name=name, recipe=recipe, seed=options.seed, report=reporter()
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
    found = evaluate_model(study, _encoder_folder(options.model), apart=options.apart, report=reporter())
    print(found)
    if options.out:
        from explorer.study.export import csv_bytes, manifest, write_with_manifest

        content = csv_bytes(found.table())
        model = ["--model", options.model, "--apart", options.apart]
        facts = manifest(
            file=str(options.out),
            content=content,
            rows=len(found.scores),
            command=command_line("evaluate", study.path, *model, "--out", options.out),
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
        embed_pixels(study, report=reporter())
    else:
        from explorer.learning.embed import embed_study

        folder = _encoder_folder(options.model)
        name = options.name or folder.name
        embed_study(study, folder, name, report=reporter())
    embedding = open_study(options.study).embedding(name)
    vectors = f"{int(embedding.complete.sum()):,} of {counted(len(study), 'observation')}"
    print(f"{vectors} have a vector of {embedding.dims} dimensions in {name!r}")
    for remark in embedding.remarks:
        print(remark)
    return OK
