"""The commands of encoders: train, embed."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.cli.onnx_options import add_onnx_options, onnx_options, typed
from explorer.cli.parsing import command, positive, seed, setting, share, whole
from explorer.cli.talking import OK, command_line, counted, reporter
from explorer.errors import UserError

if TYPE_CHECKING:
    from explorer.learning.recipe import Recipe


def add(commands: Any) -> None:
    """Add ``train`` and ``embed``."""
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
    for what in ("loss", "miner"):
        train.add_argument(
            f"--{what}-option", type=setting, action="append", metavar="NAME=VALUE", help=f"a setting of the {what}"
        )
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

    embed = command(commands, "embed", _embed, "make an embedding of a study")
    embed.add_argument(
        "--model",
        required=True,
        metavar="MODEL",
        help="an encoder's folder, a shipped encoder's name, an .onnx file, or pixels (downscaled grey pixels, PCA)",
    )
    embed.add_argument(
        "--average",
        choices=["ten", "five"],
        help="mean of ten views of each picture (2 flips x 5 crops), or of its 5 crops, at so many times the cost",
    )
    embed.add_argument("--as", dest="name", metavar="NAME", help="name of the embedding (default: the encoder's)")
    add_onnx_options(embed)


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
    *("weight", "final_layer", "gradual", "loss_option", "miner_option"),
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

    from explorer.learning.metric_loss import METRIC_LOSSES, mines, with_options
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
    of_metric = [name for name in ("loss", "miner", "loss_option", "miner_option") if getattr(options, name)]
    if not recipe.metric and of_metric:
        raise UserError(
            f"--{of_metric[0].replace('_', '-')} changes nothing where neither animals nor --tasks are learnt",
            how="Leave it out, or name --tasks",
        )
    if (options.miner or options.miner_option) and recipe.loss in METRIC_LOSSES and not mines(recipe.loss):
        able = ", ".join(name for name in METRIC_LOSSES if mines(name))
        option = "--miner" if options.miner else "--miner-option"
        raise UserError(
            f"the loss {recipe.loss!r} takes no triplets, so {option} changes nothing",
            how=f"Leave it out, or choose one of: {able}",
        )
    if recipe.turnover == 0:
        raise UserError("--gradual must be above 0: some animals must change", how="Give 0.25, for instance")
    if options.loss_option or options.miner_option:
        recipe = with_options(recipe, _settings(options, "loss"), _settings(options, "miner"))
    return recipe


def _settings(options: argparse.Namespace, what: str) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, value in getattr(options, f"{what}_option") or ():
        if name in given:
            raise UserError(f"--{what}-option {name} is given twice", how="Leave one out")
        given[name] = value
    return given


def _encoder_folder(named: str) -> Path:
    """The folder of an encoder given by its folder or by the name of a shipped one."""
    from explorer.places import shipped_encoders

    return shipped_encoders().get(named, Path(named).expanduser())


def _embed(options: argparse.Namespace) -> int:
    from explorer.study.study import open_study

    study = open_study(options.study)
    file = Path(options.model).expanduser()
    is_onnx = file.suffix.lower() == ".onnx" and not file.is_dir()
    if not is_onnx and typed(options):
        raise UserError(
            f"--onnx-{next(iter(typed(options)))} changes nothing: {options.model} is no .onnx file", how="Leave it out"
        )
    if options.model == "pixels":
        from explorer.space.pixels import NAME, embed_pixels

        if options.average:
            raise UserError("the pixels of a picture are not averaged over views", how="Leave out --average")
        if options.name not in (None, NAME):
            raise UserError(f"the baseline is always called {NAME!r}", how="Leave out --as")
        name = NAME
        embed_pixels(study, report=reporter())
    elif is_onnx:
        from explorer.learning.embed_onnx import embed_onnx

        if options.average:
            raise UserError("an ONNX model's vectors are not averaged over views", how="Leave out --average")
        name = options.name or file.stem
        embed_onnx(study, file, name, options=onnx_options(options), report=reporter())
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
