"""Networks that learn one thing each, as the encoder to be judged learns all: the baselines that take long."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from explorer.engine import Report, parts_of
from explorer.errors import UserError
from explorer.learning.embed import encode_study
from explorer.learning.encoders import EncoderConfig
from explorer.learning.model_files import Model
from explorer.learning.recipe import Recipe, read_recipe
from explorer.learning.train import train, usual_config
from explorer.study.study import Study

Floats = npt.NDArray[np.float64]

IDENTITY = "identity-only triplet net"
TASK_NET = "one regression net per task"

_ENCODING = 0.1
"""Share of a network's time in which the study is read with it, roughly."""


def like(model: Model | None, study: Study, *, steps: int | None = None) -> tuple[EncoderConfig, Recipe]:
    """Network and recipe of baselines that are to be compared with ``model``: its own, less all it learns.

    As many steps at most, the same batches, rate and augmentation; ``steps`` overrides. Without a model, or with one
    that does not say how it was trained, the usual ones.
    """
    plain = recipe = Recipe()
    config = usual_config(study) if model is None else model.info.config
    if config.architecture == "multilayer":
        config = config.model_copy(update={"input_size": len(study.feature_columns)})
    if model is not None:
        with suppress(ValueError):
            recipe = read_recipe(model.info.recipe)
    training, choosing, _ = recipe.shares if recipe.shares[1] > 0 else plain.shares
    return config.model_copy(update={"task_dims": 0}), replace(
        recipe,
        steps=recipe.steps if steps is None else steps,
        shares=(training / (training + choosing), choosing / (training + choosing), 0.0),
        identity=1.0,
        tasks=(),
        min_matches=None,
        min_fraction=None,
        loss=plain.loss,
        loss_options={},
        miner=plain.miner,
        miner_options={},
        regress=(),
        final_layer=False,
    )


def identity_net(
    study: Study,
    config: EncoderConfig,
    recipe: Recipe,
    learn: npt.NDArray[np.bool_],
    *,
    seed: int = 0,
    report: Report | None = None,
    workers: int | None = None,
) -> npt.NDArray[np.float32]:
    """Unit vectors (n, dims) by a network that learnt to tell the animals of the rows ``learn``, bool (n,), apart."""
    return _trained(study, config, recipe, learn, seed, report, workers)[1]


def task_nets(
    study: Study,
    tasks: Sequence[str],
    config: EncoderConfig,
    recipe: Recipe,
    learn: npt.NDArray[np.bool_],
    *,
    seed: int = 0,
    report: Report | None = None,
    workers: int | None = None,
) -> tuple[dict[str, Floats], tuple[str, ...]]:
    """What a network for each of ``tasks`` alone says of it, float64 (n,) in its unit; and sentences on those without.

    Each is as large as ``config`` and learns from the rows ``learn``, bool (n,), by ``recipe`` less all but that task.
    """
    told: dict[str, Floats] = {}
    remarks = []
    for task, part in zip(tasks, parts_of(report, [1.0] * len(tasks)), strict=True):
        alone = replace(recipe, identity=0.0, regress=(task,))
        try:
            model, vectors = _trained(study, config, alone, learn, seed, part, workers)
        except UserError as error:
            remarks.append(f"no net for {task} alone: {error}")
            continue
        told[task] = model.task_values(vectors)[task]
    return told, tuple(remarks)


def _trained(
    study: Study,
    config: EncoderConfig,
    recipe: Recipe,
    learn: npt.NDArray[np.bool_],
    seed: int,
    report: Report | None,
    workers: int | None,
) -> tuple[Model, npt.NDArray[np.float32]]:
    training, encoding = parts_of(report, [1 - _ENCODING, _ENCODING])
    name = recipe.regress[0] if recipe.regress else "identity"

    def tell(fraction: float, note: str) -> None:
        if training is not None:
            training(fraction, f"a net for {name} alone: {note}")

    with TemporaryDirectory() as folder:
        trained = train(
            [study],
            config,
            Path(folder) / "net",
            name=name,
            recipe=recipe,
            seed=seed,
            report=tell,
            workers=workers,
            learnable=learn,
        )
    vectors, _ = encode_study(study, trained.model, report=encoding, workers=workers)
    return trained.model, vectors
