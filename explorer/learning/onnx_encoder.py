"""Encoders from elsewhere: an ONNX model with one input, of pictures or of vectors, run by onnxruntime on the CPU."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from explorer.engine.backends import cpu_count
from explorer.errors import UserError
from explorer.learning.onnx_file import OnnxFile, read_onnx_file
from explorer.learning.onnx_options import OnnxOptions

USUAL_SIDE = 224
"""Pixels of a side where neither the file nor the user says it: what most networks of photographs were trained on."""

_MOST_SIDE = 2_048
_AT_ONCE = 64
_DTYPES: dict[str, type[np.floating]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
}
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601, as Pillow's "L"

Numbers = npt.NDArray[np.uint8] | npt.NDArray[np.floating]


@dataclass(frozen=True)
class Asks:
    """What the one input of a model wants.

    ``batch``: rows it takes at once, None for any number. For pictures ``layout``, ``channels`` (3, or 1 for grey) and
    ``side`` in pixels; for vectors ``features``, None for any number.
    """

    name: str
    dtype: type[np.floating]
    batch: int | None
    pictures: bool
    layout: Literal["nchw", "nhwc"] = "nchw"
    channels: int = 0
    side: int = 0
    features: int | None = None


class OnnxEncoder:
    """An opened ONNX model: what it ``asks`` for, which ``output`` is its vector, and ``encode``."""

    def __init__(self, file: OnnxFile, options: OnnxOptions, session: Any) -> None:
        self.file, self.options = file, options
        self._session = session
        self._where = str(file.path)
        self.asks = _asks(session.get_inputs(), options, self._where)
        self.output = _output(session.get_outputs(), options.output, self._where)
        if self.asks.pictures:
            self._scale(self.asks.channels)
            self._run(np.zeros((self.asks.batch or 2, 3, self.asks.side, self.asks.side), dtype=np.uint8))

    def encode(self, inputs: Numbers) -> npt.NDArray[np.float32]:
        """Vectors of ``inputs``, float32 (n, d): uint8 pictures (n, 3, side, side), RGB, or finite features (n, f).

        A vector of length 0 that is to be brought to length 1 becomes NaN. Raises UserError for features of another
        number than the model reads, for what it cannot run, and for vectors that are not finite.
        """
        out = self._run(inputs)
        if not np.isfinite(out).all():
            bad = int((~np.isfinite(out).all(axis=1)).sum())
            raise UserError(
                f"gives vectors that are not finite for {bad:,} of {len(out):,} observations",
                where=self._where,
                how="Check what it was trained on: --onnx-range, --onnx-mean and --onnx-std",
            )
        if self.options.normalise:
            length = np.linalg.norm(out.astype(np.float64), axis=1, keepdims=True)
            length[length == 0] = np.nan
            out = (out / length).astype(np.float32)
        return out

    def _run(self, inputs: Numbers) -> npt.NDArray[np.float32]:
        size = self.asks.batch or _AT_ONCE
        parts = []
        for start in range(0, len(inputs), size):
            chunk = inputs[start : start + size]
            count = len(chunk)
            if self.asks.batch is not None and count < size:
                chunk = np.concatenate([chunk, np.repeat(chunk[-1:], size - count, axis=0)])
            parts.append(self._vectors(self._prepared(chunk))[:count])
        if not parts:
            raise ValueError("there is nothing to encode")
        return np.concatenate(parts)

    def _prepared(self, chunk: Numbers) -> npt.NDArray[np.floating]:
        """As the model's input takes them."""
        if not self.asks.pictures:
            if self.asks.features not in (None, chunk.shape[1]):
                raise UserError(
                    f"reads {self.asks.features:,} features, not {chunk.shape[1]:,}",
                    where=self._where,
                    how="Give it a study with just the feature columns that it was trained on, in their order",
                )
            mean, std = self._scale(chunk.shape[1])
            return ((chunk - mean) / std).astype(self.asks.dtype)
        values = chunk.astype(np.float32)
        if self.asks.channels == 1:
            values = np.tensordot(values, _LUMA, axes=(1, 0))[:, None]
        elif self.options.colours == "bgr":
            values = values[:, ::-1]
        mean, std = (part[:, None, None] for part in self._scale(self.asks.channels))
        values = (values * np.float32(self.options.range / 255) - mean) / std
        if self.asks.layout == "nhwc":
            values = values.transpose(0, 2, 3, 1)
        return np.ascontiguousarray(values, dtype=self.asks.dtype)

    def _scale(self, count: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Mean and spread of each of ``count`` colours or features."""
        found = []
        for name in ("mean", "std"):
            given = getattr(self.options, name)
            if len(given) not in (1, count):
                what = "colours" if self.asks.pictures else "features"
                raise UserError(
                    f"{len(given)} numbers of --onnx-{name} for {count} {what}",
                    where=self._where,
                    how="Give one for each, or one for all",
                )
            found.append(np.broadcast_to(np.array(given, dtype=np.float32), count))
        return found[0], found[1]

    def _vectors(self, batch: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        try:
            found = self._session.run([self.output], {self.asks.name: batch})[0]
        except Exception as error:  # noqa: BLE001 - onnxruntime's own classes have no common parent
            raise UserError(f"cannot be run: {_reason(error)}", where=self._where) from None
        shape = getattr(found, "shape", ())
        if not isinstance(found, np.ndarray) or found.dtype.kind != "f" or not shape:
            raise UserError(f"gives no numbers in {self.output!r}", where=self._where, how=_OTHER)
        if shape[0] != len(batch):
            raise UserError(
                f"gives {shape[0]:,} vectors in {self.output!r} for {len(batch):,} observations",
                where=self._where,
                how=_OTHER,
            )
        longer = [one for one in shape[1:] if one > 1]
        if len(longer) != 1 or 0 in shape:
            raise UserError(
                f"gives {_shape(shape[1:])} numbers an observation in {self.output!r}, which is no vector",
                where=self._where,
                how=_OTHER,
            )
        with np.errstate(over="ignore"):
            return found.reshape(len(batch), longer[0]).astype(np.float32)


_OTHER = "Choose another output with --onnx-output NAME, or export the model with a vector for each input"


def open_onnx(path: Path, options: OnnxOptions | None = None) -> OnnxEncoder:
    """The model in the file ``path``, on the CPU. The file cannot run code of its own.

    Raises UserError where onnxruntime is not installed, for a file that is no model or too large, or has weights
    outside its folder, and for a model that takes something else than one input of pictures (rank 4, NCHW or NHWC) or
    vectors (rank 2) of floating numbers, or whose file leaves open what ``options`` do not say.
    """
    try:
        import onnxruntime
    except ImportError:
        raise UserError(
            "onnxruntime is not installed, which runs ONNX models",
            how="Install it with: pip install 'latent-explorer[onnx]'",
        ) from None
    file = read_onnx_file(path)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads, settings.inter_op_num_threads = cpu_count(), 1
    settings.log_severity_level = 4  # what is wrong is told by what it raises
    try:
        session = onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - onnxruntime's own classes have no common parent
        raise UserError(
            f"cannot be opened as an ONNX model: {_reason(error)}", where=str(path), how="Export the model again"
        ) from None
    return OnnxEncoder(file, options or OnnxOptions(), session)


def _reason(error: Exception) -> str:
    """The first line of what onnxruntime says, without its own numbers."""
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", said)[:200]


def _shape(shape: Any) -> str:
    return " x ".join(str(one) if isinstance(one, int) else "any" for one in shape) or "single"


def _asks(inputs: Any, options: OnnxOptions, where: str) -> Asks:
    if len(inputs) != 1:
        names = ", ".join(str(one.name) for one in inputs[:8]) or "none"
        raise UserError(f"takes {len(inputs)} inputs ({names}), not one", where=where)
    name, shape, dtype = inputs[0].name, list(inputs[0].shape), _DTYPES.get(inputs[0].type)
    if dtype is None:
        raise UserError(f"takes {inputs[0].type}, not floating numbers", where=where)
    if len(shape) not in (2, 4):
        raise UserError(
            f"takes an input of rank {len(shape)} ({_shape(shape)}): neither pictures, which have 4, nor vectors, "
            "which have 2",
            where=where,
        )
    fixed = [one if isinstance(one, int) and one > 0 else None for one in shape]
    if len(shape) == 2:
        for option in ("range", "colours", "layout", "side"):
            if getattr(options, option) != OnnxOptions.model_fields[option].default:
                raise UserError(f"reads vectors, so --onnx-{option} changes nothing", where=where, how="Leave it out")
        return Asks(name, dtype, fixed[0], False, features=fixed[1])
    layout = options.layout or _layout(fixed, where)
    channels = fixed[1] if layout == "nchw" else fixed[3]
    if channels not in (None, 1, 3):
        raise UserError(f"takes {channels} colours ({_shape(shape)}), neither 3 nor 1", where=where)
    high, wide = fixed[2:] if layout == "nchw" else fixed[1:3]
    sides = {one for one in (high, wide) if one is not None}
    if len(sides) > 1:
        raise UserError(f"takes pictures of {high} x {wide} pixels; only square ones are made here", where=where)
    side = next(iter(sides), None)
    if options.side is not None and side not in (None, options.side):
        raise UserError(f"takes pictures of {side} pixels, so --onnx-side changes nothing", where=where)
    side = side or options.side or USUAL_SIDE
    if side > _MOST_SIDE:
        raise UserError(f"takes pictures of {side:,} pixels a side, more than {_MOST_SIDE:,}", where=where)
    return Asks(name, dtype, fixed[0], True, layout, channels or 3, side)


def _layout(fixed: list[int | None], where: str) -> Literal["nchw", "nhwc"]:
    """Where the colours are: at the one end of the shape that may be 3 or 1, and may not at the other."""
    first, last = (one in (1, 3) for one in (fixed[1], fixed[3]))
    if first != last:
        return "nchw" if first else "nhwc"
    free_first, free_last = fixed[1] is None, fixed[3] is None
    if not first and free_first != free_last:
        return "nchw" if free_first else "nhwc"
    if not first and not free_first:
        raise UserError(f"takes {fixed[1]} or {fixed[3]} colours, neither 3 nor 1", where=where)
    raise UserError(
        f"does not say where the colours of its input are ({_shape(fixed)})",
        where=where,
        how="Say --onnx-layout nchw (colours before pixels, as PyTorch) or --onnx-layout nhwc (after, as TensorFlow)",
    )


def _output(outputs: Any, chosen: str | None, where: str) -> str:
    names = [str(one.name) for one in outputs]
    if chosen is not None:
        if chosen not in names:
            raise UserError(f"has no output {chosen!r}", where=where, how=f"Its outputs are: {', '.join(names)}")
        return chosen
    if len(names) == 1:
        return names[0]
    vectors = [str(one.name) for one in outputs if len(one.shape or ()) == 2 and one.type in _DTYPES]
    if len(vectors) != 1:
        raise UserError(
            f"has {len(names)} outputs, and {len(vectors) or 'none'} of them {'are' if vectors else 'is a'} "
            f"vector{'s' if vectors else ''}",
            where=where,
            how=f"Choose one with --onnx-output NAME: {', '.join(names)}",
        )
    return vectors[0]
