"""Training an encoder to know animals again."""

import copy
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from explorer.engine import Cancelled, Report
from explorer.errors import UserError
from explorer.learning.augmentation import Augmentation
from explorer.learning.batches import AnimalBatches
from explorer.learning.encoders import Encoder, EncoderConfig, build_encoder, features_config, pictures_config
from explorer.learning.material import Material, read_material, standardise
from explorer.learning.model_files import Model, ModelInfo, TrainedOn, encode, save_model, to_tensor
from explorer.learning.retrieval import retrieve
from explorer.learning.splits import Split, split_animals
from explorer.learning.triplets import SemihardTriplets
from explorer.study.fingerprint import hash_json
from explorer.study.study import Study

_READING = 0.05
"""Share of the progress that reading the pictures is given."""


@dataclass(frozen=True)
class Recipe:
    """Every choice of a training run but the network's.

    A batch holds ``each`` observations of ``animals`` animals. The rate falls from ``rate`` to 0 along a half cosine
    over ``steps``, after ``warm_up`` steps of rising. Every ``look_every`` steps the validation animals are looked
    up; after ``patience`` looks without a better recall@1 (mAP@R between equals) training ends. ``shares`` deal the
    animals to training, validation and test.
    """

    steps: int = 2_000
    animals: int = 32
    each: int = 4
    rate: float = 1e-3
    warm_up: int = 100
    weight_decay: float = 1e-4
    margin: float = 0.2
    look_every: int = 100
    patience: int = 8
    shares: tuple[float, float, float] = (0.7, 0.15, 0.15)
    augmentation: Augmentation = field(default_factory=Augmentation)


@dataclass(frozen=True)
class Look:
    """One look at the validation animals: recall@1 and mAP@R across dates (or within, when there are no others)."""

    step: int
    loss: float
    recall: float
    precision: float

    @property
    def rank(self) -> tuple[float, float]:
        """What the best look is chosen by: recall@1, and mAP@R between equals, which is most of them near 100 %."""
        return self.recall, self.precision


@dataclass(frozen=True)
class Trained:
    """What a training run gave. ``best`` is the look whose encoder was kept; ``device`` where it ran."""

    model: Model
    looks: tuple[Look, ...]
    best: Look
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


def train_identity(
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
) -> Trained:
    """Train an encoder to know the animals of ``studies`` again, and save the best of it to the new folder ``out``.

    Triplet loss on semi-hard triplets (``SemihardTriplets``), Adam with decoupled weight decay, a cosine schedule.
    The animals are split into training, validation and test ones; the encoder with the best recall@1 across dates on
    the validation animals is kept. Nothing is written before the end. The same arguments give the same encoder on the
    same processor; a GPU is used if there is one (``device`` chooses another).

    Raises UserError for studies that cannot be learnt from and for an ``out`` in use; Cancelled soon after
    ``cancel`` is set.
    """
    recipe, tell = recipe or Recipe(), report or (lambda _fraction, _note: None)
    where = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    start = time.perf_counter()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} exists already", how="Choose another name, or move the old one away")
    material = read_material(studies, config, report=lambda f, note: tell(_READING * f, note), workers=workers)
    seen, counts = np.unique(material.codes[material.codes >= 0], return_counts=True)
    again = [material.labels[code] for code, count in zip(seen, counts, strict=True) if count > 1]
    remarks = list(material.remarks)
    if len(again) < len(material.labels):
        remarks.append(f"{len(material.labels) - len(again):,} animals left out: seen fewer than twice")
    split = split_animals(again, seed=seed, shares=recipe.shares)
    with _seeded(seed):
        encoder = build_encoder(config)
        standardise(encoder, material.inputs[_rows(material, split.train)])
        encoder.to(where)
        lookup = _Lookup(material, split.validation, where)
        looks, best = _fit(encoder, material, split, recipe, seed, lookup, where, tell, cancel)
    info = ModelInfo(
        name=name,
        config=config,
        features=material.features,
        normalisation={key: tuple(getattr(encoder, key).cpu().tolist()) for key in ("mean", "std")},
        training_data=hash_json([study.data_hash for study in studies]),
        trained_on=tuple(_trained_on(number, study, split) for number, study in enumerate(studies)),
        seed=seed,
        recipe=asdict(recipe),
    )
    trained = Trained(
        Model(encoder.cpu().eval(), info, "", out),
        tuple(looks),
        best,
        lookup.across_dates,
        time.perf_counter() - start,
        str(where),
        tuple(remarks),
    )
    model = save_model(out, encoder, info, first_card(trained, split))
    tell(1.0, f"recall@1 {best.recall:.1%} on {len(split.validation)} validation animals")
    return replace(trained, model=model)


def steps_of(
    encoder: Encoder,
    material: Material,
    batches: AnimalBatches,
    recipe: Recipe,
    seed: int,
    device: torch.device,
) -> Iterator[Tensor]:
    """Train ``encoder`` step by step; each step gives its loss, a scalar on ``device``, not waited for."""
    loss_of = SemihardTriplets(recipe.margin)
    optimiser = torch.optim.AdamW(encoder.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: rate_at(step, recipe))
    generator = torch.Generator(device).manual_seed(seed)
    animals = torch.from_numpy(material.codes)
    pictures = material.inputs.dtype == np.uint8
    for rows in batches:
        inputs = to_tensor(material.inputs[rows], device)
        if pictures:
            inputs = recipe.augmentation.pictures(inputs, generator)
        else:
            inputs = recipe.augmentation.features(inputs, encoder.get_buffer("std"), generator)
        encoder.train()
        loss = loss_of(encoder(inputs), animals[torch.from_numpy(rows)].to(device))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
        yield loss.detach()


def rate_at(step: int, recipe: Recipe) -> float:
    """The share of the full learning rate at ``step``: a linear rise, then half a cosine down to 0."""
    if step < recipe.warm_up:
        return (step + 1) / recipe.warm_up
    done = (step - recipe.warm_up) / max(1, recipe.steps - recipe.warm_up)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def first_card(trained: Trained, split: Split) -> str:
    """What is known of an encoder right after training; an evaluation adds its figures."""
    info, best = trained.model.info, trained.best
    studies = "; ".join(one.study for one in info.trained_on)
    kind = "across dates" if trained.across_dates else "within dates (no animal was seen on two)"
    size = sum(parameter.numel() for parameter in trained.model.encoder.parameters())
    lines = [
        f"# {info.name}",
        "",
        f"An encoder ({info.config.architecture}, {size:,} parameters, input {info.config.input_size}) that turns an "
        f"observation into a unit vector of {info.config.dims} dimensions. It has learnt to tell one animal from "
        "another, and nothing else: no dimension stands for a health score.",
        "",
        f"- Learnt from: {studies}; {len(split.train)} animals to learn from, {len(split.validation)} to choose the "
        f"best moment, {len(split.test)} never used.",
        f"- Training data hash: `{info.training_data}`; seed {info.seed}; made by latent-explorer {info.version}.",
        f"- {trained.looks[-1].step:,} steps in {trained.seconds / 60:.1f} minutes on {trained.device}; best at step "
        f"{best.step:,}: recall@1 {kind} {best.recall:.1%}, mAP@R {best.precision:.1%} on the validation animals (this "
        "chose the encoder, so it flatters).",
        *(f"- {remark}." for remark in trained.remarks),
    ]
    return "\n".join(lines) + "\n"


def _fit(
    encoder: Encoder,
    material: Material,
    split: Split,
    recipe: Recipe,
    seed: int,
    lookup: "_Lookup",
    device: torch.device,
    tell: Callable[[float, str], None],
    cancel: threading.Event | None,
) -> tuple[list[Look], Look]:
    """Train until the steps or the patience run out; leave the best state in ``encoder``."""
    codes = np.full(len(material.codes), -1)
    train = _rows(material, split.train)
    codes[train] = material.codes[train]
    batches = AnimalBatches(codes, material.dates, animals=recipe.animals, each=recipe.each, seed=seed)
    looks: list[Look] = []
    best, state = Look(0, math.nan, -1.0, -1.0), copy.deepcopy(encoder.state_dict())
    losses: list[Tensor] = []
    for step, loss in enumerate(steps_of(encoder, material, batches, recipe, seed, device), start=1):
        if cancel is not None and cancel.is_set():
            raise Cancelled
        losses.append(loss)
        last = step >= recipe.steps
        if step % recipe.look_every == 0 or last:
            looks.append(Look(step, float(torch.stack(losses).mean()), *lookup(encoder)))
            losses.clear()
            if looks[-1].rank > best.rank:
                best, state = looks[-1], copy.deepcopy(encoder.state_dict())
        if step % 5 == 0 or last:
            note = f"step {step:,} of {recipe.steps:,}"
            if looks:
                note += f", recall@1 {looks[-1].recall:.1%} on validation animals"
            tell(_READING + (0.99 - _READING) * step / recipe.steps, note)
        if last or (looks and looks[-1].step - best.step >= recipe.patience * recipe.look_every):
            break
    encoder.load_state_dict(state)
    return looks, best


class _Lookup:
    """Recall@1 of the validation animals, across dates if any of them was seen on two."""

    def __init__(self, material: Material, animals: tuple[str, ...], device: torch.device) -> None:
        rows = _rows(material, animals)
        self._inputs, self._codes = material.inputs[rows], material.codes[rows]
        self._device = device
        dates = material.dates[rows]
        pairs = np.unique(np.stack([self._codes, dates], axis=1)[np.isfinite(dates)], axis=0)
        self.across_dates = len(pairs) > len(np.unique(pairs[:, 0]))
        self._dates = dates if self.across_dates else None

    def __call__(self, encoder: Encoder) -> tuple[float, float]:
        found = retrieve(encode(encoder, self._inputs, device=self._device), self._codes, self._dates)
        return (float(found.first.mean()), float(found.precision.mean())) if len(found.first) else (0.0, 0.0)


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
