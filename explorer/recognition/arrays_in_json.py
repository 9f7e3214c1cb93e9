"""Arrays of numbers inside a JSON file, to the last bit: their shape, their type, and their bytes in base64."""

import base64
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict


class Packed(BaseModel):
    """A matrix, its rows one after the other. ``type``: little-endian floats of 4 or 8 bytes."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    shape: list[int]
    type: Literal["<f4", "<f8"]
    base64: str

    @classmethod
    def of(cls, matrix: npt.NDArray[np.floating]) -> "Packed":
        """``matrix`` (m, d), float32 or float64."""
        kind: Literal["<f4", "<f8"] = "<f4" if matrix.dtype == np.float32 else "<f8"
        content = np.ascontiguousarray(matrix, dtype=kind).tobytes()
        return cls(shape=list(matrix.shape), type=kind, base64=base64.b64encode(content).decode("ascii"))

    def matrix(self, dims: int) -> npt.NDArray[np.floating]:
        """The matrix (m, ``dims``), as it was; ValueError where it is cut off, of another width or not finite."""
        content = base64.b64decode(self.base64, validate=True)
        if len(self.shape) != 2 or self.shape[0] < 1 or self.shape[1] != dims:
            raise ValueError(f"a matrix of {self.shape} where rows of {dims} numbers were to be")
        if len(content) != self.shape[0] * dims * np.dtype(self.type).itemsize:
            raise ValueError("a matrix that is cut off")
        found = np.frombuffer(content, dtype=self.type)
        if not np.isfinite(found).all():
            raise ValueError("a matrix with gaps")
        return found.reshape(self.shape).astype(found.dtype.newbyteorder("="))
