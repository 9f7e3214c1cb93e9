"""Encoders on disk: safetensors for the numbers, JSON for what they mean, a card for people. Nothing is unpickled."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from safetensors.torch import save as pack_tensors
from torch import Tensor

from explorer import __version__
from explorer.errors import UserError
from explorer.learning.averaging import Views, averaged_units
from explorer.learning.encoders import Encoder, EncoderConfig, build_encoder, encoder_of
from explorer.learning.run_folders import CARD, DESCRIPTION, RUN, WEIGHTS
from explorer.learning.trained_on import TrainedOn
from explorer.learning.validation_map import MAP
from explorer.study.atomic import atomic_file, atomic_folder, write_text
from explorer.study.embeddings import TaskScale

UNSAFE = (".pt", ".pth", ".pkl", ".pickle", ".joblib", ".npy", ".npz", ".ckpt", ".bin", ".h5", ".onnx")
"""What other programs keep models in. Most of it can run code when opened, the rest says too little."""

MOST_BYTES = 1_000_000_000
"""A larger weights file is refused unread: our largest encoder is a few megabytes."""

_CONVERT = (
    "Open it where you trust it and save its tensors with safetensors.torch.save_file(state_dict, "
    f"'{WEIGHTS}') for one of our architectures, or train again with: latent-explorer train STUDY --out MODEL"
)
_ENCODE_AT_ONCE = 512


class ModelInfo(BaseModel):
    """The ``model.json`` beside the weights.

    ``features`` names the columns a multilayer encoder reads, in order. ``normalisation`` repeats the means and
    spreads that the weights hold, to be read. ``training_data`` is one hash over all studies in ``trained_on``.
    ``task_dimensions`` names the encoder's task dimensions, ``task_scales`` says how each is read in the task's unit:
    it repeats ``task_mean`` and ``task_spread`` of the weights, and a description that differs from them is refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    format: Literal[1] = 1
    name: Annotated[str, Field(min_length=1, max_length=200)]
    config: EncoderConfig
    features: tuple[str, ...] = ()
    normalisation: dict[str, tuple[float, ...]] = {}
    task_dimensions: dict[str, int] = {}
    task_scales: dict[str, TaskScale] = {}
    training_data: str = ""
    trained_on: tuple[TrainedOn, ...] = ()
    seed: int = 0
    recipe: dict[str, Any] = {}
    version: str = __version__
    weights_sha256: str = ""


@dataclass(frozen=True)
class Model:
    """An encoder with what is known of it. ``hash`` is the SHA-256 of its weights file; ``folder`` where it lies."""

    encoder: Encoder
    info: ModelInfo
    hash: str
    folder: Path

    @property
    def reads_pictures(self) -> bool:
        """Whether it encodes pictures (else measured features)."""
        return self.info.config.architecture == "small_conv"

    def encode(
        self,
        inputs: npt.NDArray[np.uint8] | npt.NDArray[np.floating],
        *,
        device: torch.device | None = None,
        average: Views | None = None,
    ) -> npt.NDArray[np.float32]:
        """Unit vectors of ``inputs``: float32 (n, dims).

        inputs: uint8 (n, 3, side, side), or features float (n, features) with NaN where missing; a row in which
        every feature is missing gets NaN. average: of pictures, the mean of ten or five views instead
        (``averaged_units``), at ten or five times the cost.
        """
        return encode(self.encoder, inputs, device=device, average=average)

    def task_values(self, vectors: npt.NDArray[np.floating]) -> dict[str, npt.NDArray[np.float64]]:
        """What unit ``vectors`` (n, dims) of this encoder say of each task, float64 (n,) in the task's unit."""
        scales, places = self.info.task_scales, self.info.task_dimensions
        return {task: scales[task].read(vectors[:, place]) for task, place in places.items()}


def encode(
    encoder: Encoder,
    inputs: npt.NDArray[np.uint8] | npt.NDArray[np.floating],
    *,
    device: torch.device | None = None,
    average: Views | None = None,
) -> npt.NDArray[np.float32]:
    """As ``Model.encode``, for an encoder at hand. It is put into evaluation mode and on ``device``.

    Raises ValueError when features are to be averaged, which have no views.
    """
    if average and inputs.ndim != 4:
        raise ValueError("only pictures have views to average over")
    where = device or torch.device("cpu")
    encoder.eval().to(where)
    out = np.empty((len(inputs), encoder.config.dims), dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(inputs), _ENCODE_AT_ONCE):
            chunk = to_tensor(inputs[start : start + _ENCODE_AT_ONCE], where)
            units = averaged_units(encoder, chunk, average) if average else encoder(chunk)
            out[start : start + len(chunk)] = units.cpu().numpy()
    if inputs.ndim == 2:
        out[~np.isfinite(inputs).any(axis=1)] = np.nan
    return out


def to_tensor(inputs: npt.NDArray[np.uint8] | npt.NDArray[np.floating], device: torch.device | None = None) -> Tensor:
    """Inputs as an encoder takes them: pictures float32 in 0..1, features float32 with NaN for all not finite."""
    batch = torch.from_numpy(np.ascontiguousarray(inputs)).to(device or torch.device("cpu"))
    if batch.dtype == torch.uint8:
        return batch.float().div_(255.0)
    batch = batch.float()
    return torch.where(torch.isfinite(batch), batch, torch.nan)


def save_model(
    folder: Path, encoder: Encoder, info: ModelInfo, card: str, *, beside: Mapping[str, str | bytes] | None = None
) -> Model:
    """Write a model to the new folder ``folder``: all of it or, after any failure, nothing.

    ``info.config`` and ``info.weights_sha256`` are set from the encoder. beside: more files, by name. Raises
    UserError when the folder is in use, or not to be written.
    """
    weights, full = _packed(encoder, info)
    with atomic_folder(folder) as out:
        (out / WEIGHTS).write_bytes(weights)
        for name, text in {**(beside or {}), **_texts(full, card)}.items():
            (out / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return Model(encoder, full, full.weights_sha256, folder)


def finish_run(folder: Path, encoder: Encoder, info: ModelInfo, card: str) -> Model:
    """As ``save_model``, into the folder of a run. The weights, which make it a model, come last of all."""
    weights, full = _packed(encoder, info)
    for name, text in _texts(full, card).items():
        write_text(folder / name, text)
    with atomic_file(folder / WEIGHTS) as temporary:
        temporary.write_bytes(weights)
    return Model(encoder, full, full.weights_sha256, folder)


def _packed(encoder: Encoder, info: ModelInfo) -> tuple[bytes, ModelInfo]:
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in encoder.state_dict().items()}
    weights = pack_tensors(tensors)
    digest = hashlib.sha256(weights).hexdigest()
    return weights, info.model_copy(update={"config": encoder.config, "weights_sha256": digest})


def _texts(info: ModelInfo, card: str) -> dict[str, str]:
    return {DESCRIPTION: info.model_dump_json(indent=1), CARD: card}


def write_card(folder: Path, card: str) -> None:
    """Replace a model's card, which is for people: no figure in it decides anything."""
    write_text(folder / CARD, card)


def load_model(folder: str | Path) -> Model:
    """The model in ``folder``, in evaluation mode on the CPU.

    Only safetensors are read, and only with exactly the float32 tensors that the description calls for, finite
    throughout, under the hash that the description names. Raises UserError for everything else.
    """
    path = Path(folder).expanduser()
    _refuse_other_kinds(path)
    info = _read_description(path / DESCRIPTION)
    weights = _read_weights(path / WEIGHTS)
    digest = hashlib.sha256(weights).hexdigest()
    where = str(path / WEIGHTS)
    if digest != info.weights_sha256:
        raise UserError(
            f"is not the file that {DESCRIPTION} describes: its hash differs",
            where=where,
            how="Copy the model's whole folder again from where it was made",
        )
    try:
        tensors = read_tensors(weights)
    except (SafetensorError, ValueError, TypeError, KeyError, RuntimeError, OverflowError, AttributeError) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise UserError(
            f"is not a safetensors file ({reason}); anything else could run code when opened", where=where, how=_CONVERT
        ) from None
    with torch.device("meta"):  # no memory is taken for what the description claims before the file has shown it
        claimed = build_encoder(info.config).state_dict()
    _check_tensors(tensors, claimed, where)
    _check_tasks(info, tensors, str(path / DESCRIPTION))
    return Model(encoder_of(info.config, tensors), info, digest, path)


def _refuse_other_kinds(path: Path) -> None:
    if path.suffix.lower() in UNSAFE and not path.is_dir():
        raise UserError(
            f"{path.name} is refused: a {path.suffix} file can run code when opened, or does not say what it holds",
            where=str(path),
            how=_CONVERT,
        )
    if not path.exists():
        raise UserError(f"there is no folder {path}", how="Check the path")
    if not path.is_dir():
        raise UserError(
            f"is a file, not a model's folder with {WEIGHTS} and {DESCRIPTION}",
            where=str(path),
            how="Give the folder",
        )
    if not (path / WEIGHTS).is_file():
        others = sorted(file.name for file in path.iterdir() if file.suffix.lower() in UNSAFE and file.name != MAP)
        if others:
            raise UserError(
                f"holds {others[0]} but no {WEIGHTS}; such a file can run code when opened, so it is not read",
                where=str(path),
                how=_CONVERT,
            )
        if (path / RUN).is_file():
            raise UserError(
                "is a training run that has not ended, so it holds no model yet",
                where=str(path),
                how="Go on with: latent-explorer train STUDY --out MODEL --resume",
            )
        raise UserError(f"is no model: it holds no {WEIGHTS}", where=str(path), how="Give a model's folder")


def _read_description(path: Path) -> ModelInfo:
    how = "Copy the model's whole folder again from where it was made"
    try:
        info = ModelInfo.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise UserError(
            "is missing, so nothing says how the weights are to be used", where=str(path), how=how
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UserError(f"is not right at {place or 'its top'}: {first['msg']}", where=str(path), how=how) from None
    except (ValueError, OSError, RecursionError) as error:
        raise UserError(f"cannot be read ({str(error).splitlines()[0]})", where=str(path), how=how) from None
    if info.config.architecture == "multilayer" and len(info.features) != info.config.input_size:
        raise UserError(
            f"names {len(info.features)} features for an encoder of {info.config.input_size}", where=str(path), how=how
        )
    if sorted(info.task_dimensions.values()) != list(range(info.config.task_dims)):
        raise UserError(
            f"does not name the encoder's {info.config.task_dims} task dimensions, each once", where=str(path), how=how
        )
    if info.task_scales.keys() != info.task_dimensions.keys():
        raise UserError("does not say how each task dimension, and no other, is read", where=str(path), how=how)
    return info


def _read_weights(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise UserError(f"is {size / 1e9:.1f} GB large, more than any of our encoders", where=str(path))
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror})", where=str(path)) from None


def _check_tensors(found: dict[str, Tensor], wanted: dict[str, Tensor], where: str) -> None:
    how = "Save exactly the tensors of the architecture that model.json names, as float32"
    missing, extra = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    if missing or extra:
        problem = f"lacks the tensor {missing[0]!r}" if missing else f"holds a tensor too many, {extra[0][:80]!r}"
        raise UserError(problem, where=where, how=how)
    for name, tensor in wanted.items():
        if found[name].dtype != tensor.dtype:
            raise UserError(f"tensor {name!r} is {found[name].dtype}, not {tensor.dtype}", where=where, how=how)
        if found[name].shape != tensor.shape:
            shapes = f"{tuple(found[name].shape)}, not {tuple(tensor.shape)}"
            raise UserError(f"tensor {name!r} has the shape {shapes}", where=where, how=how)
        if not math.isfinite(float(found[name].abs().sum(dtype=torch.float64))):
            raise UserError(f"tensor {name!r} holds numbers that are not finite", where=where, how=how)
    for name in ("std", "task_spread"):
        if name in found and not bool((found[name] > 0).all()):
            raise UserError(f"tensor {name!r} holds a spread that is not above 0", where=where, how=how)


def _check_tasks(info: ModelInfo, tensors: dict[str, Tensor], where: str) -> None:
    """The weights, whose hash stands for the model, hold the scales too: nobody can change how a task is read."""
    for task, place in info.task_dimensions.items():
        scale = info.task_scales[task]
        held = [float(tensors[name][place]) for name in ("task_mean", "task_spread")]
        if [scale.mean, scale.spread] != held:
            raise UserError(
                f"reads the task {task!r} in another way than the weights",
                where=where,
                how="Copy the model's whole folder again from where it was made",
            )
