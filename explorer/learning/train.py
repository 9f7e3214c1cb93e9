"""Training an encoder to know animals again, and what their labels say."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from explorer.engine import Report
from explorer.errors import UserError
from explorer.learning.batches import AnimalBatches
from explorer.learning.cards import first_card
from explorer.learning.encoders import Encoder, EncoderConfig, build_encoder, features_config, pictures_config
from explorer.learning.event_files import MISSING, open_event_files
from explorer.learning.fitting import Fitting
from explorer.learning.gradual_batches import GradualBatches
from explorer.learning.look import Look
from explorer.learning.looks import Lookup
from explorer.learning.losses.magnet import MagnetLoss
from explorer.learning.magnet_batches import MagnetBatches
from explorer.learning.material import Material, read_material, standardise
from explorer.learning.metric_loss import check_metric
from explorer.learning.model_files import Model, ModelInfo, finish_run, save_model
from explorer.learning.objectives import Objective, set_scales, with_tasks
from explorer.learning.recipe import Recipe, rate_at
from explorer.learning.run_folders import METRICS, RUN
from explorer.learning.run_lock import held
from explorer.learning.runs import (
    RunConfig,
    drop_checkpoint,
    learnt_from,
    metrics_text,
    read_run,
    refuse_used,
    resume_run,
    start_run,
)
from explorer.learning.splits import Split, split_animals
from explorer.learning.steps import Steps, steps_of
from explorer.learning.targets import Targets, check_tasks, read_targets
from explorer.learning.trained_on import TrainedOn
from explorer.learning.validation_map import MAP
from explorer.study.embeddings import TaskScale
from explorer.study.fingerprint import hash_json
from explorer.study.study import Study

__all__ = ["Recipe", "Trained", "rate_at", "steps_of", "train", "usual_config"]

_READING = 0.05
"""Share of the progress that reading the pictures is given."""


@dataclass(frozen=True)
class Trained:
    """What a training run gave. ``best`` is the look whose encoder was kept, with the errors of its tasks since their
    scales were calibrated on the same animals (``calibrate``); ``device`` where it ran.

    ``spreads`` are those of the regressed tasks' labels (training animals, ddof 0), in the tasks' units; ``seconds``
    the time it took, before a kill too.
    """

    model: Model
    looks: tuple[Look, ...]
    best: Look
    recipe: Recipe
    spreads: dict[str, float]
    across_dates: bool
    seconds: float
    device: str
    remarks: tuple[str, ...]


def usual_config(study: Study) -> EncoderConfig:
    """The encoder to train on ``study``: for its pictures if it has any, else for its features."""
    if study.has_pictures:
        return pictures_config()
    if study.feature_columns:
        return features_config(len(study.feature_columns))
    raise UserError(
        f"{study.name} has neither pictures nor features to learn from",
        how="Name their columns under [columns] as image = ... or features = [...]",
    )


def train(
    studies: Sequence[Study],
    config: EncoderConfig,
    out: Path,
    *,
    name: str = "encoder",
    recipe: Recipe | None = None,
    seed: int = 0,
    report: Report | None = None,
    cancel: threading.Event | None = None,
    device: str | None = None,
    workers: int | None = None,
    checkpoints: bool = False,
    resume: bool = False,
    tensorboard: bool = False,
    learnable: npt.NDArray[np.bool_] | None = None,
) -> Trained:
    """Train an encoder by ``recipe`` on the animals of ``studies``, and save the best of it to the new folder ``out``.

    By default it learns to know animals again: triplet loss on semi-hard triplets. ``Recipe`` and ``Objective`` say
    what else can be learnt. ``config`` is given a dimension for each task that one is to say. Adam with decoupled
    weight decay, a cosine schedule. The animals are split into training, validation and test ones; the encoder with
    the best look at the validation animals (``Look.rank``) is kept. The same arguments give the same encoder on the
    same processor with as many threads; a GPU is used if there is one (``device`` chooses another).

    ``out`` will hold ``config.json`` (``RunConfig``), ``metrics.jsonl`` (a ``Look`` a line), ``validation_map.npz``
    (``ValidationMap``) and the model. Nothing is written before the end, unless asked for: with ``checkpoints`` the
    folder is made when training begins, and with each look it holds these so far and a checkpoint; no other process
    can resume it meanwhile. After a kill, or ``cancel``, the same call with ``resume`` goes on from there and gives
    the same encoder, bit for bit; before the first look it starts anew. tensorboard: event files too, as in
    ``event_files``, where TensorBoard is installed; they and ``resume`` bring checkpoints with them. learnable:
    bool, for the observations of all studies one after the other: the others are as if they were not there. No run
    folder says so, so it goes without checkpoints only (ValueError).

    Raises UserError for studies that cannot be learnt from as the recipe asks, for a recipe that asks for what there is
    not, for an ``out`` in use, and for a run to resume that there is not, that another process is training, or that was
    started with something else; Cancelled soon after ``cancel`` is set.
    """
    recipe, tell = recipe or Recipe(), report or (lambda _fraction, _note: None)
    where = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    start = time.perf_counter()
    config = _checked(studies, config, recipe)
    if learnable is not None and (checkpoints or resume or tensorboard):
        raise ValueError("a run of some observations only keeps no checkpoints")
    run = RunConfig(
        name=name, encoder=config, recipe=recipe, seed=seed, studies=learnt_from(studies), device=where.type
    )
    with ExitStack() as lock:
        if resume:
            read_run(out)  # refuses where there is none
            lock.enter_context(held(out))
            notes = list(resume_run(out, run))
        else:
            notes = []
            refuse_used(out)
        material = read_material(studies, config, report=lambda f, note: tell(_READING * f, note), workers=workers)
        if learnable is not None:
            material = replace(material, codes=np.where(learnable, material.codes, -1))
        seen, counts = np.unique(material.codes[material.codes >= 0], return_counts=True)
        again = [material.labels[code] for code, count in zip(seen, counts, strict=True) if count > 1]
        remarks = [*notes, *material.remarks]
        if len(again) < len(material.labels):
            remarks.append(f"{len(material.labels) - len(again):,} animals left out: seen fewer than twice")
        split = split_animals(again, seed=seed, shares=recipe.shares)
        rows = _rows(material, split.train)
        targets = read_targets(studies, recipe, rows)
        live = checkpoints or resume or tensorboard
        if live and not resume:
            start_run(out, run)
            lock.enter_context(held(out))
        folder = out if live else None
        with _seeded(seed):
            encoder = build_encoder(config)
            standardise(encoder, material.inputs[rows])
            set_scales(encoder, targets)
            codes = np.full(len(material.codes), -1)
            codes[rows] = material.codes[rows]
            objective = Objective(recipe, config, targets, codes, seed=seed)
            encoder.to(where)
            objective.to(where)
            looked_at = _rows(material, split.validation)
            lookup = Lookup(material, looked_at, targets, where)
            remarks += [
                f"no validation animal has a value of {task!r}, so it chose nothing" for task in lookup.unseen_tasks
            ]
            batches = _batches(codes, material, objective, seed)
            steps = Steps(encoder, objective, material, batches, recipe, seed, where)
            fitting = Fitting(steps, lookup, material.map_of(looked_at, studies), folder, run.fingerprint)
            if resume:
                fitting.restore()
            events = open_event_files(out, steps.taken) if tensorboard else None
            if tensorboard and events is None:
                remarks.append(MISSING)
            try:
                fitting.run(lambda f, note: tell(_READING + (0.99 - _READING) * f, note), cancel, events)
            finally:
                if events is not None:
                    events.close()
            best, encoder = fitting.best, fitting.best_encoder()
            if recipe.read_dimensions:
                best = replace(best, errors=lookup.calibrate(encoder))
        dropped, anchors = (
            sum(getattr(look, what) for look in fitting.looks) for what in ("anchors_dropped", "anchors")
        )
        if dropped:
            remarks.append(
                f"{dropped:,} of {anchors:,} anchors dropped: nothing in their batch was like them, or nothing unlike"
            )
        info = ModelInfo(
            name=name,
            config=encoder.config,
            features=material.features,
            normalisation={key: tuple(getattr(encoder, key).tolist()) for key in ("mean", "std")},
            task_dimensions={task: place for place, task in enumerate(recipe.read_dimensions)},
            task_scales=_scales(encoder, recipe, targets),
            training_data=hash_json([study.data_hash for study in studies]),
            trained_on=tuple(_trained_on(number, study, split) for number, study in enumerate(studies)),
            seed=seed,
            recipe=recipe.described(),
        )
        trained = Trained(
            Model(encoder.eval(), info, "", out),
            tuple(fitting.looks),
            best,
            recipe,
            dict(zip(targets.names, targets.spreads, strict=True)),
            lookup.across_dates,
            time.perf_counter() - start + fitting.seconds_before,
            str(where),
            tuple(remarks),
        )
        card = first_card(trained, split)
        if folder is None:
            beside: dict[str, str | bytes] = {
                RUN: run.described(),
                METRICS: metrics_text(fitting.looks),
                MAP: fitting.map.content(),
            }
            model = save_model(out, encoder, info, card, beside=beside)
        else:
            model = finish_run(folder, encoder, info, card)
            drop_checkpoint(folder)
        tell(1.0, f"{best.sentence} on {len(split.validation)} validation animals")
        return replace(trained, model=model)


def _checked(studies: Sequence[Study], config: EncoderConfig, recipe: Recipe) -> EncoderConfig:
    """``config`` with its task dimensions; refuses at once what would be found out late."""
    if not recipe.metric and not recipe.regress:
        raise UserError(
            "there is nothing to learn: no animals, no tasks to match, no tasks to regress", how="Ask for one of them"
        )
    if recipe.final_layer and not recipe.regress:
        raise UserError("a final layer says nothing without tasks to regress", how="Name them, or leave it out")
    if recipe.metric:
        check_metric(recipe)
    check_tasks(studies, recipe)
    try:
        return with_tasks(config, recipe)
    except ValueError:
        raise UserError(
            f"{len(recipe.read_dimensions)} tasks are more than the {config.dims} dimensions of the encoder can say",
            how="Regress fewer tasks (64 at most, and 2 fewer than dimensions)",
        ) from None


def _batches(codes: npt.NDArray[np.int64], material: Material, objective: Objective, seed: int) -> AnimalBatches:
    recipe, loss = objective.recipe, None if objective.metric is None else objective.metric.loss
    if isinstance(loss, MagnetLoss):
        return MagnetBatches(
            codes,
            material.dates,
            animals=recipe.animals,
            each=recipe.each,
            seed=seed,
            clusters=recipe.clusters,
            refresh_every=recipe.refresh_every,
            margin=loss.margin,
        )
    if recipe.turnover is None:
        return AnimalBatches(codes, material.dates, animals=recipe.animals, each=recipe.each, seed=seed)
    return GradualBatches(
        codes, material.dates, animals=recipe.animals, each=recipe.each, seed=seed, turnover=recipe.turnover
    )


def _scales(encoder: Encoder, recipe: Recipe, targets: Targets) -> dict[str, TaskScale]:
    """As the weights hold them."""
    return {
        task: TaskScale(
            mean=float(encoder.task_mean[place]),
            spread=float(encoder.task_spread[place]),
            unit=targets.units[place],
        )
        for place, task in enumerate(recipe.read_dimensions)
    }


def _rows(material: Material, animals: tuple[str, ...]) -> npt.NDArray[np.intp]:
    chosen = set(animals)
    wanted = np.array([label in chosen for label in material.labels] + [False])
    return np.flatnonzero(wanted[material.codes])


def _trained_on(number: int, study: Study, split: Split) -> TrainedOn:
    prefix = f"{number}/"
    parts = {
        part: tuple(name.removeprefix(prefix) for name in names if name.startswith(prefix))
        for part, names in asdict(split).items()
    }
    return TrainedOn(study=study.name, data_hash=study.data_hash, ids_hash=study.ids_hash, **parts)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """PyTorch's own generator seeded, and afterwards as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
