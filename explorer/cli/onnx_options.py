"""What an ONNX file does not say of itself, as options of ``embed``."""

import argparse
from typing import TYPE_CHECKING, Any

from explorer.cli.parsing import whole
from explorer.errors import UserError

if TYPE_CHECKING:
    from explorer.learning.onnx_options import OnnxOptions


def add_onnx_options(embed: argparse.ArgumentParser) -> None:
    """Add them. None has a default here, so that what was typed is known."""
    group = embed.add_argument_group("for a model in an .onnx file, what the file does not say")
    group.add_argument("--onnx-mean", type=float, nargs="+", metavar="X", help="taken off each colour or feature")
    group.add_argument("--onnx-std", type=float, nargs="+", metavar="X", help="each is divided by it after that")
    group.add_argument("--onnx-range", type=int, choices=[1, 255], help="colours run from 0 to this (default: 1)")
    group.add_argument("--onnx-colours", choices=["rgb", "bgr"], help="order of the colours (default: rgb)")
    group.add_argument("--onnx-layout", choices=["nchw", "nhwc"], help="colours before or after the pixels")
    group.add_argument("--onnx-side", type=whole("a side in pixels", 8, 2_048), metavar="N", help="default: 224")
    group.add_argument("--onnx-output", metavar="NAME", help="which output is the vector, if there are several")
    group.add_argument("--onnx-raw", action="store_true", default=None, help="leave the vectors' lengths as they are")


def typed(options: argparse.Namespace) -> dict[str, Any]:
    """Those that were typed, by their names in ``OnnxOptions``."""
    names = ("mean", "std", "range", "colours", "layout", "side", "output", "raw")
    given = {name: getattr(options, f"onnx_{name}") for name in names}
    return {name: value for name, value in given.items() if value is not None}


def onnx_options(options: argparse.Namespace) -> "OnnxOptions":
    """What was typed, checked."""
    from pydantic import ValidationError

    from explorer.learning.onnx_options import OnnxOptions

    given = typed(options)
    if given.pop("raw", False):
        given["normalise"] = False
    try:
        return OnnxOptions(**given)
    except ValidationError as error:
        first = error.errors()[0]
        option = f"--onnx-{first['loc'][0]}" if first["loc"] else "--onnx-std"
        raise UserError(f"{option} cannot be so: {first['msg'].removeprefix('Value error, ')}") from None
