"""The commands of encoders: train, evaluate, embed."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.cli.parsing import command, positive, seed, share, whole
from explorer.cli.talking import OK, command_line, counted, reporter
from explorer.errors import UserError

if TYPE_CHECKING:
    from explorer.learning.recipe import Recipe


def add(commands: Any) -> None:
    """Add ``train``, ``evaluate`` and ``embed``."""
    train = command(commands, "train", _train, "train an encoder to know a study's animals again, and their tasks")
    train.add_argument("--out", type=Path, required=True, metavar="MODEL", help="folder to make")
    train.add_argument("--name", help="name of the encoder (default: that of the folder)")
    train.add_argument("--seed", type=seed, help="default: 0")
    train.add_argument(
        "--steps", type=whole("a number of steps", 1, 999_999), help="steps at most (default: the usual recipe's)"
    )
    train.add_argument(
        "--tasks", nargs="+", metavar="NAME", help="place observations alike of which enough of these tasks agree"
    )
    enough = train.add_mutually_exclusive_group()
    enough.add_argument(
        "--min-matches", type=whole("a number of tasks", 1, 255), metavar="N", help="so many of --tasks are enough"
    )
    enough.add_argument(
        "--min-fraction", type=share, metavar="SHARE", help="such a share of those present is (default: a half)"
    )
    train.add_argument("--no-identity", action="store_true", help="do not learn to tell animals apart")
    train.add_argument("--loss", metavar="NAME", help="metric loss: triplet (default), angular, opml, ...")
    train.add_argument("--miner", metavar="NAME", help="what chooses its triplets: semi_hard (default), hard, ...")
    train.add_argument(
        "--regress", nargs="+", metavar="NAME", help="let a dimension of the embedding say each of these tasks"
    )
    train.add_argument("--weight", type=positive, metavar="X", help="weight of their errors (default: 0.1)")
    train.add_argument(
        "--final-layer", action="store_true", help="let a linear layer say them that is left out in the end"
    )
    train.add_argument(
        "--gradual", type=share, metavar="SHARE", help="exchange only this share of a batch's animals at each step"
    )
    train.add_argument("--resume", action="store_true", help="go on with the run in MODEL, which was stopped")
    train.add_argument("--tensorboard", action="store_true", help="write TensorBoard's event files too")

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
    embed.add_argument(
        "--average",
        choices=["ten", "five"],
        help="mean of ten views of each picture (2 flips x 5 crops), or of its 5 crops, at so many times the cost",
    )
    embed.add_argument("--as", dest="name", metavar="NAME", help="name of the embedding (default: the encoder's)")


def _train(options: argparse.Namespace) -> int:
    from explorer.learning.runs import read_run
    from explorer.learning.train import train, usual_config
    from explorer.study.study import open_study

    study = open_study(options.study)
    if options.resume:
        _refuse_choices(options)
        run = read_run(options.out)
        config, recipe, name, chosen = run.encoder, run.recipe, run.name, run.seed
    else:
        recipe = _recipe(options)
        config, name, chosen = usual_config(study), options.name or options.out.name, options.seed or 0
    try:
        trained = train(
            [study],
            config,
            options.out,
            name=name,
            recipe=recipe,
            seed=chosen,
            report=reporter(),
            checkpoints=True,
            resume=options.resume,
            tensorboard=options.tensorboard,
        )
    except KeyboardInterrupt:
        if (options.out / "config.json").exists():
            again = command_line("train", options.study, "--out", options.out, "--resume")
            raise KeyboardInterrupt(f"go on with: {again}") from None
        raise
    best = trained.best
    print(f"trained in {trained.seconds:.0f} s on {trained.device}; kept the encoder of step {best.step:,}")
    print(f"validation animals: recall@1 {best.recall:.1%}, mAP@R {best.precision:.1%}")
    if best.alike is not None:
        print(f"validation animals: nearest observation alike {best.alike:.1%}")
    for task, error in best.errors.items():
        unit = study.variable(task).unit or ""
        print(f"validation animals: {task} wrong by {error * trained.spreads[task]:.3g} {unit} ({error:.2f} spreads)")
    for remark in trained.remarks:
        print(remark)
    print(f"the encoder and its card are in {options.out}; test it with: latent-explorer evaluate")
    return OK


_CHOICES = (
    *("name", "seed", "steps", "tasks", "min_matches", "min_fraction", "no_identity", "loss", "miner", "regress"),
    *("weight", "final_layer", "gradual"),
)
"""Options of ``train`` that decide its result."""


def _refuse_choices(options: argparse.Namespace) -> None:
    for name in _CHOICES:
        if getattr(options, name) is not None and getattr(options, name) is not False:
            raise UserError(
                f"--resume goes on as the run was started, so --{name.replace('_', '-')} changes nothing",
                how="Leave it out, or start a new run in another folder",
            )


def _recipe(options: argparse.Namespace) -> "Recipe":
    """What the options ask for; refuses one that would change nothing."""
    from dataclasses import replace

    from explorer.learning.metric_loss import METRIC_LOSSES, mines
    from explorer.learning.recipe import Recipe

    recipe = Recipe()
    chosen: dict[str, Any] = {
        "steps": options.steps,
        "tasks": options.tasks and tuple(options.tasks),
        "min_matches": options.min_matches,
        "min_fraction": options.min_fraction,
        "identity": 0.0 if options.no_identity else None,
        "loss": options.loss,
        "miner": options.miner,
        "regress": options.regress and tuple(options.regress),
        "weight": options.weight,
        "final_layer": options.final_layer or None,
        "turnover": options.gradual,
    }
    recipe = replace(recipe, **{name: value for name, value in chosen.items() if value is not None})
    if options.weight is not None and not recipe.regress:
        raise UserError("--weight changes nothing without tasks to --regress", how="Name them, or leave it out")
    if not recipe.metric and (options.loss or options.miner):
        option = "--loss" if options.loss else "--miner"
        raise UserError(
            f"{option} changes nothing where neither animals nor --tasks are learnt",
            how="Leave it out, or name --tasks",
        )
    if options.miner and recipe.loss in METRIC_LOSSES and not mines(recipe.loss):
        able = ", ".join(name for name in METRIC_LOSSES if mines(name))
        raise UserError(
            f"the loss {recipe.loss!r} takes no triplets, so --miner changes nothing",
            how=f"Leave it out, or choose one of: {able}",
        )
    if recipe.turnover == 0:
        raise UserError("--gradual must be above 0: some animals must change", how="Give 0.25, for instance")
    return recipe


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

        if options.average:
            raise UserError("the pixels of a picture are not averaged over views", how="Leave out --average")
        if options.name not in (None, NAME):
            raise UserError(f"the baseline is always called {NAME!r}", how="Leave out --as")
        name = NAME
        embed_pixels(study, report=reporter())
    else:
        from explorer.learning.embed import embed_study

        folder = _encoder_folder(options.model)
        name = options.name or folder.name
        embed_study(study, folder, name, average=options.average, report=reporter())
    embedding = open_study(options.study).embedding(name)
    vectors = f"{int(embedding.complete.sum()):,} of {counted(len(study), 'observation')}"
    print(f"{vectors} have a vector of {embedding.dims} dimensions in {name!r}")
    for remark in embedding.remarks:
        print(remark)
    return OK
