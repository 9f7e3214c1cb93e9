"""What an ONNX file does not say of itself: how its inputs are scaled, which output is the vector."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Mean and spread of red, green and blue in 0..1 by which most networks that learnt from photographs were trained."""

_Numbers = Annotated[tuple[float, ...], Field(min_length=1, max_length=65_536)]


class OnnxOptions(BaseModel):
    """How an ONNX model is used, where its file leaves it open. The defaults change as little as can be.

    An input is ``(value - mean) / std``: of pictures for each colour, in the order of ``colours``, the value from 0 to
    ``range``; of vectors for each feature, in its own unit. One number stands for all colours or features. ``layout``
    says where the colours are, ``side`` how large a square picture is in pixels, both only where the input's shape
    does not; ``output`` which output is the vector, where there are several. ``normalise``: vectors are brought to
    Euclidean length 1.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    mean: _Numbers = (0.0,)
    std: _Numbers = (1.0,)
    range: Literal[1, 255] = 1
    colours: Literal["rgb", "bgr"] = "rgb"
    layout: Literal["nchw", "nhwc"] | None = None
    side: Annotated[int, Field(ge=8, le=2_048)] | None = None
    output: str | None = None
    normalise: bool = True

    @model_validator(mode="after")
    def _divides(self) -> "OnnxOptions":
        if not all(one > 0 for one in self.std):
            raise ValueError("each std must be above 0")
        return self

    def arguments(self) -> Iterator[str]:
        """The options of ``latent-explorer embed`` that say this; none for what is the default."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            if value == type(self).model_fields[name].default:
                continue
            if name == "normalise":
                yield "--onnx-raw"
                continue
            yield f"--onnx-{name}"
            yield from (str(one) for one in (value if isinstance(value, tuple) else (value,)))
