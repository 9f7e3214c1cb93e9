"""Tiny ONNX models whose vectors are known in closed form."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Dim = int | str


def save(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    shape: Sequence[Dim],
    outputs: dict[str, Sequence[Dim]],
    weights: dict[str, np.ndarray] | None = None,
    *,
    dtype: int = TensorProto.FLOAT,
    inputs: int = 1,
) -> Path:
    graph = helper.make_graph(
        list(nodes),
        "tiny",
        [helper.make_tensor_value_info("x" * (1 + place), dtype, shape) for place in range(inputs)],
        [helper.make_tensor_value_info(name, dtype, one) for name, one in outputs.items()],
        [numpy_helper.from_array(array, name) for name, array in (weights or {}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


def linear(path: Path, weight: np.ndarray, bias: np.ndarray, *, batch: Dim = "n", width: Dim | None = None) -> Path:
    """``x @ weight + bias`` of vectors."""
    nodes = [helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("Add", ["p", "b"], ["y"])]
    shape = [batch, weight.shape[0] if width is None else width]
    weights = {"w": weight.astype(np.float32), "b": bias.astype(np.float32)}
    return save(path, nodes, shape, {"y": [batch, weight.shape[1]]}, weights)


def mean_colour(
    path: Path, *, layout: str = "nchw", side: Dim = 16, batch: Dim = "n", channels: Dim = 3, keepdims: bool = False
) -> Path:
    """The mean of each colour of pictures."""
    pixels = [2, 3] if layout == "nchw" else [1, 2]
    node = helper.make_node("ReduceMean", ["x"], ["y"], axes=pixels, keepdims=int(keepdims))
    shape = [batch, channels, side, side] if layout == "nchw" else [batch, side, side, channels]
    return save(path, [node], shape, {"y": ["n", "d", 1, 1] if keepdims else ["n", "d"]})
